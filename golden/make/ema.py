"""Moving averages: graphs, checkpoints and values step by step.

ema/NAME.meta      the graph; `init` initializes, feeding `x_i:0` and running `set` assigns the i-th variable, `average` is the apply op
ema/NAME.ckpt.*    everything after the last step
ema/values.json    {NAME: {"decay", "num_updates", "zero_debias", "initial": {variable: tensor}, "steps": [{"x": [tensor, ...], "num_updates": n
                   or null, "values": {variable: tensor}}]}}; tensors carry "bytes", their exact memory
ema/names.json     {NAME: {"globals", "trainable", "moving_averages": names, "averages": {variable: average() name or null},
                   "average_names", "average_names_before": {variable: average_name()}, "variables_to_restore": {key: variable}}}, as far
                   as a case has them; "slices": {variable: [full name, slice_spec]}; `taken_name` has "apply_error"; in `..._in_open_..._scope` apply() ran inside
                   one, and "average_names_inside" is average_name() there
"""
from common import *

from tensorflow.python.training import moving_averages

INPUTS = [10.0, -3.25, 0.1, 1e4, 7.0]
CASES = []


class Case(object):
    def __init__(self, title, build, decay=0.99, steps=5, **options):
        self.name, self.build, self.decay, self.steps, self.options = title, build, decay, steps, options
        CASES.append(self)


def variables(dtype, resource, count=2):
    def build():
        made = [tf.Variable(tf.constant(0.5, dtype, [2]), name="v", use_resource=resource)]
        with tf.variable_scope("layer"):
            if count > 1:
                made.append(tf.get_variable("w", [], dtype, initializer=tf.constant_initializer(-1.0), use_resource=resource))
        return made, made
    return build


for _dtype in (tf.float32, tf.float64, tf.half):
    for _resource in (False, True):
        _title = "%s_%s" % (_dtype.name, "resource" if _resource else "ref")
        Case(_title, variables(_dtype, _resource))
        Case(_title + "_num_updates", variables(_dtype, _resource), decay=0.999, num_updates="step")
Case("num_updates_constant", variables(tf.float32, False), decay=0.9, num_updates=3)
Case("num_updates_large", variables(tf.float32, False), decay=0.9, num_updates=10 ** 6)
Case("decay_half", variables(tf.float32, False, 1), decay=0.5, name="ema")
Case("decay_zero", variables(tf.float32, False, 1), decay=0.0)
Case("decay_one", variables(tf.float32, False, 1), decay=1.0)
Case("decay_many_digits", variables(tf.float64, False, 1), decay=0.9999)


def _tensors(resource):
    def build():
        v = tf.Variable([1.0, 2.0], name="v", use_resource=resource)
        with tf.name_scope("s"):
            t = tf.multiply(v, 2.0, name="ten")
        return [v], [t, v]
    return build


Case("tensor_zero_debias", _tensors(False), decay=0.9, zero_debias=True)
Case("tensor_zero_debias_resource", _tensors(True), decay=0.9, zero_debias=True)
Case("tensor", _tensors(False), decay=0.9)


def _scopes():
    with tf.variable_scope("outer"):
        a = tf.get_variable("a", initializer=1.0)
        with tf.name_scope("inner"):
            b = tf.Variable(2.0, name="b")
    c = tf.Variable(3.0, name="a")
    d = tf.Variable(4.0, name="d/Exponential")
    e = tf.Variable(5.0, name="d")
    tf.Variable(6, name="number", trainable=False)
    tf.Variable(7.0, name="fixed", trainable=False)
    return [a, b], [a, b, c, d, e]


Case("scopes", _scopes)


def _partitioned():
    p = tf.get_variable("p", initializer=tf.constant([1.0, 2.0, 3.0]), partitioner=tf.fixed_size_partitioner(2))
    with tf.variable_scope("s"):
        q = tf.get_variable("p", initializer=tf.constant([4.0, 5.0, 6.0]), partitioner=tf.fixed_size_partitioner(2))
    return list(p), list(p) + list(q)


Case("partitioned", _partitioned)
# Made and averaged with a variable scope open: names are doubled, and the parts' shadows get slices of different tensors.
Case("partitioned_in_open_scope", _partitioned, apply_in="s", steps=2)
Case("in_open_scope", variables(tf.float32, False), apply_in="layer", steps=2)
Case("in_open_name_scope", variables(tf.float32, False), apply_in="layer", name_scope=True, steps=2)


def run(case):
    folder = out_dir()
    options = dict(case.options)
    step = None
    if options.get("num_updates") == "step":
        step = tf.Variable(0, trainable=False, name="step")
        options["num_updates"] = step
    targets, averaged = case.build()
    inputs = [tf.placeholder(v.dtype.base_dtype, v.shape, name="x_%d" % i) for i, v in enumerate(targets)]
    apply_in, name_scope = options.pop("apply_in", None), options.pop("name_scope", False)
    ema = tf.train.ExponentialMovingAverage(case.decay, **options)
    everything = tf.global_variables()
    before = {v.op.name: ema.average_name(v) for v in everything}
    if apply_in:
        with tf.name_scope(apply_in) if name_scope else tf.variable_scope(apply_in):
            inside = {v.op.name: ema.average_name(v) for v in everything}
            update = ema.apply(averaged)
    else:
        update = ema.apply(averaged)
    assigns = [tf.assign(v, x).op for v, x in zip(targets, inputs)]
    if step is not None:
        assigns.append(tf.assign_add(step, 1).op)
    tf.group(*assigns, name="set")
    with tf.control_dependencies([update]):
        tf.no_op(name="average")
    tf.variables_initializer(tf.global_variables(), name="init")
    graph = tf.get_default_graph()
    averages = {(v.op.name if hasattr(v, "op") else v.name): ema.average(v) for v in everything}
    names = {
        "globals": [v.name for v in tf.global_variables()], "trainable": [v.name for v in tf.trainable_variables()],
        "moving_averages": [v.name for v in tf.moving_average_variables()],
        "averages": {k: a.name if a is not None else None for k, a in averages.items()},
        "average_names_before": before,
        "average_names": {v.op.name: ema.average_name(v) for v in everything},
        "variables_to_restore": {k: v.name for k, v in ema.variables_to_restore().items()},
    }
    if apply_in:
        names["average_names_inside"] = inside
    slices = {v.op.name: [v._get_save_slice_info().full_name, v._get_save_slice_info().spec] for v in tf.global_variables() if v._get_save_slice_info()}
    if slices:
        names["slices"] = slices
    for t in averaged:
        if isinstance(t, tf.Tensor):
            names["averages"][t.op.name] = ema.average(t).name
            names["average_names"][t.op.name] = ema.average_name(t)
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(graph.get_operation_by_name("init"))

        def state():
            return {v.op.name: tensor_json(session.run(v), v.dtype.base_dtype, exact=True) for v in tf.global_variables()}
        about = {"decay": repr(case.decay), "num_updates": case.options.get("num_updates"), "zero_debias": bool(case.options.get("zero_debias")),
                 "initial": state(), "steps": []}
        for number in range(case.steps):
            fed = [np.full(x.shape.as_list(), INPUTS[number] * (i + 1), x.dtype.as_numpy_dtype) for i, x in enumerate(inputs)]
            session.run(graph.get_operation_by_name("set"), dict(zip(inputs, fed)))
            session.run(graph.get_operation_by_name("average"))
            about["steps"].append({"x": [tensor_json(a, x.dtype, exact=True) for a, x in zip(fed, inputs)], "values": state()})
        saver.save(session, os.path.join(folder, case.name + ".ckpt"), write_state=False, write_meta_graph=False)
    write_proto(out(case.name + ".meta"), saver.export_meta_graph())
    return about, names


def function_with_debias():
    """assign_moving_average by itself, whose zero_debias defaults to True; the step counter is global."""
    v = tf.Variable([0.25, 4.0], name="v")
    x = tf.placeholder(tf.float32, [2], name="x_0")
    with tf.control_dependencies([moving_averages.assign_moving_average(v, x, 0.9)]):
        tf.no_op(name="average")
    tf.variables_initializer(tf.global_variables(), name="init")
    graph = tf.get_default_graph()
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(graph.get_operation_by_name("init"))

        def state():
            return {w.op.name: tensor_json(session.run(w), w.dtype.base_dtype, exact=True) for w in tf.global_variables()}
        about = {"decay": "0.9", "num_updates": None, "zero_debias": True, "initial": state(), "steps": []}
        for value in INPUTS:
            fed = np.full([2], value, np.float32)
            session.run(graph.get_operation_by_name("average"), {x: fed})
            about["steps"].append({"x": [tensor_json(fed, tf.float32, exact=True)], "values": state()})
        saver.save(session, os.path.join(out_dir(), "function_zero_debias.ckpt"), write_state=False, write_meta_graph=False)
    write_proto(out("function_zero_debias.meta"), saver.export_meta_graph())
    return about, {"globals": [w.name for w in tf.global_variables()]}


def taken_name():
    """A variable that has the shadow's name already: average_name() would give another, but apply() fails."""
    v = tf.Variable(1.0, name="v")
    tf.Variable(2.0, name="v/ExponentialMovingAverage")
    ema = tf.train.ExponentialMovingAverage(0.9)
    about = {"globals": [w.name for w in tf.global_variables()], "average_names_before": {"v": ema.average_name(v)}}
    try:
        ema.apply([v])
    except ValueError as e:
        about["apply_error"] = error_json(e)
    return about


def second_average():
    """Two averages of the same name over one variable."""
    v = tf.Variable(1.0, name="v")
    first, second = tf.train.ExponentialMovingAverage(0.9), tf.train.ExponentialMovingAverage(0.8)
    first.apply([v])
    about = {"average_names_before": {"v": second.average_name(v)}}
    second.apply([v])
    about.update(globals=[w.name for w in tf.global_variables()], averages={"v": second.average(v).name}, average_names={"v": second.average_name(v)},
                 variables_to_restore={k: w.name for k, w in second.variables_to_restore().items()})
    return about


def main():
    values, names = {}, {}
    for case in CASES:
        with tf.Graph().as_default():
            values[case.name], names[case.name] = run(case)
    with tf.Graph().as_default():
        values["function_zero_debias"], names["function_zero_debias"] = function_with_debias()
    for build in (taken_name, second_average):
        with tf.Graph().as_default():
            names[build.__name__] = build()
    write_json(out("values.json"), values)
    write_json(out("names.json"), names)
    finish()


main()
