#!/usr/bin/env python3
"""Writer × reader: what each implementation writes, read by each, and the bits compared.

    conformance/interop.py --testee NAME="COMMAND" ... [--tensorflow] [--shape GLOB ...] [--json FILE]

    conformance/interop.py --testee tfpersist=build/release/bin/tfpersist-testee --tensorflow --json interop.json

Every kind of checkpoint, meta graph, state file and frozen graph in generators/interop_shapes.py is written by each writer into a folder of its
own; each reader gets a copy, reads every tensor through its reader, restores it over other values and runs it (or loads the graph and runs it). A
cell is `same` (all bits), `differs`, or an error with its text, a `crash` or a `timeout`, which cost that cell alone; a reader that can't by nature
is listed in LIMITS with the reason. Exit 1 for anything else than `same` and those limits.

--tensorflow adds a testee per Python that TFPERSIST_TF_1_11_0, TFPERSIST_TF_1_15_5 and TFPERSIST_TF_2_21_0 name; versions without one are not run,
and are said to be so. With --need-tensorflow the exit is 77, which CTest counts as skipped, where there is none.
"""

import argparse
import datetime
import fnmatch
import json
import os
import select
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

from generators.interop_shapes import shapes  # pylint: disable=wrong-import-position

VERSIONS = ("1.11.0", "1.15.5", "2.21.0")
SECONDS = 120  # for one cell
TENSORFLOWS = tuple("tensorflow-" + v for v in VERSIONS)
NO_WHOLE = "parts of this dtype can't be put together by TensorFlow (D21)"
# (shape, writer or None for all, reader) -> (what its error says, why the reader can't)
LIMITS = {(("parts_" + d), None, r): ("not supported", NO_WHOLE) for d in ("float16", "string", "uint16") for r in TENSORFLOWS}
LIMITS[("parts_bfloat16", None, "tensorflow-1.11.0")] = ("not supported", NO_WHOLE)
for _older in TENSORFLOWS[:2]:
    LIMITS[("meta_graph_resource", "tensorflow-2.21.0", _older)] = ("'debug_name'", "2.21.0 writes attrs into meta graphs that 1.x doesn't know (VarHandleOp's debug_name)")
LIMITS[("meta_graph_sharded", "tensorflow-2.21.0", "tensorflow-1.11.0")] = (
    "StaticRegexFullMatch", "2.21.0's sharded savers use an op that 1.11.0 doesn't have (StaticRegexFullMatch)")


class Gone(Exception):
    """The testee died (`crash`), was too slow (`timeout`) or talked nonsense (`garbage`); it is started again for the next cell."""

    def __init__(self, outcome, detail):
        super().__init__(detail)
        self.outcome, self.detail = outcome, detail


class Testee:
    def __init__(self, command, seconds=SECONDS):
        self._command, self._seconds, self._process, self._buffer = command, seconds, None, b""
        self.hello = self.ask({"do": "hello", "protocol": 1})

    def ask(self, request):
        if self._process is None:
            self._process = subprocess.Popen(shlex.split(self._command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self._buffer = b""
            if request["do"] != "hello":
                self.ask({"do": "hello", "protocol": 1})
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._lose("crash")
        end = datetime.datetime.now() + datetime.timedelta(seconds=self._seconds)
        while b"\n" not in self._buffer:
            left = (end - datetime.datetime.now()).total_seconds()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                self._lose("timeout")
            more = os.read(self._process.stdout.fileno(), 1 << 16)
            if not more:
                self._lose("crash")
            self._buffer += more
        line, self._buffer = self._buffer.split(b"\n", 1)
        try:
            return json.loads(line.decode())
        except ValueError:
            return self._lose("garbage")

    def _lose(self, outcome):
        process, self._process = self._process, None
        if outcome != "crash":
            process.kill()
        status = process.wait()
        detail = {"crash": "the testee ended, status %s" % status, "timeout": "no answer within %d s" % self._seconds,
                  "garbage": "the answer is no JSON"}[outcome]
        raise Gone(outcome, detail)

    def bye(self):
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait()


def flat(steps, answers):
    """Steps and answers, those of blocks too."""
    for step, answer in zip(steps, answers):
        yield step, answer
        yield from flat(step.get("steps", []), answer.get("steps", []))


def ask(testee, folder, steps):
    """The answers, what went wrong in a word, and in a sentence."""
    try:
        answer = testee.ask({"do": "case", "seq": 1, "folder": folder, "case": {"id": "interop/one/case", "steps": steps}})
    except Gone as gone:
        return None, gone.outcome, gone.detail
    if "unsupported" in answer:
        return None, "unsupported", answer["unsupported"]
    for step, result in flat(steps, answer["steps"]):
        if "error" in result:
            return None, "error", "%s: %s: %s" % (step["do"], result["error"]["code"], result["error"]["message"].split("\n\t [[")[0][:300])
        if "skipped" in result:
            return None, "error", "%s: skipped: %s" % (step["do"], result["skipped"])
    return answer["steps"], "", ""


def testees_of(args):
    commands = dict(text.split("=", 1) for text in args.testee)
    for version, name in zip(VERSIONS, TENSORFLOWS):
        python = os.environ.get("TFPERSIST_TF_" + version.replace(".", "_"))
        if args.tensorflow and python and name not in commands:
            commands[name] = "%s %s" % (python, os.path.join(HERE, "testees", "tensorflow_testee.py"))
        if name not in commands:
            print("NOT RUN: %s" % name)
    testees = {}
    for name, command in commands.items():
        try:
            testees[name] = Testee(command)
        except (Gone, OSError) as problem:
            sys.exit("%s does not answer hello: %s" % (name, problem))
    return testees


def cell_of(shape, writer, reader, problem, source, other):
    """One reader's outcome and detail."""
    if problem[0]:
        return "not written", "%s: %s" % problem
    target = source + "-" + reader
    shutil.copytree(source, target)
    answers, outcome, detail = ask(other, target, shape.read())
    if not outcome:
        detail = shape.compare(answers, target)
        outcome = "differs" if detail else "same"
    shutil.rmtree(target)
    limit = LIMITS.get((shape.name, None, reader)) or LIMITS.get((shape.name, writer, reader))
    if limit:
        # The limit itself and nothing else: another error, or none, is unexpected.
        outcome = "limit" if outcome == "error" and limit[0] in detail else outcome + ", where a limit was expected"
    return outcome, detail


def run(testees, chosen):
    cells = []
    with tempfile.TemporaryDirectory() as top:
        for shape in chosen:
            for writer, testee in testees.items():
                source = os.path.join(top, "%s-%s" % (shape.name, writer))
                os.makedirs(source)
                problem = ask(testee, source, shape.write())[1:]
                for reader, other in testees.items():
                    outcome, detail = cell_of(shape, writer, reader, problem, source, other)
                    if outcome not in ("same", "limit"):
                        print("%s, written by %s, read by %s: %s: %s" % (shape.name, writer, reader, outcome, detail), flush=True)
                    cells.append({"shape": shape.name, "writer": writer, "reader": reader, "outcome": outcome, "detail": detail})
                shutil.rmtree(source)
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--testee", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--tensorflow", action="store_true")
    parser.add_argument("--need-tensorflow", action="store_true")
    parser.add_argument("--shape", action="append", default=[], metavar="GLOB")
    parser.add_argument("--json")
    args = parser.parse_args()
    args.tensorflow = args.tensorflow or args.need_tensorflow
    testees = testees_of(args)
    if args.need_tensorflow and not any(t in testees for t in TENSORFLOWS):
        print("SKIPPED: no TensorFlow at hand (TFPERSIST_TF_1_11_0, TFPERSIST_TF_1_15_5, TFPERSIST_TF_2_21_0)")
        return 77
    chosen = [s for s in shapes() if not args.shape or any(fnmatch.fnmatchcase(s.name, glob) for glob in args.shape)]
    if not testees or not chosen:
        parser.error("nothing to run: name a testee with --testee or --tensorflow, and shapes that there are")
    cells = run(testees, chosen)
    for testee in testees.values():
        testee.bye()
    outcomes = {(w, r): [c["outcome"] for c in cells if (c["writer"], c["reader"]) == (w, r)] for w in testees for r in testees}
    print("%-20s %s" % ("writer \\ reader", " ".join("%-22s" % r for r in testees)))
    for writer in testees:
        print("%-20s %s" % (writer, " ".join("%-22s" % ("%d of %d same, %d limits" % (
            outcomes[writer, r].count("same"), len(chosen), outcomes[writer, r].count("limit"))) for r in testees)))
    bad = sum(c["outcome"] not in ("same", "limit") for c in cells)
    if args.json:
        with open(args.json, "w", encoding="utf-8") as f:
            json.dump({"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
                       "testees": [{"name": n, "version": t.hello.get("version", ""), "behaves_as": t.hello.get("behaves_as", "")} for n, t in testees.items()],
                       "not_run": [t for t in TENSORFLOWS if t not in testees],
                       "writers": list(testees), "readers": list(testees), "shapes": [s.name for s in chosen],
                       "limits": sorted({why for _, why in LIMITS.values()}), "cells": cells}, f, indent=1)
            f.write("\n")
    print("%d cells, %d unexpected" % (len(cells), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
