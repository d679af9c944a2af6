"""Which inputs are looked at for the first node to differ, and the one line that sums all up."""

from __future__ import annotations

import numpy as np
import pytest

from smanalyze.report.against import OutputAgainst, SignatureAgainst
from smanalyze.verify.against import furthest_trial, summary_of
from smanalyze.verify.judge import judge
from tests.verify.against_reports import AGAINST
from tests.verify.test_judge import kept


def output(*new: float) -> OutputAgainst:
    """An output that was 0 for all inputs."""
    zero = np.zeros(1, np.float32)
    return judge(("y", "y"), [(kept(zero), kept(np.array([value], np.float32))) for value in new], None, {})


@pytest.mark.parametrize(
    ("outputs", "number"),
    [
        ((output(0.0, 0.0, 1.0),), 2),
        ((output(0.0, 1e-6), output(0.0, 0.0, 0.0, 1.0)), 3),
        ((output(0.0, 0.0), output(0.0, 1e-6)), 1),
        ((), 0),
    ],
)
def test_the_inputs_with_which_outputs_are_furthest_apart(outputs: tuple[OutputAgainst, ...], number: int) -> None:
    """With others, such as those without the word that changed, all nodes may give the same."""
    assert furthest_trial(outputs) == number


def test_outputs_that_are_the_same_do_not_differ_where_inputs_are_refused() -> None:
    refused = AGAINST.signatures[0].one_sided
    row = SignatureAgainst(
        ("serve",), "f", "f", "different", "no", (output(0.0),), (refused[0].fed,), one_sided=refused
    )
    assert summary_of([row], "") == "In the one signature the new model refuses inputs that the old one takes."
