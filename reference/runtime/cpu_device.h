// The host as a device: heap memory, and the session's threads. Thread-safe.
#ifndef TFPERSIST_REFERENCE_RUNTIME_CPU_DEVICE_H_
#define TFPERSIST_REFERENCE_RUNTIME_CPU_DEVICE_H_

#include <string>

#include "reference/op/device.h"

namespace tfpersist {

class CpuDevice : public Device {
 public:
  // All devices of a session share the threads.
  // `threads` and `allocator` outlive the device.
  CpuDevice(int index, ThreadPool& threads, bool maps_checkpoints = false, Allocator* allocator = HeapAllocator());

  DeviceType type() const override { return DeviceType::kCpu; }
  const std::string& name() const override { return name_; }
  Allocator* allocator() override { return allocator_; }
  ThreadPool& threads() override { return threads_; }
  bool maps_checkpoints() const override { return maps_checkpoints_; }

 private:
  std::string name_;
  ThreadPool& threads_;
  const bool maps_checkpoints_;
  Allocator* const allocator_;
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_RUNTIME_CPU_DEVICE_H_
