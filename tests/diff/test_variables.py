"""Which variables of both sides are the same, and how that was found."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from smanalyze.api.facts import gather
from smanalyze.diff.renames import Renames
from smanalyze.diff.variables import match_variables, stem_of
from smanalyze.load import load
from smanalyze.report.changes import VariablePair
from smanalyze.report.sections import VariableRow
from tests.checks.compat.helpers import pair, report, same
from tests.diff.bundles import restored
from tests.models import NAMES
from tests.pairs import NOISE_NAMES, PAIR_NAMES

Rows = tuple[VariableRow, ...]
Names = list[tuple[str | None, str | None]]


def row(name: str, crc: str | None = "", **fields: Any) -> VariableRow:
    """A weight of ten float32; its checksum is that of its name unless told."""
    known: dict[str, Any] = {
        "checkpoint_keys": (name,), "object_paths": (), "dtype": "float32", "shape": (10,), "elements": 10, "size": 40,
        "presence": "present", "shard": 0, "trainable": True, "role": "weight", "device": "", "distribution": (),
        "slices": (), "used_by": (), "used_by_functions": 0, "written_by": (), "copy_of": None, "slot_of": None,
        "layer": name.rpartition("/")[0], "meta_graphs": (0,),
    }  # fmt: skip
    return VariableRow(name=name, crc32c=f"crc of {name}" if crc == "" else crc, **(known | fields))


def matched(old: list[VariableRow], new: list[VariableRow], *renames: str) -> tuple[VariablePair, ...]:
    return match_variables(old, new, Renames(renames))


def names(pairs: tuple[VariablePair, ...]) -> Names:
    return [(pair.old.name if pair.old else None, pair.new.name if pair.new else None) for pair in pairs]


def only(pairs: tuple[VariablePair, ...]) -> VariablePair:
    (found,) = pairs
    return found


# Stages ---------------------------------------------------------------------------------------------------------------


def test_a_path_and_a_name_are_the_surest() -> None:
    found = only(matched([row("a", object_paths=("x",))], [row("a", "other", object_paths=("x",))]))
    assert (found.stage, found.confidence, found.renamed) == ("path", 1.0, False)


def test_a_name_is_enough_whatever_dtype_and_shape() -> None:
    found = only(matched([row("a")], [row("a", None, shape=(3,), dtype="bfloat16")]))
    assert (found.stage, found.confidence) == ("name", 1.0)


def test_a_declared_rename_goes_first() -> None:
    found = matched([row("a"), row("b")], [row("b", "x"), row("c", "y")], "variable:a=b")
    assert names(found) == [("a", "b"), ("b", "c")]
    assert found[0].stage == "declared" and found[0].renamed
    assert only(matched([row("a")], [row("b")], "variable:a=c")).stage == "leftover"


def test_counters_of_a_process_are_no_names() -> None:
    old = [row("conv2d/kernel", "1"), row("conv2d_1/kernel", "2")]
    new = [row("conv2d_2/kernel", "3"), row("conv2d_3/kernel", "4")]
    found = matched(old, new)
    assert names(found) == [("conv2d/kernel", "conv2d_2/kernel"), ("conv2d_1/kernel", "conv2d_3/kernel")]
    assert {(one.stage, one.renamed, one.confidence) for one in found} == {("number", False, 1.0)}


def test_a_counter_and_another_shape() -> None:
    found = only(matched([row("dense/kernel")], [row("dense_4/kernel", shape=(3,))]))
    assert (found.stage, found.renamed) == ("number", False)


def layer(name: str, kernel: str, bias: str = "zeros") -> list[VariableRow]:
    return [row(f"{name}/kernel", kernel, shape=(2, 5)), row(f"{name}/bias", bias)]


def test_a_layer_inserted_among_counted_ones_slides_nothing() -> None:
    """Its bytes tell which is which, where the names count on."""
    old = [*layer("dense", "1"), *layer("dense_1", "2"), *layer("dense_2", "3")]
    new = [*layer("dense", "1"), *layer("dense_1", "fresh"), *layer("dense_2", "2"), *layer("dense_3", "3")]
    found = matched(old, new)
    twins = {one: other for one, other in names(found) if one is not None}
    assert twins["dense_1/kernel"] == "dense_2/kernel" and twins["dense_2/bias"] == "dense_3/bias"
    assert {other for one, other in names(found) if one is None} == {"dense_1/kernel", "dense_1/bias"}
    assert not any(one.renamed for one in found)


def test_named_layers_stay_what_they_are_called() -> None:
    old, new = [*layer("first", "1"), *layer("second", "2")], [*layer("first", "2"), *layer("second", "1")]
    assert all(one == other for one, other in names(matched(old, new)))


def test_a_part_that_is_alone_is_the_whole() -> None:
    found = only(matched([row("dnn/kernel/part_0", "1")], [row("dnn/kernel", "2")]))
    assert (found.stage, found.renamed) == ("number", False)


def test_a_model_of_another_name_keeps_its_layers() -> None:
    old = [*layer("hidden", "1", "5"), *layer("out", "2", "6")]
    new = [*layer("net/out", "3", "7"), *layer("net/hidden", "4", "8")]
    found = matched(old, new)
    assert names(found) == [(one.name, f"net/{one.name}") for one in old]
    assert {(one.stage, one.renamed, one.confidence) for one in found} == {("scope", True, 0.9)}


def test_bytes_tell_a_renamed_variable_and_its_layer() -> None:
    found = matched(layer("probs", "1", "2"), layer("scores", "1", "fresh"))
    assert names(found) == [("probs/kernel", "scores/kernel"), ("probs/bias", "scores/bias")]
    assert [one.stage for one in found] == ["content", "layer"]


def test_scalars_of_equal_bytes_prove_nothing() -> None:
    found = matched([row("a/x", "1", shape=(), elements=1)], [row("b/y", "1", shape=(), elements=1)])
    assert names(found) == [("a/x", None), (None, "b/y")]


def test_a_path_tells_but_not_its_place_in_a_list() -> None:
    found = only(matched([row("a", object_paths=("net.w",))], [row("b", "x", object_paths=("net.w",))]))
    assert (found.stage, found.renamed, found.confidence) == ("path", True, 1.0)
    old = [row("a/x", "1", object_paths=("variables[0]",)), row("a/y", "2", object_paths=("variables[1]",))]
    new = [row("b/new", "9", object_paths=("variables[0]",)), row("b/x", "1", object_paths=("variables[1]",)),
           row("b/y", "2", object_paths=("variables[2]",))]  # fmt: skip
    assert names(matched(old, new)) == [("a/x", "b/x"), ("a/y", "b/y"), (None, "b/new")]


def test_the_last_that_is_left_in_a_layer() -> None:
    found = only(matched([row("net/weights", "1")], [row("net/kernel", "2")]))
    assert (found.stage, found.confidence) == ("leftover", 0.6)
    assert len(matched([row("net/weights", "1")], [row("net/kernel", "2", shape=(4,))])) == 2


def test_equal_bytes_in_several_places_are_taken_in_order_and_said_to_be() -> None:
    old, new = [row("a/p", "z"), row("b/q", "z")], [row("c/r", "z"), row("d/s", "z")]
    assert {(one.stage, one.confidence) for one in matched(old, new)} == {("order", 0.5)}


def test_second_copies_are_left_out() -> None:
    rows = [row("a"), row("a", role="copy", copy_of="a", checkpoint_keys=("copies/0",))]
    assert names(matched(rows, rows)) == [("a", "a")]


def test_copies_that_no_checksum_tells_are_left_out() -> None:
    copy = row("a", None, role="unused", presence="not-fetched")
    known = row("a", role="copy", copy_of="a")
    assert names(matched([row("a"), known], [row("a", None, presence="not-fetched"), copy])) == [("a", "a")]


def test_partitions_without_an_index_are_their_variable() -> None:
    whole = row("emb", None, shape=(10, 2), slices=(object(),))  # type: ignore[arg-type]
    part = row("emb/part_0", None, shape=(4, 2), checkpoint_keys=("emb",), presence="not-fetched")
    found = only(matched([whole], [part]))
    assert (found.stage, found.renamed) == ("key", False)


def test_labels_outlive_an_export_and_are_unique() -> None:
    old = [row("total", "1", object_paths=("metrics[0].total",)), row("total", "2", object_paths=("metrics[1].total",)),
           row("dense_7/kernel"), row("dense_9/kernel")]  # fmt: skip
    labels = [one.label for one in matched(old, old)]
    assert labels == ["total|metrics[0].total", "total|metrics[1].total", "dense#0/kernel", "dense#1/kernel"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [("conv2d_3/kernel:0", "conv2d/kernel"), ("a_1/b_22/c", "a/b/c"), ("x/part_0", "x"), ("_1", "_1"), ("w_01", "w_01"),
     ("l/part_1", "l/part")],
)  # fmt: skip
def test_stems(name: str, stem: str) -> None:
    assert stem_of(name) == stem


# Laws -----------------------------------------------------------------------------------------------------------------


def rows_of(path: Path) -> Rows:
    return gather(load(path)).variables


@pytest.mark.parametrize("name", NAMES)
def test_a_model_matches_itself(name: str, tmp_path: Path) -> None:
    rows = rows_of(same(name)(tmp_path)[0])
    found = match_variables(rows, rows, Renames())
    assert all(one.old is one.new for one in found)
    assert {one.stage for one in found} <= {"path", "name"} and all(one.confidence == 1 for one in found)
    assert len(found) == sum(row.role != "copy" for row in rows)


@pytest.mark.parametrize("name", PAIR_NAMES)
def test_mirrored_sides_mirror_the_pairs(name: str, tmp_path: Path) -> None:
    old, new = map(rows_of, pair(name)(tmp_path))
    forwards, backwards = match_variables(old, new, Renames()), match_variables(new, old, Renames())
    assert sorted(map(repr, names(forwards))) == sorted(repr(sides[::-1]) for sides in names(backwards))
    told = [sorted((one.stage, one.confidence, one.renamed) for one in side if one.old and one.new)
            for side in (forwards, backwards)]  # fmt: skip
    assert told[0] == told[1]


@pytest.mark.parametrize("name", PAIR_NAMES)
def test_the_order_of_variables_does_not_matter(name: str, tmp_path: Path) -> None:
    old, new = (list(rows_of(path)) for path in pair(name)(tmp_path))
    before = sorted(map(repr, names(match_variables(old, new, Renames()))))
    for seed in range(3):
        random.Random(seed).shuffle(old)
        random.Random(seed + 7).shuffle(new)
        assert sorted(map(repr, names(match_variables(old, new, Renames())))) == before


@pytest.mark.parametrize("name", NOISE_NAMES)
def test_noise_leaves_nothing_over(name: str, tmp_path: Path) -> None:
    old, new = map(rows_of, pair(name)(tmp_path))
    found = match_variables(old, new, Renames())
    assert all(one.old and one.new and not one.renamed and one.confidence == 1 for one in found)


def test_what_neither_side_stores_is_neither_equal_nor_changed(tmp_path: Path) -> None:
    sides = restored("unused_variable", {"forgotten": None}, {"forgotten": None})(tmp_path)
    answer = report(sides)
    assert (answer.weights.changed, answer.weights.equal, answer.weights.not_compared) == (0, 1, 0)
    assert answer.weights.says == ("0 of 1 changed, 1 equal by checksum.",)


# Slots of optimizers --------------------------------------------------------------------------------------------------


def slot(name: str, **fields: Any) -> VariableRow:
    return row(name, None, role="optimizer", **fields)


def keras_slots(shapes: list[tuple[int, ...]], lists: int) -> list[VariableRow]:
    """What Keras of TF 1 keeps: ``lists`` lists of slots, and one that it does not need."""
    every = [shape for _ in range(lists) for shape in shapes] + [(1,)] * len(shapes)
    return [slot(f"Adam/Variable{f'_{n}' if n else ''}", shape=shape) for n, shape in enumerate(every)]


def test_slots_in_the_order_of_weights_follow_them() -> None:
    old = [row("a/kernel", shape=(2, 4)), row("b/kernel", shape=(2, 4)), *keras_slots([(2, 4), (2, 4)], 2)]
    new = [row("new", shape=(3, 1)), *old[:2], *keras_slots([(3, 1), (2, 4), (2, 4)], 2)]
    found = dict(names(matched(old, new)))
    ends = ("", "_1", "_2", "_3", "_4", "_5"), ("_1", "_2", "_4", "_5", "_7", "_8")
    assert [found[f"Adam/Variable{end}"] for end in ends[0]] == [f"Adam/Variable{end}" for end in ends[1]]
    assert [after for before, after in names(matched(old, new)) if before is None] == [
        "new", "Adam/Variable", "Adam/Variable_3", "Adam/Variable_6",
    ]  # fmt: skip


def test_slots_of_other_shapes_than_the_weights_go_by_their_names() -> None:
    old = [row("a", shape=(2, 4)), row("b", shape=(5,)), *keras_slots([(7,), (8,)], 1)]
    new = [row("a", shape=(2, 4)), row("b", shape=(5,)), *keras_slots([(7,), (8,)], 1)]
    assert all(before == after for before, after in names(matched(old, new)))


def test_slots_of_tf1_follow_a_renamed_variable() -> None:
    """Both slots hold the same bytes, so that nothing but what they belong to tells which is which."""
    old = [row("scope/a", "00000001"), row("scope/b", "00000002"), slot("scope/a/Adam"), slot("scope/b/Adam")]
    new = [row("x", "00000002"), row("y", "00000001"), slot("x/Adam"), slot("y/Adam"), slot("train/y/Adam")]
    found = dict(names(matched(old, new)))
    assert (found["scope/a/Adam"], found["scope/b/Adam"]) == ("y/Adam", "x/Adam")
    assert found[None] == "train/y/Adam"


def test_slots_that_the_object_graph_tells_follow_what_they_belong_to() -> None:
    def told(name: str, of: str, kind: str) -> VariableRow:
        return slot(
            name, slot_of=of, checkpoint_keys=(f"k/.OPTIMIZER_SLOT/optimizer/{kind}/.ATTRIBUTES/VARIABLE_VALUE",)
        )

    old = [row("a", "00000001"), row("b", "00000002"), told("s0", "a", "m"), told("s1", "a", "v"), told("s2", "b", "m")]
    new = [row("a", "00000001"), row("b", "00000002"), told("s0", "b", "m"), told("s1", "a", "m"), told("s2", "a", "v")]
    assert names(matched(old, new))[2:] == [("s0", "s1"), ("s1", "s2"), ("s2", "s0")]


def test_a_slot_goes_with_its_variable() -> None:
    old, new = [row("gone", shape=(3,)), slot("gone/Adam")], [row("come", shape=(9,)), slot("come/Adam")]
    assert names(matched(old, new)) == [("gone", None), ("gone/Adam", None), (None, "come"), (None, "come/Adam")]
