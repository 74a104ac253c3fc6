// CRC-32C (Castagnoli) as the table and bundle formats use it, computed by ISA-L at memory speed.
// Check value: Crc32c("123456789") = 0xe3069283, masked 0xc78ab0e5.
#ifndef TFPERSIST_REFERENCE_BASE_CRC32C_H_
#define TFPERSIST_REFERENCE_BASE_CRC32C_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace tfpersist {

// The checksum of A+B, given that of A.
uint32_t ExtendCrc32c(uint32_t crc, const void* data, size_t size);
inline uint32_t Crc32c(const void* data, size_t size) { return ExtendCrc32c(0, data, size); }
inline uint32_t Crc32c(absl::string_view s) { return Crc32c(s.data(), s.size()); }

// The checksum of A+B, given those of A and of B, and B's length.
uint32_t ConcatCrc32c(uint32_t crc_a, uint32_t crc_b, uint64_t size_b);

// What is stored: a checksum of bytes that hold checksums would be weak without it.
inline constexpr uint32_t kCrcMaskDelta = 0xa282ead8u;
constexpr uint32_t MaskCrc(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + kCrcMaskDelta; }
constexpr uint32_t UnmaskCrc(uint32_t masked) {
  const uint32_t rotated = masked - kCrcMaskDelta;
  return (rotated >> 17) | (rotated << 15);
}

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_CRC32C_H_
