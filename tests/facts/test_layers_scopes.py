"""Layers from name scopes, on bodies made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smanalyze.facts.layers_forward import Forward, Weight, count_elements
from smanalyze.facts.layers_scope_owners import LayerScopes, base_name
from smanalyze.facts.layers_scope_rows import MAX_LEVELS, MAX_ROWS, build_scope_table
from smanalyze.facts.layers_scopes import MAX_DEPTH, ScopeTree
from smanalyze.graph.body import BodyIndex
from smanalyze.graph.model_graph import Key
from smanalyze.model.tensors import Shape


@dataclass(frozen=True)
class FakeNode:
    """A node with a name, an op, inputs and the shapes of its outputs."""

    name: str
    op: str
    inputs: Sequence[str] = ()
    shapes: tuple[Shape, ...] | None = None

    def output_shapes(self) -> tuple[Shape, ...] | None:
        """The shapes it was given."""
        return self.shapes


class FakeIndex(BodyIndex):
    """The index of some fake nodes."""

    def __init__(self, nodes: Sequence[FakeNode], arguments: Sequence[str]) -> None:
        self.nodes = nodes
        self.arguments = tuple(arguments)
        self.names = [node.name for node in nodes]
        self.ops = [node.op for node in nodes]
        self.inputs = [node.inputs for node in nodes]
        self.calls = ()
        self._at = self._producers = None
        self._controls, self._slots = {}, []

    def node(self, number: int) -> Any:
        """One of the fake nodes."""
        return self.nodes[number]


def weight(number: int, name: str, elements: int = 6, trainable: bool | None = True) -> Weight:
    return Weight(Key("variable", number), name, "float32", elements, trainable)


def forward(
    nodes: list[FakeNode], weights: dict[str, Weight], outputs: Sequence[str] = (), main: bool = False
) -> Forward:
    arguments = () if main else ("x", *weights)
    index = FakeIndex(nodes, arguments)
    return Forward("signature s", "" if main else "f", index, None, weights, tuple(outputs))


def dense(scope: str, source: str, kernel: str, units: int = 4) -> list[FakeNode]:
    """The nodes of a Dense layer as Keras traces it."""
    shape: Shape = (None, units)
    return [
        FakeNode(f"{scope}/MatMul/ReadVariableOp", "ReadVariableOp", [kernel], ((2, units),)),
        FakeNode(f"{scope}/MatMul", "MatMul", [source, f"{scope}/MatMul/ReadVariableOp:value:0"], (shape,)),
        FakeNode(f"{scope}/Relu", "Relu", [f"{scope}/MatMul:product:0"], (shape,)),
    ]


def test_keras_trace_with_renumbered_scopes() -> None:
    """Every scope got a number when the model was traced again; the variables still have the layers' own names."""
    nodes = [
        *dense("net_1/dense_1", "x", "k0"),
        FakeNode("net_1/flatten_1/Reshape", "Reshape", ["net_1/dense_1/Relu:activations:0"], ((None, 4),)),
        *dense("net_1/dense_1_2", "net_1/flatten_1/Reshape:output:0", "k1", 3),
        FakeNode("Identity", "Identity", ["net_1/dense_1_2/Relu:activations:0"], ((None, 3),)),
    ]
    weights = {"k0": weight(0, "net/dense/kernel"), "k1": weight(1, "net/dense_1/kernel", 8, trainable=False)}
    table = build_scope_table(forward(nodes, weights, ["Identity:output:0"]))
    assert table.model_name == "net_1"
    rows = [(r.path, r.class_name, r.output_shapes, r.parameters, r.trainable_parameters, r.nodes) for r in table.rows]
    assert rows == [
        ("dense", "MatMul+Relu", ((None, 4),), 6, 6, 3),
        ("flatten", "Reshape", ((None, 4),), 0, 0, 1),
        ("dense_1", "MatMul+Relu", ((None, 3),), 8, 0, 3),
    ]
    assert (table.parameters, table.trainable_parameters) == (14, 6)


def test_layers_inside_layers() -> None:
    nodes = [
        *dense("block/query", "x", "k0"),
        *dense("block/key", "x", "k1"),
        *dense("head", "block/key/Relu:y:0", "k2"),
    ]
    nodes.append(FakeNode("block/add", "AddV2", ["block/query/Relu:y:0", "block/key/Relu:y:0"], ((None, 4),)))
    weights = {f"k{i}": weight(i, f"{name}/kernel") for i, name in enumerate(("block/query", "block/key", "head"))}
    table = build_scope_table(forward(nodes, weights, ["block/add:z:0"]))
    assert [(row.path, row.depth, row.parameters) for row in table.rows] == [
        ("block", 0, 12), ("block/query", 1, 6), ("block/key", 1, 6), ("head", 0, 6),
    ]  # fmt: skip
    assert table.rows[0].output_shapes == ((None, 4), (None, 4))  # key feeds head, add is returned
    assert table.rows[0].class_name == ""


def test_a_shared_variable_counts_in_each_layer_and_once_in_all() -> None:
    nodes = [*dense("net/first", "x", "k0"), *dense("net/second", "net/first/Relu:y:0", "k0")]
    table = build_scope_table(forward(nodes, {"k0": weight(0, "kernel")}))
    assert [row.parameters for row in table.rows] == [6, 6]
    assert table.parameters == 6


def test_names_that_several_variables_have_tell_nothing() -> None:
    """Keras 3 in TF-Agents calls every variable after the whole network."""
    nodes = [*dense("Net_1/dense_1", "x", "k0"), *dense("Net_1/dense_2", "Net_1/dense_1/Relu:y:0", "k1")]
    table = build_scope_table(forward(nodes, {"k0": weight(0, "Net/kernel"), "k1": weight(1, "Net/kernel")}))
    assert [(row.path, row.parameters) for row in table.rows] == [("dense_1", 6), ("dense_2", 6)]


def test_tf1_variables_belong_where_they_are_read() -> None:
    """conv2d/kernel was made in one scope and is used in another."""
    nodes = [
        FakeNode("conv2d/kernel", "VariableV2", [], ((2, 3),)),
        FakeNode("conv2d/kernel/read", "Identity", ["conv2d/kernel"], ((2, 3),)),
        FakeNode("Conv_1/conv2d/Conv2D", "Conv2D", ["x", "conv2d/kernel/read"], ((None, 3),)),
    ]
    table = build_scope_table(
        forward(nodes, {"conv2d/kernel": weight(0, "conv2d/kernel")}, ["Conv_1/conv2d/Conv2D:0"], main=True)
    )
    assert [(row.path, row.parameters, row.output_shapes) for row in table.rows] == [("conv2d", 6, ((None, 3),))]
    assert table.model_name == "Conv_1"


def test_composite_functions_are_no_layers() -> None:
    nodes = [
        FakeNode("norm/batchnorm/ReadVariableOp", "ReadVariableOp", ["k0"], ((3,),)),
        FakeNode("norm/batchnorm/mul", "Mul", ["x", "norm/batchnorm/ReadVariableOp:value:0"], ((None, 3),)),
        FakeNode("norm/assert_equal_1/Equal", "Equal", ["x", "x"], ((),)),
    ]
    scopes = LayerScopes(ScopeTree(forward(nodes, {"k0": weight(0, "norm/gamma")})))
    assert [scopes.tree.paths[scope] for scope in scopes.members(0)] == ["norm"]
    assert scopes.members(scopes.members(0)[0]) == []


def test_reads_led_through_control_flow_are_no_layers() -> None:
    """Tensor2Tensor reads each variable in a scope of its own; an Identity alone is what is left of a Dropout."""
    nodes = [
        FakeNode("Read_16/ReadVariableOp/Switch", "Switch", ["k0", "x"], ((2, 3), (2, 3))),
        FakeNode("Read_16/ReadVariableOp", "ReadVariableOp", ["Read_16/ReadVariableOp/Switch:1"], ((2, 3),)),
        FakeNode("Read_17/Identity", "Identity", ["Read_17/ReadVariableOp:value:0"], ((2, 3),)),
        FakeNode("Read_17/ReadVariableOp", "ReadVariableOp", ["k1"], ((2, 3),)),
        FakeNode("dropout/Identity", "Identity", ["x"], ((None, 3),)),
        FakeNode("dense/MatMul", "MatMul", ["dropout/Identity:output:0", "k2"], ((None, 3),)),
    ]
    weights = {f"k{i}": weight(i, f"body/kernel_{i}") for i in range(3)}
    table = build_scope_table(forward(nodes, weights))
    assert [(row.path, row.class_name) for row in table.rows] == [("dropout", "Identity"), ("dense", "MatMul")]
    assert "2 variables with 12 elements are read outside all rows." in table.notes


def test_shapes_are_never_guessed() -> None:
    several: tuple[Shape, ...] = ((None, 1), (None, 2))
    nodes = [
        FakeNode("a/Unknown", "Unknown", ["x"], several),
        FakeNode("b/Split", "Split", ["a/Unknown:second:0"], several),
        FakeNode("c/Relu", "Relu", ["b/Split:output:1"]),
    ]
    table = build_scope_table(forward(nodes, {}, ["c/Relu:y:0"]))
    assert [row.output_shapes for row in table.rows] == [(), ((None, 2),), ()]


def test_no_scopes_no_rows() -> None:
    table = build_scope_table(forward([FakeNode("MatMul", "MatMul", ["x", "k0"])], {"k0": weight(0, "kernel")}))
    assert (table.source, table.rows, table.parameters) == ("none", (), 6)
    assert "stand in no name scopes" in table.notes[0]


def test_variables_outside_all_rows_are_told() -> None:
    nodes = [FakeNode("MatMul", "MatMul", ["x", "k0"]), FakeNode("pool/Mean", "Mean", ["MatMul:y:0"], ((None,),))]
    table = build_scope_table(forward(nodes, {"k0": weight(0, "kernel")}))
    assert [row.name for row in table.rows] == ["pool"]
    assert "1 variables with 6 elements are read outside all rows." in table.notes


def test_many_rows_end_with_a_note() -> None:
    nodes = [FakeNode(f"layer_{i}/Relu", "Relu", ["x"], ((1,),)) for i in range(MAX_ROWS + 1)]
    table = build_scope_table(forward(nodes, {}))
    assert len(table.rows) == MAX_ROWS
    assert any("there are more scopes" in note for note in table.notes)


def test_deep_names_stay_linear() -> None:
    """A name of 100 000 components costs no more than its length."""
    deep = "/".join(["a"] * 100_000)
    tree = ScopeTree(forward([FakeNode(f"{deep}/MatMul", "MatMul", ["k0"])], {"k0": weight(0, "kernel")}))
    assert len(tree.paths) == MAX_DEPTH + 1
    table = build_scope_table(tree.forward)
    assert max((row.depth for row in table.rows), default=0) < MAX_LEVELS


NAMES = st.lists(st.sampled_from(["a", "b_1", "dense", "dense_1", "", "MatMul"]), min_size=1, max_size=5).map("/".join)


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["MatMul", "ReadVariableOp", "Const", "Identity"]), NAMES), max_size=12),
    NAMES,
)
def test_any_names_give_a_sound_table(given_nodes: list[tuple[str, str, str]], variable: str) -> None:
    nodes = [FakeNode(name, op, [source, "k0"], ((1,),)) for name, op, source in given_nodes]
    for main in (True, False):
        table = build_scope_table(forward(nodes, {"k0": weight(0, variable)}, main=main))
        assert sum(row.nodes for row in table.rows if row.depth == 0) <= len(nodes)
        paths = [row.path for row in table.rows]
        assert len(paths) == len(table.rows)
        assert all(row.parameters in (0, 6) for row in table.rows)


def test_base_name() -> None:
    assert [base_name(name) for name in ("dense", "dense_1", "dense_1_2", "conv2d", "_1")] == [
        "dense", "dense", "dense", "conv2d", "",
    ]  # fmt: skip


def test_count_elements() -> None:
    assert [count_elements(shape) for shape in ((), (2, 3), (2, None), None, (0, 5))] == [1, 6, 0, 0, 0]
