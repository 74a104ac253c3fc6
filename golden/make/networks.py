"""Small frozen networks as people deploy them: float32, images in NHWC, weights as constants.

networks/NAME.pb        the GraphDef (map entries in key order); input "x", output "out"
networks/cases.json     {NAME: {"about": text, "ops": types in order of first use, "feeds": {"x:0": value}, "values": {"out:0": value}}}
"""
from common import *

CASES = []


def network(about, shape):
    def add(build):
        CASES.append((build.__name__, about, shape, build))
        return build
    return add


class Weights(object):
    """The same numbers on every machine: multiples of 1/64 between -1 and 1."""

    def __init__(self, seed):
        self._state = np.random.RandomState(seed)

    def __call__(self, *shape):
        return self._state.randint(-64, 65, size=shape).astype(np.float32) / 64


def conv(x, w, filters, size, strides=1, padding="SAME", dilation=1, name=None):
    kernel = w(size, size, int(x.shape[-1]), filters)
    return tf.nn.conv2d(x, kernel, [1, strides, strides, 1], padding, dilations=[1, dilation, dilation, 1], name=name)


def norm(x, w):
    n = int(x.shape[-1])
    return tf.nn.fused_batch_norm(x, 1 + w(n) / 4, w(n), w(n), 1.5 + w(n), epsilon=1e-3, is_training=False)[0]


@network("two dense layers with relu and a softmax", [3, 8])
def dense(x, w):
    hidden = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, w(8, 16)), w(16)))
    tf.nn.softmax(tf.nn.bias_add(tf.matmul(hidden, w(16, 5)), w(5)), name="out")


@network("a dense layer with tanh and a sigmoid", [2, 6])
def dense_tanh(x, w):
    hidden = tf.tanh(tf.matmul(x, w(6, 4)) + w(4))
    tf.sigmoid(tf.matmul(hidden, w(4, 3)) + w(3), name="out")


for _padding in ("SAME", "VALID"):
    for _strides in (1, 2):
        def _conv(x, w, padding=_padding, strides=_strides):
            tf.identity(conv(x, w, 4, 3, strides, padding), name="out")
        _conv.__name__ = "conv_%s_%d" % (_padding.lower(), _strides)
        network("a convolution, %s, stride %d" % (_padding, _strides), [1, 7, 6, 3])(_conv)
        def _pool(x, w, padding=_padding, strides=_strides):
            tf.nn.max_pool(x, [1, 3, 3, 1], [1, strides, strides, 1], padding, name="out")
        _pool.__name__ = "max_pool_%s_%d" % (_padding.lower(), _strides)
        network("a max pool, %s, stride %d" % (_padding, _strides), [1, 7, 6, 3])(_pool)
        def _mean(x, w, padding=_padding, strides=_strides):
            tf.nn.avg_pool(x, [1, 3, 3, 1], [1, strides, strides, 1], padding, name="out")
        _mean.__name__ = "avg_pool_%s_%d" % (_padding.lower(), _strides)
        network("an average pool, %s, stride %d: padding does not count" % (_padding, _strides), [1, 7, 6, 3])(_mean)


@network("a convolution with dilation 2, as an attribute", [1, 9, 9, 2])
def conv_dilated(x, w):
    tf.identity(conv(x, w, 3, 3, dilation=2), name="out")


@network("a convolution with dilation 2, as tf.nn.atrous_conv2d made it: SpaceToBatchND", [1, 9, 9, 2])
def conv_atrous(x, w):
    tf.nn.convolution(x, w(3, 3, 2, 3), "SAME", dilation_rate=[2, 2], name="atrous")
    tf.identity(tf.get_default_graph().get_tensor_by_name("atrous/BatchToSpaceND:0"), name="out")


@network("a 1x1 convolution with bias and relu6", [2, 4, 5, 3])
def conv_pointwise(x, w):
    tf.nn.relu6(tf.nn.bias_add(conv(x, w, 8, 1), w(8)), name="out")


@network("a depthwise convolution, stride 2, then pointwise, each with batch norm and relu6: MobileNet's block", [1, 8, 8, 4])
def separable(x, w):
    y = tf.nn.relu6(norm(tf.nn.depthwise_conv2d(x, w(3, 3, 4, 1), [1, 2, 2, 1], "SAME"), w))
    tf.nn.relu6(norm(conv(y, w, 6, 1), w), name="out")


@network("a depthwise convolution with a multiplier of 2", [1, 6, 6, 3])
def depthwise_multiplier(x, w):
    tf.nn.depthwise_conv2d(x, w(3, 3, 3, 2), [1, 1, 1, 1], "SAME", name="out")


@network("batch norm in inference", [2, 3, 4, 5])
def batch_norm(x, w):
    tf.identity(norm(x, w), name="out")


@network("two convolutions with batch norm and a shortcut: ResNet's block", [1, 6, 6, 8])
def residual(x, w):
    y = tf.nn.relu(norm(conv(x, w, 8, 3), w))
    tf.nn.relu(tf.add(norm(conv(y, w, 8, 3), w), x), name="out")


@network("explicit padding, a 7x7 convolution of stride 2 and a max pool: ResNet's stem", [1, 16, 16, 3])
def stem(x, w):
    y = conv(tf.pad(x, [[0, 0], [3, 3], [3, 3], [0, 0]]), w, 4, 7, 2, "VALID")
    tf.nn.max_pool(tf.nn.relu(norm(y, w)), [1, 3, 3, 1], [1, 2, 2, 1], "SAME", name="out")


@network("three branches put together: Inception's block", [1, 6, 6, 4])
def inception(x, w):
    pooled = conv(tf.nn.avg_pool(x, [1, 3, 3, 1], [1, 1, 1, 1], "SAME"), w, 2, 1)
    tf.concat([conv(x, w, 3, 1), conv(conv(x, w, 2, 1), w, 3, 3), pooled], 3, name="out")


@network("convolutions and pools, flattened, dense, softmax: LeNet", [2, 12, 12, 1])
def lenet(x, w):
    y = tf.nn.max_pool(tf.nn.relu(conv(x, w, 4, 3)), [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    y = tf.nn.max_pool(tf.nn.relu(conv(y, w, 6, 3)), [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    y = tf.matmul(tf.reshape(y, [-1, 54]), w(54, 10)) + w(10)
    tf.nn.softmax(y / 8, name="out")


@network("the mean over height and width, dense, softmax: a classifier's head", [2, 4, 4, 6])
def head(x, w):
    y = tf.reduce_mean(tf.nn.relu(conv(x, w, 6, 1)), [1, 2])
    tf.nn.softmax(tf.matmul(y, w(6, 5)) + w(5), name="out")


@network("the mean over height and width, dimensions kept, a 1x1 convolution, squeezed", [2, 4, 4, 6])
def head_convolution(x, w):
    y = tf.reduce_mean(conv(x, w, 6, 1), [1, 2], keepdims=True)
    tf.squeeze(conv(y, w, 5, 1), [1, 2], name="out")


@network("a transposed convolution, stride 2", [1, 4, 4, 3])
def deconvolution(x, w):
    tf.nn.conv2d_transpose(x, w(3, 3, 5, 3), [1, 8, 8, 5], [1, 2, 2, 1], "SAME", name="out")


@network("nearest neighbours, twice the size, then a convolution: a decoder", [1, 3, 4, 2])
def upsample_nearest(x, w):
    tf.identity(conv(tf.image.resize_nearest_neighbor(x, [6, 8]), w, 3, 3), name="out")


@network("bilinear, twice the size", [1, 3, 4, 2])
def upsample_bilinear(x, w):
    tf.image.resize_bilinear(conv(x, w, 2, 1), [6, 8], name="out")


@network("bilinear with aligned corners", [1, 3, 4, 2])
def upsample_bilinear_aligned(x, w):
    tf.image.resize_bilinear(conv(x, w, 2, 1), [5, 7], align_corners=True, name="out")


@network("local response normalization", [1, 3, 3, 8])
def local_response(x, w):
    tf.nn.lrn(conv(x, w, 8, 1), depth_radius=2, bias=1.0, alpha=0.1, beta=0.75, name="out")


@network("leaky relu, as max(x, x * 0.2)", [1, 4, 4, 2])
def leaky(x, w):
    y = conv(x, w, 4, 3)
    tf.maximum(y * 0.2, y, name="out")


@network("elu after a convolution", [1, 4, 4, 2])
def elu(x, w):
    tf.nn.elu(conv(x, w, 4, 3), name="out")


@network("a gate: features times the sigmoid of their mean: squeeze and excitation", [1, 4, 4, 4])
def excitation(x, w):
    y = conv(x, w, 4, 3)
    gate = tf.sigmoid(conv(tf.nn.relu(conv(tf.reduce_mean(y, [1, 2], keepdims=True), w, 2, 1)), w, 4, 1))
    tf.multiply(y, gate, name="out")


@network("softmax per pixel: segmentation", [1, 4, 4, 3])
def segmentation(x, w):
    tf.nn.softmax(conv(x, w, 5, 3), name="out")


@network("channels split in two, one half through a convolution, put together: ShuffleNet's unit", [1, 4, 4, 4])
def split_channels(x, w):
    left, right = tf.split(conv(x, w, 4, 1), 2, 3)
    tf.concat([left, tf.nn.relu(conv(right, w, 2, 3))], 3, name="out")


@network("a slice of the image through a convolution", [1, 6, 6, 2])
def cropped(x, w):
    tf.identity(conv(x[:, 1:5, 2:6, :], w, 3, 3), name="out")


def run(build, shape, seed):
    tf.reset_default_graph()
    w = Weights(seed)
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x = tf.placeholder(tf.float32, shape, name="x")
        build(x, w)
        fed = w(*shape) * 2
        value = session.run("out:0", {x: fed})
        graph_def = tf.graph_util.extract_sub_graph(graph.as_graph_def(), ["out"])
    return graph_def, fed, value


def main():
    cases = {}
    for i, (name, about, shape, build) in enumerate(CASES):
        graph_def, fed, value = run(build, shape, 100 + i)
        write_proto(out(name + ".pb"), graph_def)
        ops = []
        for node in graph_def.node:
            if node.op not in ops:
                ops.append(node.op)
        cases[name] = {"about": about, "ops": ops, "feeds": {"x:0": tensor_json(fed, tf.float32)}, "values": {"out:0": tensor_json(value, tf.float32)}}
    write_json(out("cases.json"), cases)


main()
finish()
