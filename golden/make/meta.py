"""MetaGraphDefs as TensorFlow exports them: they pin the nodes, inputs, attrs and devices that Saver, variables, moving averages,
optimizers and control flow make, and how collections are kept.

meta/NAME.meta    binary, map entries in key order
meta/NAME.pbtxt   the same MetaGraphDef as text, for some
"""
from common import *

from google.protobuf import any_pb2, wrappers_pb2
from tensorflow.core.protobuf import saver_pb2
from tensorflow.python.framework import function
from tensorflow.python.training import saver as saver_module

CASES = []
IN_TEXT_TOO = ("default", "sharded", "partitioned", "resource", "collections_of_every_kind", "moving_average", "strip_default_attrs", "functions")


def case(build):
    CASES.append(build)
    return build


def two():
    v1 = tf.Variable(tf.constant(1.0, shape=[1]), name="v1")
    v2 = tf.Variable(tf.constant(1.0, shape=[1]), name="v2")
    return v1, v2, v1 + v2


@case
def default():
    two()
    return tf.train.Saver()


@case
def init_op():
    two()
    tf.global_variables_initializer()
    return tf.train.Saver([tf.global_variables()[0]])


@case
def no_saver():
    two()


@case
def no_variables():
    tf.placeholder(tf.float32, [None, 2], name="x") * 2.0
    return tf.train.Saver(allow_empty=True)


@case
def renamed():
    v1, v2, _ = two()
    return tf.train.Saver({"other-v1": v1, "Zed": v2})


@case
def named():
    two()
    with tf.name_scope("scope"):
        tf.train.Saver(name="foo/bar", filename="other", max_to_keep=None, keep_checkpoint_every_n_hours=0.1)
    return tf.train.Saver(name="foo", max_to_keep=-1, pad_step_number=True, save_relative_paths=True)


@case
def two_savers():
    v1, _, _ = two()
    tf.add_to_collection(tf.GraphKeys.SAVERS, tf.train.Saver([v1]))
    second = tf.train.Saver()
    tf.add_to_collection(tf.GraphKeys.SAVERS, second)
    return second


@case
def two_savers_clear_extraneous():
    tf.train.Saver([two()[0]])
    second = tf.train.Saver()
    tf.add_to_collection(tf.GraphKeys.SAVERS, second)
    return second, dict(clear_extraneous_savers=True)


@case
def sequential():
    two()
    return tf.train.Saver(restore_sequentially=True)


@case
def reshape():
    two()
    tf.Variable([[1, 2], [3, 4]], name="m")
    return tf.train.Saver(reshape=True)


@case
def base_builder():
    two()
    return tf.train.Saver(builder=saver_module.BaseSaverBuilder(), restore_sequentially=True)


@case
def write_v1():
    two()
    return tf.train.Saver(write_version=saver_pb2.SaverDef.V1)


def on_devices():
    with tf.device("/job:ps/task:1/device:CPU:0"):
        tf.Variable([1.0], name="b")
    with tf.device("/job:ps/task:0"):
        tf.Variable([2.0], name="c")
    with tf.device("/cpu:1"):
        tf.Variable([3.0], name="a")
    tf.Variable([4.0], name="d")
    with tf.device("/gpu:0"):
        tf.Variable([5.0], name="e")


@case
def devices():
    on_devices()
    return tf.train.Saver()


@case
def devices_cleared():
    on_devices()
    return tf.train.Saver(), dict(clear_devices=True)


@case
def sharded():
    on_devices()
    return tf.train.Saver(sharded=True)


@case
def sharded_one_device():
    two()
    return tf.train.Saver(sharded=True)


@case
def sharded_v1():
    on_devices()
    return tf.train.Saver(sharded=True, write_version=saver_pb2.SaverDef.V1)


def parts():
    with tf.variable_scope("scope", partitioner=tf.fixed_size_partitioner(3)):
        tf.get_variable("p", initializer=tf.constant(np.arange(10, dtype=np.float32).reshape(5, 2)))
    tf.get_variable("q", shape=[4, 6], partitioner=tf.fixed_size_partitioner(2, axis=1), initializer=tf.zeros_initializer())
    tf.get_variable("plain", shape=[2], initializer=tf.ones_initializer())


@case
def partitioned():
    parts()
    return tf.train.Saver()


@case
def partitioned_resource():
    with tf.variable_scope("", use_resource=True):
        parts()
    return tf.train.Saver()


@case
def partitioned_sharded():
    tf.get_variable_scope().set_use_resource(False)
    for i in range(2):
        with tf.device("/job:ps/task:%d" % i):
            tf.get_variable("p%d" % i, shape=[3], partitioner=tf.fixed_size_partitioner(2), initializer=tf.zeros_initializer())
    return tf.train.Saver(sharded=True)


def resources():
    v1 = tf.Variable(tf.constant(1.0, shape=[1]), name="v1", use_resource=True)
    v2 = tf.get_variable("v2", initializer=[2.0], use_resource=True)
    return v1 + v2


@case
def resource():
    resources()
    return tf.train.Saver()


@case
def resource_sharded():
    with tf.device("/cpu:0"):
        resources()
    with tf.device("/job:ps/task:0/cpu:0"):
        tf.Variable([3], name="v3", use_resource=True)
    return tf.train.Saver(sharded=True)


@case
def resource_reshape():
    resources()
    return tf.train.Saver(reshape=True)


@case
def resource_assigned():
    v = tf.Variable([1.0, 2.0], name="v", use_resource=True)
    tf.assign(v, [3.0, 4.0])
    tf.assign_add(v, [3.0, 4.0])
    tf.assign_sub(v, [3.0, 4.0])
    tf.global_variables_initializer()
    tf.is_variable_initialized(v)
    tf.report_uninitialized_variables()
    tf.gather(v, [0])


@case
def ref_assigned():
    v = tf.Variable([1.0, 2.0], name="v")
    tf.assign(v, [3.0, 4.0])
    tf.assign_add(v, [3.0, 4.0])
    tf.assign_sub(v, [3.0, 4.0])
    tf.global_variables_initializer()
    tf.is_variable_initialized(v)
    tf.report_uninitialized_variables()
    tf.gather(v, [0])


@case
def unknown_shape():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    tf.Variable(x, validate_shape=False, name="u")
    tf.Variable(tf.placeholder(tf.float32, name="y"), validate_shape=False, name="w")
    return tf.train.Saver()


@case
def many_dtypes():
    for name in "bool int8 uint8 int16 uint16 int32 int64 half bfloat16 float32 float64 complex64 complex128".split():
        dtype = tf.as_dtype(name)
        tf.Variable(tf.zeros([2], dtype) if name not in ("bfloat16", "uint16") else tf.cast(tf.zeros([2]), dtype), name="v_" + dtype.name)
    tf.Variable(["a", "b"], name="v_string")
    return tf.train.Saver()


@case
def collections_of_every_kind():
    two()
    for key, items in [("ints", [1, 2, -3]), ("floats", [0.5, 2.0]), ("strings", ["a", "b"]), ("bytes", [b"\xff", b"\0"]), ("bools", [True, False])]:
        for item in items:
            tf.add_to_collection(key, item)
    packed = any_pb2.Any()
    packed.Pack(wrappers_pb2.Int32Value(value=7))
    tf.add_to_collection("any", packed)
    c = tf.constant(1.0, name="c")
    tf.add_to_collection("nodes", c)
    tf.add_to_collection("nodes", c.op)
    tf.add_to_collection("user_variables", tf.global_variables()[0])
    tf.add_to_collection(tf.GraphKeys.INIT_OP, tf.global_variables_initializer())
    tf.add_to_collection(tf.GraphKeys.SAVERS, tf.train.Saver())
    tf.summary.scalar("loss", c)
    tf.get_variable("local", initializer=1.0, collections=[tf.GraphKeys.LOCAL_VARIABLES])
    tf.get_variable("model", initializer=1.0, collections=[tf.GraphKeys.MODEL_VARIABLES, tf.GraphKeys.GLOBAL_VARIABLES])
    tf.get_variable("metric", initializer=1.0, collections=[tf.GraphKeys.METRIC_VARIABLES])
    tf.train.create_global_step()


@case
def strip_default_attrs():
    two()
    tf.placeholder(tf.float32, name="x")
    tf.matmul([[1.0]], [[2.0]], transpose_b=True)
    return tf.train.Saver(), dict(strip_default_attrs=True)


@case
def imported_in_scope():
    tf.train.import_meta_graph(out("default.meta"), import_scope="sc")
    return tf.train.import_meta_graph(out("sharded.meta"), import_scope="sc2", clear_devices=True)


@case
def imported_twice():
    tf.train.import_meta_graph(out("default.meta"), import_scope="sc")
    return tf.train.import_meta_graph(out("default.meta"), import_scope="sc")


@case
def exported_scope():
    x = tf.constant([5.0], name="x")
    with tf.name_scope("outer"):
        v = tf.Variable([1.0], name="v")
        with tf.name_scope("inner"):
            w = tf.Variable([2.0], name="w")
            tf.add(v + x, w, name="sum")
            with tf.colocate_with(x.op):
                tf.identity(w, name="near_x")
    return tf.train.Saver([w], name="outer/inner/save"), dict(export_scope="outer/inner")


@case
def moving_average():
    v = tf.Variable(0, dtype=tf.float32, name="v")
    with tf.variable_scope("layer"):
        w = tf.get_variable("w", shape=[2], initializer=tf.zeros_initializer())
    step = tf.Variable(0, trainable=False, name="step")
    ema = tf.train.ExponentialMovingAverage(0.99, num_updates=step)
    ema.apply([v, w])
    return tf.train.Saver(ema.variables_to_restore())


@case
def moving_average_resource():
    v = tf.Variable([0.0], name="v", use_resource=True)
    with tf.device("/cpu:0"):
        w = tf.get_variable("w", shape=[2], initializer=tf.zeros_initializer(), use_resource=True)
    tf.train.ExponentialMovingAverage(0.5, name="ema").apply([v, w])
    return tf.train.Saver()


@case
def moving_average_of_tensor():
    v = tf.Variable([1.0, 2.0], name="v")
    with tf.name_scope("s"):
        t = tf.identity(v * 2.0, name="ten")
    tf.train.ExponentialMovingAverage(0.5, zero_debias=True).apply([t, v])
    return tf.train.Saver()


def loss():
    w = tf.get_variable("w", initializer=[[1.0], [2.0]])
    b = tf.get_variable("b", initializer=[0.5])
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    return tf.reduce_mean(tf.square(tf.matmul(x, w) + b), name="loss")


OPTIMIZERS = [
    ("gradient_descent", lambda: tf.train.GradientDescentOptimizer(0.1)),
    ("momentum", lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True)),
    ("adam", lambda: tf.train.AdamOptimizer()),
    ("adagrad", lambda: tf.train.AdagradOptimizer(0.1)),
    ("rmsprop", lambda: tf.train.RMSPropOptimizer(0.1, centered=True)),
    ("ftrl", lambda: tf.train.FtrlOptimizer(0.1)),
    ("adadelta", lambda: tf.train.AdadeltaOptimizer(0.1)),
]
for _title, _make in OPTIMIZERS:
    for _kind in (False, True):
        def _build(make=_make, kind=_kind):
            with tf.variable_scope("", use_resource=kind):
                step = tf.train.create_global_step()
                rate = loss()
            make().minimize(rate, global_step=step)
            return tf.train.Saver()
        _build.__name__ = "optimizer_%s%s" % (_title, "_resource" if _kind else "")
        case(_build)


@case
def cond():
    v1, v2, _ = two()
    p = tf.placeholder(tf.bool, [], name="p")
    tf.identity(tf.cond(p, lambda: v1 + 1.0, lambda: tf.cond(p, lambda: v2 * 2.0, lambda: v1)), name="out")
    return tf.train.Saver()


@case
def while_loop():
    v = tf.Variable(2.0, name="v")
    limit = tf.placeholder(tf.int32, [], name="limit")
    result = tf.while_loop(lambda i, x: i < limit, lambda i, x: (i + 1, x * v), [tf.constant(0), tf.constant(1.0)], parallel_iterations=4)
    tf.identity(result[1], name="out")
    tf.identity(tf.gradients(result[1], [v.value()])[0], name="grad")
    return tf.train.Saver()


@case
def while_loop_tensor_array():
    v = tf.Variable([1.0, 2.0], name="v", use_resource=True)
    def body(i, array):
        return i + 1, array.write(i, v * tf.cast(i, tf.float32))
    _, array = tf.while_loop(lambda i, a: i < 3, body, [tf.constant(0), tf.TensorArray(tf.float32, 3)])
    array.stack(name="out")
    return tf.train.Saver()


@case
def queue_runner():
    queue = tf.FIFOQueue(10, [tf.float32], name="queue")
    enqueue = queue.enqueue([tf.constant(1.0)])
    tf.train.add_queue_runner(tf.train.QueueRunner(queue, [enqueue] * 2))


@case
def table():
    keys = tf.constant(["a", "b"])
    table = tf.contrib.lookup.HashTable(tf.contrib.lookup.KeyValueTensorInitializer(keys, tf.constant([1, 2], tf.int64)), -1) if VERSION == "1.11.0" else \
        tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, tf.constant([1, 2], tf.int64)), -1)
    tf.identity(table.lookup(tf.constant(["b", "c"])), name="out")
    tf.tables_initializer()


@case
def functions():
    @function.Defun(tf.float32, tf.float32, func_name="add_twice")
    def add_twice(x, y):
        return x + y + y

    v = tf.Variable([1.0], name="v")
    add_twice(v, tf.constant([2.0]), name="call")
    return tf.train.Saver()


@case
def colocated():
    v1, v2, _ = two()
    with tf.colocate_with(v1.op):
        with tf.colocate_with(v2.op):
            tf.constant(1.0, name="both")
        with tf.control_dependencies([v1.initializer, v2.initializer]):
            tf.no_op(name="after")
            tf.identity(v1, name="late")


@case
def scopes_and_names():
    with tf.variable_scope("A"):
        tf.get_variable("x", [1], initializer=tf.zeros_initializer())
        tf.Variable([1.0], name="x")
        with tf.variable_scope("B", reuse=tf.AUTO_REUSE):
            tf.get_variable("y", [1], initializer=tf.constant_initializer(3.0))
            tf.get_variable("y", [1])
    with tf.variable_scope("A"):
        tf.Variable(1, name="x")
    with tf.name_scope("a"):
        tf.Variable(2, name="X")
        tf.get_variable("z", [2], initializer=tf.random_uniform_initializer(seed=1))
        tf.get_variable("g", [2, 2], initializer=tf.glorot_uniform_initializer(seed=2))
        tf.get_variable("t", [2], initializer=tf.truncated_normal_initializer(seed=3))
    tf.Variable(lambda: tf.constant(1.0), name="from_call")
    return tf.train.Saver()


def main():
    for build in CASES:
        with tf.Graph().as_default():
            tf.set_random_seed(7)
            result = build()
            saver, options = result if isinstance(result, tuple) else (result, {})
            if saver is not None and saver.saver_def is not None:
                meta = saver.export_meta_graph(**options)
            else:
                meta = tf.train.export_meta_graph(**options)
            write_proto(out(build.__name__ + ".meta"), meta)
            if build.__name__ in IN_TEXT_TOO:
                write_proto_text(out(build.__name__ + ".pbtxt"), meta)
    finish()


main()
