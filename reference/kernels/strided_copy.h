// Copies a box out of a tensor with any strides: what Slice, StridedSlice, Transpose and Tile come down to.
#ifndef TFPERSIST_REFERENCE_KERNELS_STRIDED_COPY_H_
#define TFPERSIST_REFERENCE_KERNELS_STRIDED_COPY_H_

#include <algorithm>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "reference/kernels/kernel_util.h"
#include "reference/op/cuda_context.h"

namespace tfpersist {

struct StridedDim {
  int64_t size;
  int64_t stride;  // in elements of the source; may be negative or 0
};

// Writes the box row-major to `to`, from->from[sum(index * stride)]. Neighbouring dimensions that run on are folded.
// REQUIRES: no empty dimension; all reads inside the source.
template <typename T>
void StridedCopy(const T* from, absl::InlinedVector<StridedDim, 8> dims, T* to) {
  absl::InlinedVector<StridedDim, 8> folded;
  for (const StridedDim& d : dims) {
    if (d.size == 1) continue;
    if (!folded.empty() && folded.back().stride == d.stride * d.size) {
      folded.back().size *= d.size;
      folded.back().stride = d.stride;
    } else {
      folded.push_back(d);
    }
  }
  if (folded.empty()) {
    *to = *from;
    return;
  }
  const StridedDim row = folded.back();
  const int outer = static_cast<int>(folded.size()) - 1;
  int64_t rows = 1;
  for (int d = 0; d < outer; ++d) rows *= folded[d].size;
  absl::InlinedVector<int64_t, 8> index(outer, 0);
  for (int64_t r = 0; r < rows; ++r) {
    if (row.stride == 1) {
      to = std::copy(from, from + row.size, to);
    } else {
      for (int64_t i = 0; i < row.size; ++i) *to++ = from[i * row.stride];
    }
    for (int d = outer - 1; d >= 0; --d) {
      from += folded[d].stride;
      if (++index[d] < folded[d].size) break;
      from -= folded[d].stride * folded[d].size;
      index[d] = 0;
    }
  }
}

// The same for tensors, on the device of the kernel: the box that starts at element `offset` of x, into *out.
inline absl::Status CopyBox(OpKernelContext& ctx, const Tensor& x, int64_t offset,
                            const absl::InlinedVector<StridedDim, 8>& dims, Tensor* out) {
  if (CudaContext* cuda = ctx.device().cuda(); cuda != nullptr && out->memory_kind() == MemoryKind::kCuda) {
    absl::InlinedVector<CudaContext::BoxDim, 8> box;
    int64_t stride = out->num_elements();
    for (const StridedDim& d : dims) {
      stride /= d.size;
      box.push_back({d.size, d.stride, stride});
    }
    const int width = static_cast<int>(DataTypeSize(x.dtype()));
    return cuda->CopyBox(static_cast<const char*>(x.data()) + offset * width, out->data(), box, width);
  }
  return DispatchCopy(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    StridedCopy(Elements<T>(x) + offset, dims, Elements<T>(out));
    return absl::OkStatus();
  });
}

// `rows` runs of `run` elements, each *_pitch elements after the one before, on the device of the kernel.
struct Runs {
  int64_t rows, run;
  int64_t from_start, from_pitch, to_start, to_pitch;
};
inline absl::Status CopyRuns(OpKernelContext& ctx, const Tensor& x, const Runs& r, Tensor* out) {
  if (r.rows == 0 || r.run == 0) return absl::OkStatus();
  if (CudaContext* cuda = ctx.device().cuda(); cuda != nullptr && out->memory_kind() == MemoryKind::kCuda) {
    const int width = static_cast<int>(DataTypeSize(x.dtype()));
    return cuda->CopyBox(static_cast<const char*>(x.data()) + r.from_start * width,
                         static_cast<char*>(out->data()) + r.to_start * width,
                         {{r.rows, r.from_pitch, r.to_pitch}, {r.run, 1, 1}}, width);
  }
  return DispatchCopy(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = Elements<T>(x) + r.from_start;
    T* to = Elements<T>(out) + r.to_start;
    for (int64_t i = 0; i < r.rows; ++i) std::copy_n(from + i * r.from_pitch, r.run, to + i * r.to_pitch);
    return absl::OkStatus();
  });
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_STRIDED_COPY_H_
