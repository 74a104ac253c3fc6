#include "reference/testee/proto_json.h"

#include <cmath>
#include <vector>

#include "absl/strings/escaping.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "reference/base/status.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/meta_graph.pb.h"
#include "reference/proto/saver.pb.h"
#include "reference/tensor/tensor_proto.h"
#include "reference/tensor/tensor_text.h"
#include "reference/tensor/types.h"
#include "reference/testee/tensor_json.h"

namespace tfpersist::testee {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

namespace {

Json TypeToJson(int type) {
  return type == DT_INVALID ? std::string("invalid") : DataTypePythonName(static_cast<DataType>(type));
}

Json ShapeToJson(const tensorflow::TensorShapeProto& shape) {
  if (shape.unknown_rank()) return nullptr;
  Json dims = Json::array();
  for (const auto& dim : shape.dim()) dims.push_back(dim.size());
  return dims;
}

Json TensorProtoToJson(const tensorflow::TensorProto& proto) {
  absl::StatusOr<Tensor> tensor = TensorFromProto(proto);
  if (!tensor.ok()) return {{"error", std::string(tensor.status().message())}};
  absl::StatusOr<Json> json = TensorToJson(*tensor);
  return json.ok() ? *std::move(json) : Json{{"error", std::string(json.status().message())}};
}

absl::Status ShapeFromJson(const Json& json, absl::string_view where, tensorflow::TensorShapeProto* shape) {
  if (json.is_null()) {
    shape->set_unknown_rank(true);
    return absl::OkStatus();
  }
  TFP_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, AsInts(json, where));
  for (int64_t dim : dims) shape->add_dim()->set_size(dim);
  return absl::OkStatus();
}

absl::Status AddListItem(const Json& json, absl::string_view where, tensorflow::AttrValue::ListValue* list) {
  TFP_ASSIGN_OR_RETURN(const tensorflow::AttrValue item, AttrFromJson(json, where));
  switch (item.value_case()) {
    case tensorflow::AttrValue::kS:
      list->add_s(item.s());
      return absl::OkStatus();
    case tensorflow::AttrValue::kI:
      list->add_i(item.i());
      return absl::OkStatus();
    case tensorflow::AttrValue::kF:
      list->add_f(item.f());
      return absl::OkStatus();
    case tensorflow::AttrValue::kB:
      list->add_b(item.b());
      return absl::OkStatus();
    case tensorflow::AttrValue::kType:
      list->add_type(item.type());
      return absl::OkStatus();
    case tensorflow::AttrValue::kShape:
      *list->add_shape() = item.shape();
      return absl::OkStatus();
    case tensorflow::AttrValue::kTensor:
      *list->add_tensor() = item.tensor();
      return absl::OkStatus();
    case tensorflow::AttrValue::kFunc:
      *list->add_func() = item.func();
      return absl::OkStatus();
    default:
      return BadArgument(where, "an item of a list", json);
  }
}

}  // namespace

Json BytesToJson(const std::string& bytes) {
  if (IsUtf8(bytes)) return bytes;
  return {{"hex", absl::BytesToHexString(bytes)}};
}

absl::StatusOr<std::string> BytesFromJson(const Json& json, absl::string_view where) {
  if (json.is_object() && json.size() == 1 && json.contains("hex")) {
    TFP_ASSIGN_OR_RETURN(const std::string hex, AsString(json["hex"], where));
    return FromHex(hex, where);
  }
  return AsString(json, where);
}

Json FloatToJson(float value) { return ShortestDecimal(value); }

Json AttrToJson(const tensorflow::AttrValue& attr) {
  switch (attr.value_case()) {
    case tensorflow::AttrValue::kS:
      return {{"s", BytesToJson(attr.s())}};
    case tensorflow::AttrValue::kI:
      return {{"i", attr.i()}};
    case tensorflow::AttrValue::kF:
      return {{"f", FloatToJson(attr.f())}};
    case tensorflow::AttrValue::kB:
      return {{"b", attr.b()}};
    case tensorflow::AttrValue::kType:
      return {{"type", TypeToJson(attr.type())}};
    case tensorflow::AttrValue::kShape:
      return {{"shape", ShapeToJson(attr.shape())}};
    case tensorflow::AttrValue::kTensor:
      return {{"tensor", TensorProtoToJson(attr.tensor())}};
    case tensorflow::AttrValue::kFunc:
      return {{"func", attr.func().name()}};
    case tensorflow::AttrValue::kPlaceholder:
      return {{"placeholder", attr.placeholder()}};
    case tensorflow::AttrValue::kList: {
      Json items = Json::array();
      const auto& list = attr.list();
      for (const std::string& s : list.s()) items.push_back({{"s", BytesToJson(s)}});
      for (int64_t i : list.i()) items.push_back({{"i", i}});
      for (float f : list.f()) items.push_back({{"f", FloatToJson(f)}});
      for (bool b : list.b()) items.push_back({{"b", b}});
      for (int type : list.type()) items.push_back({{"type", TypeToJson(type)}});
      for (const auto& shape : list.shape()) items.push_back({{"shape", ShapeToJson(shape)}});
      for (const auto& tensor : list.tensor()) items.push_back({{"tensor", TensorProtoToJson(tensor)}});
      for (const auto& func : list.func()) items.push_back({{"func", func.name()}});
      return {{"list", items}};
    }
    case tensorflow::AttrValue::VALUE_NOT_SET:
      break;
  }
  return Json::object();
}

absl::StatusOr<tensorflow::AttrValue> AttrFromJson(const Json& json, absl::string_view where) {
  if (!json.is_object() || json.size() != 1) return BadArgument(where, "an attr like {\"i\": 1}", json);
  const std::string& kind = json.begin().key();
  const Json& value = json.begin().value();
  tensorflow::AttrValue attr;
  if (kind == "s") {
    TFP_ASSIGN_OR_RETURN(*attr.mutable_s(), BytesFromJson(value, where));
  } else if (kind == "i") {
    TFP_ASSIGN_OR_RETURN(const int64_t i, AsInt(value, where));
    attr.set_i(i);
  } else if (kind == "f") {
    TFP_ASSIGN_OR_RETURN(const double f, AsDouble(value, where));
    attr.set_f(static_cast<float>(f));
  } else if (kind == "b") {
    TFP_ASSIGN_OR_RETURN(const bool b, AsBool(value, where));
    attr.set_b(b);
  } else if (kind == "type") {
    TFP_ASSIGN_OR_RETURN(const DataType type, DataTypeFromJson(value, where));
    attr.set_type(static_cast<tensorflow::DataType>(type));
  } else if (kind == "shape") {
    TFP_RETURN_IF_ERROR(ShapeFromJson(value, where, attr.mutable_shape()));
  } else if (kind == "tensor") {
    TFP_ASSIGN_OR_RETURN(const Tensor tensor, TensorFromJson(value, where));
    TensorToProto(tensor, attr.mutable_tensor());
  } else if (kind == "func") {
    TFP_ASSIGN_OR_RETURN(*attr.mutable_func()->mutable_name(), AsString(value, where));
  } else if (kind == "list") {
    if (!value.is_array()) return BadArgument(where, "a list", value);
    attr.mutable_list();
    for (const Json& item : value) TFP_RETURN_IF_ERROR(AddListItem(item, where, attr.mutable_list()));
  } else {
    return BadArgument(where, "an attr of a known kind", json);
  }
  return attr;
}

absl::StatusOr<std::map<std::string, tensorflow::AttrValue>> AttrsFromJson(const Json& json) {
  std::map<std::string, tensorflow::AttrValue> attrs;
  if (json.is_null()) return attrs;
  if (!json.is_object()) return BadArgument("attrs", "an object", json);
  for (const auto& [name, value] : json.items()) {
    TFP_ASSIGN_OR_RETURN(attrs[name], AttrFromJson(value, name));
  }
  return attrs;
}

Json NodesToJson(const tensorflow::GraphDef& graph_def) {
  Json nodes = Json::array();
  for (const tensorflow::NodeDef& node : graph_def.node()) {
    Json inputs = Json::array();
    for (const std::string& input : node.input()) inputs.push_back(input);
    nodes.push_back({{"name", node.name()}, {"op", node.op()}, {"inputs", inputs}, {"device", node.device()}});
  }
  return nodes;
}

Json SaverDefToJson(const tensorflow::SaverDef& saver_def) {
  return {{"filename_tensor_name", saver_def.filename_tensor_name()},
          {"save_tensor_name", saver_def.save_tensor_name()},
          {"restore_op_name", saver_def.restore_op_name()},
          {"max_to_keep", saver_def.max_to_keep()},
          {"sharded", saver_def.sharded()},
          {"keep_checkpoint_every_n_hours", FloatToJson(saver_def.keep_checkpoint_every_n_hours())},
          {"version", static_cast<int>(saver_def.version())}};
}

Json MessageToJson(const Message& message) {
  const Reflection& r = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  r.ListFields(message, &fields);
  Json out = Json::object();
  for (const FieldDescriptor* f : fields) {
    const bool repeated = f->is_repeated();
    const int count = repeated ? r.FieldSize(message, f) : 1;
    Json values = Json::array();
    for (int i = 0; i < count; ++i) {
      switch (f->cpp_type()) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
          values.push_back(MessageToJson(repeated ? r.GetRepeatedMessage(message, f, i) : r.GetMessage(message, f)));
          break;
        case FieldDescriptor::CPPTYPE_STRING:
          values.push_back(BytesToJson(repeated ? r.GetRepeatedString(message, f, i) : r.GetString(message, f)));
          break;
        case FieldDescriptor::CPPTYPE_BOOL:
          values.push_back(repeated ? r.GetRepeatedBool(message, f, i) : r.GetBool(message, f));
          break;
        case FieldDescriptor::CPPTYPE_INT32:
          values.push_back(repeated ? r.GetRepeatedInt32(message, f, i) : r.GetInt32(message, f));
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          values.push_back(repeated ? r.GetRepeatedInt64(message, f, i) : r.GetInt64(message, f));
          break;
        case FieldDescriptor::CPPTYPE_UINT32:
          values.push_back(repeated ? r.GetRepeatedUInt32(message, f, i) : r.GetUInt32(message, f));
          break;
        case FieldDescriptor::CPPTYPE_UINT64:
          values.push_back(repeated ? r.GetRepeatedUInt64(message, f, i) : r.GetUInt64(message, f));
          break;
        case FieldDescriptor::CPPTYPE_ENUM:
          values.push_back(repeated ? r.GetRepeatedEnumValue(message, f, i) : r.GetEnumValue(message, f));
          break;
        case FieldDescriptor::CPPTYPE_FLOAT:
          values.push_back(FloatToJson(repeated ? r.GetRepeatedFloat(message, f, i) : r.GetFloat(message, f)));
          break;
        case FieldDescriptor::CPPTYPE_DOUBLE:
          values.push_back(
              FloatToJson(static_cast<float>(repeated ? r.GetRepeatedDouble(message, f, i) : r.GetDouble(message, f))));
          break;
      }
    }
    out[f->name()] = repeated ? std::move(values) : std::move(values[0]);
  }
  return out;
}

}  // namespace tfpersist::testee
