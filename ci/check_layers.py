#!/usr/bin/env python3
"""Holds every #include to the layers of the reference (reference/README.md).

A folder may include itself and what stands in its row below. Tests may also look at what their subject is used with.
conformance/runner includes nothing of reference/: an oracle that shares code with what it judges proves nothing.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARY = ("base", "proto", "table", "tensor", "checkpoint", "op", "graph", "kernels", "runtime", "train", "transform")
MAY_INCLUDE = {
    "base": (),
    "proto": ("base",),
    "table": ("base",),
    "tensor": ("base", "proto"),
    "checkpoint": ("base", "proto", "table", "tensor"),
    "op": ("base", "proto", "tensor"),
    "graph": ("base", "proto", "tensor", "op"),
    "kernels": ("base", "proto", "tensor", "op", "checkpoint"),
    "runtime": ("base", "proto", "tensor", "op", "graph"),
    "train": ("base", "proto", "tensor", "checkpoint", "op", "graph", "runtime"),
    "transform": ("base", "proto", "tensor", "op", "graph", "runtime"),
}
DOORS = ("cli", "testee", "capi", "python", "examples", "consumers")  # may include the whole library
INCLUDE = re.compile(r'^\s*#\s*include\s+"((reference|conformance|bench|fuzz)/([^"/]+)[^"]*)"')


def faults(path):
    parts = path.relative_to(ROOT).parts
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target, top, folder = match.groups()
        where = f"{'/'.join(parts)}:{number}"
        if parts[0] == "conformance" and top == "reference":
            yield f"{where}: the suite must not include {target}"
        if parts[0] != "reference" or len(parts) < 3:
            continue
        layer = parts[1]
        if top != "reference":
            yield f"{where}: the reference must not include {target}"
        elif layer in DOORS:
            if folder in DOORS and folder != layer:
                yield f"{where}: {layer} must not include another door, {target}"
        elif layer not in MAY_INCLUDE:
            yield f"{where}: folder {layer} has no row in ci/check_layers.py"
        elif path.name.endswith("_test.cc") or "test" in path.stem:
            if folder in DOORS:
                yield f"{where}: a test of {layer} must not include {target}"
        elif folder != layer and folder not in MAY_INCLUDE[layer]:
            yield f"{where}: {layer} must not include {target}; it may include: {', '.join(MAY_INCLUDE[layer]) or 'nothing'}"


def main():
    files = [p for top in ("reference", "conformance", "bench", "fuzz") for p in sorted((ROOT / top).rglob("*"))
             if p.suffix in (".h", ".cc", ".cu", ".cuh", ".inc", ".def")]
    found = [fault for path in files for fault in faults(path)]
    for fault in found:
        print(fault, file=sys.stderr)
    print(f"layers: {len(files)} files, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
