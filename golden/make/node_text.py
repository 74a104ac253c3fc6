"""Nodes as TensorFlow 1.11.0 writes them into its messages: `{{node NAME}} = OP[attrs](inputs)`.

node_text/node_text.json  a list of {"from", "node_def", "text", "message"}. From "import": NoOp nodes with attrs that NoOp lacks, which
                          import_graph_def refuses and prints as given. From "run": nodes whose kernel failed, as they stand in the graph
                          ("node_def" as the session's graph has it; the text shows it placed and after graph optimization), with "fed",
                          the fed tensors in the order given.
"""
from common import *

from tensorflow.core.framework import graph_pb2
from tensorflow.python.ops import gen_io_ops

# Text-format attr values, by what they show.
ATTRS = [
    ("bool_true", "b: true"), ("bool_false", "b: false"), ("int", "i: 42"), ("int_negative", "i: -9223372036854775808"), ("int_zero", "i: 0"),
    ("float", "f: 0.5"), ("float_whole", "f: 3"), ("float_tiny", "f: 1e-07"), ("float_large", "f: 1e+20"), ("float_digits", "f: 0.1"),
    ("float_third", "f: 0.333333343"), ("float_million", "f: 1234567"), ("float_nan", "f: nan"), ("float_inf", "f: inf"), ("float_minus_inf", "f: -inf"),
    ("float_minus_zero", "f: -0"), ("string", 's: "plain"'), ("string_empty", 's: ""'), ("string_escapes", r's: "quote\" backslash\\ tab\t newline\n nul\000 high\377 e\303\251"'),
    ("string_79", 's: "%s"' % ("a" * 79)), ("string_80", 's: "%s"' % ("0123456789" * 8)), ("string_81", 's: "%s"' % ("0123456789" * 8 + "x")),
    ("string_escaped_long", 's: "%s"' % (r"\001" * 21)), ("string_escaped_78", 's: "%s"' % (r"\001" * 19 + "ab")), ("string_300", 's: "%s"' % ("begin" + "m" * 290 + "-end!")),
    ("type", "type: DT_FLOAT"), ("type_ref", "type: DT_INT32_REF"), ("type_half", "type: DT_HALF"), ("type_resource", "type: DT_RESOURCE"),
    ("type_invalid", "type: DT_INVALID"), ("type_unknown", "type: 77"),
    ("shape", "shape { dim { size: 2 } dim { size: -1 } }"), ("shape_scalar", "shape { }"), ("shape_unknown", "shape { unknown_rank: true }"),
    ("shape_zero", "shape { dim { size: 0 } }"), ("shape_named", 'shape { dim { size: 3 name: "batch" } }'),
    ("tensor_scalar", "tensor { dtype: DT_FLOAT tensor_shape { } float_val: 1.5 }"),
    ("tensor_filled", "tensor { dtype: DT_FLOAT tensor_shape { dim { size: 9 } } float_val: 3 }"),
    ("tensor_three", "tensor { dtype: DT_INT32 tensor_shape { dim { size: 3 } } int_val: 1 int_val: 2 int_val: 3 }"),
    ("tensor_four", "tensor { dtype: DT_INT32 tensor_shape { dim { size: 4 } } int_val: 1 int_val: 2 int_val: 3 int_val: 4 }"),
    ("tensor_matrix", "tensor { dtype: DT_INT64 tensor_shape { dim { size: 2 } dim { size: 2 } } int64_val: 1 int64_val: 2 int64_val: 3 int64_val: 4 }"),
    ("tensor_matrix_wide", "tensor { dtype: DT_INT64 tensor_shape { dim { size: 2 } dim { size: 5 } } int64_val: 7 }"),
    ("tensor_cube", "tensor { dtype: DT_DOUBLE tensor_shape { dim { size: 2 } dim { size: 1 } dim { size: 2 } } double_val: 0.1 }"),
    ("tensor_empty", "tensor { dtype: DT_FLOAT tensor_shape { dim { size: 0 } } }"), ("tensor_empty_rank_2", "tensor { dtype: DT_FLOAT tensor_shape { dim { size: 2 } dim { size: 0 } } }"),
    ("tensor_string", r'tensor { dtype: DT_STRING tensor_shape { dim { size: 2 } } string_val: "a" string_val: "\377\n" }'),
    ("tensor_long_string", 'tensor { dtype: DT_STRING tensor_shape { } string_val: "%s" }' % ("0123456789" * 12)),
    ("tensor_bool", "tensor { dtype: DT_BOOL tensor_shape { dim { size: 2 } } bool_val: true bool_val: false }"),
    ("tensor_half", "tensor { dtype: DT_HALF tensor_shape { dim { size: 2 } } half_val: 15360 half_val: 16384 }"),
    ("tensor_bfloat16", "tensor { dtype: DT_BFLOAT16 tensor_shape { dim { size: 1 } } half_val: 16256 }"),
    ("tensor_complex64", "tensor { dtype: DT_COMPLEX64 tensor_shape { } scomplex_val: 1 scomplex_val: -2 }"),
    ("tensor_uint8", "tensor { dtype: DT_UINT8 tensor_shape { dim { size: 2 } } int_val: 65 int_val: 200 }"),
    ("tensor_qint8", "tensor { dtype: DT_QINT8 tensor_shape { } int_val: 5 }"), ("tensor_uint32", "tensor { dtype: DT_UINT32 tensor_shape { } uint32_val: 5 }"),
    ("tensor_float_digits", "tensor { dtype: DT_FLOAT tensor_shape { dim { size: 3 } } float_val: 0.1 float_val: 1e-10 float_val: 123456789 }"),
    ("tensor_float_special", "tensor { dtype: DT_FLOAT tensor_shape { dim { size: 3 } } float_val: nan float_val: inf float_val: -0 }"),
    ("tensor_bad", "tensor { dtype: DT_FLOAT tensor_shape { dim { size: 2 } } tensor_content: '123' }"),
    ("func", 'func { name: "ff" attr { key: "T" value { type: DT_INT32 } } attr { key: "A" value { i: 1 } } }'), ("func_plain", 'func { name: "ff" }'),
    ("placeholder", 'placeholder: "T"'),
    ("list_empty", "list { }"), ("list_int", "list { i: 1 i: -2 }"), ("list_int_14", "list { %s }" % " ".join("i: %d" % i for i in range(14))),
    ("list_int_15", "list { %s }" % " ".join("i: %d" % i for i in range(15))), ("list_int_40", "list { %s }" % " ".join("i: %d" % i for i in range(40))),
    ("list_float", "list { f: 0.5 f: 1 f: 1e-07 }"), ("list_bool", "list { b: true b: false }"), ("list_string", r'list { s: "a" s: "\377" }'),
    ("list_string_long", 'list { s: "%s" s: "x" }' % ("0123456789" * 9)), ("list_type", "list { type: DT_FLOAT type: DT_STRING }"),
    ("list_type_20", "list { %s }" % " ".join("type: DT_FLOAT" for _ in range(20))), ("list_shape", "list { shape { dim { size: 1 } } shape { unknown_rank: true } }"),
    ("list_tensor", "list { tensor { dtype: DT_INT32 tensor_shape { } int_val: 7 } }"), ("list_func", 'list { func { name: "f" } func { name: "g" attr { key: "N" value { i: 2 } } } }'),
    ("unset", ""),
]

NODES = ['name: "attr_%s" op: "NoOp" attr { key: "zz" value { %s } }' % pair for pair in ATTRS] + [
    'name: "many" op: "NoOp" attr { key: "z" value { i: 1 } } attr { key: "B" value { b: true } } attr { key: "a" value { s: "x" } } attr { key: "_class" value { list { s: "loc:@x" } } }',
    'name: "on_device" op: "NoOp" device: "/device:CPU:0" attr { key: "zz" value { i: 1 } }',
    'name: "on_device_with_private" op: "NoOp" device: "/job:ps/task:1" attr { key: "zz" value { i: 1 } } attr { key: "_a" value { i: 2 } } attr { key: "~" value { i: 3 } }',
    'name: "data_inputs" op: "NoOp" input: "x" input: "x:0" input: "split:2" attr { key: "zz" value { i: 1 } }',
    'name: "control_inputs" op: "NoOp" input: "x" input: "^x" input: "^split" attr { key: "zz" value { i: 1 } }',
    'name: "scope/a.b-c_d/Name" op: "NoOp" attr { key: "zz" value { i: 1 } }',
]
SUPPORT = """
node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
node { name: "axis" op: "Const" attr { key: "dtype" value { type: DT_INT32 } } attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape { } } } } }
node { name: "split" op: "Split" input: "axis" input: "x" attr { key: "T" value { type: DT_FLOAT } } attr { key: "num_split" value { i: 3 } } }
"""


def refused(node):
    graph_def = parse_text(SUPPORT + "node { %s }" % node, graph_pb2.GraphDef())
    with tf.Graph().as_default():
        try:
            tf.import_graph_def(graph_def, name="")
        except Exception as e:  # NotFound, ValueError: only the text matters
            message = str(e)
        else:
            raise SystemExit("imported after all: " + node)
    if "NodeDef: " not in message:
        raise SystemExit("no node text in: " + message)
    text = message.split("NodeDef: ", 1)[1].rsplit(". (Check whether", 1)[0]
    return {"from": "import", "node_def": to_text(graph_def.node[-1]), "text": text, "message": message}


def failures():
    """(name of the failing node, fetches, feeds) of small graphs, each built when asked for."""
    x = tf.placeholder(tf.float32, [None], name="x")
    y = tf.placeholder(tf.float32, [None, None], name="y")
    index = tf.placeholder(tf.int32, [None], name="index")
    text = tf.placeholder(tf.string, [], name="text")
    v = tf.Variable(tf.zeros([2]), name="v")
    w = tf.Variable([1], name="w", use_resource=True)
    split = tf.split(x, 2, name="split")
    with tf.variable_scope("deep/er"):
        u = tf.get_variable("u", [3])
    with tf.device("/cpu:0"):
        on_cpu = tf.reshape(x, [2, 2], name="on_cpu")
    with tf.control_dependencies([tf.no_op(name="before")]):
        late = tf.reshape(x, [7], name="late")
    return [
        ("v/read", v + 1.0, {}), ("deep/er/u/read", u * 2.0, {}), ("reshape", tf.reshape(x, [3, 5], name="reshape"), {x: [1.0]}),
        ("matmul", tf.matmul(y, y, transpose_b=False, name="matmul"), {y: [[1.0, 2.0]]}), ("gather", tf.gather(tf.constant([1, 2, 3]), index, name="gather"), {index: [9]}),
        ("number", tf.string_to_number(text, tf.float32, name="number"), {text: "x"}), ("check", tf.check_numerics(x, "found \"it\"", name="check"), {x: [np.nan]}),
        ("Assert/Assert", tf.Assert(tf.equal(tf.size(x), 5), ["wanted five", x, index]), {x: [1.0, 2.0], index: [3]}), ("x", x * 3.0, {}),
        ("concat", tf.concat([y, y[:, :1]], 0, name="concat"), {y: [[1.0, 2.0]]}), ("on_cpu", on_cpu, {x: [1.0]}), ("late", late, {x: [1.0]}),
        ("uses_split", tf.reshape(split[1], [9], name="uses_split"), {x: [1.0, 2.0]}), ("Add_fed", tf.add(x, tf.reshape(y, [-1]), name="Add_fed"), {x: [1.0, 2.0], y: [[1.0, 2.0, 3.0]]}),
        ("cast_fed", tf.slice(x, index, [1], name="cast_fed"), {x: [1.0], index: [4]}), ("w/Read/ReadVariableOp", w.read_value(), {}),
        ("decode", tf.decode_base64(text, name="decode"), {text: "?"}), ("tile", tf.tile(x, index, name="tile"), {x: [1.0], index: [1, 2]}),
        ("cross", tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=tf.concat([y, y], 1), name="cross"), {y: [[1.0, 2.0, 3.0]]}),
        ("conv", tf.nn.conv2d(tf.reshape(x, [1, 1, 1, -1]), tf.zeros([1, 1, 2, 1]), [1, 1, 1, 1], "SAME", name="conv"), {x: [1.0]}),
        ("restore", gen_io_ops.restore_v2("absent", ["a"] * 16, [""] * 16, [tf.float32] * 16, name="restore"), {}),
    ]


def main():
    result = [refused(node) for node in NODES]
    with tf.Graph().as_default() as graph, tf.Session() as session:
        for name, fetch, feeds in failures():
            try:
                session.run(fetch, feeds)
            except tf.errors.OpError as e:
                part = [line for line in e.message.split("\n") if line.startswith("\t [[")]
                if not part:
                    raise SystemExit("%s: no node in %s" % (name, e.message))
                failed = part[0][len("\t [["):-len("]]")]
                seen = failed.split("{{node ", 1)[1].split("}}")[0]
                entry = {"from": "run", "text": failed, "message": e.message, "node": seen, "fed": [t.name for t in feeds]}
                if e.op is not None:
                    entry["node_def"] = to_text(e.op.node_def)
                result.append(entry)
            else:
                raise SystemExit(name + " did not fail")
    write_json(out("node_text.json"), result)
    finish()


main()
