// _FusedLayerNorm: a layer norm of float32 along the last dimension, and the sum before it, in one pass over memory.
// The optimizer of plans writes it (runtime/optimizer_norm.cc); no graph has it.
//
// Attrs: epsilon; adds: there is an addend. Inputs: x, then the addend of x's shape where there is one, gamma and beta,
// one value per channel each. INVALID_ARGUMENT for others, which the ops themselves may well take.
#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"
#include "reference/kernels/vector_math.h"

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
    const TensorShape& shape = ctx.input(0).shape();
    const int gamma = adds_ ? 2 : 1, beta = gamma + 1;
    if (ctx.num_inputs() <= beta) return absl::InvalidArgumentError("Too few inputs.");
    const int64_t depth = shape.rank() > 0 ? shape.dim(shape.rank() - 1) : 0;
    if (depth == 0) return absl::InvalidArgumentError("Nothing to take the mean of.");
    if (adds_ && ctx.input(1).shape() != shape) return absl::InvalidArgumentError("An addend of another shape.");
    for (int i : {gamma, beta}) {
      if (ctx.input(i).shape() != TensorShape({depth})) {
        return absl::InvalidArgumentError(absl::StrCat("Input ", i, " must have ", depth, " entries."));
      }
    }
    const TensorShape out_shape = shape;
    TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, out_shape, adds_ && ctx.OwnsInput(1) ? 1 : 0));
    const float* const x = Elements<float>(ctx.input(0));
    const float* const addend = adds_ ? Elements<float>(ctx.input(1)) : nullptr;
    const float* const by = Elements<float>(ctx.input(gamma));
    const float* const plus = Elements<float>(ctx.input(beta));
    float* const to = Elements<float>(out);
    Shard(ctx, out->num_elements() / depth, 4 * depth, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * depth; i < end * depth; i += depth) {
        LayerNormRow(x + i, addend != nullptr ? addend + i : nullptr, by, plus, epsilon_, depth, to + i);
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
