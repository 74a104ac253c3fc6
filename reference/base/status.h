// Status helpers on top of Abseil: early-return macros, and the node that an error happened at.
//
// Codes are TensorFlow's. A kernel error carries the node's name as a payload, so that callers need not parse messages.
#ifndef TFPERSIST_REFERENCE_BASE_STATUS_H_
#define TFPERSIST_REFERENCE_BASE_STATUS_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

#define TFP_CONCAT_INNER(a, b) a##b
#define TFP_CONCAT(a, b) TFP_CONCAT_INNER(a, b)

// Returns from the enclosing function if `expr` is not OK.
#define TFP_RETURN_IF_ERROR(expr)                                              \
  do {                                                                         \
    if (absl::Status tfp_status = (expr); !tfp_status.ok()) return tfp_status; \
  } while (false)

// Evaluates a StatusOr; returns its error or binds its value: TFP_ASSIGN_OR_RETURN(auto x, F()).
#define TFP_ASSIGN_OR_RETURN(lhs, expr) TFP_ASSIGN_OR_RETURN_INNER(TFP_CONCAT(tfp_or_, __LINE__), lhs, expr)
#define TFP_ASSIGN_OR_RETURN_INNER(var, lhs, expr) \
  auto var = (expr);                               \
  if (!var.ok()) return std::move(var).status();   \
  lhs = std::move(var).value()

namespace tfpersist {

// The same code and payloads, another message.
absl::Status WithMessage(const absl::Status& status, absl::string_view message);

// Names the graph node at which the error happened; NodeOf is empty when none is known.
absl::Status WithNode(absl::Status status, absl::string_view node);
std::string NodeOf(const absl::Status& status);

// What TensorFlow's text leaves out, for people: which file, which key, what to do. The message stays TensorFlow's own;
// the command line shows both, and ToString() too. An earlier hint is kept.
absl::Status WithHint(absl::Status status, absl::string_view hint);
std::string HintOf(const absl::Status& status);

// TensorFlow 1.x's name of a code as it stands in nested messages: "Data loss", "Not found", …
absl::string_view CodeNameInMessage(absl::StatusCode code);

// The status for errno after a system call on `file`: TensorFlow's code and text ("k.index; No such file or
// directory").
absl::Status ErrnoStatus(int error, absl::string_view file);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_STATUS_H_
