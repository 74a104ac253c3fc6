#include "reference/train/save_plan.h"

#include <set>
#include <utility>

#include "reference/base/status.h"
#include "reference/train/nodes.h"

namespace tfpersist {
namespace {

// Where the saved tensors begin among an op's inputs; -1: it saves none.
int FirstSaved(const Node& node) {
  if (node.op() == "SaveV2" || node.op() == "SaveSlices") return 3;
  return node.op() == "Save" ? 2 : -1;
}

}  // namespace

absl::StatusOr<std::vector<DirectSession::NamedFeed>> TakeSnapshot(DirectSession& session,
                                                                   const std::string& save_tensor) {
  TFP_ASSIGN_OR_RETURN(const Output save, session.graph().FindTensor(save_tensor));
  std::vector<Output> saved;
  std::set<std::pair<const Node*, int>> seen;
  for (Node* node : NodesBehind(save.node, [](const Node& n) { return FirstSaved(n) >= 0; })) {
    const int first = FirstSaved(*node);
    for (int i = first; first >= 0 && i < static_cast<int>(node->inputs().size()); ++i) {
      const Output& input = node->inputs()[i];
      if (seen.emplace(input.node, input.index).second) saved.push_back(input);
    }
  }
  TFP_ASSIGN_OR_RETURN(std::vector<Tensor> values,
                       session.Run(absl::Span<const DirectSession::Feed>(), saved, absl::Span<Node* const>()));
  std::vector<DirectSession::NamedFeed> snapshot;
  for (size_t i = 0; i < saved.size(); ++i) snapshot.emplace_back(saved[i].name(), std::move(values[i]));
  return snapshot;
}

}  // namespace tfpersist
