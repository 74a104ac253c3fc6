#!/usr/bin/env python3
"""Writes coverage.md: which cases look at which behaviour of TensorFlow's.

    conformance/coverage.py            write it
    conformance/coverage.py --check    exit 1 if it is stale, if a behaviour has neither a case nor a reason, or if a case names none that is there

behaviours.txt lists the behaviours by area: a letter and a title, then an id and a title a line. A line "    no case: WHY"
after one says why it cannot be looked at from outside. Cases name behaviours in `spec`; what else stands there is free.
"""

import argparse
import collections
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FEW = 6  # cases of one behaviour that are named one by one


def behaviours(lines):
    """[(letter, area, [[id, title, why there is no case or None], ...]), ...]"""
    areas = []
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\n")
        if line.startswith("    no case: "):
            areas[-1][2][-1][2] = line[len("    no case: "):]
        elif re.match(r"[A-Z] \S", line):
            areas.append((line[0], line[2:], []))
        elif re.match(r"[A-Z]\d\d \S", line):
            areas[-1][2].append([line[:3], line[4:], None])
        elif line:
            sys.exit("behaviours.txt:%d: neither an area nor a behaviour" % number)
    return areas


def all_cases():
    for folder, _, names in sorted(os.walk(os.path.join(HERE, "cases"))):
        for name in sorted(names):
            if name.endswith(".json"):
                with open(os.path.join(folder, name), encoding="utf-8") as source:
                    yield from json.load(source)["cases"]


def shown(ids):
    if len(ids) <= FEW:
        return ", ".join("`%s`" % i for i in ids)
    suites = collections.Counter(i.rsplit("/", 1)[0] for i in ids)
    return ", ".join("`%s` (%d)" % item for item in suites.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with open(os.path.join(HERE, "behaviours.txt"), encoding="utf-8") as source:
        areas = behaviours(source)
    known = {b[0] for area in areas for b in area[2]}
    named, cases, required = collections.defaultdict(list), 0, 0
    faults = []
    per_area = collections.Counter()
    for case in all_cases():
        cases += 1
        required += case["level"] == "required"
        per_area[case["id"].split("/")[0]] += 1
        for spec in case.get("spec", []):
            if re.fullmatch(r"[A-Z]\d\d", spec):
                named[spec].append(case["id"])
                if spec not in known:
                    faults.append("%s names %s, which behaviours.txt has not" % (case["id"], spec))
    body, covered, excused = [], 0, 0
    for letter, area, items in areas:
        body += ["", "## %s %s" % (letter, area), "", "| | behaviour | cases |", "|---|---|---|"]
        for key, title, why in items:
            if named[key]:
                covered += 1
                text = shown(named[key])
                if why:
                    faults.append("%s has cases and a reason for none" % key)
            elif why:
                excused += 1
                text = "none. " + why
            else:
                faults.append("%s has neither a case nor a reason" % key)
                text = "**none**"
            body.append("| %s | %s | %s |" % (key, title, text))
    head = ["# Coverage", "", "Made by coverage.py from behaviours.txt and the cases' `spec`; not to be edited.", "",
            "%d behaviours of TensorFlow 1.11.0: %d have cases, %d cannot be looked at from outside. %d cases, %d of them required:" % (
                len(known), covered, excused, cases, required), "",
            "| area | cases |", "|---|---|"] + ["| %s | %d |" % item for item in sorted(per_area.items())]
    text = "\n".join(head + body) + "\n"
    name = os.path.join(HERE, "coverage.md")
    if options.check:
        with open(name, encoding="utf-8") as source:
            if source.read() != text:
                faults.append("coverage.md is stale: run conformance/coverage.py")
    else:
        with open(name, "w", encoding="utf-8") as out:
            out.write(text)
    print("%d behaviours: %d with cases, %d with a reason; %d cases" % (len(known), covered, excused, cases))
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
