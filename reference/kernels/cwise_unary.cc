// The TFP_UNARY rows of cwise_ops.def. Follows core/kernels/cwise_op_*.cc.
#include "reference/kernels/cwise.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {

void RegisterUnaryKernels(KernelRegistry* registry) {
#define TFP_UNARY(op, functor_name, types) \
  RegisterUnary(registry, #op, types, &UnaryLoopFor<functor::functor_name, (types)>);
#include "reference/kernels/cwise_ops.def"
}

}  // namespace tfpersist
