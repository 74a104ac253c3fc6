"""Checkpoints in the first format: one table file, or one per shard.

v1/plain.ckpt, .meta       Saver(write_version=V1): float, int and string variables of several shapes
v1/dtypes.ckpt             every dtype that SaveSlices takes
v1/sliced.ckpt             partitioned variables and slices given out of order
v1/partial.ckpt            a slice that does not cover its tensor
v1/sharded.ckpt-?????-of-00003, .meta   Saver(sharded=True, write_version=V1) over /cpu:0, /cpu:1 and no device
v1/checkpoint, v1/sharded/checkpoint    the state files
v1/legacy_save.ckpt        the Save op (names only), and one tensor of 280 kB, so that the table has more than one block
v1/values.json             {file: {name: {"full": tensor or null, "parts": {slice_spec: tensor}, "reader_error", "restore_error"}}}: the last two where
                           CheckpointReader.get_tensor and RestoreV2 fail; "dtype_errors" says what SaveSlices refuses
"""
from common import *

from tensorflow.core.protobuf import saver_pb2
from tensorflow.python.ops import gen_io_ops

V1 = saver_pb2.SaverDef.V1


def entry(array, dtype, parts=None, full=True):
    array = np.asarray(array)
    value = tensor_json(array, dtype, exact=dtype != tf.string)
    return {"full": value if full else None, "parts": {k: tensor_json(v, dtype) for k, v in (parts or {}).items()}}


def reads(folder, pattern, about):
    """Adds to each tensor how the reader and RestoreV2 answer."""
    reader = tf.train.NewCheckpointReader(os.path.join(folder, pattern))
    for name, tensor in sorted(about.items()):
        dtype = tensor.pop("dtype")
        whole = tensor["full"]
        try:
            back = tensor_json(reader.get_tensor(name), dtype)
            if whole is not None and back["values"] != whole["values"]:
                raise SystemExit("%s in %s reads back as %s" % (name, pattern, back))
        except (tf.errors.OpError, ValueError) as e:
            tensor["reader_error"] = error_json(e)
        with tf.Graph().as_default(), tf.Session() as session:
            try:
                back = session.run(gen_io_ops.restore_v2(os.path.join(folder, pattern), [name], [""], [dtype]))
                if whole is not None and tensor_json(back[0], dtype)["values"] != whole["values"]:
                    raise SystemExit("%s in %s restores as %s" % (name, pattern, back))
            except tf.errors.OpError as e:
                tensor["restore_error"] = error_json(e)
    for tensor in about.values():
        for key in ("reader_error", "restore_error"):
            if key in tensor:
                tensor[key]["text"] = tensor[key]["text"].replace(folder + "/", "").split("\n\t ")[0]
    return about


def save_slices(path, tensors):
    """tensors: (name, whole array, dtype, [slice_spec])"""
    names, specs, values = [], [], []
    for name, whole, dtype, slice_specs in tensors:
        for spec in slice_specs:
            names.append(name)
            specs.append(spec)
            values.append(tf.constant(whole[cut(spec)], dtype))
    with tf.Session() as session:
        session.run(gen_io_ops.save_slices(path, names, specs, values))


def cut(spec):
    return tuple(slice(None) if p == "-" else slice(int(p.split(",")[0]), sum(map(int, p.split(",")))) for p in spec.split(" ")[-1].split(":")) if spec else Ellipsis


def main():
    folder = out_dir()
    values = {}
    with tf.Graph().as_default(), tf.Session() as session:
        tf.Variable([[1.5, -2.0, 0.1]], name="layer/w")
        tf.Variable(7, name="step")
        tf.Variable(np.arange(4, dtype=np.int64), name="ids")
        tf.Variable(["a", "", "longer text"], name="names")
        tf.Variable(tf.zeros([0, 2]), name="empty")
        session.run(tf.global_variables_initializer())
        os.makedirs("plain")
        tf.train.Saver(write_version=V1).save(session, "plain/plain.ckpt")
        for name in sorted(os.listdir("plain")):
            shutil.copyfile("plain/" + name, os.path.join(folder, name))
        values["plain.ckpt"] = {v.op.name: dict(entry(session.run(v), v.dtype.base_dtype), dtype=v.dtype.base_dtype) for v in tf.global_variables()}

    refused = {}
    taken = []
    for name in "float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 half bfloat16 bool complex64 complex128 string".split():
        dtype = tf.as_dtype(name)
        if name == "string":
            array = np.array([b"", b"\xff\0", b"x" * 200], dtype=object)
        elif name == "bool":
            array = np.array([True, False, True])
        elif name.startswith("complex"):
            array = np.array([1 + 2j, -0.5j, 1e10], dtype.as_numpy_dtype)
        else:
            low = 0 if name.startswith("u") else -3
            array = np.array([low, 2, 100]).astype(np.float32 if name == "bfloat16" else dtype.as_numpy_dtype)
        with tf.Graph().as_default(), tf.Session() as session:
            tensor = tf.cast(tf.constant(array), dtype) if name == "bfloat16" else tf.constant(array, dtype)
            try:
                session.run(gen_io_ops.save_slices("one", ["t"], [""], [tensor]))
                taken.append((name, array, dtype, [""]))
            except tf.errors.OpError as e:
                refused[name] = error_json(e)
                refused[name]["text"] = refused[name]["text"].split("\n\t ")[0]
    with tf.Graph().as_default():
        save_slices(os.path.join(folder, "dtypes.ckpt"), taken)
    values["dtypes.ckpt"] = {name: dict(entry(array, dtype), dtype=dtype) for name, array, dtype, _ in taken}

    ten = np.arange(10, dtype=np.float32)
    grid = np.arange(12, dtype=np.int32).reshape(4, 3)
    for file_name, tensors in (
            ("sliced.ckpt", [("line", ten, tf.float32, ["10 7,3", "10 0,1", "10 1,6"]), ("grid", grid, tf.int32, ["4 3 0,2:0,2", "4 3 0,2:2,1", "4 3 2,2:-"]),
                             ("whole_by_numbers", grid, tf.int32, ["4 3 0,4:0,3"]), ("plain", ten[:2], tf.float32, [""])]),
            ("partial.ckpt", [("hole", grid, tf.int32, ["4 3 0,2:-"]), ("two", ten, tf.float32, ["10 0,2", "10 5,1"])])):
        with tf.Graph().as_default():
            save_slices(os.path.join(folder, file_name), tensors)
        values[file_name] = {name: dict(entry(whole, dtype, {s: whole[cut(s)] for s in specs if s}, full=file_name == "sliced.ckpt"), dtype=dtype)
                             for name, whole, dtype, specs in tensors}

    with tf.Graph().as_default(), tf.Session(config=tf.ConfigProto(device_count={"CPU": 2})) as session:
        with tf.device("/cpu:0"):
            tf.Variable([1.0, 2.0], name="on_zero")
        with tf.device("/cpu:1"):
            tf.get_variable("parts", initializer=tf.constant([1.0, 2.0, 3.0]), partitioner=tf.fixed_size_partitioner(2))
        tf.Variable(3, name="nowhere")
        session.run(tf.global_variables_initializer())
        os.makedirs("sharded")
        tf.train.Saver(sharded=True, write_version=V1).save(session, "sharded/sharded.ckpt")
        for name in sorted(os.listdir("sharded")):
            shutil.copyfile("sharded/" + name, os.path.join(folder, name) if name != "checkpoint" else out("sharded", name))
        values["sharded.ckpt-?????-of-00002"] = {
            "on_zero": dict(entry(np.array([1, 2], np.float32), tf.float32), dtype=tf.float32), "nowhere": dict(entry(np.array(3, np.int32), tf.int32), dtype=tf.int32),
            "parts": dict(entry(np.array([1, 2, 3], np.float32), tf.float32), dtype=tf.float32)}

    big = (np.arange(70000) % 1000).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(gen_io_ops.save(os.path.join(folder, "legacy_save.ckpt"), ["big", "a/b", "z"], [tf.constant(big), tf.constant([1.0]), tf.constant(2, tf.int64)]))
    values["legacy_save.ckpt"] = {"a/b": dict(entry(np.array([1.0], np.float32), tf.float32), dtype=tf.float32), "z": dict(entry(np.array(2), tf.int64), dtype=tf.int64)}

    names = sorted(n for n in os.listdir(folder) if "-of-" in n)
    pattern = "sharded.ckpt-?????-of-" + names[0][-5:]
    values = {(pattern if k.startswith("sharded") else k): v for k, v in values.items()}
    settle(folder)
    result = {name: reads(folder, name, about) for name, about in values.items()}
    result["legacy_save.ckpt"]["big"] = {"about": "70000 float32: element i is i mod 1000"}
    write_json(out("values.json"), {"files": result, "dtype_errors": refused})
    finish()


main()
