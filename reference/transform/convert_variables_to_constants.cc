#include "reference/transform/convert_variables_to_constants.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "reference/base/logger.h"
#include "reference/base/status.h"
#include "reference/tensor/tensor_proto.h"
#include "reference/transform/extract_sub_graph.h"

namespace tfpersist {
namespace {

using tensorflow::GraphDef;
using tensorflow::NodeDef;

bool IsVariable(const NodeDef& node) {
  return node.op() == "Variable" || node.op() == "VariableV2" || node.op() == "VarHandleOp";
}

// A missing attr reads as an empty one, as in Python.
tensorflow::AttrValue AttrOf(const NodeDef& node, const char* name) {
  const auto it = node.attr().find(name);
  return it == node.attr().end() ? tensorflow::AttrValue() : it->second;
}

absl::Status MakeConst(const NodeDef& variable, const Tensor& value, NodeDef* node) {
  const tensorflow::AttrValue dtype = AttrOf(variable, "dtype");
  if (static_cast<int>(dtype.type()) != static_cast<int>(value.dtype())) {
    return WithNode(absl::InvalidArgumentError(
                        absl::StrCat("Variable '", variable.name(), "' is ", DataTypeString(value.dtype()),
                                     " in the session but ", DataTypeString(static_cast<DataType>(dtype.type())),
                                     " in the GraphDef to freeze. Freeze the graph that the session runs.")),
                    variable.name());
  }
  node->set_op("Const");
  node->set_name(variable.name());
  (*node->mutable_attr())["dtype"] = dtype;
  TensorToProto(value, (*node->mutable_attr())["value"].mutable_tensor());
  return absl::OkStatus();
}

void MakeIdentity(const NodeDef& read, NodeDef* node) {
  node->set_op("Identity");
  node->set_name(read.name());
  node->add_input(read.input(0));
  (*node->mutable_attr())["T"] = AttrOf(read, "dtype");
  if (read.attr().contains("_class")) (*node->mutable_attr())["_class"] = read.attr().at("_class");
}

}  // namespace

absl::StatusOr<GraphDef> ConvertVariablesToConstants(DirectSession& session, const GraphDef& graph_def,
                                                     const std::vector<std::string>& output_node_names,
                                                     const FreezeOptions& options) {
  TFP_ASSIGN_OR_RETURN(GraphDef inference, ExtractSubGraph(graph_def, output_node_names));

  using Names = absl::flat_hash_set<absl::string_view>;
  Names whitelist, blacklist;
  if (const auto& list = options.variable_names_whitelist) whitelist.insert(list->begin(), list->end());
  if (const auto& list = options.variable_names_blacklist) blacklist.insert(list->begin(), list->end());

  std::vector<std::string> fetches;
  absl::flat_hash_map<absl::string_view, size_t> found;  // variable to its fetch
  for (const NodeDef& node : inference.node()) {
    if (!IsVariable(node) || blacklist.contains(node.name())) continue;
    if (options.variable_names_whitelist.has_value() && !whitelist.contains(node.name())) continue;
    found[node.name()] = fetches.size();
    fetches.push_back(absl::StrCat(node.name(), node.op() == "VarHandleOp" ? "/Read/ReadVariableOp:0" : ":0"));
  }
  std::vector<Tensor> values;
  if (!fetches.empty()) {  // one run, so that the values are of one moment
    TFP_ASSIGN_OR_RETURN(values, session.Run({}, fetches, {}));
  }
  Logger* logger = session.graph().logger();
  logger->Log(LogLevel::kInfo, absl::StrCat("Froze ", values.size(), " variables."));

  GraphDef out;  // its versions stay empty (F12)
  int converted = 0;
  for (const NodeDef& node : inference.node()) {
    if (const auto it = found.find(node.name()); it != found.end()) {
      TFP_RETURN_IF_ERROR(MakeConst(node, values[it->second], out.add_node()));
      ++converted;
      continue;
    }
    if (node.op() == "ReadVariableOp") {
      if (node.input_size() == 0) {
        return WithHint(WithNode(absl::InvalidArgumentError("list index out of range"), node.name()),
                        absl::StrCat("The ReadVariableOp node '", node.name(), "' has no input."));
      }
      if (found.contains(node.input(0))) {
        MakeIdentity(node, out.add_node());
        continue;
      }
    }
    *out.add_node() = node;
  }
  out.mutable_library()->Swap(inference.mutable_library());
  logger->Log(LogLevel::kInfo, absl::StrCat("Converted ", converted, " variables to const ops."));
  return out;
}

}  // namespace tfpersist
