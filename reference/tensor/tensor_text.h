// Tensors' values as text, in three forms: the conformance protocol's (bits survive), numpy's (for people), and
// TensorFlow's summaries (in messages).
#ifndef TFPERSIST_REFERENCE_TENSOR_TENSOR_TEXT_H_
#define TFPERSIST_REFERENCE_TENSOR_TENSOR_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

// Element i as conformance/PROTOCOL.md section 4 has it: the shortest decimal that gives the same bits, "nan",
// "nan:0x7fc00001", "-0", "true", "(re,im)"; a string's bytes as they are. REQUIRES: plain or string dtype.
std::string FormatElement(const Tensor& tensor, int64_t i);
// The inverse; hexadecimal floats too. INVALID_ARGUMENT with the text and the dtype if it is no such value.
absl::Status ParseElement(absl::string_view text, int64_t i, Tensor* tensor);

// The shortest decimal that reads back as the same float or double: "0.1", "1e-07", "-0", "inf", "nan".
std::string ShortestDecimal(float value);
std::string ShortestDecimal(double value);

// As Python prints the numpy value: "[2.]", "0.099999905", "[[1 2]\n [3 4]]", "b'x'". Long arrays are cut in the
// middle.
std::string FormatLikeNumpy(const Tensor& tensor);

// The first values as TensorFlow's messages show them: "1 2 3...", "[1 2][3...]...".
std::string SummarizeTensorValue(const Tensor& tensor, int64_t max_entries);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TENSOR_TENSOR_TEXT_H_
