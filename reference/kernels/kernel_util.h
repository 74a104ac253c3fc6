// What the kernel files share: registration in one line, dtype dispatch, checks of small inputs, splitting of work.
#ifndef TFPERSIST_REFERENCE_KERNELS_KERNEL_UTIL_H_
#define TFPERSIST_REFERENCE_KERNELS_KERNEL_UTIL_H_

#include <algorithm>
#include <complex>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/op/kernel_registry.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

// ---- registration ----

// A kernel that is one function and keeps nothing from its node.
class FunctionKernel : public OpKernel {
 public:
  using Function = absl::Status (*)(OpKernelContext&);
  explicit FunctionKernel(Function function) : function_(function) {}
  absl::Status Compute(OpKernelContext& ctx) override { return function_(ctx); }

 private:
  Function function_;
};

// `types` restrict attr `type_attr`; an empty attr: whatever the op's signature allows.
inline void RegisterFunction(KernelRegistry* registry, absl::string_view op, FunctionKernel::Function function,
                             absl::string_view type_attr = "", DataTypeMask types = 0) {
  registry->Register({.op = std::string(op),
                      .type_attr = std::string(type_attr),
                      .types = types,
                      .factory = [function](OpKernelConstruction&) -> absl::StatusOr<std::unique_ptr<OpKernel>> {
                        return std::make_unique<FunctionKernel>(function);
                      }});
}

// A kernel class with `static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction&)`.
template <typename Kernel>
void RegisterKernel(KernelRegistry* registry, absl::string_view op, absl::string_view type_attr = "",
                    DataTypeMask types = 0) {
  registry->Register(
      {.op = std::string(op), .type_attr = std::string(type_attr), .types = types, .factory = &Kernel::Make});
}

// ---- dtype dispatch ----

template <typename T>
struct TypeTag {
  using type = T;
};

absl::Status NoKernelForType(DataType dtype);

// Calls f(TypeTag<T>()) with the C++ type of `dtype` if kMask has it; UNIMPLEMENTED otherwise.
template <DataTypeMask kMask, typename F>
absl::Status Dispatch(DataType dtype, F&& f) {
#define TFP_CASE(T)                                       \
  case DataTypeOf<T>::value:                              \
    if constexpr (MaskHas(kMask, DataTypeOf<T>::value)) { \
      return f(TypeTag<T>());                             \
    } else {                                              \
      break;                                              \
    }
  switch (dtype) {
    TFP_CASE(float)
    TFP_CASE(double)
    TFP_CASE(half)
    TFP_CASE(bfloat16)
    TFP_CASE(int8_t)
    TFP_CASE(int16_t)
    TFP_CASE(int32_t)
    TFP_CASE(int64_t)
    TFP_CASE(uint8_t)
    TFP_CASE(uint16_t)
    TFP_CASE(uint32_t)
    TFP_CASE(uint64_t)
    TFP_CASE(bool)
    TFP_CASE(std::complex<float>)
    TFP_CASE(std::complex<double>)
    TFP_CASE(std::string)
    default:
      break;
  }
#undef TFP_CASE
  return NoKernelForType(dtype);
}

// An element that is only moved: so many plain bytes.
template <size_t N>
struct RawElement {
  unsigned char bytes[N];
};

// Calls f(TypeTag<T>()) with a type that copies elements of `dtype`: raw bytes of the same width, or the object type.
// One instance per width serves all dtypes of kernels that only move elements.
template <typename F>
absl::Status DispatchCopy(DataType dtype, F&& f) {
  if (dtype == DT_STRING) return f(TypeTag<std::string>());
  if (dtype == DT_RESOURCE) return f(TypeTag<ResourceHandle>());
  if (dtype == DT_VARIANT) return f(TypeTag<Variant>());
  switch (DataTypeSize(dtype)) {
    case 1:
      return f(TypeTag<RawElement<1>>());
    case 2:
      return f(TypeTag<RawElement<2>>());
    case 4:
      return f(TypeTag<RawElement<4>>());
    case 8:
      return f(TypeTag<RawElement<8>>());
    case 16:
      return f(TypeTag<RawElement<16>>());
    default:
      return NoKernelForType(dtype);
  }
}

// The elements under any of the types above. REQUIRES: T has the width of the tensor's dtype, or is its object type.
template <typename T>
const T* Elements(const Tensor& t) {
  return static_cast<const T*>(t.data());
}
template <typename T>
T* Elements(Tensor* t) {
  return static_cast<T*>(t->data());
}

// ---- inputs ----

// A vector or scalar of int32 or int64 as int64 values. `what` names it in errors.
absl::StatusOr<std::vector<int64_t>> IntVector(const Tensor& t, absl::string_view what);
// A scalar of int32 or int64.
absl::StatusOr<int64_t> IntScalar(const Tensor& t, absl::string_view what);

// The shape that a vector of sizes names; INVALID_ARGUMENT for a negative one.
absl::StatusOr<TensorShape> ShapeOfSizes(absl::Span<const int64_t> sizes);
// "[1,2]" for element `flat` of a tensor of this shape, "" for a scalar's: what stands behind its name in errors.
std::string IndexText(const TensorShape& shape, int64_t flat);

// ---- outputs ----

// Output i: a vector of these values as int32 or int64.
absl::Status SetIntVector(OpKernelContext& ctx, int i, DataType dtype, absl::Span<const int64_t> values);

// ---- work ----

// Splits [0, n) over the device's threads where n * cost (nanoseconds per unit, roughly) is worth it: f(begin, end).
void Shard(OpKernelContext& ctx, int64_t n, int64_t cost, const std::function<void(int64_t, int64_t)>& f);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_KERNEL_UTIL_H_
