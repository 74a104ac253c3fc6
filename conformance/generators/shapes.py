"""save/keys, save/sizes, bundle/devices, bundle/edges: names, sizes and devices at their edges."""

from generators.dtypes import started, text, variable
from generators.notation import case, suite, tensor

KEYS = {
    "umlaut": "häß", "cjk": "世界/変数", "emoji": "w😀", "space": "with space", "colon": "a:0", "quote": 'say "x"', "backslash": "a\\b", "newline": "a\nb",
    "tab": "\t", "nul_inside": "a\u0000b", "slashes": "//a//", "dots": "../k", "long": "x" * 1000, "percent": "%s%d%n", "suffix": "k.index",
    "combining": "e\u0301", "dash": "-", "high": "\u07ff", "astral": "\U0010ffff",
}


def floats(*values):
    return tensor("float32", (len(values),), values)


def keys():
    cases = []
    for name, key in KEYS.items():
        steps = [variable("v", "v", floats("1", "2")), {"do": "saver", "as": "saver", "var_list": {key: "v"}}] + started() + [
            {"do": "save", "saver": "saver", "session": "sess", "prefix": "./k", "write_meta_graph": False},
            {"do": "reader", "as": "r", "prefix": "./k"},
            {"do": "variable_to_shape_map", "reader": "r", "expect": {"value": {key: [2]}}},
            {"do": "has_tensor", "reader": "r", "name": key, "expect": {"value": True}},
            {"do": "has_tensor", "reader": "r", "name": key + "x", "expect": {"value": False}},
            {"do": "get_tensor", "reader": "r", "name": key, "expect": {"value": floats("1", "2")}},
            {"do": "assign", "as": "z", "variable": "v", "value": floats("0", "0")},
            {"do": "run", "session": "sess", "fetches": ["z"]},
            {"do": "restore", "saver": "saver", "session": "sess", "prefix": "./k"},
            {"do": "run", "session": "sess", "fetches": ["v"], "expect": {"value": [floats("1", "2")]}}]
        cases.append(case("save/keys/" + name, "A dict gives a variable the key %s." % (ascii(key) if len(key) < 40 else "of 1000 letters"), ["A05", "E06"], steps))
    order = [k for k in KEYS.values() if len(k) < 40 and "\n" not in k]
    names = ["v%d" % i for i in range(len(order))]
    steps = [variable(n, n, floats(str(i))) for i, n in enumerate(names)] + [{"do": "saver", "as": "saver", "var_list": dict(zip(order, names))}] + started() + [
        {"do": "save", "saver": "saver", "session": "sess", "prefix": "./k", "write_meta_graph": False},
        {"do": "node_attr", "node": "save/SaveV2/tensor_names", "attr": "value", "expect": {"value": "?"}},
        {"do": "reader", "as": "r", "prefix": "./k"},
        {"do": "debug_string", "reader": "r", "expect": {"value": "?"}}]
    cases.append(case("save/keys/order", "Keys of all kinds stand in byte order in the graph and in the index.", ["A15", "E05"], steps))
    return suite("save/keys", "Keys that no operation could be named by.", cases)


def sizes():
    cases = []
    for count in (65535, 65536, 65537, 131073, 262144):
        given = tensor("float32", (count,), ["1.5"])
        steps = [variable("a", "a", floats("7")), variable("v", "v", given), variable("z", "z", floats("8")), {"do": "saver", "as": "saver"}] + started() + [
            {"do": "save", "saver": "saver", "session": "sess", "prefix": "./k", "write_meta_graph": False},
            {"do": "reader", "as": "r", "prefix": "./k"},
            {"do": "variable_to_shape_map", "reader": "r", "expect": {"value": {"a": [1], "v": [count], "z": [1]}}},
            {"do": "get_tensor", "reader": "r", "name": "z", "expect": {"value": floats("8")}},
            {"do": "get_tensor", "reader": "r", "name": "v", "expect": {"value": given}},
            {"do": "get_tensor", "reader": "r", "name": "a", "expect": {"value": floats("7")}}]
        cases.append(case("save/sizes/float32_%d" % count, "A tensor of %d floats between two small ones." % count, ["A35", "D36"], steps))
    for size in (127, 128, 2000):
        given = tensor("string", (2,), ["x" * size, "end"])
        steps = [variable("v", "v", given), {"do": "saver", "as": "saver"}] + started() + [
            {"do": "save", "saver": "saver", "session": "sess", "prefix": "./k", "write_meta_graph": False},
            {"do": "reader", "as": "r", "prefix": "./k"}, {"do": "get_tensor", "reader": "r", "name": "v", "expect": {"value": given}}]
        cases.append(case("save/sizes/string_%d" % size, "A string of %d bytes, whose length takes %d byte(s)." % (size, 1 + (size > 127)), ["C24"], steps))
    for count in (1, 16, 17, 1200):
        names = ["model/layer_%04d/kernel/Adam" % i for i in range(count)]
        prefix = {"do": "constant", "as": "prefix", "name": "prefix", "value": tensor("string", (), ["./k"])}
        wanted = sorted({names[0], names[count // 2], names[-1]})
        steps = [prefix, {"do": "constant", "as": "names", "name": "names", "value": text(*names)},
                 {"do": "constant", "as": "slices", "name": "slices", "value": tensor("string", (count,), [""])},
                 {"do": "constant", "as": "c", "name": "c", "value": tensor("int32", (), ["7"])},
                 {"do": "op", "as": "save", "op": "SaveV2", "inputs": ["prefix", "names", "slices", ["c"] * count], "name": "save"},
                 {"do": "session", "as": "sess"}, {"do": "run", "session": "sess", "fetches": ["save"]}, {"do": "reader", "as": "r", "prefix": "./k"}]
        for name in wanted:
            steps.append({"do": "get_tensor", "reader": "r", "name": name, "expect": {"value": tensor("int32", (), ["7"])}})
        steps += [{"do": "has_tensor", "reader": "r", "name": name, "expect": {"value": False}}
                  for name in ("model/layer_0000/kernel/Ada", "model/layer_0000/kernel/Adam0", "model/layer_%04d/kernel/Adam" % count)]
        cases.append(case("save/sizes/keys_%d" % count, "%d keys that share most of their bytes." % count, ["D37", "D36"], steps))
    return suite("save/sizes", "Tensors, strings and key counts around the format's boundaries.", cases)


def on_devices(count, offset=0):
    steps = []
    for i in range(count):
        steps.append({"do": "device", "name": "/cpu:%d" % i, "steps": [variable("v%d" % i, "v%d" % i, floats(str(i + offset), str(i + offset + 10)))]})
    return steps


def several(session, cpus):
    return [{"do": "session", "as": session, "cpus": cpus}, {"do": "global_variables_initializer", "as": "init_" + session},
            {"do": "run", "session": session, "fetches": ["init_" + session]}]


def devices():
    cases = []
    save = {"do": "save", "saver": "saver", "session": "sess", "prefix": "d/k", "expect": {"value": "d/k"}}
    for count in (1, 2, 3, 4):
        names = ["v%d" % i for i in range(count)]
        files = ["checkpoint"] + ["k.data-%05d-of-%05d" % (i, count) for i in range(count)] + ["k.index", "k.meta"]
        values = [floats(str(i), str(i + 10)) for i in range(count)]
        begin = on_devices(count) + [{"do": "saver", "as": "saver", "sharded": True}] + several("sess", count) + [{"do": "mkdir", "file": "d"}, save]
        steps = begin + [{"do": "list_files", "dir": "d", "expect": {"value": files}}, {"do": "graph", "as": "second"}]
        plain = [variable(n, n, floats("0", "0")) for n in names]
        steps += plain + [{"do": "saver", "as": "saver2"}] + started("sess2") + [
            {"do": "restore", "saver": "saver2", "session": "sess2", "prefix": "d/k"},
            {"do": "run", "session": "sess2", "fetches": names, "expect": {"value": values}}]
        cases.append(case("bundle/devices/%d_to_one" % count, "What %d device(s) saved in shards is restored without shards." % count, ["A19", "A34", "D24"], steps,
                          needs=["several_cpus"]))
        steps = [variable(n, n, v) for n, v in zip(names, values)] + [{"do": "saver", "as": "saver"}] + started() + [
            {"do": "save", "saver": "saver", "session": "sess", "prefix": "./k"}, {"do": "graph", "as": "second"}]
        steps += on_devices(count, 100) + [{"do": "saver", "as": "saver2", "sharded": True}] + several("sess2", count) + [
            {"do": "restore", "saver": "saver2", "session": "sess2", "prefix": "./k"},
            {"do": "run", "session": "sess2", "fetches": names, "expect": {"value": values}}]
        cases.append(case("bundle/devices/one_to_%d" % count, "What was saved without shards is restored on %d device(s) by a sharded Saver." % count, ["A19", "A34"], steps,
                          needs=["several_cpus"]))
        for lost in range(count):
            steps = begin + [{"do": "delete_file", "file": "d/k.data-%05d-of-%05d" % (lost, count)},
                             {"do": "latest_checkpoint", "dir": "d", "expect": {"value": "?"}},
                             {"do": "restore", "saver": "saver", "session": "sess", "prefix": "d/k", "expect": "?"}]
            for i in range(count):
                steps += [{"do": "reader", "as": "r%d" % i, "prefix": "d/k"}, {"do": "get_tensor", "reader": "r%d" % i, "name": "v%d" % i, "expect": "?"}]
            if count > 1:
                cases.append(case("bundle/devices/%d_without_%d" % (count, lost), "Shard %d of %d is missing: its variables cannot be read, the others can." % (lost, count),
                                  ["B39", "D09"], steps, needs=["several_cpus"]))
    steps = [{"do": "get_variable", "as": "p", "name": "p", "initial": {"value": tensor("int32", (6,), list("123456"))}, "partitions": [3]},
             {"do": "saver", "as": "saver", "sharded": True}] + started() + [
                 {"do": "mkdir", "file": "d"}, save, {"do": "list_files", "dir": "d", "expect": {"value": "?"}}, {"do": "reader", "as": "r", "prefix": "d/k"},
                 {"do": "get_tensor", "reader": "r", "name": "p", "expect": {"value": tensor("int32", (6,), list("123456"))}},
                 {"do": "restore", "saver": "saver", "session": "sess", "prefix": "d/k"},
                 {"do": "run", "session": "sess", "fetches": ["p"], "expect": {"value": "?"}}]
    cases.append(case("bundle/devices/parts", "Parts of one variable are saved by a sharded Saver.", ["A13", "A19", "D16"], steps))
    return suite("bundle/devices", "Sharded saves over several devices.", cases)


def golden_table(name):
    return {"k.index": "golden:tf-1.11.0/tables/%s.ckpt.index" % name, "k.data-00000-of-00001": "golden:tf-1.11.0/tables/%s.ckpt.data-00000-of-00001" % name}


def edges():
    wide = lambda i: "%06d" % i + "x" * 4000
    sets = [("just_under_a_block", "64 keys of 4006 bytes fit one block.", [(wide(i), i) for i in (0, 31, 63)], [wide(64), wide(0)[:-1]]),
            ("just_over_a_block", "One key more than a block takes.", [(wide(i), i) for i in (0, 64, 65, 66)], [wide(67)]),
            ("huge_key", "A name of 530000 bytes between two short ones.", [("a", 0), ("z", 2)], ["b", "m", "zz"])]
    for count in (15, 16, 31):
        sets.append(("restarts_%d" % count, "%d keys, the header beside them: one restart interval, just over, almost two." % count, "?", []))
    cases = []
    for name, about, present, absent in sets:
        if present == "?":
            steps = [{"do": "reader", "as": "r", "prefix": "./k"}, {"do": "variable_to_shape_map", "reader": "r", "expect": {"value": "?"}},
                     {"do": "debug_string", "reader": "r", "expect": {"value": "?"}}]
        else:
            steps = [{"do": "reader", "as": "r", "prefix": "./k"}]
            steps += [{"do": "get_tensor", "reader": "r", "name": key, "expect": {"value": tensor("int32", (), [str(i)])}} for key, i in present]
            steps += [{"do": "has_tensor", "reader": "r", "name": key, "expect": {"value": False}} for key in absent]
        cases.append(case("bundle/edges/" + name, about, ["D37"], steps, files=golden_table(name)))
    # Names that are no UTF-8 reach the file as tensors only.
    odd = sorted([b"ff\xff", b"\xff\xff", b"\xc3\xa4", b"nul\0nul", b" ", b"\x01"])
    all_kinds = sorted([b"\0", b"\0\0", b"\0a", b"\xff", b"\xff\xff", b"\xff\0\xff", b"a\0b", b"\x7f", b"\x80", "\u540d\u524d".encode("utf-8"), b" ", b"\n",
                        b"a", b"A", b"/", b"//", b"^a", b":0", b"\xc3\x28"])
    for name, names in (("high_last", [b"a", b"\xff" * 9]), ("odd_names", all_kinds), ("written_odd", odd)):
        count = len(names)
        given = dict(tensor("string", (count,), [n.hex() for n in names]), encoding="hex")
        steps = [{"do": "constant", "as": "prefix", "name": "prefix", "value": tensor("string", (), ["./k"])},
                 {"do": "constant", "as": "names", "name": "names", "value": given},
                 {"do": "constant", "as": "slices", "name": "slices", "value": tensor("string", (count,), [""])}]
        parts = ["c%d" % i for i in range(count)]
        if name == "written_odd":
            steps += [{"do": "constant", "as": c, "name": c, "value": tensor("int32", (), [str(i)])} for i, c in enumerate(parts)]
            steps.append({"do": "op", "as": "save", "op": "SaveV2", "inputs": ["prefix", "names", "slices", parts], "name": "save"})
        steps.append({"do": "op", "as": "back", "op": "RestoreV2", "inputs": ["prefix", "names", "slices"],
                      "attrs": {"dtypes": {"list": [{"type": "int32"}] * count}}, "name": "back"})
        steps.append({"do": "session", "as": "sess"})
        if name == "written_odd":
            steps.append({"do": "run", "session": "sess", "fetches": ["save"]})
        steps += [{"do": "run", "session": "sess", "fetches": ["back"], "expect": {"value": [tensor("int32", (), [str(i)]) for i in range(count)]}},
                  {"do": "reader", "as": "r", "prefix": "./k"}, {"do": "debug_string", "reader": "r", "expect": {"value": "?"}}]
        files = {"files": golden_table(name)} if name != "written_odd" else {}
        cases.append(case("bundle/edges/" + name, "Names of bytes that are no text%s." % (" are read" if files else " are written and read"), ["E05", "D37"], steps, **files))
    return suite("bundle/edges", "Index files at the edges of blocks and restart intervals.", cases)


def suites():
    return [keys(), sizes(), devices(), edges()]
