// The edges of a GraphDef that is being imported, by the positions of its nodes, and the order in which those are made.
// Follows core/graph/graph_constructor.cc of TensorFlow 1.11.0; texts are theirs.
#ifndef TFPERSIST_REFERENCE_GRAPH_IMPORT_EDGES_H_
#define TFPERSIST_REFERENCE_GRAPH_IMPORT_EDGES_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tensorflow {
class NodeDef;
}

namespace tfpersist {

class ImportEdges {
 public:
  struct Edge {
    int from = -1;    // position of a node; -1: mapped, or not known yet
    int index = 0;    // InputName::kControl: control
    int mapped = -1;  // what stands there instead: the caller's number
  };

  explicit ImportEdges(int num_nodes);

  // The next node, in the order of the GraphDef; `name` is its own and stays where it is. Most inputs name an earlier
  // node and are looked up here, while the node is near. INVALID_ARGUMENT: what is wrong with the node's own names.
  absl::Status Add(const tensorflow::NodeDef& def, const std::string& name);

  // After the last Add: the inputs that are left. `mapped` says what stands instead of an output, -1: nothing; null
  // where nothing is mapped. INVALID_ARGUMENT: an input that names no node.
  absl::Status Finish(absl::Span<const std::shared_ptr<tensorflow::NodeDef>> defs,
                      const std::function<int(absl::string_view node, int index)>& mapped);

  // Positions, each after those it reads, the smallest first; a Merge in a loop waits for one value alone. Shorter than
  // there are nodes: the rest waits in a cycle.
  std::vector<int> Order() const;

  absl::Span<const Edge> Of(int node) const {
    return absl::MakeConstSpan(edges_).subspan(first_edge_[node], first_edge_[node + 1] - first_edge_[node]);
  }
  int Find(absl::string_view name) const;  // position; -1: none

  using Index = absl::flat_hash_map<absl::string_view, int>;
  const Index& index() const { return index_; }
  // The index itself, for whom it spares making one. REQUIRES: Find is not called any more.
  Index TakeIndex() { return std::move(index_); }

 private:
  enum class LoopOp : uint8_t { kNone, kMerge, kNextIteration };
  static LoopOp LoopOpOf(absl::string_view op);

  int num_nodes() const { return static_cast<int>(loop_ops_.size()); }
  int FindInput(absl::string_view name) const;
  std::vector<int> Pending(bool* sorted) const;

  Index index_;
  std::vector<Edge> edges_;  // node after node
  std::vector<int> first_edge_;
  std::vector<LoopOp> loop_ops_;
  std::vector<int> unfinished_;  // nodes with an input that was not known when they were added
  absl::string_view last_name_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_IMPORT_EDGES_H_
