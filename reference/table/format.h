// Handles, the footer, and how one block is read and checked (FORMAT.md 4 to 8).
#ifndef TFPERSIST_REFERENCE_TABLE_FORMAT_H_
#define TFPERSIST_REFERENCE_TABLE_FORMAT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "reference/base/coding.h"
#include "reference/base/file.h"
#include "reference/base/limits.h"

namespace tfpersist {

inline constexpr uint64_t kTableMagic = 0xdb4775248b80fb57u;
inline constexpr size_t kFooterSize = 48;
inline constexpr size_t kBlockTrailerSize = 5;
inline constexpr size_t kTableBlockSize = 262144;  // core/lib/io/table_options.h

enum class BlockType : uint8_t { kPlain = 0, kSnappy = 1 };

// Where a block's contents are, without the trailer.
struct BlockHandle {
  uint64_t offset = 0;
  uint64_t size = 0;

  void EncodeTo(std::string* out) const;
  bool DecodeFrom(ByteReader* in);
};

struct Footer {
  BlockHandle metaindex;
  BlockHandle index;

  std::string Encode() const;
  // DATA_LOSS "not an sstable (bad magic number)".
  static absl::StatusOr<Footer> Decode(absl::string_view bytes);
};

// The contents of a block, checked and decompressed. OUT_OF_RANGE "Read less bytes than requested" beyond the file's
// end; DATA_LOSS "block checksum mismatch", "corrupted compressed block contents", "bad block type";
// RESOURCE_EXHAUSTED above the limit.
absl::StatusOr<std::string> ReadBlockContents(const RandomAccessFile& file, const BlockHandle& handle,
                                              const Limits& limits);

// Contents with their trailer, as they stand in a file.
void AppendBlock(absl::string_view contents, BlockType type, std::string* out);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_TABLE_FORMAT_H_
