#include "reference/op/kernel_registry.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "reference/proto/node_def.pb.h"

namespace tfpersist {

void KernelRegistry::Register(KernelDef def) {
  std::vector<KernelDef>& defs = kernels_[def.op];
  defs.push_back(std::move(def));
}

const KernelDef* KernelRegistry::Find(const tensorflow::NodeDef& node, DeviceType device) const {
  auto it = kernels_.find(node.op());
  if (it == kernels_.end()) return nullptr;
  for (const KernelDef& def : it->second) {
    if (def.device != device) continue;
    if (def.type_attr.empty()) return &def;
    auto attr = node.attr().find(def.type_attr);
    if (attr == node.attr().end()) continue;
    if (MaskHas(def.types, BaseType(static_cast<DataType>(attr->second.type())))) return &def;
  }
  return nullptr;
}

std::vector<const KernelDef*> KernelRegistry::List() const {
  std::vector<const KernelDef*> all;
  for (const auto& [op, defs] : kernels_) {
    for (const KernelDef& def : defs) all.push_back(&def);
  }
  std::sort(all.begin(), all.end(), [](const KernelDef* a, const KernelDef* b) {
    return std::tie(a->op, a->device, a->types) < std::tie(b->op, b->device, b->types);
  });
  return all;
}

}  // namespace tfpersist
