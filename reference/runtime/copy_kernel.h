// The kernel of the steps that a plan puts between the host and a device.
#ifndef TFPERSIST_REFERENCE_RUNTIME_COPY_KERNEL_H_
#define TFPERSIST_REFERENCE_RUNTIME_COPY_KERNEL_H_

#include <utility>

#include "reference/base/status.h"
#include "reference/op/cuda_context.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

// Moves its input to where the output belongs; what is there already passes.
class CopyKernel : public OpKernel {
 public:
  explicit CopyKernel(bool to_device) : to_device_(to_device) {}
  absl::Status Compute(OpKernelContext& ctx) override {
    const Tensor& value = ctx.input(0);
    CudaContext& cuda = *ctx.device().cuda();
    if ((value.memory_kind() == MemoryKind::kCuda) == to_device_ || value.num_elements() == 0) {
      ctx.SetOutput(0, value);
      return absl::OkStatus();
    }
    TFP_ASSIGN_OR_RETURN(Tensor copy, to_device_ ? cuda.ToDevice(value) : cuda.ToHost(value, cuda.pinned_allocator()));
    ctx.SetOutput(0, std::move(copy));
    return absl::OkStatus();
  }

 private:
  const bool to_device_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_COPY_KERNEL_H_
