#include "reference/op/op_kernel.h"

#include "reference/base/status.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {
namespace {

using tensorflow::AttrValue;

absl::Status WrongKind(const tensorflow::NodeDef& node, absl::string_view name, absl::string_view kind) {
  return absl::InvalidArgumentError(
      absl::StrCat("Attr ", name, " of node ", node.name(), " (op ", node.op(), ") is not of kind ", kind, "."));
}

}  // namespace

const std::string& OpKernelConstruction::name() const { return def().name(); }

absl::StatusOr<const AttrValue*> OpKernelConstruction::Attr(absl::string_view name) const {
  auto it = def().attr().find(std::string(name));
  if (it == def().attr().end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("No attr named '", name, "' in node ", def().name(), " (op ", def().op(), ")."));
  }
  return &it->second;
}

absl::StatusOr<DataType> OpKernelConstruction::TypeAttr(absl::string_view name) const {
  TFP_ASSIGN_OR_RETURN(const AttrValue* attr, Attr(name));
  if (attr->value_case() != AttrValue::kType || !IsValidType(BaseType(static_cast<DataType>(attr->type())))) {
    return WrongKind(def(), name, "type");
  }
  return static_cast<DataType>(attr->type());
}

absl::StatusOr<int64_t> OpKernelConstruction::IntAttr(absl::string_view name) const {
  TFP_ASSIGN_OR_RETURN(const AttrValue* attr, Attr(name));
  if (attr->value_case() != AttrValue::kI) return WrongKind(def(), name, "int");
  return attr->i();
}

absl::StatusOr<float> OpKernelConstruction::FloatAttr(absl::string_view name) const {
  TFP_ASSIGN_OR_RETURN(const AttrValue* attr, Attr(name));
  if (attr->value_case() != AttrValue::kF) return WrongKind(def(), name, "float");
  return attr->f();
}

absl::StatusOr<bool> OpKernelConstruction::BoolAttr(absl::string_view name) const {
  TFP_ASSIGN_OR_RETURN(const AttrValue* attr, Attr(name));
  if (attr->value_case() != AttrValue::kB) return WrongKind(def(), name, "bool");
  return attr->b();
}

absl::StatusOr<std::string> OpKernelConstruction::StringAttr(absl::string_view name) const {
  TFP_ASSIGN_OR_RETURN(const AttrValue* attr, Attr(name));
  if (attr->value_case() != AttrValue::kS) return WrongKind(def(), name, "string");
  return attr->s();
}

absl::StatusOr<PartialTensorShape> OpKernelConstruction::ShapeAttr(absl::string_view name) const {
  TFP_ASSIGN_OR_RETURN(const AttrValue* attr, Attr(name));
  if (attr->value_case() != AttrValue::kShape) return WrongKind(def(), name, "shape");
  return PartialTensorShape::FromProto(attr->shape());
}

absl::StatusOr<std::vector<int64_t>> OpKernelConstruction::IntListAttr(absl::string_view name) const {
  TFP_ASSIGN_OR_RETURN(const AttrValue* attr, Attr(name));
  if (attr->value_case() != AttrValue::kList) return WrongKind(def(), name, "list(int)");
  return std::vector<int64_t>(attr->list().i().begin(), attr->list().i().end());
}

absl::StatusOr<std::vector<DataType>> OpKernelConstruction::TypeListAttr(absl::string_view name) const {
  TFP_ASSIGN_OR_RETURN(const AttrValue* attr, Attr(name));
  if (attr->value_case() != AttrValue::kList) return WrongKind(def(), name, "list(type)");
  std::vector<DataType> types;
  types.reserve(attr->list().type_size());
  for (int t : attr->list().type()) types.push_back(static_cast<DataType>(t));
  return types;
}

}  // namespace tfpersist
