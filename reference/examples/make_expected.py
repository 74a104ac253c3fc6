#!/usr/bin/env python3
"""Writes expected/*.txt from what real TensorFlow 1.11.0 printed, logged and raised for the document's twelve cells
(golden/data/tf-1.11.0/document_outputs). --check compares instead.

Lines come in the order of the program: what it prints before it restores, the log, the rest. The one map that a cell prints comes in the order of its keys: TensorFlow's
own order is that of a hash table."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
OUTPUTS = HERE.parent.parent / "golden" / "data" / "tf-1.11.0" / "document_outputs"


def expected():
    errors = json.loads((OUTPUTS / "errors.json").read_text(encoding="utf-8"))
    for cell in json.loads((OUTPUTS / "outputs.json").read_text(encoding="utf-8")):
        log = "".join("%s:tensorflow:%s\n" % (line["level"].upper(), line["text"]) for line in cell["log"])
        printed = cell["printed"].splitlines(True)
        if "get_variable_to_shape_map" in cell["program"]:
            printed.sort(key=lambda line: (not line.endswith("[1]\n"), line))
        before = cell["program"].split("saver.restore")[0].count("print(") if log else 0
        text = "".join(printed[:before]) + log + "".join(printed[before:])
        if cell["cell"] in errors:
            text += "%(class)s: %(message)s\n" % errors[cell["cell"]]
        yield HERE / "expected" / (cell["cell"].replace("/", "_") + ".txt"), text


def main():
    check = "--check" in sys.argv[1:]
    stale = 0
    for path, text in expected():
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print("stale: %s" % path, file=sys.stderr)
            stale += 1
    return 1 if stale else 0


sys.exit(main())
