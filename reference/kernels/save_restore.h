// What the ops of both checkpoint formats share.
#ifndef TFPERSIST_REFERENCE_KERNELS_SAVE_RESTORE_H_
#define TFPERSIST_REFERENCE_KERNELS_SAVE_RESTORE_H_

#include <string>

#include "absl/status/statusor.h"
#include "reference/checkpoint/v1_reader.h"
#include "reference/op/op_kernel.h"
#include "reference/tensor/tensor.h"
#include "reference/tensor/tensor_slice.h"

namespace tfpersist {

// One tensor of a V1 checkpoint, or the slice that `shape_and_slice` asks for ("": all of it). NOT_FOUND, and
// INVALID_ARGUMENT for another dtype, another full shape, and a slice that the stored ones do not cover (C14, E18).
absl::StatusOr<Tensor> RestoreV1(const V1Reader& reader, const std::string& file_pattern, const std::string& name,
                                 const std::string& shape_and_slice, DataType expected);

// Parses the spec of a value that is about to be saved and holds the value's shape to it (C18).
absl::StatusOr<ShapeAndSlice> SpecOfValue(const std::string& shape_and_slice, const Tensor& value);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_SAVE_RESTORE_H_
