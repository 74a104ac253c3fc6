// Copies the common part of two boxes of one tensor from one's values to the other's. For every dtype.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_SLICE_COPY_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_SLICE_COPY_H_

#include "reference/tensor/tensor.h"
#include "reference/tensor/tensor_slice.h"

namespace tfpersist {

// `from` holds the values of from_slice, `to` those of to_slice, both slices of a tensor of `shape`. Without a common
// part nothing happens. REQUIRES: the slices fit shape; same dtype; shapes are the slices'.
void CopySlice(const TensorShape& shape, const TensorSlice& from_slice, const Tensor& from, const TensorSlice& to_slice,
               Tensor* to);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_SLICE_COPY_H_
