#include "reference/tfpersist.h"

#include "reference/kernels/cuda_kernels.h"
#include "reference/kernels/kernels.h"

namespace tfpersist {

internal::Kernels::Kernels() {
  RegisterCpuKernels(&kernels);
#ifdef TFPERSIST_HAVE_CUDA
  RegisterCudaKernels(&kernels);
#endif
}

Session::Session(Graph& graph, SessionOptions options) : DirectSession(graph, kernels, options) {}

}  // namespace tfpersist
