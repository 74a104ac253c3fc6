// Identity and its kin, NoOp. Follows core/kernels/identity_op.cc, no_op.cc.
#include "reference/kernels/kernel_util.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {
namespace {

absl::Status PassOn(OpKernelContext& ctx) {
  for (int i = 0; i < ctx.num_inputs(); ++i) ctx.SetOutput(i, ctx.input(i));
  return absl::OkStatus();
}

absl::Status PassReference(OpKernelContext& ctx) {
  ctx.SetRefOutput(0, ctx.ref_input(0));
  return absl::OkStatus();
}

absl::Status DoNothing(OpKernelContext&) { return absl::OkStatus(); }

}  // namespace

void RegisterIdentityKernels(KernelRegistry* registry) {
  for (const char* op :
       {"Identity", "IdentityN", "StopGradient", "PreventGradient", "Snapshot", "PlaceholderWithDefault"}) {
    RegisterFunction(registry, op, PassOn);
  }
  RegisterFunction(registry, "RefIdentity", PassReference);
  RegisterFunction(registry, "NoOp", DoNothing);
  RegisterFunction(registry, "ControlTrigger", DoNothing);
}

}  // namespace tfpersist
