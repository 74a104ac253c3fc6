// The CUDA side of the TFP_COMPARE and TFP_TEST rows of cwise_ops.def.
#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/cwise_cuda.cuh"

namespace tfpersist {

void RegisterComparisonCudaKernels(KernelRegistry* registry) {
#define TFP_COMPARE(op, functor_name, types) \
  RegisterBinaryCuda(registry, #op, CudaTypesOf(types), &BinaryLauncherFor<functor::functor_name, CudaTypesOf(types)>);
#define TFP_TEST(op, functor_name, types) \
  RegisterUnaryCuda(registry, #op, CudaTypesOf(types), &UnaryLauncherFor<functor::functor_name, CudaTypesOf(types)>);
#include "reference/kernels/cwise_ops.def"
}

}  // namespace tfpersist
