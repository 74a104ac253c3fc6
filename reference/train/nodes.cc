#include "reference/train/nodes.h"

#include <algorithm>
#include <complex>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "reference/base/status.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/control_flow.pb.h"
#include "reference/proto/op_def.pb.h"
#include "reference/tensor/tensor_proto.h"

namespace tfpersist {

Attr Attr::Type(std::string name, DataType t) { return {.name = std::move(name), .kind = kType, .i = t}; }
Attr Attr::Bool(std::string name, bool b) { return {.name = std::move(name), .kind = kBool, .i = b}; }
Attr Attr::Int(std::string name, int64_t i) { return {.name = std::move(name), .kind = kInt, .i = i}; }
Attr Attr::String(std::string name, std::string s) {
  return {.name = std::move(name), .kind = kString, .s = std::move(s)};
}
Attr Attr::Shape(std::string name, PartialTensorShape shape) {
  return {.name = std::move(name), .kind = kShape, .shape = std::move(shape)};
}
Attr Attr::Types(std::string name, std::vector<DataType> types) {
  return {.name = std::move(name), .kind = kTypes, .types = std::move(types)};
}

namespace {

tensorflow::AttrValue ToProto(const Attr& attr) {
  tensorflow::AttrValue value;
  switch (attr.kind) {
    case Attr::kType:
      value.set_type(static_cast<tensorflow::DataType>(attr.i));
      break;
    case Attr::kBool:
      value.set_b(attr.i != 0);
      break;
    case Attr::kInt:
      value.set_i(attr.i);
      break;
    case Attr::kString:
      value.set_s(attr.s);
      break;
    case Attr::kShape:
      attr.shape.ToProto(value.mutable_shape());
      break;
    case Attr::kTypes:
      value.mutable_list();
      for (DataType t : attr.types) value.mutable_list()->add_type(static_cast<tensorflow::DataType>(t));
      break;
  }
  return value;
}

}  // namespace

absl::StatusOr<Node*> AddOp(Graph& graph, std::string op, std::string name, std::vector<Output> inputs,
                            std::vector<Attr> attrs) {
  Graph::NodeSpec spec;
  spec.op = std::move(op);
  spec.name = std::move(name);
  spec.inputs = std::move(inputs);
  for (const Attr& attr : attrs) spec.attrs[attr.name] = ToProto(attr);
  return graph.AddNode(std::move(spec));
}

absl::StatusOr<Output> AddOpOutput(Graph& graph, std::string op, std::string name, std::vector<Output> inputs,
                                   std::vector<Attr> attrs) {
  TFP_ASSIGN_OR_RETURN(Node * node, AddOp(graph, std::move(op), std::move(name), std::move(inputs), std::move(attrs)));
  return node->output(0);
}

namespace {

absl::StatusOr<Output> ConstProto(Graph& graph, tensorflow::TensorProto proto, DataType dtype,
                                  const std::string& name) {
  Graph::NodeSpec spec;
  spec.op = "Const";
  spec.name = name;
  spec.attrs["dtype"].set_type(static_cast<tensorflow::DataType>(dtype));
  *spec.attrs["value"].mutable_tensor() = std::move(proto);
  TFP_ASSIGN_OR_RETURN(Node * node, graph.AddNode(std::move(spec)));
  return node->output(0);
}

}  // namespace

absl::StatusOr<Output> ConstStrings(Graph& graph, const std::vector<std::string>& values, const std::string& name) {
  tensorflow::TensorProto proto;
  proto.set_dtype(tensorflow::DT_STRING);
  proto.mutable_tensor_shape()->add_dim()->set_size(values.size());
  for (const std::string& v : values) proto.add_string_val(v);
  return ConstProto(graph, std::move(proto), DT_STRING, name);
}

namespace {

// Calls `f` with a null pointer to the C++ type of a dtype that holds numbers; false for others.
template <typename F>
bool WithNumberType(DataType dtype, F f) {
  switch (dtype) {
    case DT_FLOAT:
      f(static_cast<float*>(nullptr));
      return true;
    case DT_DOUBLE:
      f(static_cast<double*>(nullptr));
      return true;
    case DT_INT32:
      f(static_cast<int32_t*>(nullptr));
      return true;
    case DT_UINT8:
      f(static_cast<uint8_t*>(nullptr));
      return true;
    case DT_INT16:
      f(static_cast<int16_t*>(nullptr));
      return true;
    case DT_INT8:
      f(static_cast<int8_t*>(nullptr));
      return true;
    case DT_INT64:
      f(static_cast<int64_t*>(nullptr));
      return true;
    case DT_BOOL:
      f(static_cast<bool*>(nullptr));
      return true;
    case DT_BFLOAT16:
      f(static_cast<bfloat16*>(nullptr));
      return true;
    case DT_UINT16:
      f(static_cast<uint16_t*>(nullptr));
      return true;
    case DT_HALF:
      f(static_cast<half*>(nullptr));
      return true;
    case DT_UINT32:
      f(static_cast<uint32_t*>(nullptr));
      return true;
    case DT_UINT64:
      f(static_cast<uint64_t*>(nullptr));
      return true;
    case DT_COMPLEX64:
      f(static_cast<std::complex<float>*>(nullptr));
      return true;
    case DT_COMPLEX128:
      f(static_cast<std::complex<double>*>(nullptr));
      return true;
    default:
      return false;
  }
}

template <typename T>
inline constexpr bool kIsComplex = std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>;

// One element; half and bfloat16 by way of float, a complex number's real part.
template <typename To, typename From>
To Convert(From x) {
  if constexpr (kIsComplex<From>) {
    if constexpr (kIsComplex<To>) {
      return To(x);
    } else {
      return Convert<To>(x.real());
    }
  } else if constexpr (std::is_same_v<From, half> || std::is_same_v<From, bfloat16>) {
    return Convert<To>(static_cast<float>(x));
  } else if constexpr (kIsComplex<To>) {
    return To(static_cast<typename To::value_type>(x));
  } else if constexpr (std::is_same_v<To, half> || std::is_same_v<To, bfloat16>) {
    return To(static_cast<float>(x));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> && !std::is_same_v<To, bool>) {
    // Out of range is undefined in C++; numpy on x86 gives the lowest int64, cut to the type.
    return static_cast<To>(x >= -9223372036854775808.0 && x < 9223372036854775808.0 ? static_cast<int64_t>(x)
                                                                                    : INT64_MIN);
  } else {
    return static_cast<To>(x);
  }
}

}  // namespace

absl::StatusOr<Tensor> CastTensor(const Tensor& value, DataType dtype) {
  if (value.dtype() == dtype || dtype == DT_INVALID) return value;
  absl::StatusOr<Tensor> result =
      absl::InvalidArgumentError(absl::StrCat("Expected ", DataTypePythonName(dtype), ", got a value of type '",
                                              DataTypePythonName(value.dtype()), "' instead."));
  WithNumberType(dtype, [&](auto* to_type) {
    using To = std::remove_pointer_t<decltype(to_type)>;
    WithNumberType(value.dtype(), [&](auto* from_type) {
      using From = std::remove_pointer_t<decltype(from_type)>;
      absl::StatusOr<Tensor> t = Tensor::Allocate(dtype, value.shape());
      if (t.ok())
        std::transform(value.flat<From>().begin(), value.flat<From>().end(), t->flat<To>().begin(), Convert<To, From>);
      result = std::move(t);
    });
  });
  return result;
}

absl::StatusOr<Tensor> ScalarOf(DataType dtype, double x) { return CastTensor(Tensor::Scalar(x), dtype); }

std::vector<Node*> NodesBehind(Node* node, const std::function<bool(const Node&)>& ends) {
  std::vector<bool> seen(node->graph().num_nodes());
  const auto see = [&seen](const Node* n) {
    const bool is_new = !seen[n->id()];
    seen[n->id()] = true;
    return is_new;
  };
  see(node);
  std::vector<Node*> stack = {node}, found;
  while (!stack.empty()) {
    Node* const next = stack.back();
    stack.pop_back();
    found.push_back(next);
    if (ends(*next)) continue;
    for (const Output& input : next->inputs()) {
      if (see(input.node)) stack.push_back(input.node);
    }
    for (Node* control : next->control_inputs()) {
      if (see(control)) stack.push_back(control);
    }
  }
  std::sort(found.begin(), found.end(), [](const Node* a, const Node* b) { return a->id() < b->id(); });
  return found;
}

std::string WithoutSlash(std::string scope) {
  if (!scope.empty() && scope.back() == '/') scope.pop_back();
  return scope;
}

absl::StatusOr<Node*> Group(Graph& graph, absl::Span<Node* const> nodes, const std::string& name) {
  NameScope scope(graph, name);
  std::map<std::string, std::vector<Node*>> by_device;
  for (Node* node : nodes) by_device[node->device()].push_back(node);
  auto no_op = [&](absl::Span<Node* const> deps, const std::string& device,
                   const std::string& op_name) -> absl::StatusOr<Node*> {
    ControlDependencies after(graph, deps);
    if (device.empty()) return AddOp(graph, "NoOp", op_name, {});
    DeviceScope on(graph, device);
    return AddOp(graph, "NoOp", op_name, {});
  };
  if (by_device.empty()) return AddOp(graph, "NoOp", scope.scope(), {});
  if (by_device.size() == 1) return no_op(by_device.begin()->second, by_device.begin()->first, scope.scope());
  std::vector<Node*> per_device;
  for (const auto& [device, deps] : by_device) {
    TFP_ASSIGN_OR_RETURN(Node * node, no_op(deps, device, ""));
    per_device.push_back(node);
  }
  return no_op(per_device, "", scope.scope());
}

absl::StatusOr<CondBuilder> CondBuilder::Open(Graph& graph, Output pred) {
  CondBuilder cond(graph);
  TFP_ASSIGN_OR_RETURN(Node * sw, AddOp(graph, "Switch", "Switch", {pred, pred}));
  TFP_ASSIGN_OR_RETURN(cond.pivot_[1], AddOpOutput(graph, "Identity", "switch_t", {sw->output(1)}));
  TFP_ASSIGN_OR_RETURN(cond.pivot_[0], AddOpOutput(graph, "Identity", "switch_f", {sw->output(0)}));
  TFP_ASSIGN_OR_RETURN(cond.pred_id_, AddOpOutput(graph, "Identity", "pred_id", {pred}));
  for (int branch : {1, 0}) {
    cond.context_[branch] = graph.UniqueName("cond_text");
    cond.values_[branch] = {cond.pred_id_.name(), cond.pivot_[branch].name()};
    cond.external_[branch][cond.pred_id_.name()] = cond.pred_id_.name();
  }
  return cond;
}

absl::StatusOr<Output> CondBuilder::Enter(bool branch, Output outer, const std::string& consumer) {
  std::optional<NameScope> scope;
  if (!consumer.empty()) scope.emplace(*graph_, absl::StrCat(consumer, "/"));
  ColocateScope at(*graph_, outer.node, /*ignore_existing=*/true);
  const char* op = IsRefType(outer.dtype()) ? "RefSwitch" : "Switch";
  TFP_ASSIGN_OR_RETURN(Node * sw, AddOp(*graph_, op, "Switch", {outer, pred_id_}));
  Output inner = sw->output(branch ? 1 : 0);
  values_[branch].push_back(outer.name());
  values_[branch].push_back(inner.name());
  if (consumer.empty()) values_[branch].push_back(sw->output(branch ? 0 : 1).name());
  external_[branch][outer.name()] = inner.name();
  return inner;
}

namespace {

// Map entries in key order, so that the same graph gives the same bytes.
std::string SerializeDeterministic(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<Output> CondBuilder::Merge(Output if_false, Output if_true) {
  TFP_ASSIGN_OR_RETURN(Output merged, AddOpOutput(*graph_, "Merge", "Merge", {if_false, if_true}));
  for (int branch : {1, 0}) {
    tensorflow::CondContextDef def;
    def.set_context_name(context_[branch]);
    def.set_pred_name(pred_id_.name());
    def.set_pivot_name(pivot_[branch].name());
    def.set_branch(branch);
    std::sort(values_[branch].begin(), values_[branch].end());
    for (const std::string& v : values_[branch]) def.mutable_values_def()->add_values(v);
    for (const auto& [outer, inner] : external_[branch])
      (*def.mutable_values_def()->mutable_external_values())[outer] = inner;
    graph_->collections()["cond_context"].push_back(ProtoBytes{SerializeDeterministic(def)});
  }
  return merged;
}

}  // namespace tfpersist
