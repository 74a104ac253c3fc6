// Every CPU kernel of the library, one Register function per family. A session gets the registry that this fills;
// nothing registers itself.
#ifndef TFPERSIST_REFERENCE_KERNELS_KERNELS_H_
#define TFPERSIST_REFERENCE_KERNELS_KERNELS_H_

#include "reference/op/kernel_registry.h"

namespace tfpersist {

// All of the below.
void RegisterCpuKernels(KernelRegistry* registry);

void RegisterArithmeticKernels(KernelRegistry* registry);        // cwise_arith.cc
void RegisterComparisonKernels(KernelRegistry* registry);        // cwise_compare.cc
void RegisterUnaryKernels(KernelRegistry* registry);             // cwise_unary.cc
void RegisterCastKernels(KernelRegistry* registry);              // cast.cc
void RegisterSelectKernels(KernelRegistry* registry);            // select.cc: Select, AddN
void RegisterConstantKernels(KernelRegistry* registry);          // constant.cc: Const, placeholders, Fill, …
void RegisterIdentityKernels(KernelRegistry* registry);          // identity.cc: Identity, NoOp, …
void RegisterControlFlowKernels(KernelRegistry* registry);       // control_flow.cc: Switch, Merge, Assert
void RegisterVariableKernels(KernelRegistry* registry);          // variable.cc: VariableV2, Assign, …
void RegisterResourceVariableKernels(KernelRegistry* registry);  // resource_variable.cc
void RegisterShapeKernels(KernelRegistry* registry);             // shape.cc: Shape, Reshape, …
void RegisterConcatKernels(KernelRegistry* registry);            // concat.cc: ConcatV2, Pack, Split, …
void RegisterSliceKernels(KernelRegistry* registry);             // slice.cc: Slice, StridedSlice
void RegisterTransposeKernels(KernelRegistry* registry);         // transpose.cc: Transpose, Tile
void RegisterGatherKernels(KernelRegistry* registry);            // gather.cc: Gather, GatherV2, ResourceGather
void RegisterRangeKernels(KernelRegistry* registry);             // range.cc: Range, LinSpace
void RegisterMatMulKernels(KernelRegistry* registry);
void RegisterApplyKernels(KernelRegistry* registry);
void RegisterGradientKernels(KernelRegistry* registry);
void RegisterIndexKernels(KernelRegistry* registry);
void RegisterLayerNormKernels(KernelRegistry* registry);  // layer_norm.cc
void RegisterLossKernels(KernelRegistry* registry);
void RegisterRandomKernels(KernelRegistry* registry);
void RegisterRearrangeKernels(KernelRegistry* registry);
void RegisterScatterKernels(KernelRegistry* registry);
void RegisterFusedElementwiseKernels(KernelRegistry* registry);  // matmul.cc: MatMul, BatchMatMul, BiasAdd
void RegisterReductionKernels(KernelRegistry* registry);         // reduction.cc: Sum, Mean, …, ArgMax
void RegisterSoftmaxKernels(KernelRegistry* registry);           // softmax.cc
void RegisterConvKernels(KernelRegistry* registry);              // conv.cc: Conv2D, DepthwiseConv2dNative
void RegisterPoolingKernels(KernelRegistry* registry);           // pooling.cc: MaxPool, AvgPool, FusedBatchNorm
void RegisterImageKernels(KernelRegistry* registry);             // image.cc: LRN, ResizeBilinear, SpaceToBatchND, …
void RegisterPadKernels(KernelRegistry* registry);               // pad.cc: Pad, PadV2
void RegisterStringKernels(KernelRegistry* registry);            // string.cc: StringJoin
void RegisterAudioKernels(KernelRegistry* registry);             // audio.cc: DecodeWav, AudioSpectrogram, Mfcc, …
void RegisterSparseKernels(KernelRegistry* registry);            // sparse.cc: SparseToDense, SparseReshape, …
void RegisterSparseSegmentKernels(KernelRegistry* registry);     // sparse_segment.cc: SparseSegmentSum, …
void RegisterSparseApplyKernels(KernelRegistry* registry);       // sparse_apply.cc: SparseApplyMomentum, …
void RegisterScatterVariableKernels(KernelRegistry* registry);   // scatter_variable.cc: ScatterAdd, ScatterNdAdd, …
void RegisterSaveRestoreKernels(KernelRegistry* registry);       // save_restore.cc: SaveV2, RestoreV2, …
void RegisterSaveRestoreV1Kernels(KernelRegistry* registry);     // save_restore_v1.cc: Save, Restore, …

}  // namespace tfpersist

#endif  // TFPERSIST_REFERENCE_KERNELS_KERNELS_H_
