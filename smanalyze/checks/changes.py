"""What a rule about a change looks at: both models, and the matched pair that is handed to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from smanalyze.checks.subject import ModelFacts
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import MetaGraph
from smanalyze.report.changes import (
    AssetPair,
    CallablePair,
    Changes,
    FunctionChange,
    MetaGraphPair,
    SignaturePair,
    TensorPair,
)
from smanalyze.report.diff import Hashes, HashPair
from smanalyze.report.document import MetaGraphReport
from smanalyze.report.findings import Location
from smanalyze.report.program_changes import FunctionRow
from smanalyze.report.python_changes import ObjectPair
from smanalyze.report.tensors import Tensor


@dataclass(frozen=True)
class TwoModels:
    """Subject: both models as a whole, with everything that is known of them and of what changed.

    ``runtime_tf`` is the TensorFlow release that has to run the new model, "" where it was not said.
    """

    old: ModelFacts
    new: ModelFacts
    changes: Changes
    hashes: Hashes | None = None
    runtime_tf: str = ""

    @cached_property
    def several_meta_graphs(self) -> bool:
        """Whether a place needs its tag-set to be found."""
        return len(self.old.meta_graphs) > 1 or len(self.new.meta_graphs) > 1

    @cached_property
    def graphs_are_whole(self) -> bool:
        """Whether both graph files were read to their ends; of a part, what is missing proves nothing."""
        return self.old.graph_is_whole and self.new.graph_is_whole

    @cached_property
    def checkpoints_are_whole(self) -> bool:
        """Whether both indexes were read to their ends."""
        return self.old.index_is_whole and self.new.index_is_whole

    def same(self, name: str) -> bool | None:
        """Whether a canonical hash is equal; None where it is not known."""
        pair: HashPair | None = getattr(self.hashes, name, None)
        return None if pair is None else pair.equal


@dataclass(frozen=True)
class MetaGraphChange:
    """Subject: one MetaGraph of either side or both."""

    models: TwoModels
    pair: MetaGraphPair

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that name it: the old ones where there are both."""
        one = self.pair.old or self.pair.new
        return one.tags if one is not None else ()

    @property
    def in_both(self) -> bool:
        """Whether both sides have it."""
        return self.pair.old is not None and self.pair.new is not None

    @property
    def definitions(self) -> tuple[MetaGraph | None, MetaGraph | None]:
        """The MetaGraphDefs of both sides."""
        old, new = self.graphs
        return (old.meta_graph if old else None), (new.meta_graph if new else None)

    @property
    def graphs(self) -> tuple[ModelGraph | None, ModelGraph | None]:
        """The graphs of both sides."""
        return _graph_of(self.models.old, self.pair.old), _graph_of(self.models.new, self.pair.new)

    def place(self, **where: str | int | None) -> Location:
        """A location in this MetaGraph; its tag-set is named only where there are several."""
        tags = ",".join(self.tags) if self.models.several_meta_graphs else None
        return Location(tag_set=tags, **where)  # type: ignore[arg-type]

    def subject(self, *names: str) -> tuple[str, ...]:
        """Names for the id of a finding here."""
        return (*sorted(self.tags), *names)


def _graph_of(side: ModelFacts, report: MetaGraphReport | None) -> ModelGraph | None:
    pairs = zip(side.graphs, side.meta_graphs, strict=True)
    return next((graph for graph, other in pairs if other is report), None)


@dataclass(frozen=True)
class Untold:
    """Subject: one MetaGraph, after every other rule. ``rules`` are those that found something in the models."""

    meta_graph: MetaGraphChange
    rules: frozenset[str]

    def told(self, *beginnings: str) -> bool:
        """Whether a rule found something whose id begins so."""
        return any(rule.startswith(beginnings) for rule in self.rules)


@dataclass(frozen=True)
class SignatureChange:
    """Subject: one signature of either side or both."""

    meta_graph: MetaGraphChange
    pair: SignaturePair

    @property
    def key(self) -> str:
        """The key that names it: the old one where there are both."""
        one = self.pair.old or self.pair.new
        return one.key if one is not None else ""

    @cached_property
    def inputs(self) -> tuple[TensorPair, ...]:
        """The inputs but for those that are numbered by their places and have other places now: what has the same name
        on both sides is not the same input."""
        shifted = {name for run in self.pair.shifted for name in (*run.old, *run.new)}
        return tuple(
            pair for pair in self.pair.inputs
            if all(tensor is None or tensor.name not in shifted for tensor in (pair.old, pair.new))
        )  # fmt: skip

    def place(self, **where: str | int | None) -> Location:
        """A location in this signature."""
        return self.meta_graph.place(signature=self.key, **where)

    def subject(self, *names: str) -> tuple[str, ...]:
        """Names for the id of a finding here."""
        return self.meta_graph.subject(self.key, *names)


@dataclass(frozen=True)
class InputChange:
    """Subject: one input of a signature that both sides have."""

    word: ClassVar[str] = "input"

    signature: SignatureChange
    pair: TensorPair

    @property
    def name(self) -> str:
        """The name that tells it: the old one where there are both."""
        one = self.pair.old or self.pair.new
        return one.name if one is not None else ""

    @property
    def both(self) -> tuple[Tensor, Tensor] | None:
        """The old and the new tensor, where both sides have it."""
        old, new = self.pair.old, self.pair.new
        return None if old is None or new is None else (old, new)


@dataclass(frozen=True)
class OutputChange(InputChange):
    """Subject: one output of a signature that both sides have."""

    word: ClassVar[str] = "output"


@dataclass(frozen=True)
class CallableChange:
    """Subject: one function of the object tree of either side or both."""

    meta_graph: MetaGraphChange
    pair: CallablePair

    @property
    def path(self) -> str:
        """Where it hangs, on the old side where there are both."""
        one = self.pair.old or self.pair.new
        return one.path if one is not None else ""


@dataclass(frozen=True)
class ObjectChange:
    """Subject: one object of the tree that is neither function nor variable."""

    meta_graph: MetaGraphChange
    pair: ObjectPair


@dataclass(frozen=True)
class BodyChange:
    """Subject: functions of one name whose own nodes changed in the same way; mostly one, more where a function was
    traced several times."""

    meta_graph: MetaGraphChange
    functions: tuple[FunctionChange, ...]

    @property
    def first(self) -> FunctionChange:
        """The one that is told."""
        return self.functions[0]

    @property
    def reach(self) -> tuple[str, ...]:
        """Signatures and callables that run any of them."""
        return tuple(dict.fromkeys(name for function in self.functions for name in function.reach))


@dataclass(frozen=True)
class FunctionPresence:
    """Subject: a function that one side lacks, or that has another name there."""

    meta_graph: MetaGraphChange
    row: FunctionRow


@dataclass(frozen=True)
class AssetChange:
    """Subject: one asset of either side or both."""

    models: TwoModels
    pair: AssetPair

    @property
    def filename(self) -> str:
        """Its file name."""
        one = self.pair.old or self.pair.new
        return one.filename if one is not None else ""
