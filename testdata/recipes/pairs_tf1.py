# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""A TF1-style model, by the Builder and its Saver, in two processes; the second traced other functions before."""

from _pairs import make_pairs, shift_ids, values
from _tf import tf
from tf1 import predict_signature, save_one, v1

MODELS = ("noise_tf1_processes",)


def store(new: bool, name: str) -> None:
    shift_ids(new)
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        kernel = v1.get_variable("kernel", initializer=tf.constant(values(0, shape=(3, 2)), tf.float32))
        bias = v1.get_variable("bias", initializer=tf.constant(values(1, shape=(2,)), tf.float32), use_resource=False)
        y = tf.matmul(x, kernel) + bias
        y = tf.cond(tf.reduce_sum(y) > 0.0, lambda: y, lambda: y * 2.0)
        save_one(name, predict_signature({"x": x}, {"y": tf.identity(y, name="y")}))


if __name__ == "__main__":
    make_pairs({"noise_tf1_processes": lambda new: new}, store)
