#include "reference/runtime/cpu_device.h"

#include "absl/strings/str_cat.h"

namespace tfpersist {

CpuDevice::CpuDevice(int index, ThreadPool& threads)
    : name_(absl::StrCat("/job:localhost/replica:0/task:0/device:CPU:", index)), threads_(threads) {}

}  // namespace tfpersist
