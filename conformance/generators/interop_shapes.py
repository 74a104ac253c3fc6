"""The checkpoints, meta graphs, state files and frozen graphs of interop.py: how each is written, read and compared."""

import json
import os
import struct

from generators import dtypes
from generators.notation import tensor

KINDS = dtypes.SHAPES
class Shape:
    """One kind of checkpoint: variables by name, and how they are made and saved."""

    def __init__(self, name, values, make=None, saver=None, cpus=1, read_by_name=None, make_read=None, keys=None, read_saver=None):
        self.name, self.values, self.saver, self.cpus = name, values, saver or {}, cpus
        self.by_name = list(values) if read_by_name is None else read_by_name  # what the reader is asked for
        self.keys = keys or {}  # of the checkpoint, where they are not the variables' names
        self.read_saver = self.saver if read_saver is None else read_saver
        self._make = make or (lambda handle, key, v: dtypes.variable(handle, key, v))
        self._make_read = make_read or self._make

    def build(self, values, prefix):
        make, saver = (self._make, self.saver) if prefix == "w" else (self._make_read, self.read_saver)
        steps = [step for i, (key, value) in enumerate(values.items()) for step in listed(make("%s%d" % (prefix, i), key, value))]
        if self.keys:
            saver = dict(saver, var_list={self.keys.get(key, key): "%s%d" % (prefix, i) for i, key in enumerate(values)})
        session = {"do": "session", "as": "sess" + prefix}
        if self.cpus > 1:
            session["cpus"] = self.cpus
        return steps + [dict({"do": "saver", "as": "saver" + prefix}, **saver), session,
                        {"do": "global_variables_initializer", "as": "init" + prefix},
                        {"do": "run", "session": "sess" + prefix, "fetches": ["init" + prefix]}]

    def write(self):
        return self.build(self.values, "w") + [{"do": "save", "saver": "saverw", "session": "sessw", "prefix": "./k"}]

    def read(self):
        zeros = {k: dtypes.zero(v["dtype"], v["shape"]) for k, v in self.values.items()}
        steps = self.build(zeros, "r") + [{"do": "restore", "saver": "saverr", "session": "sessr", "prefix": "./k"},
                                          {"do": "run", "session": "sessr", "fetches": ["r%d" % i for i in range(len(zeros))]}]
        steps += [{"do": "reader", "as": "reader", "prefix": "./k"}, {"do": "variable_to_shape_map", "reader": "reader"}] + [
            {"do": "get_tensor", "reader": "reader", "name": self.keys.get(key, key)} for key in self.by_name]
        return steps

    def compare(self, answers, folder):
        wanted = list(self.values.values())
        named = len(self.by_name)
        run, shape_map = answers[len(answers) - named - 3]["value"], answers[len(answers) - named - 1]["value"]
        want_map = {self.keys.get(key, key): list(v["shape"]) for key, v in self.values.items()}
        if shape_map != want_map:
            differ = sorted(k for k in set(want_map) | set(shape_map) if want_map.get(k) != shape_map.get(k))
            return "variable_to_shape_map differs at %s" % json.dumps(differ[:3], ensure_ascii=False)
        got = joined([loaded(v, folder) for v in run], wanted)
        by_name = [loaded(a["value"], folder) for a in answers[len(answers) - named:]]
        for key, want, have in zip(list(self.values) + self.by_name, wanted + [self.values[k] for k in self.by_name], got + by_name):
            if not same(want, have):
                return "%s is %s, not %s" % (key, str(have)[:120], json.dumps(want)[:120])
        return ""


class Program:
    """What is no list of variables: steps that write, steps that read, and what some of the latter must give."""

    def __init__(self, name, write, read):
        self.name, self._write = name, write
        self._read = [step for step, _ in read]
        self._wants = [want for _, want in read]

    def write(self):
        return self._write

    def read(self):
        return self._read

    def compare(self, answers, folder):
        for step, answer, want in zip(self._read, answers, self._wants):
            have = answer.get("value")
            if want is None:
                continue
            if isinstance(want, list) and want and isinstance(want[0], dict):
                if len(want) == len(have) and all(same(w, loaded(h, folder)) for w, h in zip(want, have)):
                    continue
            elif have == want:
                continue
            return "%s gives %s, not %s" % (step["do"], json.dumps(have)[:150], json.dumps(want)[:150])
        return ""


def listed(steps):
    return steps if isinstance(steps, list) else [steps]


def joined(got, wanted):
    """Parts of a variable come one by one; they are put together along the first axis."""
    out, at = [], 0
    for want in wanted:
        have = got[at]
        at += 1
        while at < len(got) and elements(have["shape"]) < elements(want["shape"]):
            part = got[at]
            at += 1
            have = {"dtype": have["dtype"], "shape": [have["shape"][0] + part["shape"][0]] + have["shape"][1:],
                    "bytes": expanded(have) + expanded(part)}
        out.append(have)
    return out


def loaded(value, folder):
    """What came as a file: float32 alone comes so here."""
    if "npy" not in value:
        return value
    with open(os.path.join(folder, value["npy"]), "rb") as f:
        data = f.read()
    end = 10 + struct.unpack("<H", data[8:10])[0]
    header = data[10:end].decode()
    if "'<f4'" not in header or "'fortran_order': False" not in header:
        raise ValueError(header)
    shape = [int(d) for d in header.split("(")[1].split(")")[0].split(",") if d.strip()]
    return {"dtype": "float32", "shape": shape, "raw": data[end:]}


def elements(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def expanded(value):
    """Every element's text; strings byte by byte."""
    if "bytes" in value:
        return value["bytes"]
    n, values = elements(value["shape"]), value["values"]
    if value.get("encoding") == "hex":
        values = [bytes.fromhex(v).decode("latin-1") for v in values]
    elif value["dtype"] == "string":
        values = [v.encode("utf-8").decode("latin-1") for v in values]
    return values * n if len(values) == 1 and n != 1 else values


FLOATS = {"float16": "<e", "float32": "<f", "float64": "<d", "complex64": "<f", "complex128": "<d"}


def bits(text, dtype):
    if text.startswith("nan"):
        return text.lower()  # "nan" is the one usual quiet NaN; any other has its bits in its text
    if dtype in ("complex64", "complex128"):
        return tuple(bits(part, "float32" if dtype == "complex64" else "float64") for part in text[1:-1].split(","))
    if dtype == "bfloat16":
        whole = struct.unpack("<I", struct.pack("<f", number(text)))[0]
        return (whole + 0x7FFF + ((whole >> 16) & 1)) >> 16
    if dtype in FLOATS:
        return struct.pack(FLOATS[dtype], number(text))
    return text


def number(text):
    return float.fromhex(text) if "0x" in text else float(text)


def same(want, have):
    if want["dtype"] != have["dtype"] or list(want["shape"]) != list(have["shape"]):
        return False
    if "raw" in have:
        return struct.pack("<%df" % elements(want["shape"]), *map(number, expanded(want))) == have["raw"]
    return [bits(v, want["dtype"]) for v in expanded(want)] == [bits(v, want["dtype"]) for v in expanded(have)]


def partitioned(cuts):
    return lambda handle, key, v: {"do": "get_variable", "as": handle, "name": key, "initial": {"value": v}, "partitions": cuts}


def resource(handle, key, v):
    return dtypes.variable(handle, key, v, use_resource=True)


def on_devices(handle, key, v):
    device = "/cpu:%d" % (int(handle[1:]) % 2)
    return {"do": "device", "name": device, "steps": [dtypes.variable(handle, key, v)]}


def shapes():
    for dtype in dtypes.VARIABLES:
        yield Shape("dtype_" + dtype, {kind: dtypes.value(dtype, shape) for kind, shape in KINDS.items()})
        yield Shape("parts_" + dtype, {"p": dtypes.value(dtype, (5, 2))}, make=partitioned([3, 1]))
    yield Shape("nan_payloads", {"float32": tensor("float32", (3,), ["nan", "nan:0x7fc00001", "nan:0xffc12345"]),
                                 "float64": tensor("float64", (2,), ["nan", "nan:0x7ff8000000000001"]),
                                 "float16": tensor("float16", (2,), ["nan", "nan:0x7e01"])})
    yield Shape("resource_variables", {d: dtypes.value(d, (5,)) for d in ("float32", "int64", "bool")}, make=resource)
    yield Shape("sharded", {"v%d" % i: dtypes.value("float32", (3,)) for i in range(4)}, make=on_devices, saver={"sharded": True}, cpus=2)
    yield Shape("v1", {d: dtypes.value(d, (5,)) for d in ("float32", "float64", "int32", "int64", "string")}, saver={"write_version": 1})
    yield Shape("names", {"a": tensor("int32", (), ["1"]), "a.b/c-d_e": tensor("int32", (), ["2"]), "A" * 300: tensor("int32", (), ["3"]),
                          "scope/deep/deeper/v": tensor("int32", (), ["4"])})
    # The variables' names are in the reader's list, one by one they would take minutes in TensorFlow.
    many = {"layer_%04d/weights" % i: tensor("float32", (3,), [str(i), "0.1", "-1"]) for i in range(3000)}
    yield Shape("many", many, read_by_name=["layer_0000/weights", "layer_1733/weights", "layer_2999/weights"])
    yield Shape("big", {"big": tensor("float32", (1024, 1024), ["0.1"])})
    yield from more_variables()
    yield from programs()


def resource_read(handle, key, v):
    return dtypes.variable(handle, key, v)


def more_variables():
    """Keys in UTF-8, parts read by other parts, what one kind of variable wrote read by another."""
    values = {"v%d" % i: tensor("float32", (2,), [str(i), "0.1"]) for i in range(4)}
    yield Shape("utf8_keys", values, keys={"v0": "na\u00efve/gewicht\u00e4", "v1": "\u043a\u043b\u044e\u0447", "v2": "\u91cd\u307f/\U0001f600", "v3": "plain"})
    parts = {"p": dtypes.value("float32", (5, 2)), "q": dtypes.value("int64", (7,))}
    cut = lambda first, second: lambda handle, key, v: partitioned([first, 1] if key == "p" else [second])(handle, key, v)
    yield Shape("parts_into_other_parts", parts, make=cut(3, 4), make_read=cut(2, 3))
    yield Shape("parts_into_whole", parts, make=cut(3, 4), make_read=lambda handle, key, v: dtypes.variable(handle, key, v))
    yield Shape("whole_into_parts", parts, make=lambda handle, key, v: dtypes.variable(handle, key, v), make_read=cut(3, 4))
    plain = {d: dtypes.value(d, (5,)) for d in ("float32", "float64", "int64", "bool")}
    yield Shape("resource_into_plain", plain, make=resource, make_read=resource_read)
    yield Shape("plain_into_resource", plain, make_read=resource)
    yield Shape("parts_of_resource_variables", {"p": dtypes.value("float32", (5, 2))},
                make=lambda handle, key, v: {"do": "get_variable", "as": handle, "name": key, "initial": {"value": v}, "partitions": [2, 1], "use_resource": True})
    yield Shape("sharded_into_one_device", {"v%d" % i: dtypes.value("float32", (3,)) for i in range(4)}, make=on_devices,
                make_read=lambda handle, key, v: dtypes.variable(handle, key, v), saver={"sharded": True}, cpus=2, read_saver={})


A, B, PRODUCT = tensor("float32", (2,), ["1.5", "-0.1"]), tensor("float32", (2,), ["2", "3"]), tensor("float32", (2,), ["3", "-0.3"])


def model(**more):
    """out = a * b, both variables; the product is rounded the same everywhere."""
    return [dtypes.variable("a", "a", A, **more), dtypes.variable("b", "b", B, **more), {"do": "mul", "as": "out", "x": "a", "y": "b", "name": "out"}]


def saved(steps, **saver):
    return steps + [dict({"do": "saver", "as": "saver"}, **saver), {"do": "session", "as": "sess"},
                    {"do": "global_variables_initializer", "as": "init"}, {"do": "run", "session": "sess", "fetches": ["init"]},
                    {"do": "save", "saver": "saver", "session": "sess", "prefix": "./k"}]


def restored_from(meta, want):
    return [({"do": "import_meta_graph", "as": "saver", "file": meta}, None), ({"do": "session", "as": "sess"}, None),
            ({"do": "restore", "saver": "saver", "session": "sess", "prefix": "./k"}, None),
            ({"do": "run", "session": "sess", "fetches": ["out:0"]}, [want])]


def programs():
    parts = [{"do": "get_variable", "as": "p", "name": "p", "initial": {"value": dtypes.value("float32", (4, 2))}, "partitions": [2, 1]},
             {"do": "identity", "as": "out", "x": "p[1]", "name": "out"}]
    second_half = tensor("float32", (2, 2), dtypes.value("float32", (4, 2))["values"][4:])
    yield Program("meta_graph", saved(model()), restored_from("./k.meta", PRODUCT))
    yield Program("meta_graph_text", saved(model()) + [{"do": "export_meta_graph", "file": "./t.meta", "as_text": True, "saver": "saver"}],
                  restored_from("./t.meta", PRODUCT))
    yield Program("meta_graph_resource", saved(model(use_resource=True)), restored_from("./k.meta", PRODUCT))
    yield Program("meta_graph_parts", saved(parts), restored_from("./k.meta", second_half))
    yield Program("meta_graph_sharded", saved(model(), sharded=True), restored_from("./k.meta", PRODUCT))
    for name, more in (("frozen", {}), ("frozen_resource", {"use_resource": True})):
        yield Program(name, saved(model(**more)) + [
            {"do": "convert_variables_to_constants", "as": "frozen", "session": "sess", "output_node_names": ["out"]},
            {"do": "write_graph_def", "graph_def": "frozen", "file": "./f.pb", "as_text": False}], [
                ({"do": "read_graph_def", "as": "g", "file": "./f.pb"}, None), ({"do": "import_graph_def", "graph_def": "g", "name": ""}, None),
                ({"do": "session", "as": "sess"}, None), ({"do": "run", "session": "sess", "fetches": ["out:0"]}, [PRODUCT])])
    for dtype in ("float16", "float64", "int8", "int64", "uint16", "bool", "complex64", "string"):
        value = dtypes.value(dtype, (5,))
        yield Program("frozen_" + dtype, saved([dtypes.variable("v", "v", value), {"do": "identity", "as": "out", "x": "v", "name": "out"}]) + [
            {"do": "convert_variables_to_constants", "as": "frozen", "session": "sess", "output_node_names": ["out"]},
            {"do": "write_graph_def", "graph_def": "frozen", "file": "./f.pb", "as_text": False}], [
                ({"do": "read_graph_def", "as": "g", "file": "./f.pb"}, None), ({"do": "import_graph_def", "graph_def": "g", "name": ""}, None),
                ({"do": "session", "as": "sess"}, None), ({"do": "run", "session": "sess", "fetches": ["out:0"]}, [value])])
    yield Program("state_file", saved(model(), max_to_keep=2) + [
        {"do": "save", "saver": "saver", "session": "sess", "prefix": "./k", "global_step": step} for step in (1, 2, 3)], [
            ({"do": "latest_checkpoint", "dir": "."}, "./k-3"),
            ({"do": "get_checkpoint_state", "dir": "."}, {"model_checkpoint_path": "./k-3", "all_model_checkpoint_paths": ["./k-2", "./k-3"]})]
                  + [(step, None) for step in model()]
                  + [({"do": "saver", "as": "saver"}, None), ({"do": "session", "as": "sess"}, None),
                     ({"do": "restore", "saver": "saver", "session": "sess", "prefix": "./k-3"}, None),
                     ({"do": "run", "session": "sess", "fetches": ["out:0"]}, [PRODUCT])])
