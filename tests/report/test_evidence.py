"""Lists that were cut twice say one true number."""

from __future__ import annotations

import pytest

from smanalyze.checks.evidence import MAX_LINES, listed
from smanalyze.report.evidence import cut_lines, more_line


@pytest.mark.parametrize("count", [1, 8, 9, 10, MAX_LINES, MAX_LINES + 1, 1234])
def test_what_is_shown_and_what_is_hidden_is_all(count: int) -> None:
    shown, hidden = cut_lines(listed(f"line {number}" for number in range(count)), 8)
    assert len(shown) + hidden == count
    assert not [line for line in shown if "more" in line]


def test_nouns_and_lines_that_only_look_so() -> None:
    assert cut_lines(["a", "b", "c", more_line(1000, "nodes")], 1) == (["a"], 1002)
    assert cut_lines(["a", "b", "c", "and 3 more of them, all alike"], 1) == (["a"], 3)
    assert cut_lines(["a", "and 3 more"], 1) == (["a", "and 3 more"], 0)
