// The TFP_ARITH rows of cwise_ops.def. Follows core/kernels/cwise_op_*.cc.
#include "reference/kernels/cwise.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {

void RegisterArithmeticKernels(KernelRegistry* registry) {
#define TFP_ARITH(op, functor_name, types, fault) \
  RegisterBinary(registry, #op, types, &BinaryLoopFor<functor::functor_name, (types)>, fault);
#include "reference/kernels/cwise_ops.def"
}

}  // namespace tfpersist
