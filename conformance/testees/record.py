#!/usr/bin/env python3
"""Runs the cases of a file through a testee and shows, step by step, what it answered: how new cases get their expectations.

    conformance/testees/record.py --testee "PYTHON conformance/testees/tensorflow_testee.py" conformance/cases/save/naming.json
    ... --case 'save/naming/pad*'     only these
    ... --write                       put the answers where an `expect` says "?", and write the file in the layout of the others
    conformance/testees/record.py --format FILE...    the layout alone

A "?" may stand for `value`, `log`, `message`, `node` and `error` of a step, and for a folder's list or a file's text in `after`.
An answer is only worth writing down after someone has read it. Judging is tfpersist-conform's business, not this script's.
"""

import argparse
import fnmatch
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from tensorflow_testee import patches  # pylint: disable=wrong-import-position

GOLDEN = os.path.join(HERE, "..", "..", "golden", "data")
WIDTH = 118


# ---- running ----


class Testee:

    def __init__(self, command):
        self._process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL)
        self.hello = self.ask({"do": "hello", "protocol": 1})

    def ask(self, request):
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the testee ended, status %s, at %s" % (self._process.wait(), json.dumps(request)[:200]))
        return json.loads(line.decode())


def put_files(folder, files):
    for name, source in files.items():
        target = os.path.join(folder, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if isinstance(source, str):
            source = {"golden": source[len("golden:"):]}
        if "golden" in source and os.path.isdir(os.path.join(GOLDEN, source["golden"])):
            shutil.copytree(os.path.join(GOLDEN, source["golden"]), target)
            continue
        if "golden" in source:
            with open(os.path.join(GOLDEN, source["golden"]), "rb") as golden:
                data = golden.read()
        else:
            data = source["text"].encode() if "text" in source else bytes.fromhex(source["hex"])
        with open(target, "wb") as out:
            out.write(patches.apply(data, source.get("patch", [])))


def without_expectations(steps):
    out = []
    for step in steps:
        step = {k: v for k, v in step.items() if k not in ("expect", "expect_on")}
        if "steps" in step:
            step["steps"] = without_expectations(step["steps"])
        out.append(step)
    return out


def fill(step, answer):
    for inner, inner_answer in zip(step.get("steps", []), answer.get("steps", [])):
        fill(inner, inner_answer)
    expect = step.get("expect", {})
    error = answer.get("error", {})
    found = {"value": answer.get("value"), "log": [line["text"] for line in answer.get("log", [])],
             "message": error.get("message"), "node": error.get("node"), "error": error.get("code")}
    for key in expect:
        if expect[key] == "?" and key in found:
            expect[key] = found[key]


def fill_after(after, folder):
    for name, value in after.get("files", {}).items():
        if value == "?":
            after["files"][name] = sorted(os.listdir(os.path.join(folder, name)))
    for name, value in after.get("text", {}).items():
        if value == "?":
            with open(os.path.join(folder, name), encoding="utf-8") as source:
                after["text"][name] = source.read()


def show(steps, answers, indent="  "):
    for step, answer in zip(steps, answers):
        print(indent + step["do"], json.dumps({k: v for k, v in answer.items() if k != "steps"}, ensure_ascii=False))
        if "steps" in answer:
            show(step["steps"], answer["steps"], indent + "  ")


def record(testee, case, scratch):
    folder = tempfile.mkdtemp(dir=scratch)
    put_files(folder, case.get("files", {}))
    sent = {k: v for k, v in case.items() if k != "after"}
    sent["steps"] = without_expectations(case["steps"])
    answer = testee.ask({"do": "case", "seq": 1, "folder": folder, "case": sent})
    print(case["id"])
    if "steps" not in answer:
        print("  " + json.dumps(answer))
        return
    show(case["steps"], answer["steps"])
    for step, step_answer in zip(case["steps"], answer["steps"]):
        fill(step, step_answer)
    fill_after(case.get("after", {}), folder)


# ---- the layout of a case file ----


def one_line(value):
    return json.dumps(value, ensure_ascii=False)


def laid_out(value, indent):
    """`value` as JSON that keeps to the width where it can; the first line starts at column `indent`."""
    if not isinstance(value, (list, dict)) or not value or indent + len(one_line(value)) <= WIDTH:
        return one_line(value)
    margin = ",\n" + " " * (indent + 1)
    if isinstance(value, list):
        return "[\n" + " " * (indent + 1) + margin.join(laid_out(item, indent + 1) for item in value) + "]"
    out, column = "{", indent + 1
    for i, (key, member) in enumerate(value.items()):
        text = one_line(key) + ": " + one_line(member)
        if i and column + 2 + len(text) <= WIDTH:
            out, column = out + ", ", column + 2
        elif i:
            out, column = out + margin, indent + 1
        if column + len(text) > WIDTH:
            text = one_line(key) + ": " + laid_out(member, indent + 1)
            column = WIDTH if "\n" not in text else len(text) - text.rindex("\n") - 1
            out += text
            continue
        out, column = out + text, column + len(text)
    return out + "}"


def step_text(step, indent):
    margin = " " * indent
    head = {k: v for k, v in step.items() if k not in ("steps", "expect", "expect_on")}
    tail = {k: step[k] for k in ("expect", "expect_on") if k in step}
    if "steps" in step:
        out = margin + one_line(head)[:-1] + ', "steps": [\n' + steps_text(step["steps"], indent + 2) + "\n" + margin + "]"
    elif indent + len(one_line(step)) <= WIDTH:
        return margin + one_line(step)
    else:
        out = margin + laid_out(head, indent)[:-1]
    for key, value in tail.items():
        out += ",\n" + margin + " " + one_line(key) + ": " + laid_out(value, indent + 1)
    return out + "}"


def steps_text(steps, indent):
    return ",\n".join(step_text(step, indent) for step in steps)


def suite_text(suite):
    cases = []
    for case in suite["cases"]:
        lines = ['    { "id": %s, "level": %s,' % (one_line(case["id"]), one_line(case["level"])),
                 '      "about": %s,' % one_line(case["about"]),
                 "      " + " ".join('"%s": %s,' % (k, one_line(case[k])) for k in ("spec", "needs", "holds_on") if k in case)]
        lines += ['      "%s": %s,' % (k, laid_out(case[k], 6)) for k in ("note", "files") if k in case]
        lines += ['      "steps": [', steps_text(case["steps"], 8), "      ]" + ("," if "after" in case else " }")]
        if "after" in case:
            lines.append('      "after": %s }' % laid_out(case["after"], 6))
        cases.append("\n".join(lines))
    return '{ "suite": %s,\n  "about": %s,\n  "cases": [\n%s\n  ] }\n' % (
        one_line(suite["suite"]), one_line(suite["about"]), ",\n\n".join(cases))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--testee", help="the command that runs the testee")
    parser.add_argument("--case", default="*", help="a glob over case ids")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--format", action="store_true")
    options = parser.parse_args()
    if not options.testee and not options.format:
        parser.error("--testee or --format is needed")
    testee = None if options.format else Testee(options.testee)
    for name in options.files:
        with open(name, encoding="utf-8") as source:
            suite = json.load(source)
        if testee:
            with tempfile.TemporaryDirectory() as scratch:
                for case in suite["cases"]:
                    if fnmatch.fnmatch(case["id"], options.case):
                        record(testee, case, scratch)
        if options.write or options.format:
            with open(name, "w", encoding="utf-8") as out:
                out.write(suite_text(suite))


if __name__ == "__main__":
    main()
