// Runs one kernel without a session: for tests of kernels alone.
#ifndef TFPERSIST_REFERENCE_KERNELS_TEST_CONTEXT_H_
#define TFPERSIST_REFERENCE_KERNELS_TEST_CONTEXT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/op/kernel_registry.h"
#include "reference/op/op_kernel.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {

class TestDevice : public Device {
 public:
  DeviceType type() const override { return DeviceType::kCpu; }
  const std::string& name() const override { return name_; }
  Allocator* allocator() override { return HeapAllocator(); }
  ThreadPool& threads() override { return threads_; }

 private:
  std::string name_ = "/job:localhost/replica:0/task:0/device:CPU:0";
  ThreadPool threads_{2};
};

// A node, its kernel and what one Compute() gave. Inputs are not owned by the run unless `own_inputs`.
class KernelRun : public OpKernelContext, public OpKernelConstruction {
 public:
  KernelRun(tensorflow::NodeDef def, std::vector<Tensor> inputs, std::vector<DataType> output_types)
      : def_(std::move(def)),
        inputs_(std::move(inputs)),
        output_types_(std::move(output_types)),
        outputs_(output_types_.size()),
        dead_(output_types_.size()) {
    for (const Tensor& t : inputs_) input_types_.push_back(t.dtype());
  }

  absl::Status Run(const KernelRegistry& registry) {
    const KernelDef* found = registry.Find(def_, DeviceType::kCpu);
    if (found == nullptr) return absl::UnimplementedError("no kernel");
    absl::StatusOr<std::unique_ptr<OpKernel>> kernel = found->factory(*this);
    if (!kernel.ok()) return kernel.status();
    kernel_ = *std::move(kernel);
    return kernel_->Compute(*this);
  }
  // The same kernel once more. REQUIRES: Run() came through.
  absl::Status RunAgain() { return kernel_->Compute(*this); }
  const std::vector<Tensor>& outputs() const { return outputs_; }
  bool own_inputs = false;

  const tensorflow::NodeDef& def() const override { return def_; }
  absl::Span<const DataType> input_types() const override { return input_types_; }
  absl::Span<const DataType> output_types() const override { return output_types_; }
  DeviceType device_type() const override { return DeviceType::kCpu; }

  int num_inputs() const override { return static_cast<int>(inputs_.size()); }
  int num_outputs() const override { return static_cast<int>(outputs_.size()); }
  const Tensor& input(int i) const override { return inputs_[i]; }
  RefVariable* ref_input(int) const override { return nullptr; }
  absl::StatusOr<Tensor*> AllocateOutput(int i, const TensorShape& shape, int forward_from) override {
    if (forward_from >= 0 && OwnsInput(forward_from) && inputs_[forward_from].dtype() == output_types_[i] &&
        inputs_[forward_from].num_elements() == shape.num_elements() && shape.num_elements() > 0) {
      outputs_[i] = inputs_[forward_from].Reshaped(shape);
      return &outputs_[i];
    }
    absl::StatusOr<Tensor> t = Tensor::Allocate(output_types_[i], shape);
    if (!t.ok()) return t.status();
    outputs_[i] = *std::move(t);
    return &outputs_[i];
  }
  void SetOutput(int i, Tensor value) override { outputs_[i] = std::move(value); }
  void SetRefOutput(int, RefVariable*) override {}
  void SetDeadOutput(int i) override { dead_[i] = true; }
  bool IsInputDead(int) const override { return false; }
  bool OwnsInput(int i) const override { return own_inputs && inputs_[i].RefCountIsOne(); }
  absl::StatusOr<Tensor> AllocateTemp(DataType dtype, const TensorShape& shape) override {
    return Tensor::Allocate(dtype, shape);
  }
  Device& device() const override { return device_; }
  ResourceManager& resources() const override { return resources_; }
  const std::string& node_name() const override { return def_.name(); }
  bool IsCancelled() const override { return false; }

 private:
  tensorflow::NodeDef def_;
  std::vector<Tensor> inputs_;
  std::vector<DataType> input_types_, output_types_;
  std::vector<Tensor> outputs_;
  std::vector<bool> dead_;
  std::unique_ptr<OpKernel> kernel_;
  mutable TestDevice device_;
  mutable ResourceManager resources_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_TEST_CONTEXT_H_
