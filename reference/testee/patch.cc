#include "reference/testee/patch.h"

#include "absl/strings/str_cat.h"
#include "reference/base/coding.h"
#include "reference/base/crc32c.h"
#include "reference/base/status.h"
#include "reference/testee/tensor_json.h"

namespace tfpersist::testee {
namespace {

constexpr size_t kFooterBytes = 48;
constexpr size_t kTrailerBytes = 5;  // compression type, masked checksum

absl::Status NotATable() { return absl::InvalidArgumentError("patch `recrc`: the file is no table"); }

// A block's checksum covers its bytes and the compression type behind them.
absl::Status RecrcBlock(std::string* data, uint64_t offset, uint64_t size) {
  if (offset > data->size() || size > data->size() - offset || data->size() - offset - size < kTrailerBytes) {
    return NotATable();
  }
  std::string crc;
  PutFixed32(&crc, MaskCrc(Crc32c(data->data() + offset, size + 1)));
  data->replace(offset + size + 1, crc.size(), crc);
  return absl::OkStatus();
}

// Every data block that the index names, then the metaindex and the index themselves.
absl::Status RecrcTable(std::string* data) {
  if (data->size() < kFooterBytes) return NotATable();
  const std::string footer = data->substr(data->size() - kFooterBytes);
  ByteReader reader(footer);
  uint64_t meta_offset, meta_size, index_offset, index_size;
  if (!reader.ReadVarint64(&meta_offset) || !reader.ReadVarint64(&meta_size) || !reader.ReadVarint64(&index_offset) ||
      !reader.ReadVarint64(&index_size) || index_offset > data->size() || index_size > data->size() - index_offset ||
      index_size < 4) {
    return NotATable();
  }
  const std::string index = data->substr(index_offset, index_size);
  const uint64_t tail = 4 * (uint64_t{DecodeFixed32(index.data() + index.size() - 4)} + 1);
  if (tail > index.size()) return NotATable();
  ByteReader entries(absl::string_view(index).substr(0, index.size() - tail));
  while (!entries.empty()) {
    uint64_t shared, unshared, length, offset, size;
    absl::string_view key, value;
    if (!entries.ReadVarint64(&shared) || !entries.ReadVarint64(&unshared) || !entries.ReadVarint64(&length) ||
        !entries.ReadBytes(unshared, &key) || !entries.ReadBytes(length, &value)) {
      return NotATable();
    }
    ByteReader handle(value);
    if (!handle.ReadVarint64(&offset) || !handle.ReadVarint64(&size)) return NotATable();
    TFP_RETURN_IF_ERROR(RecrcBlock(data, offset, size));
  }
  TFP_RETURN_IF_ERROR(RecrcBlock(data, meta_offset, meta_size));
  return RecrcBlock(data, index_offset, index_size);
}

absl::Status ApplyOne(const Json& patch, std::string* data) {
  const Args args(patch);
  if (args.Has("truncate")) {
    TFP_ASSIGN_OR_RETURN(const int64_t size, args.Int("truncate"));
    const int64_t keep = size >= 0 ? size : static_cast<int64_t>(data->size()) + size;
    if (keep < 0) return BadArgument("truncate", "a size within the file", patch);
    if (static_cast<uint64_t>(keep) < data->size()) data->resize(keep);
    return absl::OkStatus();
  }
  if (args.Has("append")) {
    TFP_ASSIGN_OR_RETURN(const std::string hex, args.String("append"));
    TFP_ASSIGN_OR_RETURN(const std::string bytes, FromHex(hex, "append"));
    data->append(bytes);
    return absl::OkStatus();
  }
  if (args.Has("recrc")) return RecrcTable(data);
  const bool flip = args.Has("xor");
  TFP_ASSIGN_OR_RETURN(int64_t at, args.Int("at"));
  TFP_ASSIGN_OR_RETURN(const std::string hex, args.String(flip ? "xor" : "write"));
  TFP_ASSIGN_OR_RETURN(const std::string bytes, FromHex(hex, flip ? "xor" : "write"));
  if (at < 0) at += static_cast<int64_t>(data->size());
  if (at < 0 || static_cast<uint64_t>(at) > data->size() || bytes.size() > data->size() - at) {
    return absl::InvalidArgumentError(absl::StrCat("a patch at ", at, " does not fit ", data->size(), " bytes"));
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    char& byte = (*data)[at + i];
    byte = static_cast<char>(flip ? byte ^ bytes[i] : bytes[i]);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyPatches(const Json& patches, std::string* data) {
  if (!patches.is_array()) return BadArgument("patch", "a list of patches", patches);
  for (const Json& patch : patches) TFP_RETURN_IF_ERROR(ApplyOne(patch, data));
  return absl::OkStatus();
}

}  // namespace tfpersist::testee
