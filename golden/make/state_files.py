"""State files: what TensorFlow writes, and how it answers ones that it did not write.

state_files/written/NAME   by update_checkpoint_state
state_files/read/NAME      texts made here
state_files/cases.json     {"written": {NAME: {"save_dir", "model_checkpoint_path", "all_model_checkpoint_paths", "text"}}, "read": {NAME: {"get_checkpoint_state": null or
                           {"model_checkpoint_path", "all_model_checkpoint_paths"}, "latest_checkpoint", or "error", "log"}}}; in "read" the file stood
                           as `checkpoint` in the directory "dir", and dir/k.index existed
"""
from common import *

WRITTEN = [
    ("simple", "dir", "dir/k-1", ["dir/k-1"]), ("several", "dir", "dir/k-3", ["dir/k-1", "dir/k-2", "dir/k-3"]), ("latest_not_listed", "dir", "dir/k-3", ["dir/k-1"]),
    ("latest_not_last", "dir", "dir/k-1", ["dir/k-1", "dir/k-2"]), ("no_list", "dir", "dir/k", None), ("elsewhere", "dir", "other/k", ["other/k"]), ("above", "dir/sub", "dir/k", ["dir/k"]),
    ("absolute", "dir", "/models/run/k-1", ["/models/run/k-0", "/models/run/k-1"]), ("mixed", "dir", "dir/k", ["/models/k", "dir/k"]),
    ("quotes", "dir", "dir/a\"b'c\\d", None), ("white", "dir", "dir/a b\tc\nd\re", None), ("control", "dir", "dir/\x01\x7f", None),
    ("accents", "dir", u"dir/caf\u00e9", [u"dir/\u4e16\u754c", u"dir/caf\u00e9"]), ("emoji", "dir", u"dir/\U0001f600", None), ("long", "dir", "dir/" + "n" * 300, None),
    ("many", "dir", "dir/k-99", ["dir/k-%d" % i for i in range(100)]), ("here", ".", "./k", ["./k"]), ("question_marks", "dir", "dir/k-?????-of-00003", None), ("empty_name", "dir", "dir/", None),
]
READ = [
    ("plain", 'model_checkpoint_path: "k"\nall_model_checkpoint_paths: "k"\n'), ("no_newline_at_end", 'model_checkpoint_path: "k"'), ("single_quotes", "model_checkpoint_path: 'k'\n"),
    ("comments", '# made by hand\nmodel_checkpoint_path: "k" # the latest\n\n'), ("one_line", 'model_checkpoint_path: "k" all_model_checkpoint_paths: "a" all_model_checkpoint_paths: "k"'),
    ("separators", 'model_checkpoint_path: "k"; all_model_checkpoint_paths: "a", all_model_checkpoint_paths: "k"'), ("list_syntax", 'model_checkpoint_path: "k"\nall_model_checkpoint_paths: ["a", "k"]\n'),
    ("adjacent_strings", 'model_checkpoint_path: "k" "-" \'1\'\n'), ("escapes", r'model_checkpoint_path: "\x6b\055\061\t\"\'\\"' + "\n"), ("octal_utf8", 'model_checkpoint_path: "caf\\303\\251"\n'),
    ("raw_utf8", u'model_checkpoint_path: "caf\u00e9"\n'), ("carriage_returns", 'model_checkpoint_path: "k"\r\nall_model_checkpoint_paths: "k"\r\n'), ("list_first", 'all_model_checkpoint_paths: "a"\nmodel_checkpoint_path: "k"\n'),
    ("only_list", 'all_model_checkpoint_paths: "a"\n'), ("empty", ""), ("blank", " \n\t\n"), ("empty_path", 'model_checkpoint_path: ""\n'), ("unknown_field", 'model_checkpoint_path: "k"\nextra: 1\n'),
    ("twice", 'model_checkpoint_path: "a"\nmodel_checkpoint_path: "k"\n'), ("unquoted", "model_checkpoint_path: k\n"), ("number", "model_checkpoint_path: 5\n"), ("unclosed", 'model_checkpoint_path: "k\n'),
    ("no_colon", 'model_checkpoint_path "k"\n'), ("not_utf8", b'model_checkpoint_path: "\xff"\n'), ("bad_octal_utf8", 'model_checkpoint_path: "\\377"\n'), ("nul", b'model_checkpoint_path: "k\0"\n'),
    ("byte_order_mark", u'\ufeffmodel_checkpoint_path: "k"\n'), ("binary", b"\n\x01k\x12\x01k"), ("timestamps", 'model_checkpoint_path: "k"\nall_model_checkpoint_paths: "k"\nall_model_checkpoint_timestamps: 1500000000.5\nlast_preserved_timestamp: 1.5e9\n'),
    ("by_number", '1: "k"\n'), ("absolute", 'model_checkpoint_path: "/models/k"\nall_model_checkpoint_paths: "/models/k"\nall_model_checkpoint_paths: "k"\n'), ("parent", 'model_checkpoint_path: "../dir/k"\n'),
    ("missing_checkpoint", 'model_checkpoint_path: "gone"\nall_model_checkpoint_paths: "gone"\n'), ("dots", 'model_checkpoint_path: "./k"\n'),
]


def main(log):
    cases = {"written": {}, "read": {}}
    for name, folder, path, paths in WRITTEN:
        if not os.path.isdir(folder):
            os.makedirs(folder)
        state = os.path.join(folder, "checkpoint")
        del log.lines[:]
        tf.train.update_checkpoint_state(folder, path, paths)
        shutil.copyfile(state, out("written", name))
        with io.open(state, encoding="utf-8", newline="") as f:
            cases["written"][name] = {"save_dir": folder, "model_checkpoint_path": path, "all_model_checkpoint_paths": paths, "text": f.read(), "log": list(log.lines)}
        os.remove(state)
    with tf.Graph().as_default(), tf.Session() as session:
        tf.Variable(1.0, name="v")
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, "dir/k", write_state=False)
    for name, text in READ:
        with open("dir/checkpoint", "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode("utf-8"))
        shutil.copyfile("dir/checkpoint", out("read", name))
        entry = {}
        for what, call in (("get_checkpoint_state", tf.train.get_checkpoint_state), ("latest_checkpoint", tf.train.latest_checkpoint)):
            del log.lines[:]
            try:
                answer = call("dir")
                if what == "get_checkpoint_state" and answer is not None:
                    answer = {"model_checkpoint_path": answer.model_checkpoint_path, "all_model_checkpoint_paths": list(answer.all_model_checkpoint_paths)}
                entry[what] = answer
            except Exception as e:  # the class is the finding
                entry[what + "_error"] = error_json(e)
            entry[what + "_log"] = list(log.lines)
        cases["read"][name] = entry
    return cases


with Log() as the_log:
    write_json(out("cases.json"), main(the_log))
finish()
