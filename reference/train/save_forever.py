"""TensorFlow's own saves for kill_test: forks a process that saves without end for each folder that a line of the input names.

Prints "forked PID" for each, and "saved PID" once that process has its first save. Importing TensorFlow takes seconds, so it is done once, before the forks.
"""

import os
import signal
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import tensorflow as tf  # noqa: E402

if not hasattr(tf, "Session"):
    tf = tf.compat.v1
    tf.disable_eager_execution()
tf.logging.set_verbosity(tf.logging.ERROR)


def say(word):
    os.write(1, ("%s %d\n" % (word, os.getpid())).encode())


def save_forever(folder):
    """The same variables, values and names as kill_test's own child."""
    a, b = (tf.get_variable(name, initializer=tf.zeros([100])) for name in "ab")
    more = [v.assign_add(tf.ones([100])) for v in (a, b)]
    saver = tf.train.Saver(max_to_keep=2)
    with tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)) as session:
        session.run(tf.global_variables_initializer())
        i = 0
        while True:
            session.run(more)
            saver.save(session, os.path.join(folder, "k"), global_step=i if i % 2 == 0 else None)
            if i == 0:
                say("saved")
            i += 1


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever kills them sees them gone
    for line in sys.stdin:
        if os.fork() == 0:
            say("forked")
            save_forever(line.rstrip("\n"))


if __name__ == "__main__":
    main()
