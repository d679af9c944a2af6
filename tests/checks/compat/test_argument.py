"""Arguments of functions of the loaded object, as they are defined: what callers write between the parentheses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.compat.helpers import (
    Cases,
    Maker,
    changed,
    check_case,
    every,
    mirrored,
    one,
    pair,
    params,
)
from tests.checks.compat.python_edits import (
    ARGUMENTS,
    add_argument,
    both,
    drop_argument,
    drop_child,
    drop_trace,
    keyword_only,
    rename_argument,
    set_default,
    swap_arguments,
)
from tests.checks.helpers import Change

BASE = both(ARGUMENTS)
TRUE, FALSE, ONE = "bool_value: true", "bool_value: false", "int64_value: 1"


def new(*edits: Change) -> Maker:
    return changed(BASE, new=edits)


def optional(name: str = "scale", place: int | None = None) -> Change:
    return add_argument(name, ONE, "predict", default=ONE, place=place)


NO_TRAINING = new(drop_argument("training", "predict"))
OTHER_NAME = rename_argument("mode", "training", "predict")
NO_MODE = changed(BASE, old=[OTHER_NAME], new=[drop_argument("training", "predict")])
NO_DEFAULTS = set_default(None, "predict")
NO_DEFAULT = new(NO_DEFAULTS)
UNTRACED = new(set_default("none_value {}", "predict"))
THREE = changed(BASE, old=[optional()], new=[optional(), swap_arguments("predict")])
KEYWORD = new(keyword_only("predict"))

TABLE = {
    "api-arg-added-required": Cases(
        fires={"at the end": pair("change_input_added"), "no default": new(set_default(None, "predict"),
                                                                          add_argument("scale", ONE, "predict"))},
        silent={"a default": new(optional()), "gone": mirrored(pair("change_input_added"))},
    ),
    "api-arg-added-optional": Cases(
        fires={"at the end": new(optional())},
        silent={
            "required": pair("change_input_added"),
            "before others": new(optional(place=1)),
            "training": mirrored(NO_TRAINING),
        },
    ),
    "api-arg-removed": Cases(
        fires={"with values": NO_MODE, "always the default": mirrored(new(optional()))},
        silent={
            "training": NO_TRAINING,
            "another name": new(rename_argument("features", "x", "predict")),
            "the function is gone": new(drop_child("predict")),
        },
    ),
    "api-training-arg-removed": Cases(
        fires={"with both values": NO_TRAINING, "another name": new(OTHER_NAME)},
        silent={"another argument": NO_MODE, "another default": pair("change_argument_default")},
    ),
    "api-training-arg-added": Cases(
        fires={"with both values": mirrored(NO_TRAINING)},
        silent={"another argument": mirrored(NO_MODE), "it is there": pair("change_argument_default")},
    ),
    "api-arg-renamed": Cases(
        fires={
            "the only one": pair("change_input_renamed"),
            "the first": new(rename_argument("features", "x", "predict")),
        },
        silent={"training": new(OTHER_NAME), "one more": new(optional()), "another order": THREE},
    ),
    "api-arg-reordered": Cases(
        fires={"two changed places": THREE, "a new one before others": new(optional(place=1))},
        silent={
            "a new one at the end": new(optional()),
            "a required one, which is told": new(NO_DEFAULTS, add_argument("a", ONE, "predict", place=0)),
            "one is gone, which is told": NO_TRAINING,
            "another name": pair("change_input_renamed"),
        },
    ),
    "api-arg-keyword-only": Cases(
        fires={"the last": KEYWORD}, silent={"by position": mirrored(KEYWORD), "gone": NO_TRAINING}
    ),
    "api-arg-positional": Cases(
        fires={"the last": mirrored(KEYWORD)}, silent={"by keyword": KEYWORD, "one more": new(optional())}
    ),
    "api-arg-default-changed": Cases(
        fires={"the other value": pair("change_argument_default"), "None": UNTRACED},
        silent={"none": NO_DEFAULT, "the same": new(set_default(FALSE, "predict"))},
    ),
    "api-arg-default-removed": Cases(
        fires={"the only one": NO_DEFAULT},
        silent={"another": pair("change_argument_default"), "the argument is gone": NO_TRAINING},
    ),
    "api-arg-default-added": Cases(
        fires={"the only one": mirrored(NO_DEFAULT)},
        silent={"another": pair("change_argument_default"), "a new argument": new(optional())},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_rule_fires_where_it_should(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


@pytest.mark.parametrize(
    "maker", [NO_TRAINING, NO_MODE, pair("change_input_added"), new(optional()), THREE, KEYWORD, NO_DEFAULT],
    ids=["training", "removed", "added", "optional", "order", "keyword", "default"],
)  # fmt: skip
def test_an_argument_is_no_other_overload(maker: Maker, tmp_path: Path) -> None:
    """What follows from an argument is told by it alone."""
    findings = [found for found in every(maker, tmp_path) if found.area == "python"]
    assert len(findings) == 1 and findings[0].rule in TABLE, findings


def test_a_default_that_was_never_traced_is_an_error(tmp_path: Path) -> None:
    """`predict(x)` finds no trace any more."""
    found = one(UNTRACED, tmp_path / "a", "api-arg-default-changed")
    assert found.severities.python == "error" and "not traced" in found.message
    assert one(pair("change_argument_default"), tmp_path, "api-arg-default-changed").severities.python == "warning"


def test_an_argument_that_only_had_its_default_is_a_warning(tmp_path: Path) -> None:
    assert one(NO_MODE, tmp_path / "a", "api-arg-removed").severities.python == "error"
    assert one(mirrored(new(optional())), tmp_path / "b", "api-arg-removed").severities.python == "warning"


def test_training_that_was_only_traced_for_its_default_is_a_warning(tmp_path: Path) -> None:
    untrained = drop_trace(1, "predict")
    maker = changed(BASE, old=[untrained], new=[untrained, drop_argument("training", "predict")])
    assert one(maker, tmp_path / "a", "api-training-arg-removed").severities.python == "warning"
    assert one(NO_TRAINING, tmp_path / "b", "api-training-arg-removed").severities.python == "error"
