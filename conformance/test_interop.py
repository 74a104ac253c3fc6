#!/usr/bin/env python3
"""interop.py's driver: a testee that dies, hangs or gives a wrong bit costs its own cells and is named."""

import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import interop  # pylint: disable=wrong-import-position
from generators.interop_shapes import Program  # pylint: disable=wrong-import-position

# Writes what it is asked to; on reading, what its argument says.
TESTEE = r"""
import json, sys, time
for line in sys.stdin:
    request = json.loads(line)
    if request["do"] == "hello":
        answer = {"protocol": 1, "name": "t", "version": "1", "behaves_as": "1.11.0"}
    else:
        reads = request["case"]["steps"][0]["do"] == "get_tensor"
        if reads and sys.argv[1] == "dies": sys.exit(7)
        if reads and sys.argv[1] == "hangs": time.sleep(60)
        if reads and sys.argv[1] == "babbles": print("no json", flush=True); continue
        bit = "0.5" if sys.argv[1] == "wrong" else "0.25"
        answer = {"seq": 1, "steps": [{"ok": True, "value": [{"dtype": "float32", "shape": [1], "values": [bit]}]}]}
    print(json.dumps(answer), flush=True)
"""
VALUE = [{"dtype": "float32", "shape": [1], "values": ["0.25"]}]
SHAPES = [Program(name, [{"do": "save"}], [({"do": "get_tensor"}, VALUE)]) for name in ("first", "second")]


class InteropTest(unittest.TestCase):

    def outcomes(self, kind):
        with tempfile.TemporaryDirectory() as folder:
            script = os.path.join(folder, "testee.py")
            with open(script, "w", encoding="utf-8") as f:
                f.write(TESTEE)
            testees = {name: interop.Testee("%s %s %s" % (sys.executable, script, name), seconds=3) for name in ("good", kind)}
            cells = interop.run(testees, SHAPES)
            for testee in testees.values():
                testee.bye()
        return [(c["shape"], c["writer"], c["outcome"]) for c in cells if c["reader"] == kind], [c["outcome"] for c in cells if c["reader"] == "good"]

    def check(self, kind, outcome):
        bad, good = self.outcomes(kind)
        self.assertEqual(bad, [(s, w, outcome) for s in ("first", "second") for w in ("good", kind)])
        self.assertEqual(good, ["same"] * 4)

    def test_a_death_costs_one_cell(self):
        self.check("dies", "crash")

    def test_a_hang_costs_one_cell(self):
        self.check("hangs", "timeout")

    def test_garbage_costs_one_cell(self):
        self.check("babbles", "garbage")

    def test_a_wrong_bit_is_seen(self):
        self.check("wrong", "differs")


if __name__ == "__main__":
    unittest.main()
