"""What makes a difference, from what came of swapping parts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smanalyze.api.diff import match_models
from smanalyze.report.against import Level, Swap
from smanalyze.verify.attribute import cause_of, checkpoint_fits
from tests.pairs import sides_of

_FAILED = Swap(("weights",), None, None, False, "w:0: KeyError")
_STILL: Level = "within tolerance"


@pytest.mark.parametrize(
    ("swaps", "level", "same", "cause"),
    [
        ((Swap(("weights",), "bitwise", 0.0, True),), "different", False, ("weights",)),
        ((Swap(("weights",), _STILL, 1e-6, True),), "different", False, ("weights",)),
        # Weights that no output reads moved nothing: the graph makes a difference within tolerance.
        ((Swap(("weights",), _STILL, 1e-6, False),), _STILL, False, ("graph",)),
        ((Swap(("weights",), _STILL, 1e-6, True),), _STILL, False, ("weights", "graph")),
        ((Swap(("weights",), "within noise", 1e-7, True),), _STILL, False, ("weights",)),
        # What could not be tried leaves it open, but a graph that computes the same is not to blame.
        ((_FAILED,), "different", False, ("weights", "graph")),
        ((_FAILED,), "different", True, ("weights",)),
        ((Swap(("weights",), "different", 1.0, False),), "different", True, ("graph",)),
    ],
)
def test_causes(swaps: tuple[Swap, ...], level: Level, same: bool, cause: tuple[str, ...]) -> None:
    assert cause_of(("weights",), swaps, level, same_program=same).parts == cause


@pytest.mark.parametrize(("name", "fits"), [("noise_tf1_processes", True), ("change_weights_nudged", False)])
def test_a_tf1_model_takes_the_other_checkpoint_as_it_is(name: str, fits: bool) -> None:
    """Its reference variables cannot be assigned; those of an object graph can, and by other names too."""
    _, sides, changes = match_models(*sides_of(name))
    assert checkpoint_fits(sides, changes, 0) is fits


def test_a_tf1_model_does_not_take_a_checkpoint_that_lacks_a_variable() -> None:
    _, sides, changes = match_models(*sides_of("noise_tf1_processes"))
    some = replace(changes, variables=changes.variables[1:])
    assert not checkpoint_fits(sides, some, 0)
