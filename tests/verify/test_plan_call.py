"""What a call is made with."""

from __future__ import annotations

from smanalyze.verify.plan_call import plan_calls
from smanalyze.verify.target import find_target
from tests.models import model_of


def test_values_are_made_without_odd_ones_first() -> None:
    """Who only wants to see it run has no use for a word that the vocabulary lacks."""
    model = model_of("tables_and_assets")
    names = [one.trial for one in plan_calls(model, find_target(model, None, "serving_default", None), None, 0)]
    assert names[0] == "plain"
    assert "with odd values" in names[1:]
