"""Variables are looked up, not searched; and which TensorFlow computes a hash as which releases do."""

from __future__ import annotations

import pytest

from smanalyze.report.sections import VariableRow
from smanalyze.verify.compare_parts import _same_algorithm, compare_variables
from tests.models import report_of
from tests.verify.observed import stored


def test_no_variable_is_compared_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be tens of thousands."""
    monkeypatch.setattr(VariableRow, "__eq__", lambda self, other: pytest.fail("each is compared with each"))
    report, (load,) = report_of("keras2_functional"), stored("keras2_functional").loads
    assert len(report.variables) > 2
    assert {check.status for check in compare_variables(report, 0, load)} == {"confirmed"}


@pytest.mark.parametrize(
    ("algorithm", "version", "same"),
    [("TF 2.14 to 2.21", "2.21.0", True), ("TF 2.14 to 2.21", "2.22.0", True), ("TF 2.14 to 2.21", "2.13.1", False),
     ("TF 2.11 to 2.13", "2.13.1", True), ("TF 2.11 to 2.13", "2.22.0", False), ("TF 2.11", "2.12.0", False),
     ("split", "2.21.0", False)],
)  # fmt: skip
def test_a_later_tensorflow_is_taken_for_the_newest_that_is_known(algorithm: str, version: str, same: bool) -> None:
    assert _same_algorithm(algorithm, version) == same
