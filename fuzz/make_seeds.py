#!/usr/bin/env python3
"""Seeds from the golden files, and inputs for what they have none of; one folder a target:  make_seeds.py OUT"""

import os
import random
import shutil
import struct
import sys

from make_regressions import HEADER, bundle, entry, field, files, masked_crc, shape, table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GOLDEN = os.path.join(ROOT, "golden", "data")
VERSIONS = ("tf-1.11.0", "tf-1.15.5", "tf-2.21.0")
LARGEST = 65536
TARGETS = ("table", "bundle", "v1", "slices", "merge", "salvage", "recovery", "readers", "state", "roundtrip", "tensor", "npy", "graph", "meta_graph",
           "run", "saved_model", "capi", "leveldb")


def golden():
    for version in VERSIONS:
        root = os.path.join(GOLDEN, version)
        for folder, _, names in sorted(os.walk(root)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.getsize(path) <= LARGEST:
                    label = os.path.relpath(path, root).replace(os.sep, "-")
                    yield path, label if version == VERSIONS[0] else version + "-" + label


def read(path):
    if not os.path.exists(path) or os.path.getsize(path) > LARGEST:
        return b""
    with open(path, "rb") as f:
        return f.read()


def from_golden(put):
    last = None
    for path, name in golden():
        data = read(path)
        folder = os.path.dirname(path)
        if path.endswith(".index"):
            prefix = path[:-len(".index")]
            values, meta = read(prefix + ".data-00000-of-00001"), read(prefix + ".meta")
            put("table", name, data)
            put("leveldb", name, data)
            put("bundle", name, files(data, values, meta, read(os.path.join(folder, "checkpoint"))))
            put("readers", name, files(data, values))
            if last is not None:
                put("merge", name, files(*last, data, values))
                put("recovery", name, files(data, values, *last, bytes([len(data) % 6])))
                put("recovery", name + "-first", files(data, values, b"", b"", bytes([0x80 | len(data) % 6])))
            last = data, values
            if meta:
                put("salvage", name, files(meta, values, b""))
                put("salvage", name + "-cut", files(meta, values, data[:len(data) // 2]))
                put("saved_model", name, files(field(1, 1) + field(2, meta), data, values))
        elif os.sep + "v1" + os.sep in path and not path.endswith(".json"):
            put("v1", name, data)
        elif path.endswith((".pb", ".meta", ".pbtxt")):
            put("graph", name, data)
            put("run", name, data)
            if len(data) < 4096:
                put("capi", name, bytes([2]) + struct.pack("<I", len(data)) + data + b"\0\0\1" + b"\6\1\0\0\0\0\0\0\0\1" * 4)
            if ".meta" in name or "meta" in os.path.basename(folder):
                put("meta_graph", name, data)
        elif os.path.basename(path) == "checkpoint":
            put("state", name, data)


def tensors(put):
    kinds = {1: (5, struct.pack("<f", 1.5)), 2: (6, struct.pack("<d", 1.5)), 3: (7, b"\5"), 4: (7, b"\5"), 5: (7, b"\5"), 6: (7, b"\5"),
             7: (8, b"abc"), 8: (9, struct.pack("<ff", 1, 2)), 9: (10, b"\5"), 10: (11, b"\1"), 11: (7, b"\5"), 12: (7, b"\5"), 13: (7, b"\5"),
             14: (13, b"\x80\x7f"), 15: (7, b"\5"), 16: (7, b"\5"), 17: (7, b"\5"), 18: (12, struct.pack("<dd", 1, 2)), 19: (13, b"\1\2"),
             22: (16, b"\5"), 23: (17, b"\5")}
    for dtype, (number, value) in kinds.items():
        for dims in ((), (1,), (2, 2), (0,)):
            put("tensor", "proto%d-%d" % (dtype, len(dims) + 4 * (dims == (0,))), field(1, dtype) + field(2, shape(*dims)) + field(number, value))
    for dtype, width in ((1, 4), (3, 4), (9, 8), (10, 1), (14, 2), (19, 2), (18, 16)):
        put("tensor", "content%d" % dtype, field(1, dtype) + field(2, shape(2)) + field(4, bytes(range(2 * width))))
    handle = field(1, b"/cpu:0") + field(2, b"c") + field(3, b"v") + field(4, 7) + field(5, b"type")
    put("tensor", "resource", field(1, 20) + field(2, shape(1)) + field(14, handle))
    variant = field(1, b"tensorflow::Tensor") + field(2, b"meta") + field(3, field(1, 1) + field(2, shape(1)) + field(5, struct.pack("<f", 2)))
    put("tensor", "variant", field(1, 21) + field(2, shape(1)) + field(15, variant))
    for i, text in enumerate((b"4 2 0,2:-", b"4 2 -:-", b"10 3,4", b"2 3 4 0,1:1,2:-", b"4 5,1", b"x", b"")):
        put("tensor", "spec%d" % i, text)
    put("tensor", "slice_key", b"\0name\0\1\x01\x80\x7f")
    for i, descr in enumerate(("<f4", "<f8", "<f2", ">f4", "<i4", ">i8", "|i1", "|u1", "<u2", "<u4", "<u8", "|b1", "<c8", ">c16", "|S3", "|S0", "<U2", "|O", "<i2")):
        for version in (1, 2):
            for order in ("False", "True"):
                body = ("{'descr': '%s', 'fortran_order': %s, 'shape': (2, 3), }" % (descr, order)).encode()
                body = body.ljust(117) + b"\n"
                length = struct.pack("<H", len(body)) if version == 1 else struct.pack("<I", len(body))
                put("npy", "%d-%d-%s" % (i, version, order), b"\x93NUMPY" + bytes([version, 0]) + length + body + bytes(range(96)))
    for i, dims in enumerate(("()", "(3,)", "(0, 2)", "(-1,)", "(2")):
        body = ("{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % dims).encode().ljust(117) + b"\n"
        put("npy", "shape%d" % i, b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body)) + body + bytes(64))


def made(put):
    rng = random.Random(5)  # the same each time
    for i in range(24):
        put("slices", "random%d" % i, bytes(rng.randrange(256) for _ in range(40 + 10 * i)))
        put("roundtrip", "random%d" % i, bytes(rng.randrange(256) for _ in range(20 + 40 * i)))
        put("capi", "random%d" % i, bytes(rng.choice((rng.randrange(12), rng.randrange(256))) for _ in range(60 + 40 * i)))
    # A tensor that is large enough to be mapped, of zeros; and one beside it.
    for i, (dtype, dims, size, offset) in enumerate(((1, (262144,), 1 << 20, 0), (4, (1 << 20,), 1 << 20, 64), (1, (262144,), 1 << 20, 3), (10, (1 << 20,), 1 << 20, 0),
                                                     (18, (65536,), 1 << 20, 16))):
        large = entry(dtype, dims, size) + field(4, offset)
        put("readers", "mapped%d" % i, files(table([HEADER, (b"a", large), (b"b", entry(1, (1,), 4))]), b""))
    # Strings, variants and slices with their checksums; both byte orders.
    strings = b"\1\2\0" + struct.pack("<I", masked_crc(struct.pack("<III", 1, 2, 0))) + b"abb"
    put("bundle", "strings", bundle([HEADER, (b"s", entry(7, (3,), len(strings)))], strings))
    big = field(1, 1) + field(2, 1) + field(3, field(1, 1))
    for dtype, width in ((1, 4), (10, 1), (18, 16), (14, 2)):
        put("bundle", "big_endian%d" % dtype, bundle([(b"", big), (b"a", entry(dtype, (2,), 2 * width))], bytes(range(2 * width))))
    put("bundle", "big_endian_strings", bundle([(b"", big), (b"s", entry(7, (3,), len(strings)))], strings))
    inner = field(1, b"tensorflow::Tensor") + field(3, field(1, 1) + field(2, shape(1)) + field(5, struct.pack("<f", 2)))
    length = struct.pack("<Q", len(inner))
    variant = bytes([len(inner)]) + inner + struct.pack("<I", masked_crc(length + inner))
    put("bundle", "variant", bundle([HEADER, (b"v", entry(21, (1,), len(variant)))], variant))
    put("state", "relative", b'model_checkpoint_path: "k-2"\nall_model_checkpoint_paths: "k-1"\nall_model_checkpoint_paths: "k-2"\n')
    put("state", "absolute", b'model_checkpoint_path: "/a/k"\nall_model_checkpoint_paths: "/a/k"\n')
    put("state", "escaped", b'model_checkpoint_path: "k\\303\\244 \\"x\\""\nall_model_checkpoint_timestamps: 1.5\nlast_preserved_timestamp: 2\n')
    put("leveldb", "two_blocks", table([(b"%03d" % i, bytes([i % 256]) * (i % 40)) for i in range(200)]))


def main():
    out = sys.argv[1]
    for target in TARGETS:
        shutil.rmtree(os.path.join(out, target), ignore_errors=True)
        os.makedirs(os.path.join(out, target))

    def put(target, name, data):
        with open(os.path.join(out, target, name), "wb") as f:
            f.write(data)

    from_golden(put)
    tensors(put)
    made(put)


if __name__ == "__main__":
    main()
