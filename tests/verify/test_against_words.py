"""Phrases about two models that were run side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smanalyze.render.against_words import fed_text, first_text, gate_text, number_text, output_lines
from smanalyze.report.against import Level, ProbeFed
from smanalyze.verify.judge import judge
from tests.verify.against_reports import AGAINST
from tests.verify.test_judge import kept


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


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0011203, "0.00113"), (0.00112, "0.00112"), (0.5, "0.5"), (0.0, "0"), (1.9999, "2"), (9.999e-8, "1e-07")],
)
def test_the_smallest_rtol_is_not_said_too_small(value: float, said: str) -> None:
    """Who passes on what is said passes the gate."""
    assert number_text(value, up=True) == said
    assert float(said) >= value


@pytest.mark.parametrize(
    ("new", "lines"),
    [
        ((np.nan, np.nan), []),
        ((1.0, np.nan), ["Elsewhere both are the same."]),
        ((2.0, np.nan), ["Difference where both are finite: at most 1"]),
    ],
)
def test_numbers_beside_nan_are_said_to_be_of_the_others(new: tuple[float, float], lines: list[str]) -> None:
    one, other = kept(np.array([1.0, 2.0], np.float32)), kept(np.array(new, np.float32))
    said = list(output_lines(judge(("y", "y"), [(one, other)], None, {})))
    assert [line.partition(",")[0] for line in said if line.startswith(("Diff", "Else"))] == lines
    assert said[-1].endswith("; no rtol passes.")


def test_inputs_are_told_apart_by_their_shapes() -> None:
    fed = ProbeFed("old", "synthesized", "plain, batch 1", 2, (("x", (16, 3)), ("y", ())))
    assert fed_text(fed) == "plain (seed 2; x [16, 3], y [])"
    assert fed_text(replace(fed, shapes=())) == "plain (seed 2)"
