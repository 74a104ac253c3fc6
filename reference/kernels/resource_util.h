// What kernels that take a resource variable share.
#ifndef TFPERSIST_REFERENCE_KERNELS_RESOURCE_UTIL_H_
#define TFPERSIST_REFERENCE_KERNELS_RESOURCE_UTIL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

// The handle in input i; it lives as long as the input.
absl::StatusOr<const ResourceHandle*> HandleInput(OpKernelContext& ctx, int i);
// The initialized variable behind input i; NOT_FOUND as S20 has it.
absl::StatusOr<std::shared_ptr<RefVariable>> LookupVariable(OpKernelContext& ctx, int i);
// Output i: the shape as a vector of `dtype` (int32 or int64). INVALID_ARGUMENT if a dimension does not fit.
absl::Status SetShapeOutput(OpKernelContext& ctx, int i, const TensorShape& shape, DataType dtype);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_RESOURCE_UTIL_H_
