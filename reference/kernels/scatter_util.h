// What kernels that gather from and scatter to given places share.
#ifndef TFPERSIST_REFERENCE_KERNELS_SCATTER_UTIL_H_
#define TFPERSIST_REFERENCE_KERNELS_SCATTER_UTIL_H_

#include <vector>

#include "absl/status/statusor.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

// All elements of an int32 or int64 tensor. `what` names it in errors.
absl::StatusOr<std::vector<int64_t>> FlatIndices(const Tensor& t, absl::string_view what);

// Flat positions of slices: indices' last dimension goes over the first dimensions of `shape`. INVALID_ARGUMENT for one
// that is outside. REQUIRES: indices has a dimension, the last no longer than shape has dimensions.
absl::StatusOr<std::vector<int64_t>> SlicePositions(const Tensor& indices, const TensorShape& shape,
                                                    absl::string_view of);

// Whether updates fit the slices of `shape` that indices name.
absl::Status CheckScatterNd(const Tensor& indices, const Tensor& updates, const TensorShape& shape);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_SCATTER_UTIL_H_
