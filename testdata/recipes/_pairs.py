"""What the recipes of pairs share: a process for each side, the same weights on both, other function ids on one."""

import subprocess
import sys
from collections.abc import Callable, Collection, Mapping

import numpy as np
from _common import OUTPUT
from _tf import seed, tf

INSERTED = "inserted"
"""How the names of layers begin that only the new side has."""


def make_pairs(build: Mapping[str, Callable], store: Callable, together: Collection[str] = ()) -> None:
    """Both sides of every pair of `build`: store(build[name](new), "name/old" or "name/new"), new being a bool.

    Each side has a process of its own; both sides of a pair in `together` have one. `python RECIPE DIR SIDE ...` makes
    these sides in this process.
    """
    if sys.argv[2:]:
        for place in sys.argv[2:]:
            name, _, side = place.partition("/")
            seed()
            store(build[name](side == "new"), place)
        return
    recipe = sys.modules["__main__"].__file__  # absolute, unlike sys.argv[0]
    for name in build:
        sides = [f"{name}/old", f"{name}/new"]
        for group in [sides] if name in together else [[side] for side in sides]:
            subprocess.run([sys.executable, recipe, str(OUTPUT), *group], check=True)


def values(*key: int, shape) -> np.ndarray:
    """Numbers that depend on the key alone: kernels around zero, vectors (a variance among them) around one."""
    random = np.random.default_rng(key)
    return random.uniform(0.5, 1.5, shape) if len(shape) < 2 else random.normal(0.0, 0.5, shape)


def fill(model):
    """The Keras model with weights that depend on a layer's place alone; inserted layers come last."""
    layers = sorted(model.layers, key=lambda layer: layer.name.startswith(INSERTED))
    for place, layer in enumerate(layers):
        for number, weight in enumerate(layer.weights):
            weight.assign(values(place, number, shape=tuple(weight.shape)))
    return model


def shift_ids(new: bool) -> None:
    """On the new side, trace functions that nobody saves: all later ones get higher numbers."""
    for number in range(37 if new else 0):
        tf.function(lambda x, number=number: x + number).get_concrete_function(tf.TensorSpec([], tf.float32))
