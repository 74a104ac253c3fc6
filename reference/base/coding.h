// Fixed and variable-length integers, little-endian, and a reader that never passes the end of its bytes.
#ifndef TFPERSIST_REFERENCE_BASE_CODING_H_
#define TFPERSIST_REFERENCE_BASE_CODING_H_

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"

namespace tfpersist {

void PutFixed32(std::string* out, uint32_t value);
void PutFixed64(std::string* out, uint64_t value);
void PutVarint32(std::string* out, uint32_t value);
void PutVarint64(std::string* out, uint64_t value);
int VarintLength(uint64_t value);

inline uint32_t DecodeFixed32(const char* p) {
  const auto* b = reinterpret_cast<const uint8_t*>(p);
  return b[0] | b[1] << 8 | b[2] << 16 | static_cast<uint32_t>(b[3]) << 24;
}

// Takes values off the front of some bytes. Each call returns false, and takes nothing, if the bytes do not hold one.
class ByteReader {
 public:
  explicit ByteReader(absl::string_view bytes) : bytes_(bytes) {}
  bool ReadFixed32(uint32_t* value);
  bool ReadFixed64(uint64_t* value);
  bool ReadVarint32(uint32_t* value);  // false also for more than 32 bits
  bool ReadVarint64(uint64_t* value);
  bool ReadBytes(uint64_t size, absl::string_view* value);
  absl::string_view rest() const { return bytes_; }
  size_t remaining() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

 private:
  absl::string_view bytes_;
};

// The first byte that is not UTF-8, or npos; Python's decoder names it.
size_t FirstBadUtf8(absl::string_view s);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_CODING_H_
