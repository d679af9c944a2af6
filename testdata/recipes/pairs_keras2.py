# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.15.1"]
# ///
"""Pairs that Keras 2 saves (`model.save` in the SavedModel format): the same model twice, and with one change."""

import functools

import numpy as np
from _common import fresh
from _pairs import INSERTED, fill, make_pairs, shift_ids, values
from _tf import save, settle, tf
from keras2 import LAMBDA

MODELS = (
    "noise_keras2_processes",
    "noise_keras2_twice",
    "noise_keras2_autonames",
    "noise_lstm_keras2",
    "change_layer_inserted",
    "change_layer_renamed",
    "change_keras2_lambda_added",
    "change_optimizer_dropped",
)

keras = tf.keras


def stack(*layers: keras.layers.Layer, name: str) -> keras.Model:
    return fill(keras.Sequential([keras.Input([4], name="features"), *layers], name=name))


def two_layers(new: bool) -> keras.Model:
    """Another process gives the same bytes, as long as it traced nothing else before."""
    shift_ids(new)
    return stack(keras.layers.Dense(3, "relu", name="hidden"), keras.layers.Dense(2, name="logits"), name="two_layers")


@functools.cache
def one_layer() -> keras.Model:
    return stack(keras.layers.Dense(3, name="logits"), name="one_layer")


def unnamed_layers() -> keras.Model:
    """Keras numbers them: conv2d, and in the next model conv2d_1. The last has a name, because it names the output."""
    image = keras.Input([6, 6, 1], name="image")
    x = keras.layers.Conv2D(2, 3, activation="relu")(image)
    return fill(keras.Model(image, keras.layers.Conv2D(3, 4, name="logits")(x), name="unnamed_layers"))


class Recurrent(tf.Module):
    """An LSTM: its two implementations, for CPU and GPU, share a random `api_implements`.

    Kept out of the object graph, all but its weights, because Keras saves ten functions a layer.
    """

    def __init__(self):
        super().__init__(name="recurrent")
        layer = keras.layers.LSTM(2, name="lstm")
        layer(tf.zeros([1, 3, 2]))  # makes the weights
        self.weights = layer.weights
        for number, weight in enumerate(layer.weights):
            weight.assign(values(number, shape=weight.shape))

        @tf.function(input_signature=[tf.TensorSpec([None, 3, 2], tf.float32, name="sequence")])
        def predict(sequence):
            return {"state": layer(sequence)}

        self.predict = predict


def blocks(inserted: bool) -> keras.Model:
    """Five layers of equal shapes, and one more after the second."""
    names = ["block1", "block2", *([INSERTED] if inserted else []), "block3", "block4", "block5"]
    return stack(*(keras.layers.Dense(4, "relu", use_bias=False, name=name) for name in names), name="blocks")


def named_output(new: bool) -> keras.Model:
    return stack(keras.layers.Dense(3, "softmax", name="scores" if new else "probs"), name="named_output")


def doubled(new: bool) -> keras.Model:
    double = [keras.layers.Lambda(LAMBDA, name=INSERTED)] if new else []
    return stack(*double, keras.layers.Dense(1, name="score"), name="doubled")


def trained() -> keras.Model:
    model = stack(keras.layers.Dense(1, name="score"), name="trained")
    model.compile(optimizer=keras.optimizers.SGD(0.01, momentum=0.9), loss="mse")
    model.fit(np.ones([4, 4], np.float32), np.zeros([4, 1], np.float32), epochs=1, batch_size=4, verbose=0)
    return model


PAIRS = {
    "noise_keras2_processes": two_layers,
    "noise_keras2_twice": lambda new: one_layer(),
    "noise_keras2_autonames": lambda new: unnamed_layers(),
    "noise_lstm_keras2": lambda new: Recurrent(),
    "change_layer_inserted": blocks,
    "change_layer_renamed": named_output,
    "change_keras2_lambda_added": doubled,
    "change_optimizer_dropped": lambda new: trained(),
}


def store(model: keras.Model | tf.Module, name: str) -> None:
    if isinstance(model, Recurrent):
        save(model, name, signatures=model.predict)
        return
    path = fresh(name)
    model.save(path, save_format="tf", include_optimizer=name != "change_optimizer_dropped/new")
    settle(path)


if __name__ == "__main__":
    make_pairs(PAIRS, store, together=["noise_keras2_twice", "noise_keras2_autonames"])
