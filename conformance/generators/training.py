"""op/apply, op/scatter_variable: what optimizers and scatters do to variables, step by step; TensorFlow 1.11.0's answers are recorded."""

from generators.dtypes import started, variable
from generators.more_ops import tried
from generators.notation import case, suite, tensor

FLOATS = ["float16", "float32", "float64"]
# op: slots with their first values, scalars before the gradient, scalars after it, attrs to try
RULES = {
    "ApplyGradientDescent": ([], ["0.5"], [], [{}]),
    "ApplyMomentum": (["0"], ["0.25"], ["0.75"], [{}, {"use_nesterov": True}]),
    "ApplyAdam": (["0", "0"], ["0.875", "0.9375", "0.125", "0.875", "0.9375", "0.0009765625"], [], [{}, {"use_nesterov": True}]),
    "ApplyAdagrad": (["0.125"], ["0.5"], [], [{}, {"update_slots": False}]),
    "ApplyRMSProp": (["1", "0"], ["0.125", "0.875", "0.5", "0.0009765625"], [], [{}]),
}
VALUES, GRADS = ["1", "-2", "0.5", "3"], ["0.25", "-1", "2", "0.125"]


def updates(op, dtype, attrs, use_resource):
    slots, before, after, _ = RULES[op]
    more = {"use_resource": True} if use_resource else {}
    steps = [variable("v", "v", tensor(dtype, (2, 2), VALUES), **more)]
    steps += [variable("s%d" % i, "s%d" % i, tensor(dtype, (2, 2), [first] * 4), **more) for i, first in enumerate(slots)]
    steps += [{"do": "constant", "as": "c%d" % i, "name": "c%d" % i, "value": tensor(dtype, (), [value])} for i, value in enumerate(before + after)]
    steps.append({"do": "placeholder", "as": "g", "name": "g", "dtype": dtype})
    inputs = ["v:0"] + ["s%d:0" % i for i in range(len(slots))] + ["c%d" % i for i in range(len(before))] + ["g"] + ["c%d" % i for i in range(len(before), len(before) + len(after))]
    step = {"do": "op", "as": "apply", "op": ("Resource" if use_resource else "") + op, "inputs": inputs, "name": "apply"}
    if attrs:
        step["attrs"] = {k: {"b": v} for k, v in attrs.items()}
    steps.append(step)
    steps += started()
    for scale in (1, -2, 4):
        grad = tensor(dtype, (2, 2), [("%g" % (float(v) * scale)) for v in GRADS])
        steps.append({"do": "run", "session": "sess", "fetches": ["apply"], "feeds": {"g": grad}})
        for name in ["v"] + ["s%d" % i for i in range(len(slots))]:
            steps.append({"do": "run", "session": "sess", "fetches": [name], "expect": {"value": "?", "ulp": 16 if dtype != "float16" else 4}})
    bad = tensor(dtype, (2,), ["1", "2"])
    steps.append({"do": "run", "session": "sess", "fetches": ["apply"], "feeds": {"g": bad}, "expect": "?"})
    return steps


def apply():
    cases = []
    for op, (_, _, _, tries) in RULES.items():
        for dtype in FLOATS:
            for attrs in tries:
                for use_resource in (False, True):
                    label = "_".join([op, dtype] + sorted(attrs) + (["resource"] if use_resource else []))
                    cases.append(case("op/apply/" + label, "%s of a %s variable, three steps and a gradient of another shape." % (op, dtype),
                                      ["op %s" % (("Resource" if use_resource else "") + op)], updates(op, dtype, attrs, use_resource),
                                      needs=["resource_variables"] if use_resource else None))
    return suite("op/apply", "What optimizers do to variables.", cases)


def scatter_variable():
    cases = []
    for op, kinds in (("ScatterUpdate", FLOATS + ["int32", "bool"]), ("ScatterAdd", FLOATS + ["int32", "uint8"]), ("ScatterSub", ["float32", "int64"]), ("ScatterMul", ["float32", "int32"]),
                      ("ScatterDiv", ["float32", "int32"]), ("ScatterMin", ["float32", "int32"]), ("ScatterMax", ["float64", "int32"])):
        for dtype in kinds:
            values = (lambda *v: [("true" if int(x) % 2 else "false") for x in v]) if dtype == "bool" else (lambda *v: list(v))
            steps = [variable("v", "v", tensor(dtype, (3, 2), values("8", "6", "4", "2", "10", "12")))]
            steps += [{"do": "placeholder", "as": "i", "name": "i", "dtype": "int32"}, {"do": "placeholder", "as": "u", "name": "u", "dtype": dtype},
                      {"do": "op", "as": "s", "op": op, "inputs": ["v:0", "i", "u"], "name": "s"}] + started()
            for at, shape, given in (((2, 0), (2, 2), ("1", "2", "3", "4")), ((1, 1), (2, 2), ("2", "1", "2", "5")), ((), (2,), ("3", "2")), ((3,), (1, 2), ("1", "1")), ((0,), (2,), ("1", "1"))):
                if at == ():
                    index = tensor("int32", (), ["1"])
                else:
                    index = tensor("int32", (len(at),), [str(k) for k in at])
                steps.append(tried("s", feeds={"i": index, "u": tensor(dtype, shape, values(*given))}))
            steps.append({"do": "run", "session": "sess", "fetches": ["v"], "expect": {"value": "?"}})
            cases.append(case("op/scatter_variable/%s_%s" % (op, dtype), "%s on a %s variable: rows, rows twice, one row, a row that is not there, updates of another shape." % (op, dtype), ["op %s" % op], steps))
    return suite("op/scatter_variable", "Scatters into variables.", cases)


def suites():
    return [apply(), scatter_variable()]
