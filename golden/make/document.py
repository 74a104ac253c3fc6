"""The document's programs, run in order, each notebook kernel in a process of its own.

document/          what they leave in Saved_model
document_outputs/  outputs.json: per cell the printed output, the log lines and the files there afterwards;
                   errors.json: the two failing programs' errors
"""
import io
import json
import os
import re
import shutil
import subprocess
import sys

IMPORT = "import tensorflow as tf\n"
ONES = """
v1 = tf.Variable(tf.constant(1.0, shape=[1]), name='v1')
v2 = tf.Variable(tf.constant(1.0, shape=[1]), name='v2')
result = v1 + v2
"""
OTHERS = """
v1 = tf.Variable(tf.constant(1.0, shape=[1]), name="other-v1")
v2 = tf.Variable(tf.constant(1.0, shape=[1]), name="other-v2")
result = v1 + v2
"""
RESTORE = """
with tf.Session() as sess:
    saver.restore(sess, "Saved_model/model.ckpt")
    print(sess.run(result))
"""
RESTORE_V = """
with tf.Session() as sess:
    saver.restore(sess, "Saved_model/model2.ckpt")
    print(sess.run(v))
"""

KERNELS = [
    ("save", [IMPORT + ONES + """
init_op = tf.global_variables_initializer()
saver = tf.train.Saver()

with tf.Session() as sess:
    sess.run(init_op)
    saver.save(sess, "Saved_model/model.ckpt")
""", """
reader = tf.train.NewCheckpointReader('Saved_model/model.ckpt')

global_varibales = reader.get_variable_to_shape_map()
for variable_name in global_varibales:
    print(variable_name, global_varibales[variable_name])

print("Value for variable v1 is ", reader.get_tensor("v1"))
"""]),
    ("restore", [IMPORT + ONES + """
saver = tf.train.Saver()
""" + RESTORE]),
    ("import_meta_graph", [IMPORT + """
saver = tf.train.import_meta_graph("Saved_model/model.ckpt.meta")

with tf.Session() as sess:
    saver.restore(sess, "Saved_model/model.ckpt")
    print(sess.run(tf.get_default_graph().get_tensor_by_name("add:0")))
"""]),
    ("partial", [IMPORT + ONES + """
saver = tf.train.Saver([v1])
""" + RESTORE]),
    ("renamed", [IMPORT + OTHERS + """
saver = tf.train.Saver()
""" + RESTORE]),
    ("renamed_by_map", [IMPORT + OTHERS + """
saver = tf.train.Saver({"v1": v1, "v2": v2})
""" + RESTORE]),
    ("moving_average", [IMPORT + """
v = tf.Variable(0, dtype=tf.float32, name="v")
for variables in tf.global_variables():
    print(variables.name)

ema = tf.train.ExponentialMovingAverage(0.99)
maintain_averages_op = ema.apply(tf.global_variables())
for variables in tf.global_variables():
    print(variables.name)

saver = tf.train.Saver()
with tf.Session() as sess:
    init_op = tf.global_variables_initializer().run()

    sess.run(tf.assign(v, 10))
    sess.run(maintain_averages_op)
    saver.save(sess, "Saved_model/model2.ckpt")
    print(sess.run([v, ema.average(v)]))
""", """
v = tf.Variable(0, dtype=tf.float32, name="v")

saver = tf.train.Saver({"v/ExponentialMovingAverage": v})
""" + RESTORE_V]),
    ("variables_to_restore", [IMPORT + """
v = tf.Variable(0, dtype=tf.float32, name="v")

ema = tf.train.ExponentialMovingAverage(0.99)

print(ema.variables_to_restore())

saver = tf.train.Saver(ema.variables_to_restore())
""" + RESTORE_V]),
    ("freeze", [IMPORT + """
from tensorflow.python.framework import graph_util

v1 = tf.Variable(tf.constant(1.0, shape=[1]), name="v1")
v2 = tf.Variable(tf.constant(2.0, shape=[1]), name="v2")
result = v1 + v2

with tf.Session() as sess:
    init_op = tf.global_variables_initializer()
    sess.run(init_op)

    graph_def = tf.get_default_graph().as_graph_def()

    output_graph_def = graph_util.convert_variables_to_constants(sess, graph_def, ['add'])

    with tf.gfile.GFile("Saved_model/combined_model.pb", "wb") as f:
           f.write(output_graph_def.SerializeToString())
""", """
from tensorflow.python.platform import gfile

with tf.Session() as sess:
    model_filename = "Saved_model/combined_model.pb"

    with gfile.FastGFile(model_filename, 'rb') as f:
        graph_def = tf.GraphDef()
        graph_def.ParseFromString(f.read())

    result = tf.import_graph_def(graph_def, return_elements=["add:0"])
    print(sess.run(result))
"""]),
]


def run_kernel(index):
    """In a process of its own: the cells of one kernel; prints a JSON list, one object per cell."""
    import contextlib
    import logging
    import tensorflow
    is_v2 = tensorflow.__version__.startswith("2.")
    if is_v2:
        tensorflow.compat.v1.disable_v2_behavior()
    logger = logging.getLogger("tensorflow")
    lines = []

    class Capture(logging.Handler):
        def emit(self, record):
            text = record.getMessage()
            # Deprecation notices name files of the installation, not behaviour.
            if "deprecat" not in text and "Instructions for updating" not in text:
                lines.append({"level": record.levelname.lower(), "text": text})

    logger.handlers = [Capture()]
    logger.propagate = False
    logger.setLevel(logging.INFO)
    scope = {"__name__": "__main__"}
    cells = []
    for cell in KERNELS[index][1]:
        if is_v2:
            cell = cell.replace(IMPORT, "import tensorflow.compat.v1 as tf\n")
            cell = cell.replace("from tensorflow.python.framework import graph_util\n", "graph_util = tf.graph_util\n")
        del lines[:]
        printed = io.StringIO()
        error = None
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(cell, "<cell>", "exec"), scope)
            except tensorflow.errors.OpError as e:
                message = e.message
                # Where an op was made is a path of this machine: keep what stands inside the installation.
                message = re.sub(r"defined at \S*/site-packages/", "defined at ", message)
                if is_v2:  # a whole trace stands before the node
                    head, _, tail = message.partition("\nDetected at node")
                    message = head + ("\n" + tail[tail.index("\nNode:") + 1:] if tail else "")
                error = {"class": type(e).__name__, "code": e.error_code, "message": message, "op": e.op.name if e.op else None}
        result = {"printed": printed.getvalue(), "log": list(lines), "files": sorted(os.listdir("Saved_model")) if os.path.isdir("Saved_model") else []}
        with io.open("Saved_model/checkpoint", encoding="utf-8") as f:
            result["checkpoint"] = f.read()
        if error:
            result["error"] = error
        cells.append(result)
    sys.stdout.write(json.dumps(cells))


def main():
    import common
    outputs = []
    errors = {}
    for index, (name, cells) in enumerate(KERNELS):
        text = subprocess.check_output([sys.executable, "-B", os.path.abspath(__file__), "--kernel", str(index)])
        for number, (code, result) in enumerate(zip(cells, json.loads(text.decode("utf-8"))), 1):
            cell = "%s/%d" % (name, number)
            if "error" in result:
                errors[cell] = result.pop("error")
            result.update(cell=cell, program=code)
            outputs.append(result)
    if sorted(errors) != ["partial/1", "renamed/1"]:
        raise SystemExit("other programs fail than the document says: %s" % errors)
    common.settle("Saved_model")
    shutil.copytree("Saved_model", os.path.join(common.OUT, "document"))
    target = os.path.join(common.OUT, "document_outputs")
    os.makedirs(target)
    common.write_json(os.path.join(target, "outputs.json"), outputs)
    common.write_json(os.path.join(target, "errors.json"), errors)
    common.finish()


if __name__ == "__main__":
    if sys.argv[1] == "--kernel":
        run_kernel(int(sys.argv[2]))
    else:
        main()
