// Shapes of what moves, cuts and joins tensors. Follows core/ops/array_ops.cc.
#include "reference/graph/shape_function.h"

namespace tfpersist::shape_function {
namespace {

absl::Status FromShapeAttr(Context& c) {
  c.out[0] = c.ShapeAttr("shape");
  return absl::OkStatus();
}
absl::Status BroadcastToShape(Context& c) { return ShapeFromInput(c, 1); }

absl::Status ConstShape(Context& c) {
  const auto* value = c.node.attr("value");
  if (value == nullptr) return absl::OkStatus();
  const auto& proto = value->tensor().tensor_shape();
  absl::StatusOr<Shape> shape = Shape::FromProto(proto);
  if (!shape.ok()) return c.Fail(std::string(shape.status().message()));
  if (shape->unknown_rank()) shape = Shape({});
  if (!shape->IsFullyDefined()) return c.Fail(absl::StrCat("Shape ", shape->DebugString(), " is not fully defined"));
  if (!shape->AsTensorShape().ok()) {
    return c.Fail(absl::StrCat("Shape ", shape->DebugString(), " is too large (more than 2**63 - 1 entries)"));
  }
  c.out[0] = *shape;
  return absl::OkStatus();
}

// Producers from version 24 on say "scalar" by an empty shape; before that it meant unknown.
absl::Status PlaceholderShape(Context& c) {
  const Shape shape = c.ShapeAttr("shape");
  const bool old_unknown = c.node.graph().producer_version() <= 21 && shape.rank() == 0;
  c.out[0] = old_unknown ? Unknown() : shape;
  return absl::OkStatus();
}

absl::Status ReshapeShape(Context& c) {
  std::optional<Dims> wanted = c.some_ints(1);
  if (!wanted) {
    const Shape s = c.in(1);
    c.out[0] = s.rank() == 1 && s.dim(0) >= 0 && s.dim(0) <= kMaxKnown ? UnknownOfRank(s.dim(0)) : Unknown();
    return absl::OkStatus();
  }
  const Shape in = c.in(0);
  const int64_t have = in.unknown_rank() ? -1 : Product(in.dims());
  Dims dims = *wanted;
  std::replace(dims.begin(), dims.end(), kNoValue, int64_t{-1});
  const int unknown = static_cast<int>(std::count(dims.begin(), dims.end(), -1));
  if (unknown == 0 && have >= 0) {
    const int64_t want = Product(dims);
    if (want != have) {
      absl::Status s = c.Fail(absl::StrCat("Cannot reshape a tensor with ", have, " elements to shape ",
                                           Of(dims).DebugString(), " (", want, " elements)"));
      std::string text(s.message());
      text.pop_back();
      return absl::InvalidArgumentError(absl::StrCat(
          text, " and with input tensors computed as partial shapes: input[1] = ", Of(dims).DebugString(), "."));
    }
  } else if (unknown == 1 && have >= 0) {
    int64_t known = 1;
    for (int64_t d : dims) known = d < 0 || known < 0 || (d != 0 && known > kMaxElements / d) ? known : known * d;
    if (known > 0) {
      if (have % known != 0) {
        absl::Status s = c.Fail(absl::StrCat("Dimension size must be evenly divisible by ", known, " but is ", have));
        std::string text(s.message());
        text.pop_back();
        return absl::InvalidArgumentError(absl::StrCat(
            text, " and with input tensors computed as partial shapes: input[1] = ", Of(dims).DebugString(), "."));
      }
      *std::find(dims.begin(), dims.end(), -1) = have / known;
    }
  }
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

absl::Status ShapeShape(Context& c) {
  for (size_t i = 0; i < c.out.size(); ++i) {
    const Shape s = c.in(static_cast<int>(i));
    c.out[i] = Of({s.rank()});  // -1: unknown
  }
  return absl::OkStatus();
}

absl::Status PackShape(Context& c) {
  Shape merged;
  for (int i = 0; i < c.num_inputs(); ++i) {
    absl::StatusOr<Shape> m = MergeShapes(merged, c.in(i));
    if (!m.ok()) {
      std::string what(m.status().message());
      what.pop_back();
      return c.Fail(absl::StrCat(what, "\n\tFrom merging shape ", i - 1, " with other shapes."));
    }
    merged = *m;
  }
  if (merged.unknown_rank()) return absl::OkStatus();
  int64_t axis = c.IntAttr("axis", 0);
  if (axis < 0) axis += merged.rank() + 1;
  if (axis < 0 || axis > merged.rank()) return c.Fail(absl::StrCat("Invalid axis ", c.IntAttr("axis", 0)));
  Dims dims(merged.dims().begin(), merged.dims().end());
  dims.insert(dims.begin() + axis, c.num_inputs());
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

absl::Status UnpackShape(Context& c) {
  const Shape in = c.in(0);
  if (in.unknown_rank()) return absl::OkStatus();
  int64_t axis = c.IntAttr("axis", 0);
  if (axis < 0) axis += in.rank();
  if (axis < 0 || axis >= in.rank()) return c.Fail(absl::StrCat("Invalid axis ", c.IntAttr("axis", 0)));
  Dims dims(in.dims().begin(), in.dims().end());
  dims.erase(dims.begin() + axis);
  for (Shape& s : c.out) s = Of(dims);
  return absl::OkStatus();
}

absl::Status ConcatInputs(Context& c, int first, int last, std::optional<Dims> axis_value) {
  int rank = -1;
  for (int i = first; i < last; ++i) {
    if (!c.in(i).unknown_rank()) rank = c.in(i).rank();
  }
  if (rank < 0) return absl::OkStatus();
  if (!axis_value || axis_value->size() != 1) {
    c.out[0] = UnknownOfRank(rank);
    return absl::OkStatus();
  }
  int64_t axis = (*axis_value)[0];
  if (axis < -rank || axis >= rank)
    return c.Fail(absl::StrCat("Shape must be at least rank ", axis + 1, " but is rank ", rank));
  if (axis < 0) axis += rank;
  Dims dims(rank, -1);
  int64_t total = 0;
  for (int i = first; i < last; ++i) {
    const Shape s = c.in(i);
    if (s.unknown_rank()) {
      total = -1;
      continue;
    }
    if (s.rank() != rank) return c.Fail(absl::StrCat("Shape must be rank ", rank, " but is rank ", s.rank()));
    for (int d = 0; d < rank; ++d) {
      if (d != axis) TFP_RETURN_IF_ERROR(MergeDim(c, dims[d], s.dim(d), &dims[d]));
    }
    total = total < 0 || s.dim(static_cast<int>(axis)) < 0 || s.dim(static_cast<int>(axis)) > kMaxElements - total
                ? -1
                : total + s.dim(static_cast<int>(axis));
  }
  dims[axis] = total;
  c.out[0] = Of(dims);
  return absl::OkStatus();
}
absl::Status ConcatV2Shape(Context& c) { return ConcatInputs(c, 0, c.num_inputs() - 1, c.ints(c.num_inputs() - 1)); }
absl::Status ConcatShape(Context& c) { return ConcatInputs(c, 1, c.num_inputs(), c.ints(0)); }

absl::Status TransposeShape(Context& c) {
  const Shape in = c.in(0);
  const std::optional<Dims> perm = c.ints(1);
  if (in.unknown_rank()) {
    if (perm) c.out[0] = UnknownOfRank(static_cast<int64_t>(perm->size()));
    return absl::OkStatus();
  }
  Dims dims(in.rank(), -1);
  if (perm && perm->size() == dims.size()) {
    for (size_t i = 0; i < dims.size(); ++i) {
      const int64_t p = (*perm)[i];
      if (p < 0 || p >= in.rank())
        return c.Fail(absl::StrCat("perm dim ", p, " is out of range of input rank ", in.rank()));
      dims[i] = in.dim(static_cast<int>(p));
    }
  }
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

absl::Status ExpandDimsShape(Context& c) {
  const Shape in = c.in(0);
  const std::optional<Dims> axis = c.ints(1);
  if (in.unknown_rank()) return absl::OkStatus();
  if (!axis || axis->size() != 1) {
    c.out[0] = UnknownOfRank(in.rank() + 1);
    return absl::OkStatus();
  }
  int64_t a = (*axis)[0];
  if (a < -in.rank() - 1 || a > in.rank()) {
    return c.Fail(absl::StrCat("dim ", a, " not in the interval [", -in.rank() - 1, ", ", in.rank(), "]."));
  }
  if (a < 0) a += in.rank() + 1;
  Dims dims(in.dims().begin(), in.dims().end());
  dims.insert(dims.begin() + a, 1);
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

absl::Status SqueezeShape(Context& c) {
  const Shape in = c.in(0);
  if (in.unknown_rank()) return absl::OkStatus();
  Dims axes;
  if (const auto* a = c.node.attr("squeeze_dims"); a != nullptr)
    axes.assign(a->list().i().begin(), a->list().i().end());
  for (int64_t& a : axes) {
    if (a < -in.rank() || a >= in.rank())
      return c.Fail(absl::StrCat("squeeze_dims[0] not in [", -in.rank(), ",", in.rank(), ")."));
    if (a < 0) a += in.rank();
  }
  if (axes.empty() && !in.IsFullyDefined()) return absl::OkStatus();
  Dims dims;
  for (int i = 0; i < in.rank(); ++i) {
    const bool listed = std::find(axes.begin(), axes.end(), i) != axes.end();
    if (listed && in.dim(i) > 1)
      return c.Fail(absl::StrCat("Can not squeeze dim[", i, "], expected a dimension of 1, got ", in.dim(i)));
    if (listed || (axes.empty() && in.dim(i) == 1)) continue;
    dims.push_back(in.dim(i));
  }
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

absl::Status SelectShape(Context& c) {
  c.out[0] = c.in(1);
  return absl::OkStatus();
}

absl::Status RangeShape(Context& c) {
  const auto a = c.ints(0), b = c.ints(1), d = c.ints(2);
  c.out[0] = Of({-1});
  if (!a || !b || !d || a->size() != 1 || b->size() != 1 || d->size() != 1 || (*d)[0] == 0) return absl::OkStatus();
  const __int128 span = static_cast<__int128>((*b)[0]) - (*a)[0];
  const __int128 step = (*d)[0];
  if ((span > 0) != (step > 0) && span != 0) return absl::OkStatus();
  const __int128 n = (span + (step > 0 ? step - 1 : step + 1)) / step;
  if (n <= INT64_MAX) c.out[0] = Of({static_cast<int64_t>(n)});
  return absl::OkStatus();
}

absl::Status TileShape(Context& c) {
  const Shape in = c.in(0);
  const auto by = c.ints(1);
  if (in.unknown_rank()) return absl::OkStatus();
  Dims dims(in.rank(), -1);
  for (int i = 0; by && by->size() == dims.size() && i < in.rank(); ++i) {
    const int64_t n = (*by)[i];
    if (n >= 0 && in.dim(i) >= 0 && (n == 0 || in.dim(i) <= kMaxElements / n)) dims[i] = n * in.dim(i);
  }
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

absl::Status GatherShape(Context& c) {
  Shape params = c.node.op() == "ResourceGather" ? HandleShape(c.node.inputs()[0]) : c.in(0);
  const Shape indices = c.in(1);
  int64_t axis = 0;
  if (c.node.op() == "GatherV2") {
    const auto a = c.ints(2);
    if (!a || a->size() != 1) return absl::OkStatus();
    axis = (*a)[0];
  }
  if (params.unknown_rank() || indices.unknown_rank()) return absl::OkStatus();
  if (axis < 0) axis += params.rank();
  if (axis < 0 || axis >= params.rank())
    return c.Fail(absl::StrCat("Shape must be at least rank ", axis + 1, " but is rank ", params.rank()));
  Dims dims(params.dims().begin(), params.dims().begin() + axis);
  dims.insert(dims.end(), indices.dims().begin(), indices.dims().end());
  dims.insert(dims.end(), params.dims().begin() + axis + 1, params.dims().end());
  if (dims.size() <= kMaxKnown) c.out[0] = Of(dims);
  return absl::OkStatus();
}

absl::Status SliceShape(Context& c) {
  const Shape in = c.in(0);
  const auto begin = c.ints(1), size = c.some_ints(2);
  const bool all_known = c.ints(2).has_value();
  if (size && !in.unknown_rank() && size->size() == static_cast<size_t>(in.rank()) &&
      (!begin || begin->size() == size->size())) {
    Dims dims(*size);
    for (int i = 0; i < in.rank(); ++i) {
      if (dims[i] >= 0) continue;
      // -1: up to the end, where it is a value and no unknown one.
      const bool to_end = all_known && begin && in.dim(i) >= 0 && (*begin)[i] >= 0 && (*begin)[i] <= in.dim(i);
      dims[i] = to_end ? in.dim(i) - (*begin)[i] : -1;
    }
    c.out[0] = Of(dims);
  } else if (!in.unknown_rank()) {
    c.out[0] = UnknownOfRank(in.rank());
  }
  return absl::OkStatus();
}

absl::Status StridedSliceShape(Context& c) {
  const Shape in = c.in(0);
  const auto begin = c.ints(1), end = c.ints(2), strides = c.ints(3);
  if (in.unknown_rank() || !begin || !end || !strides || begin->size() != end->size() ||
      begin->size() != strides->size() || begin->size() > 62) {
    return absl::OkStatus();
  }
  const int64_t begin_mask = c.IntAttr("begin_mask", 0), end_mask = c.IntAttr("end_mask", 0),
                ellipsis = c.IntAttr("ellipsis_mask", 0), new_axis = c.IntAttr("new_axis_mask", 0),
                shrink = c.IntAttr("shrink_axis_mask", 0);
  const int n = static_cast<int>(begin->size());
  int used = 0;  // input dimensions that the spec names
  for (int i = 0; i < n; ++i) {
    if (((ellipsis | new_axis) >> i & 1) == 0) ++used;
  }
  Dims dims;
  int at = 0;
  bool saw_ellipsis = false;
  auto copy = [&](int count) {
    for (; count > 0 && at < in.rank(); --count) dims.push_back(in.dim(at++));
  };
  for (int i = 0; i < n; ++i) {
    if (ellipsis >> i & 1) {
      saw_ellipsis = true;
      copy(in.rank() - used);
    } else if (new_axis >> i & 1) {
      dims.push_back(1);
    } else {
      if (at >= in.rank()) return absl::OkStatus();
      const int64_t dim = in.dim(at++);
      if (shrink >> i & 1) continue;
      const bool known = ((*begin)[i] != -1 || (begin_mask >> i & 1)) && ((*end)[i] != -1 || (end_mask >> i & 1));
      const bool constant = c.node.inputs()[1].node->op() == "Const" && c.node.inputs()[2].node->op() == "Const";
      dims.push_back(known || constant ? StridedSize(dim, (*begin)[i], (*end)[i], (*strides)[i], begin_mask >> i & 1,
                                                     end_mask >> i & 1)
                                       : -1);
    }
  }
  if (!saw_ellipsis || at < in.rank()) copy(in.rank());
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

absl::Status SplitShape(Context& c) {
  const Shape in = c.in(1);
  const auto axis = c.ints(0);
  if (in.unknown_rank()) return absl::OkStatus();
  Dims dims(in.dims().begin(), in.dims().end());
  const int64_t n = static_cast<int64_t>(c.out.size());
  if (!axis || axis->size() != 1) {
    dims.assign(dims.size(), -1);
  } else {
    const int64_t a = (*axis)[0] < 0 ? (*axis)[0] + in.rank() : (*axis)[0];
    if (a < 0 || a >= in.rank()) return absl::OkStatus();
    if (dims[a] >= 0) {
      if (n == 0 || dims[a] % n != 0)
        return c.Fail(absl::StrCat("Dimension size must be evenly divisible by ", n, " but is ", dims[a]));
      dims[a] /= n;
    }
  }
  for (Shape& s : c.out) s = Of(dims);
  return absl::OkStatus();
}

constexpr Row kRows[] = {
    {ConstShape, "Const"},
    {PlaceholderShape, "Placeholder"},
    {FromShapeAttr, "VariableV2 PlaceholderV2 PlaceholderWithDefault TemporaryVariable AccumulateNV2 ParallelConcat"},
    {Unchanged,
     "Identity RefIdentity IdentityN StopGradient PreventGradient CheckNumerics Snapshot DeepCopy OnesLike ZerosLike "
     "RandomShuffle ReverseV2 Reverse ReverseSequence Roll InvertPermutation MatrixBandPart FakeQuantWithMinMaxArgs "
     "FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel"},
    {Scalars, "Rank Size"},
    {ReshapeShape, "Reshape"},
    {FillShape,
     "Fill RandomUniform RandomUniformInt RandomStandardNormal TruncatedNormal ParameterizedTruncatedNormal Empty"},
    {BroadcastToShape, "BroadcastTo"},
    {ShapeShape, "Shape ShapeN"},
    {PackShape, "Pack"},
    {UnpackShape, "Unpack"},
    {ConcatV2Shape, "ConcatV2"},
    {ConcatShape, "Concat"},
    {TransposeShape, "Transpose"},
    {ExpandDimsShape, "ExpandDims"},
    {SqueezeShape, "Squeeze"},
    {SelectShape, "Select"},
    {RangeShape, "Range"},
    {VectorOfUnknown, "BroadcastGradientArgs"},
    {TileShape, "Tile"},
    {GatherShape, "Gather GatherV2 ResourceGather"},
    {SliceShape, "Slice"},
    {StridedSliceShape, "StridedSlice"},
    {SplitShape, "Split"},
};

}  // namespace

absl::Span<const Row> ArrayRows() { return kRows; }

}  // namespace tfpersist::shape_function
