"""Op signatures as each TensorFlow has them: names, arguments, attrs, defaults, limits and flags, without prose.

op_defs/op_defs.pbtxt  an OpList sorted by name: the ops that real graphs hold, and those that Saver, variables, optimizers,
                       moving averages, control flow and gradients make. An op that a version lacks is left out.
"""
import re

from common import *

from tensorflow.core.framework import op_def_pb2
try:
    from tensorflow.python.client import pywrap_tf_session as c_api
    c_api.TF_GetAllOpList
except (ImportError, AttributeError):
    from tensorflow.python import pywrap_tensorflow as c_api

# Ops seen in real graphs.
SEEN = """
Abs AccumulateNV2 Acos Acosh Add AddN AddV2 AdjustContrastv2 AdjustHue AdjustSaturation All Any ApplyAdagrad ApplyAdam
ApplyGradientDescent ApplyMomentum ApplyRMSProp ArgMax ArgMin AsString Asin Asinh Assert Assign AssignAdd
AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp Atan Atan2 Atanh AudioSpectrogram AvgPool AvgPool3D
BatchDatasetV2 BatchMatMul BatchMatMulV2 BatchToSpaceND Betainc BiasAdd BiasAddGrad Bincount Bitcast BitwiseAnd
BitwiseOr BitwiseXor BlockLSTM BoostedTreesBucketize BroadcastArgs BroadcastGradientArgs BroadcastTo CTCGreedyDecoder
CacheDataset Cast Ceil CheckNumerics Cholesky CompareAndBitpack Concat ConcatOffset ConcatV2 Const ControlTrigger
Conv2D Conv2DBackpropFilter Conv2DBackpropInput Conv3D Conv3DBackpropInputV2 Cos Cosh CropAndResize Cross CudnnRNN
CudnnRNNBackprop Cumprod Cumsum DecodeJpeg DecodeRaw DecodeWav DeepCopy DenseToDenseSetOperation DepthToSpace
DepthwiseConv2dNative Diag DiagPart Digamma Dilation2D DisableCopyOnRead Div DivNoNan DrawBoundingBoxesV2
DynamicPartition DynamicStitch Elu EluGrad Empty EncodeProto Enter Equal Erf Erfc Exit Exp ExpandDims Expm1
ExtractImagePatches FIFOQueueV2 FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Fill
FlatMapDataset Floor FloorDiv FloorMod FusedBatchNorm FusedBatchNormGrad FusedBatchNormV3 GRUBlockCell Gather GatherNd
GatherV2 Greater GreaterEqual HSVToRGB HashTable HashTableV2 HistogramFixedWidth HistogramSummary Identity IdentityN
If Igamma Igammac ImageSummary InTopKV2 InitializeTable InitializeTableFromTextFileV2 Inv Invert InvertPermutation
IsFinite IsInf IsNan IsVariableInitialized IteratorGetNext IteratorToStringHandle L2Loss LRN LSTMBlockCell LeakyRelu
LeftShift Less LessEqual Lgamma LinSpace ListDiff Log Log1p LogMatrixDeterminant LogSoftmax LogUniformCandidateSampler
LogicalAnd LogicalNot LogicalOr LookupTableFind LookupTableFindV2 LookupTableImportV2 LookupTableSizeV2 LoopCond Lu
MapDataset MatMul MatchingFiles MatrixBandPart MatrixDeterminant MatrixDiag MatrixDiagPart MatrixInverse MatrixSetDiag
MatrixSolve MatrixTriangularSolve Max MaxPool MaxPool3D MaxPoolGrad MaxPoolWithArgmax Maximum Mean Merge MergeSummary
MergeV2Checkpoints Mfcc Min Minimum MirrorPad Mod ModelDataset Mul Multinomial NearestNeighbors Neg NextIteration NoOp
NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 NotEqual NthElement
OneHot OneShotIterator OnesLike OptimizeDataset OptionalFromValue OptionalNone OptionsDataset Pack Pad PadV2
ParallelConcat ParallelDynamicStitch ParallelInterleaveDatasetV4 ParallelMapDataset ParseExample ParseExampleDatasetV2
ParseExampleV2 ParseSingleExample PartitionedCall Placeholder PlaceholderWithDefault Polygamma Pow PrefetchDataset
PreventGradient PrintV2 Prod Qr QueueCloseV2 QueueDequeueManyV2 QueueDequeueV2 QueueEnqueueManyV2 QueueEnqueueV2
QueueSizeV2 RGBToHSV RaggedRange RandomGamma RandomPoissonV2 RandomShuffle RandomStandardNormal RandomUniform
RandomUniformInt Range Rank ReadFile ReadVariableOp ReaderReadV2 RealDiv Reciprocal ReduceJoin RefEnter RefSwitch Relu
Relu6 ReluGrad RepeatDataset Reshape ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor
ResourceApplyAdagradV2 ResourceApplyAdam ResourceApplyFtrl ResourceGather ResourceSparseApplyFtrl RestoreSlice
RestoreV2 ReverseSequence ReverseV2 RightShift Rint Roll Round Rsqrt RsqrtGrad SaveSlices SaveV2 ScalarSummary
ScatterAdd ScatterDiv ScatterMax ScatterMin ScatterMul ScatterNd ScatterNdAdd ScatterNdSub ScatterNdUpdate ScatterSub
ScatterUpdate SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum Select SelectV2 Selu Shape ShapeN
ShardedFilename ShardedFilespec ShuffleDataset Sigmoid SigmoidGrad Sign Sin Sinh Size Slice Softmax
SoftmaxCrossEntropyWithLogits Softplus SoftplusGrad Softsign SpaceToBatchND SpaceToDepth SparseApplyAdagrad
SparseFillEmptyRows SparseReorder SparseReshape SparseSegmentMean SparseSegmentSum SparseSegmentSumGrad
SparseSoftmaxCrossEntropyWithLogits SparseTensorDenseAdd SparseToDense Split SplitV Sqrt SqrtGrad Square
SquaredDifference Squeeze Stack StackPop StackPopV2 StackPush StackPushV2 StackV2 StatefulPartitionedCall StatelessIf
StatelessWhile StaticRegexFullMatch StopGradient StridedSlice StridedSliceGrad StringJoin StringNGrams StringSplit
StringToHashBucketFast Sub Sum Svd Switch TFRecordDataset TFRecordReaderV2 TRTEngineOp Tan Tanh TanhGrad
TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayGradV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3 TensorListFromTensor TensorListGetItem TensorListReserve
TensorListSetItem TensorListStack TensorSliceDataset TensorSummaryV2 Tile TopKV2 Transpose TruncateDiv TruncateMod
TruncatedNormal Unique UniqueWithCounts Unpack UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd
UnsortedSegmentSum UpperBound VarHandleOp VarIsInitializedOp Variable VariableShape VariableV2 Where ZerosLike Zeta
""".split()

# Families beside them, as whole-name patterns.
FAMILIES = """
Save(V2|Slices)? Restore(V2|Slice)? MergeV2Checkpoints Sharded.* IsVariableInitialized VarIsInitializedOp Variable(V2|Shape)?
TemporaryVariable DestroyTemporaryVariable Assign.* .*VariableOp VarHandleOp DestroyResourceOp CountUpTo ResourceCountUpTo DisableCopyOnRead
Const ImmutableConst Placeholder.* Identity(N)? NoOp ControlTrigger _Arg _Retval _Send _Recv _HostSend _HostRecv _SwitchN
(Ref)?(Switch|Merge|Enter|Exit|NextIteration|Select) LoopCond Abort Assert Print(V2)? If While For Stateless(If|While)
(Stateful)?PartitionedCall SymbolicGradient RemoteCall FakeParam Case StatelessCase
Abs Neg Inv Reciprocal Square Sqrt Rsqrt Round Exp Expm1 Log Log1p Sinh Cosh Tanh Asinh Acosh Atanh Sin Cos Tan Asin Acos Atan Atan2
Lgamma Digamma Erf Erfc Erfinv Ndtri Sigmoid Sign Floor Ceil Rint Add AddV2 AddN AccumulateNV2 Sub Mul MulNoNan Div DivNoNan RealDiv
FloorDiv TruncateDiv FloorMod Mod TruncateMod Pow Maximum Minimum SquaredDifference Xdivy Xlogy Xlog1py Igamma.* Zeta Polygamma Betainc
Bessel.* NextAfter PopulationCount Bitwise.* Invert LeftShift RightShift Is(Nan|Inf|Finite) Logical.* Less.* Greater.* (Not)?Equal
ApproximateEqual Select(V2)? Where ClipByValue Complex(Abs)? Real Imag Conj Angle Cast Bitcast
.*Grad(V[23])? BroadcastGradientArgs Broadcast(To|Args) PreventGradient StopGradient Snapshot GuaranteeConst EnsureShape DeepCopy
(Resource)?(Sparse)?Apply.* (Resource)?Scatter.* Gather.* ResourceGather.* TensorArray.* Stack.* TensorList.* EmptyTensorList
(Batch)?MatMul.* SparseMatMul Conv[23]D.* DepthwiseConv.* (Max|Avg)Pool.* Bias.* FusedBatchNorm.* BatchNorm.* LRN.* Relu.* Elu.* Selu.* LeakyRelu.*
Soft.* LogSoftmax SparseSoftmax.* L2Loss InTopK.* TopK.* Sum Prod Min Max Mean Any All Arg(Max|Min) Cum(sum|prod) Segment.* SparseSegment.*
UnsortedSegment.* Range LinSpace Bincount Shape(N)? Rank Size Reshape ExpandDims Squeeze (Concat|Split).* Pack Unpack Slice StridedSlice.*
Tile Transpose ConjugateTranspose InvertPermutation Pad(V2)? MirrorPad OneHot Fill ZerosLike OnesLike Unique.* ListDiff Reverse.* Roll
(Batch)?SpaceTo.* BatchToSpace.* DepthToSpace Dynamic.* ParallelDynamicStitch ParallelConcat _ParallelConcat.* Diag(Part)? Matrix.* Quantize.* Dequantize
Quantized.* Requant.* FakeQuant.* String.* AsString RegexReplace RegexFullMatch StaticRegex.* Substr .*Base64 ReduceJoin
Random.* Truncated.* ParameterizedTruncatedNormal Multinomial StatelessRandom.* Stateless(Truncated|Multi).* HashTable.* MutableHashTable.*
MutableDenseHashTable.* LookupTable.* InitializeTable.* Sparse(ToDense|Reshape|Reorder|Concat|Split|FillEmptyRows|Tensor.*|Add|Slice|Reduce.*)
Parse(Example|SingleExample|Tensor).* SerializeTensor Decode(Raw|CSV) ReadFile WriteFile MatchingFiles
RefIdentity _(ListToArray|ArrayToList) DataFormat.* BatchMatrix.* (Batch)?Cholesky (Batch)?SelfAdjointEig(V2)? BatchSvd Qr
Iterator.* MakeIterator TensorSummary.* CTC.* GetSessionHandle.* GetSessionTensor DeleteSessionTensor DrawBoundingBoxes
Accumulator.* ConditionalAccumulator Barrier.* .*Queue.* Reader.*V2 Mutex.* ConsumeMutexLock Inplace.* Empty
""".split()


# Vendor variants that no file holds, and an op of the wheel's own tests.
LEFT_OUT = ("_Mkl", "_Nccl", "Xla", "TPU", "FakeQueue")


def main():
    everything = op_def_pb2.OpList()
    everything.ParseFromString(c_api.TF_GetBuffer(c_api.TF_GetAllOpList()))
    wanted = re.compile("^(%s)$" % "|".join(SEEN + FAMILIES))
    chosen = op_def_pb2.OpList()
    for op in sorted(everything.op, key=lambda o: o.name):
        if not wanted.match(op.name) or op.name.startswith(LEFT_OUT):
            continue
        op.ClearField("summary")
        op.ClearField("description")
        for arg in list(op.input_arg) + list(op.output_arg) + list(op.attr):
            arg.ClearField("description")
        if op.HasField("deprecation"):
            op.deprecation.ClearField("explanation")
        chosen.op.add().CopyFrom(op)
    write_proto_text(out("op_defs.pbtxt"), chosen)
    finish()


main()
