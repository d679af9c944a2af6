"""What a variable, table or object is known by in every export of a model: never a checkpoint key or a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from smanalyze.facts.autonames import AutoNames
from smanalyze.facts.names import Names
from smanalyze.facts.objects import ObjectPaths
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
        self._paths: dict[int, str] = {}
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
        if not isinstance(key.id, int) or self.names.paths is None:
            return str(key.id)
        return self._path(self.names.paths, key.id)

    def _path(self, paths: ObjectPaths, number: int) -> str:
        found = self._paths.get(number)
        if found is None:
            steps, parent = paths.names[number], paths.parents[number]
            if steps is None:
                found = "nowhere"
            elif parent is None:
                found = ""
            else:  # as deep as the path is long, which object_paths limits
                unordered = steps[-1].isdecimal() and steps[-2:-1] and steps[-2] in _UNORDERED
                step = "*" if unordered else self.auto.plain(steps[-1])
                found = f"{self._path(paths, parent)}.{step}" if len(steps) > 1 else step
            self._paths[number] = found
        return found


def shape_text(shape: Shape) -> str:
    """A shape for hashing: ``?`` where the rank is unknown."""
    return "?" if shape is None else "[" + ",".join("?" if size is None else str(size) for size in shape) + "]"
