"""The nodes of one body as a networkx graph, for those who want its algorithms; our own claims are linear passes."""

from __future__ import annotations

from typing import Any

import networkx as nx

from smanalyze.graph.body import BodyIndex, output_position


def build_body_graph(index: BodyIndex) -> Any:
    """A networkx.MultiDiGraph with a node for each NodeDef and each argument, by name.

    Nodes have the attribute ``op`` (``_Arg`` for an argument). Edges run from producer to consumer; a data edge has
    ``output`` and ``input`` (positions) and the key of its input position, a control edge has ``control=True``.
    References to nodes that do not exist are left out.
    """
    graph: Any = nx.MultiDiGraph()
    graph.add_nodes_from((name, {"op": "_Arg"}) for name in index.arguments)
    graph.add_nodes_from((name, {"op": op}) for name, op in zip(index.names, index.ops, strict=True))
    for number, consumer in enumerate(index.names):
        position = 0
        for reference in index.inputs[number]:
            producer = index.producer(reference)
            control = reference.startswith("^")
            if producer is not None:
                start = index.names[producer] if producer >= 0 else index.arguments[-1 - producer]
                if control:
                    graph.add_edge(start, consumer, key="control", control=True)
                else:
                    graph.add_edge(start, consumer, key=position, output=output_position(reference), input=position)
            position += not control
    return graph
