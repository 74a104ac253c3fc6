// The CUDA side of the TFP_ARITH rows of cwise_ops.def.
#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/cwise_cuda.cuh"

namespace tfpersist {

void RegisterArithmeticCudaKernels(KernelRegistry* registry) {
#define TFP_ARITH(op, functor_name, types, fault)                         \
  RegisterBinaryCuda(registry, #op, CudaTypesOf(types, fault[0] != '\0'), \
                     &BinaryLauncherFor<functor::functor_name, CudaTypesOf(types, fault[0] != '\0')>);
#include "reference/kernels/cwise_ops.def"
}

}  // namespace tfpersist
