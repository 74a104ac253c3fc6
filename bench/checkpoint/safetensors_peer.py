#!/usr/bin/env python3
"""The same tensors through safetensors, with NumPy:  safetensors_peer.py prepare|run FOLDER [--large] [options of the benchmark, unheeded]

`run` prints what the benchmark programs print: one time per workload, taken inside of this process. safetensors has no checksums, no strings
and no slices across tensors. Results are compared before they are timed; freeing is not timed.
"""

import json
import os
import sys
import time

import numpy as np
from safetensors import numpy as safetensors

from page_cache import drop

TIMES = 3


def shapes(folder, name):
    """Of the tensors of a workload, by the same names: checkpoint_prepare wrote them."""
    with open(os.path.join(folder, name + ".shapes"), encoding="utf-8") as f:
        rows = [line.split() for line in f]
    return {row[0]: tuple(int(d) for d in row[1:]) for row in rows}


def value(i, shape):
    n = int(np.prod(shape))
    return (np.float32(i) + (np.arange(n) % 1000).astype(np.float32) / np.float32(1024)).reshape(shape)


def path(folder, name, shard=0):
    return os.path.join(folder, "%s-%d.safetensors" % (name, shard))


def workloads(large):
    """Name and number of files."""
    return [("a", 1), ("resnet50", 1), ("shards", 8), ("b", 1)] + ([("one", 1)] if large else [])


def prepare(folder, large):
    for name, shards in workloads(large):
        all_shapes = list(shapes(folder, name).items())
        for shard in range(shards):
            tensors = {t: value(i, shape) for i, (t, shape) in enumerate(all_shapes) if i % shards == shard}
            safetensors.save_file(tensors, path(folder, name, shard))


def restore(folder, name, shards):
    found = {}
    for shard in range(shards):
        found.update(safetensors.load_file(path(folder, name, shard)))
    return found


def check(folder, name, found):
    for i, (t, shape) in enumerate(shapes(folder, name).items()):
        if found[t].shape != shape or not np.array_equal(found[t], value(i, shape)):
            raise SystemExit("bench: restored values differ: " + t)


def timed(run, times=TIMES, before=lambda: None):
    taken = []
    for _ in range(times):
        before()
        begin = time.perf_counter()
        held = run()
        taken.append(time.perf_counter() - begin)
        del held
    return 1000 * sum(taken) / len(taken)


def main():
    what, folder = sys.argv[1:3]
    large = "--large" in sys.argv
    if what == "prepare":
        return prepare(folder, large)
    rows = []

    def row(name, ms):
        rows.append({"name": "checkpoint/" + name, "real_time": ms, "time_unit": "ms"})

    row("restore_a_first/threads:2", timed(lambda: restore(folder, "a", 1), 1))
    for name, shards in workloads(large):
        found = restore(folder, name, shards)
        check(folder, name, found)
        del found
        row("restore_%s/threads:2" % name, timed(lambda: restore(folder, name, shards), 1 if name in ("one", "b") else TIMES))
    row("restore_a_cold/threads:2", timed(lambda: restore(folder, "a", 1), 2, lambda: drop(path(folder, "a"))))
    for name in ("a", "resnet50"):
        found, out = restore(folder, name, 1), os.path.join(folder, "out", name + ".safetensors")
        safetensors.save_file(found, out)
        row("save_%s_memory" % name, timed(lambda: safetensors.save_file(found, out)))
        check(folder, name, safetensors.load_file(out))
    print(json.dumps({"benchmarks": rows}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
