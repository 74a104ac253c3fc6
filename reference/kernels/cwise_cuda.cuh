// The CUDA kernels that a row of cwise_ops.def expands to: the functor of the CPU's, over the same folded broadcast.
#ifndef TFPERSIST_REFERENCE_KERNELS_CWISE_CUDA_CUH_
#define TFPERSIST_REFERENCE_KERNELS_CWISE_CUDA_CUH_

#include "reference/kernels/broadcast.h"
#include "reference/kernels/cuda_util.cuh"

namespace tfpersist {

template <typename Functor, typename T>
__global__ void UnaryCuda(const T* x, decltype(Functor::Apply(T()))* out, int64_t n) {
  TFP_CUDA_LOOP(i, n) out[i] = Functor::Apply(x[i]);
}

template <typename Functor, typename T, typename R>
__global__ void BinaryRowCuda(const T* x, int x_step, const T* y, int y_step, R* out, int64_t n) {
  bool fault = false;
  TFP_CUDA_LOOP(i, n) out[i] = Functor::Apply(x[x_step * i], y[y_step * i], fault);
}

template <typename Functor, typename T, typename R>
__global__ void BinaryCuda(const T* x, Strides xs, const T* y, Strides ys, R* out, int64_t n) {
  bool fault = false;
  TFP_CUDA_LOOP(i, n) out[i] = Functor::Apply(x[xs.Offset(i)], y[ys.Offset(i)], fault);
}

using UnaryLauncher = void (*)(CudaContext&, const void* x, void* out, int64_t n);
using BinaryLauncher = void (*)(CudaContext&, const void* x, const void* y, const Broadcast&, void* out, int64_t n);

template <typename Functor, typename T>
void LaunchUnary(CudaContext& cuda, const void* x, void* out, int64_t n) {
  using R = decltype(Functor::Apply(T()));
  UnaryCuda<Functor, T>
      <<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(static_cast<const T*>(x), static_cast<R*>(out), n);
}

template <typename Functor, typename T>
void LaunchBinary(CudaContext& cuda, const void* x, const void* y, const Broadcast& b, void* out, int64_t n) {
  bool fault = false;
  using R = decltype(Functor::Apply(T(), T(), fault));
  const T* a = static_cast<const T*>(x);
  const T* c = static_cast<const T*>(y);
  R* r = static_cast<R*>(out);
  if (b.dims.size() == 1) {
    BinaryRowCuda<Functor, T, R><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(
        a, static_cast<int>(b.dims[0].x_stride), c, static_cast<int>(b.dims[0].y_stride), r, n);
    return;
  }
  Strides xs, ys;
  xs.rank = ys.rank = static_cast<int>(b.dims.size());
  for (int d = 0; d < xs.rank; ++d) {
    xs.size[d] = ys.size[d] = b.dims[d].size;
    xs.stride[d] = b.dims[d].x_stride;
    ys.stride[d] = b.dims[d].y_stride;
  }
  BinaryCuda<Functor, T, R><<<BlocksFor(cuda, n), kThreads, 0, cuda.stream()>>>(a, xs, c, ys, r, n);
}

template <typename Functor, DataTypeMask kMask>
UnaryLauncher UnaryLauncherFor(DataType dtype) {
  UnaryLauncher launcher = nullptr;
  Dispatch<kMask>(dtype, [&](auto tag) {
    launcher = &LaunchUnary<Functor, typename decltype(tag)::type>;
    return absl::OkStatus();
  }).IgnoreError();
  return launcher;
}
template <typename Functor, DataTypeMask kMask>
BinaryLauncher BinaryLauncherFor(DataType dtype) {
  BinaryLauncher launcher = nullptr;
  Dispatch<kMask>(dtype, [&](auto tag) {
    launcher = &LaunchBinary<Functor, typename decltype(tag)::type>;
    return absl::OkStatus();
  }).IgnoreError();
  return launcher;
}

// cwise.cu
void RegisterUnaryCuda(KernelRegistry* registry, const char* op, DataTypeMask types, UnaryLauncher (*find)(DataType));
void RegisterBinaryCuda(KernelRegistry* registry, const char* op, DataTypeMask types, BinaryLauncher (*find)(DataType));

// What of a row's dtypes has a CUDA kernel. Integers whose fault only the host can report stay there.
constexpr DataTypeMask CudaTypesOf(DataTypeMask types, bool may_fail = false) {
  return types & (may_fail ? kCudaFloats : types == MaskOf(DT_BOOL) ? MaskOf(DT_BOOL) : kCudaNumbers);
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_CWISE_CUDA_CUH_
