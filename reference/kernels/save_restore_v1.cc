#include "reference/kernels/kernels.h"

namespace tfpersist {

void RegisterSaveRestoreV1Kernels(KernelRegistry*) {}

}  // namespace tfpersist
