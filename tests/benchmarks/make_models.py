"""Makes the models of the benchmarks: python make_models.py OUTDIR [NAME ...]. They are too large to be fixtures.

With TensorFlow 2.21:

* ``resnet50``, ``mobilenet``: Keras applications with fresh weights, exported by Keras 3;
* ``resnet50_again``: the same model, of the same seed, exported by another process;
* ``layers_15k``, ``layers_60k``: a tf.Module of that many small layers, four nodes each (240,000 nodes).

With TensorFlow 2.15, whose Keras is Keras 2 (run with another TensorFlow, it makes none of them):

* ``efficientnet_b7_keras2``: EfficientNetB7 with fresh weights, by ``model.save``: 3,600 functions;
* ``efficientnet_b7_keras2_changed``: the same, but a GELU for a swish in one of its last blocks.

With TensorFlow 2.21, and only when named, because they take 2 GB of disk:

* ``weights_1gb``, ``weights_1gb_nudged``: 16 variables of 64 MB of normally distributed float32, and every value
  changed a little.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


def _keras(name: str) -> Any:
    def make(target: Path) -> None:
        import keras

        keras.utils.set_random_seed(1)
        getattr(keras.applications, name)(weights=None).export(str(target), verbose=False)

    return make


def _again(name: str) -> Any:
    """The model of that name, made by another process, where sets and dicts of objects have another order."""

    def make(target: Path) -> None:
        folder = target.with_suffix(".part")
        subprocess.run([sys.executable, __file__, str(folder), name], check=True, stdout=subprocess.DEVNULL)
        (folder / name).rename(target)
        folder.rmdir()

    return make


def _efficientnet(changed: bool) -> Any:
    def make(target: Path) -> None:
        import tensorflow as tf

        tf.keras.utils.set_random_seed(1)
        model = tf.keras.applications.EfficientNetB7(weights=None)
        if changed:
            model.get_layer("block7c_activation").activation = tf.keras.activations.gelu
        model.save(target, save_format="tf")

    return make


def _weights(nudged: bool) -> Any:
    def make(target: Path) -> None:
        import numpy as np
        import tensorflow as tf

        module = tf.Module()
        values, noise = np.random.default_rng(1), np.random.default_rng(2)
        module.tensors = []
        for number in range(16):
            value = values.standard_normal((4096, 4096), np.float32)
            if nudged:
                value = value * np.float32(1.001) + noise.standard_normal(value.shape, np.float32) * np.float32(1e-3)
            module.tensors.append(tf.Variable(value, name=f"tensor_{number:02d}"))
        module.total = tf.function(lambda: tf.add_n(module.tensors), input_signature=[])
        tf.saved_model.save(module, str(target), signatures=module.total)

    return make


def _layers(count: int) -> Any:
    def make(target: Path) -> None:
        import tensorflow as tf

        class Tower(tf.Module):  # type: ignore[misc]
            """Many small layers, each in its own name scope: a constant, Mul, AddV2, Relu."""

            @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")], autograph=False)
            def __call__(self, x: Any) -> Any:
                for i in range(count):
                    with tf.name_scope(f"layer_{i}"):
                        x = tf.nn.relu(x * float(i) + x)
                return {"y": x}

        tower = Tower()
        tf.saved_model.save(tower, str(target), signatures=tower.__call__)

    return make


MODELS = {
    "resnet50": _keras("ResNet50"),
    "resnet50_again": _again("resnet50"),
    "mobilenet": _keras("MobileNet"),
    "layers_15k": _layers(15_000),
    "layers_60k": _layers(60_000),
}
KERAS2_MODELS = {
    "efficientnet_b7_keras2": _efficientnet(changed=False),
    "efficientnet_b7_keras2_changed": _efficientnet(changed=True),
}
WEIGHTS = {
    "weights_1gb": _weights(nudged=False),
    "weights_1gb_nudged": _weights(nudged=True),
}


def main() -> int:
    """Makes those that are not there yet."""
    import tensorflow as tf

    folder = Path(sys.argv[1])
    keras2 = tf.__version__.startswith("2.15.")
    makers = KERAS2_MODELS if keras2 else MODELS | WEIGHTS
    for name in sys.argv[2:] or (KERAS2_MODELS if keras2 else MODELS):
        if name not in makers:
            raise SystemExit(f"{name} is not made with this TensorFlow; there are {', '.join(makers)}.")
        if not (folder / name / "saved_model.pb").exists():
            makers[name](folder / name)
            print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
