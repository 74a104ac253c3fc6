// Graph building (PROTOCOL.md 5): nodes, variables, scopes, collections, what a graph holds.
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/checkpoint/slice_copy.h"
#include "reference/op/op_registry.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/op_def.pb.h"
#include "reference/proto/saver.pb.h"
#include "reference/testee/case.h"
#include "reference/testee/proto_json.h"
#include "reference/testee/tensor_json.h"
#include "reference/testee/verbs.h"

namespace tfpersist::testee {
namespace {

// Binds a tensor, an operation or a variable; the step's value is its name.
template <typename T>
Json Made(Case& c, const Args& args, T thing) {
  Json name;
  if constexpr (std::is_same_v<T, Node*>) {
    name = thing->name();
  } else {
    name = thing.name();
  }
  c.Bind(args, std::move(thing));
  return name;
}

template <typename T>
absl::StatusOr<Json> MadeOr(Case& c, const Args& args, absl::StatusOr<T> thing) {
  if (!thing.ok()) return thing.status();
  return Made(c, args, *std::move(thing));
}

// ---- blocks ----

absl::StatusOr<Json> GraphVerb(Case& c, const Args& args) {
  Graph& graph = c.NewGraph();
  c.PushGraph(graph);
  if (args.Has("steps")) {
    c.RunBlock(args);
    c.PopGraph();
  }
  c.Bind(args, &graph);
  return nullptr;
}

absl::StatusOr<Json> NameScopeVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name"));
  NameScope scope(c.graph(), name);
  TFP_RETURN_IF_ERROR(c.graph().TakeStatus());
  c.RunBlock(args);
  return nullptr;
}

absl::StatusOr<Json> DeviceVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name"));
  DeviceScope scope(c.graph(), name);
  TFP_RETURN_IF_ERROR(c.graph().TakeStatus());
  c.RunBlock(args);
  return nullptr;
}

absl::StatusOr<Json> VariableScopeVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name"));
  VariableScope scope(c.graph(), name);
  TFP_RETURN_IF_ERROR(c.graph().TakeStatus());
  c.RunBlock(args);
  return nullptr;
}

absl::StatusOr<Json> ControlDependenciesVerb(Case& c, const Args& args) {
  std::vector<Node*> nodes;
  for (const Json& input : args.Get("inputs")) {
    TFP_ASSIGN_OR_RETURN(nodes.emplace_back(), c.Operation(input, "inputs"));
  }
  ControlDependencies scope(c.graph(), nodes);
  c.RunBlock(args);
  return nullptr;
}

// ---- constants and variables ----

absl::StatusOr<Json> ConstantVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const Tensor value, TensorFromJson(args.Get("value"), "value"));
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name", "Const"));
  return MadeOr(c, args, AddConstant(c.graph(), value, name));
}

absl::StatusOr<Json> PlaceholderVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const DataType dtype, DataTypeFromJson(args.Get("dtype"), "dtype"));
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name", "Placeholder"));
  PartialTensorShape shape;
  if (args.Has("shape")) {
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, args.Ints("shape"));
    shape = PartialTensorShape(dims);
  }
  tensorflow::AttrValue dtype_attr, shape_attr;
  dtype_attr.set_type(static_cast<tensorflow::DataType>(dtype));
  shape.ToProto(shape_attr.mutable_shape());
  TFP_ASSIGN_OR_RETURN(
      Node * node,
      c.graph().AddNode({.op = "Placeholder", .name = name, .attrs = {{"dtype", dtype_attr}, {"shape", shape_attr}}}));
  return Made(c, args, node->output(0));
}

absl::StatusOr<VariableOptions> ReadVariableOptions(const Args& args) {
  VariableOptions options;
  TFP_ASSIGN_OR_RETURN(options.trainable, args.Bool("trainable", true));
  TFP_ASSIGN_OR_RETURN(options.validate_shape, args.Bool("validate_shape", true));
  TFP_ASSIGN_OR_RETURN(options.collections, args.OptionalStrings("collections"));
  if (args.Has("use_resource")) {
    TFP_ASSIGN_OR_RETURN(options.use_resource, args.Bool("use_resource", false));
  }
  return options;
}

absl::StatusOr<Json> VariableVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(VariableOptions options, ReadVariableOptions(args));
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name", "Variable"));
  const Args initial(args.Get("initial"));
  Variable::InitialValue value;
  if (initial.Has("constant")) {
    TFP_ASSIGN_OR_RETURN(const Tensor tensor, TensorFromJson(initial.Get("constant"), "initial"));
    TFP_ASSIGN_OR_RETURN(value, AddConstant(c.graph(), tensor, "Const"));
  } else if (initial.Has("value")) {
    TFP_ASSIGN_OR_RETURN(const Tensor tensor, TensorFromJson(initial.Get("value"), "initial"));
    options.dtype = tensor.dtype();
    value = tensor;
  } else if (initial.Has("tensor")) {
    TFP_ASSIGN_OR_RETURN(value, c.Input(initial.Get("tensor"), "initial"));
  } else {
    return BadArgument("initial", "a constant, a value or a tensor", args.Get("initial"));
  }
  return MadeOr(c, args, Variable::Create(c.graph(), std::move(value), name, options));
}

// The part of `whole` that starts at `offset` along `axis` and has the shape `part`.
absl::StatusOr<Tensor> PartOf(const Tensor& whole, const TensorShape& part, int axis, int64_t offset) {
  TensorSlice slice(whole.shape().rank());
  if (axis < slice.rank()) slice.set_extent(axis, {offset, part.dim(axis)});
  const absl::StatusOr<TensorShape> cut = slice.SliceShape(whole.shape());
  if (!cut.ok() || *cut != part) {
    return absl::InvalidArgumentError("argument `partitions`: does not fit the initial value");
  }
  TFP_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(whole.dtype(), part));
  CopySlice(whole.shape(), TensorSlice(slice.rank()), whole, slice, &tensor);
  return tensor;
}

absl::StatusOr<Json> GetVariableVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name"));
  const Json& initial = args.Get("initial");
  if (!initial.is_object() || initial.size() != 1) return BadArgument("initial", "{\"value\": TENSOR}", initial);
  TFP_ASSIGN_OR_RETURN(const Tensor whole, TensorFromJson(*initial.begin(), "initial"));
  TFP_ASSIGN_OR_RETURN(const VariableOptions common, ReadVariableOptions(args));
  GetVariableOptions options;
  options.trainable = common.trainable;
  options.validate_shape = common.validate_shape;
  options.collections = common.collections;
  options.use_resource = common.use_resource;
  options.dtype = whole.dtype();
  options.shape = whole.shape();
  if (args.Has("dtype")) {
    TFP_ASSIGN_OR_RETURN(options.dtype, DataTypeFromJson(args.Get("dtype"), "dtype"));
  }
  if (args.Has("shape")) {
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, args.Ints("shape"));
    TFP_ASSIGN_OR_RETURN(options.shape, TensorShape::Create(dims));
  }
  // As the protocol has it: an initializer that gives tf.constant of the part that it is asked for.
  int axis = 0;
  if (args.Has("partitions")) {
    TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> partitions, args.Ints("partitions"));
    options.partitioner = Partitioner{};
    for (size_t i = 0; i < partitions.size(); ++i) {
      if (partitions[i] == 1) continue;
      axis = static_cast<int>(i);
      options.partitioner = Partitioner{static_cast<int>(partitions[i]), axis};
    }
  }
  int64_t offset = 0;  // parts are made in order
  options.initializer = [&whole, &offset, axis](Graph& graph, const TensorShape& shape,
                                                DataType) -> absl::StatusOr<Output> {
    TFP_ASSIGN_OR_RETURN(const Tensor part, PartOf(whole, shape, axis, offset));
    if (axis < shape.rank()) offset += shape.dim(axis);
    return AddConstant(graph, part, "Const");
  };
  if (!options.partitioner) return MadeOr(c, args, GetVariable(c.graph(), name, options));
  TFP_ASSIGN_OR_RETURN(PartitionedVariable made, GetPartitionedVariable(c.graph(), name, options));
  Json names = Json::array();
  for (const Variable& part : made.parts) names.push_back(part.name());
  c.Bind(args, std::move(made));
  return names;
}

// ---- operations ----

// A tensor literal is a constant of its own, as in Python; variables stay variables, whose reads Python names itself.
absl::StatusOr<Operand> ReadOperand(Case& c, const Args& args, const char* key) {
  TFP_ASSIGN_OR_RETURN(const Handle* handle, c.Find(args.Get(key)));
  if (handle != nullptr) {
    if (const Variable* variable = std::get_if<Variable>(handle)) return Operand(*variable);
  }
  TFP_ASSIGN_OR_RETURN(const Output output, c.Input(args.Get(key), key));
  return Operand(output);
}

// One node. Its inputs are converted inside its name scope, as Python's op functions do: "o/ReadVariableOp".
absl::StatusOr<Json> Simple(Case& c, const Args& args, const char* op, const char* default_name,
                            std::initializer_list<const char*> keys) {
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name", default_name));
  std::vector<Output> inputs;
  std::vector<Operand> operands;
  for (const char* key : keys) {
    TFP_ASSIGN_OR_RETURN(operands.emplace_back(Output()), ReadOperand(c, args, key));
  }
  NameScope scope(c.graph(), name);
  for (const Operand& operand : operands) {
    if (const Variable* variable = std::get_if<Variable>(&operand.value())) {
      TFP_ASSIGN_OR_RETURN(inputs.emplace_back(), variable->ValueForOp());
    } else {
      inputs.push_back(std::get<Output>(operand.value()));
    }
  }
  TFP_ASSIGN_OR_RETURN(Node * node, c.graph().AddNode({.op = op, .name = scope.scope(), .inputs = inputs}));
  return Made(c, args, node->output(0));
}

absl::StatusOr<Json> Binary(Case& c, const Args& args, const char* op, const char* default_name) {
  // Python's operators take no name; with one it is tf.add(x, y, name=…), which reads both sides inside its scope.
  if (args.Has("name") && std::string_view(op) != "RealDiv") return Simple(c, args, op, default_name, {"x", "y"});
  TFP_ASSIGN_OR_RETURN(const Operand x, ReadOperand(c, args, "x"));
  TFP_ASSIGN_OR_RETURN(const Operand y, ReadOperand(c, args, "y"));
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name", default_name));
  return MadeOr(c, args, BinaryOp(op, name, x, y));
}

absl::StatusOr<Json> AddVerb(Case& c, const Args& args) { return Binary(c, args, "Add", "add"); }
absl::StatusOr<Json> SubVerb(Case& c, const Args& args) { return Binary(c, args, "Sub", "sub"); }
absl::StatusOr<Json> MulVerb(Case& c, const Args& args) { return Binary(c, args, "Mul", "mul"); }
absl::StatusOr<Json> DivVerb(Case& c, const Args& args) { return Binary(c, args, "RealDiv", "truediv"); }

absl::StatusOr<Json> MatMulVerb(Case& c, const Args& args) { return Simple(c, args, "MatMul", "MatMul", {"x", "y"}); }
absl::StatusOr<Json> IdentityVerb(Case& c, const Args& args) { return Simple(c, args, "Identity", "Identity", {"x"}); }

// The type that the op's input number `index` has to have; DT_INVALID where attrs decide, or no such input.
DataType WantedInput(const Graph& graph, const std::string& op, size_t index) {
  const absl::StatusOr<const OpSignature*> signature = graph.ops().LookUp(op);
  if (!signature.ok()) return DT_INVALID;
  const tensorflow::OpDef& def = *(*signature)->def;
  for (const tensorflow::OpDef::ArgDef& arg : def.input_arg()) {
    if (!arg.number_attr().empty() || !arg.type_list_attr().empty()) return DT_INVALID;
    if (index-- > 0) continue;
    if (arg.is_ref()) return MakeRefType(DT_FLOAT);
    return static_cast<DataType>(arg.type());
  }
  return DT_INVALID;
}

absl::StatusOr<Json> OpVerb(Case& c, const Args& args) {
  Graph::NodeSpec spec;
  TFP_ASSIGN_OR_RETURN(spec.op, args.String("op"));
  TFP_ASSIGN_OR_RETURN(spec.name, args.String("name", ""));
  for (const Json& input : args.Get("inputs")) {
    for (const Json& item : input.is_array() ? input : Json::array({input})) {
      // Where an op wants a reference or a handle, a variable gives that.
      TFP_ASSIGN_OR_RETURN(const Handle* handle, c.Find(item));
      const Variable* variable = handle == nullptr ? nullptr : std::get_if<Variable>(handle);
      const DataType wanted = variable == nullptr ? DT_INVALID : WantedInput(c.graph(), spec.op, spec.inputs.size());
      if (variable != nullptr && (IsRefType(wanted) || wanted == DT_RESOURCE)) {
        spec.inputs.push_back(variable->ref());
      } else {
        TFP_ASSIGN_OR_RETURN(spec.inputs.emplace_back(), c.Input(item, "inputs"));
      }
    }
  }
  for (const Json& input : args.Get("control_inputs")) {
    TFP_ASSIGN_OR_RETURN(spec.control_inputs.emplace_back(), c.Operation(input, "control_inputs"));
  }
  TFP_ASSIGN_OR_RETURN(spec.attrs, AttrsFromJson(args.Get("attrs")));
  TFP_ASSIGN_OR_RETURN(Node * node, c.graph().AddNode(std::move(spec)));
  if (node->num_outputs() == 0) return Made(c, args, node);
  if (node->num_outputs() == 1) return Made(c, args, node->output(0));
  ItemList items;
  Json names = Json::array();
  for (int i = 0; i < node->num_outputs(); ++i) {
    items.emplace_back(node->output(i));
    names.push_back(node->output(i).name());
  }
  c.Bind(args, std::move(items));
  return names;
}

absl::StatusOr<Json> AssignOf(Case& c, const Args& args, AssignKind kind) {
  TFP_ASSIGN_OR_RETURN(const Variable variable, c.VariableOf(args.Get("variable"), "variable"));
  std::variant<Output, Tensor> value;
  if (args.Get("value").is_object()) {
    TFP_ASSIGN_OR_RETURN(value, TensorFromJson(args.Get("value"), "value"));
  } else {
    TFP_ASSIGN_OR_RETURN(value, c.Input(args.Get("value"), "value"));
  }
  return MadeOr(c, args, AssignVariable(kind, variable, std::move(value)));
}

absl::StatusOr<Json> AssignVerb(Case& c, const Args& args) { return AssignOf(c, args, AssignKind::kAssign); }
absl::StatusOr<Json> AssignAddVerb(Case& c, const Args& args) { return AssignOf(c, args, AssignKind::kAdd); }
absl::StatusOr<Json> AssignSubVerb(Case& c, const Args& args) { return AssignOf(c, args, AssignKind::kSub); }

absl::StatusOr<Json> GlobalVariablesInitializerVerb(Case& c, const Args& args) {
  Node* init = GlobalVariablesInitializer(c.graph());
  if (init == nullptr) return c.graph().TakeStatus();
  return Made(c, args, init);
}

// ---- collections ----

Json NamesOf(const std::vector<Variable>& variables) {
  Json names = Json::array();
  for (const Variable& variable : variables) names.push_back(variable.name());
  return names;
}

absl::StatusOr<Json> GlobalVariablesVerb(Case& c, const Args&) { return NamesOf(GlobalVariables(c.graph())); }
absl::StatusOr<Json> TrainableVariablesVerb(Case& c, const Args&) { return NamesOf(TrainableVariables(c.graph())); }
absl::StatusOr<Json> MovingAverageVariablesVerb(Case& c, const Args&) {
  return NamesOf(MovingAverageVariables(c.graph()));
}

// One item of a collection: its value for the answer, and itself where later steps may use it.
absl::StatusOr<Json> ReadItem(Graph& graph, const CollectionItem& item, ItemList* items) {
  if (const auto* name = std::get_if<NodeName>(&item)) {
    if (absl::StatusOr<Output> output = graph.FindTensor(name->name); output.ok()) {
      items->emplace_back(*output);
    } else if (absl::StatusOr<Node*> node = graph.FindOperation(name->name); node.ok()) {
      items->emplace_back(*node);
    }
    return Json(name->name);
  }
  if (const auto* bytes = std::get_if<VariableBytes>(&item)) {
    TFP_ASSIGN_OR_RETURN(const Variable variable, Variable::FromBytes(graph, bytes->def));
    items->emplace_back(variable);
    return Json(variable.name());
  }
  if (const auto* text = std::get_if<std::string>(&item)) return BytesToJson(*text);
  if (const auto* integer = std::get_if<int64_t>(&item)) return Json(*integer);
  if (const auto* number = std::get_if<float>(&item)) return Json(*number);
  if (const auto* proto = std::get_if<ProtoBytes>(&item)) return BytesToJson(proto->bytes);
  return BytesToJson(std::get<AnyBytes>(item).any);
}

absl::StatusOr<Json> CollectionVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name"));
  Json values = Json::array();
  ItemList items;
  const Collections& collections = c.graph().collections();
  if (auto it = collections.find(name); it != collections.end()) {
    for (const CollectionItem& item : it->second) {
      TFP_ASSIGN_OR_RETURN(values.emplace_back(), ReadItem(c.graph(), item, &items));
    }
  }
  c.Bind(args, std::move(items));
  return values;
}

absl::StatusOr<Json> AddToCollectionVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name"));
  const Json& item = args.Get("item");
  std::vector<CollectionItem>& items = c.graph().collections()[name];
  TFP_ASSIGN_OR_RETURN(const Handle* handle, c.Find(item));
  if (handle != nullptr) {
    if (const Variable* variable = std::get_if<Variable>(handle)) {
      AddToCollection(name, *variable);
    } else if (const auto* saver = std::get_if<std::shared_ptr<Saver>>(handle)) {
      if (name == kSavers) {
        (*saver)->AddToCollection();
      } else if ((*saver)->saver_def() != nullptr) {
        items.push_back(ProtoBytes{(*saver)->saver_def()->SerializeAsString()});
      }
    } else {
      TFP_ASSIGN_OR_RETURN(const Case::Element element, c.GraphElement(c.graph(), item, "item"));
      const Output* output = std::get_if<Output>(&element);
      items.push_back(NodeName{output != nullptr ? output->name() : std::get<Node*>(element)->name()});
    }
  } else if (item.is_string()) {
    items.push_back(item.get<std::string>());
  } else if (item.is_boolean()) {
    items.push_back(int64_t{item.get<bool>()});
  } else if (item.is_number_integer()) {
    items.push_back(item.get<int64_t>());
  } else if (item.is_number()) {
    items.push_back(item.get<float>());
  } else {
    return BadArgument("item", "a handle, a string or a number", item);
  }
  return nullptr;
}

// ---- what the graph holds ----

absl::StatusOr<Json> GraphDefVerb(Case& c, const Args& args) {
  auto graph_def = std::make_shared<tensorflow::GraphDef>(c.graph().ToGraphDef());
  Json nodes = NodesToJson(*graph_def);
  c.Bind(args, std::move(graph_def));
  return nodes;
}

absl::StatusOr<Json> GraphNodesVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const auto graph_def, c.GraphDefOf(args));
  return NodesToJson(*graph_def);
}

absl::StatusOr<Json> NodeAttrVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const auto graph_def, c.GraphDefOf(args));
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("node"));
  TFP_ASSIGN_OR_RETURN(const std::string attr, args.String("attr"));
  for (const tensorflow::NodeDef& node : graph_def->node()) {
    if (node.name() != name) continue;
    auto it = node.attr().find(attr);
    return it == node.attr().end() ? Json() : AttrToJson(it->second);
  }
  return absl::NotFoundError(absl::StrCat("no node ", name));
}

absl::StatusOr<Json> GraphVersionsVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const auto graph_def, c.GraphDefOf(args));
  return MessageToJson(graph_def->versions());
}

absl::StatusOr<Json> FinalizeVerb(Case& c, const Args&) {
  c.graph().Finalize();
  return nullptr;
}

absl::StatusOr<Json> GetTensorByNameVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name"));
  return MadeOr(c, args, c.graph().FindTensor(name));
}

absl::StatusOr<Json> GetOperationByNameVerb(Case& c, const Args& args) {
  TFP_ASSIGN_OR_RETURN(const std::string name, args.String("name"));
  return MadeOr(c, args, c.graph().FindOperation(name));
}

constexpr Verb kVerbs[] = {
    {"graph", GraphVerb},
    {"name_scope", NameScopeVerb},
    {"device", DeviceVerb},
    {"variable_scope", VariableScopeVerb},
    {"control_dependencies", ControlDependenciesVerb},
    {"constant", ConstantVerb},
    {"placeholder", PlaceholderVerb},
    {"variable", VariableVerb},
    {"get_variable", GetVariableVerb},
    {"add", AddVerb},
    {"sub", SubVerb},
    {"mul", MulVerb},
    {"div", DivVerb},
    {"matmul", MatMulVerb},
    {"identity", IdentityVerb},
    {"op", OpVerb},
    {"assign", AssignVerb},
    {"assign_add", AssignAddVerb},
    {"assign_sub", AssignSubVerb},
    {"global_variables_initializer", GlobalVariablesInitializerVerb},
    {"global_variables", GlobalVariablesVerb},
    {"trainable_variables", TrainableVariablesVerb},
    {"moving_average_variables", MovingAverageVariablesVerb},
    {"collection", CollectionVerb},
    {"add_to_collection", AddToCollectionVerb},
    {"graph_def", GraphDefVerb},
    {"graph_nodes", GraphNodesVerb},
    {"node_attr", NodeAttrVerb},
    {"graph_versions", GraphVersionsVerb},
    {"finalize", FinalizeVerb},
    {"get_tensor_by_name", GetTensorByNameVerb},
    {"get_operation_by_name", GetOperationByNameVerb},
};

}  // namespace

absl::Span<const Verb> GraphVerbs() { return kVerbs; }

}  // namespace tfpersist::testee
