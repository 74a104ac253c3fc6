#!/usr/bin/env python3
"""Writes dictionaries/: words that libFuzzer (-dict) and AFL++ (-x) put into inputs; one file a target, in the format that both read.

    fuzz/make_dictionaries.py          op names are those of the signatures that some kernel names
"""

import glob
import os
import re
import struct

from make_regressions import HEADER, entry, field, masked_crc, shape, varint

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "fuzz", "dictionaries")

VARINTS = [varint(n) for n in (127, 128, 1 << 14, 1 << 31, (1 << 31) - 1, 1 << 32, 1 << 40, 1 << 45, 1 << 62, (1 << 63) - 1, 1 << 63, -1)]
FIXED = [struct.pack("<I", n) for n in (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000)]

TABLE = VARINTS + FIXED + [
    struct.pack("<Q", 0xDB4775248B80FB57),
    struct.pack("<II", 0, 1),                                     # the end of a block with one restart
    b"\0" + struct.pack("<I", masked_crc(struct.pack("<II", 0, 1) + b"\0")),  # the trailer of an empty block
    b"\1", b"\0\0", b"\0\1",
]
SLICE_KEYS = [b"\0", b"\0\1", b"\0\xff", b"\xff\0", b"\x7f", b"\x80", b"\x01\x01", b"\x01\x02", b"\xc0\x40", b"\xe0\x40\x00", b"\xff\x80\x80", b"\xff\xc0"]
SLICES = [field(7, field(1, field(1, 1) + field(2, 1))), field(7, field(1, b"")), field(1, field(1, -1)), field(1, field(2, 0))]
BUNDLE = TABLE + SLICE_KEYS + SLICES + [
    HEADER[1], field(1, 2), field(2, 1), field(3, field(2, 2)), field(3, field(3, 1)),
    entry(), entry(7, (1,), 6), entry(21, (1,), 8), entry(20, (), 0), entry(1, (-1,), 4), entry(1, (1 << 45,), 1 << 47),
    field(2, shape(2, 2)), field(2, field(3, 1)), field(2, b""), field(3, 1), field(3, -1), field(4, 4), field(4, -1), field(5, 4), field(5, -1), b"\x35",
] + [field(1, dtype) for dtype in list(range(1, 24)) + [101, 107, 128, 1000]]
STATE = [b'model_checkpoint_path: "', b'all_model_checkpoint_paths: "', b"all_model_checkpoint_timestamps: ", b"last_preserved_timestamp: ", b"1.5", b"nan", b"inf",
         b"-1e308", b'"\n', b'\\"', b"\\\\", b"\\303\\244", b"\\x80", b"\\0", b"\\u00e4", b"\\U0010ffff", b"\\ud800", b"../", b"/", b"k-1", b"#", b"[", b"]", b"<", b">",
         b"{", b"}", b";", b",", b"'", b'" "']
TENSOR = VARINTS + SLICE_KEYS + SLICES + [field(1, dtype) for dtype in list(range(1, 24)) + [101, 128]] + [
    field(2, shape(2)), field(2, shape(-1)), field(2, shape(1 << 31, 1 << 31)), field(2, field(3, 1)), field(3, 1), field(4, b"\0\0\0\0"), field(4, b""),
    field(5, struct.pack("<f", 1)), field(6, struct.pack("<d", 1)), field(7, b"\1"), field(8, b"abc"), field(9, struct.pack("<ff", 1, 2)), field(10, b"\1"), field(11, b"\1"),
    field(12, struct.pack("<dd", 1, 2)), field(13, b"\1"), field(14, field(3, b"v")), field(15, field(1, b"t")), field(16, b"\1"), field(17, b"\1"), b"-", b"0,1", b":", b" "]
NPY = [b"\x93NUMPY", b"\1\0", b"\2\0", b"\3\0", b"'descr': ", b"'fortran_order': ", b"'shape': ", b"True", b"False", b"(2, 3)", b"(1,)", b"()", b"(0,)", b"(-1,)",
       b"18446744073709551616", b"9223372036854775807", b", }", b"}", b"\n", b" "] + [
           ("'%s'" % d).encode() for d in ("<f4", ">f4", "<f8", "<f2", "<i2", "<i4", "<i8", "|i1", "|u1", "<u2", "<u4", "<u8", "|b1", "<c8", "<c16", "|S3", "|S0", "<U2", "|O", "=f4", "|V2")]
TEXT_GRAPH = [b"node {", b"attr {", b"key: ", b"value {", b"input: ", b"op: ", b"name: ", b"tensor {", b"tensor_shape {", b"dim {", b"size: ", b"dtype: DT_FLOAT", b"type: DT_INT32",
              b"list {", b"shape {", b"unknown_rank: true", b"float_val: ", b"string_val: ", b"tensor_content: ", b"versions {", b"producer: ", b"min_consumer: ", b"library {",
              b"function {", b"meta_info_def {", b"graph_def {", b"saver_def {", b"collection_def {", b"signature_def {", b"placeholder: ", b"func {", b"i: ", b"f: ", b"s: ", b"b: true"]


def kernel_ops():
    with open(os.path.join(ROOT, "reference/op/op_signatures.inc"), encoding="utf-8") as f:
        known = set(re.findall(r'^R"\((\w+)', f.read(), re.M))
    named = set()
    for path in glob.glob(os.path.join(ROOT, "reference/kernels/**/*.*"), recursive=True):
        with open(path, encoding="utf-8") as f:
            named.update(re.findall(r"\b[A-Z]\w+", f.read()))
    return sorted(known & named)


ATTRS = ["T", "dtype", "value", "shape", "N", "DstT", "SrcT", "Tidx", "Tshape", "Tindices", "axis", "keep_dims", "transpose_a", "transpose_b", "strides", "padding", "SAME", "VALID",
         "EXPLICIT", "data_format", "NHWC", "NCHW", "ksize", "dilations", "epsilon", "is_training", "container", "shared_name", "_class", "loc:@", "_output_shapes", "frame_name",
         "is_constant", "parallel_iterations", "num_split", "begin_mask", "shrink_axis_mask", "squeeze_dims", "dtypes", "output_types", "Tparams", "validate_indices", "use_locking"]
GRAPH = [name.encode() for name in kernel_ops() + ATTRS] + VARINTS + TEXT_GRAPH + [
    b"^", b":0", b":1", b"/read", b"save/Const", b"save/restore_all", b"serve", b"/cpu:0", b"/device:GPU:0", b"trainable_variables", b"saved_model_main_op", b"legacy_init_op"] + [
        field(6, dtype) for dtype in range(1, 24)] + [field(6, 100 + dtype) for dtype in (1, 3, 7)] + [field(7, shape(2)), field(7, field(3, 1)), field(2, b""), field(1, 1)]
SAVED_MODEL = [b"variables/variables", b"saved_model_schema_version", b"signature_def", b"assets_extra"]
# Numbers that the calls are made of, and lengths before text.
CAPI = [bytes([n]) for n in range(8)] + [bytes([len(w)]) + w.encode() for w in ("Const", "value", "dtype", "T", "VariableV2", "Assign", "a", "a:0", "")]

DICTIONARIES = {
    "table": TABLE, "leveldb": TABLE, "bundle": BUNDLE, "readers": BUNDLE, "merge": BUNDLE, "salvage": BUNDLE, "recovery": BUNDLE,
    "v1": TABLE + SLICE_KEYS + TENSOR, "slices": VARINTS + [b"-", b"0,1"], "roundtrip": VARINTS + [b"\0", b"\xff", b"/", b":0"], "state": STATE, "tensor": TENSOR, "npy": NPY,
    "graph": GRAPH, "meta_graph": GRAPH, "run": GRAPH, "saved_model": GRAPH + TABLE + SAVED_MODEL, "capi": GRAPH + CAPI,
}


def quoted(word):
    return "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else "\\x%02x" % b for b in word)


def main():
    os.makedirs(OUT, exist_ok=True)
    for target, words in DICTIONARIES.items():
        with open(os.path.join(OUT, target + ".dict"), "w", encoding="ascii") as f:
            f.write("# Written by make_dictionaries.py.\n")
            # AFL++ takes words of at most 128 bytes.
            f.writelines('"%s"\n' % quoted(word) for word in dict.fromkeys(words) if 0 < len(word) <= 128)


if __name__ == "__main__":
    main()
