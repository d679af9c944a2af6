"""The verbs. The only place that knows in which order the steps of an analysis follow each other."""

from __future__ import annotations

from dataclasses import replace

from smanalyze.checks.engine import catalogue, check_model
from smanalyze.checks.subject import ModelFacts
from smanalyze.errors import UsageError
from smanalyze.facts.assets import build_assets, build_tables
from smanalyze.facts.callables import build_callables
from smanalyze.facts.checkpoint import build_checkpoint
from smanalyze.facts.layers import build_layer_table
from smanalyze.facts.library import build_library
from smanalyze.facts.names import Names
from smanalyze.facts.op_report import build_ops
from smanalyze.facts.pictures import build_pictures
from smanalyze.facts.reuse import build_reuse
from smanalyze.facts.signatures import build_signatures
from smanalyze.facts.summary import build_summary
from smanalyze.facts.values import Values, find_values
from smanalyze.facts.variables import build_variables
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.document import (
    SCHEMA_VERSION,
    SECTIONS,
    FingerprintReport,
    MetaGraphReport,
    NotRead,
    Report,
)  # fmt: skip
from smanalyze.report.findings import RuleInfo


def analyze(model: SavedModel, *, sections: tuple[str, ...] = SECTIONS) -> Report:
    """Everything smanalyze can say about a loaded model.

    ``sections`` names the parts wanted (see ``report.document.SECTIONS``); the summary is always made. Raises
    UsageError for a name that is none. Reads no tensor values.
    """
    unknown = [name for name in sections if name not in SECTIONS]
    if unknown:
        raise UsageError(f"There is no section {unknown[0]!r}. Sections: {', '.join(SECTIONS)}.")
    facts = gather(model)
    findings = check_model(facts) if "findings" in sections else ()
    report = Report(
        schema_version=SCHEMA_VERSION,
        sections=tuple(name for name in SECTIONS if name in sections),
        model=facts.summary,
        meta_graphs=facts.meta_graphs,
        variables=facts.variables,
        checkpoint=facts.checkpoint,
        assets=facts.assets,
        fingerprint=_fingerprint(model),
        reuse=facts.reuse,
        pictures=build_pictures(facts.variables, tuple(graph.ops for graph in facts.meta_graphs)),
        findings=findings,
        not_read=_not_read(facts),
    )
    return report if set(sections) == set(SECTIONS) else _only(report)


def build_graphs(model: SavedModel) -> tuple[ModelGraph, ...]:
    """The typed graph of each MetaGraph: ``.nx`` is the networkx graph, its queries are methods, and ``body_graph()``
    gives the nodes of one function as a networkx graph."""
    return tuple(ModelGraph(meta_graph) for meta_graph in model.meta_graphs)


def gather(model: SavedModel) -> ModelFacts:
    """The facts that rules judge and reports show."""
    graphs = build_graphs(model)
    names = tuple(Names(graph) for graph in graphs)
    callables = tuple(build_callables(graph, name_table) for graph, name_table in zip(graphs, names, strict=True))
    variables = build_variables(model, graphs, names, callables)
    checkpoint = build_checkpoint(model, variables)
    assets = build_assets(model, graphs, names)
    path = "/".join(filter(None, (model.found.path_name, model.found.chosen)))
    meta_graphs = tuple(
        MetaGraphReport(
            tags=graph.meta_graph.tags,
            tensorflow_version=graph.meta_graph.tensorflow_version,
            init_op=graph.meta_graph.init_op,
            train_op=graph.meta_graph.train_op,
            signatures=build_signatures(graph, name_table, path, several=len(graphs) > 1),
            callables=functions,
            functions=build_library(graph, functions),
            layers=build_layer_table(model, graph.meta_graph, graph),
            tables=build_tables(graph, name_table),
            ops=build_ops(graph),
        )
        for graph, name_table, functions in zip(graphs, names, callables, strict=True)
    )
    summary = build_summary(model, graphs, meta_graphs, variables, checkpoint, assets)
    reuse = build_reuse(model, graphs)
    return ModelFacts(model, graphs, names, summary, meta_graphs, variables, checkpoint, assets, reuse)


def rules() -> tuple[RuleInfo, ...]:
    """The catalogue of rules, by id."""
    return catalogue()


def _fingerprint(model: SavedModel) -> FingerprintReport:
    stored = model.fingerprint
    if stored is None:
        return FingerprintReport(model.fingerprint_presence)
    return FingerprintReport(
        model.fingerprint_presence,
        str(stored.saved_model_checksum),
        str(stored.graph_def_program_hash),
        str(stored.signature_def_hash),
        str(stored.saved_object_graph_hash),
        str(stored.checkpoint_hash),
        stored.uuid,
        stored.producer,
    )


def _not_read(facts: ModelFacts) -> tuple[NotRead, ...]:
    lost = [NotRead(p.part, p.presence, p.message, p.file, p.offset) for p in facts.model.unreadable]
    if any(graph.is_cut for graph in facts.graphs):
        reason = "The model has so many signatures over so large a graph that what some of them reach was not followed."
        lost.append(NotRead("signatures", "not-read", reason, None, None))
    return tuple(lost)


def _only(report: Report) -> Report:
    """The report with the sections that were not asked for left empty."""
    wanted = report.sections
    meta_graphs = []
    for graph in report.meta_graphs:
        if "signatures" not in wanted:
            graph = replace(graph, signatures=())
        if "functions" not in wanted:
            graph = replace(graph, callables=(), functions=())
        if "layers" not in wanted:
            graph = replace(graph, layers=replace(graph.layers, rows=()))
        if "assets" not in wanted:
            graph = replace(graph, tables=())
        if "ops" not in wanted:
            graph = replace(graph, ops=replace(graph.ops, histogram=(), unregistered=(), devices=()))
        meta_graphs.append(graph)
    return replace(
        report,
        meta_graphs=tuple(meta_graphs),
        variables=report.variables if "variables" in wanted else (),
        assets=report.assets if "assets" in wanted else (),
        not_read=report.not_read if "not_read" in wanted else (),
    )


def values(model: SavedModel, name: str) -> Values:
    """One variable, constant or asset by name, read now.

    Raises UsageError where no or more than one thing has the name, FormatError where its bytes cannot be read.
    """
    return find_values(model, name)
