"""Graph building and Session."""

import numpy as np

from tensorflow_testee import notation
from tensorflow_testee.api import make_op, op_def, tf


def _made(thing):
    return thing, notation.name_of(thing)


def constant(context, step):
    literal = step["value"]
    return _made(tf.constant(notation.tensor_from(literal), dtype=notation.dtype(literal["dtype"]),
                             shape=literal.get("shape"), name=step.get("name", "Const")))


def placeholder(context, step):
    shape = step.get("shape")
    if shape is not None:
        shape = [None if d < 0 else d for d in shape]
    return _made(tf.placeholder(notation.dtype(step["dtype"]), shape=shape, name=step.get("name")))


def _options(step, *names):
    return {n: step[n] for n in names if n in step}


def variable(context, step):
    (kind, value), = step["initial"].items()
    options = _options(step, "trainable", "validate_shape", "use_resource", "collections")
    if kind == "constant":
        initial = tf.constant(notation.tensor_from(value), dtype=notation.dtype(value["dtype"]))
    elif kind == "value":
        initial = notation.tensor_from(value)
        options["dtype"] = notation.dtype(value["dtype"])
    else:
        initial = context.element(value)
    return _made(tf.Variable(initial, name=step.get("name"), **options))


def get_variable(context, step):
    (_, literal), = step["initial"].items()
    whole = notation.tensor_from(literal)
    kind = notation.dtype(step.get("dtype", literal["dtype"]))

    def initializer(shape, dtype=None, partition_info=None):  # pylint: disable=unused-argument
        part = whole
        if partition_info is not None:
            part = whole[tuple(slice(o, o + n) for o, n in zip(partition_info.var_offset, shape))]
        return tf.constant(part, dtype=kind)

    options = _options(step, "trainable", "use_resource", "collections")
    if "partitions" in step:
        options["partitioner"] = lambda **_: step["partitions"]
    made = tf.get_variable(step["name"], shape=step.get("shape", list(whole.shape)), dtype=kind,
                           initializer=initializer, **options)
    if "partitions" in step:
        return made, [part.name for part in made]
    return _made(made)


def _binary(function):
    def verb(context, step):
        x, y = context.element(step["x"]), context.element(step["y"])
        if "name" in step:
            return _made(function[1](x, y, name=step["name"]))
        return _made(function[0](x, y))
    return verb


def identity(context, step):
    return _made(tf.identity(context.element(step["x"]), name=step.get("name")))


def op(context, step):
    definition = op_def(step["op"])
    if definition is None:
        raise notation.Unsupported("op " + step["op"])
    arguments = {}
    given = list(step.get("inputs", []))
    inferred = set()
    for argument in definition.input_arg:
        inferred.update(a for a in (argument.type_attr, argument.number_attr, argument.type_list_attr) if a)
    if len(given) != len(definition.input_arg):
        raise ValueError("%s takes %d inputs, %d given" % (step["op"], len(definition.input_arg), len(given)))
    for argument, value in zip(definition.input_arg, given):
        arguments[argument.name] = ([context.element(v) for v in value] if isinstance(value, list)
                                    else context.element(value))
    for name, value in step.get("attrs", {}).items():
        if name not in inferred:
            arguments[name] = notation.attr_from(value)
    for attr in definition.attr:
        if attr.name not in arguments and attr.name not in inferred and attr.HasField("default_value"):
            arguments[attr.name] = notation.attr_from(notation.attr_to(attr.default_value))
    with tf.control_dependencies([context.element(c) for c in step.get("control_inputs", [])]):
        made = make_op(definition, step.get("name"), arguments)
    if len(made.outputs) == 1:
        return _made(made.outputs[0])
    if made.outputs:
        return list(made.outputs), [t.name for t in made.outputs]
    return _made(made)


def _assign(function):
    def verb(context, step):
        value = step["value"]
        value = notation.tensor_from(value) if isinstance(value, dict) else context.element(value)
        return _made(function(context.element(step["variable"]), value))
    return verb


def global_variables_initializer(context, step):
    return _made(tf.global_variables_initializer())


def _names(function):
    return lambda context, step: (None, [v.name for v in function()])


def collection(context, step):
    items = tf.get_collection(step["name"])
    return items, [notation.name_of(i) for i in items]


def add_to_collection(context, step):
    item = step["item"]
    if isinstance(item, str):
        thing = context.handle(item)
        item = item if thing is None else thing
    tf.add_to_collection(step["name"], item)
    return None, None


def graph_def(context, step):
    made = tf.get_default_graph().as_graph_def()
    return made, notation.nodes_to(made)


def the_graph_def(context, step):
    return context.get(step["graph_def"]) if "graph_def" in step else tf.get_default_graph().as_graph_def()


def graph_nodes(context, step):
    return None, notation.nodes_to(the_graph_def(context, step))


def node_attr(context, step):
    for node in the_graph_def(context, step).node:
        if node.name == step["node"]:
            if step["attr"] not in node.attr:
                return None, None
            return None, notation.attr_to(node.attr[step["attr"]])
    raise KeyError("no node %s" % step["node"])


def graph_versions(context, step):
    made = the_graph_def(context, step)
    return None, notation.message_to(made.versions)


def finalize(context, step):
    tf.get_default_graph().finalize()
    return None, None


def element(context, step):
    graph = tf.get_default_graph()
    made = (graph.get_tensor_by_name if step["do"] == "get_tensor_by_name" else graph.get_operation_by_name)(step["name"])
    return _made(made)


# ---- Session ----


def session(context, step):
    config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=2)
    config.device_count["CPU"] = step.get("cpus", 1)
    made = tf.Session(graph=context.get(step["graph"]) if "graph" in step else None, config=config)
    context.sessions.append(made)
    return made, None


def _fetchable(context, name):
    thing = context.handle(name)
    if thing is None:
        return name
    if type(thing).__name__ == "PartitionedVariable":
        return list(thing)
    return thing


def run(context, step):
    fetches = [_fetchable(context, f) for f in step["fetches"]]
    feeds = {}
    for key, literal in step.get("feeds", {}).items():
        feeds[_fetchable(context, key)] = notation.tensor_from(literal)
    values = context.get(step["session"]).run(fetches, feeds)
    flat = []
    for value in values:
        flat.extend(value if isinstance(value, list) else [value])
    return None, [None if v is None else notation.tensor_to(v, context.spill) for v in flat]


def close(context, step):
    context.get(step["session"]).close()
    return None, None


VERBS = {
    "constant": constant, "placeholder": placeholder, "variable": variable, "get_variable": get_variable,
    "add": _binary((lambda x, y: x + y, tf.add)), "sub": _binary((lambda x, y: x - y, tf.subtract)),
    "mul": _binary((lambda x, y: x * y, tf.multiply)), "div": _binary((lambda x, y: x / y, tf.divide)),
    "matmul": _binary((tf.matmul, tf.matmul)), "identity": identity, "op": op,
    "assign": _assign(tf.assign), "assign_add": _assign(tf.assign_add), "assign_sub": _assign(tf.assign_sub),
    "global_variables_initializer": global_variables_initializer, "global_variables": _names(tf.global_variables),
    "trainable_variables": _names(tf.trainable_variables),
    "moving_average_variables": _names(tf.moving_average_variables), "collection": collection,
    "add_to_collection": add_to_collection, "graph_def": graph_def, "graph_nodes": graph_nodes,
    "node_attr": node_attr, "graph_versions": graph_versions, "finalize": finalize, "get_tensor_by_name": element,
    "get_operation_by_name": element, "session": session, "run": run, "close": close,
}
