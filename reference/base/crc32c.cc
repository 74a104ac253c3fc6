#include "reference/base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace tfpersist {

uint32_t ExtendCrc32c(uint32_t crc, const void* data, size_t size) {
  // ISA-L takes the register's value, an int length, and (without need) a pointer to non-const.
  constexpr size_t kStep = size_t{1} << 30;
  auto* p = static_cast<unsigned char*>(const_cast<void*>(data));
  uint32_t state = ~crc;
  while (size > 0) {
    const size_t n = std::min(size, kStep);
    state = crc32_iscsi(p, static_cast<int>(n), state);
    p += n;
    size -= n;
  }
  return ~state;
}

namespace {

// A product of polynomials modulo Castagnoli's, bits reflected: x^0 is the highest bit.
uint32_t MultiplyModulo(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = b & 1 ? (b >> 1) ^ 0x82f63b78u : b >> 1;
  }
  return product;
}

}  // namespace

uint32_t ConcatCrc32c(uint32_t crc_a, uint32_t crc_b, uint64_t size_b) {
  // crc_a times x^(8 * size_b), by repeated squaring.
  uint32_t power = 1u << 23;  // x^8
  uint32_t shift = 1u << 31;  // 1
  for (; size_b != 0; size_b >>= 1) {
    if (size_b & 1) shift = MultiplyModulo(power, shift);
    power = MultiplyModulo(power, power);
  }
  return MultiplyModulo(shift, crc_a) ^ crc_b;
}

}  // namespace tfpersist
