// What a plan says of its nodes in errors.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "reference/base/status.h"
#include "reference/runtime/node_text.h"
#include "reference/runtime/plan.h"

namespace tfpersist {

std::string Plan::InputText(const Output& source) const {
  for (const Output& feed : signature_.feeds) {
    if (inner_ || !(feed == source)) continue;
    std::vector<std::string> names;
    for (const Output& f : signature_.feeds) names.push_back(f.name());
    std::sort(names.begin(), names.end());
    const auto rank = std::find(names.begin(), names.end(), source.name()) - names.begin();
    return absl::StrCat("_arg_", source.op_name(), "_", source.index, "_", rank);
  }
  return source.index == 0 ? source.op_name() : source.name();
}

Output Plan::SourceOf(const Step& step, int i) const {
  if (step.kind != StepKind::kLoop && step.kind != StepKind::kCopy) return step.node->inputs()[i];
  const int32_t slot = inputs_[step.first_input + i].slot;
  for (const Step& maker : steps_) {
    if (slot < maker.first_output || slot >= maker.first_output + maker.num_outputs) continue;
    return Output{const_cast<Node*>(maker.node), slot - maker.first_output};
  }
  return Output{};
}

std::string Plan::NodeText(const Node& node, const Device& device) const {
  std::vector<std::string> inputs;
  for (const Output& in : node.inputs()) inputs.push_back(InputText(in));
  return SummarizeForError(node, inputs, device.name());
}

std::string Plan::RetvalName(int fetch) const {
  const Output& o = signature_.fetches[fetch];
  return absl::StrCat("_retval_", o.op_name(), "_", o.index, "_", fetch);
}

std::string Plan::RetvalText(int fetch) const {
  const Output& o = signature_.fetches[fetch];
  std::string device;
  for (const Step& step : steps_) {
    if (step.node == o.node) device = step.device->name();
  }
  return absl::StrCat("{{node ", RetvalName(fetch), "}} = _Retval[T=", DataTypeEnumName(BaseType(o.dtype())),
                      ", index=", fetch, ", _device=\"", device, "\"](", InputText(o), ")");
}

absl::Status AttachNode(const absl::Status& status, absl::string_view node, absl::string_view node_text) {
  return WithNode(WithMessage(status, absl::StrCat(status.message(), "\n\t [[", node_text, "]]")), node);
}

}  // namespace tfpersist
