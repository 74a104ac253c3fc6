// What an op's signature says about a node: default attrs, checks, inference of attrs, dtypes of inputs and outputs.
#include <algorithm>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "reference/base/status.h"
#include "reference/op/node_text.h"
#include "reference/op/op_registry.h"
#include "reference/proto/graph.pb.h"
#include "reference/proto/op_def.pb.h"

namespace tfpersist {
namespace {

using tensorflow::AttrValue;
using tensorflow::NodeDef;
using tensorflow::OpDef;

constexpr int64_t kMaxArguments = 1 << 20;  // tensors of one node; an N beyond it is no graph's

absl::string_view KindOf(const AttrValue& value) {
  switch (value.value_case()) {
    case AttrValue::kS:
      return "string";
    case AttrValue::kI:
      return "int";
    case AttrValue::kF:
      return "float";
    case AttrValue::kB:
      return "bool";
    case AttrValue::kType:
      return "type";
    case AttrValue::kShape:
      return "shape";
    case AttrValue::kTensor:
      return "tensor";
    case AttrValue::kFunc:
      return "func";
    case AttrValue::kPlaceholder:
      return "placeholder";
    default:
      return "";
  }
}

absl::Status WrongKind(absl::string_view got, absl::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("AttrValue had value with type '", got, "' when '", wanted, "' expected"));
}

// The value is of the kind that `type` names: "int", "list(type)".
absl::Status CheckKind(const AttrValue& value, absl::string_view type) {
  if (value.value_case() == AttrValue::kPlaceholder) {
    return absl::InvalidArgumentError(absl::StrCat("AttrValue had value with unexpected type 'placeholder'"));
  }
  absl::string_view element = type;
  const bool list_wanted = absl::ConsumePrefix(&element, "list(");
  if (!list_wanted) {
    if (value.value_case() == AttrValue::kList) {
      const AttrValue::ListValue& l = value.list();
      const char* of = l.s_size()        ? "list(string)"
                       : l.i_size()      ? "list(int)"
                       : l.f_size()      ? "list(float)"
                       : l.b_size()      ? "list(bool)"
                       : l.type_size()   ? "list(type)"
                       : l.shape_size()  ? "list(shape)"
                       : l.tensor_size() ? "list(tensor)"
                       : l.func_size()   ? "list(func)"
                                         : "list(attr)";
      return WrongKind(of, type);
    }
    if (value.value_case() == AttrValue::VALUE_NOT_SET)
      return absl::InvalidArgumentError(absl::StrCat("AttrValue missing value with expected type '", type, "'"));
    if (KindOf(value) != type) return WrongKind(KindOf(value), type);
  } else {
    element = absl::StripSuffix(element, ")");
    if (value.value_case() != AttrValue::kList) {
      if (value.value_case() == AttrValue::VALUE_NOT_SET)
        return absl::InvalidArgumentError(absl::StrCat("AttrValue missing value with expected type '", type, "'"));
      return WrongKind(KindOf(value), type);
    }
    const AttrValue::ListValue& l = value.list();
    const std::pair<absl::string_view, int> sizes[] = {
        {"string", l.s_size()},  {"int", l.i_size()},       {"float", l.f_size()},       {"bool", l.b_size()},
        {"type", l.type_size()}, {"shape", l.shape_size()}, {"tensor", l.tensor_size()}, {"func", l.func_size()}};
    for (const auto& [kind, size] : sizes) {
      if (size > 0 && kind != element) return WrongKind(absl::StrCat("list(", kind, ")"), type);
    }
  }
  auto valid = [](int t) {
    return IsValidType(BaseType(static_cast<DataType>(t))) && BaseType(static_cast<DataType>(t)) != DT_INVALID;
  };
  if (value.value_case() == AttrValue::kType && !valid(value.type()))
    return absl::InvalidArgumentError("AttrValue has invalid DataType");
  for (int t : value.list().type()) {
    if (!valid(t)) return absl::InvalidArgumentError("AttrValue has invalid DataType");
  }
  return absl::OkStatus();
}

int ListLength(const AttrValue::ListValue& l) {
  return l.s_size() + l.i_size() + l.f_size() + l.b_size() + l.type_size() + l.shape_size() + l.tensor_size() +
         l.func_size();
}

absl::Status CheckAllowed(const OpSignature& op, const OpDef::AttrDef& attr, const AttrValue& value) {
  const AttrValue::ListValue& allowed = attr.allowed_values().list();
  auto type_allowed = [&](int t) -> absl::Status {
    if (std::find(allowed.type().begin(), allowed.type().end(), t) != allowed.type().end()) return absl::OkStatus();
    for (const auto& [name, types] : op.later_types) {
      if (name == attr.name() && std::find(types.begin(), types.end(), t) != types.end()) return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "Value for attr '", attr.name(), "' of ", DataTypeString(static_cast<DataType>(t)),
        " is not in the list of allowed values: ", absl::StrJoin(allowed.type(), ", ", [](std::string* out, int a) {
          out->append(DataTypeString(static_cast<DataType>(a)));
        })));
  };
  auto string_allowed = [&](const std::string& s) -> absl::Status {
    if (std::find(allowed.s().begin(), allowed.s().end(), s) != allowed.s().end()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "Value for attr '", attr.name(), "' of \"", absl::CEscape(s), "\" is not in the list of allowed values: ",
        absl::StrJoin(allowed.s(), ", ",
                      [](std::string* out, const std::string& a) { absl::StrAppend(out, "\"", a, "\""); })));
  };
  if (attr.type() == "type") return type_allowed(value.type());
  if (attr.type() == "string") return string_allowed(value.s());
  for (int t : value.list().type()) TFP_RETURN_IF_ERROR(type_allowed(t));
  for (const std::string& s : value.list().s()) TFP_RETURN_IF_ERROR(string_allowed(s));
  return absl::OkStatus();
}

absl::Status CheckAttr(const OpSignature& op, const OpDef::AttrDef& attr, const AttrValue& value) {
  if (absl::Status kind = CheckKind(value, attr.type()); !kind.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(kind.message(), "\n\t for attr '", attr.name(), "'"));
  }
  if (attr.has_minimum()) {
    if (attr.type() == "int") {
      if (value.i() < attr.minimum()) {
        return absl::InvalidArgumentError(absl::StrCat("Value for attr '", attr.name(), "' of ", value.i(),
                                                       " must be at least minimum ", attr.minimum()));
      }
    } else if (ListLength(value.list()) < attr.minimum()) {
      return absl::InvalidArgumentError(absl::StrCat("Length for attr '", attr.name(), "' of ",
                                                     ListLength(value.list()), " must be at least minimum ",
                                                     attr.minimum()));
    }
  }
  if (attr.has_allowed_values()) return CheckAllowed(op, attr, value);
  return absl::OkStatus();
}

const AttrValue* Find(const NodeDef& node, const std::string& name) {
  auto it = node.attr().find(name);
  return it == node.attr().end() ? nullptr : &it->second;
}

absl::Status NoAttr(const NodeDef& node, absl::string_view name) {
  return absl::InvalidArgumentError(
      absl::StrCat("No attr named '", name, "' in NodeDef:\n\t; NodeDef: ", SummarizeNodeDef(node)));
}

absl::Status ArgTypes(const OpDef::ArgDef& arg, const NodeDef& node, DataTypeVector* types) {
  const size_t first = types->size();
  if (!arg.type_list_attr().empty()) {
    const AttrValue* list = Find(node, arg.type_list_attr());
    if (list == nullptr) return NoAttr(node, arg.type_list_attr());
    for (int t : list->list().type()) types->push_back(static_cast<DataType>(t));
  } else {
    int64_t n = 1;
    if (!arg.number_attr().empty()) {
      const AttrValue* number = Find(node, arg.number_attr());
      if (number == nullptr) return NoAttr(node, arg.number_attr());
      n = number->i();
      if (n < 0 || n > kMaxArguments) {
        return absl::InvalidArgumentError(absl::StrCat("Value for attr '", arg.number_attr(), "' of ", n,
                                                       " is no number of tensors in node ", node.name()));
      }
    }
    DataType type = static_cast<DataType>(arg.type());
    if (!arg.type_attr().empty()) {
      const AttrValue* t = Find(node, arg.type_attr());
      if (t == nullptr) return NoAttr(node, arg.type_attr());
      type = static_cast<DataType>(t->type());
    }
    types->insert(types->end(), n, type);
  }
  if (arg.is_ref()) {
    for (size_t i = first; i < types->size(); ++i) (*types)[i] = MakeRefType((*types)[i]);
  }
  return absl::OkStatus();
}

}  // namespace

void AddDefaultAttrs(const OpSignature& op, NodeDef* node) {
  for (const OpDef::AttrDef& attr : op.def->attr()) {
    if (attr.has_default_value() && node->attr().find(attr.name()) == node->attr().end()) {
      (*node->mutable_attr())[attr.name()] = attr.default_value();
    }
  }
}

absl::Status ValidateAttrs(const OpSignature& op, const NodeDef& node) {
  std::vector<std::string> unknown;
  for (const auto& [name, value] : node.attr()) {
    if (absl::StartsWith(name, "_") || op.FindAttr(name) != nullptr) continue;
    if (const OpDef::AttrDef* later = op.FindLaterAttr(name); later != nullptr) {
      if (absl::Status s = CheckAttr(op, *later, value); !s.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(s.message(), "\n\t; NodeDef: ", SummarizeNodeDef(node), "; ", SummarizeOpDef(*op.def)));
      }
      continue;
    }
    unknown.push_back(name);
  }
  if (!unknown.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "NodeDef mentions attr '", *std::min_element(unknown.begin(), unknown.end()), "' not in ",
        SummarizeOpDef(*op.def), "; NodeDef: ", SummarizeNodeDef(node),
        ". (Check whether your GraphDef-interpreting binary is up to date with your GraphDef-generating binary.)."));
  }
  std::vector<std::string> missing;
  for (const OpDef::AttrDef& attr : op.def->attr()) {
    const AttrValue* value = Find(node, attr.name());
    if (value == nullptr) {
      missing.push_back(absl::StrCat("'", attr.name(), "'"));
    } else if (absl::Status s = CheckAttr(op, attr, *value); !s.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(s.message(), "\n\t; NodeDef: ", SummarizeNodeDef(node), "; ", SummarizeOpDef(*op.def)));
    }
  }
  if (!missing.empty()) {
    std::sort(missing.begin(), missing.end());
    return absl::InvalidArgumentError(absl::StrCat("NodeDef missing attr", missing.size() == 1 ? " " : "s ",
                                                   absl::StrJoin(missing, ", "), " from ", SummarizeOpDef(*op.def),
                                                   "; NodeDef: ", SummarizeNodeDef(node)));
  }
  return absl::OkStatus();
}

absl::Status ValidateNodeDef(const OpSignature& op, const NodeDef& node, DataTypeVector* input_types) {
  TFP_RETURN_IF_ERROR(ValidateAttrs(op, node));
  input_types->clear();
  TFP_RETURN_IF_ERROR(InputTypes(op, node, input_types));
  const DataTypeVector& wanted = *input_types;
  size_t given = 0;
  for (const std::string& input : node.input()) given += !absl::StartsWith(input, "^");
  if (given != wanted.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("NodeDef expected inputs '",
                     absl::StrJoin(wanted, ", ", [](std::string* out, DataType t) { out->append(DataTypeString(t)); }),
                     "' do not match ", given, " inputs specified; ", SummarizeOpDef(*op.def),
                     "; NodeDef: ", SummarizeNodeDef(node)));
  }
  return absl::OkStatus();
}

absl::Status InputTypes(const OpSignature& op, const NodeDef& node, DataTypeVector* types) {
  for (const OpDef::ArgDef& arg : op.def->input_arg()) TFP_RETURN_IF_ERROR(ArgTypes(arg, node, types));
  return absl::OkStatus();
}

absl::Status OutputTypes(const OpSignature& op, const NodeDef& node, DataTypeVector* types) {
  for (const OpDef::ArgDef& arg : op.def->output_arg()) TFP_RETURN_IF_ERROR(ArgTypes(arg, node, types));
  return absl::OkStatus();
}

absl::Status InferAttrs(const OpSignature& op, absl::Span<const DataType> inputs, NodeDef* node) {
  // How many tensors each argument takes; -1: open, from the number of inputs.
  std::vector<int64_t> sizes;
  std::map<std::string, int> open;
  int64_t fixed = 0, open_arguments = 0;
  for (const OpDef::ArgDef& arg : op.def->input_arg()) {
    int64_t size = 1;
    const std::string& by = arg.type_list_attr().empty() ? arg.number_attr() : arg.type_list_attr();
    if (!by.empty()) {
      const AttrValue* value = Find(*node, by);
      size = value == nullptr ? -1 : arg.type_list_attr().empty() ? value->i() : value->list().type_size();
      if (size < 0) {
        open[by]++;
        ++open_arguments;
        size = -1;
      }
    }
    if (size > 0) fixed += size;
    sizes.push_back(size);
  }
  if (open.size() == 1 && fixed <= static_cast<int64_t>(inputs.size())) {
    for (int64_t& size : sizes) {
      if (size < 0) size = (static_cast<int64_t>(inputs.size()) - fixed) / open_arguments;
    }
  }
  size_t next = 0;
  for (int a = 0; a < op.def->input_arg_size(); ++a) {
    const OpDef::ArgDef& arg = op.def->input_arg(a);
    if (sizes[a] < 0 || sizes[a] > static_cast<int64_t>(inputs.size() - next))
      return absl::OkStatus();  // ValidateNodeDef tells
    absl::Span<const DataType> types = inputs.subspan(next, sizes[a]);
    next += types.size();
    auto set = [&](const std::string& name, auto&& fill) {
      if (!name.empty() && Find(*node, name) == nullptr) fill((*node->mutable_attr())[name]);
    };
    set(arg.number_attr(), [&](AttrValue& v) { v.set_i(types.size()); });
    set(arg.type_list_attr(), [&](AttrValue& v) {
      v.mutable_list();
      for (DataType t : types) v.mutable_list()->add_type(static_cast<tensorflow::DataType>(BaseType(t)));
    });
    if (!types.empty()) {
      set(arg.type_attr(), [&](AttrValue& v) { v.set_type(static_cast<tensorflow::DataType>(BaseType(types[0]))); });
    }
  }
  return absl::OkStatus();
}

bool IsDefault(const OpDef::AttrDef& attr, const AttrValue& value) {
  return attr.has_default_value() && attr.default_value().SerializeAsString() == value.SerializeAsString();
}

}  // namespace tfpersist
