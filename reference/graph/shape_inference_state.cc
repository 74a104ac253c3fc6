// Shapes of variables, checkpoints, control flow, strings and resources. Follows
// core/ops/{state,io,control_flow,string}_ops.cc.
#include "absl/strings/strip.h"
#include "reference/graph/shape_function.h"
#include "reference/tensor/tensor.h"
#include "reference/tensor/tensor_proto.h"
#include "reference/tensor/tensor_slice.h"

namespace tfpersist::shape_function {
namespace {

absl::Status VariableV1(Context& c) {
  const Shape shape = c.ShapeAttr("shape");
  c.out[0] = shape.rank() == 0 ? Unknown() : shape;  // an old graph writes unknown so
  return absl::OkStatus();
}

absl::Status AssignShape(Context& c) {
  if (!c.BoolAttr("validate_shape")) {
    c.out[0] = c.in(1);
    return absl::OkStatus();
  }
  return Merged(c, 0, 1);
}

absl::Status MergeInto(Context& c) { return Merged(c, 0, 1); }  // AssignAdd and the like

absl::Status ApplyGradientDescentShape(Context& c) {
  Shape alpha;
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(1), 0, &alpha));
  return Merged(c, 0, 2);
}

absl::Status ReadVariable(Context& c) {
  c.out[0] = HandleShape(c.node.inputs()[0]);
  return absl::OkStatus();
}

absl::Status SwitchShape(Context& c) {
  c.out[0] = c.out[1] = c.in(0);
  return absl::OkStatus();
}

absl::Status MergeShape(Context& c) {
  c.out[1] = Shape({});
  Shape out = c.in(0);
  for (int i = 1; i < c.num_inputs(); ++i) {
    const Shape s = c.in(i);
    if (out.unknown_rank() || s.unknown_rank() || out.rank() != s.rank()) {
      out = Unknown();
      break;
    }
    Dims dims(out.dims().begin(), out.dims().end());
    for (int d = 0; d < out.rank(); ++d) {
      if (dims[d] != s.dim(d)) dims[d] = -1;
    }
    out = Of(dims);
  }
  c.out[0] = out;
  return absl::OkStatus();
}

absl::Status StringJoinShape(Context& c) {  // scalars take the shape of the others
  c.out[0] = Shape({});
  for (int i = 0; i < c.num_inputs(); ++i) {
    const Shape s = c.in(i);
    if (s.rank() == 0) continue;
    c.out[0] = s;
    break;
  }
  return absl::OkStatus();
}

absl::Status PairShape(Context& c) {  // a handle of two strings
  c.out[0] = Of({2});
  return absl::OkStatus();
}

// A restored part has the shape that its spec tells; of a whole tensor nothing is known before the file is read. Specs
// that are not constants tell nothing.
absl::Status RestoreShape(Context& c) {
  if (c.num_inputs() < 3) return absl::OkStatus();
  if (c.node.op() == "RestoreV2") {
    absl::StatusOr<Shape> merged = MergeShapes(c.in(1), c.in(2));
    if (!merged.ok()) return c.Fail(std::string(absl::StripSuffix(merged.status().message(), ".")));
  }
  const Node* specs = c.node.inputs()[2].node;
  const auto* value = specs != nullptr && specs->op() == "Const" ? specs->attr("value") : nullptr;
  if (value == nullptr) return absl::OkStatus();
  const absl::StatusOr<Tensor> texts = TensorFromProto(value->tensor(), c.node.graph().limits());
  if (!texts.ok() || texts->dtype() != DT_STRING) return absl::OkStatus();
  auto fail = [&](absl::StatusCode code, const std::string& what) {
    const std::string text(c.Fail(what).message());
    return absl::Status(code,
                        absl::StrCat(absl::StripSuffix(text, "."), " and with computed input tensors: input[2] = <",
                                     texts->SummarizeValue(256), ">."));
  };
  if (texts->num_elements() != static_cast<int64_t>(c.out.size())) {
    return fail(absl::StatusCode::kInvalidArgument, "The number of shape_and_slice doesn't match tensor outputs.");
  }
  for (size_t i = 0; i < c.out.size(); ++i) {
    const std::string& text = texts->flat<std::string>()[i];
    if (text.empty()) continue;
    absl::StatusOr<ShapeAndSlice> spec = ParseShapeAndSlice(text);
    if (!spec.ok()) return fail(spec.status().code(), std::string(spec.status().message()));
    c.out[i] = Of(Dims(spec->slice_shape.dims().begin(), spec->slice_shape.dims().end()));
  }
  return absl::OkStatus();
}

// SaveV2 gives nothing; a constant request must fit the tensors that are to be saved.
absl::Status SaveV2Shape(Context& c) {
  constexpr int kFirstTensor = 3;
  const int64_t tensors = c.num_inputs() - kFirstTensor;
  for (int i = 1; i < kFirstTensor && i < c.num_inputs(); ++i) {
    Shape vector;
    TFP_RETURN_IF_ERROR(WithRank(c, c.in(i), 1, &vector));
    if (vector.dim(0) >= 0 && vector.dim(0) != tensors) {
      return c.Fail(absl::StrCat("Dimension must be ", tensors, " but is ", vector.dim(0)));
    }
  }
  return absl::OkStatus();
}

constexpr Row kRows[] = {
    {VariableV1, "Variable"},
    {AssignShape, "Assign"},
    {MergeInto, "AssignAdd AssignSub"},
    {ApplyGradientDescentShape, "ApplyGradientDescent"},
    {UnchangedFirst,
     "ApplyAdadelta ApplyAdagrad ApplyAdagradDA ApplyAdam ApplyAdaMax ApplyAddSign ApplyCenteredRMSProp ApplyFtrl "
     "ApplyFtrlV2 ApplyMomentum ApplyPowerSign ApplyProximalAdagrad ApplyProximalGradientDescent ApplyRMSProp "
     "CountUpTo "
     "ScatterAdd ScatterDiv ScatterMax ScatterMin ScatterMul ScatterNdAdd ScatterNdSub ScatterNdUpdate ScatterSub "
     "ScatterUpdate SparseApplyAdadelta SparseApplyAdagrad SparseApplyFtrl SparseApplyMomentum SparseApplyRMSProp"},
    {Scalars,
     "FIFOQueueV2 HashTableV2 HistogramSummary ImageSummary IsVariableInitialized IteratorToStringHandle IteratorV2 "
     "LookupTableSize LookupTableSizeV2 LoopCond MergeSummary MutableHashTableV2 MutexV2 OneShotIterator QueueSizeV2 "
     "RandomShuffleQueueV2 ReadFile ScalarSummary ShardedFilename ShardedFilespec StaticRegexFullMatch "
     "TFRecordReaderV2 "
     "TensorArraySizeV3 TensorListFromTensor TensorListReserve TensorListSetItem TensorSummaryV2 VarHandleOp "
     "VarIsInitializedOp"},
    {ReadVariable, "ReadVariableOp"},
    {Unchanged,
     "AsString DecodeBase64 EncodeBase64 Enter Exit NextIteration RefEnter RefExit RefNextIteration "
     "StringToHashBucketFast "
     "StringToNumber"},
    {SwitchShape, "Switch RefSwitch"},
    {MergeShape, "Merge RefMerge"},
    {StringJoinShape, "StringJoin"},
    {RestoreShape, "RestoreV2 RestoreSlice"},
    {SaveV2Shape, "SaveV2"},
    {PairShape, "Stack FIFOQueue RandomShuffleQueue HashTable MutableHashTable"},
};

}  // namespace

absl::Span<const Row> StateRows() { return kRows; }

}  // namespace tfpersist::shape_function
