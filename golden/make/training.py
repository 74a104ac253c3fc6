"""Training steps as tf.gradients and the optimizers write them: a perceptron for images of digits. bench/models times them.

training/NAME.meta     operations "init", "train"; tensors "x:0" [batch, 784], "labels:0" [batch], "loss:0"
training/losses.json   {NAME: the losses of eight steps from a new start}, fed with x = (7 * i mod 100) / 100 over all elements, labels = i mod 10
"""
from common import *

BATCH, STEPS = 64, 8


def build(optimizer):
    tf.set_random_seed(1)
    x = tf.placeholder(tf.float32, [None, 784], name="x")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    hidden = tf.layers.dense(tf.layers.dense(x, 512, tf.nn.relu), 512, tf.nn.relu)
    logits = tf.layers.dense(hidden, 10)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits), name="loss")
    train = optimizer.minimize(loss, name="train")
    init = tf.variables_initializer(tf.global_variables(), name="init")
    return x, labels, loss, train, init


losses = {}
for name, optimizer in (("sgd", lambda: tf.train.GradientDescentOptimizer(0.05)), ("momentum", lambda: tf.train.MomentumOptimizer(0.01, 0.9)),
                        ("adam", lambda: tf.train.AdamOptimizer(0.001))):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x, labels, loss, train, init = build(optimizer())
        write_proto(out(name + ".meta"), tf.train.export_meta_graph())
        feed = {x: ((np.arange(BATCH * 784) * 7 % 100).astype(np.float32) / np.float32(100)).reshape(BATCH, 784), labels: np.arange(BATCH, dtype=np.int32) % 10}
        session.run(init)
        losses[name] = [repr(float(session.run([loss, train], feed)[0])) for _ in range(STEPS)]
write_json(out("losses.json"), losses)
finish()
