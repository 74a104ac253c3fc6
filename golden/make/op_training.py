"""What TensorFlow 1.11.0's CPU kernels compute of losses, gradients, random numbers, scattered and rearranged elements: as op_graphs.py has it.

op_training/FAMILY.json  as op_graphs/FAMILY.json. A case of random numbers has "again": the outputs of a second run of the same session.
"""
from op_cases import *

INDEX = [np.int32, np.int64]
ints = lambda *values: np.array(values, np.int32)


def type_attr(dtype):
    return "type: %s" % types_pb2.DataType.Name(tf.as_dtype(np.dtype(dtype)).as_datatype_enum)


def list_attr(*values):
    return "list { %s }" % " ".join("i: %d" % v for v in values)


# ---- losses ----
for dtype in FLOATS:
    logits = array(dtype, (4, 5))
    labels = np.abs(array(dtype, (4, 5)))
    case("loss", "SoftmaxCrossEntropyWithLogits", [logits, labels], ulp=64)
    case("loss", "SoftmaxCrossEntropyWithLogits", [logits, np.abs(array(dtype, (1, 5)))], ulp=64)
    for index in INDEX:
        if dtype != np.float64 or index == np.int32:
            case("loss", "SparseSoftmaxCrossEntropyWithLogits", [logits, np.array([0, 4, 2, 2], index)], ulp=64)
    case("loss", "L2Loss", [array(dtype, (3, 4), -2, 2)], ulp=8)
    case("loss", "L2Loss", [array(dtype, ())], ulp=8)
case("loss", "SoftmaxCrossEntropyWithLogits", [array(np.float32, (0, 5)), array(np.float32, (0, 5))])
case("loss", "SoftmaxCrossEntropyWithLogits", [array(np.float32, (4, 5)), array(np.float32, (4, 4))])
case("loss", "SparseSoftmaxCrossEntropyWithLogits", [array(np.float32, (2, 3)), ints(0, 3)])
case("loss", "SparseSoftmaxCrossEntropyWithLogits", [array(np.float32, (2, 3)), ints(-1, 2)])
case("loss", "SparseSoftmaxCrossEntropyWithLogits", [array(np.float32, (2, 3)), ints(1)])
case("loss", "SparseSoftmaxCrossEntropyWithLogits", [array(np.float32, (2,)), ints(1, 1)])
case("loss", "L2Loss", [np.zeros((0,), np.float32)])

# ---- gradients ----
for dtype in FLOATS:
    y, dy = array(dtype, (2, 5), -3, 3), array(dtype, (2, 5))
    for op in ["EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad"]:
        case("gradient", op, [dy, y], ulp=16)
    for op in ["SqrtGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad"]:
        case("gradient", op, [np.abs(y) + dtype(0.5), dy], ulp=16)
    case("gradient", "BiasAddGrad", [array(dtype, (2, 3, 4))], ulp=32)
    case("gradient", "BiasAddGrad", [array(dtype, (5, 4))], ulp=32)
    image = array(dtype, (2, 5, 6, 3), -4, 4)
    for padding in ["SAME", "VALID"]:
        window = dict(ksize=list_attr(1, 3, 2, 1), strides=list_attr(1, 2, 2, 1), padding='s: "%s"' % padding)
        pooled = {"SAME": (2, 3, 3, 3), "VALID": (2, 2, 3, 3)}[padding]
        with tf.Graph().as_default(), tf.Session() as session:
            values = session.run(tf.nn.max_pool(tf.constant(image), [1, 3, 2, 1], [1, 2, 2, 1], padding)) if dtype != np.float64 else None
        if values is not None:
            case("gradient", "MaxPoolGrad", [image, values, array(dtype, pooled)], ulp=8, **window)
        case("gradient", "AvgPoolGrad", [ints(2, 5, 6, 3), array(dtype, pooled)], ulp=32, **window)
        if dtype != np.float64:
            made = {"SAME": (2, 3, 3, 4), "VALID": (2, 2, 2, 4)}[padding]
            case("gradient", "Conv2DBackpropFilter", [array(dtype, (2, 5, 6, 3)), ints(2, 3, 3, 4), array(dtype, made)], ulp=2048 if dtype == np.float32 else 64,
                 strides=list_attr(1, 2, 2, 1), padding='s: "%s"' % padding)
case("gradient", "BiasAddGrad", [array(np.float32, (3,))])
case("gradient", "AvgPoolGrad", [ints(2, 5, 6), array(np.float32, (2, 3, 3, 3))], ksize=list_attr(1, 2, 2, 1), strides=list_attr(1, 2, 2, 1), padding='s: "SAME"')
image, scale, offset = array(np.float32, (2, 3, 3, 4)), array(np.float32, (4,)), array(np.float32, (4,))
mean, variance = array(np.float32, (4,)), np.abs(array(np.float32, (4,))) + np.float32(0.5)
none = np.zeros((0,), np.float32)
case("gradient", "FusedBatchNorm", [image, scale, offset, none, none], ulp=1024, is_training="b: true", epsilon="f: 0.001")
case("gradient", "FusedBatchNormV2", [image.astype(np.float16), scale, offset, none, none], ulp=64, is_training="b: true", epsilon="f: 0.001", U="type: DT_FLOAT")
# The gradient of all ones loses its digits to cancellation: how near it comes is a matter of ordering sums.
case("gradient", "FusedBatchNormGrad", [array(np.float32, image.shape), image, scale, mean, variance], ulp=4096, is_training="b: true", epsilon="f: 0.001")

# ---- random numbers ----
for dtype in FLOATS:
    for op in ["RandomUniform", "RandomStandardNormal", "TruncatedNormal"]:
        for shape in [(3, 7), (1,), (0, 2), (300,)] if dtype == np.float32 else [(3, 7)]:
            case("random", op, [np.array(shape, np.int32)], runs=2, ulp=0 if op == "RandomUniform" else 16, dtype=type_attr(dtype), seed="i: 87654321", seed2="i: 42")
    case("random", "RandomUniform", [np.array([5], np.int64)], runs=2, dtype=type_attr(dtype), seed="i: 1", seed2="i: 0")
for dtype in INDEX:
    case("random", "RandomUniformInt", [ints(3, 5), np.array(-7, dtype), np.array(1000, dtype)], runs=2, seed="i: 3", seed2="i: -5")
    case("random", "RandomUniformInt", [ints(3), np.array(5, dtype), np.array(5, dtype)], seed="i: 3", seed2="i: 5")
for dtype in [np.float32, np.int64, np.object_, np.bool_]:
    case("random", "RandomShuffle", [array(dtype, (11,))], runs=2, seed="i: 9", seed2="i: 8")
    case("random", "RandomShuffle", [array(dtype, (5, 2))], runs=2, seed="i: 9", seed2="i: 8")
case("random", "RandomShuffle", [np.float32(3)], seed="i: 9", seed2="i: 8")
case("random", "RandomUniform", [np.array([[2]], np.int32)], dtype="type: DT_FLOAT", seed="i: 1", seed2="i: 2")
case("random", "RandomUniform", [ints(-2)], dtype="type: DT_FLOAT", seed="i: 1", seed2="i: 2")

# ---- places ----
for dtype in [np.float32, np.int32, np.bool_, np.object_, np.complex64]:
    for axis in (-1, 0, 1):
        case("places", "OneHot", [np.array([[0, 2], [-1, 5]], np.int32), np.array(3, np.int32), array(dtype, ()), array(dtype, ())], axis="i: %d" % axis)
for index in [np.uint8, np.int64]:
    case("places", "OneHot", [np.array([1, 0], index), np.array(2, np.int32), np.float32(1), np.float32(0)], axis="i: -1")
case("places", "OneHot", [np.array(1, np.int32), np.array(0, np.int32), np.float32(1), np.float32(0)], axis="i: -1")
case("places", "OneHot", [ints(1), np.array(-1, np.int32), np.float32(1), np.float32(0)], axis="i: -1")
case("places", "OneHot", [ints(1), np.array(2, np.int32), np.float32(1), np.float32(0)], axis="i: 3")
case("places", "OneHot", [ints(1), ints(2), np.float32(1), np.float32(0)], axis="i: 0")
for dtype in NUMBERS + [np.bool_]:
    case("places", "Where", [array(dtype, (3, 4), -1, 2)])
case("places", "Where", [np.zeros((2, 0), np.bool_)])
case("places", "Where", [np.array(True)])
for dtype in [np.float32, np.int32, np.int64, np.object_, np.uint8, np.float16]:
    x = array(dtype, (9,), 0, 4) if dtype != np.float16 else np.round(array(dtype, (9,), 0, 4))
    for out_idx in INDEX:
        case("places", "Unique", [x], out_idx=type_attr(out_idx))
        case("places", "UniqueWithCounts", [x], out_idx=type_attr(out_idx))
        case("places", "ListDiff", [x, x[2:5]], out_idx=type_attr(out_idx))
case("places", "Unique", [array(np.int32, (2, 2))], out_idx="type: DT_INT32")
case("places", "ListDiff", [array(np.int32, (2, 2)), ints(1)], out_idx="type: DT_INT32")
for dtype in FLOATS + INTS:
    x = array(dtype, (3, 6), 0, 5)
    case("places", "TopKV2", [np.round(x) if dtype in FLOATS else x, np.array(4, np.int32)], sorted="b: true")
case("places", "TopKV2", [array(np.float32, (6,)), np.array(0, np.int32)], sorted="b: true")
case("places", "TopKV2", [array(np.float32, (6,)), np.array(6, np.int32)], sorted="b: true")
case("places", "TopK", [array(np.float32, (2, 6))], sorted="b: true", k="i: 2")
case("places", "TopKV2", [array(np.float32, (6,)), np.array(7, np.int32)], sorted="b: true")
case("places", "TopKV2", [array(np.float32, (6,)), np.array(-1, np.int32)], sorted="b: true")
case("places", "TopKV2", [np.float32(1), np.array(1, np.int32)], sorted="b: true")
for index in INDEX:
    case("places", "InvertPermutation", [np.array([3, 0, 2, 1], index)])
case("places", "InvertPermutation", [ints(0, 0)])
case("places", "InvertPermutation", [ints(0, 2)])
case("places", "InvertPermutation", [np.array([[0]], np.int32)])

# ---- scattered ----
for dtype in NUMBERS + [np.bool_, np.object_]:
    x = array(dtype, (4, 3, 2))
    case("scatter", "GatherNd", [x, np.array([[0, 1], [3, 2]], np.int32)])
    case("scatter", "GatherNd", [x, np.array([[[2, 1, 0]], [[0, 0, 1]]], np.int64)])
    if dtype in NUMBERS:
        case("scatter", "ScatterNd", [np.array([[1], [3], [1]], np.int32), array(dtype, (3, 2)), ints(5, 2)])
        case("scatter", "ScatterNd", [np.array([[1, 0], [3, 1]], np.int64), array(dtype, (2,)), np.array([5, 2], np.int64)])
        case("scatter", "UnsortedSegmentSum", [x, ints(0, -1, 2, 0), np.array(3, np.int32)], ulp=4)
        case("scatter", "UnsortedSegmentSum", [x, np.array([[0, 1, 1], [2, 2, 2], [0, 0, 0], [1, -1, 3]], np.int64), np.array(4, np.int32)], ulp=8)
        case("scatter", "SegmentSum", [x, ints(0, 0, 2, 2)], ulp=4)
        case("scatter", "SegmentProd", [x, ints(0, 0, 2, 2)], ulp=4)
        case("scatter", "UnsortedSegmentProd", [x, ints(0, 1, 1, 0), np.array(3, np.int32)], ulp=4)
    if dtype in FLOATS + INTS:
        for op in ["UnsortedSegmentMin", "UnsortedSegmentMax"]:
            case("scatter", op, [x, ints(0, 2, 2, 0), np.array(3, np.int32)])
        for op in ["SegmentMin", "SegmentMax", "SegmentMean"]:
            case("scatter", op, [x, ints(0, 0, 2, 2)], ulp=4 if op == "SegmentMean" else 0)
    case("scatter", "DynamicStitch", [ints(0, 3), np.array([[2, 1]], np.int32), array(dtype, (2, 2)), array(dtype, (1, 2, 2))], N="i: 2", T=type_attr(dtype) if dtype != np.object_ else "type: DT_STRING")
    case("scatter", "DynamicPartition", [array(dtype, (4, 2)), ints(1, 0, 1, 2)], num_partitions="i: 3")
x = array(np.float32, (4, 3))
case("scatter", "GatherNd", [x, np.array([[4, 0]], np.int32)])
case("scatter", "GatherNd", [x, np.array([[0, 0, 0]], np.int32)])
case("scatter", "GatherNd", [x, np.array(1, np.int32)])
case("scatter", "GatherNd", [x, np.zeros((2, 0), np.int32)])
case("scatter", "ScatterNd", [np.array([[5]], np.int32), array(np.float32, (1, 2)), ints(5, 2)])
case("scatter", "ScatterNd", [np.array([[1]], np.int32), array(np.float32, (1, 3)), ints(5, 2)])
case("scatter", "ScatterNd", [np.zeros((0, 1), np.int32), np.zeros((0, 2), np.float32), ints(3, 2)])
case("scatter", "UnsortedSegmentSum", [x, ints(0, 1, 5, 0), np.array(3, np.int32)])
case("scatter", "UnsortedSegmentSum", [x, ints(0, 1), np.array(3, np.int32)])
case("scatter", "UnsortedSegmentSum", [x, ints(0, 1, 1, 0), ints(3)])
case("scatter", "SegmentSum", [x, ints(0, 1)])
case("scatter", "DynamicPartition", [x, ints(0, 1, 2, 0)], num_partitions="i: 2")

# ---- rearranged ----
MOVED = [np.float32, np.int8, np.float64, np.int64, np.complex128, np.bool_, np.object_]
for dtype in MOVED:
    x = array(dtype, (2, 3, 4))
    for axes in [[0], [1, 2], [-1], []]:
        case("rearrange", "ReverseV2", [x, np.array(axes, np.int32)])
    if dtype != np.object_:
        case("rearrange", "ReverseSequence", [x, np.array([2, 0, 4], np.int64)], seq_dim="i: 2", batch_dim="i: 1")
        case("rearrange", "ReverseSequence", [x, np.array([2, 0, 1], np.int32)], seq_dim="i: 0", batch_dim="i: 1")
        case("rearrange", "DepthToSpace", [array(dtype, (1, 2, 3, 8))], block_size="i: 2")
        case("rearrange", "SpaceToDepth", [array(dtype, (1, 4, 2, 3))], block_size="i: 2")
        for mode in ["REFLECT", "SYMMETRIC"]:
            case("rearrange", "MirrorPad", [x, np.array([[1, 0], [2, 1], [0, 3]], np.int32)], mode='s: "%s"' % mode)
    case("rearrange", "Roll", [x, ints(1, -2), ints(0, 2)])
    case("rearrange", "Roll", [x, np.array(5, np.int64), np.array(-1, np.int32)])
for dtype in NUMBERS:
    x = array(dtype, (2, 3, 4), -2, 3)
    for op in ["Cumsum", "Cumprod"]:
        for exclusive, reverse in [("false", "false"), ("true", "false"), ("false", "true"), ("true", "true")] if dtype == np.float32 else [("false", "false")]:
            case("rearrange", op, [x, np.array(1, np.int32)], ulp=16, exclusive="b: " + exclusive, reverse="b: " + reverse)
case("rearrange", "Cumsum", [array(np.float32, (2, 3)), np.array(-1, np.int64)], ulp=8)
case("rearrange", "Cumsum", [array(np.float32, (2, 3)), np.array(2, np.int32)])
case("rearrange", "Cumsum", [array(np.float32, (2, 3)), ints(0)])
x = array(np.float32, (2, 3))
case("rearrange", "ReverseV2", [x, ints(2)])
case("rearrange", "ReverseV2", [x, ints(0, -2)])
case("rearrange", "ReverseV2", [np.float32(1), ints()])
case("rearrange", "ReverseSequence", [x, ints(1)], seq_dim="i: 1", batch_dim="i: 0")
case("rearrange", "ReverseSequence", [x, ints(1, 4)], seq_dim="i: 1", batch_dim="i: 0")
case("rearrange", "MirrorPad", [x, np.array([[2, 0], [0, 0]], np.int32)], mode='s: "REFLECT"')
case("rearrange", "MirrorPad", [x, np.array([[0, 3], [0, 0]], np.int32)], mode='s: "SYMMETRIC"')
case("rearrange", "MirrorPad", [x, np.array([[0, 1]], np.int32)], mode='s: "SYMMETRIC"')
case("rearrange", "DepthToSpace", [array(np.float32, (1, 2, 2, 3))], block_size="i: 2")
case("rearrange", "SpaceToDepth", [array(np.float32, (1, 3, 2, 3))], block_size="i: 2")
case("rearrange", "DepthToSpace", [array(np.float32, (2, 2, 4))], block_size="i: 2")
case("rearrange", "Roll", [x, ints(1), ints(2)])
case("rearrange", "Roll", [x, ints(1, 1), ints(0)])
for a, b in [((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,)), ((2, 3), (2, 3)), ((1, 1), (1,)), ((4, 1, 3), (5, 3)), ((0, 1), (1, 2)), ((1,), (1,))]:
    for dtype in INDEX:
        case("rearrange", "BroadcastArgs", [np.array(a, dtype), np.array(b, dtype)])
        case("rearrange", "BroadcastGradientArgs", [np.array(a, dtype), np.array(b, dtype)])
case("rearrange", "BroadcastGradientArgs", [ints(2, 3), ints(4)])
case("rearrange", "BroadcastGradientArgs", [np.array([[2]], np.int32), ints(4)])
case("rearrange", "ConcatOffset", [np.array(1, np.int32), ints(2, 3, 5), ints(2, 4, 5), ints(2, 1, 5)], N="i: 3")
case("rearrange", "ConcatOffset", [np.array(-1, np.int32), ints(2, 3), ints(2, 4)], N="i: 2")
case("rearrange", "ConcatOffset", [np.array(2, np.int32), ints(2, 3), ints(2, 4)], N="i: 2")
case("rearrange", "ConcatOffset", [np.array(0, np.int32), ints(2, 3), ints(2, 4)], N="i: 2")
for dtype in FLOATS:
    case("rearrange", "CheckNumerics", [array(dtype, (2, 2))], message='s: "checked"')
    case("rearrange", "CheckNumerics", [np.array([1, np.inf], dtype)], message='s: "checked"')
    case("rearrange", "CheckNumerics", [np.array([1, np.nan], dtype)], message='s: "checked"')
    case("rearrange", "CheckNumerics", [np.array([np.inf, np.nan], dtype)], message='s: "checked"')
for src, dst in [(np.float32, np.int32), (np.float32, np.uint8), (np.int64, np.float64), (np.float16, np.int16), (np.int32, np.int64)]:
    shape = (3, 2) if src == np.int32 else (2, 3)
    case("rearrange", "Bitcast", [array(src, shape)], type=type_attr(dst))
case("rearrange", "Bitcast", [array(np.uint8, (2, 3))], type="type: DT_FLOAT")
y = ints(4, 3, 5)
for begin, end, strides, masks, shape in [([1], [3], [1], {}, (2, 3, 5)), ([3], [0], [-1], {}, (3, 3, 5)), ([1, 0], [2, 3], [1, 2], {"shrink_axis_mask": 1}, (2, 5)),
                                          ([0, 1], [0, 2], [1, 1], {"ellipsis_mask": 1}, (4, 3, 1)), ([1], [3], [1], {}, (1, 3, 5))]:
    for dtype in [np.float32, np.int32] if not masks else [np.float32]:
        case("rearrange", "StridedSliceGrad", [y, np.array(begin, np.int32), np.array(end, np.int32), np.array(strides, np.int32), array(dtype, shape)],
             **{k: "i: %d" % v for k, v in masks.items()})

write_families()
finish()
