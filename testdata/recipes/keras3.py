# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0", "keras==3.15.1"]
# ///
"""Keras 3: `model.export` (no layers kept, every weight stored twice) and tf.saved_model.save (optimizer kept)."""

import numpy as np
from _common import fresh
from _tf import save, seed, settle, tf

MODELS = ("keras3_export", "keras3_saved_model")

keras = tf.keras


def image_model() -> keras.Model:
    inputs = keras.Input([8, 8, 1], name="image")
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(inputs)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dropout(0.5, name="dropout")(x)
    outputs = keras.layers.Dense(3, activation="softmax", name="classes")(x)
    return keras.Model(inputs, outputs, name="image_model")


def trained_model() -> keras.Model:
    model = keras.Sequential(
        [keras.Input([4], name="features"), keras.layers.Dense(3, name="hidden"), keras.layers.Dense(1, name="score")],
        name="trained_model",
    )
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    model.fit(np.ones([4, 4], np.float32), np.zeros([4, 1], np.float32), epochs=1, batch_size=4, verbose=0)
    return model


def main() -> None:
    seed()
    path = fresh("keras3_export")
    image_model().export(path, verbose=False)
    settle(path)

    save(trained_model(), "keras3_saved_model")


if __name__ == "__main__":
    main()
