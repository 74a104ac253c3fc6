#include "reference/base/coding.h"

#include <limits>

namespace tfpersist {

void PutFixed32(std::string* out, uint32_t value) {
  for (int i = 0; i < 4; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

void PutFixed64(std::string* out, uint64_t value) {
  for (int i = 0; i < 8; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

void PutVarint64(std::string* out, uint64_t value) {
  for (; value >= 128; value >>= 7) out->push_back(static_cast<char>(value | 128));
  out->push_back(static_cast<char>(value));
}

void PutVarint32(std::string* out, uint32_t value) { PutVarint64(out, value); }

int VarintLength(uint64_t value) {
  int length = 1;
  for (; value >= 128; value >>= 7) ++length;
  return length;
}

bool ByteReader::ReadFixed32(uint32_t* value) {
  if (bytes_.size() < 4) return false;
  *value = DecodeFixed32(bytes_.data());
  bytes_.remove_prefix(4);
  return true;
}

bool ByteReader::ReadFixed64(uint64_t* value) {
  if (bytes_.size() < 8) return false;
  *value = DecodeFixed32(bytes_.data()) | static_cast<uint64_t>(DecodeFixed32(bytes_.data() + 4)) << 32;
  bytes_.remove_prefix(8);
  return true;
}

bool ByteReader::ReadVarint64(uint64_t* value) {
  uint64_t result = 0;
  for (size_t i = 0; i < bytes_.size() && i < 10; ++i) {
    const uint64_t byte = static_cast<uint8_t>(bytes_[i]);
    if (i == 9 && byte > 1) return false;  // more than 64 bits
    result |= (byte & 127) << (7 * i);
    if (byte < 128) {
      bytes_.remove_prefix(i + 1);
      *value = result;
      return true;
    }
  }
  return false;
}

bool ByteReader::ReadVarint32(uint32_t* value) {
  const absl::string_view before = bytes_;
  uint64_t wide;
  if (!ReadVarint64(&wide)) return false;
  if (wide > std::numeric_limits<uint32_t>::max()) {
    bytes_ = before;
    return false;
  }
  *value = static_cast<uint32_t>(wide);
  return true;
}

bool ByteReader::ReadBytes(uint64_t size, absl::string_view* value) {
  if (size > bytes_.size()) return false;
  *value = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return true;
}

size_t FirstBadUtf8(absl::string_view s) {
  for (size_t i = 0; i < s.size();) {
    const uint8_t c = static_cast<uint8_t>(s[i]);
    const size_t length = c < 0x80                ? 1
                          : c >= 0xc2 && c < 0xe0 ? 2
                          : c >= 0xe0 && c < 0xf0 ? 3
                          : c >= 0xf0 && c < 0xf5 ? 4
                                                  : 0;
    if (length == 0) return i;
    if (length > 1 && i + 1 < s.size()) {  // too long for what it says, a surrogate, or behind the last code point
      const uint8_t next = static_cast<uint8_t>(s[i + 1]);
      if ((c == 0xe0 && next < 0xa0) || (c == 0xed && next > 0x9f) || (c == 0xf0 && next < 0x90) ||
          (c == 0xf4 && next > 0x8f)) {
        return i;
      }
    }
    for (size_t k = 1; k < length; ++k) {
      if (i + k >= s.size() || (static_cast<uint8_t>(s[i + k]) & 0xc0) != 0x80) return i;
    }
    i += length;
  }
  return absl::string_view::npos;
}

}  // namespace tfpersist
