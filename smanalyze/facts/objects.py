"""Where each object of a MetaGraph's object graph hangs: paths as the checkpoint and as Python write them."""

from __future__ import annotations

from functools import lru_cache
from keyword import iskeyword
from unicodedata import normalize

from smanalyze.model.objects import ObjectGraph, SavedObject
from smanalyze.model.record import record

_LISTS = frozenset({"trackable_list_wrapper", "trackable_tuple_wrapper"})
_DICTS = frozenset({"trackable_dict_wrapper", "signature_map"})


@record
class ObjectPaths:
    """Per object id: its shortest path of child names from the root (breadth first, as TensorFlow's own checkpoint
    keys are made), None for an object that no path reaches."""

    graph: ObjectGraph
    names: tuple[tuple[str, ...] | None, ...]
    parents: tuple[int | None, ...]

    def checkpoint_path(self, object_id: int) -> str | None:
        """The path as checkpoint keys spell it (tensorflow/python/trackable/trackable_utils.py: escape_local_name)."""
        names = self.names[object_id]
        if names is None:
            return None
        return "/".join(map(_escaped, names))

    def _chain(self, object_id: int) -> list[tuple[SavedObject, str]]:
        """(parent, child name) of each step from the root."""
        chain: list[tuple[SavedObject, str]] = []
        current = object_id
        while (parent := self.parents[current]) is not None:
            names = self.names[current]
            assert names is not None
            chain.append((self.graph.nodes[parent], names[-1]))
            current = parent
        return chain[::-1]

    def expression(self, object_id: int) -> str:
        """Python code for the object, where the loaded root is called ``model``; a ``__call__`` is left out."""
        text = "model"
        for parent, name in self._chain(object_id):
            text = expression_step(text, parent, name)
        return text

    def steps(self, object_id: int) -> tuple[tuple[str, str], ...]:
        """The same path for a program that walks it: pairs of ``attribute``, ``index`` or ``key``, and the name."""
        kinds = {"[": "key", ".": "attribute"}
        return tuple(
            ("index", name) if step == f"[{name}]" else (kinds[step[0]], name)
            for step, name in ((python_step(parent, name), name) for parent, name in self._chain(object_id))
        )

    def python_path(self, object_id: int) -> str:
        """How Python reaches the object from the loaded root: ``encoder.layers[2].call``; "" for the root, and for
        an object that no path reaches."""
        text = "".join(python_step(parent, name) for parent, name in self._chain(object_id))
        return text.removeprefix(".")


@lru_cache(maxsize=4096)
def _escaped(name: str) -> str:
    return name.replace(".", "..").replace("/", ".S")


def expression_step(before: str, parent: SavedObject, name: str) -> str:
    """The Python expression for a child, given the one for its parent; names that are no words need getattr."""
    if name == "__call__":
        return before
    step = python_step(parent, name)
    return f"getattr({before}, {name!r})" if step.startswith(".") and not is_word(name) else before + step


def is_word(name: str) -> bool:
    """Whether Python takes the name as it is: keywords it refuses, and compatibility characters it replaces."""
    return name.isidentifier() and not iskeyword(name) and (name.isascii() or normalize("NFKC", name) == name)


def python_step(parent: SavedObject, name: str) -> str:
    """One step from a parent to its child: an attribute, an index, or a key."""
    if parent.identifier in _LISTS and name.isdecimal():
        return f"[{name}]"
    if parent.identifier in _DICTS or not name.isidentifier():
        return f"[{name!r}]" if parent.identifier in _DICTS else f".{name}"
    return f".{name}"


def object_paths(graph: ObjectGraph) -> ObjectPaths:
    """Paths of all objects, breadth first from object 0; linear in the number of children."""
    count = len(graph.nodes)
    names: list[tuple[str, ...] | None] = [None] * count
    parents: list[int | None] = [None] * count
    if count:
        names[0] = ()
    queue = [0] if count else []
    for current in queue:
        prefix = names[current]
        assert prefix is not None
        if len(prefix) > 200:  # a chain longer than any real one; paths would grow quadratically
            continue
        for name, child in graph.nodes[current].children:
            if 0 <= child < count and names[child] is None:
                names[child] = (*prefix, name)
                parents[child] = current
                queue.append(child)
    return ObjectPaths(graph, tuple(names), tuple(parents))


def function_holders(graph: ObjectGraph) -> dict[int, list[tuple[int, str]]]:
    """(object, name) of what each function object hangs under."""
    functions = {node.id for node in graph.nodes if node.function is not None}
    found: dict[int, list[tuple[int, str]]] = {number: [] for number in functions}
    for node in graph.nodes:
        for name, child in node.children:
            if child in functions:
                found[child].append((node.id, name))
    return found
