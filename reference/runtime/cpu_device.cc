#include "reference/runtime/cpu_device.h"

#include "absl/strings/str_cat.h"

namespace tfpersist {

CpuDevice::CpuDevice(int index, ThreadPool& threads, bool maps_checkpoints, Allocator* allocator)
    : name_(absl::StrCat("/job:localhost/replica:0/task:0/device:CPU:", index)),
      threads_(threads),
      maps_checkpoints_(maps_checkpoints),
      allocator_(allocator) {}

}  // namespace tfpersist
