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

}  // namespace tfpersist
