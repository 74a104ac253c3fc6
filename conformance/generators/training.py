"""op/apply, op/sparse_apply, op/scatter_variable: what optimizers and scatters do to variables, step by step; TensorFlow 1.11.0's answers are recorded."""

from generators.dtypes import started, variable
from generators.more_ops import tried
from generators.notation import case, suite, tensor

FLOATS = ["float16", "float32", "float64"]
STEP = "global step 3"
# op: slots with their first values, scalars before the gradient, scalars after it, attrs to try
RULES = {
    "ApplyGradientDescent": ([], ["0.5"], [], [{}]),
    "ApplyMomentum": (["0"], ["0.25"], ["0.75"], [{}, {"use_nesterov": True}]),
    "ApplyAdam": (["0", "0"], ["0.875", "0.9375", "0.125", "0.875", "0.9375", "0.0009765625"], [], [{}, {"use_nesterov": True}]),
    "ApplyAdagrad": (["0.125"], ["0.5"], [], [{}, {"update_slots": False}]),
    "ApplyRMSProp": (["1", "0"], ["0.125", "0.875", "0.5", "0.0009765625"], [], [{}]),
    "ApplyCenteredRMSProp": (["0", "1", "0"], ["0.125", "0.875", "0.5", "0.0009765625"], [], [{}]),
    "ApplyAdadelta": (["0", "0"], ["0.5", "0.875", "0.0009765625"], [], [{}]),
    "ApplyAdaMax": (["0", "0"], ["0.875", "0.125", "0.875", "0.9375", "0.0009765625"], [], [{}]),
    "ApplyAddSign": (["0"], ["0.125", "1", "0.5", "0.875"], [], [{}]),
    "ApplyPowerSign": (["0"], ["0.125", "1", "0.5", "0.875"], [], [{}]),
    "ApplyProximalGradientDescent": ([], ["0.5", "0.25", "0.125"], [], [{}]),
    "ApplyProximalAdagrad": (["0.125"], ["0.5", "0.25", "0.125"], [], [{}]),
    "ApplyAdagradDA": (["0", "0.125"], [], ["0.5", "0.25", "0.125", STEP], [{}]),
    "ApplyFtrl": (["0.125", "0"], [], ["0.5", "0.25", "0.125", "-0.5"], [{}]),
    "ApplyFtrlV2": (["0.125", "0"], [], ["0.5", "0.25", "0.125", "0.0625", "-0.5"], [{}]),
}
SPARSE = {
    "SparseApplyMomentum": (["0"], ["0.25"], ["0.75"], [{}, {"use_nesterov": True}]),
    "SparseApplyAdagrad": (["0.125"], ["0.5"], [], [{}]),
    "SparseApplyRMSProp": (["1", "0"], ["0.125", "0.875", "0.5", "0.0009765625"], [], [{}]),
    "SparseApplyCenteredRMSProp": (["0", "1", "0"], ["0.125", "0.875", "0.5", "0.0009765625"], [], [{}]),
    "SparseApplyAdadelta": (["0", "0"], ["0.5", "0.875", "0.0009765625"], [], [{}]),
    "SparseApplyProximalGradientDescent": ([], ["0.5", "0.25", "0.125"], [], [{}]),
    "SparseApplyProximalAdagrad": (["0.125"], ["0.5", "0.25", "0.125"], [], [{}]),
    "SparseApplyAdagradDA": (["0", "0.125"], [], ["0.5", "0.25", "0.125", STEP], [{}]),
    "SparseApplyFtrl": (["0.125", "0"], [], ["0.5", "0.25", "0.125", "-0.5"], [{}]),
    "SparseApplyFtrlV2": (["0.125", "0"], [], ["0.5", "0.25", "0.125", "0.0625", "-0.75"], [{}]),
}
VALUES, GRADS = ["1", "-2", "0.5", "3"], ["0.25", "-1", "2", "0.125"]


def prepared(op, rule, dtype, attrs, use_resource, shape, first_values, indices):
    """The variables, the scalars, the operation "apply" with its gradient (and indices) to be fed, and a session."""
    slots, before, after = rule[:3]
    more = {"use_resource": True} if use_resource else {}
    steps = [variable("v", "v", tensor(dtype, shape, first_values), **more)]
    steps += [variable("s%d" % i, "s%d" % i, tensor(dtype, shape, [first] * len(first_values)), **more) for i, first in enumerate(slots)]
    steps += [{"do": "constant", "as": "c%d" % i, "name": "c%d" % i, "value": tensor("int64", (), ["3"]) if value == STEP else tensor(dtype, (), [value])}
              for i, value in enumerate(before + after)]
    steps.append({"do": "placeholder", "as": "g", "name": "g", "dtype": dtype})
    if indices:
        steps.append({"do": "placeholder", "as": "i", "name": "i", "dtype": "int32"})
    inputs = ["v:0"] + ["s%d:0" % i for i in range(len(slots))] + ["c%d" % i for i in range(len(before))] + ["g"] + (["i"] if indices else [])
    inputs += ["c%d" % i for i in range(len(before), len(before) + len(after))]
    step = {"do": "op", "as": "apply", "op": ("Resource" if use_resource else "") + op, "inputs": inputs, "name": "apply"}
    if attrs:
        step["attrs"] = {k: {"b": v} for k, v in attrs.items()}
    return steps + [step] + started()


def values_of(slots, dtype):
    return [{"do": "run", "session": "sess", "fetches": [name], "expect": {"value": "?", "ulp": 16 if dtype != "float16" else 4}}
            for name in ["v"] + ["s%d" % i for i in range(len(slots))]]


def updates(op, dtype, attrs, use_resource):
    steps = prepared(op, RULES[op], dtype, attrs, use_resource, (2, 2), VALUES, False)
    for scale in (1, -2, 4):
        grad = tensor(dtype, (2, 2), [("%g" % (float(v) * scale)) for v in GRADS])
        steps.append({"do": "run", "session": "sess", "fetches": ["apply"], "feeds": {"g": grad}})
        steps += values_of(RULES[op][0], dtype)
    bad = tensor(dtype, (2,), ["1", "2"])
    steps.append({"do": "run", "session": "sess", "fetches": ["apply"], "feeds": {"g": bad}, "expect": "?"})
    return steps


def sparse_updates(op, dtype, attrs, use_resource):
    steps = prepared(op, SPARSE[op], dtype, attrs, use_resource, (3, 2), VALUES + ["0", "-1"], True)
    for rows in ((0, 2), (1, 1), ()):
        feeds = {"g": tensor(dtype, (len(rows), 2), GRADS[:2 * len(rows)]), "i": tensor("int32", (len(rows),), [str(r) for r in rows])}
        steps.append({"do": "run", "session": "sess", "fetches": ["apply"], "feeds": feeds})
        steps += values_of(SPARSE[op][0], dtype)
    for rows, shape in (((3,), (1, 2)), ((-1,), (1, 2)), ((0,), (2, 2)), ((0,), (1, 3))):
        feeds = {"g": tensor(dtype, shape, ["1"] * (shape[0] * shape[1])), "i": tensor("int32", (len(rows),), [str(r) for r in rows])}
        steps.append({"do": "run", "session": "sess", "fetches": ["apply"], "feeds": feeds, "expect": "?"})
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


def sparse_apply():
    cases = []
    for op, (_, _, _, tries) in SPARSE.items():
        for dtype in FLOATS:
            for attrs in tries:
                for use_resource in (False, True) if dtype == "float32" else (False,):
                    label = "_".join([op, dtype] + sorted(attrs) + (["resource"] if use_resource else []))
                    cases.append(case("op/sparse_apply/" + label, "%s of a %s variable: two rows, one row twice, none; rows that are not there, gradients of another shape." % (op, dtype),
                                      ["op %s" % (("Resource" if use_resource else "") + op)], sparse_updates(op, dtype, attrs, use_resource),
                                      needs=["resource_variables"] if use_resource else None))
    return suite("op/sparse_apply", "What optimizers do to rows of variables.", cases)


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
    for op, kinds in (("ScatterUpdate", ["float32", "int64", "string"]), ("ScatterAdd", ["float16", "float32", "complex64"]), ("ScatterSub", ["float64"]), ("ScatterMul", ["float32"]), ("ScatterDiv", ["float32"]),
                      ("ScatterMin", ["int32"]), ("ScatterMax", ["float32"])):
        for dtype in kinds:
            make = (lambda *v: ["(%s,1)" % x for x in v]) if dtype == "complex64" else lambda *v: list(v)
            steps = [variable("v", "v", tensor(dtype, (3, 2), make("8", "6", "4", "2", "10", "12")), use_resource=True)]
            steps += [{"do": "placeholder", "as": "i", "name": "i", "dtype": "int64"}, {"do": "placeholder", "as": "u", "name": "u", "dtype": dtype},
                      {"do": "op", "as": "s", "op": "Resource" + op, "inputs": ["v:0", "i", "u"], "attrs": {"dtype": {"type": dtype}}, "name": "s"}] + started()
            for at, shape, given in (((2, 0), (2, 2), ("1", "2", "3", "4")), ((1, 1), (2, 2), ("2", "1", "2", "5")), ((3,), (1, 2), ("1", "1"))):
                steps.append(tried("s", feeds={"i": tensor("int64", (len(at),), [str(k) for k in at]), "u": tensor(dtype, shape, make(*given))}))
                steps.append(tried("v"))
            cases.append(case("op/scatter_variable/Resource%s_%s" % (op, dtype), "Resource%s on a %s variable: rows, one row twice, a row that is not there." % (op, dtype), ["op Resource" + op], steps,
                              needs=["resource_variables"]))
    for op, kinds in (("ScatterNdUpdate", ["float32", "int64", "bool", "string", "float16"]), ("ScatterNdAdd", ["float32", "int32", "complex64", "float16"]), ("ScatterNdSub", ["float64", "uint8"])):
        for dtype in kinds:
            for use_resource in (False, True) if op != "ScatterNdSub" and dtype == "float32" else (False,):
                make = {"bool": lambda *v: ["true" if int(x) % 2 else "false" for x in v], "complex64": lambda *v: ["(%s,1)" % x for x in v]}.get(dtype, lambda *v: list(v))
                steps = [variable("v", "v", tensor(dtype, (3, 2), make("8", "6", "4", "2", "10", "12")), **({"use_resource": True} if use_resource else {}))]
                steps += [{"do": "placeholder", "as": "i", "name": "i", "dtype": "int32"}, {"do": "placeholder", "as": "u", "name": "u", "dtype": dtype},
                          {"do": "op", "as": "s", "op": ("Resource" if use_resource else "") + op, "inputs": ["v:0", "i", "u"], "name": "s"}] + started()
                for at, index_shape, shape, given in ((("2", "0"), (2, 1), (2, 2), ("1", "2", "3", "4")), (("0", "1", "2", "0", "0", "1"), (3, 2), (3,), ("2", "1", "2")), (("3",), (1, 1), (1, 2), ("1", "1")),
                                                      (("0", "2"), (1, 2), (1,), ("1",)), (("0",), (1, 1), (1, 3), ("1", "1", "1")), (("0",), (1, 1), (2, 2), ("1", "1", "1", "1"))):
                    steps.append(tried("s", feeds={"i": tensor("int32", index_shape, list(at)), "u": tensor(dtype, shape, make(*given))}))
                    if use_resource:
                        steps.append(tried("v"))
                cases.append(case("op/scatter_variable/%s%s_%s" % ("Resource" if use_resource else "", op, dtype), "%s on a %s variable: rows, elements, places that are not there, updates of another shape." % (op, dtype),
                                  ["op " + ("Resource" if use_resource else "") + op], steps, needs=["resource_variables"] if use_resource else None))
    return suite("op/scatter_variable", "Scatters into variables.", cases)


def suites():
    return [apply(), sparse_apply(), scatter_variable()]
