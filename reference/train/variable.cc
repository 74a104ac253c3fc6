#include "reference/train/variable.h"

#include <algorithm>
#include <unordered_map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "reference/base/status.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/node_def.pb.h"
#include "reference/proto/variable.pb.h"
#include "reference/train/nodes.h"
#include "reference/train/safe_initial_value.h"
#include "reference/train/variable_scope.h"

namespace tfpersist {

struct Variable::State {
  Graph* graph = nullptr;
  std::unique_ptr<tensorflow::VariableDef> def;
  Output ref, snapshot, initial_value;
  Node* initializer = nullptr;
  PartialTensorShape shape;
  DataType dtype = DT_INVALID;
  std::optional<SaveSliceInfo> slice;
};

std::string SaveSliceInfo::spec() const {
  std::string extents;
  for (size_t i = 0; i < var_offset.size() && i < var_shape.size(); ++i) {
    absl::StrAppend(&extents, i == 0 ? "" : ":", var_offset[i], ",", var_shape[i]);
  }
  return absl::StrCat(absl::StrJoin(full_shape, " "), " ", extents);
}

namespace {

// Python's `name` of a tensor of the graph, where a variable is wanted that has none.
std::string ShapeForPython(const PartialTensorShape& shape) {
  if (shape.unknown_rank()) return "<unknown>";
  std::string s = "(";
  for (int i = 0; i < shape.rank(); ++i)
    absl::StrAppend(&s, i == 0 ? "" : ", ", shape.dim(i) < 0 ? "?" : absl::StrCat(shape.dim(i)));
  return absl::StrCat(s, shape.rank() == 1 ? ",)" : ")");
}

absl::StatusOr<Output> MakeInitialValue(Graph& graph, const Variable::InitialValue& initial, DataType dtype) {
  if (const Output* tensor = std::get_if<Output>(&initial)) {
    if (!*tensor) {
      absl::Status why = graph.status();
      return why.ok() ? absl::InvalidArgumentError("initial_value must be specified.") : why;
    }
    if (dtype != DT_INVALID && BaseType(tensor->dtype()) != dtype) {
      return absl::InvalidArgumentError(
          absl::StrCat("Tensor conversion requested dtype ", DataTypePythonName(dtype), " for Tensor with dtype ",
                       DataTypePythonName(BaseType(tensor->dtype())), ": '", tensor->name(), "'"));
    }
    return *tensor;
  }
  if (const Tensor* value = std::get_if<Tensor>(&initial)) {
    if (!value->has_value()) return absl::InvalidArgumentError("initial_value must be specified.");
    TFP_ASSIGN_OR_RETURN(Tensor cast, CastTensor(*value, dtype));
    return AddConstant(graph, cast, "initial_value");
  }
  return std::get<Variable::Initializer>(initial)(graph);
}

}  // namespace

absl::StatusOr<std::shared_ptr<Variable::State>> Variable::Resolve(Graph& graph,
                                                                   std::unique_ptr<tensorflow::VariableDef> def) {
  auto state = std::make_shared<State>();
  state->graph = &graph;
  TFP_ASSIGN_OR_RETURN(state->ref, graph.FindTensor(def->variable_name()));
  if (def->initializer_name().empty()) {
    return absl::InvalidArgumentError(absl::StrCat("VariableDef of ", def->variable_name(), " names no initializer."));
  }
  TFP_ASSIGN_OR_RETURN(state->initializer, graph.FindOperation(def->initializer_name()));
  if (!def->snapshot_name().empty()) {
    TFP_ASSIGN_OR_RETURN(state->snapshot, graph.FindTensor(def->snapshot_name()));
  } else if (!def->is_resource()) {
    return absl::InvalidArgumentError(absl::StrCat("VariableDef of ", def->variable_name(), " names no snapshot."));
  } else {
    TFP_ASSIGN_OR_RETURN(state->snapshot,
                         graph.FindTensor(absl::StrCat(state->ref.op_name(), "/Read/ReadVariableOp:0")));
  }
  if (!def->initial_value_name().empty()) {
    TFP_ASSIGN_OR_RETURN(state->initial_value, graph.FindTensor(def->initial_value_name()));
  }
  state->dtype = BaseType(state->ref.dtype());
  state->shape = state->ref.shape();
  if (def->is_resource()) {
    const tensorflow::AttrValue* dtype = state->ref.node->attr("dtype");
    const tensorflow::AttrValue* shape = state->ref.node->attr("shape");
    state->dtype = dtype != nullptr ? static_cast<DataType>(dtype->type()) : BaseType(state->snapshot.dtype());
    if (shape != nullptr) {
      TFP_ASSIGN_OR_RETURN(state->shape, PartialTensorShape::FromProto(shape->shape()));
    } else {
      state->shape = state->snapshot.shape();
    }
  }
  if (def->has_save_slice_info_def()) {
    const tensorflow::SaveSliceInfoDef& s = def->save_slice_info_def();
    state->slice = SaveSliceInfo{s.full_name(),
                                 {s.full_shape().begin(), s.full_shape().end()},
                                 {s.var_offset().begin(), s.var_offset().end()},
                                 {s.var_shape().begin(), s.var_shape().end()}};
  }
  state->def = std::move(def);
  return state;
}

absl::StatusOr<Variable> Variable::FromProto(Graph& graph, const tensorflow::VariableDef& def,
                                             absl::string_view import_scope) {
  auto own = std::make_unique<tensorflow::VariableDef>(def);
  if (!import_scope.empty()) {
    for (std::string* name : {own->mutable_variable_name(), own->mutable_initializer_name(),
                              own->mutable_snapshot_name(), own->mutable_initial_value_name()}) {
      if (!name->empty()) *name = absl::StrCat(import_scope, "/", *name);
    }
    if (own->has_save_slice_info_def()) {
      std::string* full = own->mutable_save_slice_info_def()->mutable_full_name();
      *full = absl::StrCat(import_scope, "/", *full);
    }
  }
  Variable v;
  TFP_ASSIGN_OR_RETURN(v.state_, Resolve(graph, std::move(own)));
  return v;
}

absl::StatusOr<Variable> Variable::FromBytes(Graph& graph, absl::string_view variable_def) {
  tensorflow::VariableDef def;
  if (!def.ParseFromArray(variable_def.data(), static_cast<int>(variable_def.size()))) {
    return absl::InvalidArgumentError("Error parsing message: a collection holds a VariableDef that is not one.");
  }
  return FromProto(graph, def);
}

std::unique_ptr<tensorflow::VariableDef> Variable::ToProto(absl::string_view export_scope) const {
  auto def = std::make_unique<tensorflow::VariableDef>(*state_->def);
  if (export_scope.empty()) return def;
  if (!absl::StartsWith(def->variable_name(), export_scope)) return nullptr;
  const std::string prefix = absl::StrCat(absl::StripSuffix(export_scope, "/"), "/");
  auto strip = [&](std::string* name) {
    if (absl::StartsWith(*name, prefix)) name->erase(0, prefix.size());
  };
  strip(def->mutable_variable_name());
  strip(def->mutable_initializer_name());
  strip(def->mutable_snapshot_name());
  strip(def->mutable_initial_value_name());
  if (def->has_save_slice_info_def()) strip(def->mutable_save_slice_info_def()->mutable_full_name());
  return def;
}

absl::StatusOr<Variable> Variable::Create(Graph& graph, InitialValue initial, absl::string_view name,
                                          const VariableOptions& options) {
  const bool from_function = std::holds_alternative<Initializer>(initial);
  const bool resource = options.use_resource.value_or(UsesResource(graph));
  ControlDependencies none = ControlDependencies::Clear(graph);
  NameScope scope(graph, name.empty() ? "Variable" : name);
  const std::string op_name = WithoutSlash(scope.scope());

  Output value, ref, snapshot;
  Node* assign = nullptr;
  {
    std::optional<ColocateScope> at;  // what an initializer makes stands with the variable that is yet to come
    if (from_function) at.emplace(graph, op_name);
    if (from_function || resource) {
      NameScope inner(graph, "Initializer");
      std::optional<DeviceScope> anywhere;
      if (from_function) anywhere.emplace(graph, nullptr);
      TFP_ASSIGN_OR_RETURN(value, MakeInitialValue(graph, initial, options.dtype));
    } else {
      TFP_ASSIGN_OR_RETURN(value, MakeInitialValue(graph, initial, options.dtype));
    }
    const DataType dtype = BaseType(value.dtype());
    if (options.validate_shape && !resource && !value.shape().IsFullyDefined()) {
      return absl::InvalidArgumentError(absl::StrCat("initial_value must have a shape specified: Tensor(\"",
                                                     value.name(), "\", shape=", ShapeForPython(value.shape()),
                                                     ", dtype=", DataTypePythonName(dtype), ")"));
    }
    const PartialTensorShape shape = options.validate_shape || resource ? value.shape() : PartialTensorShape();
    std::vector<Attr> attrs = {Attr::Type("dtype", dtype), Attr::Shape("shape", shape), Attr::String("container", ""),
                               Attr::String("shared_name", resource ? op_name : "")};
    TFP_ASSIGN_OR_RETURN(
        ref, AddOpOutput(graph, resource ? "VarHandleOp" : "VariableV2", scope.scope(), {}, std::move(attrs)));
  }
  const DataType dtype = BaseType(value.dtype());
  if (resource) {
    {
      NameScope inner(graph, "IsInitialized");
      TFP_RETURN_IF_ERROR(AddOp(graph, "VarIsInitializedOp", "VarIsInitializedOp", {ref}).status());
    }
    {
      NameScope inner(graph, "Assign");
      ColocateScope at(graph, ref.node);
      TFP_ASSIGN_OR_RETURN(Output safe, SafeInitialValue(graph, value, absl::StrCat(op_name, ":0")));
      TFP_ASSIGN_OR_RETURN(assign,
                           AddOp(graph, "AssignVariableOp", inner.scope(), {ref, safe}, {Attr::Type("dtype", dtype)}));
    }
    NameScope inner(graph, "Read");
    ColocateScope at(graph, ref.node);
    TFP_ASSIGN_OR_RETURN(snapshot,
                         AddOpOutput(graph, "ReadVariableOp", "ReadVariableOp", {ref}, {Attr::Type("dtype", dtype)}));
  } else {
    TFP_ASSIGN_OR_RETURN(Output safe, SafeInitialValue(graph, value, absl::StrCat(op_name, ":0")));
    TFP_ASSIGN_OR_RETURN(
        assign, AddOp(graph, "Assign", "Assign", {ref, safe},
                      {Attr::Bool("validate_shape", options.validate_shape), Attr::Bool("use_locking", true)}));
    ColocateScope at(graph, ref.node);
    TFP_ASSIGN_OR_RETURN(snapshot, AddOpOutput(graph, "Identity", "read", {ref}));
  }

  auto def = std::make_unique<tensorflow::VariableDef>();
  def->set_variable_name(ref.name());
  def->set_initializer_name(assign->name());
  def->set_snapshot_name(snapshot.name());
  def->set_initial_value_name(value.name());
  def->set_is_resource(resource);
  def->set_trainable(options.trainable);
  Variable v;
  TFP_ASSIGN_OR_RETURN(v.state_, Resolve(graph, std::move(def)));
  if (options.slice.has_value()) v.SetSlice(*options.slice);

  std::vector<std::string> collections = options.collections.value_or(std::vector<std::string>{kGlobalVariables});
  if (options.trainable &&
      std::find(collections.begin(), collections.end(), kTrainableVariables) == collections.end()) {
    collections.push_back(kTrainableVariables);
  }
  for (const std::string& collection : collections) AddToCollection(collection, v);
  return v;
}

namespace {

Variable Recorded(Graph& graph, absl::StatusOr<Variable> v) {
  if (v.ok()) return *std::move(v);
  graph.RecordError(v.status());
  return Variable();
}

}  // namespace

Variable::Variable(Graph& graph, Output initial, absl::string_view name, const VariableOptions& options)
    : Variable(Recorded(graph, Create(graph, initial, name, options))) {}
Variable::Variable(Graph& graph, const Tensor& initial, absl::string_view name, const VariableOptions& options)
    : Variable(Recorded(graph, Create(graph, initial, name, options))) {}

bool Variable::operator==(const Variable& o) const {
  if (state_ == nullptr || o.state_ == nullptr) return state_ == o.state_;
  return state_->ref == o.state_->ref;
}

Graph& Variable::graph() const { return *state_->graph; }
std::string Variable::name() const { return state_->ref.name(); }
std::string Variable::op_name() const { return state_->ref.op_name(); }
DataType Variable::dtype() const { return state_->dtype; }
const PartialTensorShape& Variable::shape() const { return state_->shape; }
const std::string& Variable::device() const { return state_->ref.node->device(); }
bool Variable::is_resource() const { return state_->def->is_resource(); }
bool Variable::trainable() const { return state_->def->trainable(); }
const std::optional<SaveSliceInfo>& Variable::slice() const { return state_->slice; }
Output Variable::ref() const { return state_ == nullptr ? Output() : state_->ref; }
Node* Variable::initializer() const { return state_->initializer; }
Output Variable::snapshot() const { return state_ == nullptr ? Output() : state_->snapshot; }
Output Variable::initial_value() const { return state_->initial_value; }

std::string Variable::DebugString() const {
  return absl::StrCat("<tf.Variable '", name(), "' shape=", ShapeForPython(shape()),
                      " dtype=", DataTypePythonName(dtype()), is_resource() ? "" : "_ref", ">");
}

absl::StatusOr<Output> Variable::ValueForOp() const {
  if (!is_resource()) return snapshot();
  ColocateScope anywhere(graph(), nullptr, /*ignore_existing=*/true);
  DeviceScope at(graph(), device());
  return AddOpOutput(graph(), "ReadVariableOp", "ReadVariableOp", {ref()}, {Attr::Type("dtype", dtype())});
}

absl::StatusOr<Output> Variable::ReadValue() const {
  if (!is_resource()) return AddOpOutput(graph(), "Identity", "read", {ref()});
  Output value;
  {
    NameScope scope(graph(), "Read");
    DeviceScope at(graph(), device());
    TFP_ASSIGN_OR_RETURN(
        value, AddOpOutput(graph(), "ReadVariableOp", "ReadVariableOp", {ref()}, {Attr::Type("dtype", dtype())}));
  }
  return AddOpOutput(graph(), "Identity", "Identity", {value});
}

absl::StatusOr<Output> Variable::IsInitialized() const {
  if (is_resource()) return AddOpOutput(graph(), "VarIsInitializedOp", "VarIsInitializedOp", {ref()});
  return AddOpOutput(graph(), "IsVariableInitialized", "IsVariableInitialized", {ref()});
}

absl::StatusOr<Output> Variable::InitializedValue() const {
  if (!initial_value()) {
    return absl::FailedPreconditionError(absl::StrCat("Variable ", name(), " has no initial value in this graph."));
  }
  Graph& g = graph();
  ControlDependencies none = ControlDependencies::Clear(g);
  TFP_ASSIGN_OR_RETURN(Output pred, IsInitialized());
  NameScope scope(g, "cond");
  TFP_ASSIGN_OR_RETURN(CondBuilder cond, CondBuilder::Open(g, pred));
  // The reader stands before its Switch in the graph, as in Python, where the branch's context steps in afterwards.
  Output read;
  if (is_resource()) {
    NameScope inner(g, "Read");
    DeviceScope at(g, device());
    TFP_ASSIGN_OR_RETURN(read,
                         AddOpOutput(g, "ReadVariableOp", "ReadVariableOp", {ref()}, {Attr::Type("dtype", dtype())}));
  } else {
    TFP_ASSIGN_OR_RETURN(read, ReadValue());
  }
  TFP_ASSIGN_OR_RETURN(Output inner, cond.Enter(true, ref(), read.op_name()));
  TFP_RETURN_IF_ERROR(g.SetInput(read.node, 0, inner));
  cond.Add(true, read);
  if (is_resource()) {
    TFP_ASSIGN_OR_RETURN(read, AddOpOutput(g, "Identity", "Identity", {read}));
    cond.Add(true, read);
  }
  TFP_ASSIGN_OR_RETURN(Output initial, cond.Enter(false, initial_value(), ""));
  return cond.Merge(initial, read);
}

void Variable::SetSlice(SaveSliceInfo slice) {
  const std::string before = state_->def->SerializeAsString();
  auto state = std::make_shared<State>();
  state->graph = state_->graph;
  state->def = std::make_unique<tensorflow::VariableDef>(*state_->def);
  state->ref = state_->ref;
  state->snapshot = state_->snapshot;
  state->initial_value = state_->initial_value;
  state->initializer = state_->initializer;
  state->shape = state_->shape;
  state->dtype = state_->dtype;
  tensorflow::SaveSliceInfoDef* def = state->def->mutable_save_slice_info_def();
  def->Clear();
  def->set_full_name(slice.full_name);
  for (int64_t d : slice.full_shape) def->add_full_shape(d);
  for (int64_t d : slice.var_offset) def->add_var_offset(d);
  for (int64_t d : slice.var_shape) def->add_var_shape(d);
  state->slice = std::move(slice);
  const VariableBytes after{state->def->SerializeAsString()};
  for (auto& [name, items] : graph().collections()) {
    for (CollectionItem& item : items) {
      if (auto* bytes = std::get_if<VariableBytes>(&item); bytes != nullptr && bytes->def == before) item = after;
    }
  }
  state_ = std::move(state);
}

void AddToCollection(const std::string& collection, const Variable& variable) {
  variable.graph().collections()[collection].push_back(VariableBytes{variable.ToProto()->SerializeAsString()});
}

std::vector<Variable> VariablesIn(const Graph& graph, absl::string_view collection) {
  std::vector<Variable> result;
  auto it = graph.collections().find(std::string(collection));
  if (it == graph.collections().end()) return result;
  for (const CollectionItem& item : it->second) {
    const VariableBytes* bytes = std::get_if<VariableBytes>(&item);
    if (bytes == nullptr) continue;
    // A handle lets its holder add nodes; the graph itself stays as it is here.
    absl::StatusOr<Variable> v = Variable::FromBytes(const_cast<Graph&>(graph), bytes->def);
    if (v.ok()) result.push_back(*std::move(v));
  }
  return result;
}

std::vector<Variable> GlobalVariables(const Graph& graph) { return VariablesIn(graph, kGlobalVariables); }
std::vector<Variable> LocalVariables(const Graph& graph) { return VariablesIn(graph, kLocalVariables); }
std::vector<Variable> TrainableVariables(const Graph& graph) { return VariablesIn(graph, kTrainableVariables); }
std::vector<Variable> MovingAverageVariables(const Graph& graph) { return VariablesIn(graph, kMovingAverageVariables); }

Node* VariablesInitializer(Graph& graph, absl::Span<const Variable> variables, const std::string& name) {
  std::vector<Node*> nodes;
  for (const Variable& v : variables) nodes.push_back(v.initializer());
  absl::StatusOr<Node*> init = Group(graph, nodes, name);
  if (init.ok()) return *init;
  graph.RecordError(init.status());
  return nullptr;
}

Node* GlobalVariablesInitializer(Graph& graph) { return VariablesInitializer(graph, GlobalVariables(graph)); }

absl::StatusOr<Output> AssignVariable(AssignKind kind, const Variable& variable, std::variant<Output, Tensor> value,
                                      const AssignOptions& options) {
  if (!variable) return absl::InvalidArgumentError("There is no variable to assign to.");
  static constexpr const char* kOps[2][3] = {{"Assign", "AssignAdd", "AssignSub"},
                                             {"AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp"}};
  Graph& graph = variable.graph();
  const std::string op = kOps[variable.is_resource()][static_cast<int>(kind)];
  auto tensor = [&](const char* name) -> absl::StatusOr<Output> {
    if (const Output* o = std::get_if<Output>(&value)) {
      if (!*o)
        return graph.status().ok() ? absl::InvalidArgumentError("The value to assign names nothing.") : graph.status();
      return *o;
    }
    TFP_ASSIGN_OR_RETURN(Tensor cast, CastTensor(std::get<Tensor>(value), variable.dtype()));
    return AddConstant(graph, cast, name);
  };
  if (variable.is_resource()) {
    TFP_ASSIGN_OR_RETURN(Output v, tensor("Const"));
    if (!variable.shape().IsCompatibleWith(v.shape())) {
      return absl::InvalidArgumentError(absl::StrCat("Shapes ", ShapeForPython(variable.shape()), " and ",
                                                     ShapeForPython(v.shape()), " are incompatible"));
    }
    // Python names the operation only for a plain assignment.
    const std::string name = kind == AssignKind::kAssign && !options.name.empty() ? options.name : op;
    TFP_ASSIGN_OR_RETURN(Node * done,
                         AddOp(graph, op, name, {variable.ref(), v}, {Attr::Type("dtype", variable.dtype())}));
    ControlDependencies after(graph, {&done, 1});
    DeviceScope at(graph, variable.device());
    return AddOpOutput(graph, "ReadVariableOp", "ReadVariableOp", {variable.ref()},
                       {Attr::Type("dtype", variable.dtype())});
  }
  NameScope scope(graph, options.name.empty() ? op : options.name);
  TFP_ASSIGN_OR_RETURN(Output v, tensor("value"));
  std::vector<Attr> attrs = {Attr::Bool("use_locking", options.use_locking.value_or(kind == AssignKind::kAssign))};
  if (kind == AssignKind::kAssign) attrs.push_back(Attr::Bool("validate_shape", options.validate_shape));
  return AddOpOutput(graph, op, scope.scope(), {variable.ref(), v}, std::move(attrs));
}

namespace {

Output Recorded(const Variable& v, absl::StatusOr<Output> o) {
  if (o.ok()) return *o;
  if (v) v.graph().RecordError(o.status());
  return Output();
}

}  // namespace

Output Assign(const Variable& v, Output value, const AssignOptions& options) {
  return Recorded(v, AssignVariable(AssignKind::kAssign, v, value, options));
}
Output Assign(const Variable& v, const Tensor& value, const AssignOptions& options) {
  return Recorded(v, AssignVariable(AssignKind::kAssign, v, value, options));
}
Output AssignAdd(const Variable& v, Output value, const AssignOptions& options) {
  return Recorded(v, AssignVariable(AssignKind::kAdd, v, value, options));
}
Output AssignAdd(const Variable& v, const Tensor& value, const AssignOptions& options) {
  return Recorded(v, AssignVariable(AssignKind::kAdd, v, value, options));
}
Output AssignSub(const Variable& v, Output value, const AssignOptions& options) {
  return Recorded(v, AssignVariable(AssignKind::kSub, v, value, options));
}
Output AssignSub(const Variable& v, const Tensor& value, const AssignOptions& options) {
  return Recorded(v, AssignVariable(AssignKind::kSub, v, value, options));
}

namespace {

Graph* GraphOf(const Operand& x) {
  if (const Variable* v = std::get_if<Variable>(&x.value())) return *v ? &v->graph() : nullptr;
  if (const Output* o = std::get_if<Output>(&x.value())) return *o ? &o->graph() : nullptr;
  return nullptr;
}

absl::StatusOr<Output> Convert(Graph& graph, const Operand& x, DataType like, const char* name) {
  if (const Variable* v = std::get_if<Variable>(&x.value())) return v->ValueForOp();
  if (const Output* o = std::get_if<Output>(&x.value())) return *o;
  TFP_ASSIGN_OR_RETURN(Tensor number, ScalarOf(like, std::get<double>(x.value())));
  return AddConstant(graph, number, name);
}

bool IsNumber(const Operand& x) { return std::holds_alternative<double>(x.value()); }

// Python's "/": small integers become float32, others float64.
DataType DividesAs(DataType t) {
  switch (t) {
    case DT_INT8:
    case DT_UINT8:
    case DT_INT16:
    case DT_UINT16:
      return DT_FLOAT;
    case DT_INT32:
    case DT_INT64:
    case DT_UINT32:
    case DT_UINT64:
      return DT_DOUBLE;
    default:
      return t;
  }
}

}  // namespace

absl::StatusOr<Output> BinaryOp(const std::string& op, const std::string& name, const Operand& x, const Operand& y) {
  Graph* graph = GraphOf(x) != nullptr ? GraphOf(x) : GraphOf(y);
  if (graph == nullptr || (!IsNumber(x) && GraphOf(x) == nullptr) || (!IsNumber(y) && GraphOf(y) == nullptr)) {
    return absl::InvalidArgumentError(absl::StrCat("An operand of ", name, " names nothing."));
  }
  // Python reads the variable that owns the operator before it opens the scope; the other side is read inside.
  Output left, right;
  if (!IsNumber(x)) {
    TFP_ASSIGN_OR_RETURN(left, Convert(*graph, x, DT_INVALID, "x"));
  } else {
    TFP_ASSIGN_OR_RETURN(right, Convert(*graph, y, DT_INVALID, "y"));
  }
  NameScope scope(*graph, name);
  if (IsNumber(x)) {
    TFP_ASSIGN_OR_RETURN(left, Convert(*graph, x, BaseType(right.dtype()), "x"));
  } else {
    TFP_ASSIGN_OR_RETURN(right, Convert(*graph, y, BaseType(left.dtype()), "y"));
  }
  if (op == "RealDiv" && DividesAs(BaseType(left.dtype())) != BaseType(left.dtype())) {
    const DataType to = DividesAs(BaseType(left.dtype()));
    for (Output* side : {&left, &right}) {
      TFP_ASSIGN_OR_RETURN(
          *side, AddOpOutput(*graph, "Cast", "Cast", {*side}, {Attr::Type("DstT", to), Attr::Bool("Truncate", false)}));
    }
  }
  return AddOpOutput(*graph, op, scope.scope(), {left, right});
}

Output VariableOperator(const char* op, const char* name, const Operand& x, const Operand& y) {
  Graph* graph = GraphOf(x) != nullptr ? GraphOf(x) : GraphOf(y);
  absl::StatusOr<Output> result = BinaryOp(op, name, x, y);
  if (result.ok()) return *result;
  if (graph != nullptr) graph->RecordError(result.status());
  return Output();
}

}  // namespace tfpersist
