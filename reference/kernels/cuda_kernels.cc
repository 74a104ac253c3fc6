#include "reference/kernels/cuda_kernels.h"

#include <string>
#include <vector>

namespace tfpersist {
namespace {

constexpr DataTypeMask kMovable = (kNumberTypes | MaskOf(DT_BOOL)) & ~MaskOf(DT_INT32);

// Kernels that pass values on or look at shapes alone: the CPU's, on a device.
struct Shared {
  const char* op;
  const char* type_attr;  // "": no restriction
  std::vector<std::string> host_memory;
  bool waits = false;
};

const std::vector<Shared>& SharedKernels() {
  static const auto* const shared = new std::vector<Shared>{
      {"Identity", "T"},
      {"StopGradient", "T"},
      {"PreventGradient", "T"},
      {"Snapshot", "T"},
      {"PlaceholderWithDefault", "dtype"},
      {"Placeholder", "dtype"},
      {"Reshape", "T", {"shape"}},
      {"ExpandDims", "T", {"dim"}},
      {"Squeeze", "T"},
      {"Shape", "T", {"output"}},
      {"ShapeN", "T", {"output"}},
      {"Size", "T", {"output"}},
      {"Rank", "T", {"output"}},
      {"Slice", "T", {"begin", "size"}},
      {"StridedSlice", "T", {"begin", "end", "strides"}},
      {"Transpose", "T", {"perm"}},
      {"Tile", "T", {"multiples"}},
      {"ConcatV2", "T", {"axis"}},
      {"Concat", "T", {"concat_dim"}},
      {"Pack", "T"},
      {"Unpack", "T"},
      {"Split", "T", {"split_dim"}},
      {"SplitV", "T", {"size_splits", "split_dim"}},
      {"VariableV2", "dtype"},
      {"Variable", "dtype"},
      {"Assign", "T"},
      {"IsVariableInitialized", "dtype", {"is_initialized"}},
      {"RestoreV2", "", {"prefix", "tensor_names", "shape_and_slices"}, true},
      {"VarHandleOp", "dtype"},
      {"ReadVariableOp", "dtype", {}, true},
      {"AssignVariableOp", "dtype", {}, true},
      {"VarIsInitializedOp", "", {"is_initialized"}, true},
      {"VariableShape", "", {"output"}, true},
      {"DestroyResourceOp", "", {}, true},
  };
  return *shared;
}

}  // namespace

void RegisterCudaKernels(KernelRegistry* registry) {
  std::vector<KernelDef> shared;
  for (const Shared& s : SharedKernels()) {
    for (const KernelDef* def : registry->List()) {
      if (def->op != s.op || def->device != DeviceType::kCpu) continue;
      KernelDef on_device = *def;
      on_device.device = DeviceType::kCuda;
      if (s.type_attr[0] != '\0') {
        on_device.types = def->type_attr == s.type_attr ? def->types & kMovable : kMovable;
        on_device.type_attr = s.type_attr;
      }
      on_device.host_memory = s.host_memory;
      on_device.waits = s.waits;
      shared.push_back(std::move(on_device));
    }
  }
  for (KernelDef& def : shared) registry->Register(std::move(def));
  RegisterArithmeticCudaKernels(registry);
  RegisterComparisonCudaKernels(registry);
  RegisterUnaryCudaKernels(registry);
  RegisterConstantCudaKernels(registry);
  RegisterArrayCudaKernels(registry);
  RegisterReductionCudaKernels(registry);
  RegisterMatMulCudaKernels(registry);
  RegisterConvCudaKernels(registry);
  RegisterWindowCudaKernels(registry);
  RegisterTrainingCudaKernels(registry);
}

}  // namespace tfpersist
