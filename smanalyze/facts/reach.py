"""What runs when something is called: a query on the model's graph, told in names."""

from __future__ import annotations

from collections import Counter

from smanalyze.facts.names import Names
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.graph.ops import randomness, registered
from smanalyze.report.tensors import OpCount, Reach


def build_reach(graph: ModelGraph, names: Names, start: Key) -> Reach:
    """The reach of a signature or function."""
    functions = graph.functions_below([start])
    actors = [start, *(Key("function", name) for name in functions if Key("function", name) != start)]
    ops = graph.op_counts(start)
    variables = _ends(graph, actors, "captures", "variable")
    tables = _ends(graph, actors, "captures", "table")
    changed = [
        *_ends(graph, actors, "writes", "variable"),
        *_ends(graph, actors, "writes", "table"),
        *_ends(graph, actors, "writes", "resource"),
    ]
    assets = dict.fromkeys(_ends(graph, actors, "captures", "asset"))
    for table in tables:
        assets.update(dict.fromkeys(key for key in graph.sources(table, "initializes") if key.kind == "asset"))
    return Reach(
        nodes=sum(ops.values()),
        functions=len(functions),
        function_names=tuple(functions),
        ops=count_ops(ops),
        variables=tuple(sorted(names.of(key) for key in variables)),
        parameters=sum(names.elements(key) for key in variables),
        tables=tuple(sorted(names.of(key) for key in tables)),
        assets=tuple(sorted({names.of(key) for key in assets})),
        changes=tuple(sorted(names.of(key) for key in dict.fromkeys(changed))),
        random_ops=tuple(sorted(op for op in ops if randomness(op))),
        unregistered_ops=tuple(
            sorted(op for op in ops if registered(op) is None and op not in graph.library.functions)
        ),
    )


def build_names(graph: ModelGraph, names: Names, start: Key) -> Reach:
    """The names of the functions in a reach, and nothing of what they do: for a model of thousands of functions that is
    a tenth of the work."""
    below = tuple(graph.functions_below([start]))
    return Reach(0, len(below), below, (), (), 0, (), (), (), (), ())


def count_ops(ops: Counter[str]) -> tuple[OpCount, ...]:
    """Most frequent first, then by name."""
    return tuple(OpCount(op, count) for op, count in sorted(ops.items(), key=lambda item: (-item[1], item[0])))


def _ends(graph: ModelGraph, actors: list[Key], edge: str, kind: str) -> list[Key]:
    found: dict[Key, None] = {}
    for actor in actors:
        if actor in graph.edges:
            found.update(dict.fromkeys(graph.targets(actor, edge, kind)))  # type: ignore[arg-type]
    return list(found)
