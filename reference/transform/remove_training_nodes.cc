#include "reference/transform/remove_training_nodes.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "reference/base/status.h"

namespace tfpersist {
namespace {

// Keyed by names as inputs have them, so that "i:0" is not the Identity i, as in TensorFlow (F17).
class Splices {
 public:
  void Add(absl::string_view name, absl::string_view input) { ends_[name] = input; }
  bool Contains(absl::string_view name) const { return ends_.contains(name); }

  // What an input means once the Identity nodes are gone. Chains are followed once.
  absl::StatusOr<absl::string_view> Follow(absl::string_view input) {
    std::vector<absl::string_view> passed;
    absl::string_view name = absl::StripPrefix(input, "^");
    for (auto it = ends_.find(name); it != ends_.end(); it = ends_.find(name)) {
      if (passed.size() == ends_.size()) {
        return WithNode(absl::InvalidArgumentError(absl::StrCat("Identity nodes form a cycle through '", name,
                                                                "', so that nothing can take their place.")),
                        name);
      }
      passed.push_back(name);
      input = it->second;
      name = absl::StripPrefix(input, "^");
    }
    for (absl::string_view p : passed) ends_[p] = input;
    return input;
  }

 private:
  absl::flat_hash_map<absl::string_view, absl::string_view> ends_;
};

}  // namespace

absl::StatusOr<tensorflow::GraphDef> RemoveTrainingNodes(const tensorflow::GraphDef& graph_def,
                                                         const std::vector<std::string>& protected_nodes) {
  const absl::flat_hash_set<absl::string_view> keep(protected_nodes.begin(), protected_nodes.end());
  absl::flat_hash_set<absl::string_view> removed;
  for (const auto& node : graph_def.node()) {
    if (node.op() == "CheckNumerics" && !keep.contains(node.name())) removed.insert(node.name());
  }
  auto is_removed = [&](absl::string_view input) { return removed.contains(absl::StripPrefix(input, "^")); };

  Splices splices;
  for (const auto& node : graph_def.node()) {
    if (node.op() != "Identity" || keep.contains(node.name()) || removed.contains(node.name())) continue;
    const std::string* first = nullptr;
    bool has_control_input = false;
    for (const std::string& input : node.input()) {
      if (is_removed(input)) continue;
      if (first == nullptr) first = &input;
      has_control_input |= absl::StartsWith(input, "^");
    }
    if (has_control_input) continue;
    if (first == nullptr) {
      return WithHint(
          WithNode(absl::InvalidArgumentError("list index out of range"), node.name()),
          absl::StrCat("The Identity node '", node.name(),
                       "' has no input left to stand in for it; protect it or the CheckNumerics it reads."));
    }
    splices.Add(node.name(), *first);
  }

  tensorflow::GraphDef out;  // nodes only: neither versions nor functions, as TensorFlow leaves it
  for (const auto& node : graph_def.node()) {
    if (removed.contains(node.name()) || splices.Contains(node.name())) continue;
    tensorflow::NodeDef* copy = out.add_node();
    *copy = node;
    copy->clear_input();
    for (const std::string& input : node.input()) {
      if (is_removed(input)) continue;
      TFP_ASSIGN_OR_RETURN(const absl::string_view end, splices.Follow(input));
      copy->add_input(std::string(end));
    }
  }
  return out;
}

}  // namespace tfpersist
