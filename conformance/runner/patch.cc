#include "conformance/runner/patch.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "conformance/runner/files.h"

namespace tfpersist::conform {
namespace {

constexpr uint64_t kTableMagic = 0xdb4775248b80fb57;
constexpr size_t kFooterSize = 48;
constexpr size_t kTrailerSize = 5;  // compression byte, checksum

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

struct Handle {
  uint64_t offset = 0;
  uint64_t size = 0;
};

bool ReadVarint(absl::string_view& in, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in[0]);
    in.remove_prefix(1);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool ReadHandle(absl::string_view& in, Handle& handle) {
  return ReadVarint(in, handle.offset) && ReadVarint(in, handle.size);
}

uint64_t ReadFixed(absl::string_view bytes, size_t at, int width) {
  uint64_t value = 0;
  for (int i = 0; i < width; ++i) value |= uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

absl::Status FixBlock(const Handle& handle, std::string& bytes) {
  const uint64_t space = bytes.size() - kFooterSize;
  if (handle.offset > space || handle.size > space - handle.offset ||
      space - handle.offset - handle.size < kTrailerSize) {
    return absl::InvalidArgumentError(absl::StrCat("recrc: a block at ", handle.offset, " of ", handle.size,
                                                   " bytes doesn't fit a table of ", bytes.size(), " bytes"));
  }
  const size_t end = handle.offset + handle.size;
  const uint32_t crc = MaskedCrc32c(absl::string_view(bytes).substr(handle.offset, handle.size + 1));
  for (int i = 0; i < 4; ++i) bytes[end + 1 + i] = static_cast<char>(crc >> (8 * i));
  return absl::OkStatus();
}

// The handles in an index block's values, as far as the entries parse.
std::vector<Handle> IndexEntries(absl::string_view block) {
  std::vector<Handle> handles;
  if (block.size() < 4) return handles;
  const uint64_t restarts = ReadFixed(block, block.size() - 4, 4);
  if (restarts > (block.size() - 4) / 4) return handles;
  absl::string_view in = block.substr(0, block.size() - 4 - 4 * restarts);
  while (!in.empty()) {
    uint64_t shared, unshared, length;
    if (!ReadVarint(in, shared) || !ReadVarint(in, unshared) || !ReadVarint(in, length)) break;
    if (unshared > in.size() || length > in.size() - unshared) break;
    absl::string_view value = in.substr(unshared, length);
    in.remove_prefix(unshared + length);
    Handle handle;
    if (!ReadHandle(value, handle)) break;
    handles.push_back(handle);
  }
  return handles;
}

absl::StatusOr<int64_t> Position(const Json& patch, const char* key, size_t size) {
  const Json& at = patch[key];
  if (!at.is_number_integer())
    return absl::InvalidArgumentError(absl::StrCat("patch: \"", key, "\" is no integer: ", Dump(patch)));
  int64_t position = at.get<int64_t>();
  if (position < 0) position += static_cast<int64_t>(size);
  if (position < 0 || position > static_cast<int64_t>(size)) {
    return absl::OutOfRangeError(absl::StrCat("patch ", Dump(patch), " lies outside a file of ", size, " bytes"));
  }
  return position;
}

}  // namespace

uint32_t Crc32c(absl::string_view bytes) {
  uint32_t crc = 0xffffffffu;
  for (char c : bytes) crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

uint32_t MaskedCrc32c(absl::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

absl::Status RecomputeBlockChecksums(std::string& bytes) {
  if (bytes.size() < kFooterSize || ReadFixed(bytes, bytes.size() - 8, 8) != kTableMagic) {
    return absl::InvalidArgumentError("recrc: the file doesn't end in a table's footer");
  }
  const std::string footer = bytes.substr(bytes.size() - kFooterSize, kFooterSize - 8);
  absl::string_view in = footer;
  Handle meta, index;
  if (!ReadHandle(in, meta) || !ReadHandle(in, index))
    return absl::InvalidArgumentError("recrc: the footer's block handles don't parse");
  if (absl::Status s = FixBlock(meta, bytes); !s.ok()) return s;
  if (absl::Status s = FixBlock(index, bytes); !s.ok()) return s;
  for (const Handle& handle : IndexEntries(absl::string_view(bytes).substr(index.offset, index.size))) {
    if (absl::Status s = FixBlock(handle, bytes); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status ApplyPatch(const Json& patch, std::string& bytes) {
  const auto malformed = [&patch] { return absl::InvalidArgumentError(absl::StrCat("no such patch: ", Dump(patch))); };
  if (!patch.is_object()) return malformed();
  if (patch.contains("at")) {
    absl::StatusOr<int64_t> at = Position(patch, "at", bytes.size());
    if (!at.ok()) return at.status();
    const bool is_xor = patch.contains("xor");
    if (patch.size() != 2 || !patch.contains(is_xor ? "xor" : "write")) return malformed();
    absl::StatusOr<std::string> operand = FromHex(StringOr(patch, is_xor ? "xor" : "write"));
    if (!operand.ok()) return operand.status();
    if (operand->empty()) return malformed();
    if (operand->size() > bytes.size() - *at) {
      return absl::OutOfRangeError(
          absl::StrCat("patch ", Dump(patch), " lies outside a file of ", bytes.size(), " bytes"));
    }
    for (size_t i = 0; i < operand->size(); ++i) {
      char& byte = bytes[*at + i];
      byte = is_xor ? static_cast<char>(byte ^ (*operand)[i]) : (*operand)[i];
    }
    return absl::OkStatus();
  }
  if (patch.size() != 1) return malformed();
  if (patch.contains("truncate")) {
    absl::StatusOr<int64_t> size = Position(patch, "truncate", bytes.size());
    if (!size.ok()) return size.status();
    bytes.resize(*size);
    return absl::OkStatus();
  }
  if (patch.contains("append")) {
    absl::StatusOr<std::string> tail = FromHex(StringOr(patch, "append"));
    if (!tail.ok()) return tail.status();
    bytes += *tail;
    return absl::OkStatus();
  }
  if (StringOr(patch, "recrc") == "blocks") return RecomputeBlockChecksums(bytes);
  return malformed();
}

}  // namespace tfpersist::conform
