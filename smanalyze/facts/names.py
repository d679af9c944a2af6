"""What the keys of a model's graph are called in a report, and how large their variables are."""

from __future__ import annotations

from math import prod

from smanalyze.facts.objects import ObjectPaths, object_paths
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.model.tensors import Shape


class Names:
    """Names of one MetaGraph's keys: a variable's own name, a table's path, an asset's file name."""

    def __init__(self, graph: ModelGraph) -> None:
        self.graph = graph
        objects = graph.meta_graph.objects
        self.paths: ObjectPaths | None = object_paths(objects) if objects else None
        self._assets = [asset.filename for asset in graph.meta_graph.assets]
        self._main_at = graph.library.main.at

    def of(self, key: Key) -> str:
        """The name of a variable, table, asset, constant or resource; of anything else its id."""
        if isinstance(key.id, str) or self.paths is None:
            return str(key.id)
        node = self.paths.graph.nodes[key.id]
        if key.kind == "variable" and node.variable and node.variable.name:
            return node.variable.name
        if key.kind == "asset" and node.asset_index is not None and 0 <= node.asset_index < len(self._assets):
            return self._assets[node.asset_index]
        return self.paths.python_path(key.id) or f"object {key.id}"

    def shape(self, key: Key) -> Shape:
        """A variable's shape; None where it is unknown."""
        if isinstance(key.id, int) and self.paths is not None:
            variable = self.paths.graph.nodes[key.id].variable
            return variable.shape if variable else None
        number = self._main_at.get(str(key.id))
        return self.graph.library.main.node(number).attr_shape("shape") if number is not None and number >= 0 else None

    def elements(self, key: Key) -> int:
        """The number of a variable's elements; 0 where its shape is not fully known."""
        shape = self.shape(key)
        if shape is None or None in shape:
            return 0
        return prod(size or 0 for size in shape)
