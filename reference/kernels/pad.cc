// Pad, PadV2. Follows core/kernels/pad_op.cc.
#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

absl::Status Pad(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const Tensor& paddings = ctx.input(1);
  const int rank = x.shape().rank();
  if (paddings.shape().rank() != 2 || paddings.shape().dim(1) != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("paddings must be a matrix with 2 columns: ", paddings.shape().DebugString()));
  }
  if (paddings.shape().dim(0) != rank) {
    return absl::InvalidArgumentError(absl::StrCat("The first dimension of paddings must be the rank of inputs",
                                                   paddings.shape().DebugString(), " ", x.shape().DebugString()));
  }
  if (ctx.num_inputs() == 3 && !ctx.input(2).shape().IsScalar()) {
    return absl::InvalidArgumentError("constant_values must be a scalar");
  }
  TFP_ASSIGN_OR_RETURN(std::vector<int64_t> sides, IntVector(paddings.Reshaped(TensorShape({2 * rank})), "paddings"));
  std::vector<int64_t> dims(rank);
  for (int d = 0; d < rank; ++d) {
    if (sides[2 * d] < 0 || sides[2 * d + 1] < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("Paddings must be non-negative: ", sides[2 * d], " ", sides[2 * d + 1]));
    }
    if (__builtin_add_overflow(x.shape().dim(d), sides[2 * d], &dims[d]) ||
        __builtin_add_overflow(dims[d], sides[2 * d + 1], &dims[d])) {
      return absl::InvalidArgumentError(absl::StrCat("Pad makes dimension ", d, " larger than 2^63 - 1"));
    }
  }
  TFP_ASSIGN_OR_RETURN(TensorShape shape, TensorShape::Create(dims));
  if (shape == x.shape()) {
    ctx.SetOutput(0, x);
    return absl::OkStatus();
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape));
  if (out->num_elements() == 0) return absl::OkStatus();
  return DispatchCopy(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    const T fill = ctx.num_inputs() == 3 ? *Elements<T>(ctx.input(2)) : T{};
    std::fill_n(to, out->num_elements(), fill);
    if (x.num_elements() == 0) return absl::OkStatus();
    if (rank == 0) {
      *to = *Elements<T>(x);
      return absl::OkStatus();
    }
    // Row by row along the last dimension.
    const int64_t run = x.shape().dim(rank - 1);
    std::vector<int64_t> index(rank, 0), pitch(rank, 1);
    for (int d = rank - 2; d >= 0; --d) pitch[d] = pitch[d + 1] * dims[d + 1];
    int64_t at = 0;
    for (int d = 0; d < rank; ++d) at += sides[2 * d] * pitch[d];
    const T* from = Elements<T>(x);
    for (int64_t rows = x.num_elements() / run; rows > 0; --rows, from += run) {
      std::copy_n(from, run, to + at);
      for (int d = rank - 2; d >= 0; --d) {
        at += pitch[d];
        if (++index[d] < x.shape().dim(d)) break;
        at -= pitch[d] * index[d];
        index[d] = 0;
      }
    }
    return absl::OkStatus();
  });
}

}  // namespace

void RegisterPadKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "Pad", Pad);
  RegisterFunction(registry, "PadV2", Pad);
}

}  // namespace tfpersist
