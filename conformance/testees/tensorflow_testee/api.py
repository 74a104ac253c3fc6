"""One name for everything of TensorFlow that the verbs use, whatever the version."""

import tensorflow as _installed

VERSION = _installed.__version__

if VERSION.startswith("1.11."):
    tf = _installed
else:
    tf = _installed.compat.v1
    tf.disable_v2_behavior()

# pylint: disable=wrong-import-position,no-name-in-module,ungrouped-imports
from tensorflow.python.framework import meta_graph, op_def_registry
from tensorflow.python.training import saver as saver_module

try:
    from tensorflow.python.checkpoint import checkpoint_management
except ImportError:
    from tensorflow.python.training import checkpoint_management

try:
    from tensorflow.python.framework.op_def_library import _apply_op_helper
except ImportError:
    from tensorflow.python.framework.op_def_library import OpDefLibrary
    _apply_op_helper = None

tf.logging.set_verbosity(tf.logging.INFO)


def op_def(name):
    """The OpDef of a registered op, or None."""
    if hasattr(op_def_registry, "get_registered_ops"):
        return op_def_registry.get_registered_ops().get(name)
    return op_def_registry.get(name)


def make_op(definition, name, arguments):
    """Adds one operation to the default graph from its OpDef and its inputs and attrs by name."""
    if _apply_op_helper is not None:
        return _apply_op_helper(definition.name, name=name, **arguments)[2]
    library = OpDefLibrary()
    library.add_op(definition)
    return library._apply_op_helper(definition.name, name=name, **arguments)[2]  # pylint: disable=protected-access
