// Shapes of elementwise functions, products and reductions. Follows core/ops/math_ops.cc.
#include "reference/graph/shape_function.h"

namespace tfpersist::shape_function {
namespace {

absl::Status Broadcast(Context& c) {
  const Shape a = c.in(0), b = c.in(1);
  if (a.unknown_rank() || b.unknown_rank()) {
    c.out[0] = Unknown();
    return absl::OkStatus();
  }
  if (a == b) {
    c.out[0] = a;
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

constexpr Row kRows[] = {
    {Unchanged,
     "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Cast Ceil Conj Cos Cosh Cumprod Cumsum Digamma Elu EluGrad Erf "
     "Erfc "
     "Exp Expm1 Floor Inv InvGrad Invert IsFinite IsInf IsNan LeakyRelu Lgamma Log Log1p LogicalNot Neg Reciprocal "
     "ReciprocalGrad Relu Relu6 Relu6Grad ReluGrad Rint Round Rsqrt RsqrtGrad Selu SeluGrad Sigmoid SigmoidGrad Sign "
     "Sin "
     "Sinh Softplus SoftplusGrad Softsign SoftsignGrad Sqrt SqrtGrad Square Tan Tanh TanhGrad"},
    {Broadcast,
     "Add AddV2 ApproximateEqual Atan2 BitwiseAnd BitwiseOr BitwiseXor Complex Div DivNoNan Equal FloorDiv FloorMod "
     "Greater GreaterEqual Igamma Igammac LeftShift Less LessEqual LogicalAnd LogicalOr Maximum Minimum Mod Mul "
     "NotEqual "
     "Polygamma Pow RealDiv RightShift SquaredDifference Sub TruncateDiv TruncateMod Xdivy Xlogy Zeta"},
    {MatMulShape, "MatMul SparseMatMul"},
    {BatchMatMulShape, "BatchMatMul BatchMatMulV2"},
    {ReduceShape, "Sum Prod Mean Min Max All Any EuclideanNorm"},
    {ArgMaxShape, "ArgMax ArgMin"},
};

}  // namespace

absl::Span<const Row> MathRows() { return kRows; }

}  // namespace tfpersist::shape_function
