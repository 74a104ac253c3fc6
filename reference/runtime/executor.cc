#include "reference/runtime/executor.h"

#include <algorithm>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/op/cuda_context.h"
#include "reference/runtime/batch_slices.h"
#include "reference/runtime/cuda_replay.h"
#include "reference/runtime/direct_session.h"
#include "reference/runtime/fused_kernel.h"

namespace tfpersist {
namespace {

// The same buffer as another dtype and shape of no more bytes. REQUIRES: plain dtypes of one width.
Tensor Reuse(const Tensor& t, DataType dtype, const TensorShape& shape) {
  return t.dtype() == dtype ? t.Reshaped(shape) : t.BitcastTo(dtype).Reshaped(shape);
}

int64_t Characters(const Tensor& t) {
  int64_t n = 0;
  if (t.dtype() == DT_STRING && t.memory_kind() == MemoryKind::kHost) {
    for (const std::string& s : t.flat<std::string>()) n += static_cast<int64_t>(s.size());
  }
  return n;
}

}  // namespace

// The one OpKernelContext of a run, pointed at step after step.
class RunState::Context final : public OpKernelContext {
 public:
  Context(RunState& state, const RunEnvironment& environment)
      : state_(state), plan_(state.plan_), environment_(environment) {}

  void SetStep(const Plan::Step& step) {
    step_ = &step;
    inputs_ = plan_.inputs() + step.first_input;
    outputs_ = state_.slots_.data() + step.first_output;
  }
  const RunEnvironment& environment() const { return environment_; }

  int num_inputs() const override { return step_->num_inputs; }
  int num_outputs() const override { return step_->num_outputs; }
  const Tensor& input(int i) const override { return *state_.input_tensors_[i]; }
  RefVariable* ref_input(int i) const override { return state_.slots_[inputs_[i].slot].variable; }

  absl::StatusOr<Tensor*> AllocateOutput(int i, const TensorShape& shape, int forward_from) override {
    const DataType dtype = BaseType(step_->node->output_types()[i]);
    Slot& out = outputs_[i];
    if (forward_from >= 0 && CanForward(i, forward_from, dtype, shape)) {
      out.value = Reuse(input(forward_from), dtype, shape);
      return &out.value;
    }
    const bool on_host = !step_->on_device || !plan_.slot_on_device(step_->first_output + i);
    TFP_ASSIGN_OR_RETURN(
        out.value,
        Tensor::Allocate(dtype, shape, step_->on_device && on_host ? HeapAllocator() : step_->device->allocator()));
    return &out.value;
  }
  void SetOutput(int i, Tensor value) override { outputs_[i].value = std::move(value); }
  void SetRefOutput(int i, RefVariable* variable) override { outputs_[i].variable = variable; }
  void SetDeadOutput(int i) override { outputs_[i].dead = true; }
  bool IsInputDead(int i) const override { return state_.slots_[inputs_[i].slot].dead; }
  bool OwnsInput(int i) const override {
    const Plan::Input& in = inputs_[i];
    return (in.flags & ~(given_up_ | Plan::kConstValue)) == Plan::kLastUse &&
           state_.slots_[in.slot].value.RefCountIsOne();
  }
  bool IsConstant(int i) const override { return (inputs_[i].flags & Plan::kConstValue) != 0; }
  absl::StatusOr<Tensor> AllocateTemp(DataType dtype, const TensorShape& shape) override {
    return Tensor::Allocate(dtype, shape, step_->device->allocator());
  }

  Device& device() const override { return *step_->device; }
  ResourceManager& resources() const override { return *environment_.resources; }
  const std::string& node_name() const override { return step_->node->name(); }
  bool IsCancelled() const override {
    if (environment_.cancelled != nullptr && environment_.cancelled->load(std::memory_order_relaxed)) return true;
    if (ABSL_PREDICT_FALSE(environment_.deadline != std::chrono::steady_clock::time_point()) &&
        std::chrono::steady_clock::now() > environment_.deadline) {
      return true;
    }
    return ABSL_PREDICT_FALSE(environment_.outer != nullptr) && environment_.outer->IsCancelled();
  }

 private:
  bool CanForward(int out, int i, DataType dtype, const TensorShape& shape) const {
    if (!OwnsInput(i)) return false;
    const Tensor& t = input(i);
    if (step_->on_device && (t.memory_kind() == MemoryKind::kCuda) != plan_.slot_on_device(step_->first_output + out)) {
      return false;
    }
    if (t.num_elements() != shape.num_elements() || t.num_elements() == 0) return false;
    if (t.dtype() == dtype) return IsPlain(dtype) || t.dtype() == DT_STRING;
    return IsPlain(dtype) && IsPlain(t.dtype()) && DataTypeSize(dtype) == DataTypeSize(t.dtype());
  }

  RunState& state_;
  const Plan& plan_;
  const RunEnvironment& environment_;
  // A feed's buffer is the caller's, unless he gave it up.
  const uint8_t given_up_ = environment_.owned_feeds.empty() ? 0 : Plan::kConstBuffer;
  const Plan::Step* step_ = nullptr;
  const Plan::Input* inputs_ = nullptr;
  Slot* outputs_ = nullptr;
};

RunState::RunState(const Plan& plan, bool whole)
    : plan_(plan),
      whole_(whole),
      slots_(plan.num_slots()),
      input_tensors_(plan.max_inputs()),
      dereferenced_(plan.max_inputs()) {
  for (const Plan::Constant& c : plan.constants()) slots_[c.slot].value = c.value;
  if (plan.may_be_dead()) step_dead_.resize(plan.steps().size());
  if (plan.replayable()) replay_ = std::make_unique<CudaReplay>(*this);
  if (whole && plan.batch_slices() != nullptr) sliced_ = std::make_unique<SlicedRun>(plan);
}

RunState::~RunState() = default;

absl::Status RunState::Run(absl::Span<const Tensor* const> feeds, const RunEnvironment& environment,
                           std::vector<Tensor>* fetched) {
  if (ABSL_PREDICT_TRUE(replay_ == nullptr)) return RunOnce(feeds, environment, fetched);
  return replay_->Run(feeds, environment, fetched);
}

absl::Status RunState::RunOnce(absl::Span<const Tensor* const> feeds, const RunEnvironment& environment,
                               std::vector<Tensor>* fetched) {
  const absl::Span<const int32_t> feed_slots = plan_.feed_slots();
  for (size_t i = 0; i < feed_slots.size(); ++i) {
    if (feed_slots[i] < 0) continue;
    Tensor& value = slots_[feed_slots[i]].value;
    if (ABSL_PREDICT_TRUE(environment.owned_feeds.empty())) {
      value = *feeds[i];
    } else {
      value = std::move(*environment.owned_feeds[i]);
    }
    if (ABSL_PREDICT_FALSE(value.memory_kind() == MemoryKind::kCuda) && plan_.feed_on_host(static_cast<int>(i))) {
      TFP_ASSIGN_OR_RETURN(value, environment.accelerator->cuda()->ToHost(value));
    }
  }
  Context ctx(*this, environment);
  const size_t end = plan_.steps().size();
  absl::Status status = plan_.may_be_dead() ? RunSteps<true>(ctx, 0, end) : RunSteps<false>(ctx, 0, end);
  if (ABSL_PREDICT_TRUE(status.ok())) status = Fetch(feeds, fetched);
  if (plan_.accelerator() != nullptr) {
    // Also after an error: what was queued still reads memory that is about to be let go.
    absl::Status waited = FetchFromDevice(environment, fetched);
    if (status.ok()) status = std::move(waited);
  }
  // A run that came through has let go of everything but unread feeds and what was fetched twice.
  if (ABSL_PREDICT_FALSE(!status.ok() || plan_.may_be_dead())) Clear();
  return status;
}

absl::Status RunState::RunPart(int first, int end, const RunEnvironment& environment) {
  Context ctx(*this, environment);
  absl::Status status = RunSteps<false>(ctx, first, end);
  if (!status.ok()) Clear();
  return status;
}

absl::StatusOr<bool> RunState::RunSlices(Context& ctx, int64_t* live_bytes) {
  const RunEnvironment& environment = ctx.environment();
  if (environment.trace != nullptr) return false;
  TFP_ASSIGN_OR_RETURN(const SlicedRun::Done done, sliced_->Run(*this, environment));
  if (done.slices == 0) return false;
  const BatchSlices& part = *plan_.batch_slices();
  if (environment.slices != nullptr) *environment.slices = done.slices;
  if (environment.peak_bytes != nullptr) {
    *environment.peak_bytes = std::max(*environment.peak_bytes, *live_bytes + done.peak_bytes);
    for (const int32_t slot : part.outputs) *live_bytes += slots_[slot].value.total_bytes();
  }
  for (int s = part.first; s < part.end; ++s) {
    const Plan::Step& step = plan_.steps()[s];
    for (int r = 0; r < step.num_releases; ++r) {
      Tensor& value = slots_[plan_.releases()[step.first_release + r]].value;
      *live_bytes -= value.total_bytes();
      value = Tensor();
    }
  }
  return true;
}

template <bool kMayBeDead>
absl::Status RunState::RunSteps(Context& ctx, size_t first, size_t end) {
  const absl::Span<const Plan::Step> steps = plan_.steps();
  const int32_t* const releases = plan_.releases();
  int64_t* const peak = ctx.environment().peak_bytes;
  int64_t live_bytes = 0;
  if (ABSL_PREDICT_FALSE(peak != nullptr)) {
    if (whole_) {
      for (const Plan::Constant& c : plan_.constants()) live_bytes += c.value.total_bytes();
    }
    *peak = live_bytes;
  }
  const int64_t limit = steps.empty() ? INT64_MAX : steps[0].device->allocator()->limit();
  std::vector<NodeStats>* const trace = ctx.environment().trace;
  const std::chrono::steady_clock::time_point begin =
      trace != nullptr ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
  int64_t characters = 0;  // of the strings that this run made; counted under a limit alone
  for (size_t s = first; s < end; ++s) {
    const Plan::Step& step = steps[s];
    if constexpr (!kMayBeDead) {
      if (ABSL_PREDICT_FALSE(sliced_ != nullptr) && s == static_cast<size_t>(plan_.batch_slices()->first)) {
        TFP_ASSIGN_OR_RETURN(const bool done, RunSlices(ctx, &live_bytes));
        if (done) {
          s = plan_.batch_slices()->end - 1;
          continue;
        }
      }
      // Found in the first run; what is left of a run is cleared only where there may be dead values, or after an
      // error.
      if (step.kind == Plan::StepKind::kVariable && slots_[step.first_output].variable != nullptr && trace == nullptr) {
        continue;
      }
    }
    ctx.SetStep(step);
    if constexpr (kMayBeDead) {
      step_dead_[s] = InputsAreDead(step);
      if (step_dead_[s]) {
        for (int o = 0; o < step.num_outputs; ++o) slots_[step.first_output + o].dead = true;
        continue;  // its inputs stay until the run is over
      }
    }
    absl::Status status = PrepareInputs(step, ctx);
    if (ABSL_PREDICT_FALSE(!status.ok()) && !NodeOf(status).empty()) return status;  // a read's that was passed by
    if (ABSL_PREDICT_TRUE(status.ok())) {
      if (ABSL_PREDICT_FALSE(ctx.IsCancelled())) return absl::CancelledError("Session was closed.");
      status = ABSL_PREDICT_TRUE(trace == nullptr) ? step.kernel->Compute(ctx) : Trace(step, ctx, begin, trace);
    }
    if (ABSL_PREDICT_FALSE(!status.ok())) {
      // A node inside of it failed.
      if ((step.kind == Plan::StepKind::kLoop || step.kind == Plan::StepKind::kFused) && !NodeOf(status).empty()) {
        return status;
      }
      return AttachNode(status, step.node->name(), plan_.NodeText(step));
    }
    if (ABSL_PREDICT_FALSE(limit != INT64_MAX)) {
      for (int o = 0; o < step.num_outputs; ++o) characters += Characters(slots_[step.first_output + o].value);
      if (characters > limit) {
        return AttachNode(absl::ResourceExhaustedError(absl::StrCat("The strings of this run have more than ", limit,
                                                                    " characters (SessionOptions::max_bytes)")),
                          step.node->name(), plan_.NodeText(step));
      }
    }
    if (ABSL_PREDICT_FALSE(peak != nullptr)) {
      for (int o = 0; o < step.num_outputs; ++o) live_bytes += slots_[step.first_output + o].value.total_bytes();
      *peak = std::max(*peak, live_bytes);
      for (int r = 0; r < step.num_releases; ++r) {
        live_bytes -= slots_[releases[step.first_release + r]].value.total_bytes();
      }
    }
    for (int r = 0; r < step.num_releases; ++r) {
      Slot& slot = slots_[releases[step.first_release + r]];
      if (slot.value.has_value()) slot.value = Tensor();
    }
    if (!step.plain_inputs) {
      for (int i = 0; i < step.num_inputs; ++i) {
        if (dereferenced_[i].has_value()) dereferenced_[i] = Tensor();
      }
    }
  }
  return absl::OkStatus();
}

absl::Status RunState::Trace(const Plan::Step& step, Context& ctx, std::chrono::steady_clock::time_point begin,
                             std::vector<NodeStats>* trace) {
  auto now = [&] {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count();
  };
  const auto* const fused =
      step.kind == Plan::StepKind::kFused ? static_cast<const FusedKernel*>(step.kernel) : nullptr;
  const int64_t refused = fused != nullptr ? fused->refused() : 0;
  NodeStats stats;
  stats.name = step.node->name();
  stats.op = step.node->op();
  stats.device = step.device->name();
  stats.start_ns = now();
  absl::Status status = step.kernel->Compute(ctx);
  stats.end_ns = now();
  if (step.kind == Plan::StepKind::kCopy) {
    stats.op = "_Copy";
  } else if (step.kind == Plan::StepKind::kLoop) {
    stats.op = "_Loop";
  } else if (fused != nullptr) {
    stats.op = fused->op();
    stats.nodes = fused->NodeNames();
    stats.one_by_one = fused->refused() > refused;
  }
  for (int o = 0; o < step.num_outputs; ++o) stats.output_bytes += slots_[step.first_output + o].value.total_bytes();
  trace->push_back(std::move(stats));
  return status;
}

absl::Status RunState::PrepareInputs(const Plan::Step& step, Context& ctx) {
  const Plan::Input* const inputs = plan_.inputs() + step.first_input;
  if (step.plain_inputs) {
    for (int i = 0; i < step.num_inputs; ++i) input_tensors_[i] = &slots_[inputs[i].slot].value;
    return absl::OkStatus();
  }
  for (int i = 0; i < step.num_inputs; ++i) {
    Slot& slot = slots_[inputs[i].slot];
    input_tensors_[i] = &slot.value;
    if (slot.variable == nullptr) {
      if ((inputs[i].flags & (Plan::kRefWanted | Plan::kDereference)) == 0 || ctx.IsInputDead(i)) continue;
      return absl::InternalError(absl::StrCat("Input ", i, " of ", step.node->name(), " has no variable behind it."));
    }
    if (ABSL_PREDICT_FALSE(seen_variables_ != nullptr)) seen_variables_->push_back(slot.variable);
    bool initialized;
    {
      MutexLock lock(&slot.variable->mu);
      initialized = slot.variable->value.has_value();
      if (inputs[i].flags & Plan::kDereference) dereferenced_[i] = slot.variable->value;
    }
    if (inputs[i].flags & Plan::kDereference) input_tensors_[i] = &dereferenced_[i];
    if (ABSL_PREDICT_FALSE(!initialized && !step.allows_uninitialized)) {
      return UninitializedError(step, i);
    }
  }
  return absl::OkStatus();
}

absl::Status RunState::UninitializedError(const Plan::Step& step, int i) const {
  Output variable = plan_.SourceOf(step, i);
  const Node* read = nullptr;  // that the optimizer passed by: the error is its
  while (!IsRefType(variable.dtype()) && !variable.node->inputs().empty()) {
    read = variable.node;
    variable = read->inputs()[0];
  }
  absl::Status status =
      absl::FailedPreconditionError(absl::StrCat("Attempting to use uninitialized value ", plan_.InputText(variable)));
  return read == nullptr ? status : AttachNode(status, read->name(), plan_.NodeText(*read, *step.device));
}

// A step is dead when one of its inputs or control inputs is. Merge waits for its first live input instead, and a
// ControlTrigger runs whatever comes.
bool RunState::InputsAreDead(const Plan::Step& step) const {
  const Plan::Input* const inputs = plan_.inputs() + step.first_input;
  if (step.kind == Plan::StepKind::kControlTrigger) return false;
  if (step.kind == Plan::StepKind::kMerge) {
    for (int i = 0; i < step.num_inputs; ++i) {
      if (!slots_[inputs[i].slot].dead) return false;
    }
    return true;
  }
  for (int i = 0; i < step.num_inputs; ++i) {
    if (slots_[inputs[i].slot].dead) return true;
  }
  for (int c = 0; c < step.num_controls; ++c) {
    if (step_dead_[plan_.controls()[step.first_control + c]]) return true;
  }
  return false;
}

absl::Status RunState::Fetch(absl::Span<const Tensor* const> feeds, std::vector<Tensor>* fetched) {
  const absl::Span<const Plan::Fetch> fetches = plan_.fetches();
  fetched->resize(fetches.size());
  for (size_t i = 0; i < fetches.size(); ++i) {
    const Plan::Fetch& fetch = fetches[i];
    Tensor& out = (*fetched)[i];
    if (fetch.slot < 0) {
      out = *feeds[fetch.feed];
      continue;
    }
    Slot& slot = slots_[fetch.slot];
    if (slot.dead) {
      return absl::InvalidArgumentError(absl::StrCat("Retval[", i, "] does not have value"));
    }
    if (fetch.dereference && slot.variable != nullptr) {
      MutexLock lock(&slot.variable->mu);
      out = slot.variable->value;
    } else if (fetch.last) {
      out = std::move(slot.value);
    } else {
      out = slot.value;
    }
    if (ABSL_PREDICT_FALSE(!out.has_value())) {
      // The node is synthetic, so the error names none (S19, S35).
      const Output& o = plan_.signature().fetches[i];
      return absl::FailedPreconditionError(absl::StrCat("Attempting to use uninitialized value ", plan_.InputText(o),
                                                        "\n\t [[", plan_.RetvalText(static_cast<int>(i)), "]]"));
    }
  }
  return absl::OkStatus();
}

absl::Status RunState::FetchFromDevice(const RunEnvironment& environment, std::vector<Tensor>* fetched) {
  CudaContext& cuda = *plan_.accelerator()->cuda();
  std::vector<Tensor> held;  // device memory that copies read
  if (!environment.keep_on_device) {
    for (Tensor& t : *fetched) {
      if (t.memory_kind() != MemoryKind::kCuda) continue;
      TFP_ASSIGN_OR_RETURN(Tensor host, Tensor::Allocate(t.dtype(), t.shape(), cuda.pinned_allocator()));
      if (t.total_bytes() > 0) TFP_RETURN_IF_ERROR(cuda.CopyToHost(t.data(), host.data(), t.total_bytes()));
      held.push_back(std::exchange(t, std::move(host)));
    }
  }
  return cuda.capturing() ? absl::OkStatus() : cuda.Synchronize();
}

void RunState::Clear() {
  for (Slot& slot : slots_) slot = Slot();
  for (const Plan::Constant& c : plan_.constants()) slots_[c.slot].value = c.value;
  for (Tensor& t : dereferenced_) t = Tensor();
}

}  // namespace tfpersist
