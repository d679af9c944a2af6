"""One of the two models: what is known of it, and the digests that tell whether two parts are the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from smanalyze.facts.identity import Identities
from smanalyze.facts.names import Names
from smanalyze.facts.program import Program
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.document import CanonicalHashes, MetaGraphReport
from smanalyze.report.sections import AssetRow, CheckpointReport, VariableRow


@dataclass(frozen=True)
class Side:
    """What the other side is compared with. ``object_lines`` are what the hash of the objects is made of, by the number
    of the MetaGraph."""

    model: SavedModel
    graphs: tuple[ModelGraph, ...]
    names: tuple[Names, ...]
    meta_graphs: tuple[MetaGraphReport, ...]
    variables: tuple[VariableRow, ...]
    checkpoint: CheckpointReport
    assets: tuple[AssetRow, ...]
    hashes: CanonicalHashes
    programs: tuple[Program, ...]
    object_lines: Mapping[int, Iterable[tuple[str, str]]]

    @cached_property
    def identities(self) -> tuple[Identities, ...]:
        """What variables and objects are known by, for each MetaGraph."""
        return tuple(program.one for program in self.programs)

    @cached_property
    def graph_is_whole(self) -> bool:
        """Whether all of the graph file was read."""
        return bool(self.graphs) and not self.model.graph_unread
