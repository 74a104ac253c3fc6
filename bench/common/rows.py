"""The rows of a benchmark result: what each measurement's name says, and the rows of a GPU's results.

A result is {"date", "machine", "versions", "rounds", "not_run", "rows", "op_times"}. A row is one measurement of one implementation: task,
name, unit, values (one a round), median, min, max; workload, device, dtype, and where they mean something batch, threads, variant, part (first: loading and the first run; memory); items_per_s
and gb_per_s; times_ours (of a competitor, ratios within a round); share_of_limit; mark and reached.

    bench/common/rows.py FILE       prints what bench/cuda's programs reported (bench/results/*-h100.json) as such a result
"""

import json
import statistics
import sys

GIB = 1 << 30
# Bytes that a run of a task moves.
BYTES = {"checkpoint/restore_a": GIB, "checkpoint/restore_a_mapped": GIB, "checkpoint/save_a_memory": GIB, "checkpoint/save_a_disk_durable": GIB,
         "checkpoint/save_a_disk": GIB, "checkpoint/limit_raw_read": GIB, "checkpoint/limit_raw_write_disk_durable": GIB, "checkpoint/limit_raw_write_disk": GIB,
         "checkpoint/limit_memcpy": GIB}
SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def annotate(row):
    """Adds what the task's name says: "models/resnet50/batch:8/threads:2/first"."""
    parts = row["task"].split("/")
    row["device"], row["dtype"] = row.get("device", "cpu"), row.get("dtype", "float32")
    for part in [p for p in parts if ":" in p]:
        key, value = part.split(":", 1)
        row[key] = int(value) if value.isdigit() else value
    plain = [p for p in parts if ":" not in p]
    if plain[0] == "models" and len(plain) > 2:
        row["part"] = plain.pop()
    if plain[-1].endswith("_fused"):
        plain[-1], row["variant"] = plain[-1][:-len("_fused")], "fused"
    row["workload"] = "/".join(plain)
    seconds = SECONDS.get(row["unit"])
    if seconds and row["median"] > 0:
        if "batch" in row and "part" not in row:
            row["items_per_s"] = row["batch"] / (row["median"] * seconds)
        moved = row.pop("bytes", BYTES.get(row["workload"]))
        if moved:
            row["bytes"], row["gb_per_s"] = moved, moved / (row["median"] * seconds) / 1e9
    return row


def make(task, name, unit, values, **more):
    return annotate(dict({"task": task, "name": name, "unit": unit, "values": values, "median": statistics.median(values), "min": min(values), "max": max(values)}, **more))


def relate(rows):
    """Ratios to ours in the same task, of medians where the rounds were not the same."""
    ours = {r["task"]: r for r in rows if r["name"] == "tfpersist"}
    for row in rows:
        base = ours.get(row["task"])
        if base and row is not base and "times_ours" not in row:
            row["times_ours"] = {"median": row["median"] / base["median"], "min": row["min"] / base["max"], "max": row["max"] / base["min"]}
    return rows


def of_cuda(result):
    """Rows of what bench/cuda's programs print. Their runs are not in rounds: of models they give a median and extremes."""
    rows = []
    restores, reads, uploads, theirs, adds = [], [], [], [], []
    for run in result.get("session_and_restore", []):
        if run["workload"] == "session_add_cuda":
            adds.append(run["median_us"])
        elif run.get("implementation") == "safetensors":
            theirs += run["restore_s"]
        else:
            restores += run["restore_s"]
            reads += run["limit_parallel_read_s"]
            uploads += run["limit_pinned_to_device_s"]
    for task, name, unit, values in (("session/add/device:cuda", "tfpersist", "us", adds), ("checkpoint/restore_a/device:cuda", "tfpersist", "s", restores),
                                     ("checkpoint/restore_a/device:cuda", "safetensors to PyTorch", "s", theirs),
                                     ("checkpoint/limit_parallel_read/device:cuda", "tfpersist", "s", reads),
                                     ("checkpoint/limit_pinned_to_device/device:cuda", "tfpersist", "s", uploads)):
        if values:
            rows.append(make(task, name, unit, values, **({"bytes": GIB} if unit == "s" else {})))
    for kind in ("models_fused", "models"):
        for run in result.get(kind, []):
            task = "models/%s%s/batch:%d/device:cuda/dtype:%s" % (run["model"], "_fused" if run["fused"] else "", run["batch"], run["dtype"])
            if run["tfpersist"]:
                ours = run["tfpersist"]
                rows.append(make(task, "tfpersist", "ms", [ours["median"]]))
                rows[-1].update({"min": ours["min"], "max": ours["median"], "runs": ours["runs"]})
                rows.append(make(task + "/first", "tfpersist", "ms", [ours["first"]]))
            for key, name in (("torch_eager", "PyTorch eager"), ("torch_compile", "PyTorch compiled")):
                if run.get(key):
                    rows.append(make(task, name, "ms", [run[key]["median_ms"]]))
                    rows[-1].update({"min": run[key]["min_ms"], "max": run[key]["p90_ms"], "runs": run[key]["runs"]})
    return relate(rows)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        result = json.load(f)
    machine = result["machine"]
    print(json.dumps({"date": result["date"], "machine": machine, "versions": {"cuDNN": machine.get("cudnn"), "PyTorch": machine.get("torch")}, "rounds": 3,
                      "not_run": [], "note": result.get("note", ""), "rows": of_cuda(result)}, indent=1))


if __name__ == "__main__":
    main()
