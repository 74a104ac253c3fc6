// The TFP_COMPARE and TFP_TEST rows of cwise_ops.def. Follows core/kernels/cwise_op_*.cc.
#include "reference/kernels/cwise.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {

void RegisterComparisonKernels(KernelRegistry* registry) {
#define TFP_COMPARE(op, functor_name, types) \
  RegisterBinary(registry, #op, types, &BinaryLoopFor<functor::functor_name, (types)>, "");
#define TFP_TEST(op, functor_name, types) \
  RegisterUnary(registry, #op, types, &UnaryLoopFor<functor::functor_name, (types)>);
#include "reference/kernels/cwise_ops.def"
}

}  // namespace tfpersist
