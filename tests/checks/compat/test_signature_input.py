"""Inputs of signatures: what a request that worked meets."""

from __future__ import annotations

from pathlib import Path

import pytest

from smanalyze.api.diff import diff
from smanalyze.load import load
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    check_case,
    edited,
    every,
    mirrored,
    one,
    pair,
    params,
)
from tests.checks.compat.signature_edits import MODEL, default, drop, dtype, rename, shape, sparse, tensor, unknown_rank
from tests.checks.helpers import Change

ONE = "dtype: DT_FLOAT tensor_shape {} float_val: 1"
TWO = "dtype: DT_FLOAT tensor_shape {} float_val: 2"
EXTRA = 'name: "serving_default_x:0" dtype: DT_FLOAT tensor_shape { dim { size: -1 } }'


def new(*edits: Change) -> Maker:
    return edited(MODEL, new=edits)


def strings(name: str) -> tuple[Change, ...]:
    return dtype("inputs", "x", 7), rename("inputs", "x", name)


ADDED = new(tensor("inputs", "extra", EXTRA))
RENAMED = new(rename("inputs", "x", "features"))
DEFAULT = new(default("x", ONE))
OTHER_DEFAULT = edited(MODEL, old=[default("x", ONE)], new=[default("x", TWO)])
NARROWED = new(shape("inputs", "x", None, 4))
FIXED = new(shape("inputs", "x", 1, 3))
WIDENED = new(shape("inputs", "x", None, None))
BYTES = edited(MODEL, old=strings("image"), new=strings("image_bytes"))
SPARSE = new(sparse("inputs", "x"))

TABLE = {
    "sig-input-added": Cases(
        {"one more": ADDED, "real": pair("change_input_added")},
        {"with a default": new(tensor("inputs", "extra", EXTRA), default("extra", ONE)), "gone": mirrored(ADDED)},
    ),
    "sig-input-added-optional": Cases(
        {"with a default": new(tensor("inputs", "extra", EXTRA), default("extra", ONE))}, {"without": ADDED}
    ),
    "sig-input-removed": Cases(
        {"one less": mirrored(ADDED), "all": new(drop("inputs", "x"))}, {"one more": ADDED, "renamed": RENAMED}
    ),
    "sig-input-renamed": Cases(
        {"same kind": RENAMED, "real": pair("change_input_renamed")},
        {"another dtype": new(rename("inputs", "x", "features"), dtype("inputs", "features", 2))},
    ),
    "sig-input-default-removed": Cases({"gone": mirrored(DEFAULT)}, {"new": DEFAULT, "other": OTHER_DEFAULT}),
    "sig-input-default-added": Cases({"new": DEFAULT}, {"gone": mirrored(DEFAULT), "other": OTHER_DEFAULT}),
    "sig-input-default-changed": Cases({"other": OTHER_DEFAULT}, {"new": DEFAULT}),
    "sig-input-dtype-changed": Cases(
        {"double": new(dtype("inputs", "x", 2)), "real": pair("change_input_dtype")}, {"shape": NARROWED}
    ),
    "sig-input-encoding-changed": Cases(
        {"sparse": SPARSE, "dense": mirrored(SPARSE)}, {"dtype": new(dtype("inputs", "x", 2))}
    ),
    "sig-input-rank-changed": Cases(
        {"one more": new(shape("inputs", "x", None, 3, 1)), "scalar": new(shape("inputs", "x"))},
        {"a size": NARROWED, "unknown": new(unknown_rank("inputs", "x"))},
    ),
    "sig-input-dim-narrowed": Cases(
        {"a size": mirrored(WIDENED), "a rank": edited(MODEL, old=[unknown_rank("inputs", "x")])},
        {"the batch": FIXED, "wider": WIDENED},
    ),
    "sig-input-batch-fixed": Cases(
        {"to one": FIXED, "real": pair("change_batch_fixed")}, {"opened": mirrored(FIXED), "another": mirrored(WIDENED)}
    ),
    "sig-input-dim-changed": Cases({"three to four": NARROWED}, {"opened": WIDENED, "the batch": FIXED}),
    "sig-input-dim-widened": Cases(
        {"a size": WIDENED, "the batch": mirrored(FIXED), "a rank": new(unknown_rank("inputs", "x"))},
        {"a size closed": mirrored(WIDENED)},
    ),
    "sig-input-bytes-suffix-changed": Cases(
        {"gained": BYTES, "lost": mirrored(BYTES)},
        {"no string": new(rename("inputs", "x", "x_bytes")), "kept": edited(MODEL, new=strings("x"))},
    ),
}  # fmt: skip


def test_inputs_that_came_together_are_one_finding(tmp_path: Path) -> None:
    more = new(tensor("inputs", "extra", EXTRA), tensor("inputs", "other", EXTRA))
    finding = one(more, tmp_path / "a", "sig-input-added")
    assert finding.message == "2 more inputs must be sent: extra, other."
    assert [line.split()[0] for line in finding.evidence] == ["extra", "other"]
    gone = one(mirrored(more), tmp_path / "b", "sig-input-removed")
    assert gone.message == "The inputs extra, other are gone."


def test_another_dtype_is_told_with_its_shape_and_nothing_else(tmp_path: Path) -> None:
    sides = new(dtype("inputs", "x", 2), shape("inputs", "x", 7, 2))
    told = [f for f in every(sides, tmp_path) if f.rule.startswith("sig-input")]
    assert [finding.rule for finding in told] == ["sig-input-dtype-changed"]
    assert "[7, 2]" in told[0].message


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_a_rule_fires_where_it_must_and_nowhere_else(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_a_finding_says_what_was_and_what_is(tmp_path: Path) -> None:
    finding = one(NARROWED, tmp_path, "sig-input-dim-changed")
    assert (finding.old, finding.new) == ("[?, 3]", "[?, 4]")
    assert finding.where.text() == "signature serving_default, input x"
    assert finding.message == "x was [?, 3], and is [?, 4]."
    assert one(RENAMED, tmp_path / "2", "sig-input-renamed").confidence < 1, (
        "nothing but its kind tells that it is the same"
    )


def test_a_declared_rename_is_no_error_and_an_unused_one_is_told(tmp_path: Path) -> None:
    old, new_path = RENAMED(tmp_path)
    told = diff(load(old), load(new_path), renames=["input:x=features", "input:gone=nowhere"])
    (finding,) = [one for one in told.findings if one.rule == "sig-input-renamed"]
    assert (finding.severity, finding.confidence) == ("note", 1.0)
    assert told.unused_renames == ("input:gone=nowhere",)


def test_the_id_of_a_finding_does_not_depend_on_numbers_of_functions(tmp_path: Path) -> None:
    ids = {finding.id for finding in every(NARROWED, tmp_path)}
    assert ids == {finding.id for finding in every(NARROWED, tmp_path / "again")}
