"""What variables are for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from smanalyze.facts.variable_roles import ROLES, copies_of, weight_role
from tests.models import each_model, report_of, variable_of

#: model -> how many variables of each role.
COUNTS = {
    "keras2_functional": {"weight": 8, "metric": 4, "optimizer": 14},
    "keras2_legacy_optimizer_slots": {"weight": 2, "metric": 4, "optimizer": 9},
    "keras2_sequential_save_traces_false": {"unused": 4},
    "keras3_export": {"weight": 8, "generator": 1, "copy": 8},
    "keras3_saved_model": {"weight": 4, "optimizer": 10},
    "optimizer_checkpoint": {"weight": 1, "optimizer": 4},
    "reusable_hub": {"weight": 2, "counter": 1},
    "estimator_linear": {"weight": 3, "counter": 1},
    "unused_variable": {"weight": 1, "unused": 1},
    "mutating_signature": {"weight": 1},
    "tf1_builder_multi_metagraph": {"weight": 2, "counter": 1},
}


@pytest.mark.parametrize("name", COUNTS)
def test_fixtures(name: str) -> None:
    assert Counter(row.role for row in report_of(name).variables) == COUNTS[name]


ROLES_BY_NAME = [
    # bound, called, dtype, shape, name, role
    (True, True, "float32", (3,), "w", "weight"),
    (False, False, "float32", (3,), "w", "unused"),
    (False, False, "float32", None, "w", "unused"),
    (True, True, "int64", (), "global_step", "counter"),
    (False, False, "int64", (), "scope/global_step", "counter"),
    (False, False, "int64", (), "global_step:0", "counter"),
    (False, False, "int64", (1,), "global_step", "unused"),
    (False, False, "float32", (), "global_step", "unused"),
    (True, True, "int64", (), "my_step", "weight"),
    # slots of TF1's optimizers
    (False, False, "float32", (3,), "dense/kernel/Adam", "optimizer"),
    (False, False, "float32", (3,), "dense/kernel/Adam_1", "optimizer"),
    (False, False, "float32", (), "beta1_power", "optimizer"),
    (False, False, "float32", (3,), "Adam/kernel", "unused"),
    # in a training graph without signatures too, where everything counts as bound
    (True, False, "float32", (3,), "dense/kernel/Momentum", "optimizer"),
    # what is called is no slot, whatever its name
    (True, True, "float32", (3,), "dense/Momentum", "weight"),
    # Keras of TF 1
    (False, False, "float32", (3,), "training/Adam/Variable", "optimizer"),
    (False, False, "float32", (3,), "training_2/RMSprop/Variable_4", "optimizer"),
    (False, False, "float32", (), "Adam/lr", "optimizer"),
    (True, True, "float32", (), "Adam/lr", "weight"),
    (False, False, "float32", (3,), "training/my_model/w", "unused"),
]


@pytest.mark.parametrize("row", ROLES_BY_NAME, ids=[f"{row[4]}-{row[-1]}" for row in ROLES_BY_NAME])
def test_roles_by_name(row: tuple[bool, bool, str, tuple[int, ...] | None, str, str]) -> None:
    assert weight_role(*row[:5]) == row[5]


def test_copies_name_their_original() -> None:
    rows = [row for row in report_of("keras3_export").variables if row.role == "copy"]
    assert {row.copy_of for row in rows} == {row.name for row in rows}
    for row in rows:
        originals = [other for other in report_of("keras3_export").variables if other.name == row.name]
        assert len({other.crc32c for other in originals}) == 1
        assert not row.used_by


def test_equal_bytes_alone_make_no_copy() -> None:
    """Fresh biases are all zero."""
    rows = report_of("keras2_sequential_save_traces_false").variables
    assert not any(row.role == "copy" for row in rows)
    one = variable_of("unused_variable", "used")
    other = replace(one, name="other", checkpoint_keys=("other",), role="unused", used_by=())
    same = replace(one, checkpoint_keys=("again",), role="unused", used_by=())
    changed = replace(same, checkpoint_keys=("changed",), crc32c="00000000")
    found = {row.checkpoint_keys[0]: (row.role, row.copy_of) for row in copies_of((one, other, same, changed))}
    assert found[one.checkpoint_keys[0]] == ("weight", None)
    assert found["other"] == ("unused", None)
    assert found["again"] == ("copy", "used")
    assert found["changed"] == ("unused", None)


@each_model
def test_rows_are_sorted_by_role(name: str) -> None:
    roles = [ROLES.index(row.role) for row in report_of(name).variables]
    assert roles == sorted(roles)


@each_model
def test_only_optimizer_state_has_a_slot_of(name: str) -> None:
    report = report_of(name)
    names = {row.name for row in report.variables}
    for row in report.variables:
        if row.slot_of is not None:
            assert row.role == "optimizer"
            assert row.slot_of in names
