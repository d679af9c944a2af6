"""Names of functions in the library, without what an exporter counted."""

from __future__ import annotations

import re
from collections.abc import Iterable

from smanalyze.facts.autonames import AutoNames

_STEM = re.compile(r"^__(?:inference|forward|backward)_|_\d+$")

_HASH = re.compile(r"(?<=.)_(?=\w*[A-Z])(?=\w*[a-z])[A-Za-z0-9]{11}$")
"""What TF1 appends to the name of a Defun: a hash (tensorflow/python/framework/function.py: _create_hash_str)."""

_KERAS = re.compile(r"(?P<layer>.+)_layer_call_(?:fn|and_return_(?:all_)?conditional_losses)")
"""How Keras 2 names the functions of a layer (tensorflow/python/keras/saving/saved_model/save_impl.py)."""

_GENERATED = re.compile(
    r"signature_wrapper.*|_wrapped_model|pruned|restored_function_body|<lambda>|_creator|_initializer|_destroyer|"
    r"tf_data_structured_function_wrapper.*|internal_grad_fn|.*_(?:true|false|cond|body|branch\d+)|"
    r".*_layer_call_fn|_identity|_traced_save|_traced_restore"
)
"""Functions that TensorFlow names by itself, and Keras's wrappers around a layer's call."""


def stem_of(name: str) -> str:
    """A function's name without what an exporter counted."""
    return _STEM.sub("", name) if name.startswith("__") else _HASH.sub("", _STEM.sub("", name))


def layer_of(stem: str) -> str:
    """The layer that a function of Keras 2 belongs to, by the function's stem; "" for another function."""
    match = _KERAS.fullmatch(stem)
    return match["layer"] if match else ""


def is_generated(stem: str) -> bool:
    """Whether nobody chose the name."""
    return _GENERATED.fullmatch(stem) is not None


class PlainStems:
    """The stems of one library with the counters of automatic layer names replaced by ranks: ``conv2d_1_layer_call_fn``
    of a process that built a model before is ``conv2d_layer_call_fn``."""

    def __init__(self, names: Iterable[str]) -> None:
        self._stems = {name: stem_of(name) for name in names}
        self._auto = AutoNames(layer_of(stem) or stem for stem in dict.fromkeys(self._stems.values()))

    def stem(self, name: str) -> str:
        """``stem_of`` a function of the library."""
        return self._stems[name]

    def of(self, name: str) -> str:
        """The plain stem of a function of the library."""
        stem = self._stems[name]
        layer = layer_of(stem)
        return self._auto.plain(layer) + stem[len(layer) :] if layer else self._auto.plain(stem)
