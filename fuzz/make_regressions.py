#!/usr/bin/env python3
"""Writes regressions/: one input for each kind of fault that advisories on TensorFlow's parsers name, with right checksums.

    fuzz/make_regressions.py           what campaigns find is added beside them by hand
"""

import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = [0] * 256
for i in range(256):
    c = i
    for _ in range(8):
        c = c >> 1 ^ (0x82F63B78 if c & 1 else 0)
    TABLE[i] = c


def masked_crc(data):
    c = 0xFFFFFFFF
    for b in data:
        c = TABLE[(c ^ b) & 255] ^ c >> 8
    c ^= 0xFFFFFFFF
    return ((c >> 15 | c << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries):
    body = b"".join(varint(0) + varint(len(k)) + varint(len(v)) + k + v for k, v in entries)
    body += struct.pack("<II", 0, 1)
    return body + b"\0" + struct.pack("<I", masked_crc(body + b"\0"))


def table(entries, index_handle=None):
    data, meta = block(entries), block([])
    last = max((k for k, _ in entries), default=b"")
    index = block([(last + b"\0", varint(0) + varint(len(data) - 5))])
    at = len(data) + len(meta)
    footer = varint(len(data)) + varint(len(meta) - 5) + (index_handle or varint(at) + varint(len(index) - 5))
    return data + meta + index + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


HEADER = (b"", field(1, 1) + field(3, field(1, 1)))


def shape(*dims):
    return b"".join(field(2, field(1, d)) for d in dims)


def entry(dtype=1, dims=(), size=4, crc=0, slices=()):
    return field(1, dtype) + field(2, shape(*dims)) + field(5, size) + varint(6 << 3 | 5) + struct.pack("<I", crc) + b"".join(field(7, s) for s in slices)


def bundle(entries, data=b"\0\0\0\0"):
    index = table(entries)
    return struct.pack("<I", len(index)) + index + data


def function_graph():
    call = field(1, b"y") + field(2, b"f")
    body = field(1, b"again") + field(2, b"f")
    function = field(1, field(1, b"f")) + field(3, body)
    return field(1, call) + field(2, field(1, function)) + field(4, field(1, 27))


INPUTS = {
    "bundle/unparsable_entry": bundle([HEADER, (b"a", b"\xff\xff\xff")]),
    "bundle/negative_dimension": bundle([HEADER, (b"a", entry(dims=(-5,)))]),
    "bundle/overflowing_dimensions": bundle([HEADER, (b"a", entry(dims=(1 << 40, 1 << 40)))]),
    "bundle/unknown_dtype": bundle([HEADER, (b"a", entry(dtype=100))]),
    "bundle/elements_2_45": bundle([HEADER, (b"a", entry(dims=(1 << 45,), size=1 << 47))]),
    "bundle/strings_2_40": bundle([HEADER, (b"a", entry(dtype=7, dims=(1 << 40,), size=1 << 41))]),
    "bundle/strings_2_40_in_little": bundle([HEADER, (b"a", entry(dtype=7, dims=(1 << 40,), size=4))]),
    "bundle/negative_size": bundle([HEADER, (b"a", entry(dims=(1,), size=-4))]),
    "bundle/no_header": bundle([(b"a", entry())]),
    "bundle/no_entries_at_all": bundle([]),
    "bundle/many_shards": bundle([(b"", field(1, 0x7FFFFFFF)), (b"a", entry())]),
    "bundle/duplicate_slice": bundle([HEADER, (b"a", entry(dims=(4,), slices=(field(1, field(2, 2)), field(1, field(2, 2)))))]),
    "bundle/slice_without_a_value": bundle([HEADER, (b"a", entry(dims=(4,), slices=(field(1, field(1, 2) + field(2, 2)),)))]),
    "bundle/slice_of_another_rank": bundle([HEADER, (b"a", entry(dims=(4,), slices=(field(1, field(2, 2)) * 3,)))]),
    "bundle/resource": bundle([HEADER, (b"a", entry(dtype=20))]),
    "bundle/variant": bundle([HEADER, (b"a", entry(dtype=21, dims=(3,)))]),
    "table/index_block_2_40": table([HEADER], index_handle=varint(0) + varint(1 << 40)),
    "table/index_block_wraps": table([HEADER], index_handle=varint((1 << 64) - 2) + varint(1 << 10)),
    "table/nothing": b"",
    "table/footer_alone": b"\0" * 40 + struct.pack("<Q", 0xDB4775248B80FB57),
    "v1/no_metadata": table([(b"a", b"")]),
    "v1/negative_dimension": table([(b"", field(1, field(1, field(1, b"a") + field(2, shape(-3)) + field(3, 1))))]),
    "v1/elements_2_45": table([(b"", field(1, field(1, field(1, b"a") + field(2, shape(1 << 45)) + field(3, 1) + field(4, field(1, b"")))))]),
    "graph/self_referencing_function": function_graph(),
    "graph/self_input": field(1, field(1, b"a") + field(2, b"Identity") + field(3, b"a")),
    "graph/deeply_nested": field(1, field(1, b"a") + field(2, b"Const") + field(5, field(1, b"value") + field(2, b"\x1a\x02" * 3000))),
    "tensor/elements_2_45": field(1, 1) + field(2, shape(1 << 45)) + field(5, struct.pack("<f", 1)),
    "tensor/strings_2_40": field(1, 7) + field(2, shape(1 << 40)) + field(8, b"x"),
    "tensor/negative_dimension": field(1, 1) + field(2, shape(-1)),
    "tensor/npy_shape_2_62": b"\x93NUMPY\x01\x00" + struct.pack("<H", 70) + b"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,)}".ljust(70)[:70],
}


def main():
    for name, data in INPUTS.items():
        path = os.path.join(HERE, "regressions", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
    print("%d inputs" % len(INPUTS))


if __name__ == "__main__":
    main()
