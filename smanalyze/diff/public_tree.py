"""The object tree as Python users walk it: attributes, list places and keys, without what is private or bookkeeping."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smanalyze.facts.identity import Identities
from smanalyze.facts.layers_metadata import LAYER_KINDS
from smanalyze.facts.objects import python_step
from smanalyze.model.objects import SavedObject

Steps = tuple[str, ...]

_COUNTED = frozenset({"trackable_list_wrapper", "trackable_tuple_wrapper"})
PLAIN = frozenset({*_COUNTED, "trackable_dict_wrapper", "signature_map"})
"""Objects that only hold others."""

LISTS = ("variables", "trainable_variables", "regularization_losses")
"""What ``hub.KerasLayer`` takes from the loaded object besides its functions."""

_KERAS_PLACE = re.compile(r"layer(_with_weights)?-\d+")
_BOOKKEEPING = frozenset({
    *LISTS, "non_trainable_variables", "signatures", "keras_api", "optimizer", "call_and_return_conditional_losses",
    "call_and_return_all_conditional_losses",
})  # fmt: skip
_FUNCTIONS = ("function", "bare_concrete_function")
MAX_DEPTH = 50
"""Steps to an object: no real tree is as deep, and the paths of a chain grow with its square."""


class PublicTree:
    """The objects of one MetaGraph that a public path leads to. The shortest path to each, first by name, is its own;
    other names for it count, too."""

    def __init__(self, one: Identities) -> None:
        objects = one.graph.meta_graph.objects
        self.auto = one.auto
        self.nodes: tuple[SavedObject, ...] = objects.nodes if objects is not None else ()
        self.own: dict[int, Steps] = {}
        self.places: dict[Steps, int] = {}
        """Every path by which its own path's parent names an object."""
        self._children: dict[int, dict[str, int]] = {}
        self._walk()

    def _walk(self) -> None:
        if not self.nodes:
            return
        self.own[0] = ()
        queue = [0]
        for current in queue:
            steps = self.own[current]
            for name, child in sorted(self.children(current).items()) if len(steps) < MAX_DEPTH else ():
                self.places[(*steps, name)] = child
                if child not in self.own:
                    self.own[child] = (*steps, name)
                    if self.nodes[child].function is None:
                        queue.append(child)

    def children(self, number: int) -> dict[str, int]:
        """The public children of an object by name."""
        known = self._children.get(number)
        if known is None:
            node, count = self.nodes[number], len(self.nodes)
            known = self._children[number] = {
                name: child for name, child in node.children if 0 <= child < count and _is_public(name)
            }  # fmt: skip
        return known

    def find(self, steps: Steps) -> int | None:
        """The object that a path leads to, whichever way round."""
        current = 0 if self.nodes else None
        for step in steps:
            current = self.children(current).get(step) if current is not None else None
        return current

    def function(self, steps: Steps) -> int | None:
        """The function that a call of this path runs: it, or the ``__call__`` of an object there."""
        number = self.find(steps)
        if number is not None and self.nodes[number].kind not in _FUNCTIONS:
            number = self.children(number).get("__call__")
        if number is None and steps[-1:] == ("__call__",):
            number = self.find(steps[:-1]) if steps[:-1] else None
        return number if number is not None and self.nodes[number].kind in _FUNCTIONS else None

    def text(self, steps: Steps) -> str:
        """The path as Python writes it: ``encoder.layers[2].call``; "" for the root."""
        text, current = "", 0
        for step in steps:
            text += python_step(self.nodes[current], step)
            current = self.children(current)[step]
        return text.removeprefix(".")

    def below(self, steps: Steps) -> Iterator[tuple[Steps, int]]:
        """(path, object) of an object and of all whose own path goes through it."""
        start = self.places.get(steps)
        stack = [(steps, start)] if start is not None else []
        while stack:
            path, number = stack.pop()
            yield path, number
            if self.nodes[number].function is None and (self.own[number] == path):
                stack += [((*path, name), child) for name, child in sorted(self.children(number).items(), reverse=True)]

    def aside(self, steps: Steps) -> str:
        """``list`` for a path that counts places in a list, where another may stand tomorrow; ``layer`` for what
        belongs to a layer inside a Keras model; else ""."""
        current, layers = 0, 0
        for step in steps:
            layers += self.nodes[current].identifier in LAYER_KINDS
            if step.isdecimal() and self.nodes[current].identifier in _COUNTED:
                return "list"
            current = self.children(current)[step]
        layers += self.nodes[current].identifier in LAYER_KINDS
        return "layer" if layers > 1 else ""


def _is_public(name: str) -> bool:
    if name.startswith("_"):
        return len(name) > 4 and name.startswith("__") and name.endswith("__")
    return name not in _BOOKKEEPING and not _KERAS_PLACE.fullmatch(name)
