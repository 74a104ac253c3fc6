// Runs plans. A RunState is what one run of one plan writes to: the slots and the kernel context; it is kept between
// runs so that a warm run allocates nothing but its outputs.
//
// A run goes through the steps in order on the calling thread; kernels split their own work over the device's threads.
// Dead tensors (Switch) pass through the slots as flags. A loop is one step, whose kernel runs plans of its own
// (loop.h): nothing in a Step knows how often it runs.
//
// Reference edges carry the RefVariable. A consumer that wants the value takes it when it runs, under the variable's
// lock; without value it fails there: "Attempting to use uninitialized value v" (S19, core/common_runtime/executor.cc).
#ifndef TFPERSIST_REFERENCE_RUNTIME_EXECUTOR_H_
#define TFPERSIST_REFERENCE_RUNTIME_EXECUTOR_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/op/op_kernel.h"
#include "reference/runtime/plan.h"

namespace tfpersist {

struct NodeStats;  // direct_session.h

// What a run is given beside its plan. All outlive it.
struct RunEnvironment {
  ResourceManager* resources = nullptr;
  const std::atomic<bool>* cancelled = nullptr;  // set: the run ends with CANCELLED before its next step
  int64_t* peak_bytes = nullptr;                 // not null: the most bytes that values took at one time
  // Not empty: the feeds, in order, whose values are moved out, so that the run owns them. Nothing fed is fetched then.
  absl::Span<Tensor* const> owned_feeds = {};
  bool keep_on_device = false;    // what is fetched stays in device memory where it lies there
  Device* accelerator = nullptr;  // the session's, whose memory feeds may lie in though the plan is the host's alone
  // Not the clock's epoch: when the run ends with CANCELLED.
  std::chrono::steady_clock::time_point deadline = {};
  int64_t* slices = nullptr;                // not null: how many parts of a batch went through one after the other
  std::vector<NodeStats>* trace = nullptr;  // not null: gets every step but those inside of loops and functions
  const OpKernelContext* outer = nullptr;   // of the kernel that this run is part of; cancelled with it
};

class CudaReplay;  // cuda_replay.h
class SlicedRun;   // batch_slices.h

class RunState {
 public:
  // `whole` false: for RunPart alone.
  explicit RunState(const Plan& plan, bool whole = true);
  ~RunState();
  RunState(const RunState&) = delete;
  RunState& operator=(const RunState&) = delete;

  // `feeds` as in the plan's signature, already checked. `fetched` gets one tensor per fetch.
  // One run at a time.
  absl::Status Run(absl::Span<const Tensor* const> feeds, const RunEnvironment& environment,
                   std::vector<Tensor>* fetched);

  // Steps [first, end), for whoever sets and takes the slots' values. REQUIRES: host values all.
  absl::Status RunPart(int first, int end, const RunEnvironment& environment);
  Tensor& value(int32_t slot) { return slots_[slot].value; }
  const Tensor& value(int32_t slot) const { return slots_[slot].value; }

 private:
  friend class CudaReplay;
  class Context;
  struct Slot {
    Tensor value;
    RefVariable* variable = nullptr;
    bool dead = false;
  };

  template <bool kMayBeDead>
  absl::Status RunSteps(Context& ctx, size_t first, size_t end);
  // The part of the plan that is run in slices. False: the steps are to be run.
  absl::StatusOr<bool> RunSlices(Context& ctx, int64_t* live_bytes);
  absl::Status Trace(const Plan::Step& step, Context& ctx, std::chrono::steady_clock::time_point begin,
                     std::vector<NodeStats>* trace);
  absl::Status UninitializedError(const Plan::Step& step, int input) const;
  absl::Status PrepareInputs(const Plan::Step& step, Context& ctx);
  bool InputsAreDead(const Plan::Step& step) const;
  absl::Status RunOnce(absl::Span<const Tensor* const> feeds, const RunEnvironment& environment,
                       std::vector<Tensor>* fetched);
  absl::Status Fetch(absl::Span<const Tensor* const> feeds, std::vector<Tensor>* fetched);
  // Brings what was fetched to the host, and waits for the device.
  absl::Status FetchFromDevice(const RunEnvironment& environment, std::vector<Tensor>* fetched);
  void Clear();

  const Plan& plan_;
  const bool whole_;
  std::vector<Slot> slots_;
  std::vector<const Tensor*> input_tensors_;             // of the current step
  std::vector<Tensor> dereferenced_;                     // of the current step
  std::vector<uint8_t> step_dead_;                       // filled only when the plan may_be_dead()
  std::unique_ptr<CudaReplay> replay_;                   // of a plan that is replayable()
  std::unique_ptr<SlicedRun> sliced_;                    // of a plan with batch_slices()
  std::vector<RefVariable*>* seen_variables_ = nullptr;  // not null: every variable that is read or changed is added
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_EXECUTOR_H_
