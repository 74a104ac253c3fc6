#include "reference/graph/shape_inference.h"

#include <algorithm>
#include <functional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "reference/base/status.h"
#include "reference/op/op_registry.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/op_def.pb.h"
#include "reference/tensor/tensor.h"
#include "reference/tensor/tensor_proto.h"
#include "reference/tensor/tensor_slice.h"

namespace tfpersist {
namespace {

using Shape = PartialTensorShape;
using Dims = std::vector<int64_t>;

constexpr int kMaxDepth = 24;       // of the walk for known integers
constexpr int kMaxVisits = 2000;    // nodes of that walk
constexpr int64_t kMaxKnown = 254;  // elements of a vector that matters as a shape
constexpr int64_t kMaxElements = INT64_MAX;
constexpr int64_t kNoValue = INT64_MIN;  // among known integers, one that is not known

Shape Unknown() { return Shape(); }
Shape UnknownOfRank(int64_t rank) { return Shape(Dims(rank, -1)); }
Shape Of(Dims dims) {
  for (int64_t& d : dims) d = std::max<int64_t>(d, -1);
  return Shape(absl::Span<const int64_t>(dims));
}

// What a shape function sees.
struct Context {
  const Node& node;
  std::vector<Shape>& out;

  int num_inputs() const { return static_cast<int>(node.inputs().size()); }
  Shape in(int i) const {
    if (i >= num_inputs() || !node.inputs()[i]) return Unknown();
    return node.inputs()[i].shape();
  }
  // The integers of an input where all are known.
  std::optional<Dims> ints(int i) const {
    std::optional<Dims> known = some_ints(i);
    if (known && std::find(known->begin(), known->end(), kNoValue) != known->end()) return std::nullopt;
    return known;
  }
  // The same where at least their number is: kNoValue for those that are not known. Taken as a shape, it is unknown.
  std::optional<Dims> some_ints(int i) const {
    if (i >= num_inputs() || !node.inputs()[i]) return std::nullopt;
    return KnownIntegers(node.inputs()[i]);
  }
  int64_t IntAttr(const char* name, int64_t otherwise) const {
    const auto* a = node.attr(name);
    return a == nullptr ? otherwise : a->i();
  }
  bool BoolAttr(const char* name) const {
    const auto* a = node.attr(name);
    return a != nullptr && a->b();
  }
  std::string StringAttr(const char* name) const {
    const auto* a = node.attr(name);
    return a == nullptr ? "" : a->s();
  }
  Shape ShapeAttr(const char* name) const {
    const auto* a = node.attr(name);
    if (a == nullptr) return Unknown();
    absl::StatusOr<Shape> s = Shape::FromProto(a->shape());
    return s.ok() ? *s : Unknown();
  }
  absl::Status Fail(const std::string& what) const {
    std::vector<std::string> shapes;
    for (int i = 0; i < num_inputs(); ++i) shapes.push_back(in(i).unknown_rank() ? "<unknown>" : in(i).DebugString());
    return absl::InvalidArgumentError(absl::StrCat(what, " for '", node.name(), "' (op: '", node.op(),
                                                   "') with input shapes: ", absl::StrJoin(shapes, ", "), "."));
  }
};
using ShapeFn = absl::Status (*)(Context&);

// ---- pieces ----

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

absl::Status Broadcast(Context& c) {
  const Shape a = c.in(0), b = c.in(1);
  if (a.unknown_rank() || b.unknown_rank()) {
    c.out[0] = Unknown();
    return absl::OkStatus();
  }
  const int rank = std::max(a.rank(), b.rank());
  Dims dims(rank);
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank()), ib = i - (rank - b.rank());
    const int64_t x = ia < 0 ? 1 : a.dim(ia), y = ib < 0 ? 1 : b.dim(ib);
    if (x < 0 || y < 0) {
      // An unknown dimension beside one greater than 1 must be that one.
      dims[i] = x > 1 ? x : y > 1 ? y : x == 1 ? y : y == 1 ? x : -1;
    } else if (x == 1 || y == 1) {
      dims[i] = x == 1 ? y : x;
    } else {
      TFP_RETURN_IF_ERROR(MergeDim(c, x, y, &dims[i]));
    }
  }
  c.out[0] = Of(dims);
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
absl::Status FromShapeAttr(Context& c) {
  c.out[0] = c.ShapeAttr("shape");
  return absl::OkStatus();
}

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

absl::Status VariableV1(Context& c) {
  const Shape shape = c.ShapeAttr("shape");
  c.out[0] = shape.rank() == 0 ? Unknown() : shape;  // an old graph writes unknown so
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

absl::Status ReadVariable(Context& c) {
  c.out[0] = HandleShape(c.node.inputs()[0]);
  return absl::OkStatus();
}

absl::Status MatMulShape(Context& c) {
  Shape a, b;
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(0), 2, &a));
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(1), 2, &b));
  const bool ta = c.BoolAttr("transpose_a"), tb = c.BoolAttr("transpose_b");
  int64_t inner;
  TFP_RETURN_IF_ERROR(MergeDim(c, a.dim(ta ? 0 : 1), b.dim(tb ? 1 : 0), &inner));
  c.out[0] = Of({a.dim(ta ? 1 : 0), b.dim(tb ? 0 : 1)});
  return absl::OkStatus();
}

absl::Status BatchMatMulShape(Context& c) {
  const Shape a = c.in(0), b = c.in(1);
  if (a.rank() < 2 || b.rank() < 2 || a.rank() != b.rank()) return absl::OkStatus();
  const int r = a.rank();
  const bool ta = c.BoolAttr("adj_x"), tb = c.BoolAttr("adj_y");
  Dims dims;
  for (int i = 0; i + 2 < r; ++i) {
    int64_t d = a.dim(i) == 1 ? b.dim(i) : b.dim(i) == 1 ? a.dim(i) : -1;
    if (a.dim(i) != 1 && b.dim(i) != 1) TFP_RETURN_IF_ERROR(MergeDim(c, a.dim(i), b.dim(i), &d));
    dims.push_back(d);
  }
  int64_t inner;
  TFP_RETURN_IF_ERROR(MergeDim(c, a.dim(ta ? r - 2 : r - 1), b.dim(tb ? r - 1 : r - 2), &inner));
  dims.push_back(a.dim(ta ? r - 1 : r - 2));
  dims.push_back(b.dim(tb ? r - 2 : r - 1));
  c.out[0] = Of(dims);
  return absl::OkStatus();
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

absl::Status ShapeFromInput(Context& c, int i) {
  if (std::optional<Dims> dims = c.some_ints(i)) {
    c.out[0] = Of(*dims);
  } else if (const Shape s = c.in(i); s.rank() == 1 && s.dim(0) >= 0 && s.dim(0) <= kMaxKnown) {
    c.out[0] = UnknownOfRank(s.dim(0));
  }
  return absl::OkStatus();
}
absl::Status FillShape(Context& c) { return ShapeFromInput(c, 0); }
absl::Status BroadcastToShape(Context& c) { return ShapeFromInput(c, 1); }

absl::Status ReduceShape(Context& c) {
  const Shape in = c.in(0);
  const bool keep = c.BoolAttr("keep_dims");
  const std::optional<Dims> axes = c.ints(1);
  if (in.unknown_rank()) {
    // All that is known is a fixed rank when the dimensions are kept; TensorFlow says unknown.
    return absl::OkStatus();
  }
  if (!axes) {
    if (keep) c.out[0] = UnknownOfRank(in.rank());
    return absl::OkStatus();
  }
  std::vector<bool> reduced(in.rank());
  for (int64_t a : *axes) {
    if (a < -in.rank() || a >= in.rank()) {
      return c.Fail(absl::StrCat("Invalid reduction dimension ", a, " for input with ", in.rank(), " dimensions."));
    }
    reduced[a < 0 ? a + in.rank() : a] = true;
  }
  Dims dims;
  for (int i = 0; i < in.rank(); ++i) {
    if (!reduced[i])
      dims.push_back(in.dim(i));
    else if (keep)
      dims.push_back(1);
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

absl::Status BiasAddShape(Context& c) {
  const Shape in = c.in(0);
  if (in.unknown_rank()) return absl::OkStatus();
  Dims dims(in.dims().begin(), in.dims().end());
  Shape bias;
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(1), 1, &bias));
  if (!dims.empty()) {
    const size_t at = c.StringAttr("data_format") == "NCHW" && dims.size() >= 3 ? dims.size() - 3 : dims.size() - 1;
    TFP_RETURN_IF_ERROR(MergeDim(c, dims[at], bias.dim(0), &dims[at]));
  }
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

int64_t WindowedSize(const Context& c, int64_t in, int64_t filter, int64_t stride, int64_t dilation) {
  if (in < 0 || filter < 0 || stride <= 0) return -1;
  if (c.StringAttr("padding") == "SAME") return (in + stride - 1) / stride;
  const int64_t effective = (filter - 1) * dilation + 1;
  return in < effective ? -1 : (in - effective + stride) / stride;
}

int64_t ListAttr(const Context& c, const char* name, int i, int64_t otherwise) {
  const auto* a = c.node.attr(name);
  return a == nullptr || a->list().i_size() <= i ? otherwise : a->list().i(i);
}

absl::Status Conv2DShape(Context& c) {
  Shape in, filter;
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(0), 4, &in));
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(1), 4, &filter));
  const bool nchw = c.StringAttr("data_format") == "NCHW";
  const int h = nchw ? 2 : 1, w = nchw ? 3 : 2, ch = nchw ? 1 : 3;
  const bool depthwise = c.node.op() == "DepthwiseConv2dNative";
  int64_t depth;
  TFP_RETURN_IF_ERROR(MergeDim(c, in.dim(ch), filter.dim(2), &depth));
  Dims dims(4);
  dims[0] = in.dim(0);
  for (int i : {0, 1}) {
    const int at = i == 0 ? h : w;
    const int64_t dilation = ListAttr(c, "dilations", at, 1);
    if (dilation <= 0 || dilation > INT32_MAX || filter.dim(i) > INT32_MAX)
      return c.Fail("Dilation rates should be larger than 0");
    dims[at] = WindowedSize(c, in.dim(at), filter.dim(i), ListAttr(c, "strides", at, 1), dilation);
  }
  dims[ch] = !depthwise ? filter.dim(3)
             : depth >= 0 && filter.dim(3) >= 0 && depth <= INT32_MAX && filter.dim(3) <= INT32_MAX
                 ? depth * filter.dim(3)
                 : -1;
  c.out[0] = Of(dims);
  return absl::OkStatus();
}

absl::Status PoolShape(Context& c) {
  Shape in;
  TFP_RETURN_IF_ERROR(WithRank(c, c.in(0), 4, &in));
  const bool nchw = c.StringAttr("data_format") == "NCHW";
  Dims dims(in.dims().begin(), in.dims().end());
  for (int i : {nchw ? 2 : 1, nchw ? 3 : 2})
    dims[i] = WindowedSize(c, in.dim(i), ListAttr(c, "ksize", i, 1), ListAttr(c, "strides", i, 1), 1);
  for (Shape& s : c.out) s = Of(dims);
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

absl::Status VectorOfUnknown(Context& c) {
  for (Shape& s : c.out) s = Of({-1});
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

absl::Status ArgMaxShape(Context& c) {
  const Shape in = c.in(0);
  const auto axis = c.ints(1);
  if (in.unknown_rank()) return absl::OkStatus();
  if (!axis || axis->size() != 1) {
    c.out[0] = UnknownOfRank(std::max(0, in.rank() - 1));
    return absl::OkStatus();
  }
  int64_t a = (*axis)[0] < 0 ? (*axis)[0] + in.rank() : (*axis)[0];
  Dims dims(in.dims().begin(), in.dims().end());
  if (a < 0 || a >= in.rank())
    return c.Fail(absl::StrCat("Dimension (", (*axis)[0], ") must be in the range [", -in.rank(), ", ", in.rank(),
                               "), where ", in.rank(), " is the number of dimensions in the input."));
  dims.erase(dims.begin() + a);
  c.out[0] = Of(dims);
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

struct Row {
  ShapeFn fn;
  absl::string_view ops;  // space between names
};

constexpr Row kRows[] = {
    {ConstShape, "Const"},
    {PlaceholderShape, "Placeholder"},
    {FromShapeAttr, "VariableV2 PlaceholderV2 PlaceholderWithDefault TemporaryVariable AccumulateNV2 ParallelConcat"},
    {VariableV1, "Variable"},
    {AssignShape, "Assign"},
    {MergeInto, "AssignAdd AssignSub"},
    {ApplyGradientDescentShape, "ApplyGradientDescent"},
    {UnchangedFirst,
     "ApplyAdam ApplyAdagrad ApplyMomentum ApplyRMSProp ApplyCenteredRMSProp ApplyFtrl ApplyFtrlV2 ApplyAdadelta "
     "ApplyAdagradDA ApplyAddSign "
     "ApplyPowerSign ApplyAdaMax ApplyProximalAdagrad ApplyProximalGradientDescent ScatterAdd ScatterSub ScatterUpdate "
     "ScatterMul ScatterDiv "
     "ScatterMin ScatterMax ScatterNdAdd ScatterNdSub ScatterNdUpdate SparseApplyAdagrad SparseApplyMomentum "
     "SparseApplyAdadelta "
     "SparseApplyFtrl SparseApplyRMSProp CountUpTo"},
    {Scalars,
     "VarHandleOp VarIsInitializedOp IsVariableInitialized Rank Size ShardedFilename ShardedFilespec "
     "StaticRegexFullMatch L2Loss LoopCond "
     "HashTableV2 MutableHashTableV2 LookupTableSizeV2 LookupTableSize TensorArraySizeV3 ScalarSummary "
     "HistogramSummary ImageSummary "
     "MergeSummary TensorSummaryV2 IteratorV2 OneShotIterator IteratorToStringHandle QueueSizeV2 ReadFile MutexV2 "
     "TensorListReserve TensorListFromTensor TensorListSetItem FIFOQueueV2 RandomShuffleQueueV2 TFRecordReaderV2"},
    {ReadVariable, "ReadVariableOp"},
    {Unchanged,
     "Identity RefIdentity Enter RefEnter Exit RefExit NextIteration RefNextIteration StopGradient PreventGradient "
     "CheckNumerics Snapshot Abs Acos "
     "Acosh Asin Asinh Atan Atanh Ceil Conj Cos Cosh Digamma Erf Erfc Exp Expm1 Floor Inv Invert IsFinite IsInf IsNan "
     "Lgamma Log Log1p LogicalNot Neg "
     "OnesLike Reciprocal Rint Round Rsqrt Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Square Tan Tanh ZerosLike "
     "Relu Relu6 Elu LeakyRelu Softmax "
     "LogSoftmax Cast AsString ReluGrad Relu6Grad EluGrad SeluGrad SigmoidGrad TanhGrad SqrtGrad RsqrtGrad "
     "ReciprocalGrad InvGrad SoftplusGrad "
     "SoftsignGrad RandomShuffle ReverseV2 Reverse Cumsum Cumprod Roll LRN DeepCopy FakeQuantWithMinMaxArgs "
     "FakeQuantWithMinMaxVars "
     "FakeQuantWithMinMaxVarsPerChannel MatrixBandPart AdjustContrastv2 AdjustHue AdjustSaturation RGBToHSV HSVToRGB "
     "InvertPermutation "
     "ReverseSequence BitwiseNot DecodeBase64 EncodeBase64 StringToNumber StringToHashBucketFast IdentityN"},
    {Broadcast,
     "Add AddV2 Sub Mul Div RealDiv FloorDiv TruncateDiv Mod FloorMod TruncateMod Pow Maximum Minimum "
     "SquaredDifference Equal NotEqual Less LessEqual "
     "Greater GreaterEqual LogicalAnd LogicalOr Atan2 BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift Complex "
     "Igamma Igammac Polygamma Zeta "
     "DivNoNan Xdivy Xlogy ApproximateEqual"},
    {MatMulShape, "MatMul SparseMatMul"},
    {BatchMatMulShape, "BatchMatMul BatchMatMulV2"},
    {ReshapeShape, "Reshape"},
    {FillShape,
     "Fill RandomUniform RandomUniformInt RandomStandardNormal TruncatedNormal ParameterizedTruncatedNormal Empty"},
    {BroadcastToShape, "BroadcastTo"},
    {ReduceShape, "Sum Prod Mean Min Max All Any EuclideanNorm"},
    {ShapeShape, "Shape ShapeN"},
    {PackShape, "Pack"},
    {UnpackShape, "Unpack"},
    {ConcatV2Shape, "ConcatV2"},
    {ConcatShape, "Concat"},
    {TransposeShape, "Transpose"},
    {ExpandDimsShape, "ExpandDims"},
    {SqueezeShape, "Squeeze"},
    {SwitchShape, "Switch RefSwitch"},
    {MergeShape, "Merge RefMerge"},
    {BiasAddShape, "BiasAdd"},
    {Conv2DShape, "Conv2D DepthwiseConv2dNative"},
    {PoolShape, "MaxPool AvgPool"},
    {SelectShape, "Select"},
    {RangeShape, "Range"},
    {VectorOfUnknown, "BroadcastGradientArgs"},
    {TileShape, "Tile"},
    {GatherShape, "Gather GatherV2 ResourceGather"},
    {ArgMaxShape, "ArgMax ArgMin"},
    {SliceShape, "Slice"},
    {StridedSliceShape, "StridedSlice"},
    {SplitShape, "Split"},
    {StringJoinShape, "StringJoin"},
    {RestoreShape, "RestoreV2 RestoreSlice"},
    {SaveV2Shape, "SaveV2"},
    {PairShape, "Stack FIFOQueue RandomShuffleQueue HashTable MutableHashTable"},
};

// The rows by op; constant once made.
ShapeFn Find(absl::string_view op) {
  static const auto* const table = [] {
    auto* t = new absl::flat_hash_map<absl::string_view, ShapeFn>();
    for (const Row& row : kRows) {
      absl::string_view ops = row.ops;
      while (!ops.empty()) {
        const size_t end = std::min(ops.find(' '), ops.size());
        t->emplace(ops.substr(0, end), row.fn);
        ops.remove_prefix(std::min(end + 1, ops.size()));
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

absl::Status InferShapes(const Node& node, std::vector<PartialTensorShape>* shapes) {
  shapes->assign(node.num_outputs(), PartialTensorShape());
  const ShapeFn fn = Find(node.op());
  if (fn == nullptr) return absl::OkStatus();
  Context context{node, *shapes};
  return fn(context);
}

}  // namespace tfpersist
