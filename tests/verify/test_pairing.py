"""What is said of inputs and outputs that only one of two models has."""

from __future__ import annotations

import pytest

from smanalyze.api.diff import match_models
from smanalyze.report.changes import SignaturePair
from smanalyze.verify.pairing import gone_outputs, pairing_notes
from tests.pairs import sides_of


def matched(name: str, *, old_first: bool = True) -> SignaturePair:
    sides = sides_of(name) if old_first else sides_of(name)[::-1]
    _, _, changes = match_models(*sides)
    return next(one for one in changes.meta_graphs[0].signatures if one.old is not None and one.new is not None)


def test_an_output_that_the_new_model_does_not_give_is_incomparable() -> None:
    pair = matched("change_output_added", old_first=False)
    assert pair.old is not None and pair.new is not None
    lost = {one.name for one in pair.old.outputs} - {one.name for one in pair.new.outputs}
    rows = gone_outputs(pair)
    assert {row.old_name for row in rows} == lost != set()
    assert {(row.level, row.reason) for row in rows} == {("incomparable", "the new model does not give it")}
    assert gone_outputs(matched("change_output_added")) == ()


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("change_input_renamed", "The input x is called features in the new model"),
        ("change_input_dtype", "The input x was "),
        ("change_input_added", "Only the new model has the input "),
        ("change_output_added", "Only the new model gives the output "),
    ],
)
def test_callers_are_told_what_was_brought_together(name: str, start: str) -> None:
    assert any(note.startswith(start) for note in pairing_notes(matched(name)))


def test_nothing_is_said_of_the_same_signature() -> None:
    assert list(pairing_notes(matched("change_constant"))) == []
