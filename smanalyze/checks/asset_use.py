"""Which declared assets something in the graph reads."""

from __future__ import annotations

from smanalyze.graph.body import BodyIndex
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.graph.ops import registered

_PATH_OPS = frozenset({"RegexReplace", "StaticRegexReplace", "Substr", "MatchingFiles", "MatchingFilesDataset"})
"""Ops that can make the name of another file of one that is given."""


def read_assets(graph: ModelGraph) -> frozenset[str]:
    """File names of the assets that a function binds, a table is filled from, or whose path a node takes.

    All of them where one asset's path may lead to the others: TensorFlow Decision Forests cuts the path of one file
    down to its folder and hands that to an op of its own.
    """
    assets = graph.meta_graph.assets
    ops = graph.library.op_counts
    if any(op in _PATH_OPS or (registered(op) is None and op not in graph.library.functions) for op in ops):
        return frozenset(asset.filename for asset in assets)
    objects = graph.meta_graph.objects
    numbers = {
        objects.nodes[key.id].asset_index
        for key in graph.edges
        if objects is not None and key.kind == "asset" and isinstance(key.id, int)
        if graph.sources(key, "captures") or graph.targets(key, "initializes")
    }
    taken = _taken_nodes(graph.library.main, objects is not None)
    return frozenset(
        asset.filename
        for number, asset in enumerate(assets)
        if number in numbers or (asset.tensor_name and graph.library.main.producer(asset.tensor_name) in taken)
    )


def _taken_nodes(main: BodyIndex, has_objects: bool) -> set[int | None]:
    """Numbers of the nodes whose value another takes. An object-based export also writes each asset's path to a
    variable that stands for the asset in the graph; that alone is no use of it."""
    found = set()
    for number, references in enumerate(main.inputs):
        if not (has_objects and main.ops[number] == "AssignVariableOp"):
            found |= {main.producer(reference) for reference in references if reference[:1] != "^"}
    return found - {None}
