"""Inputs that both of two models take: those of one, fed to the other under its own names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from smanalyze.api.inputs import plan_inputs, slots_of
from smanalyze.errors import FormatError
from smanalyze.inputs.defaults import default_arrays
from smanalyze.inputs.given import array_of
from smanalyze.inputs.records import Feed, SignatureInputs, Trial
from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.against import ProbeFed
from smanalyze.report.changes import SignaturePair
from smanalyze.verify.side_run import interleaved

MAX_TRIALS = 16
"""Sets of inputs of either model that are tried for one probe."""

MORE_ROWS = 16
"""Rows of all probes but the first: a change of one word in a vocabulary shows only where that word is asked for."""


@record
class SharedTrial:
    """The same values for both models, and how to tell whose they are."""

    old: Trial
    new: Trial
    fed: ProbeFed


class Planner:
    """Plans inputs of one MetaGraph of both models, once for each seed, of which ``first`` is the first. ``given`` is a
    file of the user's."""

    def __init__(
        self, models: tuple[SavedModel, SavedModel], tags: tuple[tuple[str, ...], tuple[str, ...]], first: int,
        given: str | None, signatures: tuple[str, ...] | None = None,
    ) -> None:  # fmt: skip
        self._models, self._tags, self._given, self._first = models, tags, given, first
        self._signatures = signatures
        self._plans: dict[tuple[int, int], dict[str, SignatureInputs]] = {}

    def trials(self, pair: SignaturePair, seed: int, first: ProbeFed | None) -> Iterator[SharedTrial]:
        """What to try, in order. ``first`` is what ran with another seed: its like comes first."""
        found = islice(self._every(pair, seed), MAX_TRIALS)
        if first is None:
            return found
        return iter(sorted(found, key=lambda one: (one.fed.side, one.fed.trial) != (first.side, first.trial)))

    def reason(self, pair: SignaturePair) -> str:
        """Why a signature cannot be fed at all; "" where it can."""
        return next((reason for side in (0, 1) if (reason := self._plan(side, pair, 0).reason)), "")

    def _every(self, pair: SignaturePair, seed: int) -> Iterator[SharedTrial]:
        yield from interleaved(*(self._of_side(side, pair, seed) for side in (1, 0)))

    def _of_side(self, side: int, pair: SignaturePair, seed: int) -> Iterator[SharedTrial]:
        plan = self._plan(side, pair, seed)
        for trial in _rows(plan.trials, more=bool(seed != self._first)):
            found = self._translated(trial, pair, side)
            if found is None:
                continue
            trial, other = found
            shapes = tuple((feed.keyword, feed.shape) for feed in trial.feeds)
            fed = ProbeFed("new" if side else "old", plan.source, trial.name, seed, shapes)
            yield SharedTrial(other, trial, fed) if side else SharedTrial(trial, other, fed)

    def _plan(self, side: int, pair: SignaturePair, seed: int) -> SignatureInputs:
        report = pair.new if side else pair.old
        assert report is not None
        if (side, seed) not in self._plans:
            # A file, and the signatures that are asked for, are the new model's.
            given, signatures = (self._given, self._signatures) if side else (None, None)
            planned = plan_inputs(
                self._models[side], tags=self._tags[side], signatures=signatures, seed=seed, given=given
            )
            self._plans[side, seed] = {one.key: one for one in planned}
        return self._plans[side, seed][report.key]

    def _translated(self, trial: Trial, pair: SignaturePair, side: int) -> tuple[Trial, Trial] | None:
        """The trial, and its values under the names and in the dtypes of the other model; None where that takes more,
        or other ones. Where one dtype is coarser both get what it can hold."""
        names = {}
        for one in pair.inputs:
            ends = (one.old, one.new) if side == 0 else (one.new, one.old)
            if ends[0] is not None and ends[1] is not None:
                names[ends[0].name] = ends[1].name
        report = pair.old if side else pair.new
        assert report is not None
        model, tags = self._models[1 - side], self._tags[1 - side]
        graph = next(graph for graph in model.meta_graphs if tuple(graph.tags) == tags)
        signature = next(one for one in graph.signatures if one.key == report.key)
        slots = {slot.keyword: slot for slot in slots_of(signature)}
        feeds, own = [], []
        for feed in trial.feeds:
            name = names.get(feed.input)
            slot = slots.pop(name + feed.keyword[len(feed.input) :], None) if name is not None else None
            if slot is not None:
                array = _converted(feed, slot.dtype)
                back = None if array is None else _converted(replace(feed, dtype=slot.dtype, array=array), feed.dtype)
                if array is None or back is None:
                    return None
                feed = replace(feed, array=back)
                feeds.append(replace(feed, input=slot.input, keyword=slot.keyword, tensor_name=slot.tensor_name,
                                     dtype=slot.dtype, array=array))  # fmt: skip
            own.append(feed)
        defaults = default_arrays(signature)
        if any(slot.keyword not in defaults for slot in slots.values()):
            return None
        for slot in slots.values():
            array = defaults[slot.keyword]
            feeds.append(Feed(slot.input, slot.keyword, slot.tensor_name, slot.dtype, tuple(array.shape), array))
        return replace(trial, feeds=tuple(own)), Trial(trial.name, trial.batch, tuple(feeds))


def _rows(trials: Iterable[Trial], *, more: bool) -> Iterator[Trial]:
    """The trials, each with more rows before it where it can have them."""
    for trial in trials:
        if more and trial.batch is not None:
            longer = trial.with_batch(MORE_ROWS)
            if longer is not trial:
                yield longer
        yield trial


def _converted(feed: Feed, dtype: str) -> Any:
    """The values in another dtype; None where it does not hold them."""
    if feed.dtype == dtype:
        return feed.array
    if "string" in (feed.dtype, dtype):
        return None
    try:
        return array_of(feed.array.tolist(), dtype)
    except (ValueError, TypeError, OverflowError, FormatError):
        return None
