// Every CUDA kernel of the library, one Register function per family, beside the CPU's in the same folder: X.cu next to
// X.cc. What is missing here runs on the host, and RunMetadata::host_fallbacks names it.
//
// As on TensorFlow's GPU devices, int32 values stay on the host (they are shapes and indices), and what only the host
// could report - an index out of range, a division by zero - gives zeros or wraps instead of an error.
#ifndef TFPERSIST_REFERENCE_KERNELS_CUDA_KERNELS_H_
#define TFPERSIST_REFERENCE_KERNELS_CUDA_KERNELS_H_

#include "reference/op/kernel_registry.h"

namespace tfpersist {

// All of the below. The CPU's must be in the registry: kernels that never look at elements are shared.
void RegisterCudaKernels(KernelRegistry* registry);

void RegisterArithmeticCudaKernels(KernelRegistry* registry);  // cwise_arith.cu
void RegisterComparisonCudaKernels(KernelRegistry* registry);  // cwise_compare.cu
void RegisterUnaryCudaKernels(KernelRegistry* registry);       // cwise_unary.cu
void RegisterConstantCudaKernels(KernelRegistry* registry);    // constant.cu: Const, Fill, …; Cast, Select, AddN
void RegisterArrayCudaKernels(KernelRegistry* registry);       // array.cu: Transpose, Slice, ConcatV2, Gather, …
void RegisterReductionCudaKernels(KernelRegistry* registry);   // reduction.cu: Sum, …, ArgMax, Softmax
void RegisterMatMulCudaKernels(KernelRegistry* registry);      // matmul_cuda.cc: cuBLASLt
void RegisterConvCudaKernels(KernelRegistry* registry);        // conv_cuda.cc: cuDNN
void RegisterWindowCudaKernels(KernelRegistry* registry);      // window.cu: pooling, depthwise, batch norm, BiasAdd
void RegisterTrainingCudaKernels(KernelRegistry* registry);    // training.cu: AssignAdd, ApplyMomentum, …

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_CUDA_KERNELS_H_
