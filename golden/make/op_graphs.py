"""What TensorFlow 1.11.0's CPU kernels compute, op by op: inputs, attrs and outputs, bit by bit.

op_graphs/FAMILY.json  a list of {"op", "attrs" {name: text-format AttrValue}, "inputs", "outputs" or "error" {"code", "message"},
                       "ulp"}. A tensor is {"dtype", "shape", "hex"} (little-endian bytes, row-major; strings: "strings", a list of hex).
                       Inputs are fed, so that only the kernel sees them; an error's message stands without its node. "ulp" is how far
                       a float result may be off: 0 where IEEE arithmetic leaves no choice.
A dtype that 1.11.0 has no kernel for is left out.
"""
from op_cases import *

# ---- elementwise ----
SHAPES = [((2, 3), (2, 3)), ((), ()), ((4,), ()), ((), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((2, 1, 3), (4, 1)), ((0, 3), (3,)), ((3, 1, 2), (1, 2, 1))]
FAR = {"Pow": 4, "Atan2": 4}
for op in ["Add", "Sub", "Mul", "Div", "RealDiv", "TruncateDiv", "FloorDiv", "Mod", "TruncateMod", "FloorMod", "Maximum", "Minimum", "Pow",
           "SquaredDifference", "Atan2", "BitwiseAnd", "BitwiseOr", "BitwiseXor"]:
    for dtype in NUMBERS + ([np.object_] if op == "Add" else []):
        if op == "Pow" and dtype in COMPLEX:
            continue
        for a, b in SHAPES if dtype in (np.float32, np.int32) else SHAPES[:1] + SHAPES[4:5]:
            x, y = array(dtype, a), array(dtype, b)
            if dtype in INTS and ("Div" in op or "Mod" in op):
                y = np.where(y == 0, np.ones_like(y), y)
            if op == "Pow":
                x, y = (np.abs(x) + dtype(0.5 if dtype in FLOATS else 0)).astype(dtype), (np.abs(y) % 5).astype(dtype)
            # Complex products and quotients leave the order of operations open.
            case("arithmetic", op, [x, y], ulp=FAR.get(op, 4 if dtype in COMPLEX and op not in ("Add", "Sub") else 0))
special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.5, -2.5], dtype=np.float32)
for op in ["Add", "Sub", "Mul", "RealDiv", "FloorDiv", "Maximum", "Minimum"]:
    pairs = [(a, b) for a in special for b in special if not np.isnan(a) and not np.isnan(b)]
    case("arithmetic", op, [np.array([p[0] for p in pairs], np.float32), np.array([p[1] for p in pairs], np.float32)])
for dtype in INTS:
    info = np.iinfo(dtype)
    edge = np.array([info.min, info.max, info.min, info.max, 0, 1], dtype)
    other = np.array([info.min, info.max, 1, 1, info.max, info.min], dtype)
    for op in ["Add", "Sub", "Mul", "Maximum", "Minimum"]:
        case("arithmetic", op, [edge, other])
for op in ["Div", "TruncateDiv", "FloorDiv", "Mod", "FloorMod"]:
    case("arithmetic", op, [np.array([1, 2], np.int32), np.array([1, 0], np.int32)])
    case("arithmetic", op, [np.array([-7, 7, -7, 7], np.int64), np.array([2, 2, -2, -2], np.int64)])
for op in ["FloorDiv", "FloorMod"]:
    case("arithmetic", op, [np.array([-7.5, 7.5, -7.5, 7.5, 0], np.float32), np.array([2, 2, -2, -2, 3], np.float32)])
case("arithmetic", "Pow", [np.array([2, 3], np.int32), np.array([3, -1], np.int32)])
case("arithmetic", "Pow", [np.array([2, -3], np.int64), np.array([63, 41], np.int64)])
for op in ["Add", "Mul", "Maximum", "Equal"]:
    case("arithmetic", op, [array(np.float32, (2, 3)), array(np.float32, (2,))])
    case("arithmetic", op, [array(np.float32, (4, 3)), array(np.float32, (2, 3))])
case("arithmetic", "AddN", [array(np.float32, (2, 2))])
case("arithmetic", "AddN", [array(np.float32, (2, 2)), array(np.float32, (2, 2))])
case("arithmetic", "AddN", [array(np.int64, (3,)) for _ in range(4)])
case("arithmetic", "AddN", [array(np.float32, (2,)), array(np.float32, (3,))])

for op in ["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"]:
    for dtype in NUMBERS + [np.bool_, np.object_]:
        for a, b in SHAPES[:1] + SHAPES[4:5]:
            case("comparison", op, [array(dtype, a, -2, 2), array(dtype, b, -2, 2)])
    case("comparison", op, [np.repeat(special, 7), np.tile(special, 7)])
for op in ["LogicalAnd", "LogicalOr"]:
    case("comparison", op, [array(np.bool_, (2, 3)), array(np.bool_, (3,))])
case("comparison", "LogicalNot", [array(np.bool_, (2, 3))])
for op in ["IsNan", "IsInf", "IsFinite"]:
    for dtype in FLOATS:
        case("comparison", op, [special.astype(dtype)])

EXACT = ["Neg", "Abs", "Square", "Floor", "Ceil", "Rint", "Round", "Sign", "Relu", "Relu6", "Invert"]  # Sqrt: an approximation in 1.11.0
POSITIVE = ["Sqrt", "Rsqrt", "Log", "Log1p"]
UNIT = ["Asin", "Acos"]
for op in EXACT + ["Sqrt", "Rsqrt", "Exp", "Expm1", "Log", "Log1p", "Tanh", "Sinh", "Cosh", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Erf", "Erfc", "Sigmoid",
                   "Reciprocal", "Inv", "Elu", "Selu", "Softplus", "Softsign"]:
    for dtype in FLOATS + COMPLEX if op == "Round" else NUMBERS:  # 1.11.0 rounds the integer 1 to 2
        for shape in [(2, 5), (), (0,)] if dtype == np.float32 else [(2, 5)]:
            far = 1 if op in UNIT else 3 if op == "Expm1" else 4  # beyond pi 1.11.0's complex expm1 is off a branch
            x = array(dtype, shape, 0 if op in POSITIVE else -far, far)
            case("unary", op, [x], ulp=0 if op in EXACT and dtype not in COMPLEX else 64 if op == "Softplus" else 16 if dtype in COMPLEX else 8)
    case("unary", op, [np.array([0.5, 1.5, 2.5, -0.5, -1.5], np.float32)], ulp=0 if op in EXACT else 8)
case("unary", "Neg", [np.array([-2 ** 31, 2 ** 31 - 1], np.int32)])

# ---- conversion ----
for src in NUMBERS + [np.bool_]:
    for dst in NUMBERS + [np.bool_]:
        if src in COMPLEX and dst not in COMPLEX:
            continue
        case("cast", "Cast", [array(src, (2, 3), 0, 100)], DstT="type: %s" % types_pb2.DataType.Name(tf.as_dtype(np.dtype(dst)).as_datatype_enum))
case("cast", "Cast", [np.array([0.5, 1.5, -1.5, 2.9999, 1e-8, 65519, 65520, 1e10], np.float32)], DstT="type: DT_HALF")
case("cast", "Cast", [np.array([0.5, 1.5, -1.5, 2.9999, 100.7, -128.9], np.float32)], DstT="type: DT_INT8")
case("cast", "Cast", [np.array([2 ** 53 + 1, -(2 ** 62) - 1, 16777217], np.int64)], DstT="type: DT_FLOAT")
case("cast", "Cast", [np.array([300, -1, 70000], np.int32)], DstT="type: DT_UINT8")

# ---- shapes ----
x = array(np.float32, (2, 3, 4))
for dtype in ["DT_INT32", "DT_INT64"]:
    case("shape", "Shape", [x], out_type="type: " + dtype)
    case("shape", "Size", [x], out_type="type: " + dtype)
case("shape", "Shape", [np.float32(1)], out_type="type: DT_INT32")
case("shape", "ShapeN", [x, array(np.float32, (5,))], out_type="type: DT_INT32")
case("shape", "Rank", [x])
for sizes in [[4, 6], [-1], [2, -1, 2], [0], [5, -1], [-1, -1], [24, 1], [7], [-2, 3]]:
    case("shape", "Reshape", [x, np.array(sizes, np.int32)])
case("shape", "Reshape", [x, np.array([[4, 6]], np.int32)])
case("shape", "Reshape", [np.zeros((0, 3), np.float32), np.array([-1, 0], np.int32)])
case("shape", "Reshape", [np.zeros((0, 3), np.float32), np.array([3, -1], np.int64)])
for axis in [0, 1, 3, -1, -4, 4, -5]:
    case("shape", "ExpandDims", [x, np.array(axis, np.int32)])
one = array(np.int32, (1, 3, 1))
case("shape", "Squeeze", [one])
for dims in [[0], [2], [-1], [0, 2], [1], [3]]:
    case("shape", "Squeeze", [one], squeeze_dims="list { %s }" % " ".join("i: %d" % d for d in dims))
for dtype in [np.float32, np.int64, np.bool_, np.object_]:
    case("shape", "Fill", [np.array([2, 3], np.int32), array(dtype, ())])
    case("shape", "Fill", [np.array([], np.int32), array(dtype, ())])
    case("shape", "ZerosLike", [array(dtype, (2, 2))])
    if dtype != np.object_:
        case("shape", "OnesLike", [array(dtype, (2, 2))])
case("shape", "Fill", [np.array([-1], np.int32), np.float32(1)])
case("shape", "Fill", [np.array([2], np.int32), np.array([1, 2], np.float32)])
for args in [(0, 5, 1), (3, 18, 4), (5, 0, -2), (0, 0, 1), (0, 5, 0), (5, 0, 1), (0, 5, -1)]:
    case("shape", "Range", [np.array(a, np.int32) for a in args])
    case("shape", "Range", [np.array(a, np.int64) for a in args])
case("shape", "Range", [np.array(a, np.float32) for a in (0, 1, 0.1)])
case("shape", "LinSpace", [np.float32(0), np.float32(1), np.int32(7)], ulp=1)

# ---- moving elements ----
MOVED = [np.float32, np.int8, np.float16, np.int64, np.complex128, np.bool_, np.object_]
for dtype in MOVED:
    x = array(dtype, (2, 3, 4))
    for axis in [0, 1, -1]:
        case("concat", "ConcatV2", [x, x[:, :, :], np.array(axis, np.int32)])
        case("concat", "Pack", [x, x], axis="i: %d" % axis)
        case("concat", "Unpack", [x], axis="i: %d" % axis, num="i: %d" % x.shape[axis])
    case("concat", "Concat", [np.array(1, np.int32), x, array(dtype, (2, 1, 4))])
    case("concat", "Split", [np.array(2, np.int32), x], num_split="i: 2")
    case("concat", "SplitV", [x, np.array([1, -1, 2], np.int64), np.array(2, np.int32)], num_split="i: 3")
    case("slice", "Slice", [x, np.array([0, 1, 2], np.int32), np.array([2, -1, 1], np.int32)])
    case("slice", "StridedSlice", [x, np.array([0, -1], np.int32), np.array([2, 0], np.int32), np.array([1, -1], np.int32)])
    case("slice", "Transpose", [x, np.array([2, 0, 1], np.int32)])
    case("slice", "Tile", [array(dtype, (2, 2)), np.array([2, 3], np.int32)])
    case("gather", "GatherV2", [x, np.array([[2, 0], [1, 1]], np.int32), np.array(1, np.int32)])
    case("gather", "Gather", [x, np.array([1, 0, 1], np.int64)])
    case("select", "Select", [array(np.bool_, (2, 3, 4)), x, array(dtype, (2, 3, 4))])
    case("select", "Select", [array(np.bool_, (2,)), x, array(dtype, (2, 3, 4))])
    case("select", "Select", [np.array(False), x, array(dtype, (2, 3, 4))])
x = array(np.float32, (2, 3))
case("concat", "ConcatV2", [x, np.zeros((0, 3), np.float32), np.array(0, np.int32)])
case("concat", "ConcatV2", [x, array(np.float32, (2, 2)), np.array(0, np.int32)])
case("concat", "ConcatV2", [x, array(np.float32, (2,)), np.array(0, np.int32)])
case("concat", "ConcatV2", [x, x, np.array(2, np.int32)])
case("concat", "Pack", [x, array(np.float32, (3, 2))], axis="i: 0")
case("concat", "Pack", [x, x], axis="i: 3")
case("concat", "Pack", [np.float32(1), np.float32(2)], axis="i: 0")
case("concat", "Unpack", [x], axis="i: 0", num="i: 3")
case("concat", "Split", [np.array(1, np.int32), x], num_split="i: 2")
case("concat", "Split", [np.array(2, np.int32), x], num_split="i: 3")
case("slice", "Slice", [x, np.array([0, 4], np.int32), np.array([1, 1], np.int32)])
case("slice", "Slice", [x, np.array([0, 1], np.int32), np.array([1, 3], np.int32)])
case("slice", "Slice", [x, np.array([0], np.int32), np.array([1], np.int32)])
case("slice", "Slice", [x, np.array([1, 1], np.int64), np.array([0, 2], np.int64)])
case("slice", "Transpose", [x, np.array([0, 0], np.int32)])
case("slice", "Transpose", [x, np.array([0], np.int32)])
case("slice", "Transpose", [x, np.array([0, 2], np.int32)])
case("slice", "Transpose", [x, np.array([0, 1], np.int32)])
case("slice", "Transpose", [np.float32(3), np.array([], np.int32)])
case("slice", "Tile", [x, np.array([0, 2], np.int32)])
case("slice", "Tile", [x, np.array([2], np.int32)])
case("slice", "Tile", [x, np.array([-1, 2], np.int32)])
y = array(np.int32, (4, 3, 5))
for begin, end, strides, masks in [
        ([1], [3], [1], {}), ([-3], [-1], [1], {}), ([3], [0], [-1], {}), ([-1], [-10], [-2], {}), ([0], [0], [1], {"end_mask": 1}), ([2], [9], [1], {"begin_mask": 1}),
        ([5], [1], [1], {}), ([1], [2], [1], {"shrink_axis_mask": 1}), ([-1, 0], [0, 1], [1, 1], {"shrink_axis_mask": 3}), ([0, 1], [0, 2], [1, 1], {"ellipsis_mask": 1}),
        ([1, 0, 1], [2, 0, 3], [1, 1, 1], {"ellipsis_mask": 2}), ([0, 1], [0, 3], [1, 1], {"new_axis_mask": 1}), ([0, 0, 2], [0, 0, 4], [1, 1, 1], {"new_axis_mask": 1, "ellipsis_mask": 2, "shrink_axis_mask": 4}),
        ([9], [10], [1], {"shrink_axis_mask": 1}), ([0], [4], [0], {}), ([0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1], {}), ([4], [0], [-3], {"begin_mask": 1, "end_mask": 1}), ([0, 0], [0, 0], [1, 1], {"ellipsis_mask": 3})]:
    case("slice", "StridedSlice", [y, np.array(begin, np.int32), np.array(end, np.int32), np.array(strides, np.int32)], **{k: "i: %d" % v for k, v in masks.items()})
case("gather", "GatherV2", [x, np.array([5], np.int32), np.array(0, np.int32)])
case("gather", "GatherV2", [x, np.array([[0, -1]], np.int32), np.array(0, np.int32)])
case("gather", "GatherV2", [x, np.array(1, np.int32), np.array(-1, np.int32)])
case("gather", "GatherV2", [x, np.array([0], np.int32), np.array(2, np.int32)])
case("gather", "Gather", [x, np.array([], np.int32)])
case("select", "Select", [array(np.bool_, (3,)), x, x])
case("select", "Select", [array(np.bool_, (2, 3)), x, array(np.float32, (3, 2))])

# ---- matrices, reductions ----
for dtype in FLOATS + [np.int32] + COMPLEX:
    a, b = array(dtype, (3, 4)), array(dtype, (4, 2))
    for ta in (False, True):
        for tb in (False, True):
            case("matmul", "MatMul", [a.T.copy() if ta else a, b.T.copy() if tb else b], ulp=64, transpose_a="b: %s" % str(ta).lower(), transpose_b="b: %s" % str(tb).lower())
            case("matmul", "BatchMatMul", [np.stack([np.conj(a.T) if ta else a] * 2), np.stack([np.conj(b.T) if tb else b] * 2)], ulp=64, adj_x="b: %s" % str(ta).lower(), adj_y="b: %s" % str(tb).lower())
    case("matmul", "BiasAdd", [array(dtype, (2, 3, 4)), array(dtype, (4,))])
case("matmul", "MatMul", [array(np.float32, (2, 0)), array(np.float32, (0, 3))])
case("matmul", "MatMul", [array(np.float32, (2, 3)), array(np.float32, (2, 3))])
case("matmul", "MatMul", [array(np.float32, (3,)), array(np.float32, (3, 3))])
case("matmul", "BatchMatMul", [array(np.float32, (2, 3)), array(np.float32, (2, 3))])
case("matmul", "BiasAdd", [array(np.float32, (2, 3)), array(np.float32, (2,))])
case("matmul", "BiasAdd", [array(np.float32, (3,)), array(np.float32, (3,))])
for op in ["Sum", "Mean", "Prod", "Max", "Min"]:
    for dtype in NUMBERS:
        x = array(dtype, (2, 3, 4), 1, 3)
        for axes in [[0, 1, 2], [1], [2], [0], [0, 2], []] if dtype in (np.float32, np.int32) else [[1], [0, 1, 2]]:
            for keep in ("false", "true") if dtype == np.float32 else ("false",):
                case("reduction", op, [x, np.array(axes, np.int32)], ulp=0 if op in ("Max", "Min") or dtype in INTS else 64, keep_dims="b: " + keep)
    case("reduction", op, [np.zeros((0, 3), np.float32), np.array([0], np.int32)], keep_dims="b: false")
    case("reduction", op, [x, np.array([3], np.int32)], keep_dims="b: false")
    case("reduction", op, [np.float32(3), np.array([], np.int32)], keep_dims="b: false")
for op in ["All", "Any"]:
    case("reduction", op, [array(np.bool_, (3, 4)), np.array([1], np.int32)], keep_dims="b: false")
for op in ["ArgMax", "ArgMin"]:
    for dtype in FLOATS + INTS:
        for axis in (0, -1):
            case("reduction", op, [array(dtype, (3, 4)), np.array(axis, np.int32)], output_type="type: DT_INT64")
    case("reduction", op, [array(np.float32, (3, 4)), np.array(2, np.int32)], output_type="type: DT_INT64")
    case("reduction", op, [array(np.float32, (0, 4)), np.array(0, np.int32)], output_type="type: DT_INT32")
for dtype in FLOATS:
    case("reduction", "Softmax", [array(dtype, (3, 5))], ulp=16)
    case("reduction", "LogSoftmax", [array(dtype, (3, 5))], ulp=64)

# ---- strings, control ----
case("string", "StringJoin", [array(np.object_, (2,)), np.array(b"-", dtype=object), array(np.object_, (2,))], separator='s: "/"')
case("string", "StringJoin", [np.array(b"P", dtype=object), np.array(b"_temp", dtype=object)], separator='s: ""')
case("string", "StringJoin", [array(np.object_, (2,)), array(np.object_, (3,))], separator='s: ""')
case("string", "ShardedFilename", [np.array(b"a/b", dtype=object), np.array(3, np.int32), np.array(12, np.int32)])
case("string", "ShardedFilespec", [np.array(b"a/b", dtype=object), np.array(12, np.int32)])
case("string", "Assert", [np.array(False), np.array(b"msg", dtype=object), np.array([1, 2, 3, 4], np.int32)], summarize="i: 3")
case("string", "Assert", [np.array(True), np.array(b"msg", dtype=object)], summarize="i: 3")

write_families()
finish()
