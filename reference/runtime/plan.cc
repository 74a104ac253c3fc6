#include "reference/runtime/plan.h"

#include <algorithm>
#include <functional>
#include <queue>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/base/status.h"
#include "reference/graph/consumers.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/op_def.pb.h"
#include "reference/runtime/batch_slices.h"
#include "reference/runtime/copy_kernel.h"
#include "reference/runtime/fused_kernel.h"
#include "reference/runtime/loop.h"
#include "reference/runtime/node_text.h"
#include "reference/runtime/optimizer.h"

namespace tfpersist {
namespace {

// Which of a node's inputs or outputs stay in host memory though it runs on a device: those that the kernel names, and
// what has no plain bytes.
std::vector<bool> OnHost(const Node& node, const PlacedKernel& placed, bool inputs) {
  const auto& args = inputs ? node.op_def().input_arg() : node.op_def().output_arg();
  const auto& types = inputs ? node.input_types() : node.output_types();
  std::vector<bool> on_host(types.size(), placed.device->type() == DeviceType::kCpu);
  if (placed.device->type() == DeviceType::kCpu) return on_host;
  size_t i = 0;
  for (const tensorflow::OpDef::ArgDef& arg : args) {
    int64_t count = 1;
    if (!arg.number_attr().empty()) {
      count = node.attr(arg.number_attr()) != nullptr ? node.attr(arg.number_attr())->i() : 0;
    } else if (!arg.type_list_attr().empty()) {
      count = node.attr(arg.type_list_attr()) != nullptr ? node.attr(arg.type_list_attr())->list().type_size() : 0;
    }
    const bool named = placed.def != nullptr &&
                       std::find(placed.def->host_memory.begin(), placed.def->host_memory.end(), arg.name()) !=
                           placed.def->host_memory.end();
    for (int64_t k = 0; k < count && i < on_host.size(); ++k, ++i) on_host[i] = named || !IsPlain(BaseType(types[i]));
  }
  return on_host;
}

Plan::StepKind KindOf(const Node& node, bool is_loop) {
  if (is_loop) return Plan::StepKind::kLoop;
  if (node.op() == "Merge" || node.op() == "RefMerge") return Plan::StepKind::kMerge;
  if (node.op() == "ControlTrigger") return Plan::StepKind::kControlTrigger;
  if (node.op() == "VariableV2" || node.op() == "Variable") return Plan::StepKind::kVariable;
  return Plan::StepKind::kPlain;
}

}  // namespace

Plan::Plan() = default;
Plan::~Plan() = default;

class Plan::Compiler {
 public:
  Compiler(RunSignature signature, KernelSource& kernels, const absl::flat_hash_set<const Node*>* cut, int nesting)
      : kernels_(kernels), cut_(cut), nesting_(nesting), plan_(new Plan()) {
    plan_->signature_ = std::move(signature);
    plan_->inner_ = cut != nullptr;
  }

  absl::StatusOr<std::unique_ptr<Plan>> Compile() {
    TFP_RETURN_IF_ERROR(Prune());
    TFP_RETURN_IF_ERROR(CheckOps());
    TFP_RETURN_IF_ERROR(Sort());
    Rewrite();
    TFP_RETURN_IF_ERROR(MakeSteps());
    MakeFetches();
    FindLastUses();
    if (kernels_.Optimizes()) plan_->batch_slices_ = BatchSlices::Find(*plan_);
    return std::move(plan_);
  }

 private:
  // Marks what the fetches and targets need, going back from them and stopping at fed tensors. A loop stands as its
  // first exit, and goes on at what enters it.
  absl::Status Prune() {
    const RunSignature& s = plan_->signature_;
    for (int i = 0; i < static_cast<int>(s.feeds.size()); ++i) fed_.emplace(KeyOf(s.feeds[i]), i);
    std::vector<const Node*> stack;
    absl::flat_hash_map<const Loop*, size_t> expanded;
    absl::Status status;
    auto visit = [&](const Node* node) {
      if (!Loops::IsExit(*node)) {
        if (needed_.insert(node).second) stack.push_back(node);
        return;
      }
      absl::StatusOr<Loop*> loop = loops_.Add(node);
      if (!loop.ok()) {
        status.Update(AttachNode(loop.status(), node->name(), SummarizeForError(*node, InputTexts(*node), "")));
        return;
      }
      needed_.insert((*loop)->exits[0]);
      size_t& entered = expanded[*loop];
      if (entered == (*loop)->enters.size()) return;
      entered = (*loop)->enters.size();  // an exit more may bring more entries
      stack.push_back((*loop)->exits[0]);
    };
    for (const Output& o : s.fetches) {
      if (!fed_.contains(KeyOf(o))) visit(o.node);
    }
    for (const Node* n : s.targets) visit(n);
    while (!stack.empty()) {
      const Node* node = stack.back();
      stack.pop_back();
      for (const Output& in : InputsOf(node)) {
        if (!fed_.contains(KeyOf(in))) visit(in.node);
      }
      for (const Node* c : ControlsOf(node)) visit(c);
    }
    return status;
  }

  // A node's inputs; of a loop, what its Enter nodes read.
  std::vector<Output> InputsOf(const Node* node) const {
    const Loop* loop = loops_.Find(node);
    if (loop == nullptr) return {node->inputs().begin(), node->inputs().end()};
    std::vector<Output> inputs;
    for (const Node* enter : loop->enters) inputs.push_back(enter->inputs()[0]);
    return inputs;
  }

  std::vector<const Node*> ControlsOf(const Node* node) const {
    std::vector<const Node*> controls;
    auto add = [&](const Node& from) {
      for (const Node* c : from.control_inputs()) {
        if (cut_ != nullptr && cut_->contains(c)) continue;
        const Loop* loop = loops_.Find(c);
        controls.push_back(loop != nullptr ? loop->exits[0] : c);
      }
    };
    const Loop* loop = loops_.Find(node);
    if (loop == nullptr) {
      add(*node);
    } else {
      for (const Node* enter : loop->enters) add(*enter);
    }
    return controls;
  }

  // What makes an output: its node, or the exit that stands for the node's loop.
  const Node* MakerOf(const Output& output) const {
    const Loop* loop = loops_.Find(output.node);
    return loop != nullptr ? loop->exits[0] : output.node;
  }

  int32_t SlotOf(const Output& wanted) {
    const Output output = Resolve(wanted);
    if (auto constant = rewrites_.constants.find(KeyOf(output)); constant != rewrites_.constants.end()) {
      auto [slot, is_new] = constant_slot_.emplace(KeyOf(output), plan_->num_slots_);
      if (is_new) AddConstant(constant->second);
      return slot->second;
    }
    const Loop* loop = loops_.Find(output.node);
    if (loop == nullptr) return first_slot_.at(output.node) + output.index;
    const auto exit = std::find(loop->exits.begin(), loop->exits.end(), output.node) - loop->exits.begin();
    return first_slot_.at(loop->exits[0]) + static_cast<int32_t>(exit);
  }

  // What is read where `output` is asked for.
  Output Resolve(Output output) const {
    for (auto it = rewrites_.aliases.find(KeyOf(output)); it != rewrites_.aliases.end();
         it = rewrites_.aliases.find(KeyOf(output))) {
      output = it->second;
    }
    return output;
  }

  int32_t AddConstant(Tensor value) {
    const int32_t slot = plan_->num_slots_++;
    plan_->constants_.push_back({slot, std::move(value)});
    is_constant_.insert(slot);
    follows_shapes_.insert(slot);
    return slot;
  }

  // Where the kernels are the host's alone.
  void Rewrite() {
    if (!kernels_.Optimizes()) return;
    PlanNodes part;
    const RunSignature& s = plan_->signature_;
    absl::flat_hash_set<const Node*> awaited(s.targets.begin(), s.targets.end());
    for (const Node* node : order_) {
      const std::vector<const Node*> controls = ControlsOf(node);
      awaited.insert(controls.begin(), controls.end());
      part.may_be_dead |= node->op() == "Switch" || node->op() == "RefSwitch";
      part.nodes.push_back({node, InputsOf(node), !controls.empty(), false, loops_.Find(node) != nullptr});
    }
    for (PlanNode& n : part.nodes) n.awaited = awaited.contains(n.node);
    for (const Output& o : s.feeds) part.fed.insert(KeyOf(o));
    part.fetches = s.fetches;
    rewrites_ = Optimize(part, kernels_);
  }

  absl::Status CheckOps() const {
    std::vector<const Node*> nodes(needed_.begin(), needed_.end());
    std::sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) { return a->id() < b->id(); });
    std::vector<std::string> loops;
    for (const Node* node : nodes) {
      if (IsLoopOp(node->op()) && loops_.Find(node) == nullptr) {
        loops.push_back(absl::StrCat(node->name(), " (", node->op(), ")"));
      }
    }
    if (!loops.empty()) {
      const size_t shown = std::min<size_t>(loops.size(), 8);
      return absl::UnimplementedError(
          absl::StrCat("A tensor inside a loop can't be had from outside, and what was asked for needs ", loops.size(),
                       " loop nodes: ", absl::StrJoin(loops.begin(), loops.begin() + shown, ", "),
                       loops.size() > shown ? ", ..." : "", ". Fetch what the loop gives through its Exit nodes."));
    }
    std::vector<const Node*> missing;
    for (const Node* node : nodes) {
      if (loops_.Find(node) == nullptr && !kernels_.HasKernel(*node)) missing.push_back(node);
    }
    if (missing.empty()) return absl::OkStatus();
    // TensorFlow's text for the first (S25), and the other missing ops after it, so that one look tells all.
    const Node* first = missing[0];
    absl::flat_hash_set<std::string> seen = {first->op()};
    std::vector<std::string> others;
    for (const Node* node : missing) {
      if (seen.insert(node->op()).second) others.push_back(node->op());
    }
    std::sort(others.begin(), others.end());
    std::string message = absl::StrCat(
        "No OpKernel was registered to support Op '", first->op(),
        "' with these attrs.  Registered devices: [CPU], Registered kernels:\n  <no registered kernels>\n");
    if (!others.empty()) {
      absl::StrAppend(&message, "  Other ops of this run without a kernel: ", absl::StrJoin(others, ", "), "\n");
    }
    return AttachNode(absl::InvalidArgumentError(message), first->name(),
                      SummarizeForError(*first, InputTexts(*first), first->device()));
  }

  // Topological order; among ready nodes the one made first, so that a graph always runs the same way.
  absl::Status Sort() {
    std::vector<const Node*> nodes(needed_.begin(), needed_.end());
    std::sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) { return a->id() < b->id(); });
    const int n = static_cast<int>(nodes.size());
    std::vector<int> place(n > 0 ? nodes.back()->id() + 1 : 0, -1);  // in `nodes`, by id
    for (int i = 0; i < n; ++i) place[nodes[i]->id()] = i;
    std::vector<std::pair<int, int>> edges;  // from, to
    std::vector<int> pending(n, 0);
    for (int i = 0; i < n; ++i) {
      auto depends_on = [&](const Node* source) {
        ++pending[i];
        const int from = source->id() < static_cast<int>(place.size()) ? place[source->id()] : -1;
        if (from >= 0) edges.emplace_back(from, i);  // else it never runs: the error below
      };
      for (const Output& in : InputsOf(nodes[i])) {
        if (!fed_.contains(KeyOf(in))) depends_on(MakerOf(in));
      }
      for (const Node* c : ControlsOf(nodes[i])) depends_on(c);
    }
    const Consumers consumers(n, edges);
    std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
    for (int i = 0; i < n; ++i) {
      if (pending[i] == 0) ready.push(i);
    }
    order_.reserve(n);
    while (!ready.empty()) {
      const int i = ready.top();
      ready.pop();
      order_.push_back(nodes[i]);
      for (int consumer : consumers.Of(i)) {
        if (--pending[consumer] == 0) ready.push(consumer);
      }
    }
    if (order_.size() == nodes.size()) return absl::OkStatus();
    for (int i = 0; i < n; ++i) {
      if (pending[i] > 0) {
        return absl::InvalidArgumentError(absl::StrCat("The graph has a cycle that is no loop: node ", nodes[i]->name(),
                                                       " (", nodes[i]->op(), ") waits for itself."));
      }
    }
    return absl::InternalError("Topological order lost nodes.");
  }

  absl::Status MakeSteps() {
    absl::flat_hash_map<const Node*, int> step_of;
    plan_->feed_slots_.assign(plan_->signature_.feeds.size(), -1);
    plan_->feed_on_host_.assign(plan_->signature_.feeds.size(), 0);
    bool replayable = true;
    for (const Node* node : order_) {
      if (node->op() == "Switch" || node->op() == "RefSwitch") plan_->may_be_dead_ = true;
    }
    for (const Node* node : order_) {
      if (rewrites_.gone.contains(node)) continue;
      if (auto fused = rewrites_.fused.find(node); fused != rewrites_.fused.end()) {
        TFP_RETURN_IF_ERROR(MakeFusedStep(fused->second, &step_of));
        continue;
      }
      const Loop* const loop = loops_.Find(node);
      absl::StatusOr<PlacedKernel> placed = loop != nullptr ? LoopKernelFor(*loop) : kernels_.KernelFor(*node);
      if (!placed.ok() && loop != nullptr) return placed.status();
      if (!placed.ok()) {
        return AttachNode(placed.status(), node->name(), SummarizeForError(*node, InputTexts(*node), node->device()));
      }
      Step step{};
      step.kernel = placed->kernel;
      step.device = placed->device;
      step.node = node;
      step.on_device = placed->device->type() != DeviceType::kCpu;
      if (step.on_device) plan_->accelerator_ = placed->device;
      const std::vector<bool> inputs_on_host =
          loop != nullptr ? std::vector<bool>(loop->enters.size(), true) : OnHost(*node, *placed, true);
      bool follows_shapes = !node->op_def().is_stateful();  // of a host step: its values change with the shapes alone
      step.allows_uninitialized = node->op_def().allows_uninitialized_input();
      step.kind = KindOf(*node, loop != nullptr);
      std::vector<Input> inputs;
      const std::vector<Output> sources = InputsOf(node);
      step.num_inputs = static_cast<int32_t>(sources.size());
      for (int i = 0; i < step.num_inputs; ++i) {
        const Output& source = sources[i];
        const bool wants_ref = loop == nullptr && IsRefType(node->input_types()[i]);
        Input input{0, 0};
        auto fed = fed_.find(KeyOf(source));
        if (fed != fed_.end()) {
          if (wants_ref) {
            return absl::InvalidArgumentError(absl::StrCat("Input ", i, " of node ", node->name(), " was passed ",
                                                           DataTypeString(BaseType(source.dtype())), " from ",
                                                           InputText(source), ":0 incompatible with expected ",
                                                           DataTypeString(node->input_types()[i]), "."));
          }
          input.slot = FeedSlot(fed->second);
          input.flags = kConstBuffer;
        } else {
          input.slot = SlotOf(source);
          if (source.node->op() == "Const" || is_constant_.contains(input.slot)) input.flags |= kConstValue;
          const bool is_ref = IsRefType(Resolve(source).dtype());
          if (wants_ref && !is_ref) {
            return absl::InvalidArgumentError(
                absl::StrCat("Input ", i, " of node ", node->name(), " wants a variable (",
                             DataTypeString(node->input_types()[i]), "), and ", source.name(), " is none."));
          }
          if (is_ref) {
            input.flags |= wants_ref ? kRefWanted : kDereference;
          }
        }
        const bool on_host = inputs_on_host[i], from_feed = fed != fed_.end();
        if (from_feed && on_host) plan_->feed_on_host_[fed->second] = true;
        if (on_host && !follows_shapes_.contains(input.slot)) follows_shapes = false;
        if (on_host != !OnDevice(input.slot) && IsPlain(BaseType(source.dtype()))) {
          if (wants_ref) {
            return AttachNode(
                absl::UnimplementedError(absl::StrCat(
                    "Op ", node->op(), " runs on ", step.device->name(), " and changes variable ", source.op_name(),
                    ", which lies elsewhere (", on_host ? "in device memory" : "in host memory",
                    "). Put both on one device, with tf.device(\"/cpu:0\") say.")),
                node->name(), SummarizeForError(*node, InputTexts(*node), step.device->name()));
          }
          if (on_host || (input.flags & kDereference)) replayable = false;
          Device* const device = step.on_device ? step.device : DeviceOfSlot(input.slot);
          input = CopyOf(input, !on_host, device, node);
        }
        inputs.push_back(input);
      }
      if (step.on_device ? placed->def->waits : !follows_shapes) replayable = false;
      if (loop != nullptr) replayable = false;
      step.first_input = static_cast<int32_t>(plan_->inputs_.size());
      step.plain_inputs = true;
      for (const Input& input : inputs) {
        if (input.flags & (kRefWanted | kDereference)) step.plain_inputs = false;
        plan_->inputs_.push_back(input);
      }
      plan_->max_inputs_ = std::max<int>(plan_->max_inputs_, step.num_inputs);
      step.first_output = plan_->num_slots_;
      step.num_outputs = loop != nullptr ? static_cast<int32_t>(loop->exits.size()) : node->num_outputs();
      first_slot_[node] = plan_->num_slots_;
      plan_->num_slots_ += step.num_outputs;
      const std::vector<bool> outputs_on_host =
          loop != nullptr ? std::vector<bool>(step.num_outputs, true) : OnHost(*node, *placed, false);
      for (int o = 0; o < step.num_outputs; ++o) {
        if (!outputs_on_host[o]) {
          device_of_slot_[step.first_output + o] = step.device;
        } else if (step.on_device || follows_shapes) {
          follows_shapes_.insert(step.first_output + o);
        }
      }
      step.first_control = static_cast<int32_t>(plan_->controls_.size());
      if (plan_->may_be_dead_) {
        for (const Node* c : ControlsOf(node)) {
          if (auto step_c = step_of.find(c); step_c != step_of.end()) plan_->controls_.push_back(step_c->second);
        }
      }
      step.num_controls = static_cast<int32_t>(plan_->controls_.size()) - step.first_control;
      step_of[node] = static_cast<int>(plan_->steps_.size());
      plan_->steps_.push_back(step);
    }
    if (plan_->accelerator_ != nullptr) {
      plan_->slot_on_device_.assign(plan_->num_slots_, 0);
      for (const auto& [slot, device] : device_of_slot_) plan_->slot_on_device_[slot] = 1;
      plan_->replayable_ = replayable && !plan_->may_be_dead_ && !plan_->inner_ &&
                           std::none_of(plan_->feed_on_host_.begin(), plan_->feed_on_host_.end(),
                                        [](uint8_t on_host) { return on_host != 0; });
    }
    return absl::OkStatus();
  }

  // The step of nodes that are fused; they have no references among their inputs and wait for nothing.
  absl::Status MakeFusedStep(FusedNodes& fused, absl::flat_hash_map<const Node*, int>* step_of) {
    const Node* node = fused.nodes.back();
    Step step{};
    step.kind = StepKind::kFused;
    step.node = node;
    step.device = kernels_.DeviceOf(*node);
    step.plain_inputs = true;
    step.first_input = static_cast<int32_t>(plan_->inputs_.size());
    absl::flat_hash_map<OutputKey, int> input_of;
    auto add_input = [&](const Output& source) {
      Input input{0, 0};
      if (auto fed = fed_.find(KeyOf(source)); fed != fed_.end()) {
        input = {FeedSlot(fed->second), kConstBuffer};
        plan_->feed_on_host_[fed->second] = true;
      } else {
        input.slot = SlotOf(source);
        if (is_constant_.contains(input.slot)) input.flags |= kConstValue;
      }
      plan_->inputs_.push_back(input);
      input_of.emplace(KeyOf(source), step.num_inputs++);
    };
    for (FusedNodes::Input& in : fused.inputs) {
      if (!in.value.has_value()) {
        add_input(in.source);
      } else {
        plan_->inputs_.push_back({AddConstant(std::move(in.value)), kConstValue});
        ++step.num_inputs;
      }
    }
    // What the nodes themselves read, in case that they must run after all.
    std::vector<FusedKernel::Original> originals;
    absl::flat_hash_map<const Node*, int> position;
    for (const Node* n : fused.nodes) {
      TFP_ASSIGN_OR_RETURN(const PlacedKernel placed, kernels_.KernelFor(*n));
      FusedKernel::Original original{n, placed.kernel, {}};
      for (const Output& in : n->inputs()) {
        const bool is_fed = fed_.contains(KeyOf(in));
        auto alias = rewrites_.aliases.find(KeyOf(in));
        const Output source = is_fed || alias == rewrites_.aliases.end() ? in : alias->second;
        auto inner = is_fed ? position.end() : position.find(source.node);
        if (inner != position.end()) {
          original.inputs.push_back({inner->second, source.index});
          continue;
        }
        if (!input_of.contains(KeyOf(source))) add_input(source);
        original.inputs.push_back({-1, input_of.at(KeyOf(source))});
      }
      position[n] = static_cast<int>(originals.size());
      originals.push_back(std::move(original));
    }
    plan_->own_kernels_.push_back(std::make_unique<FusedKernel>(
        fused.op, std::move(fused.kernel), std::move(originals),
        [plan = plan_.get(), device = step.device](const Node& n) { return plan->NodeText(n, *device); }));
    step.kernel = plan_->own_kernels_.back().get();
    plan_->max_inputs_ = std::max<int>(plan_->max_inputs_, step.num_inputs);
    step.first_output = plan_->num_slots_;
    step.num_outputs = node->num_outputs();
    first_slot_[node] = plan_->num_slots_;
    plan_->num_slots_ += step.num_outputs;
    step.first_control = static_cast<int32_t>(plan_->controls_.size());
    (*step_of)[node] = static_cast<int>(plan_->steps_.size());
    plan_->steps_.push_back(step);
    return absl::OkStatus();
  }

  bool OnDevice(int32_t slot) const { return device_of_slot_.contains(slot); }
  Device* DeviceOfSlot(int32_t slot) const { return device_of_slot_.at(slot); }

  // The slot that holds what `input` reads on the other side. A value is copied once; a variable each time, as it may
  // have changed.
  Input CopyOf(Input input, bool to_device, Device* device, const Node* node) {
    const bool of_variable = (input.flags & kDereference) != 0;
    auto known = copies_.find(input.slot);
    const uint8_t kept = input.flags & kConstValue;
    if (!of_variable && known != copies_.end()) return Input{known->second, kept};
    auto kernel = std::make_unique<CopyKernel>(to_device);
    Step step{};
    step.kernel = kernel.get();
    step.device = device;
    step.node = node;
    step.on_device = true;
    step.kind = StepKind::kCopy;
    step.first_input = static_cast<int32_t>(plan_->inputs_.size());
    step.num_inputs = 1;
    step.plain_inputs = !of_variable;
    step.first_output = plan_->num_slots_++;
    step.num_outputs = 1;
    step.first_control = static_cast<int32_t>(plan_->controls_.size());
    plan_->inputs_.push_back(input);
    plan_->max_inputs_ = std::max(plan_->max_inputs_, 1);
    plan_->steps_.push_back(step);
    plan_->own_kernels_.push_back(std::move(kernel));
    plan_->accelerator_ = device;
    if (to_device) device_of_slot_[step.first_output] = device;
    if (!of_variable) copies_[input.slot] = step.first_output;
    return Input{step.first_output, kept};
  }

  absl::StatusOr<PlacedKernel> LoopKernelFor(const Loop& loop) {
    TFP_ASSIGN_OR_RETURN(std::unique_ptr<OpKernel> kernel, MakeLoopKernel(loop, kernels_, nesting_));
    PlacedKernel placed{kernel.get(), nullptr, kernels_.HostDevice()};
    plan_->own_kernels_.push_back(std::move(kernel));
    return placed;
  }

  int32_t FeedSlot(int feed) {
    int32_t& slot = plan_->feed_slots_[feed];
    if (slot < 0) slot = plan_->num_slots_++;
    return slot;
  }

  void MakeFetches() {
    for (const Output& o : plan_->signature_.fetches) {
      Fetch fetch{-1, -1, false, false};
      auto fed = fed_.find(KeyOf(o));
      if (fed != fed_.end()) {
        fetch.feed = fed->second;
      } else {
        fetch.slot = SlotOf(o);
        fetch.dereference = IsRefType(o.dtype());
      }
      plan_->fetches_.push_back(fetch);
    }
    absl::flat_hash_set<int32_t> seen;
    for (auto it = plan_->fetches_.rbegin(); it != plan_->fetches_.rend(); ++it) {
      it->last = it->slot >= 0 && !is_constant_.contains(it->slot) && seen.insert(it->slot).second;
    }
  }

  void FindLastUses() {
    constexpr int kNever = -1;
    std::vector<int> last_step(plan_->num_slots_, kNever);
    for (int s = 0; s < static_cast<int>(plan_->steps_.size()); ++s) {
      const Step& step = plan_->steps_[s];
      for (int i = 0; i < step.num_inputs; ++i) last_step[plan_->inputs_[step.first_input + i].slot] = s;
    }
    for (const Fetch& fetch : plan_->fetches_) {
      if (fetch.slot >= 0) last_step[fetch.slot] = static_cast<int>(plan_->steps_.size());
    }
    for (int s = 0; s < static_cast<int>(plan_->steps_.size()); ++s) {
      Step& step = plan_->steps_[s];
      step.first_release = static_cast<int32_t>(plan_->releases_.size());
      for (int i = 0; i < step.num_inputs; ++i) {
        Input& input = plan_->inputs_[step.first_input + i];
        if (last_step[input.slot] != s || is_constant_.contains(input.slot)) continue;
        input.flags |= kLastUse;
        plan_->releases_.push_back(input.slot);
      }
      for (int o = 0; o < step.num_outputs; ++o) {
        if (last_step[step.first_output + o] == kNever) plan_->releases_.push_back(step.first_output + o);
      }
      step.num_releases = static_cast<int32_t>(plan_->releases_.size()) - step.first_release;
    }
  }

  std::string InputText(const Output& source) const { return plan_->InputText(source); }
  std::vector<std::string> InputTexts(const Node& node) const {
    std::vector<std::string> texts;
    for (const Output& in : node.inputs()) texts.push_back(plan_->InputText(in));
    return texts;
  }

  KernelSource& kernels_;
  const absl::flat_hash_set<const Node*>* const cut_;  // null: no part of a loop
  const int nesting_;
  std::unique_ptr<Plan> plan_;
  Loops loops_;
  absl::flat_hash_map<OutputKey, int> fed_;
  absl::flat_hash_set<const Node*> needed_;
  std::vector<const Node*> order_;
  Rewrites rewrites_;
  absl::flat_hash_map<const Node*, int> first_slot_;
  absl::flat_hash_map<OutputKey, int32_t> constant_slot_;
  absl::flat_hash_set<int32_t> is_constant_;
  absl::flat_hash_map<int32_t, Device*> device_of_slot_;  // of what is not in host memory
  absl::flat_hash_map<int32_t, int32_t> copies_;          // slot to the slot of its value on the other side
  absl::flat_hash_set<int32_t> follows_shapes_;           // values on the host that the shapes of the feeds decide
};

absl::StatusOr<std::unique_ptr<Plan>> Plan::Compile(RunSignature signature, KernelSource& kernels) {
  const Node* any = !signature.fetches.empty()   ? signature.fetches[0].node
                    : !signature.targets.empty() ? signature.targets[0]
                                                 : nullptr;
  const int nesting = any != nullptr ? any->graph().limits().max_nesting : 0;
  return Compiler(std::move(signature), kernels, nullptr, nesting).Compile();
}

absl::StatusOr<std::unique_ptr<Plan>> Plan::CompileInner(RunSignature signature, KernelSource& kernels,
                                                         const absl::flat_hash_set<const Node*>& cut, int nesting) {
  return Compiler(std::move(signature), kernels, &cut, nesting).Compile();
}

}  // namespace tfpersist
