"""Object-based checkpoints (tf.train.Checkpoint), and what a name-based Saver does with them.

objects/model.ckpt.*    variables "a" [2], "scope/b" [] and "count" int64, saved under the names of the objects that hold them
objects/answers.json    "keys": what the checkpoint holds; "restores": per Saver what it logged and what the variables were afterwards, or its error
"""
from common import *


def declare(names, zero):
    made = {}
    for name, value in (("a", np.array([1.5, -2.0], np.float32)), ("scope/b", np.array(3.0, np.float32)), ("count", np.array(7, np.int64))):
        if name in names:
            made[name] = tf.get_variable(name, initializer=tf.constant(np.zeros_like(value) if zero else value), use_resource=True)
    return made


def main():
    prefix = os.path.join(out_dir(), "model.ckpt")
    with tf.Graph().as_default(), tf.Session() as session:
        made = declare(("a", "scope/b", "count"), zero=False)
        checkpoint = tf.train.Checkpoint(weights=made["a"], inner=tf.train.Checkpoint(bias=made["scope/b"]), steps=made["count"])
        session.run(tf.global_variables_initializer())
        checkpoint.save("./model.ckpt", session=session)
    for name in sorted(os.listdir(".")):
        if name.startswith("model.ckpt-1."):  # save() numbers them
            shutil.copyfile(name, prefix + name[len("model.ckpt-1"):])
    restores = []
    for names, more in ((("a", "scope/b", "count"), ()), (("scope/b",), ()), (("a",), ("other",))):
        with tf.Graph().as_default(), tf.Session() as session, Log() as log:
            made = declare(names, zero=True)
            for name in more:
                made[name] = tf.get_variable(name, initializer=0.0, use_resource=True)
            saver = tf.train.Saver()
            answer = {"variables": sorted(made)}
            try:
                saver.restore(session, "./model.ckpt-1")
                answer["values"] = {n: tensor_json(session.run(v), v.dtype.base_dtype) for n, v in made.items()}
                saver.restore(session, "./model.ckpt-1")  # the second saver is kept: no more nodes
                answer["nodes"] = len(tf.get_default_graph().get_operations())
            except Exception as error:
                answer["error"] = error_json(error)
            answer["log"] = log.lines
            restores.append(answer)
    reader = tf.train.NewCheckpointReader(prefix)
    write_json(out("answers.json"), {"keys": sorted(reader.get_variable_to_shape_map()), "restores": restores})
    finish()


main()
