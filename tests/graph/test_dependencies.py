"""Which inputs an output depends on."""

from __future__ import annotations

import pytest

from smanalyze.graph.dependencies import Dependencies
from smanalyze.graph.model_graph import ModelGraph
from tests.models import each_broken_model, each_model, model_of

from .made import call, func, function, model_graph, node, signature

PLACEHOLDERS = [node("x", "Placeholder"), node("y", "Placeholder"), node("c", "Const")]
INPUTS = {"x": "x:0", "y": "y:0"}
BOTH = function("both", "a b", [node("s", "AddV2", "a", "b")], first="a", sum="s:z:0", nothing="k:output:0")
SWAP = function("swap", "a b", [], p="b", q="a")
DROP = function("drop", "a b", [node("n", "Neg", "a")], y="n:y:0")
PRINT = function("print", "a b", [node("p", "PrintV2", "b")], y="a")
NEST = function("nest", "a b", [call("i", "swap", "a", "b")], y="i:output:0", z="i:output:1")
SELF = function("self", "a b", [call("i", "self", "b", "a")], y="i:output:0")
FUNCTIONS = (BOTH, SWAP, DROP, PRINT, NEST, SELF)

CASES = [
    # nodes beside x, y and c; tensor fetched; inputs it depends on; inputs used at all
    ([node("o", "AddV2", "x", "y")], "o:0", "xy", "xy"),
    ([node("o", "Neg", "x")], "o:0", "x", "x"),
    ([], "x:0", "x", "x"),
    ([], "c:0", "", ""),
    ([node("o", "Neg", "c", "^x")], "o:0", "", ""),
    ([node("o", "Neg", "gone")], "o:0", "", ""),
    ([node("a", "Neg", "x"), node("o", "AddV2", "a", "c")], "o:0", "x", "x"),
    # out of order in the file
    ([node("o", "AddV2", "a", "b"), node("b", "Neg", "y"), node("a", "Neg", "x")], "o:0", "xy", "xy"),
    # through calls, output by output
    ([call("f", "both", "x", "y")], "f:0", "x", "x"),
    ([call("f", "both", "x", "y")], "f:1", "xy", "xy"),
    ([call("f", "both", "x", "y")], "f:2", "", ""),
    ([call("f", "both", "x", "y", op="StatefulPartitionedCall")], "f:0", "x", "x"),
    ([call("f", "swap", "x", "y")], "f:0", "y", "y"),
    ([call("f", "nest", "x", "y")], "f:0", "y", "y"),
    ([call("f", "nest", "x", "y")], "f:1", "x", "x"),
    ([call("f", "drop", "x", "y")], "f:0", "x", "x"),
    ([call("f", "drop", "y", "x")], "f:0", "y", "y"),
    ([call("f", "both", "c", "c")], "f:1", "", ""),
    # a side effect uses an input on which no output depends
    ([call("f", "print", "x", "y", op="StatefulPartitionedCall")], "f:0", "x", "xy"),
    ([node("p", "PrintV2", "y"), node("o", "Neg", "x", "^p")], "o:0", "x", "xy"),
    ([node("p", "Neg", "y"), node("o", "Neg", "x", "^p")], "o:0", "x", "x"),
    # what is not fetched does not run
    ([node("p", "PrintV2", "y"), node("o", "Neg", "x")], "o:0", "x", "x"),
    # an op that calls in another way: all outputs depend on all inputs
    ([node("f", "If", "x", "y", then_branch=func("drop"))], "f:0", "xy", "xy"),
    ([node("f", "AcmeOp", "x", "y")], "f:3", "xy", "xy"),
    # a function that is gone, and one that calls itself
    ([call("f", "gone", "x", "y")], "f:0", "xy", "xy"),
    ([call("f", "self", "x", "y")], "f:0", "xy", "xy"),
    # circles end
    ([node("a", "AddV2", "b", "x"), node("b", "Neg", "a")], "b:0", "x", "x"),
    ([node("a", "AddV2", "a", "x")], "a:0", "x", "x"),
    # a loop of TensorFlow 1: what enters comes out, and so does what is added on the way around
    (
        [
            node("in", "Enter", "x"),
            node("m", "Merge", "in", "next"),
            node("s", "Switch", "m", "go"),
            node("go", "LoopCond", "m"),
            node("out", "Exit", "s"),
            node("add", "AddV2", "s:1", "y"),
            node("next", "NextIteration", "add"),
        ],
        "out:0",
        "xy",
        "xy",
    ),
]


@pytest.mark.parametrize(("nodes", "fetched", "needs", "uses"), CASES, ids=range(len(CASES)))
def test_signature(nodes: list[str], fetched: str, needs: str, uses: str) -> None:
    graph = model_graph([*PLACEHOLDERS, *nodes], signature("s", INPUTS, {"out": fetched}), functions=FUNCTIONS)
    outputs, used = Dependencies(graph).signature(graph.meta_graph.signatures[0])
    assert outputs == {"out": frozenset(needs)}
    assert used == frozenset(uses)


def test_two_inputs_may_feed_one_tensor() -> None:
    graph = model_graph([*PLACEHOLDERS], signature("s", {"a": "x:0", "b": "x:0"}, {"out": "x:0"}))
    outputs, used = Dependencies(graph).signature(graph.meta_graph.signatures[0])
    assert outputs["out"] == used == {"a", "b"}


def test_an_encoded_input_counts_as_used() -> None:
    text = (
        'signature_def { key: "s" value { inputs { key: "sparse" value { coo_sparse { values_tensor_name: "x:0" } } } '
        'outputs { key: "out" value { name: "c:0" } } } }'
    )
    graph = model_graph(PLACEHOLDERS, text)
    _, used = Dependencies(graph).signature(graph.meta_graph.signatures[0])
    assert used == {"sparse"}


def test_a_long_chain_is_no_recursion() -> None:
    chain = [node(f"n{i}", "Neg", f"n{i + 1}") for i in range(5000)]
    graph = model_graph([*chain, node("n5000", "Neg", "x"), *PLACEHOLDERS], signature("s", INPUTS, {"out": "n0:0"}))
    outputs, _ = Dependencies(graph).signature(graph.meta_graph.signatures[0])
    assert outputs["out"] == {"x"}


def test_a_long_chain_of_calls_is_no_recursion() -> None:
    chain = [function(f"f{i}", "a", [call("c", f"f{i + 1}", "a")], y="c:output:0") for i in range(1500)]
    chain.append(function("f1500", "a", [], y="a"))
    graph = model_graph(
        [*PLACEHOLDERS, call("o", "f0", "x")], signature("s", INPUTS, {"out": "o:0"}), functions=tuple(chain)
    )
    outputs, used = Dependencies(graph).signature(graph.meta_graph.signatures[0])
    assert outputs["out"] == used == {"x"}


#: fixture -> signature -> output -> the inputs it depends on. From the recipes.
FIXTURES = {
    "constant_output": {"serving_default": {"version": ""}},
    "unused_signature_input": {},
    "module_one_signature": {"serving_default": {"y": "x"}},
    "control_flow": {"cond": {"y": "x"}, "loop": {"total": "n"}, "switch": {"y": "branch"}},
}


@pytest.mark.parametrize("name", FIXTURES)
def test_fixtures(name: str) -> None:
    graph = ModelGraph(model_of(name).meta_graphs[0])
    found = {s.key: Dependencies(graph).signature(s) for s in graph.meta_graph.signatures}
    for key, outputs in FIXTURES[name].items():
        for output, needs in outputs.items():
            assert found[key][0][output] == frozenset(needs.split())
    unused = {
        (s.key, info.name) for s in graph.meta_graph.signatures for info in s.inputs if info.name not in found[s.key][1]
    }
    assert bool(unused) == (name == "unused_signature_input")


@each_model
def test_what_an_output_needs_is_used(name: str) -> None:
    for meta_graph in model_of(name).meta_graphs:
        graph = ModelGraph(meta_graph)
        dependencies = Dependencies(graph)
        for found in meta_graph.signatures:
            outputs, used = dependencies.signature(found)
            assert set(outputs) == {info.name for info in found.outputs}
            assert used <= {info.name for info in found.inputs}
            assert frozenset().union(*outputs.values()) <= used


@each_broken_model
def test_walks_of_broken_graphs_end(name: str) -> None:
    if name == "empty_folder":
        return
    for meta_graph in model_of(name).meta_graphs:
        graph = ModelGraph(meta_graph)
        for found in meta_graph.signatures:
            Dependencies(graph).signature(found)
