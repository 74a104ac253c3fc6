#include "reference/runtime/loop.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/runtime/executor.h"

namespace tfpersist {
namespace {

bool IsEnter(const Node& node) { return node.op() == "Enter" || node.op() == "RefEnter"; }
bool IsMerge(const Node& node) { return node.op() == "Merge" || node.op() == "RefMerge"; }
bool IsSwitch(const Node& node) { return node.op() == "Switch" || node.op() == "RefSwitch"; }
bool IsNextIteration(const Node& node) { return node.op() == "NextIteration" || node.op() == "RefNextIteration"; }

absl::Status NoWhileLoop(const Loop& loop, const Node& node, absl::string_view why) {
  return absl::UnimplementedError(absl::StrCat("The loop of frame '", loop.frame, "' is none that while_loop makes: ",
                                               node.name(), " (", node.op(), ") ", why, "."));
}

// Plans of one loop, and what their feeds and fetches stand for.
class LoopKernel : public OpKernel {
 public:
  // Where a feed's value comes from: a loop variable or an invariant (both by number), or the constant true.
  struct Source {
    enum Kind { kVariable, kInvariant, kTrue } kind;
    int index;
  };
  struct Part {
    std::unique_ptr<Plan> plan;
    std::vector<Source> feeds;
    std::atomic<RunState*> idle{nullptr};
    ~Part() { delete idle.load(); }
  };

  Part condition, body, exit;
  std::vector<int> initial;     // input of each variable's first value
  std::vector<int> invariants;  // input of each invariant

  absl::Status Compute(OpKernelContext& ctx) override {
    std::vector<Tensor> variables;
    for (int i : initial) variables.push_back(ctx.input(i));
    std::vector<Tensor> values;
    for (;;) {
      if (ctx.IsCancelled()) return absl::CancelledError("Session was closed.");
      TFP_RETURN_IF_ERROR(Run(condition, variables, ctx, &values));
      if (values[0].dtype() != DT_BOOL || values[0].num_elements() != 1) {
        return absl::InvalidArgumentError(absl::StrCat("A loop's condition must be a boolean scalar, not ",
                                                       DataTypeString(values[0].dtype()),
                                                       values[0].shape().DebugString()));
      }
      if (!values[0].flat<bool>()[0]) break;
      TFP_RETURN_IF_ERROR(Run(body, variables, ctx, &values));
      variables.swap(values);
    }
    TFP_RETURN_IF_ERROR(Run(exit, variables, ctx, &values));
    for (size_t i = 0; i < values.size(); ++i) ctx.SetOutput(static_cast<int>(i), std::move(values[i]));
    return absl::OkStatus();
  }

 private:
  absl::Status Run(Part& part, const std::vector<Tensor>& variables, OpKernelContext& ctx,
                   std::vector<Tensor>* values) const {
    static const Tensor kTrueValue = Tensor::Scalar<bool>(true);
    std::vector<const Tensor*> feeds;
    for (const Source& source : part.feeds) {
      feeds.push_back(source.kind == Source::kVariable    ? &variables[source.index]
                      : source.kind == Source::kInvariant ? &ctx.input(invariants[source.index])
                                                          : &kTrueValue);
    }
    std::unique_ptr<RunState> state(part.idle.exchange(nullptr, std::memory_order_acquire));
    if (state == nullptr) state = std::make_unique<RunState>(*part.plan);
    RunEnvironment environment{&ctx.resources()};
    environment.outer = &ctx;
    TFP_RETURN_IF_ERROR(state->Run(feeds, environment, values));
    RunState* expected = nullptr;
    if (part.idle.compare_exchange_strong(expected, state.get(), std::memory_order_release)) state.release();
    return absl::OkStatus();
  }
};

class LoopCompiler {
 public:
  LoopCompiler(const Loop& loop, KernelSource& kernels, int nesting)
      : loop_(loop), kernels_(kernels), nesting_(nesting) {}

  absl::StatusOr<std::unique_ptr<OpKernel>> Compile() {
    auto kernel = std::make_unique<LoopKernel>();
    TFP_RETURN_IF_ERROR(FindVariables(kernel.get()));
    for (const auto* nodes : {&loop_.enters, &loop_.merges, &loop_.switches}) cut_.insert(nodes->begin(), nodes->end());
    cut_.insert(loop_.loop_cond);

    TFP_RETURN_IF_ERROR(CompilePart({loop_.loop_cond->inputs()[0]}, kSwitchNowhere, &kernel->condition));
    std::vector<Output> next;
    for (const Node* merge : loop_.merges) next.push_back(NextOf(*merge)->inputs()[0]);
    TFP_RETURN_IF_ERROR(CompilePart(std::move(next), 1, &kernel->body));
    std::vector<Output> left;
    for (const Node* exit : loop_.exits) left.push_back(exit->inputs()[0]);
    TFP_RETURN_IF_ERROR(CompilePart(std::move(left), 0, &kernel->exit));
    return kernel;
  }

 private:
  static constexpr int kSwitchNowhere = -1;

  static const Node* NextOf(const Node& merge) {
    for (const Output& in : merge.inputs()) {
      if (IsNextIteration(*in.node)) return in.node;
    }
    return nullptr;
  }

  absl::Status FindVariables(LoopKernel* kernel) {
    absl::flat_hash_set<const Node*> starts;
    for (const Node* merge : loop_.merges) {
      const Node* enter = nullptr;
      for (const Output& in : merge->inputs()) {
        if (IsEnter(*in.node)) enter = in.node;
      }
      if (enter == nullptr || NextOf(*merge) == nullptr || merge->inputs().size() != 2) {
        return NoWhileLoop(loop_, *merge, "does not join an Enter and a NextIteration");
      }
      kernel->initial.push_back(InputOf(enter));
      variable_of_[merge] = static_cast<int>(variable_of_.size());
      starts.insert(enter);
    }
    for (const Node* enter : loop_.enters) {
      if (starts.contains(enter)) continue;
      invariant_of_[enter] = static_cast<int>(kernel->invariants.size());
      kernel->invariants.push_back(InputOf(enter));
    }
    for (const Node* node : loop_.switches) {
      if (!variable_of_.contains(node->inputs()[0].node)) return NoWhileLoop(loop_, *node, "switches no loop variable");
    }
    return absl::OkStatus();
  }

  int InputOf(const Node* enter) const {
    return static_cast<int>(std::find(loop_.enters.begin(), loop_.enters.end(), enter) - loop_.enters.begin());
  }

  // Feeds whatever the frame's own machinery would bring. `side`: the live output of the switches.
  absl::Status CompilePart(std::vector<Output> fetches, int side, LoopKernel::Part* part) {
    RunSignature signature;
    auto feed = [&](const Node* node, int index, LoopKernel::Source source) {
      signature.feeds.push_back(Output{const_cast<Node*>(node), index});
      part->feeds.push_back(source);
    };
    for (const Node* merge : loop_.merges) feed(merge, 0, {LoopKernel::Source::kVariable, variable_of_.at(merge)});
    for (const auto& [enter, index] : invariant_of_) feed(enter, 0, {LoopKernel::Source::kInvariant, index});
    if (side != kSwitchNowhere) {
      for (const Node* node : loop_.switches) {
        feed(node, side, {LoopKernel::Source::kVariable, variable_of_.at(node->inputs()[0].node)});
      }
      if (side == 1) feed(loop_.loop_cond, 0, {LoopKernel::Source::kTrue, 0});
    }
    signature.fetches = std::move(fetches);
    TFP_ASSIGN_OR_RETURN(part->plan, Plan::CompileInner(std::move(signature), kernels_, cut_, nesting_ - 1));
    return absl::OkStatus();
  }

  const Loop& loop_;
  KernelSource& kernels_;
  const int nesting_;
  absl::flat_hash_map<const Node*, int> variable_of_;   // of a Merge
  absl::flat_hash_map<const Node*, int> invariant_of_;  // of an Enter
  absl::flat_hash_set<const Node*> cut_;
};

}  // namespace

Loop* Loops::Find(const Node* exit) const {
  auto it = by_exit_.find(exit);
  return it == by_exit_.end() ? nullptr : it->second;
}

absl::StatusOr<Loop*> Loops::Add(const Node* exit) {
  if (Loop* known = Find(exit)) return known;
  // Backwards from the exit; an inner loop's exit leads one frame in, and an Enter one out.
  Loop found;
  Loop* loop = nullptr;
  bool has_frame = false;
  std::vector<const Node*> own;
  absl::flat_hash_map<const Node*, int> depth = {{exit, 0}};
  std::vector<const Node*> stack;
  auto visit = [&](const Node* node, int d) {
    if (depth.emplace(node, d).second) stack.push_back(node);
  };
  visit(exit->inputs()[0].node, 1);
  while (!stack.empty()) {
    const Node* node = stack.back();
    stack.pop_back();
    const int d = depth.at(node);
    if (d == 1) {
      if (auto it = loop_of_.find(node); it != loop_of_.end()) {
        loop = it->second;
        continue;
      }
      own.push_back(node);
      if (IsEnter(*node)) {
        const tensorflow::AttrValue* frame = node->attr("frame_name");
        const std::string name = frame != nullptr ? frame->s() : "";
        if (has_frame && name != found.frame) {
          return absl::InvalidArgumentError(absl::StrCat("The loop that ", exit->name(), " leaves has nodes of two ",
                                                         "frames, '", found.frame, "' and '", name, "'."));
        }
        found.frame = name;
        has_frame = true;
        found.enters.push_back(node);
        continue;
      }
      if (node->op() == "LoopCond") found.loop_cond = node;
      if (IsMerge(*node) && std::any_of(node->inputs().begin(), node->inputs().end(),
                                        [](const Output& in) { return in && IsNextIteration(*in.node); })) {
        found.merges.push_back(node);
      }
      if (IsSwitch(*node) && node->inputs()[1].node->op() == "LoopCond") found.switches.push_back(node);
    }
    const int next = IsExit(*node) ? d + 1 : IsEnter(*node) ? d - 1 : d;
    for (const Output& in : node->inputs()) visit(in.node, next);
    for (const Node* c : node->control_inputs()) visit(c, next);
  }
  if (loop == nullptr) {
    loops_.push_back(Loop{});
    loop = &loops_.back();
    loop->frame = found.frame;
  }
  auto append = [](const std::vector<const Node*>& from, std::vector<const Node*>* to) {
    to->insert(to->end(), from.begin(), from.end());
  };
  append(found.enters, &loop->enters);
  append(found.merges, &loop->merges);
  append(found.switches, &loop->switches);
  if (found.loop_cond != nullptr) loop->loop_cond = found.loop_cond;
  for (const Node* node : own) loop_of_[node] = loop;
  if (loop->loop_cond == nullptr || loop->merges.empty() || loop->switches.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("The loop that ", exit->name(), " leaves has no condition (LoopCond) or no variable (Merge)."));
  }
  by_exit_[exit] = loop;
  loop->exits.push_back(exit);
  return loop;
}

absl::StatusOr<std::unique_ptr<OpKernel>> MakeLoopKernel(const Loop& loop, KernelSource& kernels, int nesting) {
  if (nesting < 1) {
    return absl::ResourceExhaustedError(absl::StrCat("Loops are nested deeper than Limits::max_nesting: frame '",
                                                     loop.frame, "' (", loop.exits[0]->name(), ")."));
  }
  return LoopCompiler(loop, kernels, nesting).Compile();
}

}  // namespace tfpersist
