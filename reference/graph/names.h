// Which names TensorFlow takes, and how its Python quotes them in messages. Values; no state.
#ifndef TFPERSIST_REFERENCE_GRAPH_NAMES_H_
#define TFPERSIST_REFERENCE_GRAPH_NAMES_H_

#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace tfpersist {

// [A-Za-z0-9.][A-Za-z0-9_.\-/]*
bool IsValidOpName(absl::string_view name);
// [A-Za-z0-9_.\-/]*
bool IsValidScopeName(absl::string_view name);
// 'x', or "it's" where the text has an apostrophe.
std::string PyRepr(absl::string_view text);

// An input as a NodeDef writes it: "a" (output 0), "a:1", "^a" (control).
struct InputName {
  absl::string_view node;  // part of what was parsed
  int index = 0;           // kControl for a control input
  static constexpr int kControl = -1;
};
// What does not end in ":digits" is a node's name as a whole, as TensorFlow's ParseTensorName has it.
InputName ParseInputName(absl::string_view input);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_GRAPH_NAMES_H_
