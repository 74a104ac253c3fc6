"""What the make scripts share. Runs under TensorFlow 1.11.0 (Python 3.6), 1.15.5 (3.7) and 2.21.0 (3.11).

A script is called as `make/AREA.py OUT VERSION` in an empty working directory and writes OUT/AREA/... (or OUT/AREA_x/...).
"""
import io
import json
import logging
import os
import random
import re
import shutil
import struct
import sys
import uuid

import google.protobuf
import numpy as np
import tensorflow as _tf
from google.protobuf import text_format
from tensorflow.core.protobuf import control_flow_pb2

tf = getattr(_tf.compat, "v1", _tf)
VERSION = _tf.__version__
IS_V2 = VERSION.startswith("2.")
if IS_V2:
    tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)

OUT = sys.argv[1] if len(sys.argv) > 1 else "."
AREA = os.path.splitext(os.path.basename(sys.argv[0]))[0]


def steady_uuids():
    """Sharded savers put a random hex name into the graph; a counter in its place keeps the bytes the same each time."""
    state = random.Random(1)
    uuid.uuid4 = lambda: uuid.UUID(int=state.getrandbits(128), version=4)


steady_uuids()


def out(*parts):
    """OUT/AREA/parts, with the folder made."""
    path = os.path.join(OUT, AREA, *parts)
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    return path


def out_dir(*parts):
    path = os.path.join(OUT, AREA, *parts)
    if not os.path.isdir(path):
        os.makedirs(path)
    return path


def write_json(path, value):
    with io.open(path, "w", encoding="utf-8", newline="\n") as f:
        f.write(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + u"\n")


def write_text(path, text):
    with io.open(path, "w", encoding="utf-8", newline="\n") as f:
        f.write(text)


def settle_contexts(meta):
    """Control flow contexts are kept serialized, with a map inside: puts its entries in key order too."""
    for key, kind in (("cond_context", control_flow_pb2.CondContextDef), ("while_context", control_flow_pb2.WhileContextDef)):
        if key in meta.collection_def:
            values = meta.collection_def[key].bytes_list.value
            for i, value in enumerate(list(values)):
                values[i] = kind.FromString(value).SerializeToString(deterministic=True)


def write_proto(path, message):
    """Binary, with map entries in key order."""
    if isinstance(message, tf.MetaGraphDef):
        settle_contexts(message)
    with open(path, "wb") as f:
        f.write(message.SerializeToString(deterministic=True))


def write_proto_text(path, message):
    write_text(path, text_format.MessageToString(message))


def rewrite_proto(path, message):
    """Parses the file into `message` (empty) and writes it back deterministically: TensorFlow's own map order varies."""
    with open(path, "rb") as f:
        message.ParseFromString(f.read())
    write_proto(path, message)
    return message


def settle(folder):
    """Rewrites every .meta and .pb below the folder deterministically."""
    for parent, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if name.endswith(".meta"):
                rewrite_proto(os.path.join(parent, name), tf.MetaGraphDef())
            elif name.endswith(".pb"):
                rewrite_proto(os.path.join(parent, name), tf.GraphDef())


def finish():
    write_json(os.path.join(OUT, "run.json"), {
        "tensorflow": VERSION, "numpy": np.__version__, "protobuf": google.protobuf.__version__,
        "python": "%d.%d.%d" % sys.version_info[:3]})


# Tensor values as the protocol writes them (conformance/PROTOCOL.md, section 4).

def _shortest(bits_of, value):
    """The decimal with the fewest digits that `bits_of` maps to the same bits."""
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    want = bits_of(value)
    for digits in range(1, 18):
        mantissa, exponent = ("%.*e" % (digits - 1, value)).split("e")
        if bits_of(float("%se%s" % (mantissa, exponent))) == want:
            break
    sign = "-" if mantissa.startswith("-") else ""
    figures = mantissa.lstrip("-").replace(".", "").rstrip("0") or "0"
    power = int(exponent)
    if figures == "0":
        return sign + "0"
    if -5 <= power < 16:
        if power < 0:
            return sign + "0." + "0" * (-power - 1) + figures
        if len(figures) <= power + 1:
            return sign + figures + "0" * (power + 1 - len(figures))
        return sign + figures[:power + 1] + "." + figures[power + 1:]
    return sign + figures[0] + ("." + figures[1:] if len(figures) > 1 else "") + "e%d" % power


def bfloat16_bits(value):
    """Nearest bfloat16, ties to even, as its 16 bits."""
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16


def bfloat16_value(bits):
    return struct.unpack("<f", struct.pack("<I", bits << 16))[0]


def _float_text(kind):
    def bits_of(value):
        with np.errstate(all="ignore"):
            return kind(value).tobytes()
    return lambda v: _shortest(bits_of, float(v))


_TEXT = {
    "float16": _float_text(np.float16), "float32": _float_text(np.float32), "float64": _float_text(np.float64),
    "bfloat16": lambda bits: _shortest(bfloat16_bits, bfloat16_value(int(bits))),
    "bool": lambda v: "true" if v else "false",
}


def _complex_text(part):
    text = _float_text(part)
    return lambda v: "(%s,%s)" % (text(v.real), text(v.imag))


_TEXT["complex64"] = _complex_text(np.float32)
_TEXT["complex128"] = _complex_text(np.float64)


def tensor_json(array, dtype, exact=False):
    """A tensor in the protocol's form. `dtype` is a tf.DType; bfloat16 comes as any 2-byte array, strings as bytes objects.
    With `exact`, also "bytes": the little-endian memory in hex, which tells NaN payloads apart."""
    name = tf.as_dtype(dtype).base_dtype.name
    array = np.asarray(array)
    result = {"dtype": name, "shape": list(array.shape)}
    if name == "string":
        items = [v if isinstance(v, bytes) else v.encode("utf-8") for v in array.reshape(-1).tolist()]
        try:
            result["values"] = [v.decode("utf-8") for v in items]
            if any(u"\0" in v for v in result["values"]):
                raise ValueError("shown as hex")
        except ValueError:
            result["values"] = ["".join("%02x" % b for b in bytearray(v)) for v in items]
            result["encoding"] = "hex"
        return result
    if name == "bfloat16":
        array = np.ascontiguousarray(array).view(np.uint16).reshape(array.shape)
    if array.dtype.names:  # quantized: a one-field record
        array = array.view(array.dtype[0]).reshape(array.shape)
    flat = array.reshape(-1)
    text = _TEXT.get(name, lambda v: "%d" % int(v))
    result["values"] = [text(v) for v in flat]
    if exact:
        result["bytes"] = "".join("%02x" % b for b in bytearray(flat.tobytes()))
    return result


# Log lines, graphs and files.

class Log(logging.Handler):
    """TensorFlow's log lines, in `lines`, while it is entered; deprecation notices (they name files of the installation) left out."""

    def __init__(self):
        logging.Handler.__init__(self)
        self.lines = []

    def emit(self, record):
        text = record.getMessage()
        if "deprecat" not in text and "Instructions for updating" not in text:
            self.lines.append({"level": record.levelname.lower(), "text": text})

    def __enter__(self):
        logger = logging.getLogger("tensorflow")
        self._before = (logger.handlers, logger.propagate, logger.level)
        logger.handlers, logger.propagate = [self], False
        logger.setLevel(logging.INFO)
        return self

    def __exit__(self, *unused):
        logger = logging.getLogger("tensorflow")
        logger.handlers, logger.propagate, level = self._before
        logger.setLevel(level)


def copy_prefix(source, *target):
    """Copies all the files of a checkpoint prefix (a path without suffix) to OUT/AREA/target..., keeping names."""
    folder = out_dir(*target)
    base = os.path.basename(source)
    parent = os.path.dirname(source) or "."
    for name in sorted(os.listdir(parent)):
        if name == base or name.startswith(base + ".") or name.startswith(base + "-"):
            shutil.copyfile(os.path.join(parent, name), os.path.join(folder, name))


def error_json(error):
    """Class, code and text of an error, without this machine's paths and without 2.x's trace before the message."""
    text = getattr(error, "message", None) or str(error)
    text = re.sub(r"defined at \S*site-packages/", "defined at ", text)
    if "Graph execution error:" in text and "\nNode: " in text:
        text = text.split("\nNode: ", 1)[1].split("\n", 1)[1]
    result = {"class": type(error).__name__, "text": text}
    if isinstance(error, tf.errors.OpError):
        result["code"] = error.error_code
    return result


def parse_text(text, message):
    text_format.Merge(text, message)
    return message


def to_text(message):
    return text_format.MessageToString(message)
