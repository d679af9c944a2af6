"""Rules about TensorFlow Serving's warmup requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.helpers import Cases, Maker, check_case, edited, good, one, params, signature


def rename_signature(message: Any) -> None:
    definitions = message.meta_graphs[0].signature_def
    definitions["renamed"].CopyFrom(definitions["serving_default"])
    del definitions["serving_default"]


def rename_input(message: Any) -> None:
    inputs = signature(message).inputs
    inputs["renamed"].CopyFrom(inputs["x"])
    del inputs["x"]


TABLE = {
    "warmup-mismatch": Cases(
        {"signature": edited("warmup", rename_signature), "input": edited("warmup", rename_input)},
        {"fits": good("warmup"), "none": good("module_one_signature")},
    )
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_alike_requests_are_told_once(tmp_path: Path) -> None:
    finding = one(edited("warmup", rename_input), tmp_path, "warmup-mismatch")
    assert finding.message == "A request sends x to serving_default, which takes renamed."
    assert len(finding.evidence) == 1
    assert finding.evidence[0].endswith("record 0, 1")
