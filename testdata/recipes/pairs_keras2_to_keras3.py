# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0", "keras==3.15.1"]
# ///
"""The same layers and weights saved by Keras 2, and exported by Keras 3.

To be run twice: with TensorFlow 2.15.1 it makes the old side, with 2.21.0 the new one.
"""

from _common import fresh
from _pairs import fill
from _tf import seed, settle, tf

MODELS = ("change_keras2_to_keras3",)

keras = tf.keras
KERAS2 = tf.__version__.startswith("2.15.")


def main() -> None:
    seed()
    layers = [
        keras.Input([4], name="features"),
        keras.layers.Dense(3, activation="relu", name="hidden"),
        keras.layers.Dense(2, name="logits"),
    ]
    model = fill(keras.Sequential(layers, name="moved"))
    path = fresh(f"change_keras2_to_keras3/{'old' if KERAS2 else 'new'}")
    if KERAS2:
        model.save(path, save_format="tf")
    else:
        model.export(path, verbose=False)
    settle(path)


if __name__ == "__main__":
    main()
