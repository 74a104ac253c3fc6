#!/usr/bin/env python3
"""Writer × reader: what each implementation writes, read by each, and the bits compared.

    conformance/interop.py --testee NAME="COMMAND" ... [--json FILE]

    conformance/interop.py --testee tfpersist=build/release/bin/tfpersist-testee \\
        --testee tensorflow-1.11.0="PYTHON conformance/testees/tensorflow_testee.py"

Every shape of checkpoint below is saved by each writer into a folder of its own; each reader gets a copy, reads every tensor through its
reader, restores it over other values and runs it. A cell is `same` (all bits), `differs`, or an error with its text; a reader that can't by
nature is listed in LIMITS with the reason. Exit 1 for anything else than `same` and those limits. TensorFlows without a Python are not run, and
are said to be so.
"""

import argparse
import json
import os
import shutil
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "testees")]

import record  # pylint: disable=wrong-import-position
from generators import dtypes  # pylint: disable=wrong-import-position
from generators.notation import tensor  # pylint: disable=wrong-import-position

KINDS = dtypes.SHAPES
NO_WHOLE = "parts of this dtype can't be put together by TensorFlow (D21)"
# (shape of checkpoint, reader) -> why the reader can't
LIMITS = {(("parts_" + d), r): NO_WHOLE for d in ("float16", "string", "uint16") for r in ("tensorflow-1.11.0", "tensorflow-1.15.5", "tensorflow-2.21.0")}
LIMITS[("parts_bfloat16", "tensorflow-1.11.0")] = NO_WHOLE


class Shape:
    """One kind of checkpoint: variables by name, and how they are made and saved."""

    def __init__(self, name, values, make=None, saver=None, reader=True, cpus=1):
        self.name, self.values, self.saver, self.reader, self.cpus = name, values, saver or {}, reader, cpus
        self._make = make or (lambda handle, key, v: dtypes.variable(handle, key, v))

    def build(self, values, prefix):
        steps = [step for i, (key, value) in enumerate(values.items()) for step in listed(self._make("%s%d" % (prefix, i), key, value))]
        session = {"do": "session", "as": "sess" + prefix}
        if self.cpus > 1:
            session["cpus"] = self.cpus
        return steps + [dict({"do": "saver", "as": "saver" + prefix}, **self.saver), session,
                        {"do": "global_variables_initializer", "as": "init" + prefix},
                        {"do": "run", "session": "sess" + prefix, "fetches": ["init" + prefix]}]

    def write(self):
        return self.build(self.values, "w") + [{"do": "save", "saver": "saverw", "session": "sessw", "prefix": "./k"}]

    def read(self):
        zeros = {k: dtypes.zero(v["dtype"], v["shape"]) for k, v in self.values.items()}
        steps = self.build(zeros, "r") + [{"do": "restore", "saver": "saverr", "session": "sessr", "prefix": "./k"},
                                          {"do": "run", "session": "sessr", "fetches": ["r%d" % i for i in range(len(zeros))]}]
        if self.reader:
            steps += [{"do": "reader", "as": "reader", "prefix": "./k"}] + [
                {"do": "get_tensor", "reader": "reader", "name": key} for key in self.values]
        return steps

    def compare(self, answers, folder):
        wanted = list(self.values.values())
        got = answers[-1]["value"] if not self.reader else answers[-len(wanted) - 2]["value"]
        got = [loaded(v, folder) for v in got]
        if self.reader:
            got = got + [a["value"] for a in answers[-len(wanted):]]
            wanted = wanted + wanted
        for key, want, have in zip(list(self.values) * 2, wanted, joined(got, wanted)):
            if not same(want, have):
                return "%s is %s, not %s" % (key, json.dumps(have)[:120], json.dumps(want)[:120])
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
    yield Shape("many", {"layer_%04d/weights" % i: tensor("float32", (3,), [str(i), "0.1", "-1"]) for i in range(3000)}, reader=False)
    yield Shape("big", {"big": tensor("float32", (1024, 1024), ["0.1"])}, reader=False)


def flat(steps, answers):
    """Steps and answers, those of blocks too."""
    for step, answer in zip(steps, answers):
        yield step, answer
        yield from flat(step.get("steps", []), answer.get("steps", []))


def ask(testee, folder, steps):
    answer = testee.ask({"do": "case", "seq": 1, "folder": folder, "case": {"id": "interop/one/case", "steps": steps}})
    if "unsupported" in answer:
        return None, "unsupported: " + answer["unsupported"]
    for step, result in flat(steps, answer["steps"]):
        if "error" in result:
            return None, "%s: %s: %s" % (step["do"], result["error"]["code"], result["error"]["message"].split("\n\t [[")[0][:300])
        if "skipped" in result:
            return None, "%s: skipped: %s" % (step["do"], result["skipped"])
    return answer["steps"], ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--testee", action="append", required=True, metavar="NAME=COMMAND")
    parser.add_argument("--json")
    args = parser.parse_args()
    testees = {}
    for text in args.testee:
        name, command = text.split("=", 1)
        testees[name] = record.Testee(command)
    for version in ("1.11.0", "1.15.5", "2.21.0"):
        if "tensorflow-" + version not in testees:
            print("not run: tensorflow-" + version)
    cells, bad = [], 0
    table = {}
    with tempfile.TemporaryDirectory() as top:
        for shape in shapes():
            for writer, testee in testees.items():
                source = os.path.join(top, "%s-%s" % (shape.name, writer))
                os.makedirs(source)
                _, problem = ask(testee, source, shape.write())
                for reader, other in testees.items():
                    outcome, detail = "same", ""
                    if problem:
                        outcome, detail = "not written", problem
                    else:
                        target = source + "-" + reader
                        shutil.copytree(source, target)
                        answers, error = ask(other, target, shape.read())
                        detail = error or shape.compare(answers, target)
                        outcome = "error" if error else "differs" if detail else "same"
                        shutil.rmtree(target)
                    if (shape.name, reader) in LIMITS:
                        # The limit itself and nothing else: another error, or none, is unexpected.
                        outcome = "limit" if outcome == "error" and "not supported" in detail else outcome + ", where a limit was expected"
                    if outcome not in ("same", "limit"):
                        bad += 1
                        print("%s, written by %s, read by %s: %s: %s" % (shape.name, writer, reader, outcome, detail))
                    cells.append({"shape": shape.name, "writer": writer, "reader": reader, "outcome": outcome, "detail": detail})
                    table.setdefault((writer, reader), []).append(outcome)
                shutil.rmtree(source)
    print("%-20s %s" % ("writer \\ reader", " ".join("%-20s" % r for r in testees)))
    for writer in testees:
        print("%-20s %s" % (writer, " ".join("%-20s" % ("%d same, %d limits" % (table[writer, r].count("same"), table[writer, r].count("limit")))
                                             for r in testees)))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"writers": list(testees), "readers": list(testees), "shapes": [s.name for s in shapes()], "limits": sorted(set(LIMITS.values())),
                       "cells": cells}, f, indent=1)
            f.write("\n")
    print("%d cells, %d unexpected" % (len(cells), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
