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

}  // namespace tfpersist
