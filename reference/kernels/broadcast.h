// Numpy-style broadcasting folded to as few dimensions as the two shapes allow, so that one loop serves every rank.
// Follows core/util/bcast.h in its rules and core/kernels/cwise_ops_common.cc in its error text.
#ifndef TFPERSIST_REFERENCE_KERNELS_BROADCAST_H_
#define TFPERSIST_REFERENCE_KERNELS_BROADCAST_H_

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "reference/tensor/tensor_shape.h"

namespace tfpersist {

struct Broadcast {
  struct Dim {
    int64_t size;
    int64_t x_stride, y_stride;  // in elements; 0: the argument is repeated along this dimension
  };

  // INVALID_ARGUMENT "Incompatible shapes: [2,3] vs. [4]".
  static absl::StatusOr<Broadcast> Of(const TensorShape& x, const TensorShape& y);

  TensorShape shape;                 // of the result
  absl::InlinedVector<Dim, 4> dims;  // outermost first; at least one, the last is the inner loop
};

// Calls inner(x_offset, y_offset, out_offset) for each row of b.dims.back().size elements.
template <typename F>
void ForEachRow(const Broadcast& b, F&& inner) {
  const int outer = static_cast<int>(b.dims.size()) - 1;
  const int64_t row = b.dims[outer].size;
  int64_t rows = 1;
  for (int d = 0; d < outer; ++d) rows *= b.dims[d].size;
  absl::InlinedVector<int64_t, 4> index(outer, 0);
  int64_t x = 0, y = 0;
  for (int64_t r = 0; r < rows; ++r) {
    inner(x, y, r * row);
    for (int d = outer - 1; d >= 0; --d) {
      x += b.dims[d].x_stride;
      y += b.dims[d].y_stride;
      if (++index[d] < b.dims[d].size) break;
      x -= b.dims[d].x_stride * b.dims[d].size;
      y -= b.dims[d].y_stride * b.dims[d].size;
      index[d] = 0;
    }
  }
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_BROADCAST_H_
