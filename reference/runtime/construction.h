// What a kernel's constructor sees of a node. Lives only during construction.
#ifndef TFPERSIST_REFERENCE_RUNTIME_CONSTRUCTION_H_
#define TFPERSIST_REFERENCE_RUNTIME_CONSTRUCTION_H_

#include <memory>

#include "reference/graph/graph.h"
#include "reference/op/kernel_registry.h"
#include "reference/op/op_kernel.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {

class NodeConstruction : public OpKernelConstruction {
 public:
  NodeConstruction(const Node& node, DeviceType device) : node_(node), device_(device) {}
  const tensorflow::NodeDef& def() const override { return node_.def(); }
  std::shared_ptr<const tensorflow::NodeDef> shared_def() const override { return node_.shared_def(); }
  absl::Span<const DataType> input_types() const override { return node_.input_types(); }
  absl::Span<const DataType> output_types() const override { return node_.output_types(); }
  DeviceType device_type() const override { return device_; }
  const Limits& limits() const override { return node_.graph().limits(); }

 private:
  const Node& node_;
  DeviceType device_;
};

// Of a node that no graph has.
class DefConstruction : public OpKernelConstruction {
 public:
  DefConstruction(const tensorflow::NodeDef& def, absl::Span<const DataType> input_types,
                  absl::Span<const DataType> output_types)
      : def_(def), input_types_(input_types), output_types_(output_types) {}
  const tensorflow::NodeDef& def() const override { return def_; }
  absl::Span<const DataType> input_types() const override { return input_types_; }
  absl::Span<const DataType> output_types() const override { return output_types_; }
  DeviceType device_type() const override { return DeviceType::kCpu; }

 private:
  const tensorflow::NodeDef& def_;
  const absl::Span<const DataType> input_types_, output_types_;
};

// NOT_FOUND: the registry has none for it on the host.
inline absl::StatusOr<std::unique_ptr<OpKernel>> MakeHostKernel(const KernelRegistry& registry,
                                                                const tensorflow::NodeDef& def,
                                                                absl::Span<const DataType> input_types,
                                                                absl::Span<const DataType> output_types) {
  const KernelDef* kernel = registry.Find(def, DeviceType::kCpu);
  if (kernel == nullptr) return absl::NotFoundError(def.op());
  DefConstruction construction(def, input_types, output_types);
  return kernel->factory(construction);
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_CONSTRUCTION_H_
