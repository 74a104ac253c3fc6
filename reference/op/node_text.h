// Nodes, signatures and attrs as TensorFlow 1.11.0 prints them in messages (S21, S36; core/framework/node_def_util.cc,
// attr_value_util.cc, op_def_util.cc).
#ifndef TFPERSIST_REFERENCE_OP_NODE_TEXT_H_
#define TFPERSIST_REFERENCE_OP_NODE_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace tensorflow {
class AttrValue;
class NodeDef;
class OpDef;
class TensorProto;
}  // namespace tensorflow

namespace tfpersist {

// `{{node v2/read}} = Identity[T=DT_FLOAT, _device="…"](v2)`. The first form takes the inputs as the caller names them;
// the second takes the node's own, without control inputs.
std::string SummarizeNode(const tensorflow::NodeDef& node, absl::Span<const std::string> inputs);
std::string SummarizeNodeDef(const tensorflow::NodeDef& node);
// `Op<name=Const; signature= -> output:dtype; attr=value:tensor; attr=dtype:type>`
std::string SummarizeOpDef(const tensorflow::OpDef& op);
// `DT_FLOAT`, `[1, 2]`, `"text"`, `Tensor<type: float shape: [] values: 1>`
std::string SummarizeAttrValue(const tensorflow::AttrValue& value);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_OP_NODE_TEXT_H_
