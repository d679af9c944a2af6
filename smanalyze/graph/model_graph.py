"""The typed graph of one MetaGraph: what contains, calls, captures, reads, writes and initializes what.

Its nodes are ``Key``s; in its networkx MultiDiGraph the key of an edge is its kind:

* ``contains``: an object has a child (attribute ``name``);
* ``calls``: a signature, function or the init op runs a function (attributes ``op`` and ``attr``);
* ``captures``: a function binds an object, as one of its bound inputs (attribute ``position``);
* ``reads``, ``writes``: a signature, function or the init op does so to a variable or table;
* ``initializes``: a function or asset fills a table;
* ``gradient``: a function's gradient function.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from smanalyze.errors import UsageError
from smanalyze.graph.builder import GraphBuilder
from smanalyze.graph.edges import Edges
from smanalyze.graph.keys import EdgeKind, Key, KeyKind
from smanalyze.graph.library import Library
from smanalyze.model.saved_model import MetaGraph

MAX_WALKED = 2_000_000
"""Functions named by all answers of ``functions_below`` together; real models stay a hundred times below."""

__all__ = ["Key", "ModelGraph"]


class ModelGraph:
    """The graph of one MetaGraph with its queries."""

    def __init__(self, meta_graph: MetaGraph) -> None:
        self.meta_graph = meta_graph
        self.library = Library(meta_graph)
        built = GraphBuilder(meta_graph, self.library)
        self.edges = built.edges
        self._object_edges = built.object_edges
        self._keys = built.keys
        self._main_resources = built.main_resources
        self._slices = built.slices
        self.is_cut = built.is_cut
        self._walked = 0

    @cached_property
    def nx(self) -> Any:
        """All of it as a networkx graph, for those who want its algorithms; made when first asked for."""
        import networkx as nx

        graph: Any = nx.MultiDiGraph()
        self._tree.add_to(graph)
        self.edges.add_to(graph)
        return graph

    @cached_property
    def _tree(self) -> Edges:
        """The edges of the object tree, which hardly anybody asks for: they are half of all."""
        return self._object_edges()

    def key_of(self, object_id: int) -> Key | None:
        """The key of an object; None if there is no such object."""
        return self._keys[object_id] if 0 <= object_id < len(self._keys) else None

    def body_graph(self, function: str | None = None) -> Any:
        """The nodes of one function, or of the main graph, as a networkx graph of its own, built now.

        Raises UsageError if the library has no such function.
        """
        if function is not None and function not in self.library.functions:
            raise UsageError(f"The library has no function {function!r}.")
        from smanalyze.graph.body_graph import build_body_graph

        return build_body_graph(self.library.main if function is None else self.library.index(function))

    def main_slice(self, signature: str) -> frozenset[int]:
        """Numbers of the main-graph nodes that a signature's outputs need."""
        return self._slices[signature]

    def main_resource(self, number: int) -> Key | None:
        """What a main-graph node stands for: a variable, table, asset or constant; None for any other node."""
        return self._main_resources.get(number)

    def targets(self, key: Key, edge: EdgeKind, kind: KeyKind | None = None) -> list[Key]:
        """Ends of the edges of one kind that leave ``key``, in order of insertion; of one node kind if asked."""
        ends = (self._tree if edge == "contains" else self.edges).targets(key, edge)
        return [end for end in ends if kind is None or end.kind == kind]

    def sources(self, key: Key, edge: EdgeKind) -> list[Key]:
        """Starts of the edges of one kind that enter ``key``."""
        return list((self._tree if edge == "contains" else self.edges).sources(key, edge))

    def functions_below(self, starts: Iterable[Key]) -> list[str]:
        """Names of all functions that run when the starts do, those among the starts included, sorted; a function
        that is called but not in the library is among them.

        Once all answers together have named more than MAX_WALKED functions only the starts themselves are named, and
        ``is_cut`` becomes true: chains of thousands of functions that are all callable would take hours.
        """
        seen: set[Key] = set()
        stack = list(starts)
        if self._walked > MAX_WALKED:
            self.is_cut = True
            return sorted(str(key.id) for key in stack if key.kind == "function")
        while stack:
            key = stack.pop()
            if key in seen:
                continue
            seen.add(key)
            stack.extend(self.targets(key, "calls", "function"))
        self._walked += len(seen)
        return sorted(str(key.id) for key in seen if key.kind == "function")

    def touched(self, start: Key, edge: EdgeKind, kind: KeyKind) -> list[Key]:
        """What the start, or a function below it, has an edge of this kind to."""
        actors = [start, *(Key("function", name) for name in self.functions_below([start]))]
        found: dict[Key, None] = {}
        for actor in dict.fromkeys(actors):
            if actor in self.edges:
                found.update(dict.fromkeys(self.targets(actor, edge, kind)))
        return list(found)

    def op_counts(self, start: Key) -> Counter[str]:
        """How often each op occurs in what runs: the main-graph nodes of a signature and every function below it."""
        total: Counter[str] = Counter()
        if start.kind == "signature":
            ops = self.library.main.ops
            total.update(ops[number] for number in self._slices[str(start.id)] if number >= 0)
        for name in self.functions_below([start]):
            if name in self.library.functions:
                total.update(self.library.index(name).op_counts)
        return total

    def walk(self, key: Key, edge: EdgeKind) -> Iterator[tuple[Key, Key]]:
        """(start, end) of each edge of one kind reachable from ``key``, breadth first, each node left once."""
        seen = {key}
        queue = [key]
        for start in queue:
            for end in self.targets(start, edge):
                yield start, end
                if end not in seen:
                    seen.add(end)
                    queue.append(end)
