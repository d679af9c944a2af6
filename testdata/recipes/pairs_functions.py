# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Pairs with one change in the body of a function."""

from _pairs import make_pairs, values
from _tf import save, tf

MODELS = (
    "change_constant",
    "change_read_file",
    "change_random_added",
    "change_print_added",
    "change_device",
)


class Model(tf.Module):
    """y = step(x @ kernel)."""

    def __init__(self, step):
        super().__init__(name="model")
        self.kernel = tf.Variable(values(0, shape=(3, 2)), dtype=tf.float32, name="kernel")
        self.step = step

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def predict(self, x):
        return {"y": self.step(tf.matmul(x, self.kernel))}


def triple(y):
    return y * 3.0


def read_file(y):
    """What is read feeds nothing; the node stays in the function all the same."""
    tf.io.read_file("lookup/table.csv")
    return y * 3.0


def add_noise(y):
    return y * 3.0 + tf.random.normal(tf.shape(y))


def print_it(y):
    tf.print("y", y)
    return y * 3.0


def on_gpu(y):
    with tf.device("/device:GPU:0"):
        return y * 3.0


PAIRS = {
    "change_constant": lambda new: Model((lambda y: y * 4.0) if new else triple),
    "change_read_file": lambda new: Model(read_file if new else triple),
    "change_random_added": lambda new: Model(add_noise if new else triple),
    "change_print_added": lambda new: Model(print_it if new else triple),
    "change_device": lambda new: Model(on_gpu if new else triple),
}


if __name__ == "__main__":
    make_pairs(PAIRS, lambda model, name: save(model, name, signatures=model.predict))
