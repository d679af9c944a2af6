"""Phrases about two models that were run side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smanalyze.render.against_words import first_text, gate_text
from smanalyze.report.against import Level
from tests.verify.against_reports import AGAINST


@pytest.mark.parametrize(
    ("level", "start"),
    [
        ("different", "The first node to differ beyond tolerance is "),
        ("within tolerance", "The first node to differ is "),
    ],
)
def test_the_first_node_may_not_be_the_first_that_differs_at_all(level: Level, start: str) -> None:
    first = AGAINST.signatures[0].first
    assert first is not None
    assert first_text(replace(first, level=level)).startswith(start)


def test_a_gate_that_fails_for_lost_signatures_says_so() -> None:
    report = replace(AGAINST, level="bitwise", passed=False, only_old=("embed", "predict"))
    assert gate_text(report).startswith("It fails the gate `different`, for embed, predict are gone.")
    assert "gone" not in gate_text(AGAINST)
