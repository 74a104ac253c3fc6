// Softmax, LogSoftmax. Follows core/kernels/softmax_op_functor.h: along the last dimension, shifted by the row's
// maximum.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/vector_math.h"

namespace tfpersist {
namespace {

template <bool kLog>
absl::Status Softmax(OpKernelContext& ctx) {
  const Tensor& x = ctx.input(0);
  const int rank = x.shape().rank();
  if (rank < 1) return absl::InvalidArgumentError("logits must have >= 1 dimension, got []");
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, x.shape(), 0));
  if (out->num_elements() == 0) return absl::OkStatus();
  const int64_t classes = x.shape().dim(rank - 1);
  return Dispatch<kFloatTypes>(out->dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using W = functor::Wide<T>;
    const T* from = Elements<T>(ctx.input(0));
    T* to = Elements<T>(out);
    Shard(ctx, out->num_elements() / classes, classes * 8, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const T* row = from + r * classes;
        T* result = to + r * classes;
        if constexpr (std::is_same_v<T, float> && !kLog) {
          SoftmaxRow(row, classes, result);
        } else {
          W highest = static_cast<W>(row[0]);
          for (int64_t i = 1; i < classes; ++i) highest = std::max(highest, static_cast<W>(row[i]));
          W sum = 0;
          for (int64_t i = 0; i < classes; ++i) sum += std::exp(static_cast<W>(row[i]) - highest);
          const W log_sum = std::log(sum), scale = W(1) / sum;
          for (int64_t i = 0; i < classes; ++i) {
            const W shifted = static_cast<W>(row[i]) - highest;
            result[i] = static_cast<T>(kLog ? shifted - log_sum : std::exp(shifted) * scale);
          }
        }
      }
    });
    return absl::OkStatus();
  });
}

}  // namespace

void RegisterSoftmaxKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "Softmax", Softmax<false>, "T", kFloatTypes);
  RegisterFunction(registry, "LogSoftmax", Softmax<true>, "T", kFloatTypes);
}

}  // namespace tfpersist
