// numpy's .npy files, versions 1 to 3. Strings are |S (trailing NULs are padding, as numpy has it), bfloat16 its bits
// in <u2, quantized types their integers: dtype says how to take those.
#ifndef TFPERSIST_REFERENCE_TENSOR_NPY_H_
#define TFPERSIST_REFERENCE_TENSOR_NPY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "reference/base/limits.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

// `name` stands in errors. as: DT_INVALID takes the file's own type; DT_BFLOAT16 or a quantized type takes integers of
// the same width for it. Big-endian and Fortran-ordered files are read. INVALID_ARGUMENT for anything that is no such
// file.
absl::StatusOr<Tensor> ParseNpy(absl::string_view bytes, absl::string_view name, DataType as = DT_INVALID,
                                const Limits& limits = {});
// INVALID_ARGUMENT for a dtype that .npy can't hold (resource, variant).
absl::StatusOr<std::string> ToNpy(const Tensor& tensor);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TENSOR_NPY_H_
