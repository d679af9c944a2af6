"""What a rule looks at: the facts of one model, and the part of it that is handed to the rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from smanalyze.checks.asset_use import read_assets
from smanalyze.checks.output_flow import OutputFlow
from smanalyze.checks.restore_plan import RestorePlan, restore_plan, restored_keys
from smanalyze.facts.acts import Acts
from smanalyze.facts.checkpoint import index_is_sound, index_is_whole
from smanalyze.facts.keras_act import KerasAct, has_keras_configs
from smanalyze.facts.names import Names
from smanalyze.facts.operand_values import leads_out
from smanalyze.graph.dependencies import Dependencies
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import SavedModel, Signature
from smanalyze.model.weights import WeightsFile
from smanalyze.report.audit import CheckpointAudit, FingerprintAudit, ManifestAudit, WeightsAudit
from smanalyze.report.document import MetaGraphReport, ModelSummary
from smanalyze.report.findings import Location
from smanalyze.report.scan import Act
from smanalyze.report.sections import (
    AssetRow,
    Callable,
    CheckpointReport,
    ReuseReport,
    ShardRow,
    VariableRow,
)  # fmt: skip
from smanalyze.report.tensors import SignatureReport


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class FileFacts:
    """What is known of the files of a model, and of what the graphs want of them. Rules read it; they never change
    it."""

    model: SavedModel
    graphs: tuple[ModelGraph, ...]
    names: tuple[Names, ...]
    callables: tuple[tuple[Callable, ...], ...]
    variables: tuple[VariableRow, ...]
    checkpoint: CheckpointReport
    assets: tuple[AssetRow, ...]
    denied: frozenset[str] = field(default=frozenset(), kw_only=True)
    weights: WeightsFile | None = field(default=None, kw_only=True)

    @cached_property
    def several_meta_graphs(self) -> bool:
        """Whether a place needs its tag-set to be found."""
        return len(self.graphs) > 1

    @cached_property
    def graph_is_whole(self) -> bool:
        """Whether all of the graph file was read; of a part, what is missing proves nothing."""
        return bool(self.graphs) and not self.model.graph_unread

    @cached_property
    def index_is_whole(self) -> bool:
        """Whether all of the checkpoint's index was read."""
        return index_is_whole(self.model)

    @cached_property
    def index_is_sound(self) -> bool:
        """Whether what was read of the index is what was written; else it proves nothing against data files."""
        return index_is_sound(self.model)

    @cached_property
    def unread_assets(self) -> frozenset[str]:
        """File names of declared assets that nothing in any MetaGraph reads."""
        declared = {asset.filename for graph in self.graphs for asset in graph.meta_graph.assets}
        return frozenset(declared).difference(*map(read_assets, self.graphs))

    @cached_property
    def acts(self) -> tuple[Acts, ...]:
        """What each MetaGraph can do beside computing."""
        return tuple(Acts(graph, names, self.denied) for graph, names in zip(self.graphs, self.names, strict=True))

    @cached_property
    def keras_acts(self) -> tuple[KerasAct, ...]:
        """What its Keras configurations bring along."""
        if self.weights is None and not has_keras_configs(self.model):
            return ()
        from smanalyze.facts.keras_code import keras_acts, weights_keras_acts

        return keras_acts(self.model) if self.weights is None else weights_keras_acts(self.weights)

    @cached_property
    def assets_outside(self) -> frozenset[str]:
        """Declared assets whose files lie outside the model: by their names, or behind links."""
        linked = {file.path for file in self.model.files if file.leads_out}
        declared = {asset.filename for graph in self.graphs for asset in graph.meta_graph.assets}
        return frozenset(name for name in declared if f"assets/{name}" in linked or leads_out(name))

    @cached_property
    def restored_keys(self) -> frozenset[str]:
        """The keys that MetaGraphs read from the checkpoint."""
        return frozenset().union(*map(restored_keys, self.graphs))

    @cached_property
    def plans(self) -> tuple[RestorePlan, ...]:
        """What each MetaGraph reads from the checkpoint."""
        return tuple(restore_plan(graph) for graph in self.graphs)


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class ModelFacts(FileFacts):
    """Everything known of the model."""

    summary: ModelSummary
    meta_graphs: tuple[MetaGraphReport, ...]
    reuse: ReuseReport


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneFolder:
    """Subject: the files of the model as a whole."""

    facts: FileFacts


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneModel:
    """Subject: the model as a whole."""

    facts: ModelFacts


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneRestore:
    """Subject: one MetaGraph, and the files that it is restored from."""

    facts: FileFacts
    graph: ModelGraph

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells the MetaGraph from its neighbours, for the ids of findings."""
        return tuple(sorted(self.graph.meta_graph.tags))

    def place(self, **where: str | int | None) -> Location:
        """A location in this MetaGraph; its tag-set is named only where there are several."""
        tags = ",".join(self.graph.meta_graph.tags) if self.facts.several_meta_graphs else None
        return Location(tag_set=tags, **where)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneAct(OneRestore):
    """Subject: something that one MetaGraph can do beside computing."""

    act: Act

    @cached_property
    def offers(self) -> bool:
        """Whether the MetaGraph has anything to call: a signature, or a function of the object tree."""
        objects = self.graph.meta_graph.objects
        return bool(self.graph.meta_graph.signatures or (objects and objects.concrete_functions))


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneLibrary(OneRestore):
    """Subject: a library that registers ops of one MetaGraph, and what those do."""

    library: str
    acts: tuple[Act, ...]


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneMetaGraph(OneRestore):
    """Subject: one MetaGraph."""

    facts: ModelFacts
    report: MetaGraphReport
    names: Names

    @cached_property
    def flow(self) -> OutputFlow:
        """Which ops decide the outputs of its signatures."""
        return OutputFlow(self.graph)


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneSignature:
    """Subject: one signature, with what its outputs depend on."""

    meta_graph: OneMetaGraph
    report: SignatureReport
    definition: Signature
    dependencies: Dependencies

    @property
    def identity(self) -> tuple[str, ...]:
        """The MetaGraph's and the signature's own name, for the ids of findings."""
        return (*self.meta_graph.identity, self.report.key)

    def place(self, **where: str | int | None) -> Location:
        """A location in this signature."""
        return self.meta_graph.place(signature=self.report.key, **where)


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneKerasAct:
    """Subject: one thing that a Keras configuration brings along, of a model or of a file of weights."""

    act: KerasAct


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneAsset:
    """Subject: one asset, declared or found."""

    facts: FileFacts
    report: AssetRow


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneShard:
    """Subject: one data file of the checkpoint."""

    facts: FileFacts
    report: ShardRow


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneAudit:
    """Subject: what an audit computed. There is none in a report, which reads no tensor."""

    facts: FileFacts
    fingerprint: FingerprintAudit
    checkpoint: CheckpointAudit
    manifests: tuple[ManifestAudit, ...]
    weights: WeightsAudit | None


@dataclass(frozen=True, eq=False, repr=False, match_args=False)
class OneManifest:
    """Subject: one manifest or signature that the model was compared with."""

    report: ManifestAudit
