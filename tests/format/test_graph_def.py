"""Nodes, functions and graphs as views."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from smanalyze.errors import FormatError
from smanalyze.format.graph_def import FunctionView, GraphView, NodeView
from smanalyze.format.node_columns import MAX_ALIKE, functions_in, read_columns
from smanalyze.graph.body import NOISE_ATTRS
from smanalyze.model.graph import Argument
from tests.models import each_model, model_of

from .protos import proto

NODE = """
name: "n" op: "Op" input: "a:1" input: "^b" device: "/gpu:0"
attr { key: "s" value { s: "bytes\\377" } }
attr { key: "i" value { i: -1 } }
attr { key: "zero" value { i: 0 } }
attr { key: "f" value { f: 0.5 } }
attr { key: "b" value { b: true } }
attr { key: "T" value { type: DT_BFLOAT16 } }
attr { key: "shape" value { shape { dim { size: -1 } dim { size: 2 } } } }
attr { key: "value" value { tensor { dtype: DT_STRING tensor_shape { dim { size: 2 } }
                                     string_val: "x" string_val: "y" } } }
attr { key: "func" value { func { name: "g" } } }
attr { key: "placeholder" value { placeholder: "p" } }
attr { key: "empty" value { list {} } }
attr { key: "unset" value {} }
attr { key: "ls" value { list { s: "1" s: "2" } } }
attr { key: "lt" value { list { type: DT_INT32 type: DT_RESOURCE } } }
attr { key: "lf" value { list { func { name: "g" } func { name: "h" } } } }
attr { key: "_output_shapes" value { list { shape { unknown_rank: true } shape {} } } }
"""


@pytest.fixture
def node() -> NodeView:
    return NodeView(proto("NodeDef", NODE))


def test_what_a_node_says(node: NodeView) -> None:
    assert (node.name, node.op, node.device, list(node.inputs)) == ("n", "Op", "/gpu:0", ["a:1", "^b"])
    assert node.attr_string("s") == "bytes\\xff"
    assert (node.attr_int("i"), node.attr_int("zero")) == (-1, 0)
    assert node.attr_type("T") == "bfloat16"
    assert node.attr_types("lt") == ("int32", "resource")
    assert node.attr_shape("shape") == (None, 2)
    assert node.attr_strings("ls") == ("1", "2")
    assert node.output_shapes() == (None, ())
    tensor = node.attr_tensor("value")
    assert tensor is not None
    assert (tensor.dtype, tensor.shape, tensor.strings) == ("string", (2,), (b"x", b"y"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("s", "string"), ("i", "int"), ("zero", "int"), ("f", "float"), ("b", "bool"), ("T", "type"),
        ("shape", "shape"), ("value", "tensor"), ("func", "func"), ("placeholder", "placeholder"), ("empty", "none"),
        ("unset", "none"), ("ls", "list_string"), ("lt", "list_type"), ("lf", "list_func"), ("gone", "none"),
    ],
)  # fmt: skip
def test_kinds_of_attrs(node: NodeView, name: str, kind: str) -> None:
    assert node.attr_kind(name) == kind


def test_asking_for_what_is_absent_or_of_another_kind_changes_nothing(node: NodeView) -> None:
    """Indexing a proto map inserts; a reader must not."""
    before = list(node.attr_names())
    assert not node.has_attr("gone")
    assert (node.attr_string("gone"), node.attr_string("i")) == ("", "")
    assert (node.attr_int("gone"), node.attr_int("s")) == (None, None)
    assert (node.attr_type("gone"), node.attr_types("gone"), node.attr_shape("gone")) == (None, (), None)
    assert (node.attr_tensor("gone"), node.attr_strings("s")) == (None, ())
    assert list(node.attr_names()) == before == sorted(before)


FUNCTION = """
signature { name: "f" is_stateful: true
  input_arg { name: "x" type: DT_FLOAT } input_arg { name: "h" type: DT_RESOURCE }
  output_arg { name: "y" type: DT_FLOAT } control_output: "done" }
arg_attr { key: 0 value { attr { key: "_user_specified_name" value { s: "inputs" } }
  attr { key: "_output_shapes" value { list { shape { dim { size: 3 } } } } } } }
attr { key: "api_implements" value { s: "lstm" } } attr { key: "n" value { i: 1 } }
node_def { name: "add" op: "AddV2" input: "x" input: "x" }
ret { key: "y" value: "add:z:0" } control_ret { key: "done" value: "add" }
"""


def test_what_a_function_says() -> None:
    function = FunctionView(proto("FunctionDef", FUNCTION))
    assert (function.name, function.node_count, function.is_stateful) == ("f", 1, True)
    assert function.inputs == (Argument("x", "float32", "inputs", (3,), True), Argument("h", "resource"))
    assert function.outputs == (Argument("y", "float32"),)
    assert (dict(function.returns), dict(function.control_returns)) == ({"y": "add:z:0"}, {"done": "add"})
    assert function.attributes == {"api_implements": "lstm"}


def test_a_graph_and_its_library() -> None:
    graph = GraphView(
        proto(
            "GraphDef",
            'node { name: "a" op: "X" } node { name: "b" op: "Y" } versions { producer: 9 min_consumer: 2 } '
            'library { function { signature { name: "g" } } function { signature { name: "f" } } '
            'function { signature { name: "g" } node_def { name: "last" op: "Z" } } '
            'gradient { function_name: "f" gradient_func: "f_grad" } '
            'registered_gradients { registered_op_type: "CustomGradient-1" gradient_func: "c_grad" } }',
        )
    )
    assert [node.name for node in graph.nodes] == ["a", "b"]
    assert [node.name for node in graph.nodes[1:]] == ["b"]
    assert graph.nodes[-1].name == "b"
    assert (graph.producer, graph.min_consumer) == (9, 2)
    assert list(graph.functions) == ["g", "f"]
    assert graph.functions["g"].node_count == 1, "of equal names the last counts"
    assert graph.gradients == (("f", "f_grad"), ("CustomGradient-1", "c_grad"))
    with pytest.raises(FormatError):
        graph.const_value(graph.nodes[0])


def _functions(node: Any) -> Iterator[tuple[str, str]]:
    for name, value in node._message.attr.items():
        yield from functions_in(name, value)


@each_model
def test_columns_say_what_the_views_say(name: str) -> None:
    """One is quick, the other plain; they must agree on every node."""
    for meta_graph in model_of(name).meta_graphs:
        for body in (meta_graph.graph, *meta_graph.graph.functions.values()):
            columns, nodes = body.columns(), list(body.nodes)
            assert columns.names == [node.name for node in nodes]
            assert columns.ops == [node.op for node in nodes]
            assert [list(found) for found in columns.inputs] == [list(node.inputs) for node in nodes]
            assert columns.devices == [(i, node.device) for i, node in enumerate(nodes) if node.device]
            assert sorted(columns.functions) == sorted(
                (i, attr, function) for i, node in enumerate(nodes) for attr, function in _functions(node)
            )
            gradients = {node.attr_string("_gradient_op_type") for node in nodes} - {""}
            assert columns.gradient_ops == gradients


def test_columns_find_functions_in_any_attr() -> None:
    """An attr name is passed over only once its type is known; names with an underscore always are looked at."""
    graph = proto(
        "GraphDef",
        'node { name: "1" op: "C" attr { key: "f" value { list {} } } }'
        'node { name: "2" op: "C" attr { key: "f" value { list { func { name: "g" } } } } }'
        'node { name: "3" op: "D" attr { key: "f" value { i: 1 } } }'
        'node { name: "4" op: "C" attr { key: "f" value { func { name: "h" } } } }'
        'node { name: "5" op: "E" attr { key: "_x" value { i: 1 } } }'
        'node { name: "6" op: "E" attr { key: "_x" value { func { name: "k" } } } }',
    )
    assert read_columns(graph.node).functions == [(1, "f", "g"), (3, "f", "h"), (5, "_x", "k")]


def test_functions_that_a_function_is_given_follow_it() -> None:
    inner = (
        'attr { key: "g" value { func { name: "inner" attr { key: "h" value { list { func { name: "deep" } } } } } } }'
    )
    graph = proto(
        "GraphDef", f'node {{ name: "1" op: "C" attr {{ key: "f" value {{ func {{ name: "a" {inner} }} }} }} }}'
    )
    assert read_columns(graph.node).functions == [(0, "f", "a"), (0, "f.g", "inner"), (0, "f.g.h", "deep")]


@each_model
def test_bodies_alike_have_the_columns_that_each_would_have(name: str) -> None:
    """Small bodies are read once for all that differ in the functions they name alone."""
    for meta_graph in model_of(name).meta_graphs:
        for function in meta_graph.graph.functions.values():
            for noise in (frozenset[str](), NOISE_ATTRS):
                alone, found = read_columns(function._message.node_def, noise), function.columns(noise)  # type: ignore[attr-defined]
                assert (alone.alike, found.alike >= 0) == (-1, function.node_count <= MAX_ALIKE)
                assert found._replace(alike=-1, inputs=[]) == alone._replace(inputs=[])
                assert [list(one) for one in found.inputs] == [list(one) for one in alone.inputs]


def test_bodies_alike_differ_in_the_functions_they_name_alone() -> None:
    def body(name: str, callee: str, op: str = "Neg") -> str:
        return (
            f'function {{ signature {{ name: "{name}" }} node_def {{ name: "n" op: "{op}" }} node_def {{ name: "c" '
            f'op: "Call" input: "n" attr {{ key: "f" value {{ func {{ name: "{callee}" }} }} }} }} }}'
        )

    text = body("a", "f") + body("b", "g") + body("c", "f", "Abs")
    a, b, c = (one.columns() for one in GraphView(proto("GraphDef", f"library {{ {text} }}")).functions.values())
    assert (a.functions, b.functions) == ([(1, "f", "f")], [(1, "f", "g")])
    assert a.alike == b.alike != c.alike
    assert a.names is b.names
    assert c.ops == ["Abs", "Call"]
