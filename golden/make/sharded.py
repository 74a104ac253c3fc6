"""Checkpoints of several data files, and the unmerged shards that make one.

sharded/merged.ckpt.*, .meta   Saver(sharded=True) over /cpu:0, /cpu:1 and no device: what MergeV2Checkpoints left
sharded/merged/checkpoint      the state file of that save
sharded/shards/part-*          bundles of one shard each, as the sharded SaveV2 ops write them: inputs for MergeV2Checkpoints
sharded/from_shards.ckpt.*     those merged by the op, part-0 first
sharded/sliced/part-*          shards that hold different slices of one tensor, and sharded/from_sliced.ckpt.* merged from them
sharded/values.json            {prefix: {name: tensor}}

TensorFlow promises no order of shard numbers after a merge: compare through the index, never by shard number.
"""
from common import *

from tensorflow.python.ops import gen_io_ops


def save_v2(session, prefix, tensors):
    names, specs, values = zip(*tensors)
    session.run(gen_io_ops.save_v2(prefix, list(names), list(specs), [tf.constant(v) for v in values]))


def main():
    folder = out_dir()
    values = {}
    config = tf.ConfigProto(device_count={"CPU": 2})

    with tf.Graph().as_default(), tf.Session(config=config) as session:
        with tf.device("/cpu:0"):
            tf.Variable([1.0, 2.0], name="on_zero")
            tf.Variable(["text", ""], name="text_on_zero")
        with tf.device("/cpu:1"):
            tf.Variable(np.arange(6, dtype=np.int64).reshape(2, 3), name="on_one")
            tf.get_variable("parts", initializer=tf.constant([1.0, 2.0, 3.0, 4.0, 5.0]), partitioner=tf.fixed_size_partitioner(2))
        tf.Variable(7.5, name="nowhere")
        session.run(tf.global_variables_initializer())
        os.makedirs("merged")
        tf.train.Saver(sharded=True).save(session, "merged/merged.ckpt")
        for name in sorted(os.listdir("merged")):
            shutil.copyfile("merged/" + name, os.path.join(folder, name) if name != "checkpoint" else out("merged", name))
        values["merged.ckpt"] = {v.op.name: tensor_json(session.run(v), v.dtype.base_dtype) for v in tf.global_variables() if not v.op.name.startswith("parts/")}
        values["merged.ckpt"]["parts"] = tensor_json(np.array([1, 2, 3, 4, 5], np.float32), tf.float32)

    shards = [[("b", "", np.array([1.0, 2.0], np.float32)), ("a", "", np.array(3, np.int32))],
              [("c", "", np.array([[b"x", b""]], dtype=object))],
              [("d/e", "", np.arange(5, dtype=np.float64)), ("aa", "", np.array([True, False]))]]
    sliced = [[("w", "4 2 0,1:-", np.array([[0.0, 1.0]], np.float32)), ("other", "", np.array([9], np.int32))],
              [("w", "4 2 1,3:0,1", np.array([[2.0], [4.0], [6.0]], np.float32))],
              [("w", "4 2 1,3:1,1", np.array([[3.0], [5.0], [7.0]], np.float32)), ("z", "2 0,2", np.array([1.0, 2.0], np.float32))]]
    with tf.Graph().as_default(), tf.Session() as session:
        for title, merged, parts in (("shards", "from_shards.ckpt", shards), ("sliced", "from_sliced.ckpt", sliced)):
            os.makedirs(title)
            inputs = []
            for i, tensors in enumerate(parts):
                # The names that a sharded Saver gives them: one bundle of one data file each.
                prefix = "%s/part-%05d-of-%05d" % (title, i, len(parts))
                save_v2(session, prefix, tensors)
                inputs.append(prefix)
            for name in sorted(os.listdir(title)):
                shutil.copyfile(os.path.join(title, name), out(title, name))
            session.run(gen_io_ops.merge_v2_checkpoints(inputs, os.path.join(folder, merged), delete_old_dirs=False))
        values["from_shards.ckpt"] = {n: tensor_json(v, tf.as_dtype(v.dtype)) for part in shards for n, _, v in part}
        values["from_sliced.ckpt"] = {"w": tensor_json(np.arange(8, dtype=np.float32).reshape(4, 2), tf.float32),
                                      "other": tensor_json(np.array([9], np.int32), tf.int32), "z": tensor_json(np.array([1.0, 2.0], np.float32), tf.float32)}
    for prefix, tensors in values.items():
        reader = tf.train.NewCheckpointReader(os.path.join(folder, prefix))
        for name, text in tensors.items():
            if tensor_json(reader.get_tensor(name), tf.as_dtype(text["dtype"])) != text:
                raise SystemExit("%s: %s does not read back" % (prefix, name))
    settle(folder)
    write_json(out("values.json"), values)
    finish()


main()
