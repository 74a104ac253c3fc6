"""Tensors, attrs, nodes and errors between TensorFlow's Python objects and the protocol's JSON."""

import re
import struct

import numpy as np

from tensorflow_testee.api import VERSION, tf

INLINE_BYTES = 4096

CODES = {
    1: "CANCELLED", 2: "UNKNOWN", 3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND", 6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED", 8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION", 10: "ABORTED", 11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED", 13: "INTERNAL", 14: "UNAVAILABLE", 15: "DATA_LOSS", 16: "UNAUTHENTICATED",
}

# Width of a float's bits, its struct code, and the mask of its exponent.
FLOAT_BITS = {"float16": ("<u2", 0x7C00), "bfloat16": ("<u2", 0x7F80), "float32": ("<u4", 0x7F800000),
              "float64": ("<u8", 0x7FF0000000000000)}
PLAIN_NAN = {"float16": 0x7E00, "bfloat16": 0x7FC0, "float32": 0x7FC00000, "float64": 0x7FF8000000000000}


class Unsupported(Exception):
    """The case asks for something that TensorFlow has no way to do; it is not a failure."""


# ---- tensors ----


def dtype(name):
    return tf.as_dtype({"half": "float16"}.get(name, name))


def _float(text, kind):
    """One float of `kind` as an unsigned integer of its bits."""
    if text.startswith("nan:"):
        return int(text[4:], 16)
    if text == "nan":
        return PLAIN_NAN[kind]
    value = float.fromhex(text) if "0x" in text else float(text)
    if kind == "bfloat16":
        bits = struct.unpack("<I", np.float32(value).tobytes())[0]
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) & 0xFFFF
    if kind == "float16":
        return int(np.frombuffer(np.float16(value).tobytes(), "<u2")[0])
    if kind == "float32":
        # Through the decimal text, not through a double, so that no value is rounded twice.
        single = np.float32(value) if "0x" in text else np.array(text, "S64").astype(np.float32)[()]
        return int(np.frombuffer(single.tobytes(), "<u4")[0])
    return int(np.frombuffer(np.float64(value).tobytes(), "<u8")[0])


def _numbers(kind, values):
    if kind in FLOAT_BITS:
        bits = np.array([_float(v, kind) for v in values], FLOAT_BITS[kind][0])
        return bits.view(dtype(kind).as_numpy_dtype)
    if kind in ("complex64", "complex128"):
        part = "float32" if kind == "complex64" else "float64"
        flat = []
        for value in values:
            flat.extend(value.strip("()").split(","))
        return _numbers(part, [f.strip() for f in flat]).view(dtype(kind).as_numpy_dtype)
    if kind == "bool":
        return np.array([{"true": True, "false": False}[v] for v in values], np.bool_)
    target = dtype(kind).as_numpy_dtype
    if np.dtype(target).fields:  # quantized: a structure of one field
        field, (base, _) = list(np.dtype(target).fields.items())[0][0], list(np.dtype(target).fields.values())[0][:2]
        out = np.zeros(len(values), target)
        out[field] = np.array([int(v) for v in values], base)
        return out
    return np.array([int(v) for v in values], target)


def tensor_from(literal):
    """The numpy value of a TENSOR."""
    if "npy" in literal:
        array = np.load(literal["npy"])
        if literal.get("dtype") == "bfloat16":
            return array.view(tf.bfloat16.as_numpy_dtype)
        return array.astype(object) if array.dtype.kind == "S" else array
    kind = dtype(literal["dtype"]).name
    shape = literal["shape"]
    count = int(np.prod(shape, dtype=np.int64))
    values = literal["values"]
    if len(values) == 1 and count != 1:
        values = values * count
    if kind == "string":
        raw = [bytes.fromhex(v) if literal.get("encoding") == "hex" else v.encode("utf-8") for v in values]
        array = np.empty(len(raw), object)
        array[:] = raw
        return array.reshape(shape)
    return _numbers(kind, values).reshape(shape)


def _float_text(bits, scalar, kind):
    exponent = FLOAT_BITS[kind][1]
    fraction = {"float16": 0x3FF, "bfloat16": 0x7F, "float32": 0x7FFFFF, "float64": 0xFFFFFFFFFFFFF}[kind]
    bits = int(bits)
    if bits & exponent == exponent and bits & fraction:
        return "nan" if bits == PLAIN_NAN[kind] else "nan:0x%x" % bits
    text = str(scalar)
    return text[:-2] if text.endswith(".0") else text


def _texts(array, kind):
    flat = np.ascontiguousarray(array).reshape(-1)
    if kind in FLOAT_BITS:
        bits = flat.view(FLOAT_BITS[kind][0])
        shown = flat.astype(np.float32) if kind == "bfloat16" else flat
        return [_float_text(b, s, kind) for b, s in zip(bits, shown)]
    if kind in ("complex64", "complex128"):
        part = "float32" if kind == "complex64" else "float64"
        texts = _texts(flat.view(dtype(part).as_numpy_dtype), part)
        return ["(%s,%s)" % pair for pair in zip(texts[0::2], texts[1::2])]
    if kind == "bool":
        return ["true" if v else "false" for v in flat]
    if flat.dtype.fields:
        flat = flat[list(flat.dtype.fields)[0]]
    return [str(int(v)) for v in flat]


def tensor_to(value, spill=None):
    """A TENSOR for what Session.run or a reader returned. `spill` writes large ones and returns their file name."""
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        raw = [v if isinstance(v, bytes) else str(v).encode("utf-8") for v in array.reshape(-1).tolist()]
        out = {"dtype": "string", "shape": list(array.shape)}
        if spill and sum(len(v) for v in raw) > INLINE_BYTES:
            return {"npy": spill(np.array(raw).reshape(array.shape))}
        try:
            out["values"] = [v.decode("utf-8") for v in raw]
        except UnicodeDecodeError:
            out["encoding"] = "hex"
            out["values"] = [v.hex() for v in raw]
        return out
    kind = tf.as_dtype(array.dtype).name
    if spill and array.nbytes > INLINE_BYTES:
        if kind == "bfloat16":
            return {"npy": spill(array.view("<u2")), "dtype": kind}
        return {"npy": spill(array)}
    return {"dtype": kind, "shape": list(array.shape), "values": _texts(array, kind)}


# ---- attrs and nodes ----


def bytes_to(raw):
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return {"hex": raw.hex()}


def _shape_to(proto):
    return None if proto.unknown_rank else [d.size for d in proto.dim]


def _type_to(enum):
    return tf.as_dtype(enum).name if enum else "invalid"


def _short_float(value):
    return _float_text(np.frombuffer(np.float32(value).tobytes(), "<u4")[0], np.float32(value), "float32")


def attr_to(attr):
    kind = attr.WhichOneof("value")
    if kind == "list":
        out = []
        for field, items in attr.list.ListFields():
            out.extend(_attr_item(field.name, item) for item in items)
        return {"list": out}
    if kind is None:
        return {}
    return _attr_item(kind, getattr(attr, kind))


def _attr_item(kind, value):
    if kind == "type":
        return {"type": _type_to(value)}
    if kind == "shape":
        return {"shape": _shape_to(value)}
    if kind == "tensor":
        return {"tensor": tensor_to(tf.make_ndarray(value))}
    if kind == "s":
        return {"s": bytes_to(value)}
    if kind == "f":
        return {"f": _short_float(value)}
    if kind == "func":
        return {"func": value.name}
    return {kind: value}


def attr_from(literal):
    """What op_def_library takes for an attr in the protocol's notation."""
    (kind, value), = literal.items()
    if kind == "list":
        return [attr_from(item) for item in value]
    if kind == "type":
        return dtype(value)
    if kind == "shape":
        return tf.TensorShape(None if value is None else [None if d < 0 else d for d in value])
    if kind == "tensor":
        return tf.make_tensor_proto(tensor_from(value), dtype=dtype(value["dtype"]), shape=value["shape"])
    if kind == "f":
        return float.fromhex(value) if "0x" in value else float(value)
    if kind == "s":
        return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value.encode("utf-8")
    return value


def nodes_to(graph_def):
    return [{"name": n.name, "op": n.op, "inputs": list(n.input), "device": n.device} for n in graph_def.node]


def message_to(proto):
    """A message as JSON with its proto field names; fields that are not set are left out."""
    out = {}
    for field, value in proto.ListFields():
        if field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED:
            out[field.name] = [_scalar_to(field, v) for v in value]
        else:
            out[field.name] = _scalar_to(field, value)
    return out


def _scalar_to(field, value):
    if field.type == field.TYPE_MESSAGE:
        return message_to(value)
    if field.type == field.TYPE_BYTES:
        return bytes_to(value)
    if field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
        return _short_float(value)
    return value


def saver_def_to(proto):
    return {
        "filename_tensor_name": proto.filename_tensor_name, "save_tensor_name": proto.save_tensor_name,
        "restore_op_name": proto.restore_op_name, "max_to_keep": proto.max_to_keep, "sharded": proto.sharded,
        "keep_checkpoint_every_n_hours": _short_float(proto.keep_checkpoint_every_n_hours), "version": proto.version,
    }


def name_of(thing):
    """The name that an answer gives for something of the graph."""
    if thing is None:
        return None
    if isinstance(thing, (list, tuple)):
        return [name_of(t) for t in thing]
    if hasattr(thing, "name"):
        return thing.name
    return bytes_to(thing) if isinstance(thing, bytes) else thing


# ---- errors ----

_NODE = re.compile(r"\{\{node ([^}]*)\}\}|\[\[node (\S+)")
_DEFINED_AT = re.compile(r"\[\[node (\S+) \(defined at [^\]]*\) ?\]\]")
_TRACE_ENDS = ("\n\nOriginal stack trace for ", "\n\nErrors may have originated from an input operation.",
               "\n\nCaused by op ")


def _message(error):
    text = error.message if isinstance(error, tf.errors.OpError) else str(error)
    if isinstance(error, KeyError) and len(error.args) == 1:
        text = str(error.args[0])
    if text is None:
        return ""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    framed = text.find("Graph execution error:")
    if framed >= 0:
        at = re.compile(r"\nNode: [^\n]*\n").search(text, framed)
        if at:
            text = text[:framed] + text[at.end():]
        else:
            text = text.replace("Graph execution error:\n\n", "", 1)
    for end in _TRACE_ENDS:
        text = text.split(end)[0]
    return _DEFINED_AT.sub(r"[[{{node \1}}]]", text)


def error_to(error):
    message = _message(error)
    op = getattr(error, "op", None)
    node = getattr(op, "name", None)
    if node is None:
        found = _NODE.search(message)
        node = (found.group(1) or found.group(2)) if found else None
    return {"code": _code(error, message), "message": message, "node": node}


def _code(error, message):
    if isinstance(error, tf.errors.OpError):
        return CODES.get(error.error_code, "UNKNOWN")
    if isinstance(error, KeyError):
        return "NOT_FOUND"
    if isinstance(error, (IOError, OSError)):
        missing = getattr(error, "errno", None) == 2 or "does not exist" in message or "No such file" in message
        return "NOT_FOUND" if missing else "INVALID_ARGUMENT"
    if isinstance(error, NotImplementedError):
        return "UNIMPLEMENTED"
    if isinstance(error, RuntimeError):
        return "FAILED_PRECONDITION"
    if isinstance(error, MemoryError):
        return "RESOURCE_EXHAUSTED"
    language = (ValueError, TypeError, AssertionError, AttributeError, IndexError, OverflowError)
    if isinstance(error, language) or type(error).__name__ in ("DecodeError", "ParseError", "InaccessibleTensorError"):
        return "INVALID_ARGUMENT"
    return "UNKNOWN"


BEHAVES_AS = VERSION
