"""What tools leave behind in the models they write, collected once for the detectors of ``writer``."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.objects import SavedObject
from smanalyze.model.saved_model import SavedModel


class Traces:
    """Ops, node names, functions, collections and objects of all MetaGraphs; each made when first asked for."""

    def __init__(self, model: SavedModel, graphs: tuple[ModelGraph, ...] = ()) -> None:
        self.model = model
        self._graphs = graphs

    @cached_property
    def ops(self) -> Counter[str]:
        """Ops of all main graphs and functions."""
        found: Counter[str] = Counter()
        for graph in self._graphs:
            found.update(graph.library.op_counts)
        for meta_graph in () if self._graphs else self.model.meta_graphs:
            for body in (meta_graph.graph, *meta_graph.graph.functions.values()):
                found.update(node.op for node in body.nodes)
        return found

    @cached_property
    def main_names(self) -> tuple[str, ...]:
        """Names of the main graphs' nodes."""
        if self._graphs:
            return tuple(name for graph in self._graphs for name in graph.library.main.names)
        return tuple(node.name for meta_graph in self.model.meta_graphs for node in meta_graph.graph.nodes)

    @cached_property
    def main_scopes(self) -> frozenset[str]:
        """Every component of the main graphs' node names but the last."""
        prefixes = {name.rpartition("/")[0] for name in self.main_names}
        return frozenset(component for prefix in prefixes for component in prefix.split("/"))

    @cached_property
    def objects(self) -> tuple[SavedObject, ...]:
        """All objects of all MetaGraphs."""
        return tuple(node for m in self.model.meta_graphs if m.objects for node in m.objects.nodes)

    @cached_property
    def root(self) -> frozenset[str]:
        """Names of the root object's children, over all MetaGraphs."""
        roots = (m.objects.nodes[0] for m in self.model.meta_graphs if m.objects and m.objects.nodes)
        return frozenset(name for node in roots for name, _ in node.children)

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """Names of all library functions."""
        return tuple(name for m in self.model.meta_graphs for name in m.graph.functions)

    @cached_property
    def collections(self) -> frozenset[str]:
        """Names of all TF1 collections."""
        return frozenset(collection.name for m in self.model.meta_graphs for collection in m.collections)

    @cached_property
    def signatures(self) -> frozenset[str]:
        """All signature keys."""
        return frozenset(signature.key for m in self.model.meta_graphs for signature in m.signatures)

    @cached_property
    def outputs(self) -> frozenset[str]:
        """Names of all outputs of signatures."""
        return frozenset(o.name for m in self.model.meta_graphs for s in m.signatures for o in s.outputs)

    @cached_property
    def tags(self) -> frozenset[str]:
        """All tags."""
        return frozenset(tag for m in self.model.meta_graphs for tag in m.tags)

    @cached_property
    def files(self) -> frozenset[str]:
        """Paths of all files of the model."""
        return frozenset(entry.path for entry in self.model.files)

    @property
    def tensorflow_version(self) -> str:
        """The version that the first MetaGraph names, "" where none is."""
        return next((m.tensorflow_version for m in self.model.meta_graphs if m.tensorflow_version), "")

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor number of that version, (0, 0) where it has none."""
        parts = self.tensorflow_version.split(".")[:2]
        if len(parts) == 2 and all(part.isdecimal() and len(part) < 6 for part in parts):
            return int(parts[0]), int(parts[1])
        return 0, 0

    def ops_like(self, *beginnings: str) -> list[str]:
        """Ops that begin so, sorted."""
        return sorted(op for op in self.ops if op.startswith(beginnings))

    def collection_value(self, name: str) -> str:
        """The first value of a collection, "" where there is none."""
        found = (c.values[0] for m in self.model.meta_graphs for c in m.collections if c.name == name and c.values)
        return next(found, "")
