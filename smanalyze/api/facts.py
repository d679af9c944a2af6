"""What is known of a model before anything is judged: the graphs, and the facts that rules look at."""

from __future__ import annotations

from dataclasses import replace

from smanalyze.checks.subject import FileFacts, ModelFacts
from smanalyze.facts.assets import build_assets
from smanalyze.facts.callables import build_callables
from smanalyze.facts.canonical import canonical_hashes
from smanalyze.facts.checkpoint import build_checkpoint
from smanalyze.facts.identity import Identities
from smanalyze.facts.names import Names
from smanalyze.facts.program import Program
from smanalyze.facts.variables import build_variables
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import SavedModel
from smanalyze.model.weights import WeightsFile
from smanalyze.report.document import CanonicalHashes, MetaGraphReport, NotRead
from smanalyze.report.sections import LayerTable, OpReport, ReuseReport


def build_graphs(model: SavedModel) -> tuple[ModelGraph, ...]:
    """The typed graph of each MetaGraph: ``.nx`` is the networkx graph, its queries are methods, and ``body_graph()``
    gives the nodes of one function as a networkx graph."""
    return tuple(ModelGraph(meta_graph) for meta_graph in model.meta_graphs)


def gather_files(
    model: SavedModel,
    *,
    names_only: bool = True,
    denied: frozenset[str] = frozenset(),
    weights: WeightsFile | None = None,
) -> FileFacts:
    """The facts that tell whether the files of a model belong together; a part of ``gather``, and a third of its
    time. ``names_only``: of what each callable runs only the names of functions are told. ``denied`` are ops that count
    as acts whatever they do; ``weights`` is the file of weights that the model stands for."""
    graphs = build_graphs(model)
    names = tuple(Names(graph) for graph in graphs)
    callables = tuple(
        build_callables(graph, table, names_only=names_only) for graph, table in zip(graphs, names, strict=True)
    )
    variables = build_variables(model, graphs, names, callables)
    checkpoint = build_checkpoint(model, variables)
    assets = build_assets(model, graphs, names)
    return FileFacts(model, graphs, names, callables, variables, checkpoint, assets, denied=denied, weights=weights)


def gather(model: SavedModel) -> ModelFacts:
    """The facts that rules judge and reports show."""
    from smanalyze.facts.assets import build_tables
    from smanalyze.facts.layers import build_layer_table
    from smanalyze.facts.op_report import build_ops
    from smanalyze.facts.reuse import build_reuse

    known = gather_files(model, names_only=False)
    meta_graphs = tuple(
        replace(
            report,
            layers=build_layer_table(model, graph.meta_graph, graph),
            tables=build_tables(graph, names),
            ops=build_ops(graph),
        )
        for graph, names, report in zip(known.graphs, known.names, _meta_graphs(known, whole=True), strict=True)
    )
    return _whole(known, meta_graphs, build_reuse(model, known.graphs))


def gather_for_diff(model: SavedModel) -> ModelFacts:
    """The facts that two models are compared by: no layers, tables, histograms of ops, snippets, or ways of loading."""
    known = gather_files(model)
    return _whole(known, _meta_graphs(known, whole=False), _NO_REUSE)


_NO_REUSE = ReuseReport("", "", (), (), None, False, False, False, "", "", ())
_NO_LAYERS = LayerTable("none", "", "", (), 0, 0, ())


def _meta_graphs(known: FileFacts, *, whole: bool) -> tuple[MetaGraphReport, ...]:
    """What callers of each MetaGraph see, and its functions; unless ``whole`` without snippets, and of functions only
    their roles."""
    from smanalyze.facts.library import build_library
    from smanalyze.facts.signatures import build_signatures

    found, graphs = known.model.found, known.graphs
    path = "/".join(filter(None, (found.path_name, found.chosen)))
    return tuple(
        MetaGraphReport(
            tags=graph.meta_graph.tags,
            tensorflow_version=graph.meta_graph.tensorflow_version,
            init_op=graph.meta_graph.init_op,
            train_op=graph.meta_graph.train_op,
            signatures=build_signatures(graph, names, path, several=len(graphs) > 1, snippets=whole),
            callables=functions,
            functions=build_library(graph, functions, roles_only=not whole),
            layers=_NO_LAYERS,
            tables=(),
            ops=_no_ops(graph),
        )
        for graph, names, functions in zip(graphs, known.names, known.callables, strict=True)
    )


def _no_ops(graph: ModelGraph) -> OpReport:
    """How many nodes there are, and nothing of their ops."""
    body = graph.meta_graph.graph
    functions = sum(function.node_count for function in body.functions.values())
    return OpReport(body.node_count + functions, 0, body.node_count, functions, (), (), (), "", (), "", ())


def _whole(known: FileFacts, meta_graphs: tuple[MetaGraphReport, ...], reuse: ReuseReport) -> ModelFacts:
    from smanalyze.facts.summary import build_summary

    model, graphs = known.model, known.graphs
    return ModelFacts(
        model, graphs, known.names, known.callables, known.variables, known.checkpoint, known.assets,
        summary=build_summary(model, graphs, meta_graphs, known.variables, known.checkpoint, known.assets),
        meta_graphs=meta_graphs,
        reuse=reuse,
    )  # fmt: skip


def build_programs(facts: FileFacts) -> tuple[Program, ...]:
    """What each MetaGraph computes, as digests."""
    pairs = zip(facts.graphs, facts.names, strict=True)
    return tuple(Program(Identities(graph, names)) for graph, names in pairs)


def build_hashes(facts: FileFacts) -> CanonicalHashes:
    """The canonical hashes of a model; reads its assets."""
    return canonical_hashes(facts.model, build_programs(facts), facts.variables, facts.checkpoint, facts.assets)


def not_read(facts: FileFacts) -> tuple[NotRead, ...]:
    """The parts of the model that nothing can be said of, and why."""
    lost = [NotRead(p.part, p.presence, p.message, p.file, p.offset) for p in facts.model.unreadable]
    if any(graph.is_cut for graph in facts.graphs):
        reason = "The model has so many signatures over so large a graph that what some of them reach was not followed."
        lost.append(NotRead("signatures", "not-read", reason, None, None))
    return tuple(lost)
