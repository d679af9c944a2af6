"""The same values for two models, under the names that each has for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from smanalyze.api.diff import match_models
from smanalyze.inputs.arrays import npz_of
from smanalyze.report.changes import SignaturePair
from smanalyze.verify.shared_inputs import MORE_ROWS, Planner, SharedTrial
from smanalyze.verify.values import encoded
from tests.models import model_of
from tests.pairs import PAIR_NAMES, sides_of


def shared(name: str, *, old_first: bool = True, seed: int = 0) -> tuple[SignaturePair, list[SharedTrial]]:
    """The first pair of signatures that both sides of a pair of testdata have, and what could be fed to it."""
    sides = sides_of(name) if old_first else sides_of(name)[::-1]
    _, _, changes = match_models(*sides)
    pair = next(one for one in changes.meta_graphs[0].signatures if one.old is not None and one.new is not None)
    tags = tuple(sides[0].meta_graphs[0].tags), tuple(sides[1].meta_graphs[0].tags)
    return pair, list(Planner(sides, tags, 0, None).trials(pair, seed, None))


def names(pair: SignaturePair) -> tuple[set[str], set[str]]:
    assert pair.old is not None and pair.new is not None
    return {one.name for one in pair.old.inputs}, {one.name for one in pair.new.inputs}


@pytest.mark.parametrize("old_first", [True, False])
@pytest.mark.parametrize("name", [one for one in PAIR_NAMES if "estimator" not in one and "input_added" not in one])
def test_each_side_gets_its_own_inputs_with_the_same_values(name: str, old_first: bool) -> None:
    pair, found = shared(name, old_first=old_first)
    assert found
    assert {one.fed.side for one in found} == {"old", "new"}
    for one in found:
        sides = one.old.feeds, one.new.feeds
        assert ({feed.input for feed in sides[0]}, {feed.input for feed in sides[1]}) == names(pair)
        for before, after in zip(*(sorted(feeds, key=lambda feed: feed.shape) for feeds in sides), strict=True):
            if before.dtype == after.dtype == "float32" and len(sides[0]) == 1:
                assert encoded(before.array) == encoded(after.array)


def test_an_input_that_one_side_lacks_is_fed_to_the_other_alone() -> None:
    pair, found = shared("change_input_added")
    more = names(pair)[1] - names(pair)[0]
    assert more
    assert {one.fed.side for one in found} == {"new"}  # the old model's values lack one that the new one needs
    for one in found:
        assert {feed.input for feed in one.new.feeds} - {feed.input for feed in one.old.feeds} == more


def test_another_dtype_gets_the_same_numbers_or_none() -> None:
    _, found = shared("change_input_dtype")
    for one in found:
        before, after = one.old.feeds[0], one.new.feeds[0]
        assert before.dtype != after.dtype
        assert np.array_equal(before.array.astype(np.float64), after.array.astype(np.float64))


def test_later_probes_have_more_rows() -> None:
    _, first = shared("change_constant")
    _, later = shared("change_constant", seed=1)
    assert max(one.new.batch or 0 for one in first) == 2
    assert later[0].new.batch == MORE_ROWS == later[0].old.feeds[0].shape[0]


def test_a_file_for_one_signature_leaves_the_others_their_own_values(tmp_path: Path) -> None:
    sides = model_of("module_several_signatures"), model_of("module_several_signatures")
    _, _, changes = match_models(*sides)
    pairs = {one.new.key: one for one in changes.meta_graphs[0].signatures if one.new is not None}
    tags = tuple(sides[0].meta_graphs[0].tags)
    key, keyword = next((key, pair.new.inputs[0].name) for key, pair in pairs.items() if pair.new is not None)
    planner = Planner(sides, (tags, tags), 0, None)
    array = next(planner.trials(pairs[key], 0, None)).new.feeds[0].array
    file = tmp_path / "inputs.npz"
    file.write_bytes(npz_of({f"{key}/{keyword}": array}))
    given = Planner(sides, (tags, tags), 0, str(file))
    sources = {one: next(given.trials(pair, 0, None)).fed.source for one, pair in pairs.items()}
    assert sources.pop(key) == "file"
    assert sources and set(sources.values()) == {"synthesized"}
