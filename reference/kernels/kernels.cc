#include "reference/kernels/kernels.h"

namespace tfpersist {

void RegisterCpuKernels(KernelRegistry* registry) {
  RegisterArithmeticKernels(registry);
  RegisterComparisonKernels(registry);
  RegisterUnaryKernels(registry);
  RegisterCastKernels(registry);
  RegisterSelectKernels(registry);
  RegisterConstantKernels(registry);
  RegisterIdentityKernels(registry);
  RegisterControlFlowKernels(registry);
  RegisterVariableKernels(registry);
  RegisterResourceVariableKernels(registry);
  RegisterShapeKernels(registry);
  RegisterConcatKernels(registry);
  RegisterSliceKernels(registry);
  RegisterTransposeKernels(registry);
  RegisterGatherKernels(registry);
  RegisterRangeKernels(registry);
  RegisterMatMulKernels(registry);
  RegisterFusedElementwiseKernels(registry);
  RegisterApplyKernels(registry);
  RegisterGradientKernels(registry);
  RegisterIndexKernels(registry);
  RegisterLayerNormKernels(registry);
  RegisterLossKernels(registry);
  RegisterRandomKernels(registry);
  RegisterRearrangeKernels(registry);
  RegisterScatterKernels(registry);
  RegisterReductionKernels(registry);
  RegisterSoftmaxKernels(registry);
  RegisterConvKernels(registry);
  RegisterPoolingKernels(registry);
  RegisterImageKernels(registry);
  RegisterPadKernels(registry);
  RegisterStringKernels(registry);
  RegisterAudioKernels(registry);
  RegisterSparseKernels(registry);
  RegisterSparseSegmentKernels(registry);
  RegisterSparseApplyKernels(registry);
  RegisterScatterVariableKernels(registry);
  RegisterSaveRestoreKernels(registry);
  RegisterSaveRestoreV1Kernels(registry);
}

}  // namespace tfpersist
