#include "reference/graph/function_body.h"

#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "reference/base/status.h"
#include "reference/graph/import.h"
#include "reference/op/op_registry.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/function.pb.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/op_def.pb.h"

namespace tfpersist {
namespace {

using tensorflow::AttrValue;
using tensorflow::FunctionDef;
using tensorflow::GraphDef;
using tensorflow::NodeDef;
using tensorflow::OpDef;

const FunctionDef* FindFunction(const Graph& graph, absl::string_view name) {
  for (const FunctionDef& function : graph.library().function()) {
    if (function.signature().name() == name) return &function;
  }
  return nullptr;
}

bool IsPartitionedCall(absl::string_view op) { return op == "PartitionedCall" || op == "StatefulPartitionedCall"; }

class Instantiation {
 public:
  Instantiation(const FunctionDef& function, const Node& call) : function_(function), call_(call) {
    GraphOptions options;
    options.logger = call.graph().logger();
    options.limits = call.graph().limits();
    body_.graph = std::make_unique<Graph>(options);
    body_.graph->library() = call.graph().library();
  }

  absl::StatusOr<FunctionBody> Make() {
    GraphDef def;
    def.mutable_versions()->set_producer(call_.graph().producer_version());
    for (const OpDef::ArgDef& arg : function_.signature().input_arg()) TFP_RETURN_IF_ERROR(AddArg(arg, &def));
    for (const NodeDef& node : function_.node_def()) {
      NodeDef* copy = def.add_node();
      *copy = node;
      if (!by_name_.emplace(node.name(), copy).second) return Fault(absl::StrCat("has two nodes ", node.name()));
      for (auto& [name, value] : *copy->mutable_attr()) TFP_RETURN_IF_ERROR(Substitute(&value));
    }
    for (NodeDef& node : *def.mutable_node()) {
      for (std::string& input : *node.mutable_input()) {
        if (absl::StartsWith(input, "^")) continue;
        TFP_ASSIGN_OR_RETURN(input, TensorName(input));
      }
    }
    std::vector<std::string> rets;
    for (const OpDef::ArgDef& arg : function_.signature().output_arg()) {
      auto ret = function_.ret().find(arg.name());
      if (ret == function_.ret().end()) return Fault(absl::StrCat("does not say what it returns as ", arg.name()));
      TFP_ASSIGN_OR_RETURN(rets.emplace_back(), TensorName(ret->second));
    }
    ImportOptions options;
    options.name = "";
    TFP_ASSIGN_OR_RETURN(ImportResult imported, ImportGraphDef(*body_.graph, std::move(def), options));
    for (const OpDef::ArgDef& arg : function_.signature().input_arg()) {
      TFP_ASSIGN_OR_RETURN(body_.args.emplace_back(), body_.graph->FindTensor(absl::StrCat(arg.name(), ":0")));
    }
    for (const std::string& ret : rets) {
      TFP_ASSIGN_OR_RETURN(body_.rets.emplace_back(),
                           body_.graph->FindTensor(absl::StrContains(ret, ':') ? ret : absl::StrCat(ret, ":0")));
    }
    for (const auto& [name, control] : function_.control_ret()) {
      TFP_ASSIGN_OR_RETURN(body_.targets.emplace_back(), body_.graph->FindOperation(control));
    }
    for (Node* node : imported.nodes) {
      if (node->op_def().is_stateful() && node->op() != "Placeholder") body_.targets.push_back(node);
    }
    return std::move(body_);
  }

 private:
  absl::Status Fault(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("Function ", function_.signature().name(), " ", what, "."));
  }

  absl::StatusOr<const AttrValue*> CallAttr(const std::string& name) const {
    const AttrValue* value = call_.attr(name);
    if (value == nullptr && call_.attr("f") != nullptr) {
      const auto& attrs = call_.attr("f")->func().attr();
      if (auto it = attrs.find(name); it != attrs.end()) value = &it->second;
    }
    if (value == nullptr) return Fault(absl::StrCat("has a parameter ", name, " that the call does not give"));
    return value;
  }

  absl::Status AddArg(const OpDef::ArgDef& arg, GraphDef* def) {
    if (!arg.number_attr().empty() || !arg.type_list_attr().empty()) {
      return absl::UnimplementedError(absl::StrCat("Function ", function_.signature().name(), " takes a list as ",
                                                   arg.name(), ", which this library does not instantiate."));
    }
    NodeDef* node = def->add_node();
    node->set_name(arg.name());
    node->set_op("Placeholder");
    AttrValue& dtype = (*node->mutable_attr())["dtype"];
    if (arg.type_attr().empty()) {
      dtype.set_type(arg.type());
    } else {
      TFP_ASSIGN_OR_RETURN(const AttrValue* value, CallAttr(arg.type_attr()));
      dtype = *value;
    }
    (*node->mutable_attr())["shape"].mutable_shape()->set_unknown_rank(true);
    if (!by_name_.emplace(arg.name(), node).second) return Fault(absl::StrCat("has two arguments ", arg.name()));
    return absl::OkStatus();
  }

  absl::Status Substitute(AttrValue* value) const {
    if (value->value_case() != AttrValue::kPlaceholder) return absl::OkStatus();
    TFP_ASSIGN_OR_RETURN(const AttrValue* given, CallAttr(value->placeholder()));
    *value = *given;
    return absl::OkStatus();
  }

  // "arg", "node:out:1": a tensor as functions write it, to "node:3" as graphs do.
  absl::StatusOr<std::string> TensorName(const std::string& text) const {
    const std::vector<std::string> parts = absl::StrSplit(text, ':');
    auto node = by_name_.find(parts[0]);
    if (node == by_name_.end()) return Fault(absl::StrCat("uses ", text, ", which it does not have"));
    if (parts.size() == 1) return parts[0];
    int index = 0;
    if (parts.size() > 3 || (parts.size() == 3 && (!absl::SimpleAtoi(parts[2], &index) || index < 0))) {
      return Fault(absl::StrCat("uses ", text, ", which names no tensor"));
    }
    TFP_ASSIGN_OR_RETURN(const OpSignature* op, body_.graph->LookUpOp(node->second->op()));
    int64_t first = 0;
    for (const OpDef::ArgDef& out : op->def->output_arg()) {
      if (out.name() == parts[1]) return absl::StrCat(parts[0], ":", first + index);
      int64_t length = 1;
      if (!out.number_attr().empty()) length = AttrOf(*node->second, out.number_attr()).i();
      if (!out.type_list_attr().empty()) length = AttrOf(*node->second, out.type_list_attr()).list().type_size();
      first += length;
    }
    return Fault(absl::StrCat("uses ", text, ", and op ", node->second->op(), " has no output ", parts[1]));
  }

  static const AttrValue& AttrOf(const NodeDef& node, const std::string& name) {
    auto it = node.attr().find(name);
    return it != node.attr().end() ? it->second : AttrValue::default_instance();
  }

  const FunctionDef& function_;
  const Node& call_;
  FunctionBody body_;
  std::map<std::string, const NodeDef*> by_name_;  // arguments and nodes
};

}  // namespace

std::string CalledFunction(const Node& node) {
  if (IsPartitionedCall(node.op())) return node.attr("f") != nullptr ? node.attr("f")->func().name() : "";
  return FindFunction(node.graph(), node.op()) != nullptr ? node.op() : "";
}

absl::StatusOr<FunctionBody> InstantiateFunction(const Node& call) {
  const std::string name = CalledFunction(call);
  const FunctionDef* function = FindFunction(call.graph(), name);
  if (function == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("Node ", call.name(), " calls function '", name, "', which the graph's library does not have."));
  }
  return Instantiation(*function, call).Make();
}

}  // namespace tfpersist
