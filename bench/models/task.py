"""The task `models` of bench/run: whole networks, every competitor a process of its own per (model, batch, threads)."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

# Loading with the first run is a mark for this one alone.
FIRST = "resnet50"


def mark(task, name):
    """How many times ours this competitor must take at least (memory: have); None where there is no mark."""
    what = task.split("/")
    if name.startswith("tfpersist"):
        return None
    if what[1].startswith("import"):
        return 5 if name.startswith("tensorflow") and len(what) == 2 else None
    if what[-1] == "memory":
        return 1 if name.startswith("tensorflow") else None
    if what[-1] == "first":
        return 5 if what[1] == FIRST and name.startswith("tensorflow") else None
    if name == "tensorflow 1.15.5":
        return 1.5
    return 1 if what[1].startswith("bert") else 1.15


def onnxruntime_python():
    """A Python with onnxruntime: TFPERSIST_PEERS names it, or ci/setup --peers made it."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for python in (os.environ.get("TFPERSIST_PEERS"), os.path.join(root, "build", "peers", "bin", "python"), sys.executable):
        if python and shutil.which(python) and subprocess.run([python, "-c", "import onnxruntime, numpy"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return python
    return None


def build(bench, folder, wanted):
    """The models' files and the values that TensorFlow computes for them: 1.15.5, where it is at hand."""
    bench.progress("models: writing them")
    subprocess.run([bench.program("models_build"), folder] + wanted, check=True)
    oracle = next((v for v in bench.VERSIONS[1:] if bench.libraries(v)), None)
    if oracle is None:
        raise SystemExit("bench: models are checked against TensorFlow, and none is at hand (conformance/testees/fetch_tensorflow --get)")
    models = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name, "model.json"), encoding="utf-8") as f:
            models.append(json.load(f))
        bench.progress("models: TensorFlow %s computes what %s must give" % (oracle, name))
        bench.call([bench.program("models_tensorflow"), os.path.join(folder, name), str(models[-1]["batches"][-1]), "2", "0"] + bench.libraries(oracle))
    return models, oracle


def imports(bench, rounds, result):
    """A graph of 100,000 nodes, from its bytes in memory to the graph."""
    with tempfile.TemporaryDirectory(dir=bench.BUILD) as folder:
        subprocess.run([bench.program("models_build"), folder, "many_nodes"], check=True)
        file = os.path.join(folder, "many_nodes.pb")
        theirs = [bench.program("models_import_tensorflow"), file]
        programs = {"tfpersist": [bench.program("models_import_tfpersist"), file],
                    "tfpersist C API": theirs + [os.path.join(bench.BUILD, "lib", "libtfpersist.so")]}
        programs.update({"tensorflow " + v: theirs + bench.libraries(v) for v in bench.VERSIONS[1:] if bench.libraries(v)})
        bench.in_turns("models import", programs, rounds, result, options=())


def npy(file, dtype, dims, data):
    header = ("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }" % ({"float32": "<f4", "int32": "<i4"}[dtype], ", ".join(map(str, dims)))).ljust(117) + "\n"
    with open(file, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)


def op_times(bench, folder, network, threads, result):
    """Where one warm run's time goes, by op, from the trace that the command line writes. Of networks only."""
    at = os.path.join(folder, network["name"])
    trace = os.path.join(at, "trace.json")
    command = [os.path.join(bench.BUILD, "bin", "tfpersist"), "run", os.path.join(at, network["file"]), "--threads", str(threads), "--repeat", "10",
               "--fetch", "output:0=" + os.path.join(at, "output.npy"), "--trace", trace]
    for spec in network["inputs"]:
        dims = [network["batches"][0]] + spec["dims"][1:]
        size = 4
        for dim in dims:
            size *= dim
        with open(os.path.join(at, spec["name"] + ".bin"), "rb") as f:
            npy(os.path.join(at, spec["name"] + ".npy"), spec["dtype"], dims, f.read(size))
        command += ["--feed", "%s:0=%s" % (spec["name"], os.path.join(at, spec["name"] + ".npy"))]
    bench.call(command)
    with open(trace, encoding="utf-8") as f:
        steps = [e for e in json.load(f)["traceEvents"] if e["ph"] == "X"]
    ops = {}
    for step in steps:
        ops.setdefault(step["name"], []).append(step["dur"] / 1e3)
    result.setdefault("op_times", []).append(
        {"model": network["name"], "device": "cpu", "batch": network["batches"][0], "threads": threads, "total_ms": sum(map(sum, ops.values())),
         "ops": [{"op": op, "ms": sum(times), "steps": len(times)} for op, times in sorted(ops.items(), key=lambda item: -sum(item[1]))]})


# Between and beyond the batches at which all compete: ours alone, for the curve over the batch.
CURVE = (1, 2, 4, 8)


def models(bench, rounds, result, wanted=(), seconds=1.0, threads=(1, 2)):
    folder = os.path.join(bench.BUILD, "models")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        networks = []
        names = [w for w in wanted if w != "import"]
        if names or not wanted:
            networks, result["models_checked_against"] = build(bench, folder, names)
        tensorflow = {"tensorflow " + v: bench.libraries(v) for v in bench.VERSIONS[1:]}
        onnx, opencv = onnxruntime_python(), bench.program("models_opencv")
        for name, there in list(tensorflow.items()) + [("onnxruntime", onnx), ("opencv", os.path.exists(opencv))]:
            if not there:
                bench.not_run(result, name, "ci/setup --peers" if name[0] == "o" else "conformance/testees/fetch_tensorflow --get")
        if onnx:
            result["versions"]["ONNX Runtime"] = subprocess.run([onnx, "-c", "import onnxruntime; print(onnxruntime.__version__)"], stdout=subprocess.PIPE,
                                                                check=True).stdout.decode().strip()
        for network in networks:
            for batch in network["batches"]:
                for n in threads:
                    arguments = [os.path.join(folder, network["name"]), str(batch), str(n), str(seconds)]
                    programs = {"tfpersist": [bench.program("models_tfpersist")] + arguments}
                    programs.update({name: [bench.program("models_tensorflow")] + arguments + found for name, found in tensorflow.items() if found})
                    if onnx and network["file"] == "model.pb":
                        programs["onnxruntime"] = [onnx, os.path.join(bench.ROOT, "bench", "models", "onnxruntime.py")] + arguments
                    if os.path.exists(opencv) and network["inputs"][0]["dtype"] == "float32" and len(network["inputs"][0]["dims"]) == 4:
                        programs["opencv"] = [opencv] + arguments
                    bench.in_turns("models %s, batch %d, %d threads" % (network["name"], batch, n), programs, rounds, result, options=())
            if network["file"] != "model.pb":
                continue
            for batch in [b for b in CURVE if network["batches"][-1] == CURVE[-1] and b not in network["batches"]]:
                bench.in_turns("models %s, batch %d" % (network["name"], batch),
                               {"tfpersist": [bench.program("models_tfpersist"), os.path.join(folder, network["name"]), str(batch), str(threads[-1]), str(seconds)]},
                               rounds, result, options=())
            bench.progress("models %s: where the time goes" % network["name"])
            op_times(bench, folder, network, threads[-1], result)
        if not wanted or "import" in wanted:
            imports(bench, rounds, result)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
