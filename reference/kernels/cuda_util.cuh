// What the .cu files share: launches, loops over elements, dtype dispatch and layouts that kernels take by value.
// Kernels go to the device's stream; an error of a launch is the kernel's, one of its run comes at the end of the Run.
#ifndef TFPERSIST_REFERENCE_KERNELS_CUDA_UTIL_CUH_
#define TFPERSIST_REFERENCE_KERNELS_CUDA_UTIL_CUH_

#include <cuda_runtime.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/op/cuda_context.h"

namespace tfpersist {

// The dtypes that CUDA kernels compute with. int32 stays on the host, as TensorFlow keeps it.
inline constexpr DataTypeMask kCudaFloats = kFloatTypes;
inline constexpr DataTypeMask kCudaNumbers = kFloatTypes | MaskOf(DT_INT64);
// Those that they move.
inline constexpr DataTypeMask kCudaMovable = (kNumberTypes | MaskOf(DT_BOOL)) & ~MaskOf(DT_INT32);

constexpr int kThreads = 256;

// Enough blocks for n elements, and no more than keep the device busy.
inline int BlocksFor(const CudaContext& cuda, int64_t n, int threads = kThreads) {
  const int64_t blocks = (n + threads - 1) / threads;
  return static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(blocks, int64_t{32} * cuda.multiprocessors())));
}

inline absl::Status LaunchStatus(const char* kernel) {
  const cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("The CUDA kernel of ", kernel, " can't be started: ", cudaGetErrorString(error)));
}

#define TFP_CUDA_LOOP(i, n)                                                              \
  for (int64_t i = blockIdx.x * static_cast<int64_t>(blockDim.x) + threadIdx.x; i < (n); \
       i += static_cast<int64_t>(gridDim.x) * blockDim.x)

// A row-major output whose element i reads element Offset(i) of an input: any mix of transposing, slicing, repeating.
constexpr int kMaxDims = 8;
struct Strides {
  int rank = 0;
  int64_t size[kMaxDims];
  int64_t stride[kMaxDims];  // of the input, in elements
  int64_t start = 0;

  TFP_HOST_DEVICE int64_t Offset(int64_t i) const {
    int64_t at = start;
    for (int d = rank - 1; d > 0; --d) {
      const int64_t q = (i | size[d]) >> 32 ? i / size[d] : static_cast<uint32_t>(i) / static_cast<uint32_t>(size[d]);
      at += (i - q * size[d]) * stride[d];
      i = q;
    }
    return rank > 0 ? at + i * stride[0] : at;
  }
};

template <typename T>
__device__ inline functor::Wide<T> Widen(T v) {
  return static_cast<functor::Wide<T>>(v);
}

// A CUDA kernel that keeps nothing from its node. `host_memory`: arguments that stay on the host.
inline void RegisterCudaFunction(KernelRegistry* registry, absl::string_view op, FunctionKernel::Function function,
                                 absl::string_view type_attr, DataTypeMask types,
                                 std::vector<std::string> host_memory = {}) {
  registry->Register({.op = std::string(op),
                      .device = DeviceType::kCuda,
                      .type_attr = std::string(type_attr),
                      .types = types,
                      .host_memory = std::move(host_memory),
                      .factory = [function](OpKernelConstruction&) -> absl::StatusOr<std::unique_ptr<OpKernel>> {
                        return std::make_unique<FunctionKernel>(function);
                      }});
}

template <typename Kernel>
void RegisterCudaKernel(KernelRegistry* registry, absl::string_view op, absl::string_view type_attr, DataTypeMask types,
                        std::vector<std::string> host_memory = {}) {
  registry->Register({.op = std::string(op),
                      .device = DeviceType::kCuda,
                      .type_attr = std::string(type_attr),
                      .types = types,
                      .host_memory = std::move(host_memory),
                      .factory = &Kernel::Make});
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_CUDA_UTIL_CUH_
