"""Values that changed a little, much, or into something that is no weight any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.checks.compat.helpers import (
    Cases,
    Maker,
    check_case,
    every,
    mirrored,
    one,
    pair,
    params,
    report,
    rules_of,
)
from tests.diff.bundles import restored

OPTIMIZED = "optimizer_checkpoint"
NUDGED, RETRAINED = pair("change_weights_nudged"), pair("change_weights_retrained")
NAN, ZERO = pair("change_weights_nan"), pair("change_weights_zero")


def one_nan(values: Any) -> Any:
    return np.concatenate([[np.nan], values.reshape(-1)[1:]]).astype(values.dtype).reshape(values.shape)


ONES = restored("module_one_signature", new={"kernel": np.ones_like})
STATE = restored(OPTIMIZED, new={"optimizer/_iterations": lambda values: values + 1})
STATE_NAN = restored(OPTIMIZED, new={"optimizer/_variables/2": one_nan})

TABLE: dict[str, Cases] = {
    "var-values-changed": Cases(
        fires={"nudged": NUDGED, "retrained": RETRAINED, "zero": ZERO, "state": STATE, "rounded": restored(
            "module_one_signature", new={"kernel": lambda values: np.nextafter(values, np.float32(np.inf))})},
        silent={"shape": pair("change_variable_shape"), "dtype": pair("change_variable_dtype"),
                "renamed": pair("change_layer_renamed"), "inserted": pair("change_layer_inserted")},
    ),
    "var-large-delta": Cases(
        fires={"retrained": RETRAINED, "other": restored("module_one_signature", new={"kernel": lambda v: -v})},
        silent={"nudged": NUDGED, "nan": NAN, "zero": ZERO, "state": STATE},
    ),
    "var-nonfinite-appeared": Cases(
        fires={"nan": NAN, "state": STATE_NAN},
        silent={"gone": mirrored(NAN), "nudged": NUDGED, "still there": restored(
            "dtypes_all", new={"special": lambda values: np.where(np.isfinite(values), values + 1, values)})},
    ),
    "var-nonfinite-gone": Cases(fires={"nan": mirrored(NAN)}, silent={"appeared": NAN, "nudged": NUDGED}),
    "var-collapsed": Cases(
        fires={"zero": ZERO, "ones": ONES},
        silent={"back": mirrored(ZERO), "retrained": RETRAINED, "a scalar": restored(
            "sharded_checkpoint", new={"scale": np.zeros_like})},
    ),
    "var-collapse-gone": Cases(fires={"zero": mirrored(ZERO)}, silent={"collapsed": ZERO, "retrained": RETRAINED}),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_table(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_all_changed_variables_are_one_finding(tmp_path: Path) -> None:
    names = [f"variables/{number}" for number in range(6)]
    maker = restored("keras3_export", new=dict.fromkeys(names, lambda values: values + np.float32(0.25)))
    finding = one(maker, tmp_path, "var-values-changed")
    assert finding.message == "6 of 8 weights hold other values."
    assert finding.severities.serving == "note"
    assert finding.evidence == ("changed: 3 weights", "fine-tuned: 2 weights", "re-trained: 1 weight")


def test_how_much_each_changed_is_told_once_with_the_weights(tmp_path: Path) -> None:
    def drift(values: Any) -> Any:
        return values * np.float32(-2)

    found = report(restored("keras3_export", new={"variables/0": drift, "variables/2": drift})(tmp_path))
    assert 3 in [row.delta.relative for row in found.weights.tensors if row.delta is not None]
    told = {finding.rule: finding.evidence for finding in found.findings if finding.rule.startswith("var-")}
    assert {"var-large-delta", "var-values-changed"} <= told.keys()
    assert not [line for lines in told.values() for line in lines if "‖" in line]


def test_variables_are_counted_by_how_they_changed(tmp_path: Path) -> None:
    def moved(values: Any) -> Any:
        return (~values if values.dtype == bool else values + np.ones((), values.dtype)).astype(values.dtype)

    names = ["float16", "float64", "float32", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    finding = one(restored("dtypes_all", new=dict.fromkeys(names, moved)), tmp_path, "var-values-changed")
    assert finding.evidence == ("re-initialised: 8 weights", "re-trained: 3 weights")


def test_state_alone_concerns_no_server(tmp_path: Path) -> None:
    finding = one(STATE, tmp_path, "var-values-changed")
    assert finding.message.startswith("No weight changed, but 1 variable that training")
    assert finding.severities.serving is None and finding.severities.python == "note"


def test_nan_in_state_is_no_error(tmp_path: Path) -> None:
    finding = one(STATE_NAN, tmp_path / "state", "var-nonfinite-appeared")
    assert finding.severities.serving is None and finding.severities.python == "warning"
    finding = one(NAN, tmp_path / "weights", "var-nonfinite-appeared")
    assert finding.severities.serving == "error"
    assert finding.message == "The variable hidden holds values that are NaN or infinite now."
    assert finding.evidence == ("hidden: 1 of 256 values, were 0",)
    assert one(mirrored(NAN), tmp_path, "var-nonfinite-gone").message.startswith("The variable hidden holds no values")


def test_constants_say_what_they_are(tmp_path: Path) -> None:
    assert one(ONES, tmp_path, "var-collapsed").evidence[0].startswith("kernel: all 1; were of mean")


def test_an_unread_change_says_why(tmp_path: Path) -> None:
    sides = NUDGED(tmp_path)
    for settings, word in (({"budget": 10}, "not read, the budget was used up"), ({"weights": "crc"}, "checksum")):
        (finding,) = rules_of(TABLE, report(sides, **settings).findings)
        assert finding.rule == "var-values-changed" and word in finding.evidence[0]


def test_pairs_are_what_their_names_say(tmp_path: Path) -> None:
    rules = {
        "change_weights_nudged": ["var-values-changed"],
        "change_weights_retrained": ["var-large-delta", "var-values-changed"],
        "change_weights_nan": ["var-nonfinite-appeared", "var-values-changed"],
        "change_weights_zero": ["var-collapsed", "var-values-changed"],
        "change_variable_shape": [], "change_output_classes": [], "change_keras2_to_keras3": [],
    }  # fmt: skip
    for name, expected in rules.items():
        assert sorted(finding.rule for finding in rules_of(TABLE, every(pair(name), tmp_path))) == expected, name
