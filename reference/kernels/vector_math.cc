#include "reference/kernels/vector_math.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "reference/kernels/target_clones.h"

#ifdef TFP_HAVE_TARGET_CLONES
// What libmvec has, said the way that <math.h> says it to programs built with -ffast-math.
extern "C" {
__attribute__((simd("notinbranch"), const, nothrow)) float expf(float);
__attribute__((simd("notinbranch"), const, nothrow)) float logf(float);
__attribute__((simd("notinbranch"), const, nothrow)) float tanhf(float);
__attribute__((simd("notinbranch"), const, nothrow)) float erff(float);
}
#endif

namespace tfpersist {

#ifdef TFP_HAVE_TARGET_CLONES
namespace {

#define TFP_BINARY(Name, expression)                                                                               \
  TFP_TARGET_CLONES void Name(const void* x, int x_step, const void* y, int y_step, void* out, int64_t n, bool*) { \
    const float* xs = static_cast<const float*>(x);                                                                \
    const float* ys = static_cast<const float*>(y);                                                                \
    float* to = static_cast<float*>(out);                                                                          \
    if (x_step == 1 && y_step == 1) {                                                                              \
      for (int64_t i = 0; i < n; ++i) {                                                                            \
        const float a = xs[i], b = ys[i];                                                                          \
        to[i] = expression;                                                                                        \
      }                                                                                                            \
    } else if (x_step == 1) {                                                                                      \
      const float b = *ys;                                                                                         \
      for (int64_t i = 0; i < n; ++i) {                                                                            \
        const float a = xs[i];                                                                                     \
        to[i] = expression;                                                                                        \
      }                                                                                                            \
    } else if (y_step == 1) {                                                                                      \
      const float a = *xs;                                                                                         \
      for (int64_t i = 0; i < n; ++i) {                                                                            \
        const float b = ys[i];                                                                                     \
        to[i] = expression;                                                                                        \
      }                                                                                                            \
    } else {                                                                                                       \
      const float a = *xs, b = *ys;                                                                                \
      const float value = expression;                                                                              \
      for (int64_t i = 0; i < n; ++i) to[i] = value;                                                               \
    }                                                                                                              \
  }
TFP_BINARY(AddLoop, a + b)
TFP_BINARY(SubLoop, a - b)
TFP_BINARY(MulLoop, a* b)
TFP_BINARY(DivLoop, a / b)
TFP_BINARY(MaximumLoop, a < b ? b : a)
TFP_BINARY(MinimumLoop, b < a ? b : a)
TFP_BINARY(SquaredDifferenceLoop, (a - b) * (a - b))
#undef TFP_BINARY

#define TFP_UNARY_LOOP(Name, expression)                             \
  TFP_TARGET_CLONES void Name(const void* x, void* out, int64_t n) { \
    const float* xs = static_cast<const float*>(x);                  \
    float* to = static_cast<float*>(out);                            \
    for (int64_t i = 0; i < n; ++i) {                                \
      const float a = xs[i];                                         \
      to[i] = expression;                                            \
    }                                                                \
  }
TFP_UNARY_LOOP(NegLoop, -a)
TFP_UNARY_LOOP(SquareLoop, a* a)
TFP_UNARY_LOOP(SqrtLoop, std::sqrt(a))
TFP_UNARY_LOOP(RsqrtLoop, 1.0f / std::sqrt(a))
TFP_UNARY_LOOP(ReluLoop, a < 0.0f ? 0.0f : a)
TFP_UNARY_LOOP(Relu6Loop, a < 0.0f ? 0.0f : (6.0f < a ? 6.0f : a))
TFP_UNARY_LOOP(ExpLoop, expf(a))
TFP_UNARY_LOOP(LogLoop, logf(a))
TFP_UNARY_LOOP(TanhLoop, tanhf(a))
TFP_UNARY_LOOP(ErfLoop, erff(a))
TFP_UNARY_LOOP(SigmoidLoop, 1.0f / (1.0f + expf(-a)))
#undef TFP_UNARY_LOOP

}  // namespace

BinaryLoop VectorBinaryLoop(const std::string& op) {
  if (op == "Add" || op == "AddV2") return &AddLoop;
  if (op == "Sub") return &SubLoop;
  if (op == "Mul") return &MulLoop;
  if (op == "RealDiv" || op == "Div") return &DivLoop;
  if (op == "Maximum") return &MaximumLoop;
  if (op == "Minimum") return &MinimumLoop;
  if (op == "SquaredDifference") return &SquaredDifferenceLoop;
  return nullptr;
}

UnaryLoop VectorUnaryLoop(const std::string& op) {
  if (op == "Neg") return &NegLoop;
  if (op == "Square") return &SquareLoop;
  if (op == "Sqrt") return &SqrtLoop;
  if (op == "Rsqrt") return &RsqrtLoop;
  if (op == "Relu") return &ReluLoop;
  if (op == "Relu6") return &Relu6Loop;
  if (op == "Exp") return &ExpLoop;
  if (op == "Log") return &LogLoop;
  if (op == "Tanh") return &TanhLoop;
  if (op == "Erf") return &ErfLoop;
  if (op == "Sigmoid") return &SigmoidLoop;
  return nullptr;
}
#else
BinaryLoop VectorBinaryLoop(const std::string&) { return nullptr; }
UnaryLoop VectorUnaryLoop(const std::string&) { return nullptr; }
#endif

// ---- several vectors at a time, in registers ----

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wpsabi"  // what takes vectors is inlined
#endif

namespace {

#define TFP_INLINE inline __attribute__((always_inline))  // into clones, which have wider registers
typedef float Vector __attribute__((vector_size(32), aligned(4), may_alias));
constexpr int kVectors = 4;
constexpr int64_t kWidth = sizeof(Vector) / sizeof(float), kBlock = kVectors * kWidth;

TFP_INLINE Vector At(const float* p) { return *reinterpret_cast<const Vector*>(p); }
TFP_INLINE void Put(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

// The sum of f(x[i]) over a row; f takes a Vector or a float.
template <typename F>
TFP_INLINE float SumOf(const float* x, int64_t n, F f) {
  Vector acc[kVectors] = {};
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    for (int v = 0; v < kVectors; ++v) acc[v] += f(At(x + i + v * kWidth));
  }
  const Vector all = (acc[0] + acc[1]) + (acc[2] + acc[3]);
  float sum = 0;
  for (int64_t w = 0; w < kWidth; ++w) sum += all[w];
  for (; i < n; ++i) sum += f(x[i]);
  return sum;
}

}  // namespace

#define TFP_POOL_LOOP(Name, expression)                                                           \
  TFP_TARGET_CLONES void Name(const float* const* pixels, int64_t n, int64_t depth, float* out) { \
    int64_t d = 0;                                                                                \
    for (; d + kBlock <= depth; d += kBlock) {                                                    \
      Vector acc[kVectors];                                                                       \
      for (int v = 0; v < kVectors; ++v) acc[v] = At(pixels[0] + d + v * kWidth);                 \
      for (int64_t p = 1; p < n; ++p) {                                                           \
        for (int v = 0; v < kVectors; ++v) {                                                      \
          const Vector a = acc[v], b = At(pixels[p] + d + v * kWidth);                            \
          acc[v] = expression;                                                                    \
        }                                                                                         \
      }                                                                                           \
      for (int v = 0; v < kVectors; ++v) Put(out + d + v * kWidth, acc[v]);                       \
    }                                                                                             \
    for (; d < depth; ++d) {                                                                      \
      float a = pixels[0][d];                                                                     \
      for (int64_t p = 1; p < n; ++p) {                                                           \
        const float b = pixels[p][d];                                                             \
        a = expression;                                                                           \
      }                                                                                           \
      out[d] = a;                                                                                 \
    }                                                                                             \
  }
TFP_POOL_LOOP(MaxPixels, a < b ? b : a)
TFP_POOL_LOOP(SumPixels, a + b)
#undef TFP_POOL_LOOP

TFP_TARGET_CLONES void SoftmaxRow(const float* x, int64_t n, float* out) {
  float highest = x[0];
  int64_t i = 0;
  if (n >= kBlock) {
    Vector acc[kVectors];
    for (int v = 0; v < kVectors; ++v) acc[v] = At(x + v * kWidth);
    for (i = kBlock; i + kBlock <= n; i += kBlock) {
      for (int v = 0; v < kVectors; ++v) {
        const Vector b = At(x + i + v * kWidth);
        acc[v] = acc[v] < b ? b : acc[v];
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      for (int64_t w = 0; w < kWidth; ++w) highest = std::max(highest, acc[v][w]);
    }
  }
  for (; i < n; ++i) highest = std::max(highest, x[i]);
  // Where the power would be denormal it counts as 0: vectors' functions leave their quick way for it, and a mask's
  // -10000 would have them do that everywhere. A NaN that `highest` passed by makes the sum one.
  constexpr float kLowest = -87.0f, kItsPower = 1.7e-38f;
  for (i = 0; i < n; ++i) {
    const float shifted = x[i] - highest;
    out[i] = shifted < kLowest ? kLowest : shifted;  // in a loop of its own, or the compiler folds it into the next
  }
  for (i = 0; i < n; ++i) {
    const float power = expf(out[i]);
    out[i] = power < kItsPower ? 0.0f : power;
  }
  const float scale = 1.0f / SumOf(
                                 out, n, [](auto v) __attribute__((always_inline)) { return v; });
  for (i = 0; i < n; ++i) out[i] *= scale;
}

TFP_TARGET_CLONES void LayerNormRow(const float* x, const float* addend, const float* gamma, const float* beta,
                                    float epsilon, int64_t n, float* out) {
  if (addend != nullptr) {
    for (int64_t i = 0; i < n; ++i) out[i] = x[i] + addend[i];
    x = out;
  }
  const float mean = SumOf(
                         x, n, [](auto v) __attribute__((always_inline)) { return v; }) /
                     static_cast<float>(n);
  const float variance = SumOf(
                             x, n, [mean](auto v) __attribute__((always_inline)) { return (v - mean) * (v - mean); }) /
                         static_cast<float>(n);
  const float scale = 1.0f / std::sqrt(variance + epsilon);
  for (int64_t i = 0; i < n; ++i) {
    const float by = scale * gamma[i];
    out[i] = x[i] * by + (beta[i] - mean * by);
  }
}

}  // namespace tfpersist
