"""Makes the models of the benchmark: python make_models.py OUTDIR [NAME ...]. Needs tensorflow (2.21).

* ``resnet50``, ``mobilenet``: Keras applications with fresh weights, exported by Keras 3.
* ``layers_15k``, ``layers_60k``: a tf.Module of that many small layers, four nodes each (240,000 nodes).

They are too large to be fixtures.
"""

from __future__ import annotations

import os
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
    "mobilenet": _keras("MobileNet"),
    "layers_15k": _layers(15_000),
    "layers_60k": _layers(60_000),
}


def main() -> int:
    """Makes those that are not there yet."""
    folder = Path(sys.argv[1])
    for name in sys.argv[2:] or MODELS:
        if not (folder / name / "saved_model.pb").exists():
            MODELS[name](folder / name)
            print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
