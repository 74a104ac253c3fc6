#include "reference/train/safe_initial_value.h"

#include <unordered_map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "reference/base/status.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/node_def.pb.h"
#include "reference/train/variable.h"

namespace tfpersist {
namespace {

// Where the walk stops: these are answered without looking at what they read.
bool IsLeaf(const Node& node) {
  const std::string& op = node.op();
  return op == "IsVariableInitialized" || op == "VarIsInitializedOp" || op == "ReadVariableOp" || op == "Variable" ||
         op == "VariableV2" || op == "VarHandleOp";
}

// Every ancestor of `initial` before its consumers; empty if there is a loop. Iterative: graphs may be deep.
std::vector<Node*> Ancestors(Output initial) {
  enum : char { kOpen = 1, kDone = 2 };
  std::unordered_map<Node*, char> state;
  std::vector<Node*> order;
  std::vector<std::pair<Node*, size_t>> stack = {{initial.node, 0}};
  state[initial.node] = kOpen;
  while (!stack.empty()) {
    auto& [node, next] = stack.back();
    if (next == node->inputs().size() || IsLeaf(*node)) {
      state[node] = kDone;
      order.push_back(node);
      stack.pop_back();
      continue;
    }
    Node* input = node->inputs()[next++].node;
    char& seen = state[input];
    if (seen == kOpen) return {};
    if (seen == kDone) continue;
    seen = kOpen;
    stack.push_back({input, 0});
  }
  return order;
}

absl::StatusOr<Output> InitializedValueOf(Graph& graph, Node* node) {
  for (const char* collection : {kGlobalVariables, kLocalVariables}) {
    for (const Variable& v : VariablesIn(graph, collection)) {
      if (v.op() == node) return v.InitializedValue();
    }
  }
  return Output{node, 0};
}

}  // namespace

absl::StatusOr<Output> SafeInitialValue(Graph& graph, Output initial, const std::string& variable_name) {
  std::unordered_map<Node*, Node*> made;
  for (Node* node : Ancestors(initial)) {
    Node*& result = made[node];
    result = node;
    const std::string& op = node->op();
    if (IsLeaf(*node)) {
      if (op == "IsVariableInitialized" || op == "VarIsInitializedOp" || op == "ReadVariableOp") continue;
      TFP_ASSIGN_OR_RETURN(Output value, InitializedValueOf(graph, node));
      result = value.node;
      continue;
    }
    Graph::NodeSpec spec;
    bool modified = false;
    for (const Output& input : node->inputs()) {
      Node* source = made.at(input.node);
      modified |= source != input.node;
      spec.inputs.push_back(Output{source, input.index});
    }
    if (!modified) continue;
    spec.op = op == "RefSwitch" ? "Switch" : op;
    spec.name = absl::StrReplaceAll(absl::StrCat(node->name(), "_", variable_name), {{":", "_"}});
    for (const auto& [key, value] : node->def().attr()) spec.attrs[key] = value;
    TFP_ASSIGN_OR_RETURN(result, graph.AddNode(std::move(spec)));
  }
  auto it = made.find(initial.node);
  return it == made.end() ? initial : Output{it->second, initial.index};
}

}  // namespace tfpersist
