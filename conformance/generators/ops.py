"""op/<family>: what TensorFlow 1.11.0's kernels computed (golden op_graphs, op_training, op_more), one case for each op and its input dtypes."""

import json
import math
import os

from generators.notation import GOLDEN, case, golden_tensor, suite

FAMILIES = {
    "arithmetic": "Binary arithmetic, broadcast and not.", "cast": "Casts between all pairs of dtypes.",
    "comparison": "Comparisons and logic.", "concat": "Concatenating, packing, splitting.", "gather": "Gathers.",
    "matmul": "Matrix products and bias.", "reduction": "Reductions, softmax, the index of the largest.",
    "select": "Select.", "shape": "Shapes, fills, ranges.", "slice": "Slices, transposes, tiles.",
    "string": "Strings and Assert.", "unary": "Element-wise functions of one argument.",
}
TRAINING = {
    "gradient": "What gradients are made of.", "loss": "Losses.", "places": "Indices made and used.",
    "random": "Random numbers of a given seed, two runs of each.", "rearrange": "Elements in other places, running sums, shapes of gradients.",
    "scatter": "What is put, or added up, at given places.",
}
MORE = {"sound": "Sound.", "sparse": "Sparse tensors, and segments of rows that indices pick."}
# Which inputs an op takes as one list: (first, how many at the end are not part of it).
LISTS = {"AddN": (0, 0), "ConcatV2": (0, 1), "Concat": (1, 0), "Pack": (0, 0), "ShapeN": (0, 0), "StringJoin": (0, 0), "Assert": (1, 0), "ConcatOffset": (1, 0)}
# Attrs that no input decides.
FREE = {"DstT", "keep_dims", "output_type", "out_type", "axis", "num", "num_split", "transpose_a", "transpose_b", "adj_x", "adj_y",
        "squeeze_dims", "separator", "summarize", "begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask",
        "seed", "seed2", "dtype", "out_idx", "sorted", "k", "exclusive", "reverse", "seq_dim", "batch_dim", "block_size", "mode", "message", "type",
        "ksize", "strides", "padding", "is_training", "epsilon", "num_partitions", "desired_channels", "desired_samples", "window_size", "stride", "magnitude_squared", "upper_frequency_limit",
        "lower_frequency_limit", "filterbank_channel_count", "dct_coefficient_count", "validate_indices"}
# Ops that a graph of 1.11.0's own version may not have.
REMOVED = {"TopK"}
DTYPES = {"HALF": "float16", "FLOAT": "float32", "DOUBLE": "float64"}
RESULTS = 3  # of one op and dtypes, beside its errors
ELEMENTS = 24  # of one tensor; where none is that small, the smallest result


EPSILON = {"complex64": 1.2e-7, "complex128": 2.3e-16}


def largest(outputs):
    parts = [float(p) for t in outputs for v in golden_tensor(t)["values"] for p in v.strip("()").split(",") if not p.startswith("nan:")]
    return max([abs(p) for p in parts if math.isfinite(p)] or [1])


def attr(text):
    kind, value = text.split(": ", 1) if not text.startswith("list") else ("list", text[len("list {"):-1].split())
    if kind == "list":
        return {"list": [{"i": int(v)} for v in value if v != "i:"]}
    if kind == "type":
        name = value[len("DT_"):]
        return {"type": DTYPES.get(name, name.lower())}
    if kind == "s":
        return {"s": json.loads(value)}
    return {kind: value if kind == "f" else json.loads(value)}


def message(text, node):
    """A kernel's message without the node that follows it; the golden graphs call their operation n."""
    return text.split("\n")[0].replace("Inputs to operation n of", "Inputs to operation %s of" % node)


def chosen(results):
    """Up to RESULTS of them whose shapes differ most: the smallest set that has each rank once, then in order."""
    good = [r for r in results if all(len(t["shape"]) < 6 and size(t) <= ELEMENTS for t in r["inputs"] + r["outputs"])]
    good = good or sorted(results, key=lambda r: sum(size(t) for t in r["inputs"] + r["outputs"]))[:1]
    picked, seen = [], set()
    for wanted_new in (True, False):
        for r in good:
            key = (tuple(len(t["shape"]) for t in r["inputs"]), any(0 in t["shape"] for t in r["inputs"]),
                   json.dumps({k: v for k, v in r["attrs"].items() if k in FREE}, sort_keys=True))
            if len(picked) < RESULTS and r not in picked and (key not in seen) == wanted_new:
                seen.add(key)
                picked.append(r)
    return [r for r in results if r in picked]


def size(stored):
    out = 1
    for d in stored["shape"]:
        out *= d
    return out


def steps_of(results):
    """One graph: placeholders per input, the op, and a run with the inputs fed, for each result."""
    build, runs = [], []
    for n, r in enumerate(results):
        names = ["x%d_%d" % (n, i) for i in range(len(r["inputs"]))]
        for name, stored in zip(names, r["inputs"]):
            build.append({"do": "placeholder", "as": name, "dtype": stored["dtype"], "name": name})
        given = list(names)
        if r["op"] in LISTS:
            first, rest = LISTS[r["op"]]
            end = len(names) - rest
            given = names[:first] + [names[first:end]] + names[end:]
        if r["op"] == "DynamicStitch":
            given = [names[:len(names) // 2], names[len(names) // 2:]]
        step = {"do": "op", "as": "y%d" % n, "op": r["op"], "inputs": given}
        attrs = {k: attr(v) for k, v in sorted(r["attrs"].items()) if k in FREE}
        if attrs:
            step["attrs"] = attrs
        step["name"] = "y%d" % n
        build.append(step)
        feeds = {name: golden_tensor(t) for name, t in zip(names, r["inputs"])}
        run = {"do": "run", "session": "sess", "fetches": ["y%d" % n], "feeds": feeds}
        if "error" in r:
            run["expect"] = {"error": "INVALID_ARGUMENT" if r["error"]["code"] == 3 else r["error"]["code"],
                             "message_has": [message(r["error"]["message"], "y%d" % n)], "node": "y%d" % n}
        elif r["op"] == "Assert":
            run["expect"] = ({"value": [None]} if r["inputs"][0]["hex"] == "01" else
                             {"error": "INVALID_ARGUMENT", "message_has": ["assertion failed: "], "node": "y%d" % n})
        else:
            run["expect"] = {"value": [golden_tensor(t) for t in r["outputs"]]}
            if r.get("ulp"):
                run["expect"]["ulp"] = r["ulp"]
                if r["outputs"][0]["dtype"] in EPSILON:  # a part may be small beside its number
                    run["expect"]["abs"] = float("%.2g" % (r["ulp"] * EPSILON[r["outputs"][0]["dtype"]] * largest(r["outputs"])))
        runs.append(run)
        if "again" in r:
            runs.append(dict(run, expect=dict(run["expect"], value=[golden_tensor(t) for t in r["again"]])))
    return build + [{"do": "session", "as": "sess"}] + runs


# Kernels that note the error and compute all the same, beyond the end of an input: what comes is chance.
READS_ON = {"ReverseSequence": "TensorFlow 1.x notes the error and goes on to read beyond the lengths: the error in some runs, a segmentation fault in others."}


def family(folder, name, about):
    with open(os.path.join(GOLDEN, "tf-1.11.0", folder, name + ".json"), encoding="utf-8") as source:
        results = json.load(source)
    groups, errors = {}, {}
    for r in results:
        if r["op"] in REMOVED:
            continue
        if "error" in r:
            errors.setdefault(r["op"], []).append(r)
        else:
            kinds = list(dict.fromkeys(t["dtype"] for t in r["inputs"]))
            # Index and axis inputs are int32 or int64 whatever the data is.
            if len(kinds) > 1 and r["op"] not in ("Select", "Assert"):
                kinds = [k for k in kinds if k not in ("int32", "int64")] or kinds[:1]
            groups.setdefault((r["op"], "_".join(kinds) or "none"), []).append(r)
    cases = []
    for (op, kind), members in groups.items():
        picked = members if name == "cast" else chosen(members)
        if name == "cast":
            picked = one_per_target(picked)
        if picked:
            cases.append(case("op/%s/%s_%s" % (name, op, kind), "%s of %s gives what TensorFlow 1.11.0 gave." % (op, kind.replace("_", " and ")),
                              ["op %s" % op], steps_of(picked)))
    errors.pop("DecodeWav", None)  # 1.11.0's Python can't say what it refuses: the messages hold bytes of the file
    for op, members in errors.items():
        made = case("op/%s/%s_errors" % (name, op), "What %s refuses when it runs." % op, ["op %s" % op], steps_of(members))
        if op in READS_ON:
            made.update(level="beyond", holds_on=[], note=READS_ON[op])
        cases.append(made)
    return suite("op/" + name, about + " Results of TensorFlow 1.11.0's own kernels.", cases)


def one_per_target(results):
    by_target = {}
    for r in results:
        by_target.setdefault(r["attrs"]["DstT"], r)
    return list(by_target.values())


def suites():
    return [family("op_graphs", name, about) for name, about in FAMILIES.items()] + [family("op_training", name, about) for name, about in TRAINING.items()] + [family("op_more", name, about) for name, about in MORE.items()]
