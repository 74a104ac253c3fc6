#include "reference/graph/import_edges.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "reference/graph/consumers.h"
#include "reference/graph/names.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {

using tensorflow::NodeDef;

ImportEdges::ImportEdges(int num_nodes) {
  index_.reserve(num_nodes);
  loop_ops_.reserve(num_nodes);
  first_edge_.reserve(num_nodes + 1);
  first_edge_.push_back(0);
}

ImportEdges::LoopOp ImportEdges::LoopOpOf(absl::string_view op) {
  return op == "Merge" || op == "RefMerge"                   ? LoopOp::kMerge
         : op == "NextIteration" || op == "RefNextIteration" ? LoopOp::kNextIteration
                                                             : LoopOp::kNone;
}

int ImportEdges::Find(absl::string_view name) const {
  auto it = index_.find(name);
  return it == index_.end() ? -1 : it->second;
}

// Many a node reads the one before it.
int ImportEdges::FindInput(absl::string_view name) const {
  return name == last_name_ && num_nodes() > 0 ? num_nodes() - 1 : Find(name);
}

absl::Status ImportEdges::Add(const NodeDef& def, const std::string& name) {
  if (!IsValidOpName(name)) {
    return absl::InvalidArgumentError(absl::StrCat("Node '", name, "': Node name contains invalid characters"));
  }
  if (!index_.try_emplace(name, num_nodes()).second)
    return absl::InvalidArgumentError(absl::StrCat("Node '", name, "' is not unique"));
  if (def.op().empty())
    return absl::InvalidArgumentError(absl::StrCat("Node '", name, "' does not specify an operation"));
  bool control = false, known = true;
  for (const std::string& text : def.input()) {
    const InputName input = ParseInputName(text);
    if (absl::StartsWith(text, "^")) {
      control = true;
    } else if (control) {
      return absl::InvalidArgumentError(
          absl::StrCat("Node '", name, "': Control dependencies must come after regular dependencies"));
    }
    edges_.push_back({FindInput(input.node), input.index, -1});
    known &= edges_.back().from >= 0;
  }
  if (!known) unfinished_.push_back(num_nodes());
  first_edge_.push_back(static_cast<int>(edges_.size()));
  loop_ops_.push_back(LoopOpOf(def.op()));
  last_name_ = name;
  return absl::OkStatus();
}

absl::Status ImportEdges::Finish(absl::Span<const std::shared_ptr<NodeDef>> defs,
                                 const std::function<int(absl::string_view node, int index)>& mapped) {
  if (mapped != nullptr) {
    unfinished_.resize(num_nodes());
    std::iota(unfinished_.begin(), unfinished_.end(), 0);
  }
  for (const int i : unfinished_) {
    const NodeDef& def = *defs[i];
    for (int k = 0; k < def.input_size(); ++k) {
      Edge& edge = edges_[first_edge_[i] + k];
      const InputName input = ParseInputName(def.input(k));
      if (mapped != nullptr) edge.mapped = mapped(input.node, input.index);
      if (edge.mapped >= 0) {
        edge.from = -1;
        continue;
      }
      if (edge.from < 0) edge.from = Find(input.node);
      if (edge.from < 0) {
        return absl::InvalidArgumentError(
            absl::StrCat("Node '", def.name(), "': Unknown input node '", def.input(k), "'"));
      }
    }
  }
  return absl::OkStatus();
}

// How many inputs each node waits for. *sorted: none of them stands behind its reader.
std::vector<int> ImportEdges::Pending(bool* sorted) const {
  std::vector<int> pending(num_nodes());
  *sorted = true;
  for (int i = 0; i < num_nodes(); ++i) {
    int real = 0, controls = 0, before = 0;
    bool from_next_iteration = false;
    for (const Edge& edge : Of(i)) {
      if (edge.from < 0) continue;
      ++real;
      controls += edge.index == InputName::kControl;
      before += edge.from < i;
      from_next_iteration |= loop_ops_[edge.from] == LoopOp::kNextIteration;
    }
    // A Merge in a loop waits for its control inputs and one value only.
    const bool loop_merge = loop_ops_[i] == LoopOp::kMerge && from_next_iteration;
    pending[i] = loop_merge ? std::min(real, controls + 1) : real;
    *sorted &= before >= pending[i];
  }
  return pending;
}

std::vector<int> ImportEdges::Order() const {
  const int n = num_nodes();
  bool sorted = false;
  std::vector<int> pending = Pending(&sorted), order;
  if (sorted) {  // as TensorFlow writes them
    order.resize(n);
    std::iota(order.begin(), order.end(), 0);
    return order;
  }
  std::vector<std::pair<int, int>> from_to;
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int i = 0; i < n; ++i) {
    for (const Edge& edge : Of(i)) {
      if (edge.from >= 0) from_to.emplace_back(edge.from, i);
    }
    if (pending[i] == 0) ready.push(i);
  }
  const Consumers consumers(n, from_to);
  order.reserve(n);
  while (!ready.empty()) {
    order.push_back(ready.top());
    ready.pop();
    for (const int consumer : consumers.Of(order.back())) {
      if (--pending[consumer] == 0) ready.push(consumer);
    }
  }
  return order;
}

}  // namespace tfpersist
