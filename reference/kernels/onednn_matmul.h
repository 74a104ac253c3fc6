// Products of float32 matrices through oneDNN: bias and activation along with them, a constant right-hand side packed
// once. Thread-safe.
#ifndef TFPERSIST_REFERENCE_KERNELS_ONEDNN_MATMUL_H_
#define TFPERSIST_REFERENCE_KERNELS_ONEDNN_MATMUL_H_

#include <array>
#include <map>
#include <memory>

#include "absl/status/status.h"
#include "reference/base/mutex.h"
#include "reference/kernels/window.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

class OneDnnMatMul {
 public:
  // out[batch, m, n] = op(a)[batch, m, k] op(b)[batch, k, n]; a and b lie row-major as they came.
  struct Problem {
    int64_t batch, m, k, n;
    bool transpose_a, transpose_b;
    bool b_is_constant;
  };
  explicit OneDnnMatMul(FusedOps fused = {});
  ~OneDnnMatMul();

  // Small products cost oneDNN more than they cost Eigen.
  static bool IsWorthIt(const Problem& p) { return p.k > 0 && p.batch * p.m * p.k * p.n >= 1 << 15; }

  // `bias`: n values; null without one. REQUIRES: no size is 0.
  absl::Status Run(OpKernelContext& ctx, const Problem& p, const float* a, const float* b, const float* bias,
                   float* out);

 private:
  struct Primitive;
  void MakeMatMul(const Problem& p, Primitive* made) const;
  bool MakeConvolution(const Problem& p, Primitive* made) const;
  absl::StatusOr<std::shared_ptr<const Primitive>> PrimitiveFor(OpKernelContext& ctx, const Problem& p, const float* b);

  const FusedOps fused_;
  Mutex mu_;
  std::map<std::array<int64_t, 5>, std::shared_ptr<const Primitive>> primitives_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_ONEDNN_MATMUL_H_
