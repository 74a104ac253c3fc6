#include "reference/transform/extract_sub_graph.h"

#include <deque>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "reference/base/status.h"

namespace tfpersist {
namespace {

// "^a" and "a:1" name the node a.
absl::string_view NodeOfInput(absl::string_view input) {
  if (absl::ConsumePrefix(&input, "^")) return input;
  return input.substr(0, input.find(':'));
}

}  // namespace

absl::StatusOr<tensorflow::GraphDef> ExtractSubGraph(const tensorflow::GraphDef& graph_def,
                                                     const std::vector<std::string>& dest_nodes) {
  absl::flat_hash_map<absl::string_view, int> index;
  index.reserve(graph_def.node_size());
  // Of nodes with one name the last counts, as in TensorFlow.
  for (int i = 0; i < graph_def.node_size(); ++i) index[NodeOfInput(graph_def.node(i).name())] = i;

  std::vector<bool> keep(graph_def.node_size());
  std::deque<int> to_visit;  // breadth first: which absent input is named depends on the order
  auto reach = [&](int i) {
    if (!keep[i]) to_visit.push_back(i);
    keep[i] = true;
  };
  for (const std::string& name : dest_nodes) {
    const auto it = index.find(name);
    if (it == index.end()) return absl::InvalidArgumentError(absl::StrCat(name, " is not in graph"));
    reach(it->second);
  }
  while (!to_visit.empty()) {
    const tensorflow::NodeDef& node = graph_def.node(to_visit.front());
    to_visit.pop_front();
    for (const std::string& input : node.input()) {
      const absl::string_view name = NodeOfInput(input);
      const auto it = index.find(name);
      if (it == index.end()) {
        return WithHint(
            WithNode(absl::NotFoundError(name), node.name()),
            absl::StrCat("Node '", node.name(), "' has the input '", input, "', which is not in the graph."));
      }
      reach(it->second);
    }
  }

  tensorflow::GraphDef out;
  for (int i = 0; i < graph_def.node_size(); ++i) {
    if (keep[i]) *out.add_node() = graph_def.node(i);
  }
  // Present even if empty, as copying leaves them.
  *out.mutable_library() = graph_def.library();
  *out.mutable_versions() = graph_def.versions();
  return out;
}

}  // namespace tfpersist
