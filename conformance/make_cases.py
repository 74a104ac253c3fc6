#!/usr/bin/env python3
"""Writes the systematic suites of cases/: every op, dtype, shape and damaged byte. The other suites are written by hand.

    conformance/make_cases.py                      write them
    conformance/make_cases.py --check              exit 1 if a committed file is not what this would write
    conformance/make_cases.py --list               the files
    conformance/make_cases.py --measured 1.11.0=RESULTS.json ...
        sets `holds_on` to the versions on which each case passed; RESULTS.json is `tfpersist-conform run --json`'s of that TensorFlow

    conformance/make_cases.py --record "PYTHON conformance/testees/tensorflow_testee.py"
        answers what is still open with what that TensorFlow (1.11.0) says: read the change before it is committed
    conformance/make_cases.py --differences 2.21.0="PYTHON conformance/testees/tensorflow_testee.py" ...
        gives the steps that such a version answers otherwise an `expect_on`, in cases that do not hold on it; measure again afterwards

What a generator leaves open ("?") is carried over from the committed file; so are `holds_on` and `expect_on`. A new "?"
therefore stands in the file until it has been recorded.
"""

import argparse
import copy
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "testees")]

import record  # pylint: disable=wrong-import-position
from generators import damage, dtypes, frozen, loops, more_ops, networks, ops, shapes, training  # pylint: disable=wrong-import-position
from generators.notation import VERSIONS  # pylint: disable=wrong-import-position

CASES = os.path.join(HERE, "cases")


def generated():
    for module in MODULES:
        yield from module.suites()


MODULES = [ops, more_ops, damage, dtypes, shapes, frozen, loops, networks, training]


def path_of(suite):
    return os.path.join(CASES, suite["suite"] + ".json")


def without(step):
    return {k: v for k, v in step.items() if k not in ("expect", "expect_on", "steps")}


def carry_steps(steps, old):
    recorded = bool(old)
    for step, before in zip(steps, old):
        if without(step) != without(before):
            return  # from here on the case is another one
        for key, value in (step["expect"] if isinstance(step.get("expect"), dict) else {}).items():
            if value == "?" and key in before.get("expect", {}):
                step["expect"][key] = before["expect"][key]
        if step.get("expect") == "?" and "expect" in before:
            step["expect"] = before["expect"]
        elif step.get("expect") == "?" and recorded:
            del step["expect"]
        if "expect_on" in before and "expect_on" not in step:
            step["expect_on"] = before["expect_on"]
        if "steps" in step:
            carry_steps(step["steps"], before.get("steps", []))


def carried(suite, committed):
    """The suite with what was recorded and measured before."""
    old = {c["id"]: c for c in committed["cases"]}
    for case in suite["cases"]:
        before = old.get(case["id"], {})
        carry_steps(case["steps"], before.get("steps", []))
        holds = before.get("holds_on", VERSIONS)
        case["holds_on"] = case.get("holds_on", holds)
    suite["cases"] = [ordered(c) for c in suite["cases"]]
    return suite


def ordered(case):
    keys = ("id", "level", "about", "spec", "needs", "holds_on", "note", "files", "steps", "after")
    return {k: case[k] for k in keys if k in case}


def open_steps(steps):
    return any(s.get("expect") == "?" or "?" in (s["expect"].values() if isinstance(s.get("expect"), dict) else [])
               or open_steps(s.get("steps", [])) for s in steps)


def answer_steps(steps, answers):
    for step, answer in zip(steps, answers):
        answer_steps(step.get("steps", []), answer.get("steps", []))
        expect = step.get("expect")
        if expect == "?" and "error" in answer:
            step["expect"] = {"error": answer["error"]["code"], "message_has": [gist(answer["error"]["message"])]}
        elif expect == "?":
            del step["expect"]
            if answer["value"] is not None and step["do"] != "restore":
                step["expect"] = {"value": answer["value"]}
        elif isinstance(expect, dict):
            record.fill(step, answer)


def gist(message):
    """What a message says, without the sentences that restore() and the V1 reader put around it and without the node."""
    text = message.split("Original error:\n\n")[-1].split("\n\t [[")[0]
    return re.sub("^Unable to open table file .*?: [A-Z][a-z ]*: (.*): perhaps your file .*", r"\1", text)


def steps_answered(testee, case):
    with tempfile.TemporaryDirectory() as folder:
        record.put_files(folder, case.get("files", {}))
        sent = dict(case, steps=record.without_expectations(case["steps"]))
        answer = testee.ask({"do": "case", "seq": 1, "folder": folder, "case": sent})
    if "steps" not in answer:
        sys.exit("%s: %s" % (case["id"], answer))
    return answer["steps"]


def ask(testee, suite):
    for case in suite["cases"]:
        if open_steps(case["steps"]):
            answer_steps(case["steps"], steps_answered(testee, case))


def agrees(expect, answer):
    """Whether an answer is plainly what is expected; tolerances are for the runner."""
    if "error" in expect or "error" in answer:
        error = answer.get("error", {})
        return expect.get("error") == error.get("code") and all(m in error["message"] for m in expect.get("message_has", []))
    return "value" not in expect or expect["value"] == answer.get("value") or "ulp" in expect


def note_steps(steps, answers, version):
    for step, answer in zip(steps, answers):
        if "skipped" in answer or agrees(step.get("expect", {}), answer):
            continue
        if "error" in answer:
            other = {"error": answer["error"]["code"], "message_has": [gist(answer["error"]["message"])]}
        else:
            other = {"value": answer["value"]} if answer.get("value") is not None else {}
        step.setdefault("expect_on", {})[version] = other


def note_differences(testee, version, suite):
    for case in suite["cases"]:
        if case["level"] == "required" and version not in case["holds_on"]:
            note_steps(case["steps"], steps_answered(testee, case), version)


def measure(suite, measured):
    for case in suite["cases"]:
        if all(case["id"] in passed for passed in measured.values()):
            case["holds_on"] = [v for v in VERSIONS if (measured[v][case["id"]] if v in measured else v in case["holds_on"])]
        if not case["holds_on"]:
            print("holds nowhere: %s" % case["id"], file=sys.stderr)


def read_results(arguments):
    out = {}
    for argument in arguments:
        version, name = argument.split("=", 1)
        with open(name, encoding="utf-8") as source:
            results = json.load(source)
        out[version] = {r["id"]: r["outcome"] in ("pass", "passed") for r in results["cases"]}
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--measured", nargs="+", default=[], metavar="VERSION=JSON")
    parser.add_argument("--record", metavar="TESTEE")
    parser.add_argument("--differences", nargs="+", default=[], metavar="VERSION=TESTEE")
    options = parser.parse_args()
    others = {v: record.Testee(command) for v, command in (d.split("=", 1) for d in options.differences)}
    testee = record.Testee(options.record) if options.record else None
    measured = read_results(options.measured)
    stale, cases = [], 0
    for suite in generated():
        name = path_of(suite)
        text = ""
        if os.path.exists(name):
            with open(name, encoding="utf-8") as source:
                text = source.read()
        suite = carried(copy.deepcopy(suite), json.loads(text) if text else {"cases": []})
        if testee:
            ask(testee, suite)
        for version, other in others.items():
            note_differences(other, version, suite)
        measure(suite, measured)
        cases += len(suite["cases"])
        made = record.suite_text(suite)
        if options.list:
            print(os.path.relpath(name, HERE), len(suite["cases"]))
        elif made != text:
            stale.append(os.path.relpath(name, HERE))
            if not options.check:
                os.makedirs(os.path.dirname(name), exist_ok=True)
                with open(name, "w", encoding="utf-8") as out:
                    out.write(made)
    if options.check and stale:
        sys.exit("not what make_cases.py makes: %s" % " ".join(stale))
    print("%d cases made%s" % (cases, "" if options.check else ", %d files written" % len(stale)))


if __name__ == "__main__":
    main()
