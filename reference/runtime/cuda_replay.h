// Runs of a plan whose work on the device is always the same (Plan::replayable): the third run with feeds of the same
// shapes is recorded as a CUDA graph, later ones start that graph as a whole. Feeds and fetches go through pinned
// memory of the record. A run goes step by step again when a shape changes, a variable has got another buffer, or the
// recording failed. One thread at a time, as the RunState that it belongs to.
#ifndef TFPERSIST_REFERENCE_RUNTIME_CUDA_REPLAY_H_
#define TFPERSIST_REFERENCE_RUNTIME_CUDA_REPLAY_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "reference/runtime/cuda_device.h"
#include "reference/runtime/executor.h"

namespace tfpersist {

class CudaReplay {
 public:
  explicit CudaReplay(RunState& state) : state_(state) {}

  absl::Status Run(absl::Span<const Tensor* const> feeds, const RunEnvironment& environment,
                   std::vector<Tensor>* fetched);
  bool recorded() const { return graph_ != nullptr; }

 private:
  struct SeenVariable {
    RefVariable* variable;
    const void* data;
    TensorShape shape;
  };

  bool SameShapes(absl::Span<const Tensor* const> feeds) const;
  bool SameVariables() const;
  absl::Status Record(absl::Span<const Tensor* const> feeds, const RunEnvironment& environment);
  absl::Status Replay(absl::Span<const Tensor* const> feeds, std::vector<Tensor>* fetched);
  void Forget();

  static constexpr int kRunsBefore = 2;  // caches are warm, libraries have chosen their algorithms
  static constexpr int kMaxFailures = 3;

  RunState& state_;
  struct FedShape {
    DataType dtype;
    TensorShape shape;
    bool on_device;
  };
  std::vector<FedShape> shapes_;  // of the feeds, in the runs counted
  int runs_ = 0, failures_ = 0;
  std::vector<Tensor> feeds_, fetches_;  // in pinned memory; feeds that come from the device, there
  std::vector<SeenVariable> variables_;
  std::unique_ptr<CudaGraph> graph_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_CUDA_REPLAY_H_
