// What each elementwise row of cwise_ops.def computes for one element. Integers wrap (unsigned arithmetic inside) and
// are defined for every input; half and bfloat16 compute in float and round once, as TensorFlow's do.
//
// Apply(a, b, fault): `fault` is set where TensorFlow fails (integer division by zero, a negative integer power).
#ifndef TFPERSIST_REFERENCE_KERNELS_CWISE_FUNCTORS_H_
#define TFPERSIST_REFERENCE_KERNELS_CWISE_FUNCTORS_H_

#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "reference/tensor/types.h"

// One functor serves the CPU's loops and the CUDA kernels.
#ifdef __CUDACC__
#define TFP_HOST_DEVICE __host__ __device__
#else
#define TFP_HOST_DEVICE
#endif

namespace tfpersist::functor {

template <typename T>
inline constexpr bool kIsInt = std::is_integral_v<T> && !std::is_same_v<T, bool>;
template <typename T>
inline constexpr bool kIsSmallFloat = std::is_same_v<T, half> || std::is_same_v<T, bfloat16>;
template <typename T>
inline constexpr bool kIsComplex = false;
template <typename T>
inline constexpr bool kIsComplex<std::complex<T>> = true;

// The unsigned type that T's arithmetic wraps in; at least 32 bits, so that nothing promotes to a signed int.
template <typename T>
using Wrap = std::conditional_t<sizeof(T) <= 4, uint32_t, uint64_t>;

// float for half and bfloat16, T otherwise.
template <typename T>
using Wide = std::conditional_t<kIsSmallFloat<T>, float, T>;

struct Add {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(const T& a, const T& b, bool&) {
    if constexpr (kIsInt<T>) {
      return static_cast<T>(static_cast<Wrap<T>>(a) + static_cast<Wrap<T>>(b));
    } else {
      return static_cast<T>(a + b);
    }
  }
};

struct Sub {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool&) {
    if constexpr (kIsInt<T>) {
      return static_cast<T>(static_cast<Wrap<T>>(a) - static_cast<Wrap<T>>(b));
    } else {
      return static_cast<T>(a - b);
    }
  }
};

struct Mul {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool&) {
    if constexpr (kIsInt<T>) {
      return static_cast<T>(static_cast<Wrap<T>>(a) * static_cast<Wrap<T>>(b));
    } else {
      return static_cast<T>(a * b);
    }
  }
};

// Truncating for integers (Div, TruncateDiv), plain for the rest.
struct Div {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool& fault) {
    if constexpr (kIsInt<T>) {
      if (b == 0) {
        fault = true;
        return 0;
      }
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return static_cast<T>(Wrap<T>{0} - static_cast<Wrap<T>>(a));
      }
      return static_cast<T>(a / b);
    } else {
      return static_cast<T>(a / b);
    }
  }
};

// The remainder with the sign of the dividend (Mod, TruncateMod).
struct TruncateMod {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool& fault) {
    if constexpr (kIsInt<T>) {
      if (b == 0) {
        fault = true;
        return 0;
      }
      if constexpr (std::is_signed_v<T>) {
        if (b == -1) return 0;
      }
      return static_cast<T>(a % b);
    } else {
      return static_cast<T>(std::fmod(static_cast<Wide<T>>(a), static_cast<Wide<T>>(b)));
    }
  }
};

struct FloorDiv {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool& fault) {
    if constexpr (kIsInt<T>) {
      const T quotient = Div::Apply(a, b, fault);
      if constexpr (std::is_signed_v<T>) {
        if (!fault && ((a < 0) != (b < 0)) && TruncateMod::Apply(a, b, fault) != 0) return static_cast<T>(quotient - 1);
      }
      return quotient;
    } else {
      return static_cast<T>(std::floor(static_cast<Wide<T>>(static_cast<T>(a / b))));
    }
  }
};

// The remainder with the sign of the divisor.
struct FloorMod {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool& fault) {
    if constexpr (kIsInt<T>) {
      const T rest = TruncateMod::Apply(a, b, fault);
      if constexpr (std::is_signed_v<T>) {
        if (rest != 0 && ((rest < 0) != (b < 0))) return static_cast<T>(rest + b);
      }
      return rest;
    } else {
      const Wide<T> wide_b = static_cast<Wide<T>>(b);
      const Wide<T> rest = std::fmod(static_cast<Wide<T>>(a), wide_b);
      return static_cast<T>((static_cast<Wide<T>>(a) < 0) == (wide_b < 0) ? rest : std::fmod(rest + wide_b, wide_b));
    }
  }
};

// The first argument unless the second compares above (below): a NaN in either place goes the way of Eigen's max (min).
struct Maximum {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool&) {
    return a < b ? b : a;
  }
};

struct Minimum {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool&) {
    return b < a ? b : a;
  }
};

struct Pow {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool& fault) {
    if constexpr (kIsInt<T>) {
      if constexpr (std::is_signed_v<T>) {
        if (b < 0) {
          fault = true;
          return 0;
        }
      }
      Wrap<T> result = 1, base = static_cast<Wrap<T>>(a);
      for (auto e = static_cast<std::make_unsigned_t<T>>(b); e != 0; e = static_cast<decltype(e)>(e >> 1)) {
        if (e & 1) result *= base;
        base *= base;
      }
      return static_cast<T>(result);
    } else {
      return static_cast<T>(std::pow(static_cast<Wide<T>>(a), static_cast<Wide<T>>(b)));
    }
  }
};

struct SquaredDifference {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool& fault) {
    const T d = Sub::Apply(a, b, fault);
    if constexpr (kIsComplex<T>) {
      return std::conj(d) * d;
    } else {
      return Mul::Apply(d, d, fault);
    }
  }
};

struct Atan2 {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool&) {
    return std::atan2(a, b);
  }
};

struct DivNoNan {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a, T b, bool&) {
    return b == T(0) ? T(0) : static_cast<T>(a / b);
  }
};

// ---- gradients of activations: (y or x, dy) ----

struct SigmoidGrad {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T y, T dy, bool&) {
    return static_cast<T>(dy * static_cast<T>(y * static_cast<T>(T(1) - y)));
  }
};

struct TanhGrad {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T y, T dy, bool&) {
    return static_cast<T>(dy * static_cast<T>(T(1) - static_cast<T>(y * y)));
  }
};

struct ReluGrad {  // (dy, x)
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T dy, T x, bool&) {
    return x > T(0) ? dy : T(0);
  }
};

struct Relu6Grad {  // (dy, x)
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T dy, T x, bool&) {
    return x > T(0) && x < T(6) ? dy : T(0);
  }
};

// Of the wide type, rounded once.
#define TFP_GRADIENT(Name, expression)                                                 \
  struct Name {                                                                        \
    template <typename T>                                                              \
    TFP_HOST_DEVICE static T Apply(T first, T second, bool&) {                         \
      const Wide<T> a = static_cast<Wide<T>>(first), b = static_cast<Wide<T>>(second); \
      return static_cast<T>(expression);                                               \
    }                                                                                  \
  }
TFP_GRADIENT(EluGrad, b < 0 ? (b + 1) * a : a);  // (dy, y)
TFP_GRADIENT(SeluGrad, b < 0 ? a * (b + Wide<T>(1.7580993408473768)) : a * Wide<T>(1.0507009873554805));
TFP_GRADIENT(SoftplusGrad, a / (std::exp(-b) + 1));  // (dy, x)
TFP_GRADIENT(SoftsignGrad, a / ((1 + std::abs(b)) * (1 + std::abs(b))));
#undef TFP_GRADIENT

struct SqrtGrad {  // (y, dy)
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T y, T dy, bool&) {
    return static_cast<T>(dy * T(0.5f) / y);
  }
};

struct RsqrtGrad {  // (y, dy)
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T y, T dy, bool&) {
    return static_cast<T>(static_cast<T>(dy * T(-0.5f)) * static_cast<T>(y * static_cast<T>(y * y)));
  }
};

struct ReciprocalGrad {  // (y, dy)
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T y, T dy, bool&) {
    return static_cast<T>(-static_cast<T>(dy * static_cast<T>(y * y)));
  }
};

// ---- comparisons and logic ----

#define TFP_COMPARISON(Name, op)                                       \
  struct Name {                                                        \
    template <typename T>                                              \
    TFP_HOST_DEVICE static bool Apply(const T& a, const T& b, bool&) { \
      return a op b;                                                   \
    }                                                                  \
  }
TFP_COMPARISON(Equal, ==);
TFP_COMPARISON(NotEqual, !=);
TFP_COMPARISON(Less, <);
TFP_COMPARISON(LessEqual, <=);
TFP_COMPARISON(Greater, >);
TFP_COMPARISON(GreaterEqual, >=);
TFP_COMPARISON(LogicalAnd, &&);
TFP_COMPARISON(LogicalOr, ||);
#undef TFP_COMPARISON

// ---- one argument ----

struct Neg {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a) {
    if constexpr (kIsInt<T>) {
      return static_cast<T>(Wrap<T>{0} - static_cast<Wrap<T>>(a));
    } else {
      return -a;
    }
  }
};

struct Abs {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a) {
    if constexpr (kIsInt<T>) {
      return a < 0 ? Neg::Apply(a) : a;
    } else {
      return static_cast<T>(std::abs(static_cast<Wide<T>>(a)));
    }
  }
};

struct Square {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a) {
    bool fault = false;
    return Mul::Apply(a, a, fault);
  }
};

struct Sign {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a) {
    if constexpr (kIsComplex<T>) {
      return a == T(0) ? T(0) : a / std::abs(a);
    } else {
      if (a != a) return a;
      return static_cast<T>(static_cast<int>(a > T(0)) - static_cast<int>(a < T(0)));
    }
  }
};

struct Reciprocal {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a) {
    return static_cast<T>(T(1) / a);
  }
};

// expm1 and log1p with complex arguments, which <complex> lacks; exact near zero too.
template <typename T>
TFP_HOST_DEVICE T Expm1Of(T x) {
  if constexpr (kIsComplex<T>) {
    const auto half_sine = std::sin(x.imag() / 2);
    return T(std::expm1(x.real()) * std::cos(x.imag()) - 2 * half_sine * half_sine,
             std::exp(x.real()) * std::sin(x.imag()));
  } else {
    return std::expm1(x);
  }
}
template <typename T>
TFP_HOST_DEVICE T Log1pOf(T x) {
  if constexpr (kIsComplex<T>) {
    return T(std::log1p(x.real() * (2 + x.real()) + x.imag() * x.imag()) / 2, std::atan2(x.imag(), 1 + x.real()));
  } else {
    return std::log1p(x);
  }
}

// A function of <cmath> (or std::complex) in the wide type.
#define TFP_MATH(Name, expression)               \
  struct Name {                                  \
    template <typename T>                        \
    TFP_HOST_DEVICE static T Apply(T a) {        \
      const Wide<T> x = static_cast<Wide<T>>(a); \
      return static_cast<T>(expression);         \
    }                                            \
  }
TFP_MATH(Sqrt, std::sqrt(x));
TFP_MATH(Rsqrt, Wide<T>(1) / std::sqrt(x));
TFP_MATH(Exp, std::exp(x));
TFP_MATH(Expm1, Expm1Of(x));
TFP_MATH(Log, std::log(x));
TFP_MATH(Log1p, Log1pOf(x));
TFP_MATH(Tanh, std::tanh(x));
TFP_MATH(Sinh, std::sinh(x));
TFP_MATH(Cosh, std::cosh(x));
TFP_MATH(Sin, std::sin(x));
TFP_MATH(Cos, std::cos(x));
TFP_MATH(Tan, std::tan(x));
TFP_MATH(Asin, std::asin(x));
TFP_MATH(Acos, std::acos(x));
TFP_MATH(Atan, std::atan(x));
TFP_MATH(Erf, std::erf(x));
TFP_MATH(Erfc, std::erfc(x));
TFP_MATH(Sigmoid, Wide<T>(1) / (Wide<T>(1) + std::exp(-x)));
TFP_MATH(Floor, std::floor(x));
TFP_MATH(Ceil, std::ceil(x));
TFP_MATH(Rint, std::nearbyint(x));
TFP_MATH(Elu, x < 0 ? std::expm1(x) : x);
TFP_MATH(Selu, x < 0 ? Wide<T>(1.7580993408473768) * std::expm1(x) : Wide<T>(1.0507009873554805) * x);
TFP_MATH(Softplus, x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)));
TFP_MATH(Softsign, x / (std::abs(x) + 1));
#undef TFP_MATH

// Halves go to the even neighbour; integers stay.
struct Round {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a) {
    if constexpr (kIsInt<T>) {
      return a;
    } else {
      return Rint::Apply(a);
    }
  }
};

struct Relu {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a) {
    return a < T(0) ? T(0) : a;
  }
};

struct Relu6 {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a) {
    return a < T(0) ? T(0) : (T(6) < a ? T(6) : a);
  }
};

struct Invert {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a) {
    return static_cast<T>(~static_cast<Wrap<T>>(a));
  }
};

struct LogicalNot {
  template <typename T>
  TFP_HOST_DEVICE static T Apply(T a) {
    return !a;
  }
};

struct IsNan {
  template <typename T>
  TFP_HOST_DEVICE static bool Apply(T a) {
    return std::isnan(static_cast<Wide<T>>(a));
  }
};
struct IsInf {
  template <typename T>
  TFP_HOST_DEVICE static bool Apply(T a) {
    return std::isinf(static_cast<Wide<T>>(a));
  }
};
struct IsFinite {
  template <typename T>
  TFP_HOST_DEVICE static bool Apply(T a) {
    return std::isfinite(static_cast<Wide<T>>(a));
  }
};

#define TFP_BITWISE(Name, op)                                                    \
  struct Name {                                                                  \
    template <typename T>                                                        \
    TFP_HOST_DEVICE static T Apply(T a, T b, bool&) {                            \
      return static_cast<T>(static_cast<Wrap<T>>(a) op static_cast<Wrap<T>>(b)); \
    }                                                                            \
  }
TFP_BITWISE(BitwiseAnd, &);
TFP_BITWISE(BitwiseOr, |);
TFP_BITWISE(BitwiseXor, ^);
#undef TFP_BITWISE

}  // namespace tfpersist::functor

#endif  // TFPERSIST_REFERENCE_KERNELS_CWISE_FUNCTORS_H_
