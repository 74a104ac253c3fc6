// Transpose, Tile. Follows core/kernels/transpose_op.cc, tile_ops.cc.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/strided_copy.h"

namespace tfpersist {
namespace {

absl::Status Transpose(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const int rank = x.shape().rank();
  if (ctx.input(1).shape().rank() != 1) {
    return absl::InvalidArgumentError(absl::StrCat("perm must be a vector, not ", ctx.input(1).shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> perm, IntVector(ctx.input(1), "perm"));
  if (static_cast<int>(perm.size()) != rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("transpose expects a vector of size ", rank, ". But input(1) is a vector of size ", perm.size()));
  }
  std::vector<bool> seen(rank, false);
  std::vector<int64_t> sizes(rank), strides(rank, 1);
  for (int d = rank - 2; d >= 0; --d) strides[d] = strides[d + 1] * x.shape().dim(d + 1);
  absl::InlinedVector<StridedDim, 8> box;
  bool identity = true;
  for (int d = 0; d < rank; ++d) {
    const int64_t p = perm[d];
    if (p < 0 || p >= rank) return absl::InvalidArgumentError(absl::StrCat(p, " is out of range [0 .. ", rank, ")"));
    seen[p] = true;
    identity = identity && p == d;
    sizes[d] = x.shape().dim(static_cast<int>(p));
    box.push_back({sizes[d], strides[p]});
  }
  for (int d = 0; d < rank; ++d) {
    if (!seen[d]) {
      return absl::InvalidArgumentError(absl::StrCat(d, " is missing from {", absl::StrJoin(perm, ","), "}."));
    }
  }
  if (identity) {
    ctx.SetOutput(0, x);
    return absl::OkStatus();
  }
  TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(sizes));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  return CopyBox(ctx, x, 0, box, out);
}

absl::Status Tile(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const int rank = x.shape().rank();
  if (ctx.input(1).shape().rank() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("Expected multiples to be 1-D, but got shape ", ctx.input(1).shape().DebugString()));
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> multiples, IntVector(ctx.input(1), "multiples"));
  if (static_cast<int>(multiples.size()) != rank) {
    return absl::InvalidArgumentError(absl::StrCat("Expected multiples argument to be a vector of length ", rank,
                                                   " but got length ", multiples.size()));
  }
  std::vector<int64_t> sizes(rank), strides(rank, 1);
  for (int d = rank - 2; d >= 0; --d) strides[d] = strides[d + 1] * x.shape().dim(d + 1);
  absl::InlinedVector<StridedDim, 8> box;
  for (int d = 0; d < rank; ++d) {
    if (multiples[d] < 0) {
      return absl::InvalidArgumentError(absl::StrCat("Expected multiples[", d, "] >= 0, but got ", multiples[d]));
    }
    if (__builtin_mul_overflow(x.shape().dim(d), multiples[d], &sizes[d])) {
      return absl::InvalidArgumentError(absl::StrCat("Tile makes dimension ", d, " larger than 2^63 - 1"));
    }
    box.push_back({multiples[d], 0});
    box.push_back({x.shape().dim(d), strides[d]});
  }
  TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(sizes));
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  return CopyBox(ctx, x, 0, box, out);
}

}  // namespace

void RegisterTransposeKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "Transpose", Transpose);
  RegisterFunction(registry, "Tile", Tile);
}

}  // namespace tfpersist
