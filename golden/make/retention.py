"""Which checkpoints a Saver keeps, and the state file after each save.

retention/retention.json       {NAME: {"saver": options, "steps": [{"save": path, "global_step", "options", "returns", "last_checkpoints", "files", "state", "log"}]}}
                               paths are relative to the working directory; "files" are below "dir", "state" is the state file's text
retention/NAME.checkpoint      the state file after the last step
"""
from common import *

CASES = [
    ("keep_two", {"max_to_keep": 2}, [("dir/k", i, {}) for i in range(5)]),
    ("keep_five_by_default", {}, [("dir/k", i, {}) for i in range(7)]),
    ("keep_one", {"max_to_keep": 1}, [("dir/k", 1, {}), ("dir/k", 2, {}), ("dir/other", 2, {})]),
    ("keep_all_zero", {"max_to_keep": 0}, [("dir/k", 1, {}), ("dir/k", 2, {})]),
    ("keep_all_none", {"max_to_keep": None}, [("dir/k", 1, {}), ("dir/k", 2, {})]),
    ("keep_negative", {"max_to_keep": -1}, [("dir/k", 1, {}), ("dir/k", 2, {})]),
    ("same_prefix_again", {"max_to_keep": 2}, [("dir/k", 1, {}), ("dir/k", 2, {}), ("dir/k", 1, {}), ("dir/k", 3, {}), ("dir/k", 3, {})]),
    ("no_step", {"max_to_keep": 2}, [("dir/k", None, {}), ("dir/k", None, {}), ("dir/m", None, {}), ("dir/n", None, {})]),
    ("keep_every_hour_zero", {"max_to_keep": 1, "keep_checkpoint_every_n_hours": 1e-9}, [("dir/k", i, {}) for i in range(3)]),
    ("padded", {"max_to_keep": 2, "pad_step_number": True}, [("dir/k", 7, {}), ("dir/k", 123456789, {}), ("dir/k", -3, {})]),
    ("relative_paths", {"save_relative_paths": True, "max_to_keep": 2}, [("dir/k", 1, {}), ("./dir/k", 2, {}), ("dir/../dir/k", 3, {})]),
    ("dot_directory", {}, [("./dir/k", 1, {}), ("dir/./k", 2, {}), ("dir//k", 3, {})]),
    ("without_state", {"max_to_keep": 1}, [("dir/k", 1, {}), ("dir/k", 2, {"write_state": False}), ("dir/k", 3, {})]),
    ("without_meta", {"max_to_keep": 1}, [("dir/k", 1, {"write_meta_graph": False}), ("dir/k", 2, {"meta_graph_suffix": "graph"}), ("dir/k", 3, {})]),
    ("other_state_name", {}, [("dir/k", 1, {"latest_filename": "latest"}), ("dir/k", 2, {}), ("dir/k", 3, {"latest_filename": "latest"})]),
    ("odd_names", {}, [("dir/with space", 1, {}), ("dir/quote\"d", 1, {}), ("dir/apos'd", 1, {}), ("dir/back\\slash", 1, {}), ("dir/tab\t", 1, {})]),
    ("non_ascii", {}, [(u"dir/caf\u00e9", 1, {}), (u"dir/\u4e16\u754c", 2, {}), (u"dir/\U0001f600", None, {})]),
    ("suffix_like_names", {"max_to_keep": 1}, [("dir/a-00000-of-00001", None, {}), ("dir/a.meta", None, {}), ("dir/a.ckpt-5", None, {}), ("dir/a.index", 7, {})]),
    ("sharded", {"sharded": True, "max_to_keep": 1}, [("dir/k", 1, {}), ("dir/k", 2, {})]),
    ("first_format", {"write_version": tf.train.SaverDef.V1, "max_to_keep": 1}, [("dir/k", 1, {}), ("dir/k", 2, {})]),
]


def run(name, options, saves):
    work = os.path.join("work", name)
    os.makedirs(os.path.join(work, "dir"))
    home = os.getcwd()
    os.chdir(work)
    steps = []
    try:
        with Log() as log, tf.Graph().as_default(), tf.Session() as session:
            tf.Variable(1.0, name="v")
            session.run(tf.global_variables_initializer())
            saver = tf.train.Saver(**options)
            for path, step, extra in saves:
                del log.lines[:]
                entry = {"save": path, "global_step": step, "options": extra}
                try:
                    entry["returns"] = saver.save(session, path, global_step=step, **extra)
                except (ValueError, tf.errors.OpError) as e:
                    entry["error"] = error_json(e)
                state = os.path.join("dir", extra.get("latest_filename", "checkpoint"))
                entry["last_checkpoints"] = list(saver.last_checkpoints)
                entry["files"] = sorted(os.listdir("dir"))
                with io.open(state, encoding="utf-8") as f:
                    entry["state"] = f.read()
                entry["log"] = list(log.lines)
                steps.append(entry)
    finally:
        os.chdir(home)
    shutil.copyfile(os.path.join(work, state), out(name + ".checkpoint"))
    return {"saver": options, "steps": steps}


def main():
    write_json(out("retention.json"), {name: run(name, options, saves) for name, options, saves in CASES})
    finish()


main()
