// A device that kernels run on: its memory, its threads, its streams. Two kinds: CPU and CUDA.
// Follows core/framework/device_base.h. Thread-safe.
#ifndef TFPERSIST_REFERENCE_OP_DEVICE_H_
#define TFPERSIST_REFERENCE_OP_DEVICE_H_

#include <string>

#include "reference/base/threads.h"
#include "reference/tensor/tensor.h"

namespace tfpersist {

enum class DeviceType : uint8_t { kCpu, kCuda };

class CudaContext;  // op/cuda_context.h

class Device {
 public:
  virtual ~Device() = default;
  virtual DeviceType type() const = 0;
  virtual const std::string& name() const = 0;  // "/job:localhost/replica:0/task:0/device:CPU:0"
  virtual Allocator* allocator() = 0;
  // The session's one thread budget; kernels split work over it.
  virtual ThreadPool& threads() = 0;
  // Null on the host.
  virtual CudaContext* cuda() { return nullptr; }
  // SessionOptions::map_checkpoints.
  virtual bool maps_checkpoints() const { return false; }
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_OP_DEVICE_H_
