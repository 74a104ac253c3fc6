#!/usr/bin/env python3
"""bench/compare and the rows of results, against what they must say."""

import importlib.machinery
import importlib.util
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)
from bench.common import rows  # noqa: E402

loader = importlib.machinery.SourceFileLoader("bench_compare", os.path.join(ROOT, "bench", "compare"))
compare = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_compare", loader))
loader.exec_module(compare)


def result(**values):
    """ours=[...], theirs=[...] of one task."""
    names = {"ours": "tfpersist", "theirs": "tensorflow 1.15.5"}
    return {"rows": [{"task": "session/add", "name": names[k], "values": v} for k, v in values.items()]}


class CompareTest(unittest.TestCase):
    def test_p_values(self):
        # As R's wilcox.test(exact = TRUE) has them.
        self.assertAlmostEqual(compare.p_value([1, 2, 3, 4], [5, 6, 7, 8]), 2 / 70)
        self.assertAlmostEqual(compare.p_value([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), 2 / 252)
        self.assertAlmostEqual(compare.p_value([1, 3, 5], [2, 4, 6]), 0.7)
        self.assertEqual(compare.p_value([1, 1, 1], [1, 1, 1]), 1)
        self.assertEqual(compare.p_value([], [1]), 1)

    def test_many_values_take_the_normal_distribution(self):
        a, b = list(range(30)), [x + 0.5 for x in range(30)]
        self.assertGreater(compare.p_value(a, b), 0.8)
        self.assertLess(compare.p_value(a, [x + 25 for x in a]), 1e-6)

    def verdict(self, old, new):
        return compare.compare(old, new, 0.05, 0.03)[0]["verdict"]

    def test_slower_and_faster(self):
        slow, fast = [1.2, 1.21, 1.22, 1.19], [1.0, 1.01, 0.99, 1.02]
        self.assertEqual(self.verdict(result(ours=fast), result(ours=slow)), "slower")
        self.assertEqual(self.verdict(result(ours=slow), result(ours=fast)), "faster")
        self.assertEqual(self.verdict(result(ours=fast), result(ours=fast)), "same")

    def test_a_small_change_and_few_rounds_do_not_count(self):
        self.assertEqual(self.verdict(result(ours=[1.0, 1.001, 1.002, 1.003]), result(ours=[1.01, 1.011, 1.012, 1.013])), "same")
        self.assertEqual(self.verdict(result(ours=[1, 1.1, 1.05]), result(ours=[2, 2.1, 2.2])), "same")

    def test_a_busy_machine_is_told_from_a_slower_program(self):
        calm = result(ours=[1.0, 1.01, 0.99, 1.02], theirs=[10.0, 10.1, 9.9, 10.2])
        busy = result(ours=[1.5, 1.52, 1.48, 1.51], theirs=[15.0, 15.2, 14.8, 15.1])
        slow = result(ours=[1.5, 1.52, 1.48, 1.51], theirs=[10.0, 10.1, 9.9, 10.2])
        self.assertEqual(self.verdict(calm, busy), "machine")
        self.assertEqual(self.verdict(calm, slow), "slower")

    def test_rows(self):
        row = rows.make("models/resnet50/batch:8/threads:2", "tfpersist", "ms", [400.0, 420.0, 410.0])
        self.assertEqual((row["workload"], row["batch"], row["threads"], row["device"]), ("models/resnet50", 8, 2, "cpu"))
        self.assertAlmostEqual(row["items_per_s"], 8 / 0.41)
        row = rows.make("models/resnet50/batch:1/threads:2/first", "tfpersist", "ms", [400.0])
        self.assertEqual((row["part"], row["workload"], "items_per_s" in row), ("first", "models/resnet50", False))
        row = rows.make("checkpoint/restore_a/threads:2", "tfpersist", "ms", [100.0])
        self.assertAlmostEqual(row["gb_per_s"], 10.73741824)


if __name__ == "__main__":
    unittest.main()
