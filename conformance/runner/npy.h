// Reading of .npy files (NumPy's NEP 1): the form in which large tensors come from a testee.
#ifndef TFPERSIST_CONFORMANCE_RUNNER_NPY_H_
#define TFPERSIST_CONFORMANCE_RUNNER_NPY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "conformance/runner/tensor.h"

namespace tfpersist::conform {

// Decodes little-endian, C-ordered arrays of numbers, bools, complex numbers and `|S` strings. `dtype`, where not
// empty, is the dtype that the bits stand for (bfloat16 travels as <u2). INVALID_ARGUMENT says what is wrong.
absl::StatusOr<DecodedTensor> DecodeNpy(absl::string_view bytes, absl::string_view dtype);

}  // namespace tfpersist::conform

#endif  // TFPERSIST_CONFORMANCE_RUNNER_NPY_H_
