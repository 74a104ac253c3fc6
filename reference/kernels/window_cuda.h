// The tail of a fused product on CUDA, where the library that made the product did not do it.
#ifndef TFPERSIST_REFERENCE_KERNELS_WINDOW_CUDA_H_
#define TFPERSIST_REFERENCE_KERNELS_WINDOW_CUDA_H_

#include "reference/kernels/window.h"

namespace tfpersist {

// Adds the bias (input 2) if `needs_bias`, the addend (input 3) if there is one, and applies the activation, in place.
absl::Status FinishOnDevice(const FusedOps& fused, OpKernelContext& ctx, int64_t channels, bool needs_bias,
                            Tensor* out);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_WINDOW_CUDA_H_
