// A kernel's context outside of a run's slots: inputs are given, outputs kept here. For nodes that are folded while a
// plan is compiled, and for those that a fused kernel stands for.
#ifndef TFPERSIST_REFERENCE_RUNTIME_DETACHED_CONTEXT_H_
#define TFPERSIST_REFERENCE_RUNTIME_DETACHED_CONTEXT_H_

#include <utility>
#include <vector>

#include "reference/graph/graph.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

class DetachedContext : public OpKernelContext {
 public:
  // `outer`: of the kernel on whose behalf this one runs; may be null.
  DetachedContext(const Node& node, std::vector<const Tensor*> inputs, Device& device, ResourceManager& resources,
                  const OpKernelContext* outer)
      : node_(node),
        inputs_(std::move(inputs)),
        outputs_(node.num_outputs()),
        device_(device),
        resources_(resources),
        outer_(outer) {}

  std::vector<Tensor>& outputs() { return outputs_; }

  int num_inputs() const override { return static_cast<int>(inputs_.size()); }
  int num_outputs() const override { return static_cast<int>(outputs_.size()); }
  const Tensor& input(int i) const override { return *inputs_[i]; }
  RefVariable* ref_input(int) const override { return nullptr; }
  absl::StatusOr<Tensor*> AllocateOutput(int i, const TensorShape& shape, int) override {
    absl::StatusOr<Tensor> made = AllocateTemp(BaseType(node_.output_types()[i]), shape);
    if (!made.ok()) return made.status();
    outputs_[i] = *std::move(made);
    return &outputs_[i];
  }
  void SetOutput(int i, Tensor value) override { outputs_[i] = std::move(value); }
  void SetRefOutput(int, RefVariable*) override {}
  void SetDeadOutput(int) override {}
  bool IsInputDead(int) const override { return false; }
  bool OwnsInput(int) const override { return false; }
  absl::StatusOr<Tensor> AllocateTemp(DataType dtype, const TensorShape& shape) override {
    return Tensor::Allocate(dtype, shape, device_.allocator());
  }
  Device& device() const override { return device_; }
  ResourceManager& resources() const override { return resources_; }
  const std::string& node_name() const override { return node_.name(); }
  bool IsCancelled() const override { return outer_ != nullptr && outer_->IsCancelled(); }

 private:
  const Node& node_;
  const std::vector<const Tensor*> inputs_;
  std::vector<Tensor> outputs_;
  Device& device_;
  ResourceManager& resources_;
  const OpKernelContext* const outer_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_DETACHED_CONTEXT_H_
