"""Six testees that are wrong on purpose: the runner's own tests see to it that each is caught.

    python3 conformance/testees/faulty.py KIND

crash          ends by a signal at each case whose id ends in /second, after a word on standard error
hang           does not answer such a case
garbage        answers it with what is no JSON
wrong_value    changes the last bit of every float that it fetches
no_errors      says that every step went well
short_answer   leaves out the last step's answer
"""

import os
import signal
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import json  # pylint: disable=wrong-import-position

import toy  # pylint: disable=wrong-import-position


def next_float(text):
    bits = struct.unpack("<I", struct.pack("<f", float(text)))[0]
    return repr(struct.unpack("<f", struct.pack("<I", bits ^ 1))[0])


def answer(kind, request):
    case = request["case"]
    if case["id"].endswith("/second"):
        if kind == "crash":
            print("about to crash", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        if kind == "hang":
            time.sleep(600)
        if kind == "garbage":
            print("Segmentation fault, or so it seems", flush=True)
            return
    steps = toy.run_case(case)
    if kind == "wrong_value":
        for step in steps:
            for value in step.get("value") if isinstance(step.get("value"), list) else []:
                value = step["value"][step["value"].index(value)] = dict(value)
                value["values"] = [next_float(v) for v in value["values"]]
    if kind == "no_errors":
        steps = [{"ok": True, "value": step.get("value"), "log": []} for step in steps]
    if kind == "short_answer":
        steps = steps[:-1]
    toy.say({"seq": request["seq"], "steps": steps})


def main():
    kind = sys.argv[1]
    if kind not in __doc__:
        raise SystemExit(__doc__)
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "bye":
            return
        if request["do"] == "hello":
            toy.say(toy.hello())
        else:
            answer(kind, request)


if __name__ == "__main__":
    main()
