"""One pass over a body: where references lead, what a tensor needs, which input meets which argument."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.graph.body import BodyIndex, argument_mapping, index_function
from tests.models import each_model, model_of

from .made import call, func, funcs, function, graph_text, library_of, meta_graph, node


def main(*nodes: str) -> BodyIndex:
    return BodyIndex(meta_graph(graph_text(list(nodes))).graph)


def test_where_references_lead() -> None:
    index = main(node("a", "Const"), node("b/c", "Split", "a"), node("d", "NoOp", "^b/c"))
    for reference, number in [
        ("a", 0), ("a:0", 0), ("b/c:7", 1), ("b/c:output:0", 1), ("^d", 2), ("", None), ("b", None), ("^gone", None),
    ]:  # fmt: skip
        assert index.producer(reference) == number, reference


def test_of_equal_names_the_first_counts() -> None:
    assert main(node("a", "First"), node("a", "Second")).producer("a:0") == 0


def test_arguments_have_numbers_below_zero() -> None:
    library = library_of([], function("f", "x y", [node("n", "Add", "x", "y")]))
    index = index_function(library.functions["f"])
    assert [index.producer(name) for name in ("x", "y", "n:z:0")] == [-1, -2, 0]
    assert index.slice_before(["n:z:0"]) == {0, -1, -2}


DIAMOND = (
    node("a", "Const"), node("b", "Neg", "a"), node("c", "Neg", "a"), node("d", "Add", "b", "c:0"),
    node("e", "NoOp"), node("f", "Neg", "a", "^e"), node("g", "Neg", "f"), node("alone", "Const"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("start", "control", "names"),
    [
        (["d"], True, "a b c d"),
        (["b:0"], True, "a b"),
        (["g"], True, "a e f g"),
        (["g"], False, "a f g"),
        (["^d"], True, "a b c d"),
        (["gone"], True, ""),
        (["gone", "a"], True, "a"),
        ([], True, ""),
    ],
)
def test_slices(start: list[str], control: bool, names: str) -> None:
    index = main(*DIAMOND)
    assert {index.names[number] for number in index.slice_before(start, control=control)} == set(names.split())


def test_a_slice_of_a_cycle_ends() -> None:
    index = main(node("a", "X", "b"), node("b", "X", "a", "b"))
    assert index.slice_before(["a"]) == {0, 1}


@each_model
def test_a_slice_is_closed(name: str) -> None:
    """Nothing that a node of the slice needs is outside of it, and it is the smallest such set."""
    for meta_graph_ in model_of(name).meta_graphs:
        for body in (meta_graph_.graph, *meta_graph_.graph.functions.values()):
            index = BodyIndex(body)
            for start in index.names[-3:]:
                found = index.slice_before([start])
                needed = {index.producer(start)}
                for number in found:
                    needed |= {index.producer(reference) for reference in index.inputs[number]}
                assert found == needed - {None}


@pytest.mark.parametrize(
    ("reference", "origin"),
    [
        ("var", "var"), ("same", "var"), ("twice", "var"), ("pair:0", "other"), ("pair:1", "var"), ("pair:9", "other"),
        ("made", "made"), ("lonely", "lonely"),
    ],
)  # fmt: skip
def test_origin_looks_through_what_hands_on(reference: str, origin: str) -> None:
    index = main(
        node("var", "VarHandleOp"), node("other", "VarHandleOp"), node("same", "Identity", "var"),
        node("twice", "Enter", "same", "^other"), node("pair", "IdentityN", "other", "var"), node("made", "Neg", "var"),
        node("lonely", "Identity", "^var"),
    )  # fmt: skip
    number = index.origin(reference)
    assert number is not None
    assert index.names[number] == origin


def test_origin_of_a_circle_ends() -> None:
    assert main(node("a", "Identity", "b"), node("b", "Identity", "a")).origin("a") in (0, 1)


@given(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=10, max_size=10))
def test_origin_and_slices_of_any_graph_end(edges: list[list[int]]) -> None:
    index = main(*(node(f"n{i}", "Identity", *(f"n{j}" for j in ends)) for i, ends in enumerate(edges)))
    for i in range(10):
        assert index.origin(f"n{i}") is not None
        assert i in index.slice_before([f"n{i}"])


TYPES = "list { type: DT_FLOAT type: DT_RESOURCE }"
NO_TYPES = "list {}"
MAPPINGS = [
    # the calling node, arguments of the function, (reference, argument number) pairs
    (call("n", "f", "a", "b"), 2, [("a", 0), ("b", 1)]),
    (call("n", "f", "a", "b", "^c", op="StatefulPartitionedCall"), 2, [("a", 0), ("b", 1)]),
    (call("n", "f", "a", "b", "c"), 2, [("a", 0), ("b", 1)]),
    (node("n", "While", "a", "b", cond=func("f")), 2, [("a", 0), ("b", 1)]),
    (node("n", "If", "p", "a", "b", then_branch=func("f")), 2, [("a", 0), ("b", 1)]),
    (node("n", "StatelessIf", "p", "a", then_branch=func("f")), 2, [("a", 0)]),
    (node("n", "Case", "i", "a", "b", branches=funcs("f", "f")), 2, [("a", 0), ("b", 1)]),
    (node("n", "RemoteCall", "target", "a", f=func("f")), 1, [("a", 0)]),
    # other_arguments stand after the elements of a dataset
    (node("n", "MapDataset", "data", "a", "h", f=func("f"), Targuments=TYPES), 3, [("a", 1), ("h", 2)]),
    (
        node("n", "ParallelMapDatasetV2", "data", "a", "h", "calls", f=func("f"), Targuments=TYPES),
        3,
        [("a", 1), ("h", 2)],
    ),
    (node("n", "FilterDataset", "data", predicate=func("f"), Targuments=NO_TYPES), 1, []),
    # an op of others: captures stand last
    (node("n", "AcmeMap", "data", "h", f=func("f")), 1, [("h", 0)]),
    (node("n", "AcmeMap", "h", f=func("f")), 3, [("h", 2)]),
    (node("n", "AcmeMap", f=func("f")), 3, []),
]


@pytest.mark.parametrize(("text", "arguments", "pairs"), MAPPINGS, ids=[m[0][2:60] for m in MAPPINGS])
def test_argument_mapping(text: str, arguments: int, pairs: list[tuple[str, int]]) -> None:
    index = main(text)
    for found in index.calls:
        assert argument_mapping(index, found, arguments) == pairs


def test_a_node_whose_op_is_a_function_calls_it() -> None:
    """As TF1's Defun does; what it takes is the function's arguments in order."""
    library = library_of(
        [node("a", "Const"), node("n", "f", "a", "a"), node("m", "Neg", "n")],
        function("f", "x y", [node("i", "g", "y")]),
        function("g", "x", []),
    )
    (found,) = library.main.calls
    assert (found.node, found.op, found.attr, found.function) == (1, "f", "", "f")
    assert argument_mapping(library.main, found, 2) == [("a", 0), ("a", 1)]
    assert [call.function for call in library.callees("f")] == ["g"]
    assert library.callees("g") == ()


@each_model
def test_arguments_are_never_out_of_range(name: str) -> None:
    for meta_graph_ in model_of(name).meta_graphs:
        functions = meta_graph_.graph.functions
        for body in (meta_graph_.graph, *functions.values()):
            index = BodyIndex(body)
            for found in index.calls:
                if found.function in functions:
                    count = len(functions[found.function].inputs)
                    numbers = [number for _, number in argument_mapping(index, found, count)]
                    assert all(0 <= number < count for number in numbers)
                    assert len(set(numbers)) == len(numbers)


FED = (
    node("read", "ReadFile"), node("split", "Split", "read"), node("a", "Neg", "split"), node("b", "Neg", "split:1"),
    node("c", "Neg", "split", "^other"), node("other", "NoOp", "^split"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("start", "fed", "names"),
    [
        ("a", {(1, 0)}, "a"),
        ("b", {(1, 0)}, "b split read"),  # another output of the same node is still made
        ("split", {(1, 0)}, ""),
        ("split:1", {(1, 0)}, "split read"),
        ("c", {(1, 0)}, "c other split read"),  # what waits for a node waits for it whatever is fed
        ("a", {(5, 0)}, "a split read"),
    ],
)
def test_what_is_fed_is_not_made(start: str, fed: set[tuple[int, int]], names: str) -> None:
    index = main(*FED)
    assert {index.names[number] for number in index.slice_before([start], fed=fed)} == set(names.split())
