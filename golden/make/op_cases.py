"""What op_graphs.py and op_training.py share: an op in a graph of its own, run by TensorFlow, and what came of it as JSON (op_graphs.py says how)."""
from common import *

import binascii
import json

from tensorflow.core.framework import graph_pb2, types_pb2
from tensorflow.python.framework import op_def_registry

OPS = op_def_registry.get_registered_ops()
RANDOM = np.random.RandomState(20180926)
BF16 = tf.bfloat16.as_numpy_dtype

FLOATS = [np.float16, np.float32, np.float64]
INTS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16]
COMPLEX = [np.complex64, np.complex128]
NUMBERS = FLOATS + INTS + COMPLEX
families = {}


def array(dtype, shape, low=-8, high=8):
    """Values with fractions for floats; small ones, so that products stay exact to look at."""
    if dtype == np.object_:
        return np.array([b"s%d\0x" % RANDOM.randint(100) for _ in range(int(np.prod(shape)))], dtype=object).reshape(shape)
    if dtype == np.bool_:
        return RANDOM.randint(0, 2, size=shape).astype(np.bool_)
    if dtype in (np.uint8, np.uint16):
        low = max(low, 0)
    if dtype in INTS:
        return RANDOM.randint(low, high, size=shape).astype(dtype)
    if dtype in COMPLEX:
        return (RANDOM.uniform(low, high, size=shape) + 1j * RANDOM.uniform(low, high, size=shape)).astype(dtype)
    return RANDOM.uniform(low, high, size=shape).astype(dtype)


def tensor(value):
    value = np.asarray(value)
    if value.dtype == np.object_ or value.dtype.kind in "SU":
        flat = [v if isinstance(v, bytes) else v.encode("utf-8") for v in value.reshape(-1).tolist()]
        return {"dtype": "string", "shape": list(value.shape), "strings": [binascii.hexlify(v).decode("ascii") for v in flat]}
    name = tf.as_dtype(value.dtype).name
    return {"dtype": name, "shape": list(value.shape), "hex": binascii.hexlify(np.ascontiguousarray(value).tobytes()).decode("ascii")}


def dtype_of(value):
    return tf.string if value.dtype == np.object_ or value.dtype.kind in "SU" else tf.as_dtype(value.dtype)


def infer_attrs(op, inputs, attrs):
    """Fills in the attrs that follow from the inputs."""
    attrs = dict(attrs)
    at = 0
    for arg in OPS[op].input_arg:
        count = 1
        if arg.number_attr:
            others = sum(1 for a in OPS[op].input_arg if a.name != arg.name)
            count = len(inputs) - others
            attrs.setdefault(arg.number_attr, "i: %d" % count)
        if arg.type_list_attr:
            types = " ".join("type: %s" % types_pb2.DataType.Name(dtype_of(v).as_datatype_enum) for v in inputs[at:])
            attrs.setdefault(arg.type_list_attr, "list { %s }" % types)
            count = len(inputs) - at
        elif arg.type_attr:
            attrs.setdefault(arg.type_attr, "type: %s" % types_pb2.DataType.Name(dtype_of(inputs[at]).as_datatype_enum))
        at += count
    return attrs


def case(family, op, inputs, ulp=0, runs=1, **attrs):
    inputs = [np.asarray(v) if not (isinstance(v, np.ndarray) and v.dtype == np.object_) else v for v in inputs]
    attrs = infer_attrs(op, inputs, attrs)
    graph_def = graph_pb2.GraphDef()
    node = graph_def.node.add(name="n", op=op)
    for i, value in enumerate(inputs):
        p = graph_def.node.add(name="x%d" % i, op="Placeholder")
        p.attr["dtype"].type = dtype_of(value).as_datatype_enum
        p.attr["shape"].shape.unknown_rank = True
        node.input.append("x%d" % i)
    for name, text in attrs.items():
        text_format.Merge(text, node.attr[name])
    entry = {"op": op, "attrs": attrs, "inputs": [tensor(v) for v in inputs]}
    try:
        with tf.Graph().as_default() as graph, tf.Session() as session:
            tf.import_graph_def(graph_def, name="")
            operation = graph.get_operation_by_name("n")
            feeds = {"x%d:0" % i: v for i, v in enumerate(inputs)}
            values = session.run(operation.outputs or operation, feeds)
            entry["outputs"] = [tensor(v) for v in values or []]
            if runs == 2:
                entry["again"] = [tensor(v) for v in session.run(operation.outputs, feeds)]
            if ulp:
                entry["ulp"] = ulp
    except tf.errors.OpError as e:
        if "No OpKernel" in e.message or e.error_code in (12, 13):  # a dtype or a fault that 1.11.0 gives up on
            return
        entry["error"] = {"code": e.error_code, "message": e.message.split("\n\t [[")[0]}
    except ValueError as e:  # the op's signature refuses the dtype, or its shape function an attr
        if "is not in the list of allowed values" not in str(e) and "for 'n' (op: " not in str(e):
            raise
        return
    families.setdefault(family, []).append(entry)


def write_families():
    for family, entries in families.items():
        lines = [json.dumps(entry, sort_keys=True) for entry in entries]  # a line per case
        write_text(out(family + ".json"), u"[\n" + u",\n".join(lines) + u"\n]\n")
