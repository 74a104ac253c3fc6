// Which device a node runs on: device strings, and the choice among a session's devices.
//
// Follows core/util/device_name_utils.cc and core/common_runtime/placer.cc. The whole graph is placed, so a node that
// names an absent device fails every run of its graph (S33), unless soft placement is allowed.
#ifndef TFPERSIST_REFERENCE_RUNTIME_PLACER_H_
#define TFPERSIST_REFERENCE_RUNTIME_PLACER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "reference/graph/graph.h"
#include "reference/op/device.h"

namespace tfpersist {

// "/job:j/replica:0/task:0/device:CPU:0" in parts; a part left out, or "*", matches any.
struct DeviceSpec {
  std::optional<std::string> job;
  std::optional<int> replica, task;
  std::optional<std::string> type;  // "CPU", "GPU": upper case
  std::optional<int> id;

  // The old short forms "/cpu:0" and "/gpu:0" count too. Nothing: malformed.
  static std::optional<DeviceSpec> Parse(absl::string_view text);
  bool Matches(const DeviceSpec& full) const;
  // Parts that `inner` names replace this one's, as with nested tf.device blocks.
  DeviceSpec MergedWith(const DeviceSpec& inner) const;
  std::string ToString() const;
};

// Places a graph's nodes as it grows. One thread at a time.
class Placer {
 public:
  // The first device is the host. A node that names no device goes to the last one if there is a kernel for it there,
  // and with the variable or the resource that it takes.
  using HasKernel = std::function<bool(const Node& node, DeviceType type)>;
  Placer(absl::Span<const std::unique_ptr<Device>> devices, bool allow_soft_placement, HasKernel has_kernel);

  // Places the nodes that came since the last call. An error is kept and given again until the session ends, as the
  // graph keeps the bad node.
  absl::Status PlaceNewNodes(const Graph& graph);
  // REQUIRES: the node has been placed.
  Device* device_of(const Node& node) const { return placed_[node.id()]; }

 private:
  absl::StatusOr<Device*> Place(const Graph& graph, const Node& node);
  Device* DefaultFor(const Node& node) const;
  void KeepOnHost(const Graph& graph, int first);

  struct Candidate {
    Device* device;
    DeviceSpec spec;
  };
  std::vector<Candidate> candidates_;
  std::string available_;  // as the error lists them
  bool allow_soft_placement_;
  HasKernel has_kernel_;
  std::vector<Device*> placed_;  // by node id
  // Variables that a node changes, or reads by reference, for which the device has no kernel.
  absl::flat_hash_set<const Node*> host_only_;
  absl::Status status_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_PLACER_H_
