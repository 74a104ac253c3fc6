"""convert_variables_to_constants: what goes in, and what TensorFlow makes of it.

freeze/NAME.pb          the GraphDef before (map entries in key order)
freeze/NAME.ckpt.*      the variables' values
freeze/NAME.frozen.pb   the GraphDef after
freeze/cases.json       {NAME: {"outputs", "whitelist", "blacklist", "log", "feeds": {tensor: value}, "values": {tensor: value} of the outputs
                        before freezing, "frozen_values": the same from the frozen graph, or "frozen_error": why that does not load or run}}
freeze/subgraphs.json   {NAME: {"input", "nodes": names, "kept": names in order}} for extract_sub_graph; the input is NAME.pb of "input"
freeze/training.json    remove_training_nodes: {NAME: {"protected", "nodes": [{"name", "op", "inputs"}]}} of training_NAME.pb
"""
from common import *

from tensorflow.python.framework import function

CASES = []


class Case(object):
    def __init__(self, title, build, outputs=("out",), feeds=None, whitelist=None, blacklist=None):
        self.title, self.build, self.outputs, self.feeds = title, build, list(outputs), feeds or {}
        self.whitelist, self.blacklist = whitelist, blacklist
        CASES.append(self)


def dense(resource):
    def build():
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        with tf.variable_scope("layer", use_resource=resource):
            w = tf.get_variable("w", initializer=tf.constant([[1.0, -2.0], [0.5, 4.0]]))
            b = tf.get_variable("b", initializer=tf.constant([0.1, 0.2]))
        unused = tf.Variable(3.0, name="unused", use_resource=resource)
        tf.multiply(unused, 2.0, name="not_needed")
        tf.nn.relu(tf.matmul(x, w) + b, name="out")
    return build


FED = {"x:0": np.array([[1.0, 2.0], [-3.0, 0.25]], np.float32)}
for _resource in (False, True):
    _kind = "resource" if _resource else "ref"
    Case(_kind, dense(_resource), feeds=FED)
    Case(_kind + "_whitelist", dense(_resource), feeds=FED, whitelist=["layer/w"])
    Case(_kind + "_blacklist", dense(_resource), feeds=FED, blacklist=["layer/w"])
    Case(_kind + "_both_lists", dense(_resource), feeds=FED, whitelist=["layer/w", "layer/b"], blacklist=["layer/w"])
    Case(_kind + "_two_outputs", dense(_resource), feeds=FED, outputs=["out", "not_needed"])


def mixed():
    a = tf.Variable([1.0], name="a")
    b = tf.Variable([2.0], name="b", use_resource=True)
    tf.add(a, b, name="out")


Case("mixed", mixed)


def dtypes(resource):
    def build():
        parts = []
        for name, value in [("half", [1.5, 65504.0]), ("float32", [0.1]), ("float64", [[0.1, 1e300]]), ("int8", [-128]), ("uint8", [255]), ("int16", [-32768]),
                            ("int32", [7, -7]), ("int64", 2 ** 40), ("complex64", [1 + 2j]), ("bool", [True, False, True])]:
            dtype = tf.as_dtype(name)
            parts.append(tf.identity(tf.Variable(tf.constant(value, dtype), name="v_" + name, use_resource=resource), name="out_" + name))
        tf.identity(tf.Variable(tf.constant(np.array([b"a", b"\xff\0", b""], dtype=object)), name="v_string", use_resource=resource), name="out_string")
        tf.identity(tf.Variable(tf.zeros([0, 3]), name="v_empty", use_resource=resource), name="out_empty")
        tf.identity(tf.Variable(tf.fill([3, 4], 2.5), name="v_filled", use_resource=resource), name="out_filled")
    return build


OUTS = ["out_" + n for n in "half float32 float64 int8 uint8 int16 int32 int64 complex64 bool string empty filled".split()]
Case("dtypes_ref", dtypes(False), outputs=OUTS)
Case("dtypes_resource", dtypes(True), outputs=OUTS)


def colocation():
    v = tf.Variable([1.0], name="v")
    anchor = tf.constant([5.0], name="anchor")
    with tf.colocate_with(anchor.op):
        near = tf.identity(v, name="near")
    with tf.device("/cpu:0"):
        tf.add(near, [1.0], name="out")


Case("colocation", colocation)


def control():
    v = tf.Variable([1.0], name="v")
    r = tf.Variable([2.0], name="r", use_resource=True)
    with tf.control_dependencies([tf.no_op(name="first"), v.value().op]):
        tf.add(v.value(), r.read_value(), name="out")


Case("control_inputs", control)


def direct():
    """Ops that take the ref itself, and a variable fetched by name."""
    v = tf.Variable([1.0, 2.0], name="v")
    tf.identity(v._ref() if hasattr(v, "_ref") else v, name="out")
    tf.gather(v, [1], name="picked")


Case("direct_reads", direct, outputs=["out", "picked", "v"])


def gather_resource():
    v = tf.Variable([1.0, 2.0, 3.0], name="v", use_resource=True)
    tf.identity(tf.gather(v, [2, 0]), name="out")


Case("resource_gather", gather_resource)


def assign_add():
    v = tf.Variable([1.0], name="v")
    tf.identity(tf.assign_add(v, [1.0]), name="out")


Case("ref_assign_add", assign_add)


def cond(resource):
    def build():
        p = tf.placeholder(tf.bool, [], name="p")
        v = tf.Variable([3.0], name="v", use_resource=resource)
        w = tf.Variable([4.0], name="w", use_resource=resource)
        tf.identity(tf.cond(p, lambda: v + 1.0, lambda: w * 2.0), name="out")
    return build


def loop(resource):
    def build():
        v = tf.Variable(2.0, name="v", use_resource=resource)
        result = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * v), [tf.constant(0), tf.constant(1.5)])
        tf.identity(result[1], name="out")
    return build


for _resource in (False, True):
    _kind = "resource" if _resource else "ref"
    Case("cond_" + _kind, cond(_resource), feeds={"p:0": np.array(True)})
    Case("while_" + _kind, loop(_resource))


def partitioned():
    p = tf.get_variable("p", initializer=tf.constant([1.0, 2.0, 3.0]), partitioner=tf.fixed_size_partitioner(2))
    tf.identity(tf.convert_to_tensor(p), name="out")


Case("partitioned", partitioned)


def functions():
    @function.Defun(tf.float32, func_name="double_it")
    def double_it(x):
        return x + x

    @function.Defun(tf.float32, func_name="unused_one")
    def unused_one(x):
        return x * x

    v = tf.Variable([1.0], name="v")
    tf.identity(double_it(v), name="out")
    unused_one(v)


Case("functions", functions)


def no_variables():
    tf.add(tf.placeholder(tf.float32, [1], name="x"), [1.0], name="out")
    tf.constant(1.0, name="unused")


Case("no_variables", no_variables, feeds={"x:0": np.array([2.0], np.float32)})


def renamed_read():
    """A handle that passes through Identity on its way to the read."""
    v = tf.Variable([1.0], name="v", use_resource=True)
    from tensorflow.python.ops import gen_resource_variable_ops
    tf.identity(gen_resource_variable_ops.read_variable_op(tf.identity(v.handle, name="handle"), tf.float32, name="read_it"), name="out")


Case("handle_through_identity", renamed_read)


def attempt(graph_def, outputs, feeds):
    """The outputs' values, or the error of loading or running them."""
    with tf.Graph().as_default(), tf.Session() as session:
        try:
            tf.import_graph_def(graph_def, name="")
            fetched = session.run([o + ":0" for o in outputs], feeds)
            return {o + ":0": tensor_json(v, session.graph.get_tensor_by_name(o + ":0").dtype.base_dtype) for o, v in zip(outputs, fetched)}, None
        except (tf.errors.OpError, ValueError, KeyError, IndexError) as e:
            return None, error_json(e)


def freeze(case):
    folder = out_dir()
    with tf.Graph().as_default(), tf.Session() as session:
        case.build()
        about = {"outputs": case.outputs, "whitelist": case.whitelist, "blacklist": case.blacklist,
                 "feeds": {k: tensor_json(v, tf.as_dtype(v.dtype)) for k, v in case.feeds.items()}}
        init = tf.global_variables_initializer()
        graph_def = session.graph.as_graph_def()
        session.run(init)
        if tf.global_variables():
            tf.train.Saver().save(session, os.path.join(folder, case.title + ".ckpt"), write_meta_graph=False, write_state=False)
        fetched = session.run([o + ":0" for o in case.outputs], case.feeds)
        about["values"] = {o + ":0": tensor_json(v, session.graph.get_tensor_by_name(o + ":0").dtype.base_dtype) for o, v in zip(case.outputs, fetched)}
        session.run(init)
        write_proto(os.path.join(folder, case.title + ".pb"), graph_def)
        with Log() as log:
            try:
                frozen = tf.graph_util.convert_variables_to_constants(session, graph_def, case.outputs, case.whitelist, case.blacklist)
            except (ValueError, IndexError, KeyError) as e:
                about["error"] = error_json(e)
                return about
        about["log"] = [line["text"] for line in log.lines]
        write_proto(os.path.join(folder, case.title + ".frozen.pb"), frozen)
    values, error = attempt(frozen, case.outputs, case.feeds)
    if error:
        about["frozen_error"] = error
    else:
        about["frozen_values"] = values
    return about


def subgraphs():
    asked = [("ref", ["out"]), ("ref", ["layer/w/read"]), ("ref", ["layer/w/Assign", "not_needed"]), ("resource", ["out"]), ("colocation", ["out"]),
             ("control_inputs", ["out"]), ("cond_ref", ["out"]), ("while_ref", ["out"]), ("functions", ["out"]), ("no_variables", ["unused"])]
    result = {}
    for i, (name, nodes) in enumerate(asked):
        graph_def = tf.GraphDef()
        with open(out(name + ".pb"), "rb") as f:
            graph_def.ParseFromString(f.read())
        kept = tf.graph_util.extract_sub_graph(graph_def, nodes)
        result["%02d_%s" % (i, name)] = {"input": name + ".pb", "nodes": nodes, "kept": [n.name for n in kept.node],
                                         "functions": [f.signature.name for f in kept.library.function], "producer": kept.versions.producer}
    return result


def training():
    def chain():
        v = tf.Variable([1.0], name="v")
        a = tf.identity(tf.identity(v, name="i1"), name="i2")
        with tf.control_dependencies([tf.no_op(name="n")]):
            b = tf.identity(a, name="i3")
        tf.add(b, tf.identity(a, name="i4"), name="out")

    def checked():
        x = tf.placeholder(tf.float32, [1], name="x")
        tf.identity(tf.check_numerics(tf.identity(x, name="i"), "bad"), name="kept")
        tf.add(x, 1.0, name="out")

    def used_as_control():
        x = tf.constant([1.0], name="x")
        i = tf.identity(x, name="i")
        with tf.control_dependencies([i]):
            tf.add(x, 1.0, name="out")

    result = {}
    for build, protected in ((chain, None), (chain, ["i1", "i4"]), (checked, None), (used_as_control, None)):
        name = build.__name__ + ("_protected" if protected else "")
        with tf.Graph().as_default() as graph:
            build()
            graph_def = graph.as_graph_def()
        write_proto(out("training_" + name + ".pb"), graph_def)
        try:
            kept = tf.graph_util.remove_training_nodes(graph_def, protected)
            result[name] = {"protected": protected, "nodes": [{"name": n.name, "op": n.op, "inputs": list(n.input)} for n in kept.node]}
        except (IndexError, KeyError) as e:
            result[name] = {"protected": protected, "error": error_json(e)}
    return result


def main():
    write_json(out("cases.json"), {case.title: freeze(case) for case in CASES})
    write_json(out("subgraphs.json"), subgraphs())
    write_json(out("training.json"), training())
    finish()


main()
