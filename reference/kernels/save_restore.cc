#include "reference/kernels/kernels.h"

namespace tfpersist {

void RegisterSaveRestoreKernels(KernelRegistry*) {}

}  // namespace tfpersist
