#include "reference/kernels/dense_update.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/op/cuda_context.h"

namespace tfpersist {

absl::Status CheckValueType(const RefVariable& variable, const Tensor& value) {
  if (value.dtype() == variable.dtype) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("Trying to assign variable with wrong dtype. Expected ",
                                                 DataTypeString(variable.dtype), " got ",
                                                 DataTypeString(value.dtype())));
}

absl::Status StoreValue(OpKernelContext& ctx, int i, Tensor* variable) {
  const Tensor& value = ctx.input(i);
  if (ctx.OwnsInput(i)) {
    *variable = value;
    return absl::OkStatus();
  }
  if (IsPlain(value.dtype()) && variable->has_value() && variable->shape() == value.shape() &&
      (variable->memory_kind() == MemoryKind::kCuda) == (value.memory_kind() == MemoryKind::kCuda) &&
      variable->RefCountIsOne()) {
    if (value.total_bytes() == 0) return absl::OkStatus();
    if (value.memory_kind() == MemoryKind::kCuda) {
      return ctx.device().cuda()->CopyOnDevice(value.data(), variable->data(), value.total_bytes());
    }
    memcpy(variable->data(), value.data(), value.total_bytes());
    return absl::OkStatus();
  }
  if (value.memory_kind() == MemoryKind::kCuda) {
    TFP_ASSIGN_OR_RETURN(*variable, Tensor::Allocate(value.dtype(), value.shape(), ctx.device().allocator()));
    return ctx.device().cuda()->CopyOnDevice(value.data(), variable->data(), value.total_bytes());
  }
  TFP_ASSIGN_OR_RETURN(*variable, value.DeepCopy());
  return absl::OkStatus();
}

absl::Status UpdateValue(UpdateKind kind, const Tensor& value, Tensor* variable) {
  Tensor result;  // used where somebody still reads the old buffer
  if (!variable->RefCountIsOne()) {
    TFP_ASSIGN_OR_RETURN(result, Tensor::Allocate(variable->dtype(), variable->shape()));
  }
  Tensor* out = result.has_value() ? &result : variable;
  TFP_RETURN_IF_ERROR(Dispatch<kNumberTypes>(value.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* old = Elements<T>(*variable);
    const T* delta = Elements<T>(value);
    T* to = Elements<T>(out);
    bool fault = false;
    const int64_t n = value.num_elements();
    if (kind == UpdateKind::kAdd) {
      for (int64_t i = 0; i < n; ++i) to[i] = functor::Add::Apply(old[i], delta[i], fault);
    } else {
      for (int64_t i = 0; i < n; ++i) to[i] = functor::Sub::Apply(old[i], delta[i], fault);
    }
    return absl::OkStatus();
  }));
  if (out == &result) *variable = std::move(result);
  return absl::OkStatus();
}

}  // namespace tfpersist
