"""TENSORs, steps and cases of the protocol, written with nothing but the standard library."""

import math
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "..", "..", "golden", "data")
VERSIONS = ["1.11.0", "1.15.5", "2.21.0"]

# struct code of one element (of its integer bits where Python has no such float), and its width.
CODES = {
    "float16": ("<H", 2), "bfloat16": ("<H", 2), "float32": ("<f", 4), "float64": ("<d", 8), "int8": ("<b", 1), "int16": ("<h", 2),
    "int32": ("<i", 4), "int64": ("<q", 8), "uint8": ("<B", 1), "uint16": ("<H", 2), "uint32": ("<I", 4), "uint64": ("<Q", 8),
    "bool": ("<?", 1), "qint8": ("<b", 1), "quint8": ("<B", 1), "qint16": ("<h", 2), "quint16": ("<H", 2), "qint32": ("<i", 4),
}
PLAIN_NAN = {"float16": 0x7E00, "bfloat16": 0x7FC0, "float32": 0x7FC00000, "float64": 0x7FF8000000000000}
WIDE = {"float16": "<e", "float32": "<f", "float64": "<d"}


def float_text(raw, kind):
    """The shortest decimal that gives the same bits."""
    bits = int.from_bytes(raw, "little")
    if kind == "bfloat16":
        value = struct.unpack("<f", b"\0\0" + raw)[0]
    else:
        value = struct.unpack(WIDE[kind], raw)[0]
    if math.isnan(value):
        return "nan" if bits == PLAIN_NAN[kind] else "nan:0x%0*x" % (2 * len(raw), bits)
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 1e6:
        return "-0" if math.copysign(1, value) < 0 and value == 0 else str(int(value))
    if kind == "float64":
        return repr(value)
    for digits in range(1, 12):
        text = "%.*g" % (digits, value)
        if packed(float(text), kind) == raw:
            return repr(float(text))
    raise ValueError("no decimal for %s" % raw.hex())


def packed(value, kind):
    if kind == "bfloat16":
        bits = struct.unpack("<I", struct.pack("<f", value))[0]
        return struct.pack("<H", ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) & 0xFFFF)
    try:
        return struct.pack(WIDE[kind], value)
    except OverflowError:
        return b""


def texts(data, kind):
    """The elements of `data`, little-endian memory, as the protocol writes them."""
    if kind in ("complex64", "complex128"):
        parts = texts(data, "float32" if kind == "complex64" else "float64")
        return ["(%s,%s)" % pair for pair in zip(parts[0::2], parts[1::2])]
    code, width = CODES[kind]
    raw = [data[i:i + width] for i in range(0, len(data), width)]
    if kind in PLAIN_NAN:
        return [float_text(r, kind) for r in raw]
    values = [struct.unpack(code, r)[0] for r in raw]
    return [("true" if v else "false") if kind == "bool" else str(v) for v in values]


def golden_tensor(stored):
    """A TENSOR from the golden files' {"dtype", "shape", "hex" or "strings"}."""
    out = {"dtype": stored["dtype"], "shape": stored["shape"]}
    if "strings" in stored:
        raw = [bytes.fromhex(s) for s in stored["strings"]]
        try:
            out["values"] = [r.decode("utf-8") for r in raw]
        except UnicodeDecodeError:
            out.update(encoding="hex", values=stored["strings"])
    else:
        out["values"] = texts(bytes.fromhex(stored["hex"]), stored["dtype"])
    return out


def tensor(dtype, shape, values):
    return {"dtype": dtype, "shape": list(shape), "values": list(values)}


def count(shape):
    return math.prod(shape)


def case(name, about, spec, steps, **more):
    """A case; `holds_on` is carried over from the committed file or measured, see make_cases.py."""
    out = {"id": name, "level": "required", "about": about, "spec": spec}
    for key in ("needs", "holds_on"):
        if more.get(key):
            out[key] = more[key]
    if "files" in more:
        out["files"] = more["files"]
    out["steps"] = steps
    if "after" in more:
        out["after"] = more["after"]
    return out


def suite(name, about, cases):
    return {"suite": name, "about": about, "cases": cases}
