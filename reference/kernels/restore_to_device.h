// Restores tensors straight into device memory: threads read pieces of the files into pinned buffers, checksum them
// while they are in the cache and send them off, so that reading and uploading overlap. All tensors are carved from one
// block.
#ifndef TFPERSIST_REFERENCE_KERNELS_RESTORE_TO_DEVICE_H_
#define TFPERSIST_REFERENCE_KERNELS_RESTORE_TO_DEVICE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "reference/checkpoint/bundle_reader.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

// Fills (*values)[k] with the tensor of entries[k], found under keys[k], in device memory, or with its error. Left as
// they are: tensors that only the host can make (strings, bools, slices, the other byte order). REQUIRES: a CUDA
// device.
absl::Status RestoreToDevice(OpKernelContext& ctx, const BundleReader& reader, absl::Span<const absl::string_view> keys,
                             absl::Span<const BundleReader::Entry> entries,
                             std::vector<absl::StatusOr<Tensor>>* values);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_RESTORE_TO_DEVICE_H_
