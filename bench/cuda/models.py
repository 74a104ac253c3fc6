#!/usr/bin/env python3
"""ResNet-50, MobileNet v1 and BERT on a GPU: tfpersist against PyTorch, with the same weights, from host memory to host memory.

    bench/cuda/models.py --tfpersist PROGRAM [--models resnet50,...] [--batches 1,32,128] [--dtypes float32,...] [--json FILE]

A model is written down once (below) and read twice: as a frozen GraphDef for `tfpersist run --device cuda`, and as PyTorch calls. Weights are
seeded. Results are compared before anything is timed; PyTorch runs eagerly (channels last, cuDNN's benchmark mode, no TF32) and, at batch 1,
compiled. Needs PyTorch with CUDA, numpy and tensorboard (for GraphDef's Python classes).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

TYPES = {"float32": 1, "float16": 19, "bfloat16": 14}


class GraphBackend:
    """Writes TensorFlow's nodes. Values are tensor names."""

    def __init__(self, dtype):
        from tensorboard.compat.proto import graph_pb2
        self.graph, self.dtype, self.count, self.random = graph_pb2.GraphDef(), dtype, 0, np.random.default_rng(1)

    def node(self, op, inputs, name=None, **attrs):
        self.count += 1
        n = self.graph.node.add(op=op, name=name or "%s_%d" % (op.lower(), self.count))
        n.input.extend(inputs)
        for key, value in attrs.items():
            a = n.attr[key]
            if isinstance(value, bool):
                a.b = value
            elif isinstance(value, int):
                a.i = value
            elif isinstance(value, bytes):
                a.s = value
            elif isinstance(value, list):
                a.list.i.extend(value)
            elif isinstance(value, np.ndarray):
                a.tensor.dtype = attrs["_type"]
                a.tensor.tensor_content = value.tobytes()
                for d in value.shape:
                    a.tensor.tensor_shape.dim.add(size=d)
        for key, kind in attrs.get("_types", {}).items():
            n.attr[key].type = kind
        n.attr.pop("_types", None), n.attr.pop("_type", None)
        return n.name

    def typed(self, op, inputs, **attrs):
        return self.node(op, inputs, _types={"T": TYPES[self.dtype], **attrs.pop("types", {})}, **attrs)

    def array(self, value):
        """A constant of the model's dtype."""
        if self.dtype == "bfloat16":
            bits = np.ascontiguousarray(value, np.float32).view(np.uint32)
            stored = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
        else:
            stored = value.astype(self.dtype)
        self.count += 1
        n = self.graph.node.add(op="Const", name="w_%d" % self.count)
        n.attr["dtype"].type = TYPES[self.dtype]
        t = n.attr["value"].tensor
        t.dtype, t.tensor_content = TYPES[self.dtype], stored.tobytes()
        for d in value.shape:
            t.tensor_shape.dim.add(size=d)
        return n.name

    def ints(self, values):
        self.count += 1
        n = self.graph.node.add(op="Const", name="i_%d" % self.count)
        n.attr["dtype"].type = 3
        v = np.asarray(values, np.int32)
        t = n.attr["value"].tensor
        t.dtype, t.tensor_content = 3, v.tobytes()
        for d in v.shape:
            t.tensor_shape.dim.add(size=d)
        return n.name

    def placeholder(self, shape, dtype):
        n = self.graph.node.add(op="Placeholder", name="input")
        n.attr["dtype"].type = dtype
        for d in shape:
            n.attr["shape"].shape.dim.add(size=d)
        return n.name

    def conv(self, x, w, b, stride, relu=None, add=None, depthwise=False):
        k = w.shape[0]
        if k > 1 and stride > 1 and not depthwise:  # as PyTorch pads
            p = (k - 1) // 2
            x = self.typed("Pad", [x, self.ints([[0, 0], [p, p], [p, p], [0, 0]])], types={"Tpaddings": 3})
            padding = b"VALID"
        elif k > 1 and stride > 1:
            x = self.typed("Pad", [x, self.ints([[0, 0], [1, 1], [1, 1], [0, 0]])], types={"Tpaddings": 3})
            padding = b"VALID"
        else:
            padding = b"SAME"
        op = "DepthwiseConv2dNative" if depthwise else "Conv2D"
        y = self.typed(op, [x, self.array(w)], strides=[1, stride, stride, 1], padding=padding, data_format=b"NHWC", dilations=[1, 1, 1, 1])
        y = self.typed("BiasAdd", [y, self.array(b)], data_format=b"NHWC")
        if add is not None:
            y = self.typed("Add", [y, add])
        return self.typed({"relu": "Relu", "relu6": "Relu6"}[relu], [y]) if relu else y

    def max_pool(self, x):
        x = self.typed("Pad", [x, self.ints([[0, 0], [1, 1], [1, 1], [0, 0]])], types={"Tpaddings": 3})
        return self.typed("MaxPool", [x], ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding=b"VALID", data_format=b"NHWC")

    def mean_pixels(self, x):
        return self.typed("Mean", [x, self.ints([1, 2])], keep_dims=False, types={"Tidx": 3})

    def dense(self, x, w, b):
        y = self.typed("MatMul", [x, self.array(w)], transpose_a=False, transpose_b=False)
        return self.typed("BiasAdd", [y, self.array(b)], data_format=b"NHWC")

    def embed(self, ids, table):
        return self.node("GatherV2", [self.array(table), ids, self.ints(0)], _types={"Tparams": TYPES[self.dtype], "Tindices": 3, "Taxis": 3})

    def reshape(self, x, shape):
        return self.typed("Reshape", [x, self.ints(shape)], types={"Tshape": 3})

    def transpose(self, x, perm):
        return self.typed("Transpose", [x, self.ints(perm)], types={"Tperm": 3})

    def batch_matmul(self, x, y, transpose_y):
        return self.typed("BatchMatMul", [x, y], adj_x=False, adj_y=transpose_y)

    def scale(self, x, factor):
        return self.typed("Mul", [x, self.array(np.asarray(factor, np.float32))])

    def add(self, x, y):
        return self.typed("Add", [x, y])

    def softmax(self, x):
        return self.typed("Softmax", [x])

    def gelu(self, x):
        half = self.scale(x, 0.5)
        erf = self.typed("Erf", [self.scale(x, 0.7071067811865476)])
        return self.typed("Mul", [half, self.typed("Add", [erf, self.array(np.asarray(1.0, np.float32))])])

    def layer_norm(self, x, gamma, beta):
        axes = self.ints([-1])
        mean = self.typed("Mean", [x, axes], keep_dims=True, types={"Tidx": 3})
        variance = self.typed("Mean", [self.typed("SquaredDifference", [x, mean]), axes], keep_dims=True, types={"Tidx": 3})
        factor = self.typed("Mul", [self.typed("Rsqrt", [self.typed("Add", [variance, self.array(np.asarray(1e-6, np.float32))])]), self.array(gamma)])
        return self.typed("Add", [self.typed("Mul", [x, factor]), self.typed("Sub", [self.array(beta), self.typed("Mul", [mean, factor])])])

    def output(self, x):
        self.node("Identity", [x], name="output", _types={"T": TYPES[self.dtype]})


class TorchBackend:
    """Runs the same calls on the GPU. Weights are made once, in the order of the calls."""

    def __init__(self, torch, dtype):
        self.torch, self.dtype, self.weights, self.next = torch, getattr(torch, dtype), [], 0

    def weight(self, make):
        if self.next == len(self.weights):
            self.weights.append(make())
        self.next += 1
        return self.weights[self.next - 1]

    def begin(self):
        self.next = 0

    def to(self, value):
        return self.torch.from_numpy(np.ascontiguousarray(value, np.float32)).cuda().to(self.dtype)

    def conv(self, x, w, b, stride, relu=None, add=None, depthwise=False):
        F = self.torch.nn.functional
        def make():
            t = self.to(w if not depthwise else w.transpose(0, 1, 3, 2))
            return t.permute(3, 2, 0, 1).contiguous(memory_format=self.torch.channels_last), self.to(b)
        k, bias = self.weight(make)
        y = F.conv2d(x, k, bias, stride=stride, padding=(w.shape[0] - 1) // 2, groups=k.shape[0] if depthwise else 1)
        if add is not None:
            y = y.add_(add)
        return F.relu_(y) if relu == "relu" else F.hardtanh_(y, 0.0, 6.0) if relu else y

    def max_pool(self, x):
        return self.torch.nn.functional.max_pool2d(self.torch.nn.functional.pad(x, (1, 1, 1, 1)), 3, 2)

    def mean_pixels(self, x):
        return x.mean((2, 3))

    def dense(self, x, w, b):
        k, bias = self.weight(lambda: (self.to(w), self.to(b)))
        return self.torch.addmm(bias, x, k)

    def embed(self, ids, table):
        return self.torch.nn.functional.embedding(ids, self.weight(lambda: self.to(table)))

    def reshape(self, x, shape):
        return x.reshape(shape)

    def transpose(self, x, perm):
        return x.permute(perm)

    def batch_matmul(self, x, y, transpose_y):
        return self.torch.matmul(x, y.transpose(-1, -2) if transpose_y else y)

    def scale(self, x, factor):
        return x * factor

    def add(self, x, y):
        return x + y

    def softmax(self, x):
        return self.torch.softmax(x, -1)

    def gelu(self, x):
        return self.torch.nn.functional.gelu(x)

    def layer_norm(self, x, gamma, beta):
        g, b = self.weight(lambda: (self.to(gamma), self.to(beta)))
        return self.torch.nn.functional.layer_norm(x, x.shape[-1:], g, b, 1e-6)


class Weights:
    """The same numbers for both: a new generator for each pass over the model. PyTorch keeps what it made of them."""

    def __init__(self, cached):
        self.random, self.cached, self.arrays, self.next = np.random.default_rng(7), cached, [], 0

    def begin(self):
        self.next = 0

    def __call__(self, *shape, scale=None):
        if self.next == len(self.arrays):
            fan = int(np.prod(shape[:-1])) or 1
            self.arrays.append((self.random.standard_normal(shape) * (scale or (2.0 / fan) ** 0.5)).astype(np.float32))
        self.next += 1
        return self.arrays[self.next - 1]


def resnet50(b, x, w):
    def conv(x, k, cin, cout, stride=1, relu="relu", add=None):
        return b.conv(x, w(k, k, cin, cout, scale=(1.0 / (k * k * cin)) ** 0.5), w(cout, scale=0.1), stride, relu, add)
    x = b.max_pool(conv(x, 7, 3, 64, 2))
    cin = 64
    for depth, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for i in range(blocks):
            s = stride if i == 0 else 1
            shortcut = conv(x, 1, cin, depth * 4, s, None) if i == 0 else x
            y = conv(conv(x, 1, cin, depth), 3, depth, depth, s)
            x = conv(y, 1, depth, depth * 4, 1, "relu", shortcut)
            cin = depth * 4
    return b.softmax(b.dense(b.mean_pixels(x), w(2048, 1000, scale=0.01), w(1000, scale=0.1)))


def mobilenet_v1(b, x, w):
    x = b.conv(x, w(3, 3, 3, 32), w(32, scale=0.1), 2, "relu6")
    cin = 32
    for cout, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1)):
        x = b.conv(x, w(3, 3, cin, 1, scale=0.33), w(cin, scale=0.1), stride, "relu6", None, True)
        x = b.conv(x, w(1, 1, cin, cout), w(cout, scale=0.1), 1, "relu6")
        cin = cout
    return b.softmax(b.dense(b.mean_pixels(x), w(1024, 1000, scale=0.02), w(1000, scale=0.1)))


def bert(layers, width):
    def model(b, ids, w, batch):
        length, heads = 128, width // 64
        def dense(x, cin, cout):
            return b.dense(x, w(cin, cout, scale=0.02), w(cout, scale=0.02))
        def norm(x):
            return b.layer_norm(x, 1 + w(width, scale=0.02), w(width, scale=0.02))
        x = b.reshape(b.embed(ids, w(30522, width, scale=0.5)), [batch * length, width])
        x = norm(x)
        for _ in range(layers):
            q, k, v = (b.transpose(b.reshape(dense(x, width, width), [batch, length, heads, 64]), [0, 2, 1, 3]) for _ in range(3))
            a = b.softmax(b.scale(b.batch_matmul(q, k, True), 0.125))
            a = b.reshape(b.transpose(b.batch_matmul(a, v, False), [0, 2, 1, 3]), [batch * length, width])
            x = norm(b.add(x, dense(a, width, width)))
            x = norm(b.add(x, dense(b.gelu(dense(x, width, 4 * width)), 4 * width, width)))
        return x
    return model


MODELS = {"resnet50": (resnet50, "image"), "mobilenet_v1": (mobilenet_v1, "image"), "bert_mini": (bert(4, 256), "ids"), "bert_base": (bert(12, 768), "ids")}
TOLERANCE = {"float32": 2e-4, "float16": 3e-2, "bfloat16": 2e-1}


def times(f, seconds=1.0, most=300):
    for _ in range(5):
        f()
    taken, end = [], time.perf_counter() + seconds
    while (time.perf_counter() < end and len(taken) < most) or len(taken) < 7:
        begin = time.perf_counter()
        f()
        taken.append((time.perf_counter() - begin) * 1e3)
    return taken


def summary(taken):
    taken = sorted(taken)
    return {"median_ms": statistics.median(taken), "min_ms": taken[0], "p90_ms": taken[int(len(taken) * 0.9)], "runs": len(taken)}


def measure(args, torch, name, dtype, batch, folder, compiled):
    model, kind = MODELS[name]
    call = (lambda b, x, w: model(b, x, w, batch)) if kind == "ids" else model
    random = np.random.default_rng(3)
    weights = Weights(True)
    graph = GraphBackend(dtype)
    if kind == "ids":
        data = random.integers(0, 30522, (batch, 128)).astype(np.int32)
        x = graph.placeholder(data.shape, 3)
    else:
        data = random.standard_normal((batch, 224, 224, 3)).astype(np.float32)
        x = graph.placeholder(data.shape, TYPES[dtype])
    graph.output(call(graph, x, weights))
    pb, fed, out = (os.path.join(folder, f) for f in ("model.pb", "input.npy", "output.npy"))
    with open(pb, "wb") as f:
        f.write(graph.graph.SerializeToString())
    host = torch.from_numpy(data)
    if kind == "image":
        host = host.to(getattr(torch, dtype))
        np.save(fed, host.view(torch.uint16).numpy() if dtype == "bfloat16" else host.numpy())
        host = host.permute(0, 3, 1, 2)  # channels last already
    else:
        np.save(fed, data)
    host = host.pin_memory()
    row = {"model": name, "dtype": dtype, "batch": batch, "tfpersist": None, "torch_eager": None, "torch_compile": None}
    done = subprocess.run([args.tfpersist, "run", pb, "--feed", "input=" + fed, "--fetch", "output=" + out, "--device", "cuda", "--repeat",
                           str(args.repeat if batch > 1 else args.repeat * 4), "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        row["error"] = done.stderr.decode()[-600:]
    else:
        said = json.loads(done.stdout.decode())
        row["tfpersist"] = dict(said["milliseconds"], runs=said["runs"])
        row["host_fallbacks"] = said["host_fallbacks"]
        row["peak_bytes"] = said["peak_bytes"]
    backend = TorchBackend(torch, dtype)

    def forward(x):
        backend.begin()
        weights.begin()
        return call(backend, x, weights)

    with torch.inference_mode():
        def run(f):
            y = f(host.cuda(non_blocking=True)).cpu()
            return y
        y = run(forward)
        if row["tfpersist"]:
            ours = np.load(out)
            ours = torch.from_numpy(ours.astype(np.int32)).to(torch.int16).view(torch.bfloat16) if ours.dtype == np.uint16 else torch.from_numpy(ours)
            a, b = ours.float().numpy().reshape(-1), y.float().numpy().reshape(-1)
            row["largest_difference"] = float(np.max(np.abs(a - b)) / max(1e-6, np.max(np.abs(b))))
            row["agrees"] = bool(row["largest_difference"] <= TOLERANCE[dtype])
        row["torch_eager"] = summary(times(lambda: run(forward)))
        if compiled:
            try:
                fast = torch.compile(forward, mode="reduce-overhead" if args.reduce_overhead else "default")
                run(fast)
                row["torch_compile"] = summary(times(lambda: run(fast)))
            except Exception as error:  # said, not hidden
                row["torch_compile_error"] = str(error)[-300:]
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tfpersist", required=True)
    parser.add_argument("--models", default="resnet50,mobilenet_v1,bert_mini,bert_base")
    parser.add_argument("--batches", default="1,32,128")
    parser.add_argument("--dtypes", default="float32,float16,bfloat16")
    parser.add_argument("--repeat", type=int, default=50)
    parser.add_argument("--compile", action="store_true", help="torch.compile at batch 1 too")
    parser.add_argument("--reduce_overhead", action="store_true")
    parser.add_argument("--json")
    args = parser.parse_args()
    import torch
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    result = {"device": torch.cuda.get_device_name(0), "torch": torch.__version__, "cudnn": torch.backends.cudnn.version(), "rows": []}
    with tempfile.TemporaryDirectory() as folder:
        for name in args.models.split(","):
            for dtype in args.dtypes.split(","):
                for batch in (int(b) for b in args.batches.split(",")):
                    row = measure(args, torch, name, dtype, batch, folder, args.compile and batch == 1 and dtype == "float32")
                    result["rows"].append(row)
                    print(json.dumps(row), flush=True)
                    if args.json:
                        with open(args.json, "w", encoding="utf-8") as f:
                            json.dump(result, f, indent=1)


if __name__ == "__main__":
    sys.exit(main())
