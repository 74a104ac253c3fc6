#!/usr/bin/env python3
"""What kill_test.cc does, done to real TensorFlow: a process that saves on and on is killed at a random moment.

    PYTHON reference/train/kill_tensorflow.py [--rounds N] [--seed N]     PYTHON: one that has TensorFlow 1.11.0

After each kill: does the state file name a checkpoint, does it open, and do both variables, which always change together, have one value? Each round is a fork, made
before TensorFlow has started a thread; so is each look at what is left, since a damaged file may end the process that reads it. As in kill_test.cc every other save goes
over the same prefix. A kill comes up to --span milliseconds after the child's first save of the round. Prints a count for each outcome as JSON; exit 0 whatever they are.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf  # noqa: E402  (reads the environment)


def save_forever(folder, ready):
    tf.logging.set_verbosity(tf.logging.ERROR)
    with tf.Graph().as_default():
        a, b = (tf.get_variable(name, [100], initializer=tf.zeros_initializer()) for name in "ab")
        more = [a.assign_add(tf.ones([100])), b.assign_add(tf.ones([100]))]
        saver = tf.train.Saver(max_to_keep=2)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            i = 0
            while True:
                sess.run(more)
                saver.save(sess, os.path.join(folder, "k"), global_step=i if i % 2 == 0 else None, write_meta_graph=False)
                if i == 0:
                    os.write(ready, b"1")
                i += 1


def look(folder):
    """What is left, in a word."""
    tf.logging.set_verbosity(tf.logging.FATAL)
    latest = tf.train.latest_checkpoint(folder)
    if latest is None:
        return "the state file names no checkpoint"
    try:
        reader = tf.train.NewCheckpointReader(latest)
        a, b = reader.get_tensor("a"), reader.get_tensor("b")
    except Exception as e:  # pylint: disable=broad-except
        text = str(e)
        for known in ("Checksum does not match", "Read less bytes", "Failed to find any matching files", "not an sstable", "Unable to open table file"):
            if known in text:
                return "the newest can't be read: " + known
        return "the newest can't be read: " + text.splitlines()[0][:100]
    return "whole" if (a == a[0]).all() and (b == a[0]).all() else "values of two saves in one checkpoint"


def forked(body):
    """What body returns in a process of its own; how the process ended where it did not come to that."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, body().encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as f:
        text = f.read()
    status = os.waitpid(child, 0)[1]
    return text or "the process that reads it is ended by signal %d" % (status & 127)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--span", type=float, default=12, help="milliseconds, at most, from a child's first save to its end")
    args = parser.parse_args()
    rand = random.Random(args.seed)
    folder = tempfile.mkdtemp(prefix="kill_tensorflow_")
    outcomes = {}
    for i in range(args.rounds):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                save_forever(folder, write)
            except BaseException as e:  # pylint: disable=broad-except
                sys.stderr.write("round %d: the child ended by itself: %s\n" % (i, e))
            finally:
                os._exit(1)
        os.close(write)
        if os.read(read, 1) != b"1":
            raise SystemExit("kill_tensorflow: a child did not come to its first save")
        os.close(read)
        time.sleep(rand.uniform(0, args.span) / 1000)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        outcome = forked(lambda: look(folder))
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if (i + 1) % 100 == 0:
            sys.stderr.write("%d rounds: %s\n" % (i + 1, outcomes))
    left = sum(".tempstate" in name or ".tmp" in name or "_temp_" in name for name in os.listdir(folder))
    print(json.dumps({"tensorflow": tf.__version__, "rounds": args.rounds, "span_ms": args.span, "outcomes": outcomes, "temporary_files_left": left}, indent=1))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
