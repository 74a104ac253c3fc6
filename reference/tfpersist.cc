#include "reference/tfpersist.h"

#include "reference/kernels/kernels.h"

namespace tfpersist {

internal::CpuKernels::CpuKernels() { RegisterCpuKernels(&kernels); }

Session::Session(Graph& graph, SessionOptions options) : DirectSession(graph, kernels, options) {}

}  // namespace tfpersist
