"""Inputs that are numbered by their places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.checks.compat.helpers import Cases, Maker, check_case, edited, every, mirrored, one, pair, params
from tests.checks.compat.signature_edits import MODEL, default, tensor
from tests.checks.helpers import Change

KINDS = {"i": "DT_INT64", "f": "DT_FLOAT", "s": "DT_STRING"}


def inputs(kinds: Sequence[str], stem: str = "inputs") -> list[Change]:
    """Adds inputs of one letter each, named by their places."""
    return [
        tensor(
            "inputs",
            f"{stem}_{place}" if place else stem,
            f'name: "serving_default_x:0" dtype: {KINDS[kind]} tensor_shape {{ dim {{ size: -1 }} }}',
        )
        for place, kind in enumerate(kinds)
    ]


def numbered(old: str, new: str, stem: str = "inputs") -> Maker:
    """The module with numbered inputs of these kinds."""
    return edited(MODEL, old=inputs(old, stem), new=inputs(new, stem))


INSERTED = numbered("ifsif", "isfsif")
TABLE: dict[str, Cases] = {
    "sig-inputs-shifted": Cases(
        fires={
            "inserted": INSERTED,
            "removed": mirrored(INSERTED),
            "first": numbered("ifsif", "sifsif"),
            "replaced by two": numbered("ifsifss", "iiisifss"),
            "arguments": numbered("ifsif", "isfsif", "args_0"),
        },
        silent={
            "same": numbered("ifsif", "ifsif"),
            "last": numbered("ifsif", "ifsifs"),
            "last gone": numbered("ifsif", "ifsi"),
            "another dtype": numbered("ifsif", "ifiif"),
            "all alike": numbered("ffff", "fffff"),
            "few": numbered("is", "fis"),
            "a default": edited(
                MODEL, old=inputs("ifsif"), new=[*inputs("isfsif"), default("inputs_1", "dtype: DT_STRING")]
            ),
            "none before": edited(MODEL, new=inputs("ifsif")),
            "pair": pair("change_input_added"),
        },
    ),
}
OTHERS = ("sig-input-", "sig-output-")


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_it_tells_what_moved_and_what_clients_see(tmp_path: Path) -> None:
    finding = one(INSERTED, tmp_path, "sig-inputs-shifted")
    assert finding.message == "The inputs from inputs_1 on are others: 1 was put in, and 4 inputs moved."
    assert finding.evidence == (
        "inputs_1 came",
        "inputs_1 … inputs_4 are inputs_2 … inputs_5 now",
        "inputs_1 was float32 [?], and is string [?]",
        "inputs_2 was string [?], and is float32 [?]",
        "inputs_3 was int64 [?], and is string [?]",
        "inputs_4 was float32 [?], and is int64 [?]",
        "inputs_5 float32 [?] is new",
    )
    assert finding.reach == ("inputs_1", "inputs_2", "inputs_3", "inputs_4", "inputs_5")
    assert finding.severity == "error"


@pytest.mark.parametrize("name", TABLE["sig-inputs-shifted"].fires)
def test_no_input_is_told_twice(name: str, tmp_path: Path) -> None:
    findings = every(TABLE["sig-inputs-shifted"].fires[name], tmp_path)
    assert [f.rule for f in findings if f.rule.startswith(OTHERS)] == []


def test_inputs_beside_the_numbered_ones_are_told_as_ever(tmp_path: Path) -> None:
    wider = tensor("inputs", "x", 'name: "serving_default_x:0" dtype: DT_DOUBLE tensor_shape { dim { size: -1 } }')
    findings = every(edited(MODEL, old=inputs("ifsif"), new=[*inputs("isfsif"), wider]), tmp_path)
    told = [f.rule for f in findings if f.rule.startswith("sig-input")]
    assert told == ["sig-input-dtype-changed", "sig-inputs-shifted"]
