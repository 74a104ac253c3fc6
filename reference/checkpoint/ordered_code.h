// The keys under which slices of a tensor are stored: an encoding whose bytes sort as the values do.
// Follows core/lib/strings/ordered_code.h and core/util/saved_tensor_slice_util.cc.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_ORDERED_CODE_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_ORDERED_CODE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "reference/tensor/tensor_slice.h"

namespace tfpersist {

// 00, the escaped name, 00 01, the rank, then (start, length) of each dimension; a full extent is (0, -1).
std::string EncodeSliceKey(absl::string_view name, const TensorSlice& slice);
// False if `key` is no such key.
bool DecodeSliceKey(absl::string_view key, std::string* name, TensorSlice* slice);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_ORDERED_CODE_H_
