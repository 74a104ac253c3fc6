#!/usr/bin/env python3
"""Makes, checks and compares the golden files: what real TensorFlow writes, held against by the suite.

  golden.py make [AREA ...] [--tf VERSION ...] [--python VERSION=PATH ...]   runs make/AREA.py under each TensorFlow
  golden.py check                                                            files, hashes and scripts agree with manifest.json
  golden.py diff [AREA ...] [--tf VERSION ...] [--python VERSION=PATH ...]   makes again elsewhere and reports what differs

`check` needs nothing but a Python 3; `make` and `diff` need a Python per TensorFlow version, named by the environment
variables TFPERSIST_TF_1_11_0, TFPERSIST_TF_1_15_5, TFPERSIST_TF_2_21_0 or by --python.
"""
from __future__ import print_function

import argparse
import difflib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

VERSIONS = ["1.11.0", "1.15.5", "2.21.0"]
# What scripts import beside make/common.py.
SHARED = {"op_graphs": ["op_cases"], "op_training": ["op_cases"], "op_more": ["op_cases"]}
# Made in this order when no area is named. Every script also depends on make/common.py.
AREAS = ["document", "op_defs", "descriptors", "dtypes", "meta", "slices", "sharded", "ema", "freeze", "node_text", "unique_names", "v1", "op_graphs",
         "op_training", "op_more", "retention", "state_files", "tables", "objects", "loops", "networks", "training"]
# Areas that only some versions make; the rest are made by all.
# loops: later versions make the same frames. networks: what 1.11.0 froze. training: what its optimizers add. node_text: later versions print no attrs. op_graphs, op_training, op_more: the kernels of 1.11.0. tables: the bytes are the same in all.
ONLY = {"node_text": ["1.11.0"], "op_graphs": ["1.11.0"], "op_training": ["1.11.0"], "op_more": ["1.11.0"], "tables": ["1.11.0"], "loops": ["1.11.0"], "networks": ["1.11.0"], "training": ["1.11.0"]}


class GoldenError(Exception):
    """Something that the user has to put right; the text says what."""


def hash_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        for chunk in iter(lambda: f.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def walk(folder):
    """Every file below `folder`, as sorted paths relative to it with forward slashes."""
    found = []
    for parent, _, names in os.walk(folder):
        for name in names:
            found.append(os.path.relpath(os.path.join(parent, name), folder).replace(os.sep, "/"))
    return sorted(found)


class Golden(object):
    """A golden folder: data/, make/ and manifest.json below `root`."""

    def __init__(self, root):
        self.root = root
        self.data = os.path.join(root, "data")
        self.manifest_path = os.path.join(root, "manifest.json")

    def load(self):
        if not os.path.exists(self.manifest_path):
            return {"runs": {}}
        with open(self.manifest_path) as f:
            return json.load(f)

    def store(self, manifest):
        text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
        temp = self.manifest_path + ".new"
        with open(temp, "w") as f:
            f.write(text)
        os.rename(temp, self.manifest_path)

    def scripts(self, area):
        """The scripts that decide an area's bytes, with their hashes as they are now; None for a missing one."""
        names = ["make/%s.py" % area, "make/common.py"] + ["make/%s.py" % n for n in SHARED.get(area, [])]
        paths = [(n, os.path.join(self.root, n)) for n in names]
        return {n: hash_file(p) if os.path.exists(p) else None for n, p in paths}

    def check(self):
        """A list of complaints, empty when all is well."""
        complaints = []
        manifest = self.load()
        listed = {}
        for run_id, run in sorted(manifest["runs"].items()):
            area, version = run_id.split("@")
            if area not in AREAS or version not in ONLY.get(area, VERSIONS):
                complaints.append("%s is not made any more: run `golden.py make %s`" % (run_id, AREAS[0]))
                continue
            for name, now in sorted(self.scripts(area).items()):
                if now is None:
                    complaints.append("%s is gone, but %s was made by it" % (name, run_id))
                elif run["scripts"].get(name) != now:
                    complaints.append("%s changed since it made %s: run `golden.py make %s --tf %s`" % (name, run_id, area, version))
            for path, (digest, size) in sorted(run["files"].items()):
                if path in listed:
                    complaints.append("data/%s is listed by both %s and %s" % (path, listed[path], run_id))
                listed[path] = run_id
                full = os.path.join(self.data, path)
                if not os.path.exists(full):
                    complaints.append("data/%s is missing (%s made it)" % (path, run_id))
                elif os.path.getsize(full) != size or hash_file(full) != digest:
                    complaints.append("data/%s is not the file that %s made" % (path, run_id))
        for path in walk(self.data):
            if path not in listed:
                complaints.append("data/%s is not listed in manifest.json" % path)
        for area in AREAS:
            for version in ONLY.get(area, VERSIONS):
                if "%s@%s" % (area, version) not in manifest["runs"]:
                    complaints.append("%s was never made for TensorFlow %s" % (area, version))
        return complaints

    def run(self, area, version, python, folder):
        """Runs make/AREA.py into `folder` (made here). Returns the run's manifest entry."""
        script = os.path.join(self.root, "make", area + ".py")
        if not os.path.exists(script):
            raise GoldenError("there is no make/%s.py" % area)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "TF_", "CUDA", "OMP_", "LC_", "LANG"))}
        env.update(PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1", PYTHONIOENCODING="utf-8", LC_ALL="C.UTF-8", TZ="UTC",
                   CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")
        out = os.path.join(folder, "out")
        scratch = os.path.join(folder, "scratch")
        os.makedirs(out)
        os.makedirs(scratch)
        done = subprocess.Popen([python, "-B", script, out, version], cwd=scratch, env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = done.communicate()[0].decode("utf-8", "replace")
        if done.returncode:
            raise GoldenError("make/%s.py failed under TensorFlow %s:\n%s" % (area, version, text[-6000:]))
        about = os.path.join(out, "run.json")
        with open(about) as f:
            entry = json.load(f)
        os.remove(about)
        if entry["tensorflow"] != version:
            raise GoldenError("%s holds TensorFlow %s, not %s" % (python, entry["tensorflow"], version))
        entry["scripts"] = self.scripts(area)
        entry["files"] = {}
        for path in walk(out):
            if not (path.startswith(area + "/") or path.startswith(area + "_")):
                raise GoldenError("make/%s.py wrote %s outside its own folders" % (area, path))
            full = os.path.join(out, path)
            entry["files"]["tf-%s/%s" % (version, path)] = [hash_file(full), os.path.getsize(full)]
        return entry

    def make(self, area, version, python):
        work = tempfile.mkdtemp(prefix="golden-")
        try:
            entry = self.run(area, version, python, work)
            manifest = self.load()
            run_id = "%s@%s" % (area, version)
            self.forget(manifest, run_id)
            for path in entry["files"]:
                full = os.path.join(self.data, path)
                if not os.path.isdir(os.path.dirname(full)):
                    os.makedirs(os.path.dirname(full))
                shutil.copyfile(os.path.join(work, "out", path.split("/", 1)[1]), full)
            manifest["runs"][run_id] = entry
            self.store(manifest)
            return entry
        finally:
            shutil.rmtree(work)

    def forget(self, manifest, run_id):
        """Takes a run and its files away."""
        for path in manifest["runs"].pop(run_id, {}).get("files", {}):
            full = os.path.join(self.data, path)
            if os.path.exists(full):
                os.remove(full)
            folder = os.path.dirname(full)
            while folder != self.data and os.path.isdir(folder) and not os.listdir(folder):
                os.rmdir(folder)
                folder = os.path.dirname(folder)

    def forget_unwanted(self):
        """Takes away the runs of areas that are no more, or that a version no longer makes."""
        manifest = self.load()
        for run_id in sorted(manifest["runs"]):
            area, version = run_id.split("@")
            if area not in AREAS or version not in ONLY.get(area, VERSIONS):
                self.forget(manifest, run_id)
                print("took %s away" % run_id)
        self.store(manifest)

    def diff(self, area, version, python):
        """Makes the area again in a temporary folder. Returns the lines that say what differs."""
        work = tempfile.mkdtemp(prefix="golden-")
        try:
            entry = self.run(area, version, python, work)
            old = self.load()["runs"].get("%s@%s" % (area, version), {"files": {}})
            lines = []
            for key in ("tensorflow", "numpy", "protobuf", "python"):
                if key in old and old[key] != entry[key]:
                    lines.append("%s@%s: made with %s %s, now %s" % (area, version, key, old[key], entry[key]))
            for path in sorted(set(entry["files"]) | set(old["files"])):
                if path not in entry["files"]:
                    lines.append("data/%s: no longer made" % path)
                elif path not in old["files"]:
                    lines.append("data/%s: new" % path)
                elif entry["files"][path] != old["files"][path]:
                    lines.append("data/%s: differs" % path)
                    lines += text_diff(os.path.join(self.data, path), os.path.join(work, "out", path.split("/", 1)[1]))
            return lines
        finally:
            shutil.rmtree(work)


def text_diff(old, new, limit=20):
    """The first lines of a unified diff, or nothing for files that are not text."""
    try:
        with open(old, encoding="utf-8") as f:
            a = f.read().splitlines()
        with open(new, encoding="utf-8") as f:
            b = f.read().splitlines()
    except (UnicodeDecodeError, IOError):
        return []
    return ["    " + line[:200] for line in list(difflib.unified_diff(a, b, "old", "new", lineterm=""))[:limit]]


def pythons(versions, options):
    """version -> python executable, for the versions asked for (all that are named anywhere when none is)."""
    named = {}
    for option in options:
        version, sep, path = option.partition("=")
        if not sep or version not in VERSIONS:
            raise GoldenError("--python wants VERSION=PATH with a VERSION of %s" % ", ".join(VERSIONS))
        named[version] = path
    found = {}
    for version in versions or VERSIONS:
        variable = "TFPERSIST_TF_" + version.replace(".", "_")
        path = named.get(version) or os.environ.get(variable)
        if path:
            found[version] = path
        elif versions:
            raise GoldenError("no Python for TensorFlow %s: set %s or give --python %s=PATH" % (version, variable, version))
    if not found:
        raise GoldenError("no Python with TensorFlow named: set TFPERSIST_TF_1_11_0 (and _1_15_5, _2_21_0) or give --python VERSION=PATH")
    return found


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["make", "check", "diff"])
    parser.add_argument("area", nargs="*", help="folders of data/tf-VERSION (default: all)")
    parser.add_argument("--tf", action="append", choices=VERSIONS, default=[], metavar="VERSION")
    parser.add_argument("--python", action="append", default=[], metavar="VERSION=PATH")
    args = parser.parse_args(argv)
    golden = Golden(os.path.dirname(os.path.abspath(__file__)))
    try:
        if args.verb == "check":
            complaints = golden.check()
            for line in complaints:
                print(line)
            count = sum(len(run["files"]) for run in golden.load()["runs"].values())
            print("golden: %d files, %d complaints" % (count, len(complaints)))
            return 1 if complaints else 0
        for area in args.area:
            if area not in AREAS:
                raise GoldenError("there is no area %s; areas are: %s" % (area, ", ".join(AREAS)))
        found = pythons(args.tf, args.python)
        if args.verb == "make":
            golden.forget_unwanted()
        bad = 0
        for area in args.area or AREAS:
            for version in VERSIONS:
                if version not in found or version not in ONLY.get(area, VERSIONS):
                    continue
                if args.verb == "make":
                    entry = golden.make(area, version, found[version])
                    print("made %s@%s: %d files, %d bytes" % (area, version, len(entry["files"]), sum(f[1] for f in entry["files"].values())))
                else:
                    lines = golden.diff(area, version, found[version])
                    bad += len(lines)
                    print("\n".join(lines or ["%s@%s: the same" % (area, version)]))
                sys.stdout.flush()
        return 1 if bad else 0
    except GoldenError as error:
        print("golden: %s" % error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
