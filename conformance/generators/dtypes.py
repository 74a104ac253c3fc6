"""dtype/…: each dtype × {scalar, empty, one dimension, five}, through save, read, restore and freeze; in parts; out of V1 files."""

import json
import os

from generators.notation import GOLDEN, case, count, suite, tensor

SHAPES = {"scalar": (), "empty": (0,), "vector": (5,), "five": (2, 1, 3, 1, 2)}
VALUES = {
    "float16": ["1.5", "-0", "65500", "6e-08", "nan"], "bfloat16": ["1.5", "-0", "3.39e+38", "1e-40", "nan"],
    "float32": ["0.1", "-0", "3.4028235e+38", "1e-45", "nan"], "float64": ["0.1", "-0", "1.7976931348623157e+308", "5e-324", "nan"],
    "int8": ["-128", "127", "0", "-1", "5"], "int16": ["-32768", "32767", "0", "-1", "5"],
    "int32": ["-2147483648", "2147483647", "0", "-1", "5"], "int64": ["-9223372036854775808", "9223372036854775807", "0", "-1", "5"],
    "uint8": ["0", "255", "1", "128", "5"], "uint16": ["0", "65535", "1", "32768", "5"],
    "uint32": ["0", "4294967295", "1", "2147483648", "5"], "uint64": ["0", "18446744073709551615", "1", "9223372036854775808", "5"],
    "bool": ["true", "false", "true", "true", "false"],
    "complex64": ["(0.1,-0)", "(nan,inf)", "(1e-45,2)", "(-1,0)", "(3,4)"], "complex128": ["(0.1,-0)", "(nan,inf)", "(5e-324,2)", "(-1,0)", "(3,4)"],
    "string": ["a", "", "nul\u0000inside", "häß", "longer than the others"],
    "qint8": ["-128", "127", "0", "-1", "5"], "quint8": ["0", "255", "1", "128", "5"], "qint16": ["-32768", "32767", "0", "-1", "5"],
    "quint16": ["0", "65535", "1", "32768", "5"], "qint32": ["-2147483648", "2147483647", "0", "-1", "5"],
}
VARIABLES = [d for d in VALUES if d not in ("uint32", "uint64") and "q" not in d]  # the dtypes that a variable has on a CPU
ASSEMBLED = ["float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool", "complex64", "complex128"]  # D21


def value(dtype, shape):
    values = VALUES[dtype]
    return tensor(dtype, shape, [values[i % len(values)] for i in range(count(shape))])


def zero(dtype, shape):
    filler = {"bool": "false", "string": "old", "complex64": "(0,0)", "complex128": "(0,0)"}.get(dtype, "0")
    return tensor(dtype, shape, [filler] * count(shape))


def variable(handle, name, initial, **more):
    return dict({"do": "variable", "as": handle, "name": name, "initial": {"constant": initial}}, **more)


def started(session="sess"):
    return [{"do": "session", "as": session}, {"do": "global_variables_initializer", "as": "init_" + session},
            {"do": "run", "session": session, "fetches": ["init_" + session]}]


def round_trip(dtype, kind, shape, **more):
    given = value(dtype, shape)
    return ([variable("v", "v", given, **more), {"do": "saver", "as": "saver"}] + started() + [
        {"do": "save", "saver": "saver", "session": "sess", "prefix": "./k", "expect": {"value": "./k"}},
        {"do": "reader", "as": "r", "prefix": "./k"},
        {"do": "variable_to_dtype_map", "reader": "r", "expect": {"value": {"v": dtype}}},
        {"do": "variable_to_shape_map", "reader": "r", "expect": {"value": {"v": list(shape)}}},
        {"do": "get_tensor", "reader": "r", "name": "v", "expect": {"value": given}},
        {"do": "graph", "as": "second"}, variable("w", "v", zero(dtype, shape), **more), {"do": "saver", "as": "saver2"}]
            + started("sess2") + [
                {"do": "restore", "saver": "saver2", "session": "sess2", "prefix": "./k"},
                {"do": "run", "session": "sess2", "fetches": ["w"], "expect": {"value": [given]}}])


def save_restore():
    cases = []
    for dtype in VARIABLES:
        for kind, shape in SHAPES.items():
            cases.append(case("dtype/save_restore/%s_%s" % (dtype, kind), "A %s variable (%s) is saved, read, and restored over another value." % (dtype, kind),
                              ["A35", "C24", "C08"], round_trip(dtype, kind, shape)))
    for dtype in VALUES:
        if dtype in VARIABLES:
            continue
        for kind, shape in SHAPES.items():
            cases.append(by_ops(dtype, kind, shape))
    return suite("dtype/save_restore", "Each dtype and four shapes through save, reader and restore.", cases)


def text(*values):
    return tensor("string", (len(values),), values)


def by_ops(dtype, kind, shape):
    given = value(dtype, shape)
    came = dict(given, dtype=dtype.replace("q", ""))  # TensorFlow hands quantized values out as plain integers
    prefix = {"do": "constant", "as": "prefix", "name": "prefix", "value": tensor("string", (), ["./k"])}
    names = {"do": "constant", "as": "names", "name": "names", "value": text("v")}
    slices = {"do": "constant", "as": "slices", "name": "slices", "value": text("")}
    steps = [prefix, names, slices, {"do": "placeholder", "as": "c", "name": "c", "dtype": dtype},
             {"do": "op", "as": "save", "op": "SaveV2", "inputs": ["prefix", "names", "slices", ["c"]], "name": "save"},
             {"do": "op", "as": "back", "op": "RestoreV2", "inputs": ["prefix", "names", "slices"],
              "attrs": {"dtypes": {"list": [{"type": dtype}]}}, "name": "back"},
             {"do": "session", "as": "sess"},
             {"do": "run", "session": "sess", "fetches": ["save"], "feeds": {"c": given}},
             {"do": "reader", "as": "r", "prefix": "./k"},
             {"do": "variable_to_dtype_map", "reader": "r", "expect": {"value": {"v": dtype}}},
             {"do": "variable_to_shape_map", "reader": "r", "expect": {"value": {"v": list(shape)}}},
             {"do": "get_tensor", "reader": "r", "name": "v", "expect": {"value": came}},
             {"do": "run", "session": "sess", "fetches": ["back"], "expect": {"value": [came]}}]
    return case("dtype/save_restore/%s_%s" % (dtype, kind), "A %s tensor (%s) goes through SaveV2 and RestoreV2; no variable has this dtype." % (dtype, kind),
                ["A35"], steps)


def resource():
    return suite("dtype/resource", "Resource variables of each dtype through save, reader and restore.", [
        case("dtype/resource/%s" % dtype, "A %s resource variable is saved, read, and restored." % dtype, ["A35", "C08"],
             round_trip(dtype, "vector", SHAPES["vector"], use_resource=True), needs=["resource_variables"]) for dtype in VARIABLES])


def freeze_steps(dtype, shape, **more):
    given = value(dtype, shape)
    return [variable("v", "v", given, **more), {"do": "identity", "as": "out", "x": "v", "name": "out"}] + started() + [
        {"do": "convert_variables_to_constants", "as": "frozen", "session": "sess", "output_node_names": ["out"], "expect": {"value": "?"}},
        {"do": "node_attr", "node": "v", "attr": "dtype", "graph_def": "frozen", "expect": {"value": {"type": dtype}}},
        {"do": "write_graph_def", "graph_def": "frozen", "file": "./frozen.pb"},
        {"do": "read_graph_def", "as": "read", "file": "./frozen.pb"},
        {"do": "graph", "as": "second"},
        {"do": "import_graph_def", "as": "y", "graph_def": "read", "name": "", "return_elements": ["out:0"]},
        {"do": "session", "as": "sess2"},
        {"do": "run", "session": "sess2", "fetches": ["out:0"], "expect": {"value": [given]}}]


def freeze():
    cases = []
    for dtype in VARIABLES:
        for kind, shape in SHAPES.items():
            made = case("dtype/freeze/%s_%s" % (dtype, kind), "A %s variable (%s) is frozen, written, read, imported and run." % (dtype, kind),
                        ["F04", "F25"], freeze_steps(dtype, shape))
            if (dtype, kind) == ("string", "scalar"):
                made.update(level="beyond", note="TensorFlow stumbles: AttributeError, 'bytes' object has no attribute 'shape'.")
                made["steps"] = [{k: v for k, v in s.items() if s["do"] != "convert_variables_to_constants" or k != "expect"} for s in made["steps"]]
            cases.append(made)
        cases.append(case("dtype/freeze/%s_resource" % dtype, "A %s resource variable is frozen, written, read, imported and run." % dtype,
                          ["F05", "F06"], freeze_steps(dtype, SHAPES["vector"], use_resource=True), needs=["resource_variables"]))
    return suite("dtype/freeze", "Variables of each dtype frozen into constants.", cases)


def rows(dtype, shape, start, end):
    """Rows start … end-1 of value(dtype, shape)."""
    whole, width = value(dtype, shape)["values"], count(shape[1:])
    return tensor(dtype, (end - start,) + tuple(shape[1:]), whole[start * width:end * width])


def parts_steps(dtype, shape, before, after, reader=True):
    whole = value(dtype, shape)
    steps = [{"do": "get_variable", "as": "p", "name": "p", "initial": {"value": whole}, "partitions": before}, {"do": "saver", "as": "saver"}]
    steps += started() + [{"do": "save", "saver": "saver", "session": "sess", "prefix": "./k"},
                          {"do": "reader", "as": "r", "prefix": "./k"},
                          {"do": "variable_to_shape_map", "reader": "r", "expect": {"value": {"p": list(shape)}}},
                          ] + [{"do": "get_tensor", "reader": "r", "name": "p", "expect": {"value": whole}}] * reader + [
                          {"do": "graph", "as": "second"}]
    make = {"do": "get_variable", "as": "q", "name": "p", "initial": {"value": zero(dtype, shape)}}
    if after:
        make["partitions"] = after
    return steps + [make, {"do": "saver", "as": "saver2"}] + started("sess2") + [
        {"do": "restore", "saver": "saver2", "session": "sess2", "prefix": "./k"},
        {"do": "run", "session": "sess2", "fetches": ["q"], "expect": {"value": "?"}}]


def parts():
    cases = []
    for dtype in VARIABLES:
        cases.append(case("dtype/parts/%s_same" % dtype, "Parts of %s are restored into the same parts, whatever the dtype." % dtype, ["A13", "D22"],
                          parts_steps(dtype, (5,), [2], [2], dtype in ASSEMBLED)))
        made = case("dtype/parts/%s_other" % dtype, "Parts of %s are read whole and restored into other parts." % dtype, ["D16", "D21"],
                    parts_steps(dtype, (5, 2), [3, 1], [2, 1]))
        if dtype not in ASSEMBLED:
            made["steps"][-1]["expect"]["value"] = [rows(dtype, (5, 2), 0, 3), rows(dtype, (5, 2), 3, 5)]
            made.update(level="beyond", holds_on=["1.15.5", "2.21.0"] if dtype == "bfloat16" else [],
                        note="TensorFlow answers INVALID_ARGUMENT: Dtype %s not supported.%s" % (
                            {"float16": "half"}.get(dtype, dtype), " 1.15.5 and 2.21.0 can." if dtype == "bfloat16" else ""))
        cases.append(made)
    layouts = [((4, 6), [1, 3], [2, 1]), ((4, 6), [4, 1], None), ((7, 3), [3, 1], [1, 2]), ((3, 2, 4), [1, 1, 4], [3, 1, 1]),
               ((5, 1, 3), [5, 1, 1], None), ((6,), [6], [4]), ((8, 2), [2, 1], [8, 1])]
    for shape, before, after in layouts:
        name = "_".join("x".join(map(str, x or [1])) for x in (shape, before, after))
        cases.append(case("dtype/parts/layout_%s" % name, "A variable of shape %s cut %s is restored %s." % (
            list(shape), before, "cut %s" % after if after else "whole"), ["A11", "A13", "D16"], parts_steps("int32", shape, before, after)))
    return suite("dtype/parts", "Partitioned variables of each dtype and several layouts.", cases)


def v1():
    with open(os.path.join(GOLDEN, "tf-1.11.0", "v1", "values.json"), encoding="utf-8") as source:
        stored = json.load(source)["files"]["dtypes.ckpt"]
    cases = []
    for name, entry in sorted(stored.items()):
        given = {k: entry["full"][k] for k in ("dtype", "shape", "values", "encoding") if k in entry["full"]}
        get = {"do": "get_tensor", "reader": "r", "name": name, "expect": {"value": given}}
        look = [{"do": "reader", "as": "r", "prefix": "d/k"}, {"do": "has_tensor", "reader": "r", "name": name, "expect": {"value": True}}]
        files = {"d/k": "golden:tf-1.11.0/v1/dtypes.ckpt"}
        if "reader_error" in entry:
            made = case("dtype/v1/%s_reader" % given["dtype"], "The reader gives a %s tensor of a V1 file." % given["dtype"], ["E08"], look + [get], files=files)
            made.update(level="beyond", holds_on=["2.21.0"] if name == "bool" else [],
                        note="TensorFlow answers UNIMPLEMENTED: %s.%s" % (entry["reader_error"]["text"], " 2.21.0 can." if name == "bool" else ""))
            cases.append(made)
        else:
            look.append(get)
        steps = look + [variable("v", name, zero(given["dtype"], given["shape"])), {"do": "saver", "as": "saver"}] + started() + [
                     {"do": "restore", "saver": "saver", "session": "sess", "prefix": "d/k"},
                     {"do": "run", "session": "sess", "fetches": ["v"], "expect": {"value": [given]}}]
        cases.append(case("dtype/v1/%s" % given["dtype"], "A %s tensor of a V1 file: what the reader says, and a Saver restores it." % given["dtype"],
                          ["E08", "C14"], steps, files=files))
    for dtype in VARIABLES:
        steps = [variable("v", "v", value(dtype, (5,))), {"do": "saver", "as": "saver", "write_version": 1}] + started() + [
            {"do": "save", "saver": "saver", "session": "sess", "prefix": "./k", "write_meta_graph": False, "expect": "?"},
            {"do": "saver", "as": "again", "name": "again"},
            {"do": "restore", "saver": "again", "session": "sess", "prefix": "./k", "expect": "?"},
            {"do": "run", "session": "sess", "fetches": ["v"], "expect": {"value": [value(dtype, (5,))]}}]
        cases.append(case("dtype/v1/written_%s" % dtype, "A V1 Saver writes %s, where V1 has the dtype." % dtype, ["A20", "E08", "B40"], steps, needs=["checkpoint_v1"]))
    return suite("dtype/v1", "Each dtype in files of the first format.", cases)


def mismatches():
    """A checkpoint of one dtype restored into a variable of another."""
    cases = []
    pairs = [("float32", "float64"), ("float32", "float16"), ("float32", "int32"), ("int32", "int64"), ("int64", "int32"), ("uint8", "int8"), ("bool", "uint8"),
             ("string", "float32"), ("float32", "string"), ("complex64", "complex128"), ("bfloat16", "float16"), ("float64", "float32"), ("int16", "uint16")]
    for stored, wanted in pairs:
        steps = [variable("v", "v", value(stored, (5,))), {"do": "saver", "as": "saver"}] + started() + [
            {"do": "save", "saver": "saver", "session": "sess", "prefix": "./k"}, {"do": "graph", "as": "second"},
            variable("w", "v", zero(wanted, (5,))), {"do": "saver", "as": "saver2"}] + started("sess2") + [
                {"do": "restore", "saver": "saver2", "session": "sess2", "prefix": "./k", "expect": "?"},
                {"do": "run", "session": "sess2", "fetches": ["w"], "expect": {"value": [zero(wanted, (5,))]}}]
        cases.append(case("dtype/mismatch/%s_as_%s" % (stored, wanted), "A %s checkpoint is not restored into a %s variable, which keeps its value." % (stored, wanted),
                          ["C05", "C13"], steps))
    return suite("dtype/mismatch", "A variable of another dtype than the checkpoint's.", cases)


def suites():
    return [save_restore(), resource(), freeze(), parts(), v1(), mismatches()]
