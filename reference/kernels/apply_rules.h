// What optimizers compute, one rule each, for whole variables (apply.cc) and for rows of them (sparse_apply.cc).
// Follows core/kernels/training_ops.cc in the order of its arithmetic.
//
// A rule works in steps, each of which writes one of its variables: v[0] is the variable, v[1] … are its slots in the
// op's order. Every element depends on the elements of the same place alone. Steps are inlined where it is known which
// one: what it writes is then no question inside of its loop, and the loop vectorizes.
#ifndef TFPERSIST_REFERENCE_KERNELS_APPLY_RULES_H_
#define TFPERSIST_REFERENCE_KERNELS_APPLY_RULES_H_

#include <cmath>
#include <cstdint>

#include "absl/base/attributes.h"

namespace tfpersist::apply {

struct Flags {
  bool nesterov = false, update_slots = true;
};

// Everything that a step needs of one element range.
template <typename T>
struct Args {
  const T* s;           // scalars in the op's order
  int64_t global_step;  // of AdagradDA
  Flags flags;
  T* const* v;
  const T* g;
  int64_t n;
};

template <typename T>
T Sign(T x) {
  return x > T(0) ? T(1) : x < T(0) ? T(-1) : T(0);
}
template <typename T>
T Root(T x) {
  using std::sqrt;
  return static_cast<T>(sqrt(x));
}
template <typename T>
T Magnitude(T x) {
  return x < T(0) ? static_cast<T>(-x) : x;
}
template <typename T>
T Positive(T x) {  // NaN stays
  return x < T(0) ? T(0) : x;
}

// kScalars: the names in errors, kBefore of them stand before the gradient (the rest after it; of the sparse form all
// that stand after the gradient stand after the indices). kSteps: which variable each step writes.
struct GradientDescent {
  static constexpr int kVariables = 1, kBefore = 1, kSteps[] = {0};
  static constexpr const char* kScalars[] = {"alpha"};
  static constexpr const char* kGrad = "delta";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int, const Args<T>& a) {
    for (int64_t i = 0; i < a.n; ++i) a.v[0][i] = a.v[0][i] - a.g[i] * a.s[0];
  }
};

struct Momentum {  // accum
  static constexpr int kVariables = 2, kBefore = 1, kSteps[] = {1, 0};
  static constexpr const char* kScalars[] = {"lr", "momentum"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    const T rate = a.s[0], momentum = a.s[1];
    T *v = a.v[0], *accum = a.v[1];
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 1) {
        accum[i] = accum[i] * momentum + a.g[i];
      } else if (a.flags.nesterov) {
        v[i] = v[i] - (a.g[i] * rate + accum[i] * momentum * rate);
      } else {
        v[i] = v[i] - accum[i] * rate;
      }
    }
  }
};

struct Adam {  // m, v
  static constexpr int kVariables = 3, kBefore = 6, kSteps[] = {1, 2, 0};
  static constexpr const char* kScalars[] = {"beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    const T one(1), beta1 = a.s[3], epsilon = a.s[5], rest1 = one - beta1, rest2 = one - a.s[4];
    const T alpha = a.s[2] * Root(one - a.s[1]) / (one - a.s[0]);
    T *v = a.v[0], *m = a.v[1], *second = a.v[2];
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 1) {
        m[i] = m[i] + (a.g[i] - m[i]) * rest1;
      } else if (written == 2) {
        second[i] = second[i] + (a.g[i] * a.g[i] - second[i]) * rest2;
      } else {
        const T first = a.flags.nesterov ? a.g[i] * rest1 + beta1 * m[i] : m[i];
        v[i] = v[i] - first * alpha / (Root(second[i]) + epsilon);
      }
    }
  }
};

struct Adagrad {  // accum
  static constexpr int kVariables = 2, kBefore = 1, kSteps[] = {1, 0};
  static constexpr const char* kScalars[] = {"lr"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    T *v = a.v[0], *accum = a.v[1];
    if (written == 1 && !a.flags.update_slots) return;
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 1) {
        accum[i] = accum[i] + a.g[i] * a.g[i];
      } else {
        v[i] = v[i] - a.g[i] * a.s[0] * (T(1) / Root(accum[i]));
      }
    }
  }
};

struct AdagradV2 {  // accum
  static constexpr int kVariables = 2, kBefore = 2, kSteps[] = {1, 0};
  static constexpr const char* kScalars[] = {"lr", "epsilon"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    T *v = a.v[0], *accum = a.v[1];
    if (written == 1 && !a.flags.update_slots) return;
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 1) {
        accum[i] = accum[i] + a.g[i] * a.g[i];
      } else {
        v[i] = v[i] - a.g[i] * a.s[0] / (Root(accum[i]) + a.s[1]);
      }
    }
  }
};

struct RmsProp {  // ms, mom
  static constexpr int kVariables = 3, kBefore = 4, kSteps[] = {1, 2, 0};
  static constexpr const char* kScalars[] = {"lr", "rho", "momentum", "epsilon"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    const T rate = a.s[0], rest = T(1) - a.s[1], momentum = a.s[2], epsilon = a.s[3];
    T *v = a.v[0], *ms = a.v[1], *mom = a.v[2];
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 1) {
        ms[i] = ms[i] + (a.g[i] * a.g[i] - ms[i]) * rest;
      } else if (written == 2) {
        mom[i] = mom[i] * momentum + a.g[i] * rate / Root(epsilon + ms[i]);
      } else {
        v[i] = v[i] - mom[i];
      }
    }
  }
};

struct CenteredRmsProp {  // mg, ms, mom
  static constexpr int kVariables = 4, kBefore = 4, kSteps[] = {2, 1, 3, 0};
  static constexpr const char* kScalars[] = {"lr", "rho", "momentum", "epsilon"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    const T rate = a.s[0], rest = T(1) - a.s[1], momentum = a.s[2], epsilon = a.s[3];
    T *v = a.v[0], *mg = a.v[1], *ms = a.v[2], *mom = a.v[3];
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 2) {
        ms[i] = ms[i] + (a.g[i] * a.g[i] - ms[i]) * rest;
      } else if (written == 1) {
        mg[i] = mg[i] + (a.g[i] - mg[i]) * rest;
      } else if (written == 3) {
        mom[i] = mom[i] * momentum + a.g[i] * rate / Root((ms[i] - mg[i] * mg[i]) + epsilon);
      } else {
        v[i] = v[i] - mom[i];
      }
    }
  }
};

struct Adadelta {  // accum, accum_update
  static constexpr int kVariables = 3, kBefore = 3, kSteps[] = {1, 0, 2};
  static constexpr const char* kScalars[] = {"lr", "rho", "epsilon"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    const T rate = a.s[0], rho = a.s[1], rest = T(1) - rho, epsilon = a.s[2];
    T *v = a.v[0], *accum = a.v[1], *accum_update = a.v[2];
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 1) {
        accum[i] = accum[i] * rho + a.g[i] * a.g[i] * rest;
        continue;
      }
      const T update = Root(accum_update[i] + epsilon) * (T(1) / Root(accum[i] + epsilon)) * a.g[i];
      if (written == 0) {
        v[i] = v[i] - update * rate;
      } else {
        accum_update[i] = accum_update[i] * rho + update * update * rest;
      }
    }
  }
};

struct AdaMax {  // m, v
  static constexpr int kVariables = 3, kBefore = 5, kSteps[] = {1, 2, 0};
  static constexpr const char* kScalars[] = {"beta1_power", "lr", "beta1", "beta2", "epsilon"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    const T rate = a.s[1] / (T(1) - a.s[0]), rest = T(1) - a.s[2], beta2 = a.s[3], epsilon = a.s[4];
    T *v = a.v[0], *m = a.v[1], *largest = a.v[2];
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 1) {
        m[i] = m[i] + (a.g[i] - m[i]) * rest;
      } else if (written == 2) {
        const T old = largest[i] * beta2, now = Magnitude(a.g[i]);
        largest[i] = old < now ? now : old;
      } else {
        v[i] = v[i] - rate * (m[i] / (largest[i] + epsilon));
      }
    }
  }
};

template <bool kPower>
struct SignRule {  // m
  static constexpr int kVariables = 2, kBefore = 4, kSteps[] = {1, 0};
  static constexpr const char* kScalars[] = {"lr", kPower ? "logbase" : "alpha", "sign_decay", "beta"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    using std::exp;
    const T rate = a.s[0], base = a.s[1], decay = a.s[2], beta = a.s[3], rest = T(1) - beta;
    T *v = a.v[0], *m = a.v[1];
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 1) {
        m[i] = m[i] * beta + a.g[i] * rest;
        continue;
      }
      const T agree = Sign(a.g[i]) * Sign(m[i]);
      const T scale = kPower ? static_cast<T>(exp(base * decay * agree)) : base + decay * agree;
      v[i] = v[i] - rate * scale * a.g[i];
    }
  }
};

// The value nearest to `x` that pays for its size: by rate * l1 each, and by its square.
template <typename T>
T Proximal(T x, T rate, T l1, T l2) {
  if (!(l1 > T(0))) return x / (T(1) + l2 * rate);
  return Sign(x) * Positive(Magnitude(x) - rate * l1) / (T(1) + l2 * rate);
}

struct ProximalGradientDescent {
  static constexpr int kVariables = 1, kBefore = 3, kSteps[] = {0};
  static constexpr const char* kScalars[] = {"alpha", "l1", "l2"};
  static constexpr const char* kGrad = "delta";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int, const Args<T>& a) {
    for (int64_t i = 0; i < a.n; ++i) {
      a.v[0][i] = Proximal<T>(a.v[0][i] - a.g[i] * a.s[0], a.s[0], a.s[1], a.s[2]);
    }
  }
};

struct ProximalAdagrad {  // accum
  static constexpr int kVariables = 2, kBefore = 3, kSteps[] = {1, 0};
  static constexpr const char* kScalars[] = {"lr", "l1", "l2"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    T *v = a.v[0], *accum = a.v[1];
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 1) {
        accum[i] = accum[i] + a.g[i] * a.g[i];
      } else {
        const T rate = a.s[0] * (T(1) / Root(accum[i]));
        v[i] = Proximal<T>(v[i] - a.g[i] * rate, rate, a.s[1], a.s[2]);
      }
    }
  }
};

struct AdagradDa {  // gradient_accumulator, gradient_squared_accumulator
  static constexpr int kVariables = 3, kBefore = 0, kSteps[] = {1, 2, 0};
  static constexpr const char* kScalars[] = {"lr", "l1", "l2", "global_step"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    const T rate = a.s[0], l1 = a.s[1], l2 = a.s[2], step = static_cast<T>(static_cast<double>(a.global_step));
    T *v = a.v[0], *sum = a.v[1], *squares = a.v[2];
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 1) {
        sum[i] = sum[i] + a.g[i];
      } else if (written == 2) {
        squares[i] = squares[i] + a.g[i] * a.g[i];
      } else {
        const T below = l2 * step * rate + Root(squares[i]);
        if (l1 > T(0)) {
          v[i] = T(-1) * rate * (Positive(Magnitude(sum[i]) - l1 * step) * Sign(sum[i])) / below;
        } else {
          v[i] = rate * sum[i] * T(-1) / below;
        }
      }
    }
  }
};

// The second version adds a shrinkage to the gradient.
template <bool kShrinkage>
struct Ftrl {  // accum, linear
  static constexpr int kVariables = 3, kBefore = 0, kSteps[] = {2, 1, 0};
  static constexpr const char* kScalars[] = {"lr", "l1", "l2", kShrinkage ? "l2_shrinkage" : "lr_power", "lr_power"};
  static constexpr const char* kGrad = "grad";
  template <typename T>
  static T Power(T x, T lr_power) {  // of the learning rate's decay, turned
    using std::pow;
    return lr_power == T(-0.5f) ? Root(x) : static_cast<T>(pow(x, -lr_power));
  }
  template <typename T>
  ABSL_ATTRIBUTE_ALWAYS_INLINE static void Step(int written, const Args<T>& a) {
    const T rate = a.s[0], l1 = a.s[1], l2 = a.s[2], shrinkage = kShrinkage ? a.s[3] : T(0),
            power = a.s[kShrinkage ? 4 : 3];
    T *v = a.v[0], *accum = a.v[1], *linear = a.v[2];
    for (int64_t i = 0; i < a.n; ++i) {
      if (written == 2) {
        const T grad = kShrinkage ? a.g[i] + T(2) * shrinkage * v[i] : a.g[i];
        const T sum = accum[i] + a.g[i] * a.g[i];
        linear[i] = linear[i] + (grad - (Power(sum, power) - Power(accum[i], power)) / rate * v[i]);
      } else if (written == 1) {
        accum[i] = accum[i] + a.g[i] * a.g[i];
      } else if (Magnitude(linear[i]) > l1) {
        v[i] = (l1 * Sign(linear[i]) - linear[i]) / (Power(accum[i], power) / rate + T(2) * l2);
      } else {
        v[i] = T(0);
      }
    }
  }
};

}  // namespace tfpersist::apply

#endif  // TFPERSIST_REFERENCE_KERNELS_APPLY_RULES_H_
