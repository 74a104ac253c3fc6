"""Saver, checkpoint management, meta graphs and the checkpoint reader."""

from tensorflow.core.framework import variable_pb2  # pylint: disable=no-name-in-module

from tensorflow_testee import notation
from tensorflow_testee.api import checkpoint_management, meta_graph as meta_graph_module, tf
from tensorflow_testee.verbs_graph import _options


def _variables(context, given):
    if given is None or isinstance(given, (list, dict)):
        one = lambda v: [context.element(x) for x in v] if isinstance(v, list) else context.element(v)
        if isinstance(given, dict):
            return {key: one(value) for key, value in given.items()}
        return None if given is None else [one(v) for v in given]
    return context.get(given)


def saver(context, step):
    options = _options(step, "reshape", "sharded", "max_to_keep", "keep_checkpoint_every_n_hours", "name",
                       "restore_sequentially", "defer_build", "allow_empty", "write_version", "pad_step_number",
                       "save_relative_paths", "filename")
    if "saver_def" in step:
        options["saver_def"] = context.get(step["saver_def"])
    return tf.train.Saver(_variables(context, step.get("var_list")), **options), None


def saver_build(context, step):
    context.get(step["saver"]).build()
    return None, None


def saver_def(context, step):
    made = context.get(step["saver"])
    if "export_scope" in step:
        proto = made.to_proto(export_scope=step["export_scope"])
    else:
        proto = made.saver_def
    if proto is None:
        return None, None
    copy = type(proto)()
    copy.CopyFrom(proto)
    return copy, notation.saver_def_to(copy)


def save(context, step):
    options = _options(step, "latest_filename", "write_meta_graph", "write_state", "strip_default_attrs")
    if "meta_graph_suffix" in step:
        options["meta_graph_suffix"] = step["meta_graph_suffix"]
    if "global_step" in step:
        given = step["global_step"]
        options["global_step"] = given if isinstance(given, int) else context.element(given)
    return None, context.get(step["saver"]).save(context.get(step["session"]), step["prefix"], **options)


def restore(context, step):
    context.get(step["saver"]).restore(context.get(step["session"]), step["prefix"])
    return None, None


def last_checkpoints(context, step):
    return None, list(context.get(step["saver"]).last_checkpoints)


def set_last_checkpoints(context, step):
    context.get(step["saver"]).set_last_checkpoints(step["paths"])
    return None, None


def set_last_checkpoints_with_time(context, step):
    paths = step["paths"]
    if isinstance(paths, list):
        paths = [(path, float(when)) for path, when in paths]
    context.get(step["saver"]).set_last_checkpoints_with_time(paths)
    return None, None


def recover_last_checkpoints(context, step):
    context.get(step["saver"]).recover_last_checkpoints(step["paths"])
    return None, None


def clock(context, step):
    context.clock.advance += 3600.0 * float(step["advance_hours"])
    return None, None


def latest_checkpoint(context, step):
    return None, tf.train.latest_checkpoint(step["dir"], **_options(step, "latest_filename"))


def checkpoint_exists(context, step):
    return None, bool(checkpoint_management.checkpoint_exists(step["prefix"]))


def get_checkpoint_state(context, step):
    state = tf.train.get_checkpoint_state(step["dir"], **_options(step, "latest_filename"))
    if state is None:
        return None, None
    return None, {"model_checkpoint_path": state.model_checkpoint_path,
                  "all_model_checkpoint_paths": list(state.all_model_checkpoint_paths)}


def update_checkpoint_state(context, step):
    tf.train.update_checkpoint_state(step["dir"], step["model_checkpoint_path"],
                                     **_options(step, "all_model_checkpoint_paths", "latest_filename"))
    return None, None


def remove_checkpoint(context, step):
    checkpoint_management.remove_checkpoint(step["prefix"], **_options(step, "meta_graph_suffix"))
    return None, None


# ---- meta graphs ----


def _collection_to(name, definition):
    kind = definition.WhichOneof("kind")
    if kind is None:
        return []
    items = getattr(definition, kind).value
    if kind == "bytes_list":
        variables = ("variables", "trainable_variables", "local_variables", "model_variables",
                     "moving_average_variables", "metric_variables")
        if name in variables:
            proto = variable_pb2.VariableDef
        elif name == "savers":
            proto = tf.train.SaverDef
        else:
            return [notation.bytes_to(item) for item in items]
        return [notation.message_to(proto.FromString(item)) for item in items]
    if kind == "float_list":
        return [notation._short_float(item) for item in items]  # pylint: disable=protected-access
    if kind == "any_list":
        return [item.type_url for item in items]
    return list(items)


def _summary(proto):
    return {
        "tensorflow_version": proto.meta_info_def.tensorflow_version,
        "stripped_default_attrs": proto.meta_info_def.stripped_default_attrs,
        "ops": [op.name for op in proto.meta_info_def.stripped_op_list.op],
        "nodes": notation.nodes_to(proto.graph_def),
        "versions": notation.message_to(proto.graph_def.versions),
        "saver_def": notation.saver_def_to(proto.saver_def) if proto.HasField("saver_def") else None,
        "collections": {name: _collection_to(name, proto.collection_def[name]) for name in proto.collection_def},
    }


def export_meta_graph(context, step):
    kind = step.get("format", "text" if step.get("as_text") else "binary")
    if kind == "json":
        raise notation.Unsupported("a meta graph as JSON")
    options = _options(step, "clear_devices", "export_scope", "strip_default_attrs", "clear_extraneous_savers")
    options["as_text"] = kind == "text"
    if "saver" in step:
        made = context.get(step["saver"]).export_meta_graph(step.get("file"), **options)
    else:
        made = tf.train.export_meta_graph(step.get("file"), **options)
    return made, _summary(made)


def meta_graph(context, step):
    made = meta_graph_module.read_meta_graph_file(step["file"])
    return made.graph_def, _summary(made)


def import_meta_graph(context, step):
    options = _options(step, "clear_devices", "import_scope")
    if "input_map" in step:
        options["input_map"] = {key: context.element(value) for key, value in step["input_map"].items()}
    made = tf.train.import_meta_graph(step["file"], **options)
    if made is None:
        return None, None
    return made, notation.saver_def_to(made.saver_def) if made.saver_def else None


# ---- reader ----


def reader(context, step):
    return tf.train.NewCheckpointReader(step["prefix"]), None


def variable_to_shape_map(context, step):
    shapes = context.get(step["reader"]).get_variable_to_shape_map()
    return None, {name: list(shape) for name, shape in shapes.items()}


def variable_to_dtype_map(context, step):
    types = context.get(step["reader"]).get_variable_to_dtype_map()
    return None, {name: tf.as_dtype(kind).name for name, kind in types.items()}


def has_tensor(context, step):
    return None, bool(context.get(step["reader"]).has_tensor(step["name"]))


def get_tensor(context, step):
    return None, notation.tensor_to(context.get(step["reader"]).get_tensor(step["name"]), context.spill)


def debug_string(context, step):
    return None, notation.bytes_to(context.get(step["reader"]).debug_string())


VERBS = {
    "saver": saver, "saver_build": saver_build, "saver_def": saver_def, "save": save, "restore": restore,
    "last_checkpoints": last_checkpoints, "set_last_checkpoints": set_last_checkpoints,
    "set_last_checkpoints_with_time": set_last_checkpoints_with_time,
    "recover_last_checkpoints": recover_last_checkpoints, "clock": clock, "latest_checkpoint": latest_checkpoint,
    "checkpoint_exists": checkpoint_exists, "get_checkpoint_state": get_checkpoint_state,
    "update_checkpoint_state": update_checkpoint_state, "remove_checkpoint": remove_checkpoint,
    "export_meta_graph": export_meta_graph, "meta_graph": meta_graph, "import_meta_graph": import_meta_graph,
    "reader": reader, "variable_to_shape_map": variable_to_shape_map, "variable_to_dtype_map": variable_to_dtype_map,
    "has_tensor": has_tensor, "get_tensor": get_tensor, "debug_string": debug_string,
}
