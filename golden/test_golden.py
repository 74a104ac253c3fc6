"""golden.py's own tests: `check` has to notice whatever does not agree with manifest.json. Needs no TensorFlow."""
import json
import os
import shutil
import stat
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import golden  # noqa: E402

# Stands in for a Python with TensorFlow: writes two files and says what it is.
MAKER = """#!{python}
import json, os, sys
script, out, version = sys.argv[2:5]
os.makedirs(os.path.join(out, "thing/sub"))
with open(os.path.join(out, "thing/a.txt"), "w") as f:
    f.write(open(script).read())
with open(os.path.join(out, "thing/sub/b.bin"), "wb") as f:
    f.write(b"\\0\\1\\2")
with open(os.path.join(out, "run.json"), "w") as f:
    json.dump(dict(tensorflow="{version}", numpy="0", protobuf="0", python="0"), f)
"""


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="golden-test-")
        self.addCleanup(shutil.rmtree, self.root)
        self.saved = golden.AREAS, golden.ONLY, golden.VERSIONS
        golden.AREAS, golden.ONLY, golden.VERSIONS = ["thing"], {}, ["1.11.0"]
        self.addCleanup(self.restore)
        os.mkdir(os.path.join(self.root, "make"))
        for name in ("thing", "common"):
            with open(os.path.join(self.root, "make", name + ".py"), "w") as f:
                f.write("# %s\n" % name)
        self.python = self.maker("1.11.0")
        self.golden = golden.Golden(self.root)
        self.golden.make("thing", "1.11.0", self.python)

    def restore(self):
        golden.AREAS, golden.ONLY, golden.VERSIONS = self.saved

    def maker(self, version):
        path = os.path.join(self.root, "maker-" + version)
        with open(path, "w") as f:
            f.write(MAKER.format(python=sys.executable, version=version))
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path

    def data(self, *parts):
        return os.path.join(self.root, "data", "tf-1.11.0", "thing", *parts)

    def complaint(self):
        found = self.golden.check()
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_all_is_well_after_make(self):
        self.assertEqual(self.golden.check(), [])
        self.assertEqual(sorted(os.listdir(self.data())), ["a.txt", "sub"])

    def test_changed_byte_of_the_same_size(self):
        with open(self.data("sub", "b.bin"), "wb") as f:
            f.write(b"\0\1\3")
        self.assertEqual(self.complaint(), "data/tf-1.11.0/thing/sub/b.bin is not the file that thing@1.11.0 made")

    def test_longer_file(self):
        with open(self.data("a.txt"), "a") as f:
            f.write("\n")
        self.assertIn("a.txt is not the file", self.complaint())

    def test_missing_file(self):
        os.remove(self.data("sub", "b.bin"))
        self.assertEqual(self.complaint(), "data/tf-1.11.0/thing/sub/b.bin is missing (thing@1.11.0 made it)")

    def test_unlisted_file(self):
        with open(self.data("new"), "w"):
            pass
        self.assertEqual(self.complaint(), "data/tf-1.11.0/thing/new is not listed in manifest.json")

    def test_stale_script(self):
        with open(os.path.join(self.root, "make", "thing.py"), "a") as f:
            f.write("# changed\n")
        self.assertEqual(self.complaint(), "make/thing.py changed since it made thing@1.11.0: run `golden.py make thing --tf 1.11.0`")

    def test_stale_common_script(self):
        with open(os.path.join(self.root, "make", "common.py"), "a") as f:
            f.write("# changed\n")
        self.assertIn("make/common.py changed since it made thing@1.11.0", self.complaint())

    def test_missing_script(self):
        os.remove(os.path.join(self.root, "make", "thing.py"))
        self.assertIn("make/thing.py is gone", self.complaint())

    def test_version_never_made(self):
        golden.VERSIONS = ["1.11.0", "1.15.5"]
        self.assertEqual(self.complaint(), "thing was never made for TensorFlow 1.15.5")

    def test_area_no_longer_made(self):
        golden.AREAS, golden.ONLY = ["thing"], {"thing": []}
        self.assertIn("thing@1.11.0 is not made any more", self.golden.check()[0])
        self.golden.forget_unwanted()
        self.assertEqual(self.golden.check(), [])
        self.assertEqual(golden.walk(self.golden.data), [])

    def test_make_again_gives_the_same_manifest_and_drops_old_files(self):
        before = self.golden.load()
        with open(self.golden.manifest_path) as f:
            text = f.read()
        self.golden.make("thing", "1.11.0", self.python)
        self.assertEqual(self.golden.load(), before)
        with open(self.golden.manifest_path) as f:
            self.assertEqual(f.read(), text)
        before["runs"]["thing@1.11.0"]["files"]["tf-1.11.0/thing/old"] = ["0", 0]
        self.golden.store(before)
        with open(self.data("old"), "w"):
            pass
        self.golden.make("thing", "1.11.0", self.python)
        self.assertFalse(os.path.exists(self.data("old")))
        self.assertEqual(self.golden.check(), [])

    def test_diff_names_what_differs(self):
        self.assertEqual(self.golden.diff("thing", "1.11.0", self.python), [])
        with open(os.path.join(self.root, "make", "thing.py"), "a") as f:
            f.write("# changed\n")
        found = self.golden.diff("thing", "1.11.0", self.python)
        self.assertEqual(found[0], "data/tf-1.11.0/thing/a.txt: differs")
        self.assertIn("    +# changed", found)

    def test_another_tensorflow_is_refused(self):
        with self.assertRaisesRegex(golden.GoldenError, "holds TensorFlow 1.15.5, not 1.11.0"):
            self.golden.make("thing", "1.11.0", self.maker("1.15.5"))
        self.assertEqual(self.golden.check(), [])

    def test_failing_script_is_reported_and_changes_nothing(self):
        path = os.path.join(self.root, "broken")
        with open(path, "w") as f:
            f.write("#!%s\nraise SystemExit('the reason')\n" % sys.executable)
        os.chmod(path, 0o755)
        with self.assertRaisesRegex(golden.GoldenError, "the reason"):
            self.golden.make("thing", "1.11.0", path)
        self.assertEqual(self.golden.check(), [])


class CommandTest(unittest.TestCase):
    def test_no_python_named_says_which_variable(self):
        with self.assertRaisesRegex(golden.GoldenError, "TFPERSIST_TF_2_21_0"):
            saved = os.environ.pop("TFPERSIST_TF_2_21_0", None)
            try:
                golden.pythons(["2.21.0"], [])
            finally:
                if saved is not None:
                    os.environ["TFPERSIST_TF_2_21_0"] = saved

    def test_option_wins_over_variable(self):
        self.assertEqual(golden.pythons(["1.11.0"], ["1.11.0=/x/python"]), {"1.11.0": "/x/python"})

    def test_bad_option(self):
        with self.assertRaisesRegex(golden.GoldenError, "VERSION=PATH"):
            golden.pythons([], ["3.0=/x"])


class CommittedDataTest(unittest.TestCase):
    def test_committed_files_agree_with_the_manifest(self):
        here = golden.Golden(os.path.dirname(os.path.abspath(__file__)))
        self.assertEqual(here.check(), [])

    def test_every_json_file_parses(self):
        here = golden.Golden(os.path.dirname(os.path.abspath(__file__)))
        for path in golden.walk(here.data):
            if path.endswith(".json"):
                with open(os.path.join(here.data, path), encoding="utf-8") as f:
                    json.load(f)

    def test_total_size_stays_small(self):
        here = golden.Golden(os.path.dirname(os.path.abspath(__file__)))
        total = sum(size for run in here.load()["runs"].values() for _, size in run["files"].values())
        self.assertLess(total, 15 << 20)


if __name__ == "__main__":
    unittest.main()
