"""A testee over real TensorFlow: answers the conformance protocol (../PROTOCOL.md) with what TensorFlow itself does.

Run it with a Python that holds TensorFlow 1.11.0, 1.15.5 or 2.21.0 (tf.compat.v1, v2 behaviour off):

    PYTHON conformance/testees/tensorflow_testee.py [--memory-gib N]

One request a line on standard input, one answer a line on standard output; everything that TensorFlow prints goes to
standard error.
"""

import os
import sys

# The answers own the real standard output; whatever else writes to descriptor 1 ends up on standard error.
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
sys.stdout = sys.stderr
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import argparse  # pylint: disable=wrong-import-position
import json  # pylint: disable=wrong-import-position
import resource  # pylint: disable=wrong-import-position

from tensorflow_testee import case  # pylint: disable=wrong-import-position


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory-gib", type=int, default=12, help="address space that the process may take")
    options = parser.parse_args()
    limit = options.memory_gib << 30
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for line in sys.stdin:
        line = line.strip()
        if not line:
            continue
        request = json.loads(line)
        if request["do"] == "bye":
            return
        if request["do"] == "hello":
            answer = case.hello()
        else:
            answer = case.run(request)
        ANSWERS.write(json.dumps(answer) + "\n")
        ANSWERS.flush()


if __name__ == "__main__":
    main()
