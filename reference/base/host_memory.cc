#include "reference/base/host_memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

namespace tfpersist {

void* AllocateHostMemory(size_t bytes) {
  const size_t alignment = bytes >= kHugePage ? kHugePage : kHostAlignment;
  void* memory = nullptr;
  if (bytes > PTRDIFF_MAX || posix_memalign(&memory, alignment, bytes > 0 ? bytes : 1) != 0) return nullptr;
  // First touch of 4 KiB pages costs more than copying what goes into them.
  if (alignment == kHugePage) madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

}  // namespace tfpersist
