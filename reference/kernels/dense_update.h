// How values get into variables of both kinds. All functions: the variable's lock is held for `variable`'s value.
#ifndef TFPERSIST_REFERENCE_KERNELS_DENSE_UPDATE_H_
#define TFPERSIST_REFERENCE_KERNELS_DENSE_UPDATE_H_

#include "absl/status/status.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

enum class UpdateKind { kAdd, kSub };

// INVALID_ARGUMENT unless `value` has the variable's dtype.
absl::Status CheckValueType(const RefVariable& variable, const Tensor& value);

// Puts input i into *variable: takes its buffer if this run alone holds it (a restored tensor, say), else copies, into
// the old buffer where that is unshared and of the same size. A feed is always copied: its memory is the caller's.
absl::Status StoreValue(OpKernelContext& ctx, int i, Tensor* variable);

// *variable += value or -= value, in place where the buffer is unshared. REQUIRES: same dtype and shape.
absl::Status UpdateValue(UpdateKind kind, const Tensor& value, Tensor* variable);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_DENSE_UPDATE_H_
