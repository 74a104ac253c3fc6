// Const nodes become values of the plan, and so does what is computed of constants alone. An Identity node is its
// input, and so is one that reads a variable where a single node wants the value and nothing changes variables.
#include "reference/base/status.h"
#include "reference/op/kernel_registry.h"
#include "reference/proto/op_def.pb.h"
#include "reference/runtime/detached_context.h"
#include "reference/runtime/optimizer_state.h"

namespace tfpersist {
namespace {

// What is folded may take so many bytes, or as many as what it is made of (a weight that is transposed, say).
constexpr int64_t kMaxFoldedBytes = 1 << 20;

bool IsIdentity(const Node& node) {
  return node.op() == "Identity" || node.op() == "StopGradient" || node.op() == "PreventGradient" ||
         node.op() == "PlaceholderWithDefault" || node.op() == "Snapshot";
}

// Numbers of numbers, and of nothing else.
bool MayFold(const Node& node) {
  if (node.op_def().is_stateful() || node.num_outputs() == 0 || node.inputs().empty()) return false;
  for (const char* op : {"Switch", "Merge", "Enter", "Exit", "NextIteration", "LoopCond"}) {
    if (node.op() == op) return false;
  }
  for (DataType t : node.input_types()) {
    if (IsRefType(t) || !IsPlain(t)) return false;
  }
  for (int i = 0; i < node.num_outputs(); ++i) {
    if (IsRefType(node.output_types()[i]) || !IsPlain(node.output_types()[i])) return false;
  }
  return true;
}

// The bytes that shape inference knows the outputs to have; -1: it does not.
int64_t KnownBytes(const Node& node) {
  int64_t bytes = 0;
  for (int i = 0; i < node.num_outputs(); ++i) {
    if (!node.output_shape(i).IsFullyDefined()) return -1;
    absl::StatusOr<TensorShape> shape = node.output_shape(i).AsTensorShape();
    if (!shape.ok() || shape->num_elements() > INT32_MAX) return -1;
    bytes += shape->num_elements() * static_cast<int64_t>(DataTypeSize(node.output_types()[i]));
  }
  return bytes;
}

}  // namespace

void OptimizerState::FoldConstants() {
  ResourceManager no_resources;
  for (const PlanNode& n : part_.nodes) {
    const Node& node = *n.node;
    // A node that waits may be dead, or must not be taken for one that doesn't wait.
    if (n.opaque || (n.waits && part_.may_be_dead)) continue;
    bool any_output_fed = false;
    for (int i = 0; i < node.num_outputs(); ++i) any_output_fed |= part_.fed.contains({&node, i});
    if (any_output_fed) continue;
    if (node.op() == "Const") {
      absl::StatusOr<PlacedKernel> placed = kernels_.KernelFor(node);
      if (!placed.ok() || placed->kernel->ConstantValue() == nullptr) continue;  // the compiler says what is wrong
      rewrites_.constants.emplace(OutputKey{&node, 0}, *placed->kernel->ConstantValue());
      rewrites_.gone.insert(&node);
      continue;
    }
    if (IsIdentity(node) && n.inputs.size() == 1 && !IsRefType(n.inputs[0].dtype())) {
      if (IsFed(n.inputs[0]) || n.awaited || n.waits) continue;
      rewrites_.aliases.emplace(OutputKey{&node, 0}, Resolve(n.inputs[0]));
      rewrites_.gone.insert(&node);
      continue;
    }
    if (!MayFold(node) || !kernels_.FoldsConstants()) continue;
    int64_t bytes = 0;
    std::vector<const Tensor*> inputs;
    for (const Output& in : n.inputs) {
      const Tensor* value = IsFed(in) ? nullptr : ConstantOf(in);
      if (value == nullptr) break;
      inputs.push_back(value);
      bytes += value->total_bytes();
    }
    if (inputs.size() != n.inputs.size()) continue;
    const int64_t made = KnownBytes(node);
    if (made < 0 || made > std::max(bytes, kMaxFoldedBytes)) continue;
    absl::StatusOr<PlacedKernel> placed = kernels_.KernelFor(node);
    if (!placed.ok() || placed->def == nullptr || placed->device->type() != DeviceType::kCpu) continue;
    DetachedContext context(node, std::move(inputs), *placed->device, no_resources, nullptr);
    if (!placed->kernel->Compute(context).ok()) continue;  // the run will say so
    for (int i = 0; i < node.num_outputs(); ++i) {
      rewrites_.constants.emplace(OutputKey{&node, i}, std::move(context.outputs()[i]));
    }
    rewrites_.gone.insert(&node);
  }
}

void OptimizerState::PassReadsBy() {
  if (part_.may_be_dead) return;
  for (const PlanNode& n : part_.nodes) {
    if (n.opaque) return;
    for (DataType t : n.node->input_types()) {
      if (IsRefType(t)) return;  // a writer, most likely
    }
  }
  for (const PlanNode& n : part_.nodes) {
    if (n.node->op() != "Identity" || n.inputs.size() != 1 || !IsRefType(n.inputs[0].dtype()) || !MayJoin(n) ||
        IsFed(n.inputs[0]) || IsFed({const_cast<Node*>(n.node), 0})) {
      continue;
    }
    const PlanNode* const reader = SoleReader(n);
    if (reader == nullptr || reader->node->op_def().allows_uninitialized_input()) continue;
    rewrites_.aliases.emplace(OutputKey{n.node, 0}, n.inputs[0]);
    rewrites_.gone.insert(n.node);
  }
}

}  // namespace tfpersist
