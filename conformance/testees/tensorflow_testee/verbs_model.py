"""Moving averages, freezing, GraphDef files and import_graph_def."""

import os

from google.protobuf import text_format

from tensorflow_testee import notation
from tensorflow_testee.api import tf
from tensorflow_testee.verbs_graph import _options, the_graph_def

# ---- moving averages ----


def ema(context, step):
    options = _options(step, "zero_debias", "name")
    decay = step["decay"]
    if isinstance(decay, str):
        decay = float.fromhex(decay) if "0x" in decay else float(decay)
    if "num_updates" in step:
        given = step["num_updates"]
        options["num_updates"] = given if isinstance(given, int) else context.element(given)
    return tf.train.ExponentialMovingAverage(decay, **options), None


def _list(context, step):
    given = step.get("variables")
    if given == "global":
        return tf.global_variables()
    return None if given is None else [context.element(v) for v in given]


def ema_apply(context, step):
    made = context.get(step["ema"]).apply(_list(context, step))
    return made, notation.name_of(made)


def ema_average(context, step):
    made = context.get(step["ema"]).average(context.element(step["variable"]))
    return made, notation.name_of(made)


def ema_average_name(context, step):
    return None, context.get(step["ema"]).average_name(context.element(step["variable"]))


def ema_variables_to_restore(context, step):
    made = context.get(step["ema"]).variables_to_restore(_list(context, step))
    return made, {key: value.name for key, value in made.items()}


# ---- freezing ----


def convert_variables_to_constants(context, step):
    options = _options(step, "variable_names_whitelist", "variable_names_blacklist")
    session = context.get(step["session"]) if step.get("session") is not None else None
    made = tf.graph_util.convert_variables_to_constants(session, the_graph_def(context, step),
                                                        step["output_node_names"], **options)
    return made, notation.nodes_to(made)


def extract_sub_graph(context, step):
    made = tf.graph_util.extract_sub_graph(the_graph_def(context, step), step["nodes"])
    return made, notation.nodes_to(made)


def remove_training_nodes(context, step):
    made = tf.graph_util.remove_training_nodes(the_graph_def(context, step), **_options(step, "protected_nodes"))
    return made, notation.nodes_to(made)


def write_graph_def(context, step):
    folder, name = os.path.split(step["file"])
    return None, tf.train.write_graph(the_graph_def(context, step), folder, name, as_text=step.get("as_text", False))


def read_graph_def(context, step):
    made = tf.GraphDef()
    with tf.gfile.GFile(step["file"], "rb") as source:
        data = source.read()
    if step.get("as_text"):
        text_format.Merge(data.decode("utf-8"), made)
    else:
        made.ParseFromString(data)
    return made, notation.nodes_to(made)


def parse_graph_def(context, step):
    made = tf.GraphDef()
    text_format.Merge(step["text"], made)
    return made, notation.nodes_to(made)


def import_graph_def(context, step):
    options = _options(step, "name", "return_elements")
    if "input_map" in step:
        options["input_map"] = {key: context.element(value) for key, value in step["input_map"].items()}
    made = tf.import_graph_def(context.get(step["graph_def"]), **options)
    return made, notation.name_of(made)


VERBS = {
    "ema": ema, "ema_apply": ema_apply, "ema_average": ema_average, "ema_average_name": ema_average_name,
    "ema_variables_to_restore": ema_variables_to_restore,
    "convert_variables_to_constants": convert_variables_to_constants, "extract_sub_graph": extract_sub_graph,
    "remove_training_nodes": remove_training_nodes, "write_graph_def": write_graph_def,
    "read_graph_def": read_graph_def, "parse_graph_def": parse_graph_def, "import_graph_def": import_graph_def,
}
