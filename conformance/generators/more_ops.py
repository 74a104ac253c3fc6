"""op/state, op/passing, op/gradients, op/flow: operations that the golden results leave out; TensorFlow 1.11.0's answers are recorded."""

from generators.dtypes import VARIABLES, started, value, variable
from generators.notation import case, suite, tensor

NUMBERS = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "complex64", "complex128", "bfloat16"]
SMALL = {"complex64": ["(1,2)", "(-0.5,0)", "(3,-1)"], "complex128": ["(1,2)", "(-0.5,0)", "(3,-1)"]}
UNSIGNED = ["3", "1", "2"]


def small(dtype, plus=0):
    if dtype in SMALL:
        return tensor(dtype, (3,), SMALL[dtype])
    values = UNSIGNED if dtype.startswith("u") else ["3", "-1", "2"]
    return tensor(dtype, (3,), [str(int(v) + plus) for v in values])


def run(*fetches, **more):
    return dict({"do": "run", "session": "sess", "fetches": list(fetches), "expect": {"value": "?"}}, **more)


def tried(*fetches, **more):
    return dict(run(*fetches, **more), expect="?")


def state():
    cases = []
    for dtype in NUMBERS:
        for kind, more in (("ref", {}), ("resource", {"use_resource": True})):
            steps = [variable("v", "v", small(dtype), **more),
                     {"do": "assign_add", "as": "plus", "variable": "v", "value": small(dtype, 4)},
                     {"do": "assign_sub", "as": "minus", "variable": "v", "value": small(dtype, 1)}] + started() + [
                         tried("plus"), tried("v"), tried("minus"), tried("v")]
            cases.append(case("op/state/add_sub_%s_%s" % (dtype, kind), "assign_add and assign_sub of a %s %s variable." % (dtype, kind), ["op AssignAdd", "op AssignSub"],
                              steps, needs=["resource_variables"] if more else None))
    for dtype in VARIABLES:
        steps = [variable("v", "v", value(dtype, (5,))), {"do": "assign", "as": "set", "variable": "v", "value": value(dtype, (5,))},
                 {"do": "op", "as": "is", "op": "IsVariableInitialized", "inputs": ["v:0"], "name": "is"},
                 {"do": "session", "as": "sess"}, run("is"), run("set"), run("is", "v")]
        cases.append(case("op/state/assign_%s" % dtype, "Assign gives a %s variable its value, and IsVariableInitialized tells." % dtype, ["op Assign", "op IsVariableInitialized"], steps))
        steps = [variable("v", "v", value(dtype, (5,)), use_resource=True), {"do": "op", "as": "is", "op": "VarIsInitializedOp", "inputs": ["v:0"], "name": "is"},
                 {"do": "op", "as": "shape", "op": "VariableShape", "inputs": ["v:0"], "name": "shape"},
                 {"do": "op", "as": "read", "op": "ReadVariableOp", "inputs": ["v:0"], "attrs": {"dtype": {"type": dtype}}, "name": "again"},
                 {"do": "op", "as": "gone", "op": "DestroyResourceOp", "inputs": ["v:0"], "name": "gone"},
                 {"do": "session", "as": "sess"}, run("is"), {"do": "global_variables_initializer", "as": "init"}, run("init"), run("is", "shape", "read"), run("gone"), run("is")]
        cases.append(case("op/state/resource_%s" % dtype, "A %s resource variable: initialized or not, shape, value, destroyed." % dtype,
                          ["op VarIsInitializedOp", "op VariableShape", "op DestroyResourceOp"], steps, needs=["resource_variables"]))
    return suite("op/state", "Operations on variables.", cases)


def passing():
    cases = []
    for dtype in ("float32", "float16", "bfloat16", "int32", "uint8", "bool", "complex64", "string"):
        given = value(dtype, (5,))
        names = ["Identity", "StopGradient", "PreventGradient"] + (["Snapshot"] if dtype != "string" else [])  # no kernel for strings
        steps = [{"do": "placeholder", "as": "x", "name": "x", "dtype": dtype}]
        steps += [{"do": "op", "as": n, "op": n, "inputs": ["x"], "name": n} for n in names]
        steps += [{"do": "op", "as": "many", "op": "IdentityN", "inputs": [["x", "Identity"]], "name": "many"},
                  {"do": "constant", "as": "c", "name": "c", "value": value(dtype, (1,))},
                  {"do": "op", "as": "default", "op": "PlaceholderWithDefault", "inputs": ["c"], "attrs": {"shape": {"shape": [-1]}}, "name": "default"},
                  {"do": "session", "as": "sess"},
                  {"do": "run", "session": "sess", "fetches": names + ["many"], "feeds": {"x": given}, "expect": {"value": [given] * (len(names) + 2)}},
                  {"do": "run", "session": "sess", "fetches": ["default"], "expect": {"value": [value(dtype, (1,))]}},
                  {"do": "run", "session": "sess", "fetches": ["default"], "feeds": {"default": given}, "expect": {"value": [given]}}]
        cases.append(case("op/passing/" + dtype, "Operations that pass a %s tensor on, to the bit." % dtype, ["op Identity", "op PlaceholderWithDefault", "op IdentityN"], steps))
    return suite("op/passing", "Operations that pass a tensor on.", cases)


def gradients():
    cases = []
    for op, kinds in (("ReluGrad", ("float16", "float32", "float64", "int32", "uint8")), ("Relu6Grad", ("float16", "float32", "float64", "int32")),
                      ("SigmoidGrad", ("float16", "float32", "float64", "complex64")), ("TanhGrad", ("float16", "float32", "float64", "complex64")),
                      ("AddV2", ("float16", "float32", "float64", "int32", "int64", "uint8", "complex64"))):
        for dtype in kinds:
            x = small(dtype)
            y = small(dtype, 3) if dtype not in ("float16", "float32", "float64") else tensor(dtype, (3,), ["0.5", "7", "-0.25"])
            steps = [{"do": "placeholder", "as": n, "name": n, "dtype": dtype} for n in ("x", "y")]
            steps += [{"do": "op", "as": "z", "op": op, "inputs": ["x", "y"], "name": "z"}, {"do": "session", "as": "sess"}]
            steps.append(dict(run("z", feeds={"x": x, "y": y}), expect={"value": "?", "ulp": 4} if "Grad" in op and dtype.startswith(("f", "c")) else {"value": "?"}))
            cases.append(case("op/gradients/%s_%s" % (op, dtype), "%s of %s." % (op, dtype), ["op %s" % op], steps))
    return suite("op/gradients", "Operations that gradients are made of.", cases)


def flow():
    cases = []
    for dtype in ("float32", "int32", "string", "bool"):
        given = value(dtype, (5,))
        for choice in ("true", "false"):
            feeds = {"x": given, "p": tensor("bool", (), [choice])}
            steps = [{"do": "placeholder", "as": "x", "name": "x", "dtype": dtype}, {"do": "placeholder", "as": "p", "name": "p", "dtype": "bool"},
                     {"do": "op", "as": "s", "op": "Switch", "inputs": ["x", "p"], "name": "s"},
                     {"do": "identity", "as": "f", "x": "s[0]", "name": "f"}, {"do": "identity", "as": "t", "x": "s[1]", "name": "t"},
                     {"do": "op", "as": "m", "op": "Merge", "inputs": [["f", "t"]], "name": "m"},
                     {"do": "session", "as": "sess"}, run("m", feeds=feeds), tried("t", feeds=feeds), tried("f", feeds=feeds), tried("s[0]", feeds=feeds)]
            cases.append(case("op/flow/switch_%s_%s" % (dtype, choice), "A Switch of %s goes %s; Merge tells which way; the other way is dead." % (dtype, choice),
                              ["op Switch", "op Merge"], steps))
    for choice in ("true", "false"):
        feeds = {"p": tensor("bool", (), [choice])}
        steps = [variable("v", "v", tensor("float32", (1,), ["1"])), {"do": "placeholder", "as": "p", "name": "p", "dtype": "bool"},
                 {"do": "op", "as": "s", "op": "RefSwitch", "inputs": ["v:0", "p"], "name": "s"},
                 {"do": "op", "as": "i", "op": "RefIdentity", "inputs": ["s[1]"], "name": "i"},
                 {"do": "op", "as": "m", "op": "RefMerge", "inputs": [["s[0]", "i"]], "name": "m"}] + started() + [run("m", feeds=feeds)]
        cases.append(case("op/flow/refs_%s" % choice, "RefSwitch, RefIdentity and RefMerge, going %s." % choice, ["op RefSwitch", "op RefMerge", "op RefIdentity"], steps))
    steps = [{"do": "op", "as": "t", "op": "ControlTrigger", "name": "t"}, {"do": "op", "as": "n", "op": "NoOp", "control_inputs": ["t"], "name": "n"},
             {"do": "session", "as": "sess"}, run("t", "n")]
    cases.append(case("op/flow/triggers", "ControlTrigger and NoOp run and give nothing.", ["op ControlTrigger", "op NoOp"], steps))
    return suite("op/flow", "Control flow without loops.", cases)


def suites():
    return [state(), passing(), gradients(), flow()]
