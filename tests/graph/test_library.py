"""What a call does to the resources that are handed to it."""

from __future__ import annotations

from itertools import compress

import pytest

from smanalyze.graph.library import READ, WRITE, Library
from tests.models import each_broken_model, each_model, model_of

from .made import call, func, funcs, function, library_of, node

READS = function("reads", "h", [node("r", "ReadVariableOp", "h")], y="r:value:0")
WRITES = function("writes", "h x", [node("w", "AssignAddVariableOp", "h", "x")])
RESOURCE = "list { type: DT_RESOURCE }"
IDLE = function("idle", "h", [])
EXPECTED = [
    # function, bits of each argument
    (function("f", "h", [node("r", "ReadVariableOp", "h")]), (READ,)),
    (function("f", "h", [node("s", "Identity", "h"), node("r", "ReadVariableOp", "s:output:0")]), (READ,)),
    (function("f", "h x", [node("w", "AssignVariableOp", "h", "x")]), (WRITE, 0)),
    (
        function("f", "h x", [node("w", "AssignVariableOp", "h", "x"), node("r", "ReadVariableOp", "h")]),
        (READ | WRITE, 0),
    ),
    (function("f", "h i x", [node("g", "ResourceGather", "h", "i")]), (READ, 0, 0)),
    (function("f", "x h", [node("l", "LookupTableFindV2", "h", "x", "x")]), (0, READ)),
    (function("f", "h x", [node("l", "LookupTableInsertV2", "h", "x", "x")]), (WRITE, 0)),
    # through calls, in whatever order arguments are handed on
    (function("f", "x h", [call("c", "writes", "h", "x")]), (0, WRITE)),
    (function("f", "h", [call("c", "reads", "h", op="StatefulPartitionedCall")]), (READ,)),
    (function("f", "p h", [node("i", "If", "p", "h", then_branch=func("reads"), else_branch=func("idle"))]), (0, READ)),
    (function("f", "p h x", [node("i", "StatelessIf", "p", "h", "x", then_branch=func("writes"))]), (0, WRITE, 0)),
    (function("f", "h x", [node("w", "While", "h", "x", cond=func("reads"), body=func("writes"))]), (READ | WRITE, 0)),
    (function("f", "p h", [node("c", "Case", "p", "h", branches=funcs("idle", "reads"))]), (0, READ)),
    (
        function("f", "x h", [node("m", "MapDataset", "x", "h", f=func("element"), Targuments=RESOURCE)]),
        (0, READ),
    ),
    # two steps down
    (function("f", "h", [call("c", "via", "h")]), (READ,)),
    # a handle that is only handed back does nothing
    (function("f", "h", [node("s", "Identity", "h")]), (0,)),
    (function("f", "h", [call("c", "gone", "h")]), (0,)),
]  # fmt: skip
ELEMENT = function("element", "x h", [node("r", "ReadVariableOp", "h")])
VIA = function("via", "h", [call("c", "reads", "h")])


@pytest.mark.parametrize(("text", "bits"), EXPECTED, ids=range(len(EXPECTED)))
def test_effects(text: str, bits: tuple[int, ...]) -> None:
    library = library_of([], text, READS, WRITES, IDLE, ELEMENT, VIA)
    handles = [argument.name.startswith("h") for argument in library.functions["f"].inputs]
    found = library.effects("f")
    assert len(found) == len(bits)
    assert list(compress(found, handles)) == list(compress(bits, handles)), "what is no handle has no effects to tell"


def test_order_in_the_file_does_not_matter() -> None:
    text = EXPECTED[-3][0]
    for parts in ((text, READS, VIA), (VIA, text, READS), (READS, VIA, text)):
        assert library_of([], *parts).effects("f") == (READ,)


def test_recursion_ends_and_own_ops_count() -> None:
    own = function("own", "h", [node("r", "ReadVariableOp", "h"), call("again", "own", "h")])
    ping = function("ping", "h x", [call("c", "pong", "h", "x")])
    pong = function("pong", "h x", [node("w", "AssignVariableOp", "h", "x"), call("c", "ping", "h", "x")])
    library = library_of([], own, ping, pong)
    assert library.effects("own") == (READ,)
    assert library.effects("ping") == (WRITE, 0)
    assert library.effects("gone") == ()


def test_a_thousand_calls_deep() -> None:
    chain = [function(f"f{i}", "h", [call("c", f"f{i + 1}", "h")]) for i in range(1500)]
    library = library_of([], *chain, function("f1500", "h", [node("r", "ReadVariableOp", "h")]))
    assert library.effects("f0") == (READ,)


def test_reference_variables_of_tensorflow_1() -> None:
    """An op on a reference takes the variable first; the value may come from another variable."""
    library = library_of([
        node("v", "VariableV2"), node("other", "VariableV2"), node("delta", "Identity", "other"),
        node("a", "AssignAdd", "v", "delta"), node("s", "ScatterUpdate", "other", "v", "v"), node("r", "Identity", "v"),
    ])  # fmt: skip
    assert library.body_effects(library.main) == [(0, WRITE), (1, WRITE)]
    by_node = library.node_effects(library.main)
    assert 5 not in by_node
    assert list(by_node[4]) == [1]


def test_an_optimizer_writes_all_its_slots() -> None:
    library = library_of([], function("f", "h hm hv x", [node("a", "ResourceApplyAdam", "h", "hm", "hv", *["x"] * 7)]))
    bits = library.effects("f")
    assert all(bit & WRITE for bit in bits[:3])


def test_op_counts_are_of_everything() -> None:
    library = library_of([node("a", "Neg"), node("b", "Neg")], READS, IDLE)
    assert library.op_counts == {"Neg": 2, "ReadVariableOp": 1}


@each_model
def test_effects_of_fixtures_have_an_entry_for_each_argument(name: str) -> None:
    for meta_graph in model_of(name).meta_graphs:
        library = Library(meta_graph)
        for function_name, view in library.functions.items():
            assert len(library.effects(function_name)) == len(view.inputs)


@each_broken_model
def test_walks_of_broken_graphs_end(name: str) -> None:
    if name == "empty_folder":
        return
    for meta_graph in model_of(name).meta_graphs:
        library = Library(meta_graph)
        for function_name in library.functions:
            library.effects(function_name)


#: fixture -> function prefix -> does it write? From the recipes.
WRITERS = {
    "mutating_signature": {"signature_wrapper": True},
    "module_one_signature": {"signature_wrapper": False, "traced_restore": True},
    "control_flow": {"signature_wrapper_loop": False},
}


@pytest.mark.parametrize("name", WRITERS)
def test_who_writes_in_fixtures(name: str) -> None:
    library = Library(model_of(name).meta_graphs[0])
    for part, writes in WRITERS[name].items():
        found = [function_name for function_name in library.functions if part in function_name]
        assert found
        for function_name in found:
            assert any(bits & WRITE for bits in library.effects(function_name)) == writes
