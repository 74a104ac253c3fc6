// DirectSession: runs parts of a graph on the devices of this process.
//
// Run() may be called from several threads at once; the graph may grow between runs (S26). Variables live in the
// session. Follows core/common_runtime/direct_session.cc and python/client/session.py in what it accepts and how it
// fails: kernel errors end with the node's text as TensorFlow 1.11.0 prints it (S21), and carry its name
// (base/status.h, NodeOf). tfpersist::Session (reference/tfpersist.h) is this class with every kernel of the library.
#ifndef TFPERSIST_REFERENCE_RUNTIME_DIRECT_SESSION_H_
#define TFPERSIST_REFERENCE_RUNTIME_DIRECT_SESSION_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "reference/graph/graph.h"
#include "reference/op/kernel_registry.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

struct SessionOptions {
  int threads = 0;  // bounds every pool that a run uses; 0: the machine's cores
  bool allow_soft_placement = false;
  int cpu_devices = 1;  // "/device:CPU:0" … as ConfigProto.device_count
  // As the C API has it instead of Python: nothing asked for, and a tensor both fed and fetched, are errors (S23, S24).
  bool c_api_checks = false;
  // Restored variables are pages of the checkpoint's files, copy-on-write, where that can be (ReadOptions::map_files in
  // checkpoint/bundle_reader.h says when, and what to mind). No bytes are copied before something writes to them.
  bool map_checkpoints = false;
  // 1: "/device:GPU:0" is there, and nodes that name no device run on it where it has a kernel for them; what it has
  // none for runs on the host (RunMetadata::host_fallbacks). int32 values stay on the host, as TensorFlow keeps them.
  int cuda_devices = 0;
  // Constants are folded and nodes fused where nothing but time and the last bits tells (runtime/optimizer.h). On the
  // host alone.
  bool optimize = true;
  // For graphs that nobody vouches for. A run that takes longer ends before its next step with DEADLINE_EXCEEDED
  // (ConfigProto.operation_timeout_in_ms); 0: as long as it takes.
  int64_t operation_timeout_in_ms = 0;
  // Bytes that values, variables and the kernels' temporary tensors may have at one time, and the characters of all
  // strings that one run makes; RESOURCE_EXHAUSTED beyond. 0: as much as there is.
  int64_t max_bytes = 0;
};

// One step of a run: a node, or several that one kernel computes together.
struct NodeStats {
  std::string name;                // of the last of them
  std::string op;                  // what ran: "Conv2D", "_FusedConv2D"
  std::vector<std::string> nodes;  // of a fused step, in the order of the graph; empty for one node
  bool one_by_one = false;         // the fused kernel refused its inputs, and the nodes ran instead: slower
  std::string device;
  int64_t start_ns = 0, end_ns = 0;  // since the run began; on a GPU until the work was queued
  int64_t output_bytes = 0;
};

// What a run did, for reports. Filled when passed in.
struct RunMetadata {
  bool trace = false;  // set it before the run to have `steps`; a traced run is slower, and no batch goes in slices
  std::vector<NodeStats> steps;
  int64_t peak_bytes = 0;
  int64_t slices = 0;  // how many parts of a batch of images went through the convolutions one after the other; 0: none
  std::vector<std::string> host_fallbacks;  // nodes asked onto a GPU that ran on the host
};

class DirectSession {
 public:
  using Feed = std::pair<Output, Tensor>;
  using NamedFeed = std::pair<std::string, Tensor>;

  // The graph and the registry outlive the session.
  DirectSession(Graph& graph, const KernelRegistry& kernels, SessionOptions options = {});
  ~DirectSession();
  DirectSession(const DirectSession&) = delete;
  DirectSession& operator=(const DirectSession&) = delete;

  // One value per fetch, in order; duplicates are computed once. Targets are run for their effect.
  absl::StatusOr<std::vector<Tensor>> Run(absl::Span<const Feed> feeds, absl::Span<const Output> fetches,
                                          absl::Span<Node* const> targets, RunMetadata* metadata = nullptr);
  // The same by name: "add:0", "init". Lookup texts as S06, S09, S15, S16.
  absl::StatusOr<std::vector<Tensor>> Run(absl::Span<const NamedFeed> feeds, absl::Span<const std::string> fetches,
                                          absl::Span<const std::string> targets);
  // The same for feeds that the caller gives up: where nothing else holds their memory, a variable that is assigned one
  // takes it instead of copying.
  absl::Status RunTakingFeeds(std::vector<Feed> feeds, absl::Span<Node* const> targets);
  // What lies in device memory is fetched as it lies there; it can be fed again, and read only after a copy.
  absl::StatusOr<std::vector<Tensor>> RunKeepingOnDevice(absl::Span<const Feed> feeds,
                                                         absl::Span<const Output> fetches);
  absl::StatusOr<Tensor> Run(Output fetch);
  absl::Status Run(Node* target);

  // The steps of a partial run (runtime/partial_run.h): its check, and one part, for which the nodes of `cut` have run.
  absl::Status CheckPartialRun(absl::Span<const Output> feeds, absl::Span<const Output> fetches,
                               absl::Span<Node* const> targets);
  absl::StatusOr<std::vector<Tensor>> RunPart(absl::Span<const Feed> feeds, absl::Span<const Output> fetches,
                                              absl::Span<Node* const> targets,
                                              const absl::flat_hash_set<const Node*>& cut);

  // Afterwards every call is FAILED_PRECONDITION "Attempted to use a closed Session.".
  void Close();

  Graph& graph() const { return graph_; }

 private:
  class Impl;
  Graph& graph_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_DIRECT_SESSION_H_
