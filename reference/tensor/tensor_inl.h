// Template bodies of tensor.h; include that.
#ifndef TFPERSIST_REFERENCE_TENSOR_TENSOR_INL_H_
#define TFPERSIST_REFERENCE_TENSOR_TENSOR_INL_H_

#include <algorithm>

namespace tfpersist {

template <typename T>
Tensor Tensor::Of(const TensorShape& shape, absl::Span<const T> values) {
  absl::StatusOr<Tensor> t = Allocate(DataTypeOf<T>::value, shape);
  if (!t.ok()) return Tensor();
  std::copy(values.begin(), values.begin() + std::min<size_t>(values.size(), t->num_elements()), t->flat<T>().begin());
  return *std::move(t);
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TENSOR_TENSOR_INL_H_
