#!/usr/bin/env python3
"""Runs every subcommand of tfpersist on files that TensorFlow 1.11.0 wrote:  cli_test.py PATH/TO/tfpersist  (from the source root)."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

GOLDEN = os.path.abspath("golden/data/tf-1.11.0")
TOOL = os.path.abspath(sys.argv.pop(1))


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def fields(message):
    """Number and bytes of each field of a message whose fields are messages."""
    at = 0
    while at < len(message):
        begin, number, size, shift = at, message[at] >> 3, 0, 0
        while True:
            at += 1
            size, shift = size | (message[at] & 127) << shift, shift + 7
            if message[at] < 128:
                break
        at += 1 + size
        yield number, message[begin:at]


class CommandTest(unittest.TestCase):

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.at = self._folder.name
        shutil.copytree(os.path.join(GOLDEN, "document"), os.path.join(self.at, "Saved_model"))

    def run_tool(self, *arguments, code=0):
        done = subprocess.run([TOOL] + list(arguments), cwd=self.at, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        out, err = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, code, out + err)
        return out, err

    def damage(self, name, offset):
        path = os.path.join(self.at, name)
        with open(path, "r+b") as f:
            f.seek(offset)
            byte = f.read(1)[0]
            f.seek(offset)
            f.write(bytes([byte ^ 1]))

    def test_inspect_lists_the_variables(self):
        out, _ = self.run_tool("inspect", "Saved_model/model.ckpt")
        self.assertEqual([line.split() for line in out.splitlines()[:2]],
                         [["v1", "float32", "[1]", "4", "B"], ["v2", "float32", "[1]", "4", "B"]])
        self.assertIn("2 variables, 2 parameters, 8 B, format V2", out)
        data = json.loads(self.run_tool("inspect", "Saved_model/model.ckpt", "--json")[0])
        self.assertEqual([(v["name"], v["dtype"], v["shape"]) for v in data["variables"]], [("v1", "float32", [1]), ("v2", "float32", [1])])

    def test_a_folder_is_its_latest_checkpoint(self):
        self.assertEqual(self.run_tool("latest", "Saved_model")[0], "Saved_model/model2.ckpt\n")
        self.assertIn("v/ExponentialMovingAverage", self.run_tool("inspect", "Saved_model")[0])

    def test_latest_passes_over_what_is_broken(self):
        with open(os.path.join(self.at, "Saved_model/checkpoint"), "w", encoding="utf-8") as f:
            f.write('model_checkpoint_path: "model2.ckpt"\nall_model_checkpoint_paths: "model.ckpt"\nall_model_checkpoint_paths: "model2.ckpt"\n')
        self.assertEqual(self.run_tool("latest", "Saved_model", "--verify")[0], "Saved_model/model2.ckpt\n")
        self.damage("Saved_model/model2.ckpt.data-00000-of-00001", 0)
        out, err = self.run_tool("latest", "Saved_model", "--verify")
        self.assertEqual(out, "Saved_model/model.ckpt\n")
        self.assertIn("Checkpoint Saved_model/model2.ckpt is passed over", err)
        self.damage("Saved_model/model.ckpt.data-00000-of-00001", 0)
        self.run_tool("latest", "Saved_model", "--verify", code=1)

    def test_a_member_file_is_recognised(self):
        for member in ("index", "meta", "data-00000-of-00001"):
            _, err = self.run_tool("inspect", "Saved_model/model.ckpt." + member, code=1)
            self.assertIn("pass the checkpoint's prefix instead: Saved_model/model.ckpt\n", err)

    def test_v1_files_are_inspected_too(self):
        out, _ = self.run_tool("inspect", os.path.join(GOLDEN, "v1", "plain.ckpt"))
        self.assertIn("format V1", out)
        self.assertIn("layer/w", out)

    def test_cat_prints_and_writes(self):
        self.assertEqual(self.run_tool("cat", "Saved_model/model.ckpt", "v1")[0], "[1.]\n")
        self.assertEqual(self.run_tool("cat", "Saved_model/model.ckpt", "v1:0")[0], "[1.]\n")
        self.assertEqual(self.run_tool("cat", "Saved_model/model2.ckpt", "v/ExponentialMovingAverage")[0], "0.099999905\n")
        self.run_tool("cat", "Saved_model/model.ckpt", "v2", "--npy", "v2.npy")
        with open(os.path.join(self.at, "v2.npy"), "rb") as f:
            data = f.read()
        self.assertTrue(data.startswith(b"\x93NUMPY"))
        self.assertTrue(data.endswith(b"\x00\x00\x80\x3f"))

    def test_cat_of_an_unknown_name_suggests(self):
        _, err = self.run_tool("cat", "Saved_model/model.ckpt", "v3", code=1)
        self.assertIn("Key v3 not found in checkpoint Saved_model/model.ckpt; did you mean 'v1' or 'v2'?", err)

    def test_verify_finds_each_flipped_byte(self):
        self.assertIn("0 errors, 0 warnings", self.run_tool("verify", "Saved_model/model.ckpt")[0])
        for name, size in (("index", 143), ("data-00000-of-00001", 8)):
            for offset in range(0, size, 5 if size > 8 else 1):
                path = "Saved_model/model.ckpt." + name
                self.damage(path, offset)
                out, _ = self.run_tool("verify", "Saved_model/model.ckpt", code=self.verdict(name, offset))
                self.damage(path, offset)
                self.assertIn("model.ckpt", out)

    @staticmethod
    def verdict(name, offset):
        # What nobody reads: the empty metaindex block (13 bytes at 63), its handle in the footer, and the footer's padding.
        unread = list(range(63, 76)) + [95, 96] + list(range(99, 135))
        return 0 if name == "index" and offset in unread else 1

    def test_verify_names_what_is_missing(self):
        os.remove(os.path.join(self.at, "Saved_model/model.ckpt.data-00000-of-00001"))
        out, _ = self.run_tool("verify", "Saved_model/model.ckpt", "--json", code=1)
        finding = json.loads(out)["findings"][0]
        self.assertEqual((finding["severity"], finding["file"]), ("error", "Saved_model/model.ckpt.data-00000-of-00001"))
        self.run_tool("verify", "Saved_model/nothing", code=1)

    def test_verify_compares_with_the_meta_graph(self):
        self.run_tool("rename", "Saved_model/model.ckpt", "r/model.ckpt", "--map", "v1=w")
        shutil.copy(os.path.join(self.at, "Saved_model/model.ckpt.meta"), os.path.join(self.at, "r/model.ckpt.meta"))
        out, _ = self.run_tool("verify", "r/model.ckpt", code=1)
        self.assertIn("v1: the graph's saver restores it, and the checkpoint lacks it", out)

    def test_salvage_saves_what_is_whole(self):
        self.damage("Saved_model/model.ckpt.data-00000-of-00001", 5)
        out, _ = self.run_tool("salvage", "Saved_model/model.ckpt", "s/m", code=1)
        self.assertIn("lost: v2: Checksum does not match", out)
        self.assertIn("1 tensors saved to s/m, 1 lost", out)
        self.assertEqual(self.run_tool("cat", "s/m", "v1")[0], "[1.]\n")
        self.run_tool("verify", "s/m")
        self.run_tool("salvage", "Saved_model/model.ckpt", "Saved_model/model.ckpt", code=1)

    def test_salvage_rebuilds_a_lost_index(self):
        os.remove(os.path.join(self.at, "Saved_model/model.ckpt.index"))
        out, _ = self.run_tool("salvage", "Saved_model/model.ckpt", "s/m", code=1)
        self.assertIn("unsure: v1: placed by order and size, which account for every byte of the file", out)
        self.assertIn("2 tensors saved to s/m, 0 lost", out)
        self.assertEqual(self.run_tool("cat", "s/m", "v1")[0], "[1.]\n")
        self.run_tool("verify", "s/m")

    def test_salvage_writes_nothing_of_nothing(self):
        os.remove(os.path.join(self.at, "Saved_model/model.ckpt.data-00000-of-00001"))
        self.run_tool("salvage", "Saved_model/model.ckpt", "s/m", code=1)
        self.assertFalse(os.path.exists(os.path.join(self.at, "s/m.index")))

    def test_rename(self):
        out, _ = self.run_tool("rename", "Saved_model/model.ckpt", "r/model.ckpt", "--map", "v1=other-v1", "v2=other-v2")
        self.assertEqual(out, "v1 -> other-v1\nv2 -> other-v2\n2 tensors written to r/model.ckpt\n")
        self.assertEqual(self.run_tool("cat", "r/model.ckpt", "other-v1")[0], "[1.]\n")
        with open(os.path.join(self.at, "r/model.ckpt.data-00000-of-00001"), "rb") as new, \
             open(os.path.join(self.at, "Saved_model/model.ckpt.data-00000-of-00001"), "rb") as old:
            self.assertEqual(new.read(), old.read())

    def test_rename_refuses_what_does_not_fit(self):
        _, err = self.run_tool("rename", "Saved_model/model.ckpt", "r/m", "--map", "v9=x", code=1)
        self.assertIn("Key v9 not found", err)
        _, err = self.run_tool("rename", "Saved_model/model.ckpt", "r/m", "--map", "v1=v2", code=1)
        self.assertIn("would both be called 'v2'", err)
        self.assertFalse(os.path.exists(os.path.join(self.at, "r")))
        out, _ = self.run_tool("rename", "Saved_model/model.ckpt", "r/m", "--drop", "v1", "--dry-run")
        self.assertIn("v1 dropped\nnothing written", out)

    def test_slices_stay_slices(self):
        self.run_tool("rename", os.path.join(GOLDEN, "slices", "full.ckpt"), "r/p", "--prefix-map", "nothing=x", code=1)
        source = [n for n in os.listdir(os.path.join(GOLDEN, "slices")) if n.endswith(".index")]
        done = 0
        for name in source:
            prefix = os.path.join(GOLDEN, "slices", name[:-len(".index")])
            before = json.loads(self.run_tool("inspect", prefix, "--json")[0])["variables"]
            if subprocess.run([TOOL, "rename", prefix, "r/" + name], cwd=self.at, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
                continue  # overlapping or partial on purpose
            after = json.loads(self.run_tool("inspect", "r/" + name, "--json")[0])["variables"]
            self.assertEqual([(v["name"], v["shape"], v.get("slices")) for v in before], [(v["name"], v["shape"], v.get("slices")) for v in after])
            done += 1
        self.assertGreater(done, 0)

    def test_freeze_and_run(self):
        _, err = self.run_tool("freeze", "Saved_model/model.ckpt.meta", "Saved_model/model.ckpt", "--output_node_names", "add", "-o", "out/frozen.pb")
        self.assertIn("INFO:tensorflow:Restoring parameters from Saved_model/model.ckpt", err)
        self.assertIn("INFO:tensorflow:Froze 2 variables.\nINFO:tensorflow:Converted 2 variables to const ops.", err)
        self.assertEqual(self.run_tool("run", "out/frozen.pb", "--fetch", "add:0"), ("[2.]\n", ""))
        self.assertEqual(self.run_tool("run", "Saved_model/combined_model.pb", "--fetch", "add")[0], "[3.]\n")
        self.run_tool("run", "Saved_model/combined_model.pb", "--fetch", "add:0=out/add.npy")
        out, _ = self.run_tool("run", "Saved_model/combined_model.pb", "--feed", "add:0=out/add.npy", "--fetch", "add:0", "--json", "--repeat", "3")
        result = json.loads(out)
        self.assertEqual((result["runs"], result["fetches"]["add:0"]["value"]), (3, "[3.]"))

    def test_trace(self):
        self.run_tool("run", "Saved_model/model.ckpt.meta", "--checkpoint", "Saved_model/model.ckpt", "--fetch", "add:0", "--trace", "trace.json")
        with open(os.path.join(self.at, "trace.json"), encoding="utf-8") as f:
            events = json.load(f)["traceEvents"]
        steps = [e for e in events if e["ph"] == "X"]
        self.assertIn(("Add", "add"), [(e["name"], e["args"]["name"]) for e in steps])
        self.assertTrue(all(e["dur"] >= 0 and e["ts"] >= 0 for e in steps))
        self.assertIn("CPU:0", next(e for e in events if e["ph"] == "M")["args"]["name"])

    def test_run_of_a_meta_graph(self):
        self.assertEqual(self.run_tool("run", "Saved_model/model.ckpt.meta", "--checkpoint", "Saved_model/model.ckpt", "--fetch", "add:0")[0], "[2.]\n")
        self.run_tool("run", "Saved_model/model.ckpt.meta", "--target", "init")
        _, err = self.run_tool("run", "Saved_model/model.ckpt.meta", "--fetch", "add:0", code=1)
        self.assertIn("FAILED_PRECONDITION: Attempting to use uninitialized value v", err)

    def test_run_of_a_saved_model_without_a_saver(self):
        """Its variables, and those that --checkpoint names, are restored by name."""
        with open(os.path.join(self.at, "Saved_model/model.ckpt.meta"), "rb") as f:
            meta = b"".join(field for number, field in fields(f.read()) if number != 3)  # MetaGraphDef.saver_def
        meta += b"\x0a\x07\x22\x05serve"  # meta_info_def { tags: "serve" }
        os.makedirs(os.path.join(self.at, "sm/variables"))
        with open(os.path.join(self.at, "sm/saved_model.pb"), "wb") as f:
            f.write(b"\x08\x01\x12" + varint(len(meta)) + meta)  # SavedModel { schema_version: 1, meta_graphs }
        fetch = ["--fetch", "add:0"]
        out, err = self.run_tool("run", "sm", *fetch, code=1)
        self.assertIn("uninitialized", out + err)
        self.assertIn("[2.]", self.run_tool("run", "sm", "--checkpoint", "Saved_model/model.ckpt", *fetch)[0])
        for part in ("index", "data-00000-of-00001"):
            shutil.copy(os.path.join(self.at, "Saved_model/model.ckpt." + part), os.path.join(self.at, "sm/variables/variables." + part))
        self.assertIn("[2.]", self.run_tool("run", "sm", *fetch)[0])

    def test_errors_say_what_to_do(self):
        for arguments, text in ((["run", "Saved_model/combined_model.pb"], "nothing to run"),
                                (["run", "Saved_model/combined_model.pb", "--fetch", "nope:0"], "The name 'nope:0' refers to a Tensor which does not exist"),
                                (["run", "Saved_model/model.ckpt.index", "--fetch", "a:0"], "Saved_model/model.ckpt.index"),
                                (["run", "nothing.pb", "--fetch", "a:0"], "nothing.pb"),
                                (["run", "Saved_model/combined_model.pb", "--fetch", "add:0", "--device", "cuda"], "CUDA"),
                                (["freeze", "Saved_model/model.ckpt.meta", "Saved_model/model.ckpt", "--output_node_names", ",", "-o", "x.pb"],
                                 "You need to supply the name of a node to --output_node_names."),
                                (["freeze", "Saved_model/model.ckpt.meta", "Saved_model/model.ckpt", "--output_node_names", "zz", "-o", "x.pb"], "zz"),
                                (["inspect", "Saved_model/none.ckpt"], "Saved_model/none.ckpt"),
                                (["latest", "."], "checkpoint")):
            _, err = self.run_tool(*arguments, code=1)
            self.assertIn(text, err)
        for arguments in ([], ["cat"], ["inspect", "a", "b"], ["run", "m.pb", "--device", "tpu"]):
            self.run_tool(*arguments, code=2)
        self.assertIn("tfpersist", self.run_tool("--version")[0])
        self.assertIn("Example:", self.run_tool("freeze", "--help")[0])


if __name__ == "__main__":
    unittest.main()
