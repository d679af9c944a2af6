"""The typed edges of one MetaGraph, as plain dictionaries; networkx gets them when somebody asks for its graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from smanalyze.graph.keys import EdgeKind, Key

_Ends = dict[Key, dict[str, Any]]


class Edges:
    """A directed graph of ``Key``s with at most one edge of each kind between two of them.

    ``targets`` and ``sources`` give, in order of insertion, what a key is linked to. Our own questions are walks over
    these: importing networkx takes as long as reading a model of some thousand nodes.
    """

    def __init__(self) -> None:
        self._nodes: dict[Key, None] = {}
        self._after: dict[EdgeKind, dict[Key, _Ends]] = {kind: {} for kind in get_args(EdgeKind)}
        self._before: dict[EdgeKind, dict[Key, _Ends]] = {kind: {} for kind in get_args(EdgeKind)}

    def __iter__(self) -> Iterator[Key]:
        return iter(self._nodes)

    def __contains__(self, key: object) -> bool:
        return key in self._nodes

    def add_nodes(self, keys: Iterable[Key]) -> None:
        """Nodes, which may be there already."""
        self._nodes.update(dict.fromkeys(keys))

    def add(self, start: Key, end: Key, kind: EdgeKind, **attributes: Any) -> None:
        """An edge; one of the same kind that is there already takes the attributes."""
        self._nodes[start] = self._nodes[end] = None
        after, before = self._after[kind], self._before[kind]
        ends = after.get(start)
        if ends is None:
            ends = after[start] = {}
        if end in ends:
            ends[end].update(attributes)
            return
        ends[end] = attributes
        starts = before.get(end)
        if starts is None:
            starts = before[end] = {}
        starts[start] = attributes

    def add_first(self, start: Key, kind: EdgeKind, ends: _Ends) -> None:
        """Edges of one kind from ``start``, which has none of that kind yet, to ``ends`` with their attributes."""
        if not ends:
            return
        self._nodes[start] = None
        self._nodes.update(dict.fromkeys(ends))
        self._after[kind][start] = ends
        before = self._before[kind]
        for end, attributes in ends.items():
            starts = before.get(end)
            if starts is None:
                before[end] = {start: attributes}
            else:
                starts[start] = attributes

    def targets(self, start: Key, kind: EdgeKind) -> _Ends:
        """The ends of the edges of one kind that leave a key, each with the attributes of its edge."""
        return self._after[kind].get(start, _NONE)

    def sources(self, end: Key, kind: EdgeKind) -> _Ends:
        """The starts of the edges of one kind that enter a key, each with the attributes of its edge."""
        return self._before[kind].get(end, _NONE)

    def add_to(self, graph: Any) -> None:
        """Adds the same nodes and edges to a networkx.MultiDiGraph; the key of an edge is its kind."""
        graph.add_nodes_from(self._nodes)
        for kind, starts in self._after.items():
            for start, ends in starts.items():
                for end, attributes in ends.items():
                    graph.add_edge(start, end, key=kind, **attributes)


_NONE: _Ends = {}
