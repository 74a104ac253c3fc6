#include "reference/op/node_text.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/op_def.pb.h"
#include "reference/tensor/tensor_proto.h"
#include "reference/tensor/tensor_text.h"

namespace tfpersist {
namespace {

using tensorflow::AttrValue;

constexpr size_t kLongString = 80;  // escaped characters from which on a string is cut
constexpr size_t kLongList = 15;
constexpr int kMaxNesting = 16;  // functions as attrs of functions

std::string SummarizeString(absl::string_view s) {
  std::string escaped = absl::CEscape(s);
  if (escaped.size() >= kLongString) {
    return absl::StrCat("\"", escaped.substr(0, 10), "...", escaped.substr(escaped.size() - 10), "\"");
  }
  return absl::StrCat("\"", escaped, "\"");
}

std::string SummarizeFloat(float f) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", f);
  if (std::strtof(text, nullptr) != f && f == f) std::snprintf(text, sizeof(text), "%.9g", f);
  if (f != f) return "nan";
  return text;
}

std::string SummarizeShape(const tensorflow::TensorShapeProto& shape) {
  if (shape.unknown_rank()) return "<unknown>";
  return absl::StrCat("[",
                      absl::StrJoin(shape.dim(), ",",
                                    [](std::string* out, const auto& d) {
                                      d.size() < 0 ? out->push_back('?') : absl::StrAppend(out, d.size());
                                    }),
                      "]");
}

std::string SummarizeTensor(const tensorflow::TensorProto& proto) {
  Limits limits;
  limits.max_tensor_bytes = int64_t{64} << 20;  // one value may stand for any number of elements
  absl::StatusOr<Tensor> tensor = TensorFromProto(proto, limits);
  if (absl::IsResourceExhausted(tensor.status())) {
    return absl::StrCat("Tensor<type: ", DataTypeString(static_cast<DataType>(static_cast<int>(proto.dtype()))),
                        " shape: ", SummarizeShape(proto.tensor_shape()), " values: ...>");
  }
  if (!tensor.ok()) return absl::StrCat("<Invalid TensorProto: ", proto.ShortDebugString(), ">");
  return absl::StrCat("Tensor<type: ", DataTypeString(tensor->dtype()), " shape: ", tensor->shape().DebugString(),
                      " values: ", SummarizeTensorValue(*tensor, 3), ">");
}

std::string Summarize(const AttrValue& value, int nesting);

std::string SummarizeFunction(const tensorflow::NameAttrList& func, int nesting) {
  std::vector<std::string> attrs;
  if (nesting < kMaxNesting) {
    for (const auto& [name, value] : func.attr())
      attrs.push_back(absl::StrCat(name, "=", Summarize(value, nesting + 1)));
  }
  std::sort(attrs.begin(), attrs.end());
  return absl::StrCat(func.name(), "[", absl::StrJoin(attrs, ", "), "]");
}

std::string SummarizeList(const AttrValue::ListValue& list, int nesting) {
  std::vector<std::string> pieces;
  for (const std::string& s : list.s()) pieces.push_back(SummarizeString(s));
  for (int64_t i : list.i()) pieces.push_back(absl::StrCat(i));
  for (float f : list.f()) pieces.push_back(SummarizeFloat(f));
  for (bool b : list.b()) pieces.push_back(b ? "true" : "false");
  for (int t : list.type()) pieces.push_back(tensorflow::DataType_Name(static_cast<tensorflow::DataType>(t)));
  for (const auto& s : list.shape()) pieces.push_back(SummarizeShape(s));
  for (const auto& t : list.tensor()) pieces.push_back(SummarizeTensor(t));
  for (const auto& f : list.func()) pieces.push_back(SummarizeFunction(f, nesting));
  if (pieces.size() >= kLongList) {
    pieces.erase(pieces.begin() + 5, pieces.end() - 5);
    pieces.insert(pieces.begin() + 5, "...");
  }
  return absl::StrCat("[", absl::StrJoin(pieces, ", "), "]");
}

std::string Summarize(const AttrValue& value, int nesting) {
  switch (value.value_case()) {
    case AttrValue::kS:
      return SummarizeString(value.s());
    case AttrValue::kI:
      return absl::StrCat(value.i());
    case AttrValue::kF:
      return SummarizeFloat(value.f());
    case AttrValue::kB:
      return value.b() ? "true" : "false";
    case AttrValue::kType:
      return tensorflow::DataType_Name(value.type());
    case AttrValue::kShape:
      return SummarizeShape(value.shape());
    case AttrValue::kTensor:
      return SummarizeTensor(value.tensor());
    case AttrValue::kList:
      return SummarizeList(value.list(), nesting);
    case AttrValue::kFunc:
      return SummarizeFunction(value.func(), nesting);
    case AttrValue::kPlaceholder:
      return absl::StrCat("$", value.placeholder());
    case AttrValue::VALUE_NOT_SET:
      break;
  }
  return "<Unknown AttrValue type>";
}

std::string SummarizeArgs(const google::protobuf::RepeatedPtrField<tensorflow::OpDef::ArgDef>& args) {
  return absl::StrJoin(args, ", ", [](std::string* out, const tensorflow::OpDef::ArgDef& arg) {
    absl::StrAppend(out, arg.name(), ":");
    if (arg.is_ref()) out->append("Ref(");
    if (!arg.number_attr().empty()) absl::StrAppend(out, arg.number_attr(), "*");
    if (arg.type() != tensorflow::DT_INVALID) {
      out->append(DataTypeString(static_cast<DataType>(arg.type())));
    } else {
      out->append(arg.type_attr());
    }
    out->append(arg.type_list_attr());
    if (arg.is_ref()) out->push_back(')');
  });
}

}  // namespace

std::string SummarizeAttrValue(const AttrValue& value) { return Summarize(value, 0); }

std::string SummarizeNode(const tensorflow::NodeDef& node, absl::Span<const std::string> inputs) {
  std::vector<std::pair<std::string, const AttrValue*>> attrs;
  for (const auto& [name, value] : node.attr()) attrs.push_back({name, &value});
  std::sort(attrs.begin(), attrs.end());
  std::string text = absl::StrCat("{{node ", node.name(), "}} = ", node.op(), "[");
  const char* separator = "";
  for (const auto& [name, value] : attrs) {
    absl::StrAppend(&text, separator, name, "=", SummarizeAttrValue(*value));
    separator = ", ";
  }
  if (!node.device().empty()) absl::StrAppend(&text, separator, "_device=\"", node.device(), "\"");
  absl::StrAppend(&text, "](", absl::StrJoin(inputs, ", "), ")");
  return text;
}

std::string SummarizeNodeDef(const tensorflow::NodeDef& node) {
  return SummarizeNode(node, std::vector<std::string>(node.input().begin(), node.input().end()));
}

std::string SummarizeOpDef(const tensorflow::OpDef& op) {
  std::string text = absl::StrCat("Op<name=", op.name(), "; signature=", SummarizeArgs(op.input_arg()), " -> ",
                                  SummarizeArgs(op.output_arg()));
  for (const auto& attr : op.attr()) {
    absl::StrAppend(&text, "; attr=", attr.name(), ":", attr.type());
    if (attr.has_default_value()) absl::StrAppend(&text, ",default=", SummarizeAttrValue(attr.default_value()));
    if (attr.has_minimum()) absl::StrAppend(&text, ",min=", attr.minimum());
    if (attr.has_allowed_values()) absl::StrAppend(&text, ",allowed=", SummarizeAttrValue(attr.allowed_values()));
  }
  if (op.is_commutative()) text += "; is_commutative=true";
  if (op.is_aggregate()) text += "; is_aggregate=true";
  if (op.is_stateful()) text += "; is_stateful=true";
  if (op.allows_uninitialized_input()) text += "; allows_uninitialized_input=true";
  return text + ">";
}

}  // namespace tfpersist
