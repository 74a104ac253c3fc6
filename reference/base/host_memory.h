// Memory of the heap as large values want it. Stateless.
#ifndef TFPERSIST_REFERENCE_BASE_HOST_MEMORY_H_
#define TFPERSIST_REFERENCE_BASE_HOST_MEMORY_H_

#include <cstddef>

namespace tfpersist {

constexpr size_t kHostAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;

// Aligned to kHostAlignment; from kHugePage bytes on, huge pages. Freed by std::free. Null: there is no memory.
void* AllocateHostMemory(size_t bytes);

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_BASE_HOST_MEMORY_H_
