// What a kernel's constructor sees of a node. Lives only during construction.
#ifndef TFPERSIST_REFERENCE_RUNTIME_CONSTRUCTION_H_
#define TFPERSIST_REFERENCE_RUNTIME_CONSTRUCTION_H_

#include "reference/graph/graph.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

class NodeConstruction : public OpKernelConstruction {
 public:
  NodeConstruction(const Node& node, DeviceType device) : node_(node), device_(device) {}
  const tensorflow::NodeDef& def() const override { return node_.def(); }
  absl::Span<const DataType> input_types() const override { return node_.input_types(); }
  absl::Span<const DataType> output_types() const override { return node_.output_types(); }
  DeviceType device_type() const override { return device_; }
  const Limits& limits() const override { return node_.graph().limits(); }

 private:
  const Node& node_;
  DeviceType device_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_CONSTRUCTION_H_
