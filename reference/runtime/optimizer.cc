#include "reference/runtime/optimizer.h"

#include "reference/runtime/optimizer_state.h"

namespace tfpersist {

Rewrites Optimize(const PlanNodes& part, KernelSource& kernels) {
  OptimizerState state(part, kernels);
  state.FoldConstants();
  state.FindReaders();
  state.FuseContractions();
  state.FuseNorms();
  state.FuseElementwise();
  state.PassReadsBy();
  return state.Take();
}

void OptimizerState::FindReaders() {
  for (const PlanNode& n : part_.nodes) {
    by_node_[n.node] = &n;
    if (rewrites_.gone.contains(n.node)) continue;
    for (const Output& in : n.inputs) {
      if (!IsFed(in)) readers_[KeyOf(Resolve(in))].push_back(&n);
    }
  }
  for (const Output& o : part_.fetches) {
    if (!IsFed(o)) fetched_.insert(KeyOf(Resolve(o)));
  }
}

bool OptimizerState::IsHidden(const PlanNode& n) const {
  return !n.awaited && !fetched_.contains({n.node, 0}) && OnlyFirstOutputIsRead(n);
}

bool OptimizerState::OnlyFirstOutputIsRead(const PlanNode& n) const {
  for (int i = 1; i < n.node->num_outputs(); ++i) {
    if (fetched_.contains({n.node, i}) || readers_.contains({n.node, i})) return false;
  }
  return true;
}

const PlanNode* OptimizerState::SoleReader(const PlanNode& n) const {
  auto it = readers_.find({n.node, 0});
  if (!IsHidden(n) || it == readers_.end() || it->second.size() != 1) return nullptr;
  const PlanNode* reader = it->second[0];
  return MayJoin(*reader) ? reader : nullptr;
}

const PlanNode* OptimizerState::MakerOf(const Output& o) const {
  if (IsFed(o)) return nullptr;
  auto it = by_node_.find(Resolve(o).node);
  return it == by_node_.end() ? nullptr : it->second;
}

void OptimizerState::Add(FusedNodes fused, const tensorflow::NodeDef& def) {
  std::vector<DataType> types;
  for (const FusedNodes::Input& in : fused.inputs) {
    types.push_back(in.value.has_value() ? in.value.dtype() : BaseType(in.source.dtype()));
  }
  for (const Node* node : fused.nodes) {
    const absl::StatusOr<PlacedKernel> placed = kernels_.KernelFor(*node);
    if (!placed.ok() || placed->device != kernels_.DeviceOf(*fused.nodes[0])) return;
  }
  absl::StatusOr<std::unique_ptr<OpKernel>> kernel =
      kernels_.MakeKernel(def, types, {BaseType(fused.nodes.back()->output_types()[0])});
  if (!kernel.ok()) return;
  fused.op = def.op();
  fused.kernel = *std::move(kernel);
  for (const Node* node : fused.nodes) {
    taken_.insert(node);
    if (node != fused.nodes.back()) rewrites_.gone.insert(node);
  }
  const Node* const last = fused.nodes.back();
  rewrites_.fused.emplace(last, std::move(fused));
}

}  // namespace tfpersist
