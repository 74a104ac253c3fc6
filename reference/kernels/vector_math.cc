#include "reference/kernels/vector_math.h"

#include <cmath>
#include <cstdint>

// Clones for AVX2 and AVX-512 need GCC and glibc on x86-64; elsewhere, and under sanitizers, the plain loops serve.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TFP_HAVE_VECTOR_LOOPS 1
// What libmvec has, said the way that <math.h> says it to programs built with -ffast-math.
extern "C" {
__attribute__((simd("notinbranch"), const, nothrow)) float expf(float);
__attribute__((simd("notinbranch"), const, nothrow)) float logf(float);
__attribute__((simd("notinbranch"), const, nothrow)) float tanhf(float);
__attribute__((simd("notinbranch"), const, nothrow)) float erff(float);
}
#define TFP_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif

namespace tfpersist {

#ifdef TFP_HAVE_VECTOR_LOOPS
namespace {

#define TFP_BINARY(Name, expression)                                                                        \
  TFP_CLONES void Name(const void* x, int x_step, const void* y, int y_step, void* out, int64_t n, bool*) { \
    const float* xs = static_cast<const float*>(x);                                                         \
    const float* ys = static_cast<const float*>(y);                                                         \
    float* to = static_cast<float*>(out);                                                                   \
    if (x_step == 1 && y_step == 1) {                                                                       \
      for (int64_t i = 0; i < n; ++i) {                                                                     \
        const float a = xs[i], b = ys[i];                                                                   \
        to[i] = expression;                                                                                 \
      }                                                                                                     \
    } else if (x_step == 1) {                                                                               \
      const float b = *ys;                                                                                  \
      for (int64_t i = 0; i < n; ++i) {                                                                     \
        const float a = xs[i];                                                                              \
        to[i] = expression;                                                                                 \
      }                                                                                                     \
    } else if (y_step == 1) {                                                                               \
      const float a = *xs;                                                                                  \
      for (int64_t i = 0; i < n; ++i) {                                                                     \
        const float b = ys[i];                                                                              \
        to[i] = expression;                                                                                 \
      }                                                                                                     \
    } else {                                                                                                \
      const float a = *xs, b = *ys;                                                                         \
      const float value = expression;                                                                       \
      for (int64_t i = 0; i < n; ++i) to[i] = value;                                                        \
    }                                                                                                       \
  }
TFP_BINARY(AddLoop, a + b)
TFP_BINARY(SubLoop, a - b)
TFP_BINARY(MulLoop, a* b)
TFP_BINARY(DivLoop, a / b)
TFP_BINARY(MaximumLoop, a < b ? b : a)
TFP_BINARY(MinimumLoop, b < a ? b : a)
TFP_BINARY(SquaredDifferenceLoop, (a - b) * (a - b))
#undef TFP_BINARY

#define TFP_UNARY_LOOP(Name, expression)                      \
  TFP_CLONES void Name(const void* x, void* out, int64_t n) { \
    const float* xs = static_cast<const float*>(x);           \
    float* to = static_cast<float*>(out);                     \
    for (int64_t i = 0; i < n; ++i) {                         \
      const float a = xs[i];                                  \
      to[i] = expression;                                     \
    }                                                         \
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

}  // namespace tfpersist
