#include "reference/graph/shape_inference.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_split.h"
#include "reference/graph/shape_function.h"
#include "reference/tensor/tensor.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {
namespace shape_function {

Shape Of(Dims dims) {
  for (int64_t& d : dims) d = std::max<int64_t>(d, -1);
  return Shape(absl::Span<const int64_t>(dims));
}

absl::Status MergeDim(const Context& c, int64_t a, int64_t b, int64_t* merged) {
  if (a >= 0 && b >= 0 && a != b) return c.Fail(absl::StrCat("Dimensions must be equal, but are ", a, " and ", b));
  *merged = a >= 0 ? a : b;
  return absl::OkStatus();
}

absl::Status WithRank(const Context& c, Shape s, int rank, Shape* result) {
  if (s.unknown_rank()) {
    *result = UnknownOfRank(rank);
    return absl::OkStatus();
  }
  if (s.rank() != rank) return c.Fail(absl::StrCat("Shape must be rank ", rank, " but is rank ", s.rank()));
  *result = s;
  return absl::OkStatus();
}

absl::Status Unchanged(Context& c) {
  for (Shape& s : c.out) s = c.in(0);
  return absl::OkStatus();
}
absl::Status UnchangedFirst(Context& c) {
  c.out[0] = c.in(0);
  return absl::OkStatus();
}
absl::Status Scalars(Context& c) {
  for (Shape& s : c.out) s = Shape({});
  return absl::OkStatus();
}

absl::Status Merged(Context& c, int a, int b) {
  absl::StatusOr<Shape> merged = MergeShapes(c.in(a), c.in(b));
  if (!merged.ok()) {
    std::string what(merged.status().message());
    what.pop_back();
    return c.Fail(what);
  }
  c.out[0] = *merged;
  return absl::OkStatus();
}

// The variable behind a resource handle, through the ops that pass it on.
Shape HandleShape(Output handle) {
  for (int depth = 0; depth < kMaxDepth && handle; ++depth) {
    const std::string& op = handle.node->op();
    if (op == "VarHandleOp") {
      absl::StatusOr<Shape> s = Shape::FromProto(handle.node->attr("shape")->shape());
      return s.ok() ? *s : Unknown();
    }
    if ((op != "Identity" && op != "Switch" && op != "Enter") || handle.node->inputs().empty()) break;
    handle = handle.node->inputs()[0];
  }
  return Unknown();
}

// -1: unknown, also on overflow.
int64_t Product(absl::Span<const int64_t> dims) {
  int64_t product = 1;
  for (int64_t d : dims) {
    if (d < 0) return -1;
    if (d != 0 && product > kMaxElements / d) return -1;
    product *= d;
  }
  return product;
}

absl::Status ShapeFromInput(Context& c, int i) {
  if (std::optional<Dims> dims = c.some_ints(i)) {
    c.out[0] = Of(*dims);
  } else if (const Shape s = c.in(i); s.rank() == 1 && s.dim(0) >= 0 && s.dim(0) <= kMaxKnown) {
    c.out[0] = UnknownOfRank(s.dim(0));
  }
  return absl::OkStatus();
}
absl::Status FillShape(Context& c) { return ShapeFromInput(c, 0); }

int64_t ListAttr(const Context& c, const char* name, int i, int64_t otherwise) {
  const auto* a = c.node.attr(name);
  return a == nullptr || a->list().i_size() <= i ? otherwise : a->list().i(i);
}

absl::Status VectorOfUnknown(Context& c) {
  for (Shape& s : c.out) s = Of({-1});
  return absl::OkStatus();
}

// One dimension of a strided slice: how many elements. -1 where anything is unknown.
int64_t StridedSize(int64_t dim, int64_t begin, int64_t end, int64_t stride, bool begin_masked, bool end_masked) {
  if (dim < 0 || stride == 0) return -1;
  auto clamp = [&](int64_t x) {
    return std::clamp<int64_t>(x < 0 ? x + dim : x, stride > 0 ? 0 : -1, stride > 0 ? dim : dim - 1);
  };
  const int64_t b = begin_masked ? (stride > 0 ? 0 : dim - 1) : clamp(begin);
  const int64_t e = end_masked ? (stride > 0 ? dim : -1) : clamp(end);
  const int64_t span = e - b;
  if (span == 0 || (span < 0) != (stride < 0)) return 0;
  return span / stride + (span % stride != 0 ? 1 : 0);
}

}  // namespace shape_function

namespace {

using namespace shape_function;  // NOLINT: this file holds what that namespace is for

constexpr int kMaxVisits = 2000;  // nodes of the walk for known integers

// The rows by op; constant once made.
ShapeFn Find(absl::string_view op) {
  static const auto* const table = [] {
    auto* t = new absl::flat_hash_map<absl::string_view, ShapeFn>();
    for (const absl::Span<const Row> rows : {ArrayRows(), MathRows(), NnRows(), StateRows()}) {
      for (const Row& row : rows) {
        for (absl::string_view op : absl::StrSplit(row.ops, ' ')) t->emplace(op, row.fn);
      }
    }
    return t;
  }();
  auto it = table->find(op);
  return it == table->end() ? nullptr : it->second;
}

std::optional<Dims> Known(const Output& output, int depth, int* budget);

std::optional<Dims> KnownSlice(const Node& node, int depth, int* budget) {
  const auto in = Known(node.inputs()[0], depth, budget), begin = Known(node.inputs()[1], depth, budget),
             end = Known(node.inputs()[2], depth, budget), strides = Known(node.inputs()[3], depth, budget);
  if (!in || !begin || !end || !strides || begin->size() != 1 || end->size() != 1 || strides->size() != 1 ||
      (*strides)[0] == 0 || (*strides)[0] == kNoValue || (*begin)[0] == kNoValue || (*end)[0] == kNoValue)
    return std::nullopt;
  auto mask = [&](const char* name) { return node.attr(name) != nullptr && (node.attr(name)->i() & 1) != 0; };
  if (mask("new_axis_mask") || mask("ellipsis_mask")) return std::nullopt;
  const int64_t n = static_cast<int64_t>(in->size()), stride = (*strides)[0];
  int64_t b = (*begin)[0];
  if (mask("shrink_axis_mask")) {
    if (b < 0) b += n;
    if (b < 0 || b >= n) return std::nullopt;
    return Dims{(*in)[b]};
  }
  const int64_t count = StridedSize(n, b, (*end)[0], stride, mask("begin_mask"), mask("end_mask"));
  b = mask("begin_mask") ? (stride > 0 ? 0 : n - 1)
                         : std::clamp<int64_t>(b < 0 ? b + n : b, 0, std::max<int64_t>(0, n - 1));
  Dims dims;
  for (int64_t i = 0; i < count; ++i) dims.push_back((*in)[b + i * stride]);
  return dims;
}

// What is computed of sizes on the way to a shape.
std::optional<Dims> KnownArithmetic(const Node& node, int depth, int* budget) {
  const DataType dtype = node.output_types()[0];
  if (dtype != DT_INT32 && dtype != DT_INT64) return std::nullopt;
  const auto a = Known(node.inputs()[0], depth, budget), b = Known(node.inputs()[1], depth, budget);
  if (!a || !b || a->size() != b->size()) return std::nullopt;
  Dims dims(a->size());
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t x = (*a)[i], y = (*b)[i];
    const bool overflows = x == kNoValue || y == kNoValue ||
                           (node.op() == "Mul"   ? __builtin_mul_overflow(x, y, &dims[i])
                            : node.op() == "Sub" ? __builtin_sub_overflow(x, y, &dims[i])
                                                 : __builtin_add_overflow(x, y, &dims[i]));
    if (overflows || (dtype == DT_INT32 && dims[i] != static_cast<int32_t>(dims[i]))) dims[i] = kNoValue;
  }
  return dims;
}

std::optional<Dims> Known(const Output& output, int depth, int* budget) {
  if (!output || depth > kMaxDepth || --*budget < 0) return std::nullopt;
  const Node& node = *output.node;
  const std::string& op = node.op();
  if (op == "Const") {
    const DataType dtype = output.dtype();
    if (dtype != DT_INT32 && dtype != DT_INT64) return std::nullopt;
    const auto& proto = node.attr("value")->tensor();
    if (output.shape().rank() > 1 || Product(output.shape().dims()) > kMaxKnown) return std::nullopt;
    absl::StatusOr<Tensor> t = TensorFromProto(proto);
    if (!t.ok() || t->dtype() != dtype) return std::nullopt;
    if (dtype == DT_INT32) return Dims(t->flat<int32_t>().begin(), t->flat<int32_t>().end());
    return Dims(t->flat<int64_t>().begin(), t->flat<int64_t>().end());
  }
  if (op == "Shape" || op == "ShapeN") {
    const Output& in = node.inputs()[output.index];
    if (!in || in.shape().unknown_rank()) return std::nullopt;
    Dims dims(in.shape().dims().begin(), in.shape().dims().end());
    std::replace(dims.begin(), dims.end(), int64_t{-1}, kNoValue);
    return dims;
  }
  if (op == "Rank") {
    if (!node.inputs()[0] || node.inputs()[0].shape().unknown_rank()) return std::nullopt;
    return Dims{node.inputs()[0].shape().rank()};
  }
  if (op == "Size") {
    if (!node.inputs()[0] || node.inputs()[0].shape().unknown_rank() || Product(node.inputs()[0].shape().dims()) < 0)
      return std::nullopt;
    return Dims{Product(node.inputs()[0].shape().dims())};
  }
  if (op == "Identity" || op == "Cast") {
    if (output.dtype() != DT_INT32 && output.dtype() != DT_INT64) return std::nullopt;
    if (const DataType from = node.inputs()[0].dtype(); from != DT_INT32 && from != DT_INT64) return std::nullopt;
    return Known(node.inputs()[0], depth + 1, budget);
  }
  if (op == "Pack" || op == "ConcatV2") {
    Dims dims;
    const size_t n = node.inputs().size() - (op == "Pack" ? 0 : 1);
    for (size_t i = 0; i < n; ++i) {
      const Output& in = node.inputs()[i];
      if (!in || in.shape().rank() != (op == "Pack" ? 0 : 1)) return std::nullopt;
      std::optional<Dims> part = Known(in, depth + 1, budget);
      if (!part && op == "Pack") part = Dims{kNoValue};
      if (!part || dims.size() + part->size() > kMaxKnown) return std::nullopt;
      dims.insert(dims.end(), part->begin(), part->end());
    }
    if (output.dtype() != DT_INT32 && output.dtype() != DT_INT64) return std::nullopt;
    return dims;
  }
  if (op == "StridedSlice") return KnownSlice(node, depth + 1, budget);
  if (op == "Add" || op == "AddV2" || op == "Sub" || op == "Mul") return KnownArithmetic(node, depth + 1, budget);
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<int64_t>> KnownIntegers(const Output& output) {
  int budget = kMaxVisits;
  return Known(output, 0, &budget);
}

absl::StatusOr<PartialTensorShape> MergeShapes(const Shape& a, const Shape& b) {
  if (a.unknown_rank()) return b;
  if (b.unknown_rank()) return a;
  if (a.rank() != b.rank()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Shapes must be equal rank, but are ", a.rank(), " and ", b.rank(), "."));
  }
  Dims dims(a.dims().begin(), a.dims().end());
  for (int i = 0; i < a.rank(); ++i) {
    if (a.dim(i) >= 0 && b.dim(i) >= 0 && a.dim(i) != b.dim(i)) {
      return absl::InvalidArgumentError(absl::StrCat("Dimension ", i, " in both shapes must be equal, but are ",
                                                     a.dim(i), " and ", b.dim(i), ". Shapes are ", a.DebugString(),
                                                     " and ", b.DebugString(), "."));
    }
    if (dims[i] < 0) dims[i] = b.dim(i);
  }
  return Of(dims);
}

absl::Status InferShapes(const Node& node, ShapeVector* shapes) {
  shapes->assign(node.num_outputs(), PartialTensorShape());
  const ShapeFn fn = Find(node.op());
  if (fn == nullptr) return absl::OkStatus();
  Context context{node, *shapes};
  return fn(context);
}

}  // namespace tfpersist
