"""Values to call the signatures of a model with, from the first source that has some."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.errors import UsageError
from smanalyze.facts.names import Names
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.inputs.composites import input_slots
from smanalyze.inputs.consumers import Wanted, find_wanted
from smanalyze.inputs.records import SignatureInputs, Trial, Trials
from smanalyze.inputs.synthesize import synthesized
from smanalyze.model.saved_model import MetaGraph, SavedModel, Signature

UNFED = frozenset({"resource", "variant"})


def plan_inputs(
    model: SavedModel,
    *,
    tags: tuple[str, ...] | None = None,
    signatures: tuple[str, ...] | None = None,
    seed: int = 0,
    given: str | None = None,
) -> tuple[SignatureInputs, ...]:
    found = []
    for meta_graph in model.meta_graphs:
        graph = ModelGraph(meta_graph)
        names = Names(graph)
        for signature in meta_graph.signatures:
            found.append(_planned(model, graph, names, signature, seed))
    return tuple(found)


def _planned(model: SavedModel, graph: ModelGraph, names: Names, signature: Signature, seed: int) -> SignatureInputs:
    kept: list[Wanted] = []

    def trials() -> Iterator[Trial]:
        if not kept:
            kept.append(find_wanted(model, graph, names, signature))
        return synthesized(kept[0], seed)

    return SignatureInputs(graph.meta_graph.tags, signature.key, "synthesized", Trials(trials))
