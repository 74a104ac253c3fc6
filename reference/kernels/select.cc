// Select, AddN. Follows core/kernels/cwise_op_select.cc, aggregate_ops.cc.
#include "absl/strings/str_cat.h"
#include "reference/kernels/cwise_functors.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

// The condition is of the values' shape, a scalar, or a vector that picks rows.
absl::Status Select(OpKernelContext& ctx) {
  const Tensor& condition = ctx.input(0);
  const Tensor& then = ctx.input(1);
  const Tensor& otherwise = ctx.input(2);
  if (then.shape() != otherwise.shape()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Inputs to operation ", ctx.node_name(), " of type Select must have the same size and shape.  Input 0: ",
        then.shape().DebugString(), " != input 2: ", otherwise.shape().DebugString()));
  }
  int64_t block = 1;  // elements per condition
  if (condition.shape().IsScalar()) {
    ctx.SetOutput(0, condition.scalar<bool>() ? then : otherwise);
    return absl::OkStatus();
  }
  if (condition.shape() != then.shape()) {
    if (condition.shape().rank() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("'cond' must be a vector, but saw shape: ", condition.shape().DebugString()));
    }
    if (then.shape().rank() < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("'then' must be at least a vector, but saw shape: ", then.shape().DebugString()));
    }
    if (then.shape().dim(0) != condition.num_elements()) {
      return absl::InvalidArgumentError(absl::StrCat("Number of batches of 'then' must match size of 'cond', but saw: ",
                                                     then.shape().dim(0), " vs. ", condition.num_elements()));
    }
    for (int d = 1; d < then.shape().rank(); ++d) block *= then.shape().dim(d);
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, then.shape()));
  if (out->num_elements() == 0) return absl::OkStatus();
  const bool* c = condition.flat<bool>().data();
  return DispatchCopy(then.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    for (int64_t i = 0; i < condition.num_elements(); ++i) {
      const T* from = Elements<T>(c[i] ? then : otherwise) + i * block;
      to = std::copy(from, from + block, to);
    }
    return absl::OkStatus();
  });
}

absl::Status AddN(OpKernelContext& ctx) {
  const Tensor& first = ctx.input(0);
  for (int i = 1; i < ctx.num_inputs(); ++i) {
    if (ctx.input(i).shape() != first.shape()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "Inputs to operation ", ctx.node_name(), " of type AddN must have the same size and shape.  Input 0: ",
          first.shape().DebugString(), " != input ", i, ": ", ctx.input(i).shape().DebugString()));
    }
  }
  if (ctx.num_inputs() == 1) {
    ctx.SetOutput(0, first);
    return absl::OkStatus();
  }
  TFP_ASSIGN_OR_RETURN(Tensor * out, ctx.AllocateOutput(0, first.shape()));
  return Dispatch<kNumberTypes>(first.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T* to = Elements<T>(out);
    bool fault = false;
    for (int64_t e = 0; e < out->num_elements(); ++e) {
      T sum = Elements<T>(first)[e];
      for (int i = 1; i < ctx.num_inputs(); ++i) sum = functor::Add::Apply(sum, Elements<T>(ctx.input(i))[e], fault);
      to[e] = sum;
    }
    return absl::OkStatus();
  });
}

}  // namespace

void RegisterSelectKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "Select", Select);
  RegisterFunction(registry, "AddN", AddN, "T", kNumberTypes);
}

}  // namespace tfpersist
