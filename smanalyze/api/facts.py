"""What is known of a model before anything is judged: the graphs, and the facts that rules look at."""

from __future__ import annotations

from smanalyze.checks.subject import FileFacts, ModelFacts
from smanalyze.facts.assets import build_assets
from smanalyze.facts.callables import build_callables
from smanalyze.facts.checkpoint import build_checkpoint
from smanalyze.facts.names import Names
from smanalyze.facts.variables import build_variables
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.document import MetaGraphReport, NotRead


def build_graphs(model: SavedModel) -> tuple[ModelGraph, ...]:
    """The typed graph of each MetaGraph: ``.nx`` is the networkx graph, its queries are methods, and ``body_graph()``
    gives the nodes of one function as a networkx graph."""
    return tuple(ModelGraph(meta_graph) for meta_graph in model.meta_graphs)


def gather_files(model: SavedModel) -> FileFacts:
    """The facts that tell whether the files of a model belong together; a part of ``gather``, and a third of its
    time."""
    graphs = build_graphs(model)
    names = tuple(Names(graph) for graph in graphs)
    callables = tuple(build_callables(graph, name_table) for graph, name_table in zip(graphs, names, strict=True))
    variables = build_variables(model, graphs, names, callables)
    checkpoint = build_checkpoint(model, variables)
    assets = build_assets(model, graphs, names)
    return FileFacts(model, graphs, names, callables, variables, checkpoint, assets)


def gather(model: SavedModel) -> ModelFacts:
    """The facts that rules judge and reports show."""
    from smanalyze.facts.assets import build_tables
    from smanalyze.facts.layers import build_layer_table
    from smanalyze.facts.library import build_library
    from smanalyze.facts.op_report import build_ops
    from smanalyze.facts.reuse import build_reuse
    from smanalyze.facts.signatures import build_signatures
    from smanalyze.facts.summary import build_summary

    known = gather_files(model)
    graphs, variables, checkpoint, assets = known.graphs, known.variables, known.checkpoint, known.assets
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
        for graph, name_table, functions in zip(graphs, known.names, known.callables, strict=True)
    )
    return ModelFacts(
        model, graphs, known.names, known.callables, variables, checkpoint, assets,
        summary=build_summary(model, graphs, meta_graphs, variables, checkpoint, assets),
        meta_graphs=meta_graphs,
        reuse=build_reuse(model, graphs),
    )  # fmt: skip


def not_read(facts: FileFacts) -> tuple[NotRead, ...]:
    """The parts of the model that nothing can be said of, and why."""
    lost = [NotRead(p.part, p.presence, p.message, p.file, p.offset) for p in facts.model.unreadable]
    if any(graph.is_cut for graph in facts.graphs):
        reason = "The model has so many signatures over so large a graph that what some of them reach was not followed."
        lost.append(NotRead("signatures", "not-read", reason, None, None))
    return tuple(lost)
