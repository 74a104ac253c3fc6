// What the twelve programs share: log lines and values on standard output, as the document's notebook shows them.
#ifndef TFPERSIST_REFERENCE_EXAMPLES_NOTEBOOK_H_
#define TFPERSIST_REFERENCE_EXAMPLES_NOTEBOOK_H_

#include <string>

#include "reference/tfpersist.h"

namespace notebook {

// "INFO:tensorflow:…" on standard output.
tfpersist::Logger* Log();
// A graph whose log lines go there.
tfpersist::GraphOptions Options();

// A value as Python's print shows a numpy array ("[2.]") or a numpy scalar ("0.099999905").
std::string Str(const tfpersist::Tensor& value);
// As an element of a printed list: "array([3.], dtype=float32)", "10.0".
std::string Repr(const tfpersist::Tensor& value);

void Print(const std::string& line);
// Prints "NotFoundError: message" for an error and exits with status 1; does nothing for OK.
void Check(const absl::Status& status);
template <typename T>
T Check(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

}  // namespace notebook

#endif  // TFPERSIST_REFERENCE_EXAMPLES_NOTEBOOK_H_
