// The kernels that a row of cwise_ops.def expands to. Shapes, broadcasting and buffers are handled once; only the inner
// loop is instantiated per functor and dtype.
#ifndef TFPERSIST_REFERENCE_KERNELS_CWISE_H_
#define TFPERSIST_REFERENCE_KERNELS_CWISE_H_

#include <memory>
#include <string>

#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"

namespace tfpersist {

// One row of n results. x_step and y_step are 1, or 0 for an argument that is repeated.
using BinaryLoop = void (*)(const void* x, int x_step, const void* y, int y_step, void* out, int64_t n, bool* fault);
using UnaryLoop = void (*)(const void* x, void* out, int64_t n);

template <typename Functor, typename T>
void RunBinaryLoop(const void* x, int x_step, const void* y, int y_step, void* out, int64_t n, bool* fault) {
  using R = decltype(Functor::Apply(std::declval<T>(), std::declval<T>(), *fault));
  const T* a = static_cast<const T*>(x);
  const T* b = static_cast<const T*>(y);
  R* r = static_cast<R*>(out);
  bool bad = false;
  if (x_step == 1 && y_step == 1) {
    for (int64_t i = 0; i < n; ++i) r[i] = Functor::Apply(a[i], b[i], bad);
  } else if (x_step == 1) {
    const T scalar = *b;
    for (int64_t i = 0; i < n; ++i) r[i] = Functor::Apply(a[i], scalar, bad);
  } else if (y_step == 1) {
    const T scalar = *a;
    for (int64_t i = 0; i < n; ++i) r[i] = Functor::Apply(scalar, b[i], bad);
  } else {
    const R value = Functor::Apply(*a, *b, bad);
    for (int64_t i = 0; i < n; ++i) r[i] = value;
  }
  if (bad) *fault = true;
}

template <typename Functor, typename T>
void RunUnaryLoop(const void* x, void* out, int64_t n) {
  using R = decltype(Functor::Apply(std::declval<T>()));
  const T* a = static_cast<const T*>(x);
  R* r = static_cast<R*>(out);
  for (int64_t i = 0; i < n; ++i) r[i] = Functor::Apply(a[i]);
}

// The loop for `dtype`; null if kMask lacks it.
template <typename Functor, DataTypeMask kMask>
BinaryLoop BinaryLoopFor(DataType dtype) {
  BinaryLoop loop = nullptr;
  Dispatch<kMask>(dtype, [&](auto tag) {
    loop = &RunBinaryLoop<Functor, typename decltype(tag)::type>;
    return absl::OkStatus();
  }).IgnoreError();
  return loop;
}

template <typename Functor, DataTypeMask kMask>
UnaryLoop UnaryLoopFor(DataType dtype) {
  UnaryLoop loop = nullptr;
  Dispatch<kMask>(dtype, [&](auto tag) {
    loop = &RunUnaryLoop<Functor, typename decltype(tag)::type>;
    return absl::OkStatus();
  }).IgnoreError();
  return loop;
}

// Registers an op whose kernels run the loop that `find` gives for the dtype of the first input. `fault_text`: the
// INVALID_ARGUMENT of a loop that reports a fault.
void RegisterBinary(KernelRegistry* registry, const char* op, DataTypeMask types, BinaryLoop (*find)(DataType),
                    const char* fault_text);
void RegisterUnary(KernelRegistry* registry, const char* op, DataTypeMask types, UnaryLoop (*find)(DataType));

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_CWISE_H_
