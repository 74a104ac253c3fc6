#include "reference/runtime/node_text.h"

#include "reference/op/node_text.h"
#include "reference/proto/node_def.pb.h"

namespace tfpersist {

std::string SummarizeForError(const Node& node, absl::Span<const std::string> inputs, absl::string_view device) {
  tensorflow::NodeDef def = node.def();
  def.set_device(std::string(device));
  if (def.op() != "Assign") def.mutable_attr()->erase("_class");
  return SummarizeNode(def, inputs);
}

}  // namespace tfpersist
