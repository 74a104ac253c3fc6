// Reductions: the shape with neighbouring dimensions folded, so that kept and reduced ones alternate, and what is done
// with the elements, for the CPU and for CUDA.
#ifndef TFPERSIST_REFERENCE_KERNELS_REDUCTION_H_
#define TFPERSIST_REFERENCE_KERNELS_REDUCTION_H_

#include <limits>
#include <type_traits>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

struct FoldedReduction {
  TensorShape out_shape;
  absl::InlinedVector<int64_t, 8> sizes;  // of x, folded
  bool first_is_reduced = false;          // sizes alternate from there
};

// INVALID_ARGUMENT, in TensorFlow's words, for an axis that is out of range or named twice. REQUIRES: axes on the host.
absl::StatusOr<FoldedReduction> FoldReduction(const TensorShape& shape, const Tensor& axes, bool keep_dims);

// A reducer: the start value, what an element adds, how two partial results join, what comes out of n elements.
template <typename T>
using SumAccumulator = std::conditional_t<functor::kIsSmallFloat<T>, float, T>;

struct SumReducer {
  template <typename T>
  using Acc = SumAccumulator<T>;
  template <typename T>
  TFP_HOST_DEVICE static Acc<T> Start() {
    return Acc<T>(0);
  }
  template <typename A>
  TFP_HOST_DEVICE static A Join(A a, A b) {
    bool fault = false;
    return functor::Add::Apply(a, b, fault);
  }
  template <typename T>
  TFP_HOST_DEVICE static T Finish(Acc<T> a, int64_t) {
    return static_cast<T>(a);
  }
};

struct MeanReducer : SumReducer {
  template <typename T>
  TFP_HOST_DEVICE static T Finish(Acc<T> a, int64_t n) {
    if constexpr (functor::kIsInt<T>) {
      // The count wraps as TensorFlow's does.
      const T count = static_cast<T>(n);
      bool fault = false;
      return functor::Div::Apply(a, count, fault);
    } else if constexpr (functor::kIsComplex<T>) {
      return a / T(static_cast<typename T::value_type>(n));
    } else {
      return static_cast<T>(a / static_cast<Acc<T>>(n));
    }
  }
};

struct ProdReducer {
  template <typename T>
  using Acc = SumAccumulator<T>;
  template <typename T>
  TFP_HOST_DEVICE static Acc<T> Start() {
    return Acc<T>(1);
  }
  template <typename A>
  TFP_HOST_DEVICE static A Join(A a, A b) {
    bool fault = false;
    return functor::Mul::Apply(a, b, fault);
  }
  template <typename T>
  TFP_HOST_DEVICE static T Finish(Acc<T> a, int64_t) {
    return static_cast<T>(a);
  }
};

struct MaxReducer {
  template <typename T>
  using Acc = T;
  template <typename T>
  TFP_HOST_DEVICE static T Start() {
    if constexpr (functor::kIsSmallFloat<T>) {
      return static_cast<T>(-std::numeric_limits<float>::infinity());
    } else if constexpr (std::numeric_limits<T>::has_infinity) {
      return -std::numeric_limits<T>::infinity();
    } else {
      return std::numeric_limits<T>::lowest();
    }
  }
  template <typename A>
  TFP_HOST_DEVICE static A Join(A a, A b) {
    return a < b ? b : a;
  }
  template <typename T>
  TFP_HOST_DEVICE static T Finish(T a, int64_t) {
    return a;
  }
};

struct MinReducer {
  template <typename T>
  using Acc = T;
  template <typename T>
  TFP_HOST_DEVICE static T Start() {
    if constexpr (functor::kIsSmallFloat<T>) {
      return static_cast<T>(std::numeric_limits<float>::infinity());
    } else if constexpr (std::numeric_limits<T>::has_infinity) {
      return std::numeric_limits<T>::infinity();
    } else {
      return std::numeric_limits<T>::max();
    }
  }
  template <typename A>
  TFP_HOST_DEVICE static A Join(A a, A b) {
    return b < a ? b : a;
  }
  template <typename T>
  TFP_HOST_DEVICE static T Finish(T a, int64_t) {
    return a;
  }
};

struct AllReducer {
  template <typename T>
  using Acc = bool;
  template <typename T>
  TFP_HOST_DEVICE static bool Start() {
    return true;
  }
  template <typename A>
  TFP_HOST_DEVICE static A Join(A a, A b) {
    return a && b;
  }
  template <typename T>
  TFP_HOST_DEVICE static T Finish(bool a, int64_t) {
    return a;
  }
};

struct AnyReducer {
  template <typename T>
  using Acc = bool;
  template <typename T>
  TFP_HOST_DEVICE static bool Start() {
    return false;
  }
  template <typename A>
  TFP_HOST_DEVICE static A Join(A a, A b) {
    return a || b;
  }
  template <typename T>
  TFP_HOST_DEVICE static T Finish(bool a, int64_t) {
    return a;
  }
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_REDUCTION_H_
