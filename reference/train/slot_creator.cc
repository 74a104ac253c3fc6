#include "reference/train/slot_creator.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/train/variable_scope.h"

namespace tfpersist {

absl::StatusOr<Node*> ColocationNode(const Variable& variable) {
  if (!variable.is_resource()) return variable.op();
  TFP_ASSIGN_OR_RETURN(Output value, variable.ReadValue());
  return value.node->inputs()[0].node;
}

absl::StatusOr<Output> Zeros(Graph& graph, const TensorShape& shape, DataType dtype) {
  return ZerosInitializer()(graph, shape, dtype);
}

namespace {

absl::StatusOr<Variable> MakeSlot(Graph& graph, const Variable* primary, GetVariableOptions options) {
  options.trainable = false;
  options.use_resource = primary != nullptr && primary->is_resource();
  TFP_ASSIGN_OR_RETURN(Variable slot, GetVariable(graph, "", options));
  if (primary == nullptr || !primary->slice().has_value()) return slot;
  SaveSliceInfo slice = *primary->slice();
  // Cut by the length of the primary's name even where the slot's starts otherwise, as 1.11.0 does (G16): keys of
  // checkpoints depend on it.
  const size_t cut = primary->op_name().size() + 1;
  const std::string name = slot.op_name();
  slice.full_name = absl::StrCat(slice.full_name, "/", cut < name.size() ? name.substr(cut) : "");
  slot.SetSlice(std::move(slice));
  return slot;
}

}  // namespace

absl::StatusOr<Variable> CreateSlot(const Variable& primary, Output value, const std::string& name) {
  Graph& graph = primary.graph();
  GetVariableOptions options;
  options.initializer = value;
  options.validate_shape = value.shape().IsFullyDefined();
  VariableScope scope = VariableScope::Unique(graph, absl::StrCat(primary.op_name(), "/", name));
  TFP_ASSIGN_OR_RETURN(Node * beside, ColocationNode(primary));
  ColocateScope at(graph, beside);
  return MakeSlot(graph, &primary, std::move(options));
}

absl::StatusOr<Variable> CreateZerosSlot(Output primary, const std::string& name) {
  Graph& graph = primary.graph();
  GetVariableOptions options;
  const DataType dtype = BaseType(primary.dtype());
  if (primary.shape().IsFullyDefined()) {
    TFP_ASSIGN_OR_RETURN(TensorShape shape, primary.shape().AsTensorShape());
    options.shape = shape;
    options.dtype = dtype;
    options.initializer = ZerosInitializer();
  } else {
    TFP_ASSIGN_OR_RETURN(Output shape,
                         AddOpOutput(graph, "Shape", "Shape", {primary}, {Attr::Type("out_type", DT_INT32)}));
    NameScope zeros(graph, "zeros");
    TFP_ASSIGN_OR_RETURN(Tensor zero, ScalarOf(dtype, 0));
    TFP_ASSIGN_OR_RETURN(Output value, AddConstant(graph, zero, "Const"));
    TFP_ASSIGN_OR_RETURN(options.initializer, AddOpOutput(graph, "Fill", zeros.scope(), {shape, value},
                                                          {Attr::Type("index_type", DT_INT32)}));
    options.validate_shape = false;
  }
  VariableScope scope = VariableScope::Unique(graph, absl::StrCat(primary.op_name(), "/", name));
  return MakeSlot(graph, nullptr, std::move(options));
}

}  // namespace tfpersist
