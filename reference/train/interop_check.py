#!/usr/bin/env python3
"""What the document's programs write here works in real TensorFlow, and the reverse.

  interop_check.py --examples build/release/examples

For each of TFPERSIST_TF_1_11_0, TFPERSIST_TF_1_15_5 and TFPERSIST_TF_2_21_0 (a Python that has that TensorFlow):
  there:  imports our .meta, restores our checkpoint and runs add:0; loads the average by renaming; runs our frozen .pb;
          continues from our checkpoint with a Saver of its own
  here:   our programs restore, inspect and run what golden/data/tf-VERSION/document holds
A version without its variable is reported as skipped, and the exit status says so: 0 all checked, 1 a failure,
77 a version was left out."""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VERSIONS = {"1.11.0": "TFPERSIST_TF_1_11_0", "1.15.5": "TFPERSIST_TF_1_15_5", "2.21.0": "TFPERSIST_TF_2_21_0"}

PROGRAM = r"""
import sys
import tensorflow as tf
if tf.__version__[0] == "2":
    tf = tf.compat.v1
    tf.disable_v2_behavior()
assert tf.__version__ == sys.argv[1], tf.__version__

def check(what, got, wanted):
    print("%s %s: %s" % ("ok  " if got == wanted else "FAIL", what, got))
    if got != wanted:
        sys.exit(1)

with tf.Graph().as_default() as graph:
    saver = tf.train.import_meta_graph("Saved_model/model.ckpt.meta")
    with tf.Session() as session:
        saver.restore(session, "Saved_model/model.ckpt")
        check("add:0 of our .meta and checkpoint", session.run("add:0").tolist(), [2.0])
        check("collections", [v.name for v in tf.global_variables()], ["v1:0", "v2:0"])
        session.run(tf.global_variables_initializer())
        check("initializers of our graph", session.run("add:0").tolist(), [2.0])
        saver.save(session, "Saved_model/again.ckpt")
        check("their saver goes on", tf.train.latest_checkpoint("Saved_model"), "Saved_model/again.ckpt")

with tf.Graph().as_default():
    v1, v2 = (tf.Variable(tf.constant(5.0, shape=[1]), name=n) for n in ("v1", "v2"))
    with tf.Session() as session:
        tf.train.Saver().restore(session, "Saved_model/model.ckpt")
        check("our checkpoint in a graph of theirs", session.run([v1, v2])[0].tolist(), [1.0])

with tf.Graph().as_default():
    saver = tf.train.import_meta_graph("Saved_model/model2.ckpt.meta")
    with tf.Session() as session:
        saver.restore(session, "Saved_model/model2.ckpt")
        check("our moving average", ["%.9g" % x for x in session.run(["v:0", "v/ExponentialMovingAverage:0"])], ["10", "0.0999999046"])
        session.run("ExponentialMovingAverage")
        check("its update there", "%.6g" % session.run("v/ExponentialMovingAverage:0"), "0.199")
    with tf.Session() as session:  # with values the average's initializer would race with v's
        session.run(tf.global_variables_initializer())
        check("its initializers there", session.run("v/ExponentialMovingAverage:0").tolist(), 0.0)

with tf.Graph().as_default():
    v = tf.Variable(0.0, name="v")
    with tf.Session() as session:
        tf.train.Saver({"v/ExponentialMovingAverage": v}).restore(session, "Saved_model/model2.ckpt")
        check("the average by renaming", "%.9g" % session.run(v), "0.0999999046")

with tf.Graph().as_default():
    graph_def = tf.GraphDef()
    with open("Saved_model/combined_model.pb", "rb") as f:
        graph_def.ParseFromString(f.read())
    with tf.Session() as session:
        check("our frozen graph", session.run(tf.import_graph_def(graph_def, return_elements=["add:0"]))[0].tolist(), [3.0])
"""


def run_example(examples, name, folder, expected_status=0):
    done = subprocess.run([str(examples / ("example_" + name))], cwd=str(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode("utf-8", "replace")
    if done.returncode != expected_status:
        print("FAIL our %s: exit status %d\n%s" % (name, done.returncode, text))
        return None
    return text


def there(python, version, examples):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "Saved_model"))
        for name in ("save_1", "moving_average_1", "freeze_1"):
            if run_example(examples, name, folder) is None:
                return False
        environment = dict(os.environ, CUDA_VISIBLE_DEVICES="", TF_CPP_MIN_LOG_LEVEL="3")
        done = subprocess.run([python, "-W", "ignore", "-c", PROGRAM, version], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        sys.stdout.write(done.stdout.decode("utf-8", "replace"))
        if done.returncode != 0:
            sys.stdout.write(done.stderr.decode("utf-8", "replace")[-3000:])
        return done.returncode == 0


def here(version, examples):
    good = True
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(str(ROOT / "golden" / "data" / ("tf-" + version) / "document"), os.path.join(folder, "Saved_model"))
        for name in ("save_2", "restore_1", "import_meta_graph_1", "renamed_by_map_1", "moving_average_2", "variables_to_restore_1", "freeze_2"):
            text = run_example(examples, name, folder)
            expected = (ROOT / "reference" / "examples" / "expected" / (name + ".txt")).read_text(encoding="utf-8")
            same = text == expected
            print("%s our %s on their files" % ("ok  " if same else "FAIL", name) + ("" if same or text is None else ":\n" + text))
            good = good and same
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", required=True, type=pathlib.Path, help="the folder of the built example programs")
    examples = parser.parse_args().examples.resolve()
    good, checked = True, 0
    for version, variable in VERSIONS.items():
        python = os.environ.get(variable)
        print("TensorFlow %s" % version)
        good = here(version, examples) and good
        if not python:
            print("SKIPPED their side: %s names no Python with TensorFlow %s" % (variable, version))
            continue
        checked += 1
        good = there(python, version, examples) and good
    if not good:
        return 1
    return 0 if checked == len(VERSIONS) else 77


sys.exit(main())
