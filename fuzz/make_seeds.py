#!/usr/bin/env python3
"""Seeds from the golden files, one folder a target:  make_seeds.py OUT"""

import os
import shutil
import struct
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GOLDEN = os.path.join(ROOT, "golden", "data", "tf-1.11.0")
LARGEST = 16384


def golden():
    for folder, _, names in sorted(os.walk(GOLDEN)):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.path.getsize(path) <= LARGEST:
                yield path, os.path.relpath(path, GOLDEN).replace(os.sep, "-")


def main():
    out = sys.argv[1]
    for target in ("table", "bundle", "v1", "graph", "tensor"):
        shutil.rmtree(os.path.join(out, target), ignore_errors=True)
        os.makedirs(os.path.join(out, target))
    for path, name in golden():
        if path.endswith(".index"):
            shutil.copy(path, os.path.join(out, "table", name))
            data = path[:-len(".index")] + ".data-00000-of-00001"
            if os.path.exists(data) and os.path.getsize(data) <= LARGEST:
                with open(path, "rb") as index, open(data, "rb") as values, open(os.path.join(out, "bundle", name), "wb") as f:
                    bytes_ = index.read()
                    f.write(struct.pack("<I", len(bytes_)) + bytes_ + values.read())
        elif os.sep + "v1" + os.sep in path and not path.endswith(".json"):
            shutil.copy(path, os.path.join(out, "v1", name))
        elif path.endswith((".pb", ".meta", ".pbtxt")):
            shutil.copy(path, os.path.join(out, "graph", name))
        elif os.path.basename(path) == "checkpoint":
            shutil.copy(path, os.path.join(out, "tensor", name))
    # A TensorProto of each kind of field, a .npy, a slice key.
    for i, (number, value) in enumerate(((5, struct.pack("<f", 1.5)), (6, struct.pack("<d", 1.5)), (7, b"\x05"), (8, b"\x03abc"), (13, b"\x01\x02"))):
        dtype = {5: 1, 6: 2, 7: 3, 8: 7, 13: 19}[number]
        body = value if number == 8 else bytes([len(value)]) + value
        with open(os.path.join(out, "tensor", "proto%d" % i), "wb") as f:
            f.write(bytes([8, dtype, 0x12, 4, 0x12, 2, 8, 1, number << 3 | 2]) + body)
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".ljust(117) + b"\n"
    with open(os.path.join(out, "tensor", "npy"), "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + struct.pack("<ff", 1, 2))


if __name__ == "__main__":
    main()
