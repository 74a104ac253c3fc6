// CudaContext::CopyBox: moves a box of elements inside device memory.
#ifndef TFPERSIST_REFERENCE_RUNTIME_CUDA_COPY_H_
#define TFPERSIST_REFERENCE_RUNTIME_CUDA_COPY_H_

#include "reference/op/cuda_context.h"

namespace tfpersist {

absl::Status CopyBoxOnDevice(CudaContext& cuda, const void* from, void* to, absl::Span<const CudaContext::BoxDim> dims,
                             int width);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_CUDA_COPY_H_
