# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0", "keras==3.15.1"]
# ///
"""Pairs that Keras 3 exports: the same model twice, and with one change."""

import numpy as np
from _common import fresh
from _pairs import INSERTED, fill, make_pairs, shift_ids
from _tf import save, settle, tf

MODELS = (
    "noise_keras3_processes",
    "noise_keras3_ids",
    "noise_keras3_autonames",
    "noise_optimizer",
    "change_relu_to_gelu",
    "change_layer_inserted_keras3",
    "change_variable_shape",
    "change_output_classes",
)

keras = tf.keras


def image_model() -> keras.Model:
    """Eight variables, enough for another order in every process."""
    inputs = keras.Input([6, 6, 1], name="image")
    x = keras.layers.Conv2D(2, 3, activation="relu", name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return fill(keras.Model(inputs, keras.layers.Dense(3, name="logits")(x), name="image_model"))


def unnamed_layers() -> keras.Model:
    """Keras numbers them: conv2d, dense, and in the next model conv2d_1, dense_1."""
    inputs = keras.Input([6, 6, 1], name="image")
    x = keras.layers.Conv2D(2, 3, activation="relu")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return fill(keras.Model(inputs, keras.layers.Dense(3)(x), name="unnamed_layers"))


def shifted_image_model(new: bool) -> keras.Model:
    shift_ids(new)
    return image_model()


def trained_model(new: bool) -> keras.Model:
    """With an optimizer; another process gives the same bytes, as long as it traced nothing else before."""
    shift_ids(new)
    model = keras.Sequential([keras.Input([4], name="features"), keras.layers.Dense(1, name="score")], name="trained")
    model.compile(optimizer=keras.optimizers.SGD(0.01, momentum=0.9), loss="mse")
    model.fit(np.ones([4, 4], np.float32), np.zeros([4, 1], np.float32), epochs=1, batch_size=4, verbose=0)
    return model


def stack(*layers: keras.layers.Layer) -> keras.Model:
    return fill(keras.Sequential([keras.Input([4], name="features"), *layers], name="stack"))


def two_layers(units: int = 8, activation: str = "relu") -> keras.Model:
    return stack(keras.layers.Dense(units, activation, name="hidden"), keras.layers.Dense(3, name="logits"))


def classifier(classes: int) -> keras.Model:
    return stack(keras.layers.Dense(classes, "softmax", name="probs"))


def blocks(inserted: bool) -> keras.Model:
    """Five layers of equal shapes, and one more after the second."""
    names = ["block1", "block2", *([INSERTED] if inserted else []), "block3", "block4", "block5"]
    return stack(*(keras.layers.Dense(4, "relu", use_bias=False, name=name) for name in names))


PAIRS = {
    "noise_keras3_processes": lambda new: image_model(),
    "noise_keras3_ids": shifted_image_model,
    "noise_keras3_autonames": lambda new: unnamed_layers(),
    "noise_optimizer": trained_model,
    "change_relu_to_gelu": lambda new: two_layers(activation="gelu" if new else "relu"),
    "change_layer_inserted_keras3": blocks,
    "change_variable_shape": lambda new: two_layers(9 if new else 8),
    "change_output_classes": lambda new: classifier(11 if new else 10),
}


def store(model: keras.Model, name: str) -> None:
    if getattr(model, "optimizer", None):
        save(model, name)
        return
    path = fresh(name)
    model.export(path, verbose=False)
    settle(path)


if __name__ == "__main__":
    make_pairs(PAIRS, store, together=["noise_keras3_autonames"])
