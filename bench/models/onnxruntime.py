#!/usr/bin/env python3
"""A model in ONNX Runtime:  onnxruntime.py FOLDER BATCH THREADS [SECONDS]     (Python with onnxruntime and numpy; see problem.h)"""

import json
import os
import statistics
import sys
import time

# This file must not be found as the package of its name.
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != os.path.dirname(os.path.abspath(__file__))]
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402


def main():
    folder, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 1.0
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as f:
        model = json.load(f)
    feeds = {}
    for spec in model["inputs"]:
        dims = [batch] + spec["dims"][1:]
        value = np.fromfile(os.path.join(folder, spec["name"] + ".bin"), spec["dtype"], count=int(np.prod(dims))).reshape(dims)
        feeds[spec["name"]] = np.ascontiguousarray(value.transpose(0, 3, 1, 2)) if len(dims) == 4 else value
    expected = np.fromfile(os.path.join(folder, "expected.bin"), np.float32)
    expected = expected[:expected.size // model["batches"][-1] * batch]

    def check(value):
        apart, most = np.max(np.abs(value.reshape(-1) - expected)), np.max(np.abs(expected))
        if not apart <= model["tolerance"] * most:
            raise SystemExit("bench: %s: values differ by %g, the largest is %g" % (model["name"], apart, most))

    begin = time.perf_counter()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(os.path.join(folder, "model.onnx"), options, providers=["CPUExecutionProvider"])
    value, = session.run(["output"], feeds)
    first = time.perf_counter() - begin
    check(value)
    for _ in range(3):
        session.run(["output"], feeds)
    taken = []
    while sum(taken) < seconds or len(taken) < 5:
        begin = time.perf_counter()
        value, = session.run(["output"], feeds)
        taken.append(time.perf_counter() - begin)
    check(value)
    with open("/proc/self/status", encoding="utf-8") as f:
        peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM:"))
    name = "models/%s/batch:%d/threads:%d" % (model["name"], batch, threads)
    rows = ((name, statistics.median(taken) * 1e3, "ms"), (name + "/first", first * 1e3, "ms"), (name + "/memory", peak / 1024, "MiB"))
    print(json.dumps({"context": {"version": onnxruntime.__version__, "runs": len(taken)},
                      "benchmarks": [{"name": n, "real_time": v, "time_unit": u} for n, v, u in rows]}, indent=1))


if __name__ == "__main__":
    main()
