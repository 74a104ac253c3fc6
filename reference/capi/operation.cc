// Looking at operations and their attrs.
#include <algorithm>
#include <cstring>

#include "reference/base/status.h"
#include "reference/capi/internal.h"
#include "reference/op/op_registry.h"
#include "reference/proto/attr_value.pb.h"
#include "reference/proto/node_def.pb.h"
#include "reference/proto/op_def.pb.h"
#include "reference/tensor/tensor_proto.h"

using namespace tfpersist;        // NOLINT: the API's functions live outside every namespace
using namespace tfpersist::capi;  // NOLINT
using tensorflow::AttrValue;

namespace {

// Null and a status where the operation has none of that name and kind.
const AttrValue* Find(TF_Operation* oper, const char* name, TF_Status* status) {
  const AttrValue* attr = ToNode(oper)->attr(name);
  Set(status, attr != nullptr ? absl::OkStatus()
                              : absl::InvalidArgumentError(absl::StrCat("Operation '", ToNode(oper)->name(),
                                                                        "' has no attr named '", name, "'.")));
  return attr;
}

const AttrValue* FindKind(TF_Operation* oper, const char* name, AttrValue::ValueCase kind, const char* what,
                          TF_Status* status) {
  const AttrValue* attr = Find(oper, name, status);
  if (attr == nullptr || attr->value_case() == kind) return attr;
  Set(status, absl::InvalidArgumentError(absl::StrCat("Value for '", name, "' is not ", what)));
  return nullptr;
}

template <typename To, typename From>
void CopyList(const From& from, To* to, int max) {
  for (int i = 0; i < std::min(max, static_cast<int>(from.size())); ++i) to[i] = static_cast<To>(from.Get(i));
}

// How many tensors an argument of the op's signature takes, and where it begins.
int ArgLength(TF_Operation* oper, bool input, const char* name, TF_Status* status) {
  const Node& node = *ToNode(oper);
  const auto& args = input ? node.op_def().input_arg() : node.op_def().output_arg();
  for (const auto& arg : args) {
    if (arg.name() != name) continue;
    Set(status, absl::OkStatus());
    if (!arg.number_attr().empty()) {
      const AttrValue* attr = node.attr(arg.number_attr());
      return attr != nullptr ? static_cast<int>(attr->i()) : 0;
    }
    if (!arg.type_list_attr().empty()) {
      const AttrValue* attr = node.attr(arg.type_list_attr());
      return attr != nullptr ? attr->list().type_size() : 0;
    }
    return 1;
  }
  Set(status, absl::InvalidArgumentError(absl::StrCat(input ? "Input" : "Output", " arg '", name, "' not found")));
  return -1;
}

// Edges out of a node are kept by its consumers alone, so that looking for them takes a walk over the graph.
template <typename F>
void ForEachConsumer(TF_Output output, F f) {
  const Output source = ToOutput(output);
  Graph& graph = source.node->graph();
  for (int id = source.node->id() + 1; id <= graph.num_nodes(); ++id) {
    // Loops have edges back to earlier nodes; those come last.
    Node* node = id < graph.num_nodes() ? graph.node(id) : nullptr;
    if (node == nullptr) break;
    for (size_t i = 0; i < node->inputs().size(); ++i) {
      if (node->inputs()[i] == source) f(node, static_cast<int>(i));
    }
  }
  for (int id = 0; id <= source.node->id(); ++id) {
    Node* node = graph.node(id);
    for (size_t i = 0; i < node->inputs().size(); ++i) {
      if (node->inputs()[i] == source) f(node, static_cast<int>(i));
    }
  }
}

template <typename F>
void ForEachControlConsumer(TF_Operation* oper, F f) {
  Graph& graph = ToNode(oper)->graph();
  for (int id = 0; id < graph.num_nodes(); ++id) {
    for (Node* c : graph.node(id)->control_inputs()) {
      if (c == ToNode(oper)) f(graph.node(id));
    }
  }
}

TF_AttrType KindOf(AttrValue::ValueCase kind) {
  switch (kind) {
    case AttrValue::kI:
      return TF_ATTR_INT;
    case AttrValue::kF:
      return TF_ATTR_FLOAT;
    case AttrValue::kB:
      return TF_ATTR_BOOL;
    case AttrValue::kType:
      return TF_ATTR_TYPE;
    case AttrValue::kShape:
      return TF_ATTR_SHAPE;
    case AttrValue::kTensor:
      return TF_ATTR_TENSOR;
    case AttrValue::kPlaceholder:
      return TF_ATTR_PLACEHOLDER;
    case AttrValue::kFunc:
      return TF_ATTR_FUNC;
    default:
      return TF_ATTR_STRING;
  }
}

int64_t RankOf(const tensorflow::TensorShapeProto& shape) { return shape.unknown_rank() ? -1 : shape.dim_size(); }

}  // namespace

const char* TF_OperationName(TF_Operation* oper) { return ToNode(oper)->name().c_str(); }
const char* TF_OperationOpType(TF_Operation* oper) { return ToNode(oper)->op().c_str(); }
const char* TF_OperationDevice(TF_Operation* oper) { return ToNode(oper)->device().c_str(); }
int TF_OperationNumOutputs(TF_Operation* oper) { return ToNode(oper)->num_outputs(); }
TF_DataType TF_OperationOutputType(TF_Output oper_out) {
  return static_cast<TF_DataType>(BaseType(ToOutput(oper_out).dtype()));
}
int TF_OperationOutputListLength(TF_Operation* oper, const char* arg_name, TF_Status* status) {
  return ArgLength(oper, false, arg_name, status);
}
int TF_OperationNumInputs(TF_Operation* oper) { return static_cast<int>(ToNode(oper)->inputs().size()); }
TF_DataType TF_OperationInputType(TF_Input oper_in) {
  return static_cast<TF_DataType>(BaseType(ToNode(oper_in.oper)->input_types()[oper_in.index]));
}
int TF_OperationInputListLength(TF_Operation* oper, const char* arg_name, TF_Status* status) {
  return ArgLength(oper, true, arg_name, status);
}
TF_Output TF_OperationInput(TF_Input oper_in) {
  const auto inputs = ToNode(oper_in.oper)->inputs();
  if (oper_in.index < 0 || oper_in.index >= static_cast<int>(inputs.size())) return {nullptr, -1};
  return FromOutput(inputs[oper_in.index]);
}
int TF_OperationOutputNumConsumers(TF_Output oper_out) {
  int count = 0;
  ForEachConsumer(oper_out, [&](Node*, int) { ++count; });
  return count;
}
int TF_OperationOutputConsumers(TF_Output oper_out, TF_Input* consumers, int max_consumers) {
  int count = 0;
  ForEachConsumer(oper_out, [&](Node* node, int index) {
    if (count < max_consumers) consumers[count] = {FromNode(node), index};
    ++count;
  });
  return count;
}
int TF_OperationNumControlInputs(TF_Operation* oper) { return static_cast<int>(ToNode(oper)->control_inputs().size()); }
int TF_OperationGetControlInputs(TF_Operation* oper, TF_Operation** control_inputs, int max_control_inputs) {
  int count = 0;
  for (Node* node : ToNode(oper)->control_inputs()) {
    if (count < max_control_inputs) control_inputs[count] = FromNode(node);
    ++count;
  }
  return count;
}
int TF_OperationNumControlOutputs(TF_Operation* oper) {
  int count = 0;
  ForEachControlConsumer(oper, [&](Node*) { ++count; });
  return count;
}
int TF_OperationGetControlOutputs(TF_Operation* oper, TF_Operation** control_outputs, int max_control_outputs) {
  int count = 0;
  ForEachControlConsumer(oper, [&](Node* node) {
    if (count < max_control_outputs) control_outputs[count] = FromNode(node);
    ++count;
  });
  return count;
}

// ---- attrs ----

TF_AttrMetadata TF_OperationGetAttrMetadata(TF_Operation* oper, const char* attr_name, TF_Status* status) {
  TF_AttrMetadata metadata = {0, -1, TF_ATTR_STRING, 0};
  const AttrValue* attr = Find(oper, attr_name, status);
  if (attr == nullptr) return metadata;
  if (attr->value_case() != AttrValue::kList) {
    metadata.type = KindOf(attr->value_case());
    if (metadata.type == TF_ATTR_STRING) metadata.total_size = static_cast<int64_t>(attr->s().size());
    if (metadata.type == TF_ATTR_SHAPE) metadata.total_size = RankOf(attr->shape());
    return metadata;
  }
  const auto& list = attr->list();
  metadata.is_list = 1;
  metadata.list_size = 0;
  const auto take = [&metadata](int size, TF_AttrType type) {
    if (size == 0) return;
    metadata.list_size = size;
    metadata.type = type;
  };
  take(list.s_size(), TF_ATTR_STRING);
  take(list.i_size(), TF_ATTR_INT);
  take(list.f_size(), TF_ATTR_FLOAT);
  take(list.b_size(), TF_ATTR_BOOL);
  take(list.type_size(), TF_ATTR_TYPE);
  take(list.shape_size(), TF_ATTR_SHAPE);
  take(list.tensor_size(), TF_ATTR_TENSOR);
  for (const std::string& s : list.s()) metadata.total_size += static_cast<int64_t>(s.size());
  for (const auto& shape : list.shape()) metadata.total_size += std::max<int64_t>(0, RankOf(shape));
  if (metadata.list_size > 0) return metadata;
  // An empty list's type is the signature's.
  if (const auto* def = ToNode(oper)->signature().FindAttr(attr_name); def != nullptr) {
    for (const auto& [text, type] :
         {std::pair("list(int)", TF_ATTR_INT), std::pair("list(float)", TF_ATTR_FLOAT),
          std::pair("list(bool)", TF_ATTR_BOOL), std::pair("list(type)", TF_ATTR_TYPE),
          std::pair("list(shape)", TF_ATTR_SHAPE), std::pair("list(tensor)", TF_ATTR_TENSOR)}) {
      if (def->type() == text) metadata.type = type;
    }
  }
  return metadata;
}

void TF_OperationGetAttrString(TF_Operation* oper, const char* attr_name, void* value, size_t max_length,
                               TF_Status* status) {
  const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kS, "a string", status);
  if (attr != nullptr && max_length > 0) std::memcpy(value, attr->s().data(), std::min(attr->s().size(), max_length));
}
void TF_OperationGetAttrStringList(TF_Operation* oper, const char* attr_name, void** values, size_t* lengths,
                                   int max_values, void* storage, size_t storage_size, TF_Status* status) {
  const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kList, "a list", status);
  if (attr == nullptr) return;
  char* at = static_cast<char*>(storage);
  for (int i = 0; i < std::min(max_values, attr->list().s_size()); ++i) {
    const std::string& s = attr->list().s(i);
    if (s.size() > storage_size) {
      return Set(status, absl::InvalidArgumentError("Not enough storage to hold the requested list of strings"));
    }
    std::memcpy(at, s.data(), s.size());
    values[i] = at;
    lengths[i] = s.size();
    at += s.size();
    storage_size -= s.size();
  }
}
void TF_OperationGetAttrInt(TF_Operation* oper, const char* attr_name, int64_t* value, TF_Status* status) {
  if (const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kI, "an integer", status)) *value = attr->i();
}
void TF_OperationGetAttrIntList(TF_Operation* oper, const char* attr_name, int64_t* values, int max_values,
                                TF_Status* status) {
  if (const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kList, "a list", status)) {
    CopyList(attr->list().i(), values, max_values);
  }
}
void TF_OperationGetAttrFloat(TF_Operation* oper, const char* attr_name, float* value, TF_Status* status) {
  if (const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kF, "a float", status)) *value = attr->f();
}
void TF_OperationGetAttrFloatList(TF_Operation* oper, const char* attr_name, float* values, int max_values,
                                  TF_Status* status) {
  if (const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kList, "a list", status)) {
    CopyList(attr->list().f(), values, max_values);
  }
}
void TF_OperationGetAttrBool(TF_Operation* oper, const char* attr_name, unsigned char* value, TF_Status* status) {
  if (const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kB, "a bool", status)) *value = attr->b() ? 1 : 0;
}
void TF_OperationGetAttrBoolList(TF_Operation* oper, const char* attr_name, unsigned char* values, int max_values,
                                 TF_Status* status) {
  if (const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kList, "a list", status)) {
    CopyList(attr->list().b(), values, max_values);
  }
}
void TF_OperationGetAttrType(TF_Operation* oper, const char* attr_name, TF_DataType* value, TF_Status* status) {
  if (const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kType, "a type", status)) {
    *value = static_cast<TF_DataType>(attr->type());
  }
}
void TF_OperationGetAttrTypeList(TF_Operation* oper, const char* attr_name, TF_DataType* values, int max_values,
                                 TF_Status* status) {
  if (const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kList, "a list", status)) {
    CopyList(attr->list().type(), values, max_values);
  }
}
void TF_OperationGetAttrShape(TF_Operation* oper, const char* attr_name, int64_t* value, int num_dims,
                              TF_Status* status) {
  const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kShape, "a shape", status);
  if (attr == nullptr) return;
  for (int i = 0; i < std::min(num_dims, attr->shape().dim_size()); ++i) value[i] = attr->shape().dim(i).size();
}
void TF_OperationGetAttrShapeList(TF_Operation* oper, const char* attr_name, int64_t** dims, int* num_dims,
                                  int num_shapes, int64_t* storage, int storage_size, TF_Status* status) {
  const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kList, "a list", status);
  if (attr == nullptr) return;
  for (int i = 0; i < std::min(num_shapes, attr->list().shape_size()); ++i) {
    const auto& shape = attr->list().shape(i);
    num_dims[i] = static_cast<int>(RankOf(shape));
    dims[i] = storage;
    if (num_dims[i] > storage_size) {
      return Set(status, absl::InvalidArgumentError("Not enough storage to hold the requested list of shapes"));
    }
    for (int d = 0; d < num_dims[i]; ++d) *storage++ = shape.dim(d).size();
    storage_size -= std::max(0, num_dims[i]);
  }
}
void TF_OperationGetAttrTensorShapeProto(TF_Operation* oper, const char* attr_name, TF_Buffer* value,
                                         TF_Status* status) {
  if (const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kShape, "a shape", status)) {
    SetBuffer(attr->shape(), value);
  }
}
void TF_OperationGetAttrTensorShapeProtoList(TF_Operation* oper, const char* attr_name, TF_Buffer** values,
                                             int max_values, TF_Status* status) {
  const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kList, "a list", status);
  if (attr == nullptr) return;
  for (int i = 0; i < std::min(max_values, attr->list().shape_size()); ++i) {
    values[i] = TF_NewBuffer();
    SetBuffer(attr->list().shape(i), values[i]);
  }
}
void TF_OperationGetAttrTensor(TF_Operation* oper, const char* attr_name, TF_Tensor** value, TF_Status* status) {
  *value = nullptr;
  const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kTensor, "a tensor", status);
  Tensor tensor;
  if (attr != nullptr && Take(status, TensorFromProto(attr->tensor(), ToNode(oper)->graph().limits()), &tensor))
    *value = FromTensor(std::move(tensor));
}
void TF_OperationGetAttrTensorList(TF_Operation* oper, const char* attr_name, TF_Tensor** values, int max_values,
                                   TF_Status* status) {
  const AttrValue* attr = FindKind(oper, attr_name, AttrValue::kList, "a list", status);
  if (attr == nullptr) return;
  for (int i = 0; i < std::min(max_values, attr->list().tensor_size()); ++i) {
    Tensor tensor;
    if (!Take(status, TensorFromProto(attr->list().tensor(i), ToNode(oper)->graph().limits()), &tensor)) return;
    values[i] = FromTensor(std::move(tensor));
  }
}
void TF_OperationGetAttrValueProto(TF_Operation* oper, const char* attr_name, TF_Buffer* output_attr_value,
                                   TF_Status* status) {
  if (const AttrValue* attr = Find(oper, attr_name, status)) SetBuffer(*attr, output_attr_value);
}

void TF_OperationToNodeDef(TF_Operation* oper, TF_Buffer* output_node_def, TF_Status* status) {
  const Node& node = *ToNode(oper);
  tensorflow::NodeDef def = node.def();
  def.clear_input();
  for (const Output& input : node.inputs()) def.add_input(input.index == 0 ? input.op_name() : input.name());
  for (const Node* control : node.control_inputs()) def.add_input(absl::StrCat("^", control->name()));
  SetBuffer(def, output_node_def);
  Set(status, absl::OkStatus());
}
