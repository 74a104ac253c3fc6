"""while_loop graphs, and what they give.

loops/NAME.pb      the GraphDef (map entries in key order)
loops/cases.json   {NAME: {"fetches": tensors, "feeds": {tensor: value}, "values": one per fetch, or "error": {"code", "message"}}}
"""
from common import *

CASES = {}


def case(feeds=None, fetches=("out:0",)):
    def add(build):
        CASES[build.__name__] = (build, feeds or {}, list(fetches))
        return build
    return add


def counted(limit, start=0):
    return tf.while_loop(lambda i: i < limit, lambda i: i + 1, [tf.constant(start)])


@case()
def counter():
    tf.identity(counted(10), name="out")


@case()
def no_iteration():
    tf.identity(counted(10, 12), name="out")


@case({"n:0": np.int32(7)}, ["i:0", "a:0", "b:0"])
def fibonacci():
    n = tf.placeholder(tf.int32, [], name="n")
    i, a, b = tf.while_loop(lambda i, a, b: i < n, lambda i, a, b: (i + 1, b, a + b),
                            [tf.constant(0), tf.constant(0, tf.int64), tf.constant(1, tf.int64)])
    for name, value in (("i", i), ("a", a), ("b", b)):
        tf.identity(value, name=name)


@case({"x:0": np.float32([1, 2, 3])})
def one_of_two_variables():
    x = tf.placeholder(tf.float32, [3], name="x")
    _, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x + tf.cast(i, tf.float32)), [tf.constant(0), tf.ones([3])])
    tf.identity(y, name="out")


@case()
def nested():
    def outer(i, total):
        _, total = tf.while_loop(lambda j, t: j < i, lambda j, t: (j + 1, t + i * j), [tf.constant(0), total])
        return i + 1, total
    tf.identity(tf.while_loop(lambda i, t: i < 6, outer, [tf.constant(0), tf.constant(0)])[1], name="out")


@case()
def three_deep():
    def level(depth, start):
        if depth == 0:
            return start + 1
        return tf.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, level(depth - 1, t)), [tf.constant(0), start])[1]
    tf.identity(level(3, tf.constant(0)), name="out")


@case()
def cond_inside():
    def body(i, t):
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: t + i, lambda: t * 2)
    tf.identity(tf.while_loop(lambda i, t: i < 7, body, [tf.constant(0), tf.constant(1)])[1], name="out")


@case({"p:0": np.bool_(True)})
def inside_a_cond_taken():
    p = tf.placeholder(tf.bool, [], name="p")
    tf.identity(tf.cond(p, lambda: counted(5), lambda: tf.constant(-1)), name="out")


@case({"p:0": np.bool_(False)})
def inside_a_cond_not_taken():
    p = tf.placeholder(tf.bool, [], name="p")
    tf.identity(tf.cond(p, lambda: counted(5), lambda: tf.constant(-1)), name="out")


@case()
def growing_shape():
    _, t = tf.while_loop(lambda i, t: i < 4, lambda i, t: (i + 1, tf.concat([t, [i]], 0)), [tf.constant(0), tf.constant([9])],
                         shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])
    tf.identity(t, name="out")


@case()
def one_after_the_other():
    first = counted(4)
    tf.identity(tf.while_loop(lambda i: i < 20, lambda i: i + first, [first]), name="out")


@case({"s:0": np.array(b"ab", dtype=object)})
def strings():
    s = tf.placeholder(tf.string, [], name="s")
    _, t = tf.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, tf.string_join([t, s])), [tf.constant(0), tf.constant("")])
    tf.identity(t, name="out")


@case({"x:0": np.float32([[1, 2]])})
def fails_inside():
    x = tf.placeholder(tf.float32, None, name="x")
    tf.identity(tf.while_loop(lambda t: tf.reduce_sum(t) < 100, lambda t: tf.matmul(t, x), [x], shape_invariants=[tf.TensorShape(None)]), name="out")


def run(name):
    build, feeds, fetches = CASES[name]
    with tf.Graph().as_default() as graph:
        build()
        write_proto(out(name + ".pb"), graph.as_graph_def())
        entry = {"fetches": fetches, "feeds": {k: tensor_json(v, graph.get_tensor_by_name(k).dtype) for k, v in feeds.items()}}
        with tf.Session() as session:
            try:
                entry["values"] = [tensor_json(v, graph.get_tensor_by_name(f).dtype) for f, v in zip(fetches, session.run(fetches, feeds))]
            except tf.errors.OpError as e:
                entry["error"] = {"code": e.error_code, "message": e.message.split("\n\t [[")[0].split("\n\nOriginal")[0]}
        return entry


def main():
    write_json(out("cases.json"), {name: run(name) for name in CASES})
    finish()


main()
