// _FusedLayerNorm: a layer norm of float32 along the last dimension, and the sum before it, in one pass over memory.
// The optimizer of plans writes it (runtime/optimizer_norm.cc); no graph has it.
//
// Attrs: epsilon; adds: there is an addend. Inputs: x, then the addend where there is one, gamma and beta, one value
// per channel each. Of x and the addend one may repeat along the other's first dimensions (an embedding of positions).
// INVALID_ARGUMENT for others, which the ops themselves may well take.
#include <utility>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/vector_math.h"
#include "reference/tensor/repeating_shape.h"

namespace tfpersist {
namespace {

class FusedLayerNormKernel : public OpKernel {
 public:
  FusedLayerNormKernel(float epsilon, bool adds) : epsilon_(epsilon), adds_(adds) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const float epsilon, c.FloatAttr("epsilon"));
    TFP_ASSIGN_OR_RETURN(const bool adds, c.BoolAttr("adds"));
    return std::make_unique<FusedLayerNormKernel>(epsilon, adds);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const int gamma = adds_ ? 2 : 1, beta = gamma + 1;
    if (ctx.num_inputs() <= beta) return absl::InvalidArgumentError("Too few inputs.");
    // x, which has the result's shape, and what is added to it.
    int x = 0, addend = 1;
    if (adds_ && !MayRepeatAlong(ctx.input(addend).shape().dims(), ctx.input(x).shape().dims())) std::swap(x, addend);
    const TensorShape shape = ctx.input(x).shape();
    const int64_t depth = shape.rank() > 0 ? shape.dim(shape.rank() - 1) : 0;
    if (depth == 0) return absl::InvalidArgumentError("Nothing to take the mean of.");
    if (adds_ && !MayRepeatAlong(ctx.input(addend).shape().dims(), shape.dims())) {
      return absl::InvalidArgumentError("An addend of another shape.");
    }
    for (int i : {gamma, beta}) {
      if (ctx.input(i).shape() != TensorShape({depth})) {
        return absl::InvalidArgumentError(absl::StrCat("Input ", i, " must have ", depth, " entries."));
      }
    }
    const bool in_place = adds_ && ctx.input(addend).shape() == shape && ctx.OwnsInput(addend);
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, shape, in_place ? addend : x));
    const float* const rows = Elements<float>(ctx.input(x));
    const float* const added = adds_ ? Elements<float>(ctx.input(addend)) : nullptr;
    const int64_t period = adds_ ? ctx.input(addend).num_elements() : 1;  // then it repeats
    const float* const by = Elements<float>(ctx.input(gamma));
    const float* const plus = Elements<float>(ctx.input(beta));
    float* const to = Elements<float>(out);
    Shard(ctx, out->num_elements() / depth, 4 * depth, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * depth; i < end * depth; i += depth) {
        LayerNormRow(rows + i, added != nullptr ? added + i % period : nullptr, by, plus, epsilon_, depth, to + i);
      }
    });
    return absl::OkStatus();
  }

 private:
  const float epsilon_;
  const bool adds_;
};

}  // namespace

void RegisterLayerNormKernels(KernelRegistry* registry) {
  RegisterKernel<FusedLayerNormKernel>(registry, "_FusedLayerNorm", "T", MaskOf(DT_FLOAT));
}

}  // namespace tfpersist
