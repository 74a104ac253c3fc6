#include "reference/table/format.h"

#include <snappy.h>

#include "absl/strings/str_cat.h"
#include "reference/base/crc32c.h"
#include "reference/base/status.h"

namespace tfpersist {

void BlockHandle::EncodeTo(std::string* out) const {
  PutVarint64(out, offset);
  PutVarint64(out, size);
}

bool BlockHandle::DecodeFrom(ByteReader* in) { return in->ReadVarint64(&offset) && in->ReadVarint64(&size); }

std::string Footer::Encode() const {
  std::string out;
  metaindex.EncodeTo(&out);
  index.EncodeTo(&out);
  out.resize(kFooterSize - 8, '\0');
  PutFixed64(&out, kTableMagic);
  return out;
}

absl::StatusOr<Footer> Footer::Decode(absl::string_view bytes) {
  uint64_t magic = 0;
  if (bytes.size() != kFooterSize || !ByteReader(bytes.substr(kFooterSize - 8)).ReadFixed64(&magic) ||
      magic != kTableMagic) {
    return absl::DataLossError("not an sstable (bad magic number)");
  }
  Footer footer;
  ByteReader in(bytes.substr(0, kFooterSize - 8));
  if (!footer.metaindex.DecodeFrom(&in) || !footer.index.DecodeFrom(&in))
    return absl::DataLossError("bad block handle");
  return footer;
}

absl::StatusOr<std::string> ReadBlockContents(const RandomAccessFile& file, const BlockHandle& handle,
                                              const Limits& limits) {
  const uint64_t file_size = file.size();
  if (handle.size > file_size || file_size - handle.size < kBlockTrailerSize ||
      handle.offset > file_size - handle.size - kBlockTrailerSize) {
    return absl::OutOfRangeError("Read less bytes than requested");
  }
  if (handle.size > static_cast<uint64_t>(limits.max_block_bytes)) {
    return absl::ResourceExhaustedError(absl::StrCat("A table block of ", handle.size, " bytes is over the limit of ",
                                                     limits.max_block_bytes, " (Limits::max_block_bytes)"));
  }
  std::string bytes(handle.size + kBlockTrailerSize, '\0');
  TFP_RETURN_IF_ERROR(file.Read(handle.offset, bytes.size(), &bytes[0]));
  const uint32_t stored = UnmaskCrc(DecodeFixed32(&bytes[handle.size + 1]));
  if (stored != Crc32c(bytes.data(), handle.size + 1)) return absl::DataLossError("block checksum mismatch");
  switch (static_cast<BlockType>(bytes[handle.size])) {
    case BlockType::kPlain:
      bytes.resize(handle.size);
      return bytes;
    case BlockType::kSnappy: {
      size_t size = 0;
      if (!snappy::GetUncompressedLength(bytes.data(), handle.size, &size)) {
        return absl::DataLossError("corrupted compressed block contents");
      }
      // Snappy's best is about 21 to 1; a length beyond that was not written by it.
      if (size > static_cast<uint64_t>(limits.max_block_bytes) || size / 64 > handle.size) {
        return absl::DataLossError("corrupted compressed block contents");
      }
      std::string contents;
      if (!snappy::Uncompress(bytes.data(), handle.size, &contents)) {
        return absl::DataLossError("corrupted compressed block contents");
      }
      return contents;
    }
  }
  return absl::DataLossError("bad block type");
}

void AppendBlock(absl::string_view contents, BlockType type, std::string* out) {
  const char type_byte = static_cast<char>(type);
  out->append(contents.data(), contents.size());
  out->push_back(type_byte);
  PutFixed32(out, MaskCrc(ExtendCrc32c(Crc32c(contents), &type_byte, 1)));
}

}  // namespace tfpersist
