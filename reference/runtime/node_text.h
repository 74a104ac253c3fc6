// A graph's node as TensorFlow prints it behind an error (S21): the text of op/node_text.h with the inputs and the
// device of the run at hand.
#ifndef TFPERSIST_REFERENCE_RUNTIME_NODE_TEXT_H_
#define TFPERSIST_REFERENCE_RUNTIME_NODE_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "reference/graph/graph.h"

namespace tfpersist {

// "{{node NAME}} = OP[attrs, _device=…](inputs)". `device` empty: none is printed. 1.11.0 prints the node as its
// optimizer left it: only the Assigns of a restore have kept their _class.
std::string SummarizeForError(const Node& node, absl::Span<const std::string> inputs, absl::string_view device);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_NODE_TEXT_H_
