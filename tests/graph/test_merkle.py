"""Digests of functions: blind to what an exporter counts, and to nothing else."""

from __future__ import annotations

import pytest

from smanalyze.graph.merkle import Merkle

from .made import call, function, library_of, node

READ = ("ReadVariableOp", "dtype", "type: DT_FLOAT")


def digest(*functions: str, name: str = "f") -> bytes:
    return Merkle(library_of([], *functions)).function(name).value


def body(inputs: str, *nodes: str, y: str) -> str:
    return function("f", inputs, list(nodes), y=y)


SUBTRACT = body("a b", node("s", "Sub", "a", "b"), y="s:z:0")
CHAIN = body("x h1 h2", node("r1", "ReadVariableOp", "h1"), node("r2", "ReadVariableOp", "h2"),
             node("m1", "MatMul", "x", "r1:value:0"), node("m2", "MatMul", "m1:product:0", "r2:value:0"),
             y="m2:product:0")  # fmt: skip


@pytest.mark.parametrize(
    "same",
    [
        # other node names
        body("a b", node("other", "Sub", "a", "b"), y="other:z:0"),
        # other argument names
        body("c d", node("s", "Sub", "c", "d"), y="s:z:0"),
        # captures in another order
        body("b a", node("s", "Sub", "a", "b"), y="s:z:0"),
        # attrs that exporters count
        body("a b", node("s", "Sub", "a", "b", _class='s: "loc:@x"', _user_specified_name='s: "34"'), y="s:z:0"),
    ],
)
def test_what_an_exporter_counts_is_no_part(same: str) -> None:
    assert digest(same) == digest(SUBTRACT)


@pytest.mark.parametrize(
    "other",
    [
        body("a b", node("s", "Mul", "a", "b"), y="s:z:0"),
        body("a b", node("s", "Sub", "a", "a"), y="s:z:0"),
        body("a b", node("s", "Sub", "a", "b", T="type: DT_HALF"), y="s:z:0"),
        body("a b", node("s", "Sub", "a", "b"), node("r", "ReadFile", "a"), y="s:z:0"),
        body("a b", node("s", "Sub", "a", "b"), node("t", "Neg", "s:z:0"), y="t:y:0"),
        body("a b", node("s", "Sub", "a", "b"), node("n", "NoOp", "^s"), y="s:z:0"),
        body("a b h", node("s", "Sub", "a", "b"), y="s:z:0"),
        body("a b", node("s", "Sub", "a", "b"), y="a"),
        body("a b", node("s", "Sub", "a", "missing"), y="s:z:0"),
    ],
)
def test_what_a_function_does_is(other: str) -> None:
    assert digest(other) != digest(SUBTRACT)


def test_the_mark_of_control_outputs_is_no_part() -> None:
    """Some releases mark the NoOp of automatic control dependencies: what it waits for is what counts."""

    def barrier(**attrs: str) -> bytes:
        nodes = [node("r", "ReadVariableOp", "h"), node("n", "NoOp", "^r", **attrs)]
        return digest(body("h", *nodes, y="r:value:0"))

    assert barrier(_acd_function_control_output="b: true") == barrier()
    assert barrier(_stateful_parallelism="b: true") != barrier()


def test_the_order_of_arguments_is_handed_to_callers() -> None:
    """A call hands on what the callee takes: another order of captures in both is the same, in one of them not."""
    turned = CHAIN.replace('name: "h1" type', 'name: "h2_" type').replace('name: "h2" type', 'name: "h1" type')
    turned = turned.replace("h2_", "h2")

    def caller(*inputs: str) -> str:
        return function("g", "x h1 h2", [call("c", "f", *inputs)], y="c:output:0")

    straight = digest(CHAIN, caller("x", "h1", "h2"), name="g")
    assert digest(turned, caller("x", "h2", "h1"), name="g") == straight
    assert digest(turned, caller("x", "h1", "h2"), name="g") == straight, (
        "the names of handles say nothing by themselves"
    )
    assert digest(CHAIN) == digest(turned)
    doubled = digest(CHAIN, caller("x", "h1", "h1"), name="g")
    assert doubled != straight


def test_which_argument_goes_where_is_seen_across_calls() -> None:
    inner = SUBTRACT

    def outer(*inputs: str) -> str:
        return function("g", "a b", [node("n", "Neg", "a"), call("c", "f", *inputs)], y="c:output:0")

    assert digest(inner, outer("n:y:0", "b"), name="g") != digest(inner, outer("b", "n:y:0"), name="g")


def test_another_callee_is_another_caller_and_its_name_is_none() -> None:
    outer = function("g", "a b", [call("c", "f", "a", "b")], y="c:output:0")
    renamed = function("g", "a b", [call("c", "f_9", "a", "b")], y="c:output:0")
    same = SUBTRACT.replace('name: "f"', 'name: "f_9"')
    changed = same.replace('op: "Sub"', 'op: "Mul"')
    assert digest(SUBTRACT, outer, name="g") == digest(same, renamed, name="g")
    assert digest(SUBTRACT, outer, name="g") != digest(changed, renamed, name="g")
    assert digest(outer, name="g") != digest(SUBTRACT, outer, name="g"), "a function that is not there"


def test_order_of_nodes_and_of_side_effects_is_none() -> None:
    nodes = [node("w1", "AssignVariableOp", "h1", "x"), node("w2", "AssignVariableOp", "h2", "x"),
             node("n", "Neg", "x", "^w1", "^w2")]  # fmt: skip
    one = function("f", "x h1 h2", nodes, y="n:y:0")
    other = function("f", "x h2 h1", nodes[::-1], y="n:y:0")
    assert digest(one) == digest(other)
    twice = [nodes[0], node("w2", "AssignVariableOp", "h1", "x"), nodes[2]]
    assert digest(function("f", "x h1 h2", twice, y="n:y:0")) != digest(one)


def test_loops_and_recursion_end() -> None:
    loop = [
        node("m", "Merge", "x", "next"),
        node("a", "Add", "m:output:0", "x"),
        node("next", "NextIteration", "a:z:0"),
    ]
    plain = digest(function("f", "x", loop, y="a:z:0"))
    longer = [*loop[:2], node("b", "Neg", "a:z:0"), node("next", "NextIteration", "b:y:0")]
    assert plain != digest(function("f", "x", longer, y="a:z:0")), "what is fed back counts"
    knot = [node("p", "Neg", "q"), node("q", "Neg", "p")]
    assert digest(function("f", "x", knot, y="p")) != digest(function("f", "x", knot[:1], y="p"))
    itself = function("f", "x", [call("c", "f", "x")], y="c:output:0")
    assert digest(itself) != digest(function("f", "x", [call("c", "g", "x")], y="c:output:0"))


def test_depth_needs_no_stack() -> None:
    count = 10_000
    nodes = [node("n0", "Neg", "x"), *(node(f"n{i}", "Neg", f"n{i - 1}:y:0") for i in range(1, count))]
    straight = digest(function("f", "x", nodes, y=f"n{count - 1}:y:0"))
    assert straight == digest(function("f", "x", nodes[::-1], y=f"n{count - 1}:y:0"))
    calls = [function(f"g{i}", "x", [call("c", f"g{i + 1}", "x")], y="c:output:0") for i in range(2_000)]
    assert digest(*calls, name="g0") == digest(*calls[::-1], name="g0")


def test_savers_do_not_follow_the_list_of_variables() -> None:
    """Variables in another order, or one more, are told elsewhere; any other op in a saver is told here."""

    def saver(variables: int, *more: str) -> str:
        handles = " ".join(f"h{i}" for i in range(variables))
        reads = [node(f"r{i}", "ReadVariableOp", f"h{i}") for i in range(variables)]
        names = node("names", "Const", value=f'tensor {{ dtype: DT_STRING string_val: "k{variables}" }}')
        save = node("s", "SaveV2", "x", "names", "names", *(f"r{i}:value:0" for i in range(variables)))
        return function("f", f"x {handles}", [*reads, names, save, *more], y="x")

    assert digest(saver(1)) == digest(saver(3))
    assert digest(saver(1)) != digest(saver(1, node("w", "WriteFile", "x", "x")))
    other = saver(1, node("c", "Const", value='tensor { dtype: DT_STRING string_val: "/etc/x" }'))
    assert digest(saver(1)) != digest(other)
