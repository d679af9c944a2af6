"""The typed edges of one MetaGraph, as plain dictionaries; networkx gets them when somebody asks for its graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from smanalyze.graph.keys import EdgeKind, Key

_Ends = dict[Key, dict[EdgeKind, dict[str, Any]]]


class Edges:
    """A directed graph of ``Key``s with at most one edge of each kind between two of them.

    ``after`` and ``before`` give, by key, the neighbours with the kinds of the edges to them and their attributes, all
    in order of insertion. Our own questions are walks over these: importing networkx takes as long as reading a model
    of some thousand nodes.
    """

    def __init__(self) -> None:
        self.after: dict[Key, _Ends] = {}
        self.before: dict[Key, _Ends] = {}

    def __iter__(self) -> Iterator[Key]:
        return iter(self.after)

    def __contains__(self, key: object) -> bool:
        return key in self.after

    def add_node(self, key: Key) -> None:
        """A node, which may be there already."""
        if key not in self.after:
            self.after[key] = {}
            self.before[key] = {}

    def add_nodes(self, keys: Iterable[Key]) -> None:
        """Nodes, which may be there already."""
        for key in keys:
            self.add_node(key)

    def add(self, start: Key, end: Key, kind: EdgeKind, **attributes: Any) -> None:
        """An edge; one of the same kind that is there already takes the attributes."""
        self.add_node(start)
        self.add_node(end)
        edges = self.after[start].setdefault(end, {})
        if kind in edges:
            edges[kind].update(attributes)
        else:
            edges[kind] = attributes
        self.before[end].setdefault(start, edges)

    def to_networkx(self) -> Any:
        """A networkx.MultiDiGraph of the same nodes and edges; the key of an edge is its kind."""
        import networkx as nx

        graph: Any = nx.MultiDiGraph()
        graph.add_nodes_from(self.after)
        for start, ends in self.after.items():
            for end, edges in ends.items():
                for kind, attributes in edges.items():
                    graph.add_edge(start, end, key=kind, **attributes)
        return graph
