"""One checkpoint per dtype that has a bundle form, written by SaveV2 from constants given bit by bit.

dtypes/DTYPE.ckpt.*   tensors scalar [], empty [0], empty3 [2,0,3], vector [n], five [2,1,3,1,2]
dtypes/mixed.ckpt.*   every dtype's vector in one checkpoint, under the dtype's name
dtypes/variant.ckpt.* two tensor lists, one of them empty
dtypes/values.json    {prefix: {tensor: {"dtype", "shape", "values", "bytes"}}}; "bytes" is the tensor's memory, little-endian, in hex:
                      it tells NaN payloads apart, which "values" cannot. A variant (a tensor list) has "list", its elements, in place of "values".
"""
from common import *

from tensorflow.core.framework import graph_pb2, types_pb2
from tensorflow.python.ops import gen_io_ops

SHAPES = [("scalar", []), ("empty", [0]), ("empty3", [2, 0, 3]), ("vector", None), ("five", [2, 1, 3, 1, 2])]


def ints(bits, signed):
    """Edge values of an integer of this width, as unsigned bit patterns."""
    top = 1 << bits
    values = [0, 1, 2, top // 2 - 1, top // 2, top // 2 + 1, top - 2, top - 1, 0x5a5a5a5a5a5a5a5a % top, 100, 10, 7 if signed else 200 % top]
    return [v % top for v in values]


def floats(bits, mantissa):
    """Edge values of an IEEE-like float: bits in all, mantissa bits."""
    sign = 1 << (bits - 1)
    one = ((1 << (bits - 2 - mantissa)) - 1) << mantissa
    inf = ((1 << (bits - 1 - mantissa)) - 1) << mantissa
    quiet = inf | 1 << (mantissa - 1)
    smallest_normal = 1 << mantissa
    return [0, sign, one, sign | one, 1, sign | 1, smallest_normal - 1, smallest_normal, inf - 1, sign | (inf - 1), inf, sign | inf,
            quiet, sign | quiet, quiet | 1, inf | 1, sign | inf | 5, one + 1, one - 1, one | (0x2aaaaaaaaaaaaa & ((1 << mantissa) - 1))]


PATTERNS = {
    "DT_FLOAT": (4, floats(32, 23)), "DT_DOUBLE": (8, floats(64, 52)), "DT_HALF": (2, floats(16, 10)), "DT_BFLOAT16": (2, floats(16, 7)),
    "DT_INT8": (1, ints(8, True)), "DT_INT16": (2, ints(16, True)), "DT_INT32": (4, ints(32, True)), "DT_INT64": (8, ints(64, True)),
    "DT_UINT8": (1, ints(8, False)), "DT_UINT16": (2, ints(16, False)), "DT_UINT32": (4, ints(32, False)), "DT_UINT64": (8, ints(64, False)),
    "DT_QINT8": (1, ints(8, True)), "DT_QUINT8": (1, ints(8, False)), "DT_QINT16": (2, ints(16, True)), "DT_QUINT16": (2, ints(16, False)),
    "DT_QINT32": (4, ints(32, True)), "DT_BOOL": (1, [0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1]),
    "DT_COMPLEX64": (4, floats(32, 23)), "DT_COMPLEX128": (8, floats(64, 52)), "DT_STRING": (0, None),
}
STRINGS = [b"", b"a", b"nul \0 inside\0", b"\xff\xfe\x80", u"h\u00e9llo \u4e16\u754c \U0001f600".encode("utf-8"), b"x" * 300,
           b"\"quoted\\\" \n\t", b"y" * 127, b"z" * 128, b"same", b"same", b"\0"]
# The element type to read the memory as; bfloat16 as its bits.
NUMPY = {"DT_FLOAT": "<f4", "DT_DOUBLE": "<f8", "DT_HALF": "<f2", "DT_BFLOAT16": "<u2", "DT_BOOL": "?", "DT_COMPLEX64": "<c8",
         "DT_COMPLEX128": "<c16", "DT_QINT8": "<i1", "DT_QUINT8": "<u1", "DT_QINT16": "<i2", "DT_QUINT16": "<u2", "DT_QINT32": "<i4"}


def memory(name, count, rotate):
    """`count` elements, starting at another place of the pattern list for each shape."""
    width, pattern = PATTERNS[name]
    parts = 2 if name.startswith("DT_COMPLEX") else 1
    if count is None:
        count = len(pattern)
    data = b""
    for i in range(count * parts):
        value = pattern[(i * (7 if parts == 2 and i % 2 else 1) + rotate) % len(pattern)]
        data += struct.pack("<Q", value)[:width]
    return data, count


def tensor(name, shape, rotate):
    """(TensorProto, JSON form)"""
    number = types_pb2.DataType.Value(name)
    proto = tf.make_tensor_proto(0)
    proto.Clear()
    proto.dtype = number
    if name == "DT_STRING":
        full = len(STRINGS) if shape is None else int(np.prod(shape, dtype=int))
        items = [STRINGS[(i + rotate) % len(STRINGS)] for i in range(full)]
        shape = [full] if shape is None else shape
        proto.string_val.extend(items)
        array = np.empty(full, dtype=object)
        array[:] = items
        text = tensor_json(array.reshape(shape), tf.string)
    else:
        data, count = memory(name, None if shape is None else int(np.prod(shape, dtype=int)), rotate)
        shape = [count] if shape is None else shape
        proto.tensor_content = data
        array = np.frombuffer(data, dtype=NUMPY.get(name, name[3:].lower())).reshape(shape)
        text = tensor_json(array, tf.as_dtype(number), exact=True)
    for size in shape:
        proto.tensor_shape.dim.add().size = size
    return proto, text


def save(prefix, tensors):
    """Writes named TensorProtos with one SaveV2, reads them back with RestoreV2 and compares bits."""
    graph_def = graph_pb2.GraphDef()
    for i, (_, proto) in enumerate(tensors):
        node = graph_def.node.add(name="c%d" % i, op="Const")
        node.attr["dtype"].type = proto.dtype
        node.attr["value"].tensor.CopyFrom(proto)
    with tf.Graph().as_default(), tf.Session() as session:
        constants = tf.import_graph_def(graph_def, return_elements=["c%d:0" % i for i in range(len(tensors))], name="")
        names = [n for n, _ in tensors]
        session.run(save_v2(prefix, names, constants))
        back = session.run(restore_v2(prefix, names, [c.dtype for c in constants]))
        wrote = session.run(constants)
        for name, a, b in zip(names, wrote, back):
            a, b = np.asarray(a), np.asarray(b)
            same = a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()
            if not same or a.shape != b.shape:
                raise SystemExit("%s/%s does not read back as written" % (prefix, name))


def save_v2(prefix, names, tensors):
    return gen_io_ops.save_v2(prefix, names, [""] * len(names), tensors)


def restore_v2(prefix, names, dtypes):
    return gen_io_ops.restore_v2(prefix, names, [""] * len(names), dtypes)


def save_variants(prefix):
    """Tensor lists: the one variant that every version can write. Returns what each list holds."""
    with tf.Graph().as_default(), tf.Session() as session:
        from tensorflow.python.ops import list_ops
        shape = tf.constant([2], tf.int32)
        empty = list_ops.empty_tensor_list(element_shape=shape, element_dtype=tf.float32)
        two = list_ops.tensor_list_push_back(list_ops.tensor_list_push_back(empty, tf.constant([1.5, -2.0])), tf.constant([3.0, 4.0]))
        session.run(save_v2(prefix, ["empty", "two"], [empty, two]))
        back = restore_v2(prefix, ["two"], [tf.variant])[0]
        kwargs = {"element_shape": shape} if VERSION != "1.11.0" else {}
        held = session.run(list_ops.tensor_list_stack(back, tf.float32, **kwargs))
        return {"empty": {"dtype": "variant", "shape": [], "list": []},
                "two": {"dtype": "variant", "shape": [], "list": [tensor_json(row, tf.float32, exact=True) for row in held]}}


def main():
    folder = out_dir()
    values = {}
    mixed = []
    for name in sorted(PATTERNS):
        title = tf.as_dtype(types_pb2.DataType.Value(name)).name
        made = [(key, tensor(name, shape, 3 * i)) for i, (key, shape) in enumerate(SHAPES)]
        save(os.path.join(folder, title + ".ckpt"), [(key, proto) for key, (proto, _) in made])
        values[title + ".ckpt"] = {key: text for key, (_, text) in made}
        mixed.append((title, made[3][1]))
    mixed.sort()
    save(os.path.join(folder, "mixed.ckpt"), [(n, proto) for n, (proto, _) in mixed])
    values["mixed.ckpt"] = {n: text for n, (_, text) in mixed}
    values["variant.ckpt"] = save_variants(os.path.join(folder, "variant.ckpt"))
    write_json(out("values.json"), values)
    finish()


main()
