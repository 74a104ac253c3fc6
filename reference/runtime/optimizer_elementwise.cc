// Elementwise nodes that read each other become one kernel, which goes over memory once: the last of them, and going
// back from it whatever only they read and has the last one's shape.
#include <algorithm>

#include "reference/proto/attr_value.pb.h"
#include "reference/runtime/optimizer_state.h"

namespace tfpersist {
namespace {

constexpr int kMaxOps = 32;  // of one kernel; its intermediate values must stay in the cache

// Known to be the same, as far as dimensions are known at all: a row's one value must not be computed for each of its
// elements.
bool IsSameShape(const PartialTensorShape& a, const PartialTensorShape& b) { return !a.unknown_rank() && a == b; }

tensorflow::NodeDef ProgramOf(DataType dtype, int num_inputs) {
  tensorflow::NodeDef def;
  def.set_op("_FusedElementwise");
  (*def.mutable_attr())["T"].set_type(static_cast<tensorflow::DataType>(dtype));
  (*def.mutable_attr())["num_inputs"].set_i(num_inputs);
  return def;
}

// BiasAdd is an Add along the last dimension, where its checks are known to pass.
bool IsPlainBiasAdd(const Node& node) {
  const tensorflow::AttrValue* format = node.attr("data_format");
  const PartialTensorShape& x = node.inputs()[0].shape();
  const PartialTensorShape& bias = node.inputs()[1].shape();
  return (format == nullptr || format->s() == "NHWC") && x.rank() >= 2 && bias.rank() == 1 && bias.dim(0) >= 0 &&
         x.dim(x.rank() - 1) == bias.dim(0);
}

}  // namespace

bool OptimizerState::IsElementwise(const PlanNode& n) {
  const Node& node = *n.node;
  if (node.num_outputs() != 1 || node.output_types()[0] != DT_FLOAT || n.inputs.empty() || n.inputs.size() > 2)
    return false;
  for (const Output& in : n.inputs) {
    if (in.dtype() != DT_FLOAT) return false;
  }
  if (node.op() == "BiasAdd") return IsPlainBiasAdd(node);
  auto [known, is_new] = is_elementwise_.emplace(node.op(), false);
  if (is_new) {
    tensorflow::NodeDef probe = ProgramOf(DT_FLOAT, static_cast<int>(n.inputs.size()));
    (*probe.mutable_attr())["ops"].mutable_list()->add_s(node.op());
    (*probe.mutable_attr())["operands"].mutable_list()->add_i(0);
    (*probe.mutable_attr())["operands"].mutable_list()->add_i(n.inputs.size() == 2 ? 1 : -1);
    const std::vector<DataType> types(n.inputs.size(), DT_FLOAT);
    known->second = kernels_.MakeKernel(probe, types, {DT_FLOAT}).ok();
  }
  return known->second;
}

void OptimizerState::FuseElementwise() {
  for (auto n = part_.nodes.rbegin(); n != part_.nodes.rend(); ++n) {
    if (MayJoin(*n) && IsElementwise(*n)) FuseAround(*n);
  }
}

void OptimizerState::FuseAround(const PlanNode& last) {
  std::vector<const PlanNode*> group = {&last};
  absl::flat_hash_set<const Node*> members = {last.node};
  auto joins = [&](const PlanNode& n) {
    if (members.contains(n.node) || !MayJoin(n) || !IsHidden(n) || !IsElementwise(n)) return false;
    if (!IsSameShape(n.node->output_shape(0), last.node->output_shape(0))) return false;
    const auto& readers = readers_.at({n.node, 0});
    return std::all_of(readers.begin(), readers.end(), [&](const PlanNode* r) { return members.contains(r->node); });
  };
  // A node that several members read joins once all of them have.
  for (bool grown = true; grown;) {
    grown = false;
    for (size_t i = 0; i < group.size() && group.size() < kMaxOps; ++i) {
      for (const Output& in : group[i]->inputs) {
        const PlanNode* maker = MakerOf(in);
        if (maker == nullptr || group.size() >= kMaxOps || !joins(*maker)) continue;
        members.insert(maker->node);
        group.push_back(maker);
        grown = true;
      }
    }
  }
  if (group.size() < 2) return;
  std::sort(group.begin(), group.end(),
            [](const PlanNode* a, const PlanNode* b) { return a < b; });  // order of running

  FusedNodes fused;
  absl::flat_hash_map<OutputKey, int> operand;  // of inputs from 0, of results from where those end
  for (const PlanNode* n : group) {
    fused.nodes.push_back(n->node);
    for (const Output& in : n->inputs) {
      const Output source = IsFed(in) ? in : Resolve(in);
      if (!IsFed(in) && members.contains(source.node)) continue;
      if (operand.emplace(KeyOf(source), static_cast<int>(fused.inputs.size())).second)
        fused.inputs.push_back({source, Tensor()});
    }
  }
  const int num_inputs = static_cast<int>(fused.inputs.size());
  for (int i = 0; i < static_cast<int>(group.size()); ++i) operand[{group[i]->node, 0}] = num_inputs + i;
  tensorflow::NodeDef def = ProgramOf(DT_FLOAT, num_inputs);
  def.set_name(last.node->name());
  auto* ops = (*def.mutable_attr())["ops"].mutable_list();
  auto* operands = (*def.mutable_attr())["operands"].mutable_list();
  for (const PlanNode* n : group) {
    ops->add_s(n->node->op() == "BiasAdd" ? "Add" : n->node->op());
    for (int i = 0; i < 2; ++i) {
      operands->add_i(i < static_cast<int>(n->inputs.size())
                          ? operand.at(KeyOf(IsFed(n->inputs[i]) ? n->inputs[i] : Resolve(n->inputs[i])))
                          : -1);
    }
  }
  Add(std::move(fused), def);
}

}  // namespace tfpersist
