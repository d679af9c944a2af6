# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""SavedModels as they are served: warmup requests, a folder of versions, a model deep in a folder, one for TF Hub."""

from pathlib import Path

from _common import fresh
from _tf import save, seed, tf

MODELS = ("warmup", "serving_versions", "nested_single", "reusable_hub")


class Scale(tf.Module):
    """y = x * factor."""

    def __init__(self, factor: float):
        super().__init__(name="scale")
        self.factor = tf.Variable(factor, name="factor")

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": x * self.factor}


def save_scale(factor: float, name: str) -> str:
    module = Scale(factor)
    return save(module, name, signatures=module.__call__)


def delimited(number: int, content: bytes) -> bytes:
    """One length-delimited protobuf field; enough for fields below 16 and fewer than 128 bytes."""
    assert number < 16 and len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def predict_log(values: list) -> bytes:
    """A tensorflow.serving.PredictionLog: predict_log=6 {request=1 {model_spec=1, inputs=2}}."""
    model_spec = delimited(1, b"warmup") + delimited(3, b"serving_default")
    tensor = tf.make_tensor_proto(values, tf.float32).SerializeToString()
    request = delimited(1, model_spec) + delimited(2, delimited(1, b"x") + delimited(2, tensor))
    return delimited(6, delimited(1, request))


def warmup() -> None:
    folder = Path(save_scale(2.0, "warmup")) / "assets.extra"
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "tf_serving_warmup_requests")) as writer:
        writer.write(predict_log([[1.0, 2.0]]))
        writer.write(predict_log([[1.0, 2.0], [3.0, 4.0]]))


class Reusable(tf.train.Checkpoint):
    """The interface of a reusable SavedModel: __call__(inputs, training), variables, losses.

    Not a tf.Module, whose `variables` are a property and so are not saved.
    """

    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(tf.ones([3, 2]), name="kernel")
        self.mean = tf.Variable(tf.zeros([3]), trainable=False, name="mean")
        self.regularization_losses = [self.kernel_loss]
        self.variables = [self.kernel, self.mean]
        self.trainable_variables = [self.kernel]

    @tf.function(input_signature=[])
    def kernel_loss(self):
        return 0.01 * tf.reduce_sum(tf.square(self.kernel))

    @tf.function
    def __call__(self, inputs, training=False, rate=0.5):
        if training:
            self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(inputs, axis=0))
            inputs = tf.nn.dropout(inputs, rate)
        return tf.matmul(inputs - self.mean, self.kernel)


def reusable_hub() -> None:
    module = Reusable()
    inputs = tf.TensorSpec([None, 3], tf.float32, name="inputs")
    for training in (False, True):
        module.__call__.get_concrete_function(inputs, training=training)
    path = save(module, "reusable_hub", signatures=module.__call__.get_concrete_function(inputs))
    (Path(path) / "tfhub_module.pb").write_bytes(b"\x08\x03")  # ModuleDef.format = SAVED_MODEL_V2


def main() -> None:
    seed()
    warmup()

    fresh("serving_versions")
    save_scale(1.0, "serving_versions/1")
    save_scale(3.0, "serving_versions/3")

    fresh("nested_single")
    save_scale(1.0, "nested_single/download/model")

    reusable_hub()


if __name__ == "__main__":
    main()
