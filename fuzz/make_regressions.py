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


def block(entries, body=None, restarts=(0,)):
    """`restarts` are numbers of entries."""
    bodies = [varint(0) + varint(len(k)) + varint(len(v)) + k + v for k, v in entries]
    if body is None:
        body = b"".join(bodies)
    body += b"".join(struct.pack("<I", len(b"".join(bodies[:i]))) for i in restarts) + struct.pack("<I", len(restarts))
    return body + b"\0" + struct.pack("<I", masked_crc(body + b"\0"))


def table(entries, index_handle=None, body=None, restarts=(0,)):
    data, meta = block(entries, body, restarts), block([])
    last = max((k for k, _ in entries), default=b"z" if body else b"")
    index = block([(last + b"\0", varint(0) + varint(len(data) - 5))])
    at = len(data) + len(meta)
    footer = varint(len(data)) + varint(len(meta) - 5) + (index_handle or varint(at) + varint(len(index) - 5))
    return data + meta + index + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def snappy_table(compressed):
    """A table whose one data block is these bytes, said to be snappy's."""
    data = compressed + b"\1"
    data += struct.pack("<I", masked_crc(data))
    meta, index = block([]), block([(b"z", varint(0) + varint(len(compressed)))])
    footer = varint(len(data)) + varint(len(meta) - 5) + varint(len(data) + len(meta)) + varint(len(index) - 5)
    return data + meta + index + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


HEADER = (b"", field(1, 1) + field(3, field(1, 1)))


def shape(*dims):
    return b"".join(field(2, field(1, d)) for d in dims)


def entry(dtype=1, dims=(), size=4, crc=0, slices=()):
    return field(1, dtype) + field(2, shape(*dims)) + field(5, size) + varint(6 << 3 | 5) + struct.pack("<I", crc) + b"".join(field(7, s) for s in slices)


def files(*contents):
    """Several files in one input, as util.h's SplitFiles takes them apart."""
    return b"".join(struct.pack("<I", len(c)) + c for c in contents[:-1]) + contents[-1]


def bundle(entries, data=b"\0\0\0\0"):
    return files(table(entries), data, b"", b"")


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
    "bundle/sizes_sum_beyond_2_63": bundle([HEADER, (b"a", entry(dims=(1,), size=(1 << 63) - 1)), (b"b", entry(dims=(1,), size=(1 << 63) - 1))]),
    "bundle/slices_cover_beyond_2_63": bundle([HEADER, (b"a", entry(dims=(1 << 62,), slices=(field(1, b""),) * 3))]),
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
    "graph/repeated_attr": field(1, field(1, b"a") + field(2, b"Const") + field(5, field(1, b"dtype") + field(2, field(6, 1))) * 2),
    "graph/attr_without_value": field(1, field(1, b"a") + field(2, b"Const") + field(5, field(1, b"dtype")) + field(5, field(1, b"value"))),
    "graph/self_input": field(1, field(1, b"a") + field(2, b"Identity") + field(3, b"a")),
    "graph/deeply_nested": field(1, field(1, b"a") + field(2, b"Const") + field(5, field(1, b"value") + field(2, b"\x1a\x02" * 3000))),
    "tensor/elements_2_45": field(1, 1) + field(2, shape(1 << 45)) + field(5, struct.pack("<f", 1)),
    "tensor/strings_2_40": field(1, 7) + field(2, shape(1 << 40)) + field(8, b"x"),
    "tensor/negative_dimension": field(1, 1) + field(2, shape(-1)),
    "tensor/npy_shape_2_62": b"\x93NUMPY\x01\x00" + struct.pack("<H", 70) + b"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,)}".ljust(70)[:70],
}


def node(name, op, *inputs, **attrs):
    return field(1, field(1, name) + field(2, op) + b"".join(field(3, i) for i in inputs) +
                 b"".join(field(5, field(1, k.encode()) + field(2, v)) for k, v in attrs.items()))


def type_(dtype):
    return field(6, dtype)


def value(dtype, dims, *fields):
    return field(8, field(1, dtype) + field(2, shape(*dims)) + b"".join(fields))


def const(name, dtype, dims, *fields):
    return node(name, b"Const", dtype=type_(dtype), value=value(dtype, dims, *fields))


ENDLESS_LOOP = (const(b"zero", 1, (), field(5, struct.pack("<f", 0))) + node(b"enter", b"Enter", b"zero", T=type_(1), frame_name=field(2, b"f")) +
                node(b"merge", b"Merge", b"enter", b"next", T=type_(1), N=field(3, 2)) +
                node(b"true", b"Const", b"^merge", dtype=type_(10), value=value(10, (), field(11, 1))) + node(b"cond", b"LoopCond", b"true") +
                node(b"switch", b"Switch", b"merge", b"cond", T=type_(1)) + node(b"body", b"Identity", b"switch:1", T=type_(1)) +
                node(b"next", b"NextIteration", b"body", T=type_(1)) + node(b"exit", b"Exit", b"switch", T=type_(1)))
INT_MAX = field(7, (1 << 31) - 1)
SLICED = entry(dims=(4,), size=0, slices=(field(1, field(1, 1) + field(2, 2)),))
VERSIONS = field(1, 1) + field(3, field(1, 1))

# What is named by the advisories: each of them, in the form in which these parsers would meet it.
INPUTS.update({
    # TFSA-2018-004 (CVE-2018-7575): a block's size that overflows; TFSA-2018-005 (CVE-2018-7577): snappy that copies from before its output.
    "table/tfsa_2018_004_block_size_overflows": table([HEADER], index_handle=varint((1 << 64) - 5) + varint((1 << 64) - 1)),
    "table/tfsa_2018_005_snappy_overlap": snappy_table(b"\x20" + b"\x04ab" + b"\x0e\xff\xff\x1e\x02\x00"),
    "leveldb/tfsa_2018_005_snappy_overlap": snappy_table(b"\x20" + b"\x04ab" + b"\x1e\x02\x00"),
    # GHSA-7pxj-m4jf-r6h2 (CVE-2021-41203): sizes of slices that overflow, lists of other lengths.
    "bundle/ghsa_7pxj_slice_overflows": bundle([HEADER, (b"a", entry(dims=(1 << 62,), slices=(field(1, field(1, (1 << 63) - 1) + field(2, (1 << 63) - 1)),)))]),
    "v1/ghsa_7pxj_slice_overflows": table([(b"", field(1, field(1, field(1, b"a") + field(2, shape(4)) + field(3, 1) + field(4, field(1, field(1, (1 << 63) - 1) + field(2, 2))))))]),
    "merge/ghsa_7pxj_conflicting_slices": files(table([HEADER, (b"a", SLICED)]), b"", table([HEADER, (b"a", entry(dims=(5,), slices=(field(1, field(1, 1) + field(2, 2)),)))]), b""),
    # GHSA-gh6x-4whr-2qv4 (CVE-2021-37639): a restore without names; GHSA-wp77-4gmm-7cq8 (CVE-2021-37648): a save of fewer tensors than names.
    "graph/ghsa_gh6x_restore_without_names": const(b"p", 7, (), field(8, b"x")) + const(b"n", 7, (0,)) + node(b"r", b"RestoreV2", b"p", b"n", b"n", dtypes=field(1, field(6, varint(1)))),
    "salvage/ghsa_wp77_save_of_fewer_tensors": files(
        field(2, const(b"n", 7, (2,), field(8, b"a"), field(8, b"b")) + node(b"save/SaveV2", b"SaveV2", b"n", b"n", b"n", dtypes=field(1, field(6, varint(1) + varint(1))))) +
        field(3, field(2, b"save/control_dependency:0")), b"\0" * 8, b""),
    # GHSA-j3mj-fhpq-qqjj (CVE-2022-23571), GHSA-8rcj-c8pj-v3m3 (CVE-2022-23564): protos of tensors and resources that end in a CHECK.
    "tensor/ghsa_j3mj_unknown_dtype": field(1, 99) + field(2, shape(1)),
    "tensor/ghsa_j3mj_no_dtype": field(2, shape(1)) + field(5, struct.pack("<f", 1)),
    "tensor/ghsa_8rcj_resource_bad_shape": field(1, 20) + field(2, shape(1)) + field(14, field(3, b"v") + field(6, field(1, 1) + field(2, shape(-7)))),
    # GHSA-4v5p-v5h9-6xjx (CVE-2022-23565): an attr twice; GHSA-247x-2f9f-5wp7 (CVE-2022-23591): a function that calls itself.
    "run/ghsa_4v5p_repeated_attr": const(b"a", 1, ()) + field(1, field(1, b"b") + field(2, b"Identity") + field(3, b"a") + field(5, field(1, b"T") + field(2, type_(1))) * 2),
    "run/ghsa_247x_self_recursive_function": function_graph(),
    # GHSA-627q-g293-49q7 (CVE-2022-23580): a vector of any length; GHSA-q85f-69q7-55h2 (CVE-2022-23573): an assignment of nothing.
    "run/ghsa_627q_huge_vector": const(b"d", 3, (1,), INT_MAX) + const(b"v", 1, (), field(5, struct.pack("<f", 1))) + node(b"f", b"Fill", b"d", b"v", T=type_(1), index_type=type_(3)),
    "run/ghsa_q85f_uninitialized_assign": node(b"v", b"VariableV2", dtype=type_(1), shape=field(7, shape(2))) + node(b"w", b"VariableV2", dtype=type_(1), shape=field(7, shape(2))) + node(b"a", b"Assign", b"v", b"w", T=type_(1)),
    # GHSA-9px9-73fg-3fqp (CVE-2022-23589), GHSA-pqrv-8r2f-7278 (CVE-2022-23590): a GraphDef whose nodes were altered.
    "graph/ghsa_9px9_input_of_nothing": node(b"a", b"Switch") + node(b"b", b"Identity", b"a:7", T=type_(1)),
    "graph/ghsa_pqrv_altered_node": node(b"", b"", b"", b"^", T=b""),
    # GHSA-w5gh-2wr2-pm6g (CVE-2020-15206): SavedModels that are none.
    "saved_model/ghsa_w5gh_no_meta_graphs": files(field(1, 1), b"", b""),
    "saved_model/ghsa_w5gh_main_op_of_nothing": files(field(1, 1) + field(2, field(2, node(b"a", b"NoOp")) + field(4, field(1, b"saved_model_main_op") + field(2, field(1, field(1, b"nothing"))))), b"", b""),
    "saved_model/nothing": files(b"", b"", b""),
    # Beyond the advisories.
    "run/endless_loop": ENDLESS_LOOP,
    "run/constant_of_2_40": const(b"c", 1, (1 << 40,), field(5, struct.pack("<f", 1))),
    "run/strings_double": const(b"s0", 7, (), field(8, b"abcd")) + b"".join(node(b"s%d" % (i + 1), b"StringJoin", b"s%d" % i, b"s%d" % i, N=field(3, 2)) for i in range(40)),
    "meta_graph/collection_of_nothing": field(2, node(b"a", b"NoOp")) + field(4, field(1, b"variables") + field(2, field(2, field(1, field(1, b"x"))))),
    "meta_graph/saver_of_nothing": field(2, node(b"a", b"NoOp")) + field(3, field(1, b"save/Const:0") + field(2, b"save/x:0") + field(3, b"save/restore_all")),
    "meta_graph/text_escapes_what_is_no_utf8": b'graph_def { node { name: "a" op: "NoOp" attr { key: "_\\217" value { i: 1 } } } versions { producer: 26 } } meta_info_def { tags: "\\377" }',
    "state/not_text": b"\x00\xff\xfe",
    "state/endless_string": b'model_checkpoint_path: "' + b"a" * 1000,
    "npy/header_longer_than_the_file": b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xFFFFFFFF) + b"{",
    "npy/shape_2_62": INPUTS["tensor/npy_shape_2_62"],
    "slices/nothing": b"",
    "roundtrip/nothing": b"",
    "readers/nothing": files(b"", b""),
    "capi/nothing": b"",
    "salvage/no_meta": files(b"", b"", b""),
    "merge/no_header": files(table([(b"a", entry())]), b"", table([HEADER]), b""),
})
del INPUTS["tensor/npy_shape_2_62"]


# One restart for 2000 entries, each of which is looked up some twenty times (a campaign's).
INPUTS["bundle/sparse_restarts"] = bundle([HEADER] + [(b"%06d" % i, entry()) for i in range(2000)])
# 8000 keys of 32 KiB each, which all but one byte of it repeat.
LONG = b"k" * 32768
INPUTS["table/keys_repeat_a_long_prefix"] = table([], body=varint(0) + varint(len(LONG)) + b"\0" + LONG + (varint(len(LONG)) + b"\1\0x") * 8000)
# Restarts out of order: where a look-up ends depends on which of them it meets (a campaign's).
for name, shuffled in (("swapped", (0, 8, 4, 2, 6)), ("backwards", (0, 9, 7, 5, 3, 1)), ("late", (0, 1, 9, 2, 3, 8))):
    INPUTS["leveldb/restarts_" + name] = table([(b"k%d" % i, b"v") for i in range(10)], restarts=shuffled)


def main():
    for name, data in INPUTS.items():
        path = os.path.join(HERE, "regressions", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data)
    print("%d inputs" % len(INPUTS))


if __name__ == "__main__":
    main()
