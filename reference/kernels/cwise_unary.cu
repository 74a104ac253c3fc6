// The CUDA side of the TFP_UNARY rows of cwise_ops.def.
#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/cwise_cuda.cuh"

namespace tfpersist {

void RegisterUnaryCudaKernels(KernelRegistry* registry) {
#define TFP_UNARY(op, functor_name, types) \
  RegisterUnaryCuda(registry, #op, CudaTypesOf(types), &UnaryLauncherFor<functor::functor_name, CudaTypesOf(types)>);
#include "reference/kernels/cwise_ops.def"
}

}  // namespace tfpersist
