// The build without CUDA: there is no such device.
#include "reference/runtime/cuda_device.h"

namespace tfpersist {

int CudaDevice::Count() { return 0; }

std::string CudaDevice::Describe() { return "this library was built without CUDA"; }

absl::StatusOr<std::unique_ptr<CudaDevice>> CudaDevice::Create(int, ThreadPool&) {
  return absl::UnimplementedError(
      "A session on a GPU was asked for, and this library was built without CUDA. Build it where nvcc is found "
      "(cmake -DTFPERSIST_CUDA=ON says what is missing), or ask for the CPU.");
}

}  // namespace tfpersist
