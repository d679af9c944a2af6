# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.15.1"]
# ///
"""Keras 2: `model.save` in the SavedModel format, with keras_metadata.pb."""

import numpy as np
from _common import fresh
from _tf import seed, settle, tf

MODELS = (
    "keras2_functional",
    "keras2_sequential_save_traces_false",
    "keras2_custom_layer_lambda",
    "keras2_legacy_optimizer_slots",
)

keras = tf.keras

# Keras stores the bytecode of a Lambda, and with it the file name it was compiled from: a made-up one here.
LAMBDA = eval(compile("lambda x: x * 2.0", "/home/author/project/model.py", "eval"))


@keras.utils.register_keras_serializable(package="acme")
class Shift(keras.layers.Layer):
    """Adds one trained number a feature."""

    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.offset = self.add_weight("offset", [input_shape[-1]], initializer=keras.initializers.Constant(self.start))

    def call(self, inputs):
        return inputs + self.offset

    def get_config(self):
        return {**super().get_config(), "start": self.start}


def fit_one_step(model: keras.Model, inputs, optimizer) -> None:
    model.compile(optimizer=optimizer, loss="mse", metrics=["mae"])
    model.fit(inputs, np.zeros([4, 1], np.float32), epochs=1, batch_size=4, verbose=0)


def functional() -> keras.Model:
    left = keras.Input([2], name="left")
    right = keras.Input([3], name="right")
    x = keras.layers.Concatenate(name="join")([left, right])
    x = keras.layers.Dense(4, activation="relu", name="hidden")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Dropout(0.5, name="dropout")(x)
    model = keras.Model([left, right], keras.layers.Dense(1, name="score")(x), name="functional")
    fit_one_step(model, [np.ones([4, 2]), np.ones([4, 3])], keras.optimizers.Adam(0.01))
    return model


def sequential() -> keras.Model:
    layers = [
        keras.Input([3], name="features"),
        keras.layers.Dense(2, name="hidden"),
        keras.layers.Dense(1, name="score"),
    ]
    return keras.Sequential(layers, name="sequential")


def custom_layer_lambda() -> keras.Model:
    inputs = keras.Input([3], name="features")
    x = Shift(0.5, name="shift")(inputs)
    x = keras.layers.Lambda(LAMBDA, name="double")(x)
    return keras.Model(inputs, keras.layers.Dense(1, name="score")(x), name="custom_layer_lambda")


def legacy_optimizer_slots() -> keras.Model:
    model = keras.Sequential([keras.Input([3], name="features"), keras.layers.Dense(1, name="score")], name="legacy")
    fit_one_step(model, np.ones([4, 3]), keras.optimizers.legacy.Adam(0.01))
    return model


def save_keras(model: keras.Model, name: str, **options) -> None:
    path = fresh(name)
    model.save(path, save_format="tf", **options)
    settle(path)


def main() -> None:
    seed()
    save_keras(functional(), "keras2_functional")
    save_keras(sequential(), "keras2_sequential_save_traces_false", save_traces=False)
    save_keras(custom_layer_lambda(), "keras2_custom_layer_lambda")
    save_keras(legacy_optimizer_slots(), "keras2_legacy_optimizer_slots")


if __name__ == "__main__":
    main()
