"""Functions that are the same but for generated names: what is known of one of them holds for all."""

from __future__ import annotations

import pytest

from smanalyze.graph.library import Library
from smanalyze.graph.merkle import Merkle
from smanalyze.model.saved_model import MetaGraph
from tests.models import each_broken_model, each_model, model_of

from .made import call, function, library_of, node


class Alone(Library):
    """A library in which each function is looked at by itself."""

    def twin(self, name: str) -> str:
        return name


@each_model
def test_a_twin_tells_what_the_function_would(name: str) -> None:
    for meta_graph in model_of(name).meta_graphs:
        _check(meta_graph)


@each_broken_model
def test_a_twin_tells_what_a_broken_function_would(name: str) -> None:
    if name != "empty_folder":
        for meta_graph in model_of(name).meta_graphs:
            _check(meta_graph)


def _check(meta_graph: MetaGraph) -> None:
    library, alone = Library(meta_graph), Alone(meta_graph)
    merkles = Merkle(library), Merkle(alone)
    for name in library.functions:
        assert library.effects(name) == alone.effects(name)
        assert merkles[0].function(name) == merkles[1].function(name)
    assert library.op_counts == alone.op_counts
    assert list(library.op_counts) == list(alone.op_counts)


def one(name: str, callee: str = "g_1", inputs: str = "x", op: str = "Neg", **attrs: str) -> str:
    """A function of two nodes, one of which calls."""
    return function(name, inputs, [node("n", op, "x", **attrs), call("c", callee, "n:y:0")], y="c:output:0")


def leaf(name: str, op: str = "Relu", **attrs: str) -> str:
    """A function of one node."""
    return function(name, "x", [node("r", op, "x", **attrs)], y="r:activations:0")


def _twins(*functions: str) -> bool:
    library = library_of([], *functions)
    return library.twin("f_1") == library.twin("f_2")


@pytest.mark.parametrize(
    "other",
    [
        [one("f_2")],
        [one("f_2", "g_2"), leaf("g_2")],
        [one("f_2", "g_2"), leaf("g_2", _class='list { s: "loc:@v" }')],
        [one("f_2", _output_shapes="list { shape {} }")],
    ],
)
def test_generated_names_and_noise_tell_nothing(other: list[str]) -> None:
    assert _twins(one("f_1"), leaf("g_1"), *other)


@pytest.mark.parametrize(
    "other",
    [
        [one("f_2", op="Abs")],
        [one("f_2", "g_2"), leaf("g_2", "Elu")],
        [one("f_2", "gone")],
        [one("f_2", inputs="x h")],
        [one("f_2", T="type: DT_HALF")],
        [one("f_2").replace('ret { key: "y" value: "c:output:0" }', 'ret { key: "y" value: "n:y:0" }')],
        [one("f_2").replace('signature { name: "f_2"', 'signature { name: "f_2" is_stateful: true')],
        [one("f_2").replace("} }", "} } attr { key: '_noinline' value { b: true } }", 1)],
        [one("f_2").replace('ret { key: "y"', 'control_ret { key: "c" value: "n" } ret { key: "y"')],
    ],
)
def test_all_else_tells_functions_apart(other: list[str]) -> None:
    assert not _twins(one("f_1"), leaf("g_1"), *other)


def test_a_gradient_is_what_it_calls() -> None:
    def with_gradient(name: str, op: str) -> str:
        return leaf(name, "IdentityN", _gradient_op_type=f's: "{op}"')

    gradients = "".join(
        f' gradient {{ function_name: "{op}" gradient_func: "{grad}" }}'
        for op, grad in (("CustomGradient-1", "d_1"), ("CustomGradient-2", "d_2"), ("CustomGradient-3", "d_3"))
    )
    functions = [with_gradient(f"f_{n}", f"CustomGradient-{n}") for n in (1, 2, 3, 4)]
    library = library_of([], *functions, leaf("d_1"), leaf("d_2"), leaf("d_3", "Elu"), gradients)
    assert library.twin("f_1") == library.twin("f_2")
    assert len({library.twin(name) for name in ("f_1", "f_3", "f_4")}) == 3


def test_recursion_is_like_no_other() -> None:
    above = [one("c", "a"), one("d", "a"), one("e", "b")]
    library = library_of([], one("f_1", "f_1"), one("f_2", "f_2"), one("a", "b"), one("b", "a"), *above)
    names = ["f_1", "f_2", "a", "b", "c", "d", "e", "gone"]
    assert [library.twin(name) for name in names] == names


def test_a_long_chain_needs_no_recursion_in_python() -> None:
    count = 5000
    chain = [one(f"f_{n}", f"f_{n + 1}") for n in range(count)]
    library = library_of([], *chain, leaf(f"f_{count}"), one("twin", f"f_{count - 1}"))
    assert library.twin("f_0") == "f_0"
    assert library.twin("twin") == f"f_{count - 2}"
