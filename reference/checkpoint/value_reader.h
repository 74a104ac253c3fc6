// Reads one value from a data shard: the bytes behind one index entry, checked against its checksum.
// The forms are those of core/util/tensor_bundle/tensor_bundle.cc (plain bytes, strings, variants). Thread-safe.
#ifndef TFPERSIST_REFERENCE_CHECKPOINT_VALUE_READER_H_
#define TFPERSIST_REFERENCE_CHECKPOINT_VALUE_READER_H_

#include "absl/status/statusor.h"
#include "reference/base/file.h"
#include "reference/base/limits.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

struct ValueLocation {
  int64_t offset = 0;
  int64_t size = 0;  // as the entry has it
  uint32_t masked_crc = 0;
  bool swap = false;    // the file is of the other byte order
  bool has_crc = true;  // false: the index is lost, and the checksum with it; strings still have one of their lengths
};

// OUT_OF_RANGE "Read less bytes than requested" past the end; INVALID_ARGUMENT for a negative offset; DATA_LOSS for a
// checksum or (with `key` in the text) a size that does not fit; UNIMPLEMENTED for a dtype without a stored form.
// map_file: as ReadOptions::map_files.
absl::StatusOr<Tensor> ReadValueAt(const RandomAccessFile& file, absl::string_view key, DataType dtype,
                                   const TensorShape& shape, const ValueLocation& at, Allocator* allocator,
                                   const Limits& limits, bool map_file = false);

// What can be said of a value before a byte of it is read, and once its bytes' checksum is known: the errors above.
absl::Status CheckValueLocation(const RandomAccessFile& file, absl::string_view key, DataType dtype,
                                const TensorShape& shape, const ValueLocation& at);
absl::Status CheckValueCrc(const ValueLocation& at, uint32_t actual);

// The same checks in bounded memory, but for variants: the value is read in pieces and not kept.
absl::Status CheckValueAt(const RandomAccessFile& file, absl::string_view key, DataType dtype, const TensorShape& shape,
                          const ValueLocation& at, const Limits& limits);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_CHECKPOINT_VALUE_READER_H_
