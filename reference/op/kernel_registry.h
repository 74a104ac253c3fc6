// Which kernel runs an op on a device for a dtype. A registry is filled by explicit Register…Kernels() functions (one
// visible list per device, in kernels/) and then only read; a session is handed one. Nothing registers itself.
#ifndef TFPERSIST_REFERENCE_OP_KERNEL_REGISTRY_H_
#define TFPERSIST_REFERENCE_OP_KERNEL_REGISTRY_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "reference/op/op_kernel.h"

namespace tfpersist {

struct KernelDef {
  std::string op;
  DeviceType device = DeviceType::kCpu;
  std::string type_attr;                 // empty: any types
  DataTypeMask types = 0;                // the dtypes that type_attr may have
  std::vector<std::string> host_memory;  // argument names that stay in host memory on a CUDA device
  bool waits = false;                    // on CUDA: waits for the device, or keeps state: no part of a CUDA graph
  KernelFactory factory;
};

class KernelRegistry {
 public:
  void Register(KernelDef def);  // REQUIRES: no overlap with an earlier def of the same op and device
  // Null: no kernel for this node on this device.
  const KernelDef* Find(const tensorflow::NodeDef& node, DeviceType device) const;
  // Every (op, device, types) row, sorted: the coverage table.
  std::vector<const KernelDef*> List() const;

 private:
  absl::flat_hash_map<std::string, std::vector<KernelDef>> kernels_;  // by op
};

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_OP_KERNEL_REGISTRY_H_
