#include "reference/graph/graph.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "reference/base/status.h"
#include "reference/graph/device_name.h"
#include "reference/graph/names.h"
#include "reference/graph/shape_inference.h"
#include "reference/op/node_text.h"
#include "reference/op/op_registry.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/op_def.pb.h"

namespace tfpersist {

using tensorflow::NodeDef;
using tensorflow::OpDef;

// ---- outputs and nodes ----

Graph& Output::graph() const { return node->graph(); }
std::string Output::name() const { return node == nullptr ? "" : absl::StrCat(node->name(), ":", index); }
std::string Output::op_name() const { return node == nullptr ? "" : node->name(); }
DataType Output::dtype() const { return node == nullptr ? DT_INVALID : node->output_types()[index]; }
const PartialTensorShape& Output::shape() const { return node->output_shape(index); }

const std::string& Node::name() const { return def_->name(); }
const std::string& Node::op() const { return def_->op(); }
const std::string& Node::device() const { return def_->device(); }
const OpDef& Node::op_def() const { return *op_->def; }
const tensorflow::AttrValue* Node::attr(absl::string_view name) const {
  auto it = def_->attr().find(std::string(name));
  return it == def_->attr().end() ? nullptr : &it->second;
}

// ---- the graph ----

Graph::Graph(GraphOptions options)
    : options_(options),
      ops_(std::make_unique<OpRegistry>()),
      library_(std::make_unique<tensorflow::FunctionDefLibrary>()) {
  if (options_.logger == nullptr) options_.logger = StderrLogger();
}
Graph::~Graph() = default;

absl::StatusOr<const OpSignature*> Graph::LookUpOp(absl::string_view op) {
  if (library_->function_size() > 0) {
    if (auto it = function_ops_.find(op); it != function_ops_.end()) return it->second.get();
    for (const auto& function : library_->function()) {
      if (function.signature().name() != op) continue;
      return function_ops_.emplace(op, OpRegistry::FromOpDef(function.signature())).first->second.get();
    }
  }
  return ops_->LookUp(op);
}

std::vector<std::string> Graph::ColocationGroups(const std::string& name) const {
  std::vector<std::string> groups;
  if (const Node* node = FindNode(name); node != nullptr) {
    if (const tensorflow::AttrValue* attr = node->attr("_class"); attr != nullptr) {
      for (const std::string& s : attr->list().s()) {
        if (absl::StartsWith(s, "loc:@")) groups.push_back(s);
      }
    }
  }
  if (groups.empty()) groups.push_back(absl::StrCat("loc:@", name));
  return groups;
}

absl::Status Graph::ApplyScopes(NodeSpec& spec, const OpSignature& op, NodeDef* def) {
  // References pull the node to their variable, and are stronger than device scopes.
  std::vector<std::string> colocated = colocations_;
  std::vector<std::string> devices = devices_;
  size_t next = 0;
  for (const OpDef::ArgDef& arg : op.def->input_arg()) {
    if (!arg.number_attr().empty() || !arg.type_list_attr().empty()) break;
    if (arg.is_ref() && next < spec.inputs.size()) {
      colocated.push_back(spec.inputs[next].node->name());
      devices.clear();
    }
    ++next;
  }
  std::string device;
  if (!spec.device.empty()) {
    TFP_ASSIGN_OR_RETURN(device, CanonicalDevice(spec.device));
  } else {
    for (auto it = devices.rbegin(); it != devices.rend(); ++it) device = MergeDevices(*it, device);
  }
  for (const std::string& name : spec.colocate_with) colocated.push_back(name);
  if (!colocated.empty()) {  // stronger than an attr "_class" that was given
    std::set<std::string> groups;
    for (auto it = colocated.rbegin(); it != colocated.rend(); ++it) {
      for (std::string& g : ColocationGroups(*it)) groups.insert(std::move(g));
      const Node* target = FindNode(*it);
      if (target != nullptr && !target->device().empty() && (device.empty() || device == target->device()))
        device = target->device();
    }
    auto& list = *(*def->mutable_attr())["_class"].mutable_list();
    list.Clear();
    for (const std::string& g : groups) list.add_s(g);
  }
  def->set_device(device);
  return absl::OkStatus();
}

namespace {

// What Python's op_def_library says when inputs and attrs disagree.
absl::Status CheckInputTypes(const OpSignature& op, const NodeDef& def, absl::Span<const Output> inputs) {
  size_t next = 0;
  std::map<std::string, std::string> decided_by;
  for (const OpDef::ArgDef& arg : op.def->input_arg()) {
    if (!arg.type_list_attr().empty() || !arg.number_attr().empty()) return absl::OkStatus();
    if (next >= inputs.size()) return absl::OkStatus();
    const DataType got = inputs[next++].dtype();
    if (arg.is_ref() && !IsRefType(got)) {
      return absl::InvalidArgumentError(absl::StrCat("'", op.def->name(), "' Op requires that input '", arg.name(),
                                                     "' be a mutable tensor (e.g.: a tf.Variable)"));
    }
    DataType want = static_cast<DataType>(arg.type());
    if (!arg.type_attr().empty()) {
      auto it = def.attr().find(arg.type_attr());
      if (it == def.attr().end()) continue;
      want = static_cast<DataType>(it->second.type());
    }
    auto decided = arg.type_attr().empty() ? decided_by.end() : decided_by.find(arg.type_attr());
    if (want != BaseType(got)) {
      const std::string why =
          decided == decided_by.end()
              ? absl::StrCat("expected type of ", DataTypePythonName(want), ".")
              : absl::StrCat("type ", DataTypePythonName(want), " of argument '", decided->second, "'.");
      return absl::InvalidArgumentError(absl::StrCat("Input '", arg.name(), "' of '", op.def->name(), "' Op has type ",
                                                     DataTypePythonName(BaseType(got)), " that does not match ", why));
    }
    if (!arg.type_attr().empty()) decided_by.emplace(arg.type_attr(), arg.name());
  }
  return absl::OkStatus();
}

std::string Describe(const Output& o) {
  std::string shape = o.shape().unknown_rank()
                          ? "<unknown>"
                          : absl::StrCat("(",
                                         absl::StrJoin(o.shape().dims(), ", ",
                                                       [](std::string* out, int64_t d) {
                                                         d < 0 ? out->push_back('?') : absl::StrAppend(out, d);
                                                       }),
                                         o.shape().rank() == 1 ? ",)" : ")");
  return absl::StrCat("Tensor(\"", o.name(), "\", shape=", shape, ", dtype=", DataTypePythonName(o.dtype()), ")");
}

}  // namespace

absl::StatusOr<Node*> Graph::AddNode(NodeSpec spec) {
  if (finalized_) return absl::FailedPreconditionError("Graph is finalized and cannot be modified.");
  for (const Output& input : spec.inputs) {
    if (!input)
      return status_.ok() ? absl::InvalidArgumentError(absl::StrCat("An input of the new ", spec.op, " names nothing."))
                          : status_;
    if (&input.graph() != this) {
      return absl::InvalidArgumentError(
          absl::StrCat(Describe(input), " must be from the same graph as ",
                       Describe(spec.inputs[0] == input ? spec.inputs.back() : spec.inputs[0]), "."));
    }
  }
  TFP_ASSIGN_OR_RETURN(const OpSignature* op, LookUpOp(spec.op));

  auto def = std::make_unique<NodeDef>();
  def->set_op(spec.op);
  const std::string& wish = spec.name.empty() ? spec.op : spec.name;
  const bool exact = absl::EndsWith(wish, "/");
  const std::string plain = exact ? wish.substr(0, wish.size() - 1) : wish;
  if (!IsValidOpName(exact || scope_.empty() ? plain : absl::StrCat(scope_, "/", plain))) {
    return absl::InvalidArgumentError(absl::StrCat("'", plain, "' is not a valid node name"));
  }
  for (auto& [name, value] : spec.attrs) (*def->mutable_attr())[name] = value;
  std::vector<DataType> types;
  for (const Output& input : spec.inputs) types.push_back(input.dtype());
  TFP_RETURN_IF_ERROR(InferAttrs(*op, types, def.get()));
  TFP_RETURN_IF_ERROR(CheckInputTypes(*op, *def, spec.inputs));
  AddDefaultAttrs(*op, def.get());
  TFP_RETURN_IF_ERROR(ApplyScopes(spec, *op, def.get()));

  std::vector<Node*> controls = spec.control_inputs;
  for (ControlFrame& frame : control_dependencies_) {
    if (std::any_of(spec.inputs.begin(), spec.inputs.end(),
                    [&](const Output& i) { return frame.seen.contains(i.node); }))
      continue;
    for (Node* c : frame.nodes) {
      if (std::none_of(spec.inputs.begin(), spec.inputs.end(), [&](const Output& i) { return i.node == c; }))
        controls.push_back(c);
    }
  }
  def->set_name(exact ? plain : UniqueName(plain));
  if (exact && FindNode(plain) != nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("Duplicate node name in graph: '", plain, "'"));
  }
  for (const Output& input : spec.inputs) def->add_input(input.index == 0 ? input.op_name() : input.name());
  DataTypeVector input_types;
  TFP_RETURN_IF_ERROR(ValidateNodeDef(*op, *def, &input_types));
  def->clear_input();
  TFP_ASSIGN_OR_RETURN(Node * node, Insert(std::move(def), op, std::move(input_types), spec.inputs, controls));
  by_name_.emplace(node->name(), node->id());
  names_in_use_.try_emplace(absl::AsciiStrToLower(node->name()), 1);
  for (ControlFrame& frame : control_dependencies_) frame.seen.insert(node);
  return node;
}

absl::StatusOr<Node*> Graph::Insert(std::shared_ptr<NodeDef> def, const OpSignature* op, DataTypeVector input_types,
                                    absl::Span<const Output> inputs, absl::Span<Node* const> control_inputs) {
  std::unique_ptr<Node> node(new Node());
  node->graph_ = this;
  node->id_ = num_nodes();
  node->def_ = std::move(def);
  node->op_ = op;
  node->inputs_.assign(inputs.begin(), inputs.end());
  node->input_types_ = std::move(input_types);
  TFP_RETURN_IF_ERROR(OutputTypes(*op, *node->def_, &node->output_types_));
  for (size_t i = 0; i < node->inputs_.size(); ++i) {
    const Output& input = node->inputs_[i];
    if (!input) continue;
    const DataType got = input.dtype(), want = node->input_types_[i];
    if (got != want && BaseType(got) != want) {
      return absl::InvalidArgumentError(absl::StrCat("Input ", i, " of node ", node->name(), " was passed ",
                                                     DataTypeString(got), " from ", input.name(),
                                                     " incompatible with expected ", DataTypeString(want), "."));
    }
  }
  for (Node* c : control_inputs) {
    if (std::find(node->control_inputs_.begin(), node->control_inputs_.end(), c) == node->control_inputs_.end())
      node->control_inputs_.push_back(c);
  }
  TFP_RETURN_IF_ERROR(InferShapes(*node, &node->output_shapes_));
  Node* raw = node.get();
  nodes_.push_back(std::move(node));
  return raw;
}

absl::Status Graph::SetInput(Node* node, int index, Output source) {
  if (index < 0 || index >= static_cast<int>(node->inputs_.size()) || !source) {
    return absl::InvalidArgumentError(absl::StrCat("Node ", node->name(), " has no input ", index, "."));
  }
  const DataType want = node->input_types_[index];
  if (source.dtype() != want && BaseType(source.dtype()) != want) {
    return absl::InvalidArgumentError(absl::StrCat("Input ", index, " of node ", node->name(), " was passed ",
                                                   DataTypeString(source.dtype()), " from ", source.name(),
                                                   " incompatible with expected ", DataTypeString(want), "."));
  }
  node->inputs_[index] = source;
  return absl::OkStatus();
}

void Graph::RemoveNodesFrom(int first) {
  for (int i = first; i < num_nodes(); ++i) by_name_.erase(nodes_[i]->name());
  imported_.erase(std::remove_if(imported_.begin(), imported_.end(), [&](const Node* n) { return n->id() >= first; }),
                  imported_.end());
  nodes_.resize(first);
}

Node* Graph::FindNode(absl::string_view name) const {
  auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : nodes_[it->second].get();
}

absl::StatusOr<Output> Graph::FindTensor(absl::string_view name) const {
  constexpr absl::string_view kForm = " Tensor names must be of the form \"<op_name>:<output_index>\".";
  const size_t colon = name.find(':');
  if (colon == name.npos) {
    return absl::InvalidArgumentError(
        FindNode(name) != nullptr
            ? absl::StrCat("The name ", PyRepr(name), " refers to an Operation, not a Tensor.", kForm)
            : absl::StrCat("The name ", PyRepr(name), " looks like an (invalid) Operation name, not a Tensor.", kForm));
  }
  const absl::string_view op_name = name.substr(0, colon);
  int64_t index;
  if (!absl::SimpleAtoi(name.substr(colon + 1), &index)) {
    return absl::InvalidArgumentError(
        absl::StrCat("The name ", PyRepr(name), " looks a like a Tensor name, but is not a valid one.", kForm));
  }
  Node* node = FindNode(op_name);
  if (node == nullptr) {
    return absl::NotFoundError(absl::StrCat("The name ", PyRepr(name),
                                            " refers to a Tensor which does not exist. The operation, ",
                                            PyRepr(op_name), ", does not exist in the graph."));
  }
  if (index < 0) index += node->num_outputs();
  if (index < 0 || index >= node->num_outputs()) {
    return absl::NotFoundError(
        absl::StrCat("The name ", PyRepr(name), " refers to a Tensor which does not exist. The operation, ",
                     PyRepr(op_name), ", exists but only has ", node->num_outputs(), " outputs."));
  }
  return node->output(static_cast<int>(index));
}

absl::StatusOr<Node*> Graph::FindOperation(absl::string_view name) const {
  if (absl::StrContains(name, ':')) {
    return absl::InvalidArgumentError(
        absl::StrCat("Name ", PyRepr(name), " appears to refer to a Tensor, not a Operation."));
  }
  Node* node = FindNode(name);
  if (node == nullptr)
    return absl::NotFoundError(absl::StrCat("The name ", PyRepr(name), " refers to an Operation not in the graph."));
  return node;
}

std::string Graph::UniqueName(absl::string_view wish, bool mark_as_used) {
  std::string name = scope_.empty() ? std::string(wish) : absl::StrCat(scope_, "/", wish);
  const std::string base = absl::AsciiStrToLower(name);
  for (const Node* node : std::exchange(imported_, {})) {
    names_in_use_.try_emplace(absl::AsciiStrToLower(node->name()), 1);
  }
  auto it = names_in_use_.find(base);
  int i = it == names_in_use_.end() ? 0 : it->second;
  if (mark_as_used) names_in_use_[base] = i + 1;
  if (i == 0) return name;
  std::string key = base;
  while (names_in_use_.contains(key)) key = absl::StrCat(base, "_", i++);
  if (mark_as_used) names_in_use_[key] = 1;
  return absl::StrCat(name, "_", i - 1);
}

tensorflow::GraphDef Graph::ToGraphDef(bool add_shapes) const {
  tensorflow::GraphDef graph_def;
  graph_def.mutable_node()->Reserve(num_nodes());
  for (const auto& node : nodes_) {
    NodeDef& def = *graph_def.add_node();
    def = *node->def_;
    for (const Output& input : node->inputs_) {
      if (input) def.add_input(input.index == 0 ? input.node->name() : input.name());
    }
    std::vector<std::string> controls;
    for (const Node* c : node->control_inputs_) controls.push_back(absl::StrCat("^", c->name()));
    std::sort(controls.begin(), controls.end());
    for (std::string& c : controls) def.add_input(std::move(c));
    if (add_shapes && node->num_outputs() > 0) {
      auto& list = *(*def.mutable_attr())["_output_shapes"].mutable_list();
      list.Clear();
      for (const PartialTensorShape& shape : node->output_shapes_) shape.ToProto(list.add_shape());
    }
  }
  graph_def.mutable_versions()->set_producer(producer_version_);
  if (library_->function_size() > 0 || library_->gradient_size() > 0) {
    *graph_def.mutable_library() = *library_;
    graph_def.mutable_versions()->set_min_consumer(12);  // the first that knows functions
  }
  return graph_def;
}

// ---- scopes ----

NameScope::NameScope(Graph& graph, absl::string_view name) : graph_(graph), saved_(graph.scope_) {
  const absl::string_view plain = absl::StripSuffix(name, "/");
  if (!name.empty() && !(saved_.empty() ? IsValidOpName(plain) : IsValidScopeName(plain))) {
    graph.RecordError(absl::InvalidArgumentError(absl::StrCat("'", name, "' is not a valid scope name")));
  }
  graph.scope_ = name.empty()                  ? std::string()
                 : plain.size() != name.size() ? std::string(plain)
                                               : graph.UniqueName(name);
  scope_ = graph.scope_.empty() ? std::string() : graph.scope_ + "/";
}
NameScope::~NameScope() { graph_.scope_ = saved_; }

DeviceScope::DeviceScope(Graph& graph, absl::string_view device) : graph_(graph) {
  absl::StatusOr<std::string> canonical = CanonicalDevice(device);
  if (!canonical.ok()) {
    graph.RecordError(canonical.status());
  } else {
    graph.devices_.push_back(*std::move(canonical));
    pushed_ = true;
  }
}
DeviceScope::DeviceScope(Graph& graph, std::nullptr_t)
    : graph_(graph), cleared_(true), saved_(std::exchange(graph.devices_, {})) {}
DeviceScope::~DeviceScope() {
  if (cleared_) {
    graph_.devices_ = std::move(saved_);
  } else if (pushed_) {
    graph_.devices_.pop_back();
  }
}

ColocateScope::ColocateScope(Graph& graph, const Node* node, bool ignore_existing)
    : graph_(graph), saved_(graph.colocations_), saved_devices_(std::exchange(graph.devices_, {})) {
  if (ignore_existing) graph.colocations_.clear();
  if (node != nullptr) graph.colocations_.push_back(node->name());
}
ColocateScope::ColocateScope(Graph& graph, absl::string_view name_of_node)
    : graph_(graph), saved_(graph.colocations_), saved_devices_(graph.devices_) {
  if (graph.colocations_.empty()) graph.colocations_.push_back(std::string(name_of_node));
}
ColocateScope::~ColocateScope() {
  graph_.colocations_ = std::move(saved_);
  graph_.devices_ = std::move(saved_devices_);
}

ControlDependencies::ControlDependencies(Graph& graph, absl::Span<Node* const> nodes)
    : graph_(graph), pushed_(!nodes.empty()) {
  if (pushed_) graph.control_dependencies_.push_back({{nodes.begin(), nodes.end()}, {}});
}
ControlDependencies::ControlDependencies(Graph& graph, std::nullptr_t)
    : graph_(graph), cleared_(true), saved_(std::exchange(graph.control_dependencies_, {})) {}
ControlDependencies ControlDependencies::Clear(Graph& graph) { return ControlDependencies(graph, nullptr); }
ControlDependencies::~ControlDependencies() {
  if (pushed_) graph_.control_dependencies_.pop_back();
  if (cleared_) graph_.control_dependencies_ = std::move(saved_);
}

}  // namespace tfpersist
