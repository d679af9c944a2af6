"""Recorded requests that no longer fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.report.diff import Severities
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    check_case,
    edited,
    mirrored,
    one,
    pair,
    params,
    same,
    with_files,
)
from tests.checks.helpers import signature

REQUESTS = "assets.extra/tf_serving_warmup_requests"


def rename_input(message: Any) -> None:
    inputs = signature(message).inputs
    inputs["renamed"].CopyFrom(inputs["x"])
    del inputs["x"]


RENAMED = edited("warmup", new=[rename_input])

TABLE: dict[str, Cases] = {
    "warmup-stale": Cases(
        fires={"pair": pair("change_warmup_stale"), "input": RENAMED},
        silent={
            "fits": same("warmup"),
            "stale before": edited("warmup", old=[rename_input], new=[rename_input]),
            "without requests": with_files(RENAMED, new={REQUESTS: None}),
            "fits again": mirrored(RENAMED),
            "no requests": pair("change_signature_renamed"),
        },
    )
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_it_stops_serving_and_nobody_else(tmp_path: Path) -> None:
    finding = one(pair("change_warmup_stale"), tmp_path, "warmup-stale")
    assert finding.severities == Severities(serving="error")
    assert finding.message == "A request calls the signature serving_default, and there is none of that name."
