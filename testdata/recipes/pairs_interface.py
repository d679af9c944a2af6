# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Pairs with one change in what callers see: signatures, their inputs and outputs, Python functions, warmup."""

from pathlib import Path

from _pairs import make_pairs, values
from _tf import save, tf
from serving import predict_log

MODELS = (
    "change_signature_renamed",
    "change_signature_added",
    "change_signature_removed",
    "change_input_renamed",
    "change_input_added",
    "change_input_dtype",
    "change_batch_fixed",
    "change_output_added",
    "change_method_removed",
    "change_argument_default",
    "change_warmup_stale",
)


def spec(name: str = "x", batch: int | None = None, dtype=tf.float32) -> tf.TensorSpec:
    return tf.TensorSpec([batch, 2], dtype, name=name)


class Linear(tf.Module):
    """One function `predict` of the inputs `specs`."""

    def __init__(self, *specs):
        super().__init__(name="linear")
        self.kernel = tf.Variable(values(0, shape=(2, 2)), dtype=tf.float32, name="kernel")
        self.predict = tf.function(self.predict, input_signature=specs or [spec()])

    def predict(self, x):
        return {"y": tf.matmul(tf.cast(x, tf.float32), self.kernel)}


class InputRenamed(Linear):
    def predict(self, features):
        return {"y": tf.matmul(features, self.kernel)}


class InputAdded(Linear):
    def predict(self, x, scale):
        return {"y": tf.matmul(x, self.kernel) * scale}


class OutputAdded(Linear):
    def predict(self, x):
        y = tf.matmul(x, self.kernel)
        return {"y": y, "probabilities": tf.nn.softmax(y)}


class TwoMethods(Linear):
    @tf.function(input_signature=[spec()])
    def embed(self, x):
        return {"embedding": tf.nn.relu(tf.matmul(x, self.kernel))}


class Training(tf.Module):
    """`predict` is traced with and without training; the default of that argument is what the class is made with."""

    def __init__(self, default: bool):
        super().__init__(name="training")
        self.kernel = tf.Variable(values(0, shape=(2, 2)), dtype=tf.float32, name="kernel")

        @tf.function
        def predict(x, training=default):
            return {"y": tf.matmul(x, self.kernel) * (0.5 if training else 1.0)}

        self.predict = predict
        for training in (False, True):
            predict.get_concrete_function(spec(), training=training)


def served(module: tf.Module, *keys: str) -> tuple:
    """The module, and its functions of these names as signatures; `predict` as the default one if none is named."""
    if not keys:
        return module, {"serving_default": module.predict}
    return module, {key: getattr(module, key) for key in keys}


def training(new: bool) -> tuple:
    module = Training(default=new)
    return module, {"serving_default": module.predict.get_concrete_function(spec(), training=False)}


def renamed(new: bool) -> tuple:
    return served(Linear()) if new else served(Linear(), "predict")


PAIRS = {
    "change_signature_renamed": renamed,
    "change_signature_added": lambda new: served(TwoMethods(), "predict", *(["embed"] if new else [])),
    "change_signature_removed": lambda new: served(TwoMethods(), "predict", *([] if new else ["embed"])),
    "change_input_renamed": lambda new: served(InputRenamed(spec("features")) if new else Linear()),
    "change_input_added": lambda new: served(InputAdded(spec(), spec("scale")) if new else Linear()),
    "change_input_dtype": lambda new: served(Linear(spec(dtype=tf.float64 if new else tf.float32))),
    "change_batch_fixed": lambda new: served(Linear(spec(batch=1 if new else None))),
    "change_output_added": lambda new: served(OutputAdded() if new else Linear()),
    "change_method_removed": lambda new: served(Linear() if new else TwoMethods()),
    "change_argument_default": training,
    "change_warmup_stale": lambda new: renamed(not new),
}


def store(built: tuple, name: str) -> None:
    module, signatures = built
    path = save(module, name, signatures=signatures)
    if name.startswith("change_warmup_stale/"):
        folder = Path(path) / "assets.extra"
        folder.mkdir()
        with tf.io.TFRecordWriter(str(folder / "tf_serving_warmup_requests")) as writer:
            writer.write(predict_log([[1.0, 2.0]]))


if __name__ == "__main__":
    make_pairs(PAIRS, store)
