// A part of a file as memory: private and copy-on-write, so that writing to it changes neither the file nor another
// mapping.
//
// What is mapped follows the file, not its name: replaced by rename or deleted, it stays as it was. Cut in place by
// somebody, pages behind the new end raise SIGBUS where they are touched. Crc32c() turns that into an error; the
// program's own reads later can't be helped, which is why mapping is never a default.
#ifndef TFPERSIST_REFERENCE_BASE_MAPPED_RANGE_H_
#define TFPERSIST_REFERENCE_BASE_MAPPED_RANGE_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "reference/base/file.h"

namespace tfpersist {

class MappedRange {
 public:
  // UNIMPLEMENTED for a file without a descriptor; the system's error where the mapping can't be had.
  static absl::StatusOr<std::unique_ptr<MappedRange>> Map(const RandomAccessFile& file, uint64_t offset, size_t size);
  ~MappedRange();
  MappedRange(const MappedRange&) = delete;
  MappedRange& operator=(const MappedRange&) = delete;

  void* data() const { return data_; }
  size_t size() const { return size_; }  // bytes

  // Of all of it. OUT_OF_RANGE "Read less bytes than requested" if the file has become shorter than the mapping.
  absl::StatusOr<uint32_t> Crc32c() const;

 private:
  MappedRange(void* base, size_t base_size, void* data, size_t size)
      : base_(base), base_size_(base_size), data_(data), size_(size) {}
  void* const base_;  // of whole pages
  const size_t base_size_;
  void* const data_;
  const size_t size_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_MAPPED_RANGE_H_
