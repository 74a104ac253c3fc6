// Copies a box out of a tensor with any strides: what Slice, StridedSlice, Transpose and Tile come down to.
#ifndef TFPERSIST_REFERENCE_KERNELS_STRIDED_COPY_H_
#define TFPERSIST_REFERENCE_KERNELS_STRIDED_COPY_H_

#include <algorithm>
#include <cstdint>

#include "absl/container/inlined_vector.h"

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

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_STRIDED_COPY_H_
