"""The queries of the graph, held against networkx's own algorithms."""

from __future__ import annotations

from collections import Counter
from typing import Any

import networkx as nx

from smanalyze.graph.model_graph import Key, ModelGraph
from tests.models import each_broken_model, each_model, graph_of, model_of

from .made import call, function, model_graph, node, signature

EDGES = ("contains", "calls", "captures", "reads", "writes", "initializes", "gradient")


def graphs(name: str) -> list[ModelGraph]:
    if name == "empty_folder":
        return []
    return [ModelGraph(meta_graph) for meta_graph in model_of(name).meta_graphs]


@each_model
def test_targets_and_sources_are_inverse(name: str) -> None:
    for graph in graphs(name):
        forward = Counter((a, edge, b) for a in graph.nx for edge in EDGES for b in graph.targets(a, edge))
        backward = Counter((a, edge, b) for b in graph.nx for edge in EDGES for a in graph.sources(b, edge))
        assert forward == backward
        assert sum(forward.values()) == graph.nx.number_of_edges(), "no edge is of another kind"


@each_model
def test_functions_below_is_reachability(name: str) -> None:
    _check_reachability(name)


@each_broken_model
def test_functions_below_is_reachability_in_broken_graphs(name: str) -> None:
    _check_reachability(name)


def _check_reachability(name: str) -> None:
    for graph in graphs(name):
        calls: Any = nx.DiGraph()
        calls.add_nodes_from(graph.nx)
        calls.add_edges_from((a, b) for a, b, kind in graph.nx.edges(keys=True) if kind == "calls")
        for key in graph.nx:
            if key is None or key.kind not in ("signature", "function", "init"):
                continue
            reached = nx.descendants(calls, key) | ({key} if key.kind == "function" else set())
            assert graph.functions_below([key]) == sorted(str(end.id) for end in reached)


@each_model
def test_edges_have_ends_of_the_right_kind(name: str) -> None:
    actors = {"signature", "function", "init"}
    for graph in graphs(name):
        for start, end, kind in graph.nx.edges(keys=True):
            if kind == "calls":
                assert (start.kind in actors, end.kind) == (True, "function")
            elif kind == "captures":
                assert start.kind in actors
            elif kind in ("reads", "writes"):
                assert start.kind in actors
                assert end.kind in ("variable", "table", "resource", "object", "constant", "asset")
            elif kind == "initializes":
                assert (start.kind in ("function", "asset"), end.kind in ("table", "resource")) == (True, True)
            elif kind == "gradient":
                assert start.kind == end.kind == "function"


@each_model
def test_slices_hold_what_signatures_fetch(name: str) -> None:
    for graph in graphs(name):
        main = graph.library.main
        for found in graph.meta_graph.signatures:
            numbers = graph.main_slice(found.key)
            for info in found.outputs:
                if info.tensor_name:
                    assert main.producer(info.tensor_name) in numbers


@each_model
def test_op_counts_of_a_signature_are_a_part_of_all(name: str) -> None:
    for graph in graphs(name):
        total = graph.library.op_counts
        for found in graph.meta_graph.signatures:
            assert graph.op_counts(Key("signature", found.key)) <= total


def test_a_small_graph_by_hand() -> None:
    graph = model_graph(
        [
            node("x", "Placeholder"), node("v", "VariableV2"), node("w", "VariableV2"), node("r", "Identity", "v"),
            call("f", "outer", "x"), node("o", "AddV2", "f", "r"), node("a", "Assign", "w", "x"),
        ],
        signature("read", {"x": "x:0"}, {"y": "o:0"}),
        signature("write", {"x": "x:0"}, {"y": "a:0"}),
        functions=(
            function("outer", "a", [call("i", "inner", "a"), call("j", "gone", "a")], y="i:y:0"),
            function("inner", "a", [node("n", "Neg", "a")], y="n:y:0"),
            function("alone", "a", [node("n", "Exp", "a")], y="n:y:0"),
        ),
    )  # fmt: skip
    read, write = Key("signature", "read"), Key("signature", "write")
    assert graph.functions_below([read]) == ["gone", "inner", "outer"]
    assert graph.functions_below([write]) == []
    assert graph.targets(read, "captures", "variable") == [Key("variable", "v")]
    assert graph.targets(write, "writes") == [Key("variable", "w")]
    assert graph.targets(read, "writes") == []
    assert graph.op_counts(read) == {
        "Placeholder": 1,
        "VariableV2": 1,
        "Identity": 1,
        "PartitionedCall": 3,
        "AddV2": 1,
        "Neg": 1,
    }
    assert graph.targets(Key("signature", "nobody"), "calls") == []
    assert [end.id for _, end in graph.walk(read, "calls")] == ["outer", "inner", "gone"]


def test_asking_changes_nothing() -> None:
    graph = graph_of("module_one_signature")
    before = (graph.nx.number_of_nodes(), graph.nx.number_of_edges())
    graph.targets(Key("function", "nobody"), "calls")
    graph.sources(Key("object", 10**9), "contains")
    graph.functions_below([Key("function", "nobody")])
    assert (graph.nx.number_of_nodes(), graph.nx.number_of_edges()) == before


def test_touched_looks_through_calls() -> None:
    """The signature's wrapper captures nothing that its inner function does not; either way it is touched."""
    graph = graph_of("module_one_signature")
    found = graph.touched(Key("signature", "serving_default"), "captures", "variable")
    objects = graph.meta_graph.objects
    assert objects is not None
    assert {objects.nodes[int(key.id)].variable.name for key in found} == {"kernel", "bias"}  # type: ignore[union-attr]
