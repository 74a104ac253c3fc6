#include "reference/runtime/fused_kernel.h"

#include "reference/base/status.h"
#include "reference/runtime/detached_context.h"
#include "reference/runtime/plan.h"

namespace tfpersist {

absl::Status FusedKernel::Compute(OpKernelContext& ctx) {
  absl::Status status = fused_->Compute(ctx);
  // Anything else, no memory say, went wrong later.
  if (!absl::IsInvalidArgument(status) && !absl::IsUnimplemented(status)) return status;
  refused_.fetch_add(1, std::memory_order_relaxed);
  return RunOriginals(ctx);
}

std::vector<std::string> FusedKernel::NodeNames() const {
  std::vector<std::string> names;
  for (const Original& original : originals_) names.push_back(original.node->name());
  return names;
}

absl::Status FusedKernel::RunOriginals(OpKernelContext& ctx) const {
  std::vector<std::vector<Tensor>> values;
  for (const Original& original : originals_) {
    std::vector<const Tensor*> inputs;
    for (const Source& s : original.inputs)
      inputs.push_back(s.node < 0 ? &ctx.input(s.index) : &values[s.node][s.index]);
    DetachedContext context(*original.node, std::move(inputs), ctx.device(), ctx.resources(), &ctx);
    if (absl::Status status = original.kernel->Compute(context); !status.ok()) {
      return AttachNode(status, original.node->name(), text_(*original.node));
    }
    values.push_back(std::move(context.outputs()));
  }
  ctx.SetOutput(0, std::move(values.back()[0]));
  return absl::OkStatus();
}

}  // namespace tfpersist
