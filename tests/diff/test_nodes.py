"""Nodes of two bodies: which is which, and which changed themselves."""

from __future__ import annotations

import random

import pytest

from tests.diff.bodies import Row, delta, matched, side, told


def blocks(names: list[str]) -> list[Row]:
    """Equal blocks under names of their own, one behind the other."""
    rows: list[Row] = []
    before = "x"
    for name in names:
        rows += [(f"{name}/Abs", "Abs", [before]), (f"{name}/Relu", "Relu", [f"{name}/Abs:y:0"])]
        before = f"{name}/Relu:activations:0"
    return [*rows, ("Identity", "Identity", [before])]


def layers(count: int, variables: list[str]) -> list[Row]:
    """Layers whose nodes an exporter counted: MatMul, MatMul_1 … each of them reads a variable."""
    rows: list[Row] = []
    before = "x"
    for number in range(count):
        tail = f"_{number}" if number else ""
        rows += [(f"Read{tail}", "ReadVariableOp", [variables[number]]),
                 (f"MatMul{tail}", "MatMul", [before, f"Read{tail}:value:0"]),
                 (f"Relu{tail}", "Relu", [f"MatMul{tail}:product:0"])]  # fmt: skip
        before = f"Relu{tail}:activations:0"
    return [*rows, ("Identity", "Identity", [before])]


def test_a_block_among_equal_blocks_does_not_slide() -> None:
    names = [f"block{number}" for number in range(12)]
    found = delta(side(blocks(names)), side(blocks([*names[:6], "inserted", *names[6:]])))
    assert told(found) == [("added", "inserted/Abs"), ("added", "inserted/Relu"), ("rewired", "block6/Abs")]
    assert found.downstream == 12


def test_a_block_that_went_does_not_slide() -> None:
    names = [f"block{number}" for number in range(12)]
    found = delta(side(blocks(names)), side(blocks([*names[:6], *names[7:]])))
    assert told(found) == [("removed", "block6/Abs"), ("removed", "block6/Relu"), ("rewired", "block7/Abs")]


def test_counted_names_do_not_slide_where_variables_tell() -> None:
    """One more layer gives all layers behind it another name; what they read stays."""
    old, new = ["x", *(f"w{n}" for n in range(6))], ["x", "w0", "w1", "w2", "more", "w3", "w4", "w5"]
    args = {0: 0, 1: 1, 2: 2, 3: 3, 4: 5, 5: 6, 6: 7}
    labels = [name.encode() for name in new]
    found = delta(
        side(layers(6, old[1:]), old, [labels[args[n]] for n in range(7)]), side(layers(7, new[1:]), new, labels), args
    )
    assert told(found) == [
        ("added", "MatMul_3"), ("added", "Read_3"), ("added", "Relu_3"), ("rewired", "MatMul_4"),
    ]  # fmt: skip


def test_an_op_that_became_another_keeps_its_neighbours() -> None:
    old = side([("a", "Abs", ["x"]), ("b", "Relu", ["a:y:0"]), ("c", "Neg", ["b:activations:0"])])
    new = side([("a", "Abs", ["x"]), ("b", "Tanh", ["a:y:0"]), ("c", "Neg", ["b:y:0"])])
    assert told(delta(old, new)) == [("added", "b"), ("removed", "b"), ("rewired", "c")]


def test_all_renamed_is_no_change() -> None:
    old = side([("a", "Abs", ["x"]), ("b", "Relu", ["a:y:0"]), ("c", "Neg", ["b:activations:0"])])
    new = side([("z/1", "Abs", ["x"]), ("y/2", "Relu", ["z/1:y:0"]), ("w/3", "Neg", ["y/2:activations:0"])])
    found = delta(old, new)
    assert found.changed == 0 and found.equal == 3


def test_a_value_says_what_it_was_and_is() -> None:
    old, new = (side([("c", "Const", [], "", number)]) for number in (3, 4))
    found = delta(old, new)
    assert [(n.kind, n.old, n.new) for n in found.nodes] == [("attrs", "3.0", "4.0")]
    assert found.constants == 1


def test_a_device_alone_is_a_kind_of_its_own() -> None:
    old, new = side([("a", "Abs", ["x"])]), side([("a", "Abs", ["x"], "/device:GPU:0")])
    assert [(n.kind, n.old, n.new) for n in delta(old, new).nodes] == [("device", "", "/device:GPU:0")]


def test_nodes_on_another_device_are_found_by_their_structure() -> None:
    old = side([("y", "Identity", ["Add:z:0"]), ("Add", "AddV2", ["x", "x"])])
    new = side([("y", "AddV2", ["x", "x"], "/device:GPU:0")])
    assert told(delta(old, new)) == [("device", "y"), ("removed", "y")]


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        (["x", "^a"], ["x"], [("control", "b")]),
        (["x", "^n"], ["x", "^a"], []),
        (["x", "^a"], ["x", "^n"], []),
        (["x"], ["x", "^n"], [("control", "b")]),
    ],
)
def test_control_edges_are_followed_through_a_noop(
    old: list[str], new: list[str], kinds: list[tuple[str, str]]
) -> None:
    def body(inputs: list[str]) -> list[Row]:
        return [("a", "Abs", ["x"]), ("n", "NoOp", ["^a"]), ("b", "Neg", inputs)]

    assert told(delta(side(body(old)), side(body(new)))) == kinds


def test_a_noop_more_or_less_is_nothing() -> None:
    rows: list[Row] = [("a", "Abs", ["x"])]
    assert delta(side(rows), side([*rows, ("n", "NoOp", ["^a"])])).changed == 0
    assert delta(side([*rows, ("n", "NoOp", ["^a"])]), side(rows)).changed == 0


def test_another_output_of_the_same_node_is_rewired() -> None:
    old = side([("s", "Split", ["x"]), ("b", "Neg", ["s:output:0"])])
    new = side([("s", "Split", ["x"]), ("b", "Neg", ["s:output:1"])])
    assert told(delta(old, new)) == [("rewired", "b")]


def test_another_named_output_of_the_same_node_is_rewired() -> None:
    old = side([("t", "TopKV2", ["x", "x"]), ("b", "Neg", ["t:values:0"])])
    new = side([("t", "TopKV2", ["x", "x"]), ("b", "Neg", ["t:indices:0"])])
    assert told(delta(old, new)) == [("rewired", "b")]
    assert told(delta(old, old)) == []


def test_arguments_in_another_order_are_the_same() -> None:
    rows: list[Row] = [("a", "Sub", ["one", "two"])]
    old = side(rows, ["one", "two"])
    assert delta(old, side(rows, ["two", "one"]), {0: 1, 1: 0}).changed == 0
    assert told(delta(old, side(rows, ["two", "one"]), {0: 0, 1: 1})) == [("rewired", "a")]


def test_any_order_in_the_file_gives_the_same_changes() -> None:
    names = [f"block{number}" for number in range(8)]
    old, new = blocks(names), blocks([*names[:3], "inserted", *names[3:]])
    wanted = told(delta(side(old), side(new)))
    for seed in range(5):
        random.Random(seed).shuffle(old)
        random.Random(seed + 100).shuffle(new)
        assert told(delta(side(old), side(new))) == wanted


def test_mirrored_sides_mirror_the_changes() -> None:
    names = [f"block{number}" for number in range(8)]
    old, new = side(blocks(names)), side(blocks([*names[:3], "inserted", *names[3:]]))
    there, back = delta(old, new), delta(new, old)
    assert (there.added, there.removed) == (back.removed, back.added)
    assert there.kinds["rewired"] == back.kinds["rewired"]


def test_a_deep_chain_needs_no_recursion() -> None:
    names = [f"block{number}" for number in range(20_000)]
    found = delta(side(blocks(names)), side(blocks([*names[:10_000], "inserted", *names[10_000:]])))
    assert found.changed == 3 and found.downstream == 20_000


def test_what_is_listed_is_bounded_and_all_is_counted() -> None:
    rows: list[Row] = [(f"n{number}", "Abs", ["x"]) for number in range(500)]
    found = delta(side([]), side(rows))
    assert found.added["Abs"] == 500 and len(found.nodes) == 200


def test_no_node_has_two_partners() -> None:
    rows = blocks([f"b{number}" for number in range(30)])
    match = matched(side(rows), side(rows[10:] + rows[:10]))
    assert len(set(match.to_new.values())) == len(match.to_new) == len(match.to_old)
