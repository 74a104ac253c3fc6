// A CUDA device: "/device:GPU:0". Memory comes from a caching pool in the order of one stream; host memory for copies
// from a pool of pinned blocks. Built without CUDA, there are none. Thread-safe. Follows
// core/common_runtime/gpu/gpu_device.cc and gpu_bfc_allocator.cc in its terms.
#ifndef TFPERSIST_REFERENCE_RUNTIME_CUDA_DEVICE_H_
#define TFPERSIST_REFERENCE_RUNTIME_CUDA_DEVICE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "reference/op/cuda_context.h"
#include "reference/op/device.h"

namespace tfpersist {

// What a run did, recorded once and started again as a whole (cudaGraph_t). Made by CudaDevice::EndCapture; keeps the
// memory that it writes to.
class CudaGraph {
 public:
  virtual ~CudaGraph() = default;
  virtual absl::Status Launch() = 0;
};

class CudaDevice : public Device {
 public:
  // How many devices this process can use; 0 where there is no driver, or the library was built without CUDA.
  static int Count();
  // "CUDA 13.0, driver 13.0", or why there is none.
  static std::string Describe();
  // NOT_FOUND if there is no such device, UNIMPLEMENTED in a build without CUDA. `threads` outlives the device.
  static absl::StatusOr<std::unique_ptr<CudaDevice>> Create(int ordinal, ThreadPool& threads);

  DeviceType type() const override { return DeviceType::kCuda; }

  // Between these two, work is recorded instead of done, and memory that is let go stays with the record.
  virtual absl::Status BeginCapture() = 0;
  virtual absl::StatusOr<std::unique_ptr<CudaGraph>> EndCapture() = 0;

  // Bytes of device memory in tensors now and at most, and bytes kept for later use.
  struct MemoryStats {
    int64_t in_use = 0, peak = 0, reserved = 0;
  };
  virtual MemoryStats memory() const = 0;
  virtual void ResetPeak() = 0;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_CUDA_DEVICE_H_
