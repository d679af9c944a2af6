"""What an export would not need: each kind with its proof, and what proves nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smanalyze.facts.waste import KINDS, PROVEN, find_waste, needed_bytes
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.parts import Unreadable
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.audit import WasteRow
from smanalyze.report.sections import VariableRow
from tests.models import each_model, graph_of, model_of, report_of

BASE = "module_one_signature"
KERNEL = next(row for row in report_of(BASE).variables if row.used_by)


def waste_of(name: str) -> tuple[WasteRow, ...]:
    return find_waste(model_of(name), (graph_of(name),), report_of(name).variables)


def made(*rows: tuple[str, str, int], twice: int = 1, **fields: object) -> tuple[WasteRow, ...]:
    """The waste of a model whose variables are a used one, ``w``, and others: (name, role, checksum)."""
    return find_waste(*parts(*rows, twice=twice, **fields))


def parts(
    *rows: tuple[str, str, int], twice: int = 1, **fields: object
) -> tuple[SavedModel, tuple[()] | tuple[object, ...], tuple[VariableRow, ...]]:
    model = model_of(BASE)
    variables, entries = [], []
    for name, role, crc in (("w", "weight", 1), *rows):
        keys = tuple(f"{name}{number or ''}" for number in range(twice if name == "w" else 1))
        entries += [BundleEntry(key, "float32", (1024,), 4096, 0, 4096 * len(entries), crc) for key in keys]
        row = replace(
            KERNEL, name=name, checkpoint_keys=keys, object_paths=(), role=role, shape=(1024,), written_by=(),
            used_by=KERNEL.used_by if role == "weight" else (), used_by_functions=0, size=4096,
        )  # fmt: skip
        variables.append(replace(row, **fields) if name != "w" else row)  # type: ignore[arg-type]
    checkpoint = replace(model.checkpoint, entries=tuple(entries))
    return replace(model, checkpoint=checkpoint), (graph_of(BASE),), tuple(variables)


def kinds(rows: tuple[WasteRow, ...]) -> list[tuple[str, str]]:
    return [(row.kind, row.name) for row in rows]


@each_model
def test_each_stored_byte_is_wasted_once_at_most(name: str) -> None:
    rows = waste_of(name)
    stored = sum(entry.size for entry in model_of(name).checkpoint.entries)
    proven = sum(row.bytes for row in rows if row.kind in PROVEN)
    assert needed_bytes(model_of(name), rows) == stored - proven >= 0
    assert all(row.bytes > 0 and 0 < row.share <= 1 and row.reason.endswith(".") for row in rows)
    assert [row.kind for row in rows] == sorted((row.kind for row in rows), key=KINDS.index)


def test_keras_3_stores_every_weight_twice() -> None:
    rows = [row for row in waste_of("keras3_export") if row.kind == "copy"]
    weights = [row for row in report_of("keras3_export").variables if row.role == "weight"]
    assert sorted(row.name for row in rows) == sorted(row.name for row in weights)
    assert sum(row.bytes for row in rows) == sum(row.size for row in weights)


def test_a_variable_that_nothing_binds() -> None:
    (row,) = waste_of("unused_variable")
    assert (row.kind, row.name, row.bytes) == ("unbound", "forgotten", 400)
    assert row.share == pytest.approx(400 / sum(e.size for e in model_of("unused_variable").checkpoint.entries))


@pytest.mark.parametrize("name", ["keras2_legacy_optimizer_slots", "keras3_saved_model", "optimizer_checkpoint"])
def test_optimizer_state(name: str) -> None:
    names = {row.name for row in waste_of(name) if row.kind == "optimizer"}
    assert names == {row.name for row in report_of(name).variables if row.role == "optimizer"}


def test_a_slot_names_its_variable() -> None:
    rows = {row.name: row.reason for row in waste_of("keras2_legacy_optimizer_slots")}
    assert rows["Adam/score/kernel/m"] == "The optimizer's slot of score/kernel; nothing binds it."


def test_a_large_constant_has_its_share_of_the_graph_file() -> None:
    (row,) = waste_of("big_constant")
    assert row.kind == "constant"
    assert row.share == row.bytes / model_of("big_constant").pb_size


@pytest.mark.parametrize(
    "name", ["w/ExponentialMovingAverage", "w/ExponentialMovingAverage_1", "w/ema", "w_ema", "ema/w"]
)
def test_a_moving_average_is_one_where_its_variable_is_there(name: str) -> None:
    assert kinds(made((name, "unused", 2))) == [("ema", name)]
    other = name.replace("w", "v")
    assert kinds(made((other, "unused", 2))) == [("unbound", other)]
    assert kinds(made((name, "unused", 2), shape=(4, 256))) == [("unbound", name)]


def test_a_bound_moving_average_is_no_waste() -> None:
    assert made(("w/ExponentialMovingAverage", "weight", 2)) == ()


def test_equal_bytes_alone_prove_nothing() -> None:
    (row,) = rows = made(("b", "weight", 1))
    assert (row.kind, row.name, row.bytes) == ("equal", "w", 4096)
    assert "b" in row.reason
    assert needed_bytes(parts(("b", "weight", 1))[0], rows) == 8192


def test_one_variable_under_two_keys_is_a_copy() -> None:
    (row,) = made(twice=2)
    assert (row.kind, row.name, row.bytes, row.share) == ("copy", "w", 4096, 0.5)


def test_a_checksum_that_fails_shows_no_equality() -> None:
    """What the index says of such a tensor is not what is stored."""
    model, graphs, variables = parts(("b", "weight", 1))
    assert kinds(find_waste(model, graphs, variables)) == [("equal", "w")]  # type: ignore[arg-type]
    for failed in ("w", "b"):
        assert find_waste(model, graphs, variables, frozenset({failed})) == ()  # type: ignore[arg-type]
    model, graphs, variables = parts(twice=2)
    for failed in ("w", "w1"):
        assert find_waste(model, graphs, variables, frozenset({failed})) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize("which", ["copy", "original"])
def test_a_copy_that_fails_its_check_is_only_unbound(which: str) -> None:
    rows = report_of("keras3_export").variables
    copy = next(row for row in rows if row.role == "copy")
    original = next(row for row in rows if row.role == "weight" and row.name == copy.copy_of)
    failed = frozenset((copy if which == "copy" else original).checkpoint_keys)
    found = find_waste(model_of("keras3_export"), (graph_of("keras3_export"),), rows, failed)
    assert [row.kind for row in found if row.name == copy.name] == ["unbound"]
    assert len([row for row in found if row.kind == "copy"]) == 7


def test_nothing_is_said_of_what_a_damaged_index_lists() -> None:
    model, graphs, variables = parts(("b", "weight", 1), ("u", "unused", 2))
    damaged = Unreadable("corrupt", "checkpoint", "…", "variables/variables.index")
    assert find_waste(replace(model, unreadable=(damaged,)), graphs, variables) == ()  # type: ignore[arg-type]


def test_what_a_function_binds_or_a_signature_writes_is_kept() -> None:
    assert made(("u", "unused", 2), used_by_functions=1) == ()
    assert made(("u", "unused", 2), written_by=("serve",)) == ()
    assert kinds(made(("u", "optimizer", 2), used_by_functions=1)) == [("optimizer", "u")]


def test_a_tensor_that_no_variable_claims() -> None:
    model, graphs, variables = parts()
    stray = BundleEntry("stray", "float32", (1024,), 4096, 0, 4096, 9)
    model = replace(model, checkpoint=replace(model.checkpoint, entries=(*model.checkpoint.entries, stray)))
    assert kinds(find_waste(model, graphs, variables)) == [("unbound", "stray")]  # type: ignore[arg-type]


def test_nothing_is_said_where_the_graph_is_not_whole_or_binds_nothing() -> None:
    model, graphs, variables = parts(("u", "unused", 2))
    broken = replace(model, unreadable=(Unreadable("corrupt", "graph", "…"),))
    assert find_waste(broken, graphs, variables) == ()  # type: ignore[arg-type]
    idle = tuple(replace(row, used_by=()) for row in variables)
    assert find_waste(model, graphs, idle) == ()  # type: ignore[arg-type]
