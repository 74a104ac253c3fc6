"""Checkpoints that hold tensors in slices.

slices/partitioned.ckpt.*, .meta   Saver over partitioned variables: `rows` [5,2] in 3 uneven parts, `columns` [4,6] in 2, `scope/grid` [5,7]
                                   in 2 x 3 by hand, and a plain variable
slices/uneven.ckpt.*               SaveV2 by hand: 1-D parts 1+6+3 given out of order, a 3-D one cut in all dimensions
slices/partial.ckpt.*              `hole` [4,3] lacks row 2; `edge` [6] has 2..4 alone
slices/full.ckpt.*                 `dashes` saved as "-:-", `numbers` as "0,2:0,3" (both full), `half` "0,2:-" and "2,2:-"
slices/overlap.ckpt.*              two slices of `a` that overlap (reading it whole is an error)
slices/dtypes.ckpt.*               [4] in two parts for every plain dtype, and string
slices/odd_names.ckpt.*            sliced tensors whose names hold NUL, 0xff and non-ASCII bytes
slices/values.json                 {prefix: {name: {"full": tensor or null, "parts": {slice_spec: tensor}, "whole_error": {"class", "code", "text"}}}};
                                   the last where RestoreV2 of the whole tensor fails in this version
"""
from common import *

from tensorflow.python.ops import gen_io_ops


def part_spec(spec):
    """"5 2 0,2:-" -> ([5, 2], "0,2:-", slices for numpy)"""
    words = spec.split(" ")
    shape = [int(w) for w in words[:-1]]
    index = tuple(slice(None) if p == "-" else slice(int(p.split(",")[0]), sum(map(int, p.split(",")))) for p in words[-1].split(":"))
    return shape, words[-1], index


def save(prefix, tensors):
    """tensors: (name, whole array, dtype, [slice_spec, ...]) each; one SaveV2 in the order given. Returns the JSON form."""
    names, specs, values, about = [], [], [], {}
    with tf.Graph().as_default(), tf.Session() as session:
        for name, whole, dtype, slice_specs in tensors:
            key = name if isinstance(name, str) else repr(name)[2:-1]
            entry = about.setdefault(key, {"full": None, "parts": {}})
            if not isinstance(name, str):
                entry["name_hex"] = "".join("%02x" % b for b in bytearray(name))
            covered = np.zeros(whole.shape, dtype=int)
            for spec in slice_specs:
                index = part_spec(spec)[2] if spec else Ellipsis
                names.append(name)
                specs.append(spec)
                if dtype == tf.bfloat16:
                    values.append(tf.cast(tf.constant(whole[index]), dtype))
                else:
                    values.append(tf.constant(whole[index].astype(dtype.as_numpy_dtype), dtype))
                entry["parts"][spec] = json_of(whole[index], dtype)
                covered[index] += 1
            if (covered == 1).all():
                entry["full"] = json_of(whole, dtype)
        session.run(gen_io_ops.save_v2(prefix, names, specs, values))
        for name, _, dtype, _ in tensors:
            try:
                session.run(gen_io_ops.restore_v2(prefix, [name], [""], [dtype]))
            except tf.errors.OpError as e:
                entry = about[name if isinstance(name, str) else repr(name)[2:-1]]
                entry["whole_error"] = error_json(e)
    return about


def json_of(array, dtype):
    if dtype == tf.bfloat16:
        array = np.vectorize(bfloat16_bits, otypes=[np.uint16])(array)
    elif dtype != tf.string:
        array = array.astype(dtype.as_numpy_dtype)
    return tensor_json(array, dtype)


def partitioned(folder):
    with tf.Graph().as_default(), tf.Session() as session:
        def counting(shape, start):
            return np.arange(start, start + np.prod(shape), dtype=np.float32).reshape(shape)
        rows, columns, grid = counting([5, 2], 0), counting([4, 6], 100), counting([5, 7], 200)
        tf.get_variable("rows", initializer=tf.constant(rows), partitioner=tf.fixed_size_partitioner(3))
        tf.get_variable("columns", initializer=tf.constant(columns), partitioner=tf.fixed_size_partitioner(2, axis=1))
        plain = tf.get_variable("plain", initializer=[1.5, 2.5])
        # Partitioners cut one dimension; two are cut by SaveSliceInfo.
        parts = []
        with tf.variable_scope("scope"):
            for r, h in ((0, 3), (3, 2)):
                for c, w in ((0, 3), (3, 2), (5, 2)):
                    v = tf.get_variable("grid_%d_%d" % (r, c), initializer=tf.constant(grid[r:r + h, c:c + w]))
                    v._set_save_slice_info(tf.Variable.SaveSliceInfo("scope/grid", [5, 7], [r, c], [h, w]))
                    parts.append(v)
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver()
        saver.save(session, os.path.join(folder, "partitioned.ckpt"), write_state=False)
        about = {"plain": {"full": tensor_json(session.run(plain), tf.float32), "parts": {}}}
        for name, whole in (("rows", rows), ("columns", columns), ("scope/grid", grid)):
            cuts = {}
            for v in tf.global_variables():
                info = v._get_save_slice_info()
                if info is not None and info.full_name == name:
                    cuts[info.spec] = tensor_json(session.run(v), tf.float32)
            about[name] = {"full": tensor_json(whole, tf.float32), "parts": cuts}
        return about


def main():
    folder = out_dir()
    ten = np.arange(10, dtype=np.float32)
    cube = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    grid = np.arange(12, dtype=np.float32).reshape(4, 3)
    names = "half bfloat16 float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 complex64 complex128 bool".split()
    sets = {
        "uneven.ckpt": [("line", ten, tf.float32, ["10 7,3", "10 0,1", "10 1,6"]),
                        ("cube", cube, tf.int32, ["2 3 4 %d,1:%d,%d:%d,%d" % (i, r, h, c, w) for i in (1, 0) for r, h in ((0, 2), (2, 1))
                                                  for c, w in ((0, 1), (1, 3))])],
        "partial.ckpt": [("hole", grid, tf.float32, ["4 3 0,2:-", "4 3 3,1:-"]), ("edge", ten[:6], tf.float32, ["6 2,3"]),
                         ("whole", ten[:2], tf.float32, [""])],
        "full.ckpt": [("dashes", grid[:2], tf.float32, ["2 3 -:-"]), ("numbers", grid[:2], tf.float32, ["2 3 0,2:0,3"]),
                      ("half", grid, tf.float32, ["4 3 0,2:-", "4 3 2,2:-"]), ("half2", grid, tf.float32, ["4 3 0,2:0,3", "4 3 2,2:0,3"])],
        "overlap.ckpt": [("a", ten[:5], tf.float32, ["5 0,3", "5 2,3"]), ("b", ten[:5], tf.float32, [""])],
        "dtypes.ckpt": [(n, np.array([0, 1, 2, 3], np.float32), tf.as_dtype(n), ["4 0,1", "4 1,3"]) for n in names] + [
            ("string", np.array([b"", b"a", b"\xff\xfe", b"longer than the rest"], dtype=object), tf.string, ["4 0,1", "4 1,3"])],
        "odd_names.ckpt": [(n, ten[:4], tf.float32, ["4 0,2", "4 2,2"]) for n in (b"nul\0inside", b"\xff", b"a\xff\0\xffb", u"\u540d".encode("utf-8"), b"/", b"a")],
    }
    values = {name: save(os.path.join(folder, name), tensors) for name, tensors in sets.items()}
    values["partitioned.ckpt"] = partitioned(folder)
    settle(folder)
    write_json(out("values.json"), values)
    finish()


main()
