// Switch, Merge and their reference forms, Assert. Follows core/kernels/control_flow_ops.cc, logging_ops.cc.
#include "absl/strings/str_cat.h"
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

absl::StatusOr<bool> Predicate(const Tensor& t) {
  if (t.num_elements() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("The second input must be a scalar, but it has shape ", t.shape().DebugString()));
  }
  return t.flat<bool>()[0];
}

// Outputs: 0 where the predicate is false, 1 where it is true; the other is dead.
absl::Status Switch(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(const bool predicate, Predicate(ctx.input(1)));
  ctx.SetOutput(predicate ? 1 : 0, ctx.input(0));
  ctx.SetDeadOutput(predicate ? 0 : 1);
  return absl::OkStatus();
}

absl::Status RefSwitch(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(const bool predicate, Predicate(ctx.input(1)));
  ctx.SetRefOutput(predicate ? 1 : 0, ctx.ref_input(0));
  ctx.SetDeadOutput(predicate ? 0 : 1);
  return absl::OkStatus();
}

// Outputs: the first live input, and its index.
absl::StatusOr<int> LiveInput(OpKernelContext& ctx) {
  for (int i = 0; i < ctx.num_inputs(); ++i) {
    if (!ctx.IsInputDead(i)) return i;
  }
  return absl::InternalError("Merge ran without a live input.");
}

absl::Status Merge(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(const int i, LiveInput(ctx));
  ctx.SetOutput(0, ctx.input(i));
  ctx.SetOutput(1, Tensor::Scalar<int32_t>(i));
  return absl::OkStatus();
}

absl::Status RefMerge(OpKernelContext& ctx) {
  TFP_ASSIGN_OR_RETURN(const int i, LiveInput(ctx));
  ctx.SetRefOutput(0, ctx.ref_input(i));
  ctx.SetOutput(1, Tensor::Scalar<int32_t>(i));
  return absl::OkStatus();
}

class AssertKernel : public OpKernel {
 public:
  explicit AssertKernel(int64_t summarize) : summarize_(summarize) {}

  static absl::StatusOr<std::unique_ptr<OpKernel>> Make(OpKernelConstruction& c) {
    TFP_ASSIGN_OR_RETURN(const int64_t summarize, c.IntAttr("summarize"));
    return std::make_unique<AssertKernel>(summarize);
  }

  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& condition = ctx.input(0);
    if (!condition.shape().IsScalar()) return absl::InvalidArgumentError("In[0] should be a scalar.");
    if (condition.scalar<bool>()) return absl::OkStatus();
    std::string message = "assertion failed:";
    for (int i = 1; i < ctx.num_inputs(); ++i) {
      absl::StrAppend(&message, " [", ctx.input(i).SummarizeValue(summarize_), "]");
    }
    return absl::InvalidArgumentError(message);
  }

 private:
  const int64_t summarize_;
};

}  // namespace

void RegisterControlFlowKernels(KernelRegistry* registry) {
  RegisterFunction(registry, "Switch", Switch);
  RegisterFunction(registry, "RefSwitch", RefSwitch);
  RegisterFunction(registry, "Merge", Merge);
  RegisterFunction(registry, "RefMerge", RefMerge);
  RegisterKernel<AssertKernel>(registry, "Assert");
}

}  // namespace tfpersist
