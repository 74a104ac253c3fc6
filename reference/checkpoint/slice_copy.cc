#include "reference/checkpoint/slice_copy.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace tfpersist {
namespace {

// Copies `count` elements from index `from_at` to index `to_at`.
void CopyRun(const Tensor& from, int64_t from_at, Tensor* to, int64_t to_at, int64_t count) {
  if (const size_t width = DataTypeSize(from.dtype()); width > 0) {
    std::memcpy(static_cast<char*>(to->data()) + to_at * width, static_cast<const char*>(from.data()) + from_at * width,
                count * width);
  } else if (from.dtype() == DT_STRING) {
    std::copy_n(from.flat<std::string>().begin() + from_at, count, to->flat<std::string>().begin() + to_at);
  } else if (from.dtype() == DT_VARIANT) {
    std::copy_n(from.flat<Variant>().begin() + from_at, count, to->flat<Variant>().begin() + to_at);
  }
}

}  // namespace

void CopySlice(const TensorShape& shape, const TensorSlice& from_slice, const Tensor& from, const TensorSlice& to_slice,
               Tensor* to) {
  const TensorSlice source = from_slice.Resolved(shape), target = to_slice.Resolved(shape);
  TensorSlice common;
  if (from.num_elements() == 0 || to->num_elements() == 0 || !source.Intersect(target, &common)) return;
  const int rank = shape.rank();
  if (rank == 0) return CopyRun(from, 0, to, 0, 1);
  const int64_t run = common.extent(rank - 1).length;
  std::vector<int64_t> index(rank);
  for (int d = 0; d < rank; ++d) index[d] = common.start(d);
  for (;;) {
    int64_t from_at = 0, to_at = 0;
    for (int d = 0; d < rank; ++d) {
      from_at = from_at * source.extent(d).length + (index[d] - source.start(d));
      to_at = to_at * target.extent(d).length + (index[d] - target.start(d));
    }
    CopyRun(from, from_at, to, to_at, run);
    int d = rank - 2;
    for (; d >= 0 && ++index[d] == common.end(d); --d) index[d] = common.start(d);
    if (d < 0) return;
  }
}

}  // namespace tfpersist
