"""What a variable, table or object is known by in every export of a model: never a checkpoint key or a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from smanalyze.facts.autonames import AutoNames
from smanalyze.facts.names import Names
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.model.objects import SavedObject
from smanalyze.model.tensors import Shape

_UNORDERED = frozenset({"_all_variables"})
"""Lists whose order follows the identity of objects in the process that wrote them."""


class Identities:
    """The identities of one MetaGraph's variables and objects. ``renamed`` gives those of variables that are known by
    another name, by their own."""

    def __init__(self, graph: ModelGraph, names: Names, renamed: Mapping[str, str] | None = None) -> None:
        self.graph = graph
        self.names = names
        variables = [key for key in graph.edges if key.kind == "variable"]
        self.auto = AutoNames([*map(names.of, variables), *self._layer_names()])
        known = renamed or {}
        plain = {key: known.get(names.of(key)) or self.auto.plain(names.of(key)) for key in variables}
        self._plain = plain
        counts = Counter(plain.values())
        self._labels = {
            key: name if counts[name] == 1 else f"{name}|{self.path(key)}" for key, name in plain.items()
        }  # fmt: skip

    def _layer_names(self) -> Iterable[str]:
        for node in self._nodes:
            for child, _ in node.children:
                if not child.isdecimal():
                    yield child

    @property
    def _nodes(self) -> tuple[SavedObject, ...]:
        objects = self.graph.meta_graph.objects
        return objects.nodes if objects is not None else ()

    def of(self, key: Key) -> str:
        """The identity of a variable by its name; of several of one name, by their paths too. Of anything else in the
        object graph its path, else what names it."""
        if key.kind == "variable":
            return self._labels.get(key, "")
        return self.path(key) if isinstance(key.id, int) else self.names.of(key)

    def label(self, key: Key) -> str:
        """The name of a variable without its counter, whether others have it or not."""
        return self._plain.get(key, "")

    def path(self, key: Key) -> str:
        """Where an object hangs, with ``*`` for places in lists of no order."""
        paths = self.names.paths
        if not isinstance(key.id, int) or paths is None:
            return str(key.id)
        steps = paths.names[key.id]
        if steps is None:
            return "nowhere"
        return ".".join(
            "*" if step.isdecimal() and number and steps[number - 1] in _UNORDERED else self.auto.plain(step)
            for number, step in enumerate(steps)
        )


def shape_text(shape: Shape) -> str:
    """A shape for hashing: ``?`` where the rank is unknown."""
    return "?" if shape is None else "[" + ",".join("?" if size is None else str(size) for size in shape) + "]"
