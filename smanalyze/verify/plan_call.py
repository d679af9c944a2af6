"""The arguments of one call: what was given, fitted to what the target takes, or what can be made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain, islice
from typing import Any

from smanalyze.api.inputs import plan_inputs, slots_of
from smanalyze.errors import UsageError
from smanalyze.inputs.call_arguments import Arguments, function_arguments
from smanalyze.inputs.called import called_trial, whole_of
from smanalyze.inputs.consumers import find_wanted
from smanalyze.inputs.defaults import default_arrays
from smanalyze.inputs.flags import Given
from smanalyze.inputs.records import Trial
from smanalyze.inputs.tables import Tables
from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel, Signature
from smanalyze.verify.calls import MAX_TRIALS
from smanalyze.verify.target import Target


@record
class Call:
    """One call: its arguments, where they come from, and which of the sets that were made they are."""

    values: Arguments
    source: str
    trial: str = ""


def plan_calls(model: SavedModel, target: Target, inputs: Mapping[str, Any] | None, seed: int) -> Iterable[Call]:
    """The call with what was given; without, those with what can be made, odd values last. Raises UsageError."""
    signature = target.signature
    given = {name: one if isinstance(one, Given) else as_given(one) for name, one in (inputs or {}).items()}
    if signature is None:
        assert target.function is not None
        values = function_arguments(target.function, given)
        return (Call(values, "given" if values.feeds or values.literals else "none"),)
    slots = slots_of(signature)
    if inputs is None and slots:
        (planned,) = plan_inputs(model, tags=target.tags, signatures=(signature.key,), seed=seed)
        if planned.reason:
            raise UsageError(f"No values can be made for the signature {signature.key!r}. {planned.reason}")
        plain = (trial for trial in planned.trials if not trial.odd)  # odd ones are for those who look for faults
        made = islice(chain(plain, (trial for trial in planned.trials if trial.odd)), MAX_TRIALS)
        return (Call(_keywords(trial), planned.source, trial.name) for trial in made)
    wholes = tuple(
        whole_of(group.kind, tuple(slot for part in group.parts for slot in slots if slot.keyword == part.name))
        for group in (_groups(model, target, signature) if len(slots) > 1 else ())
    )
    trial = called_trial(signature.key, slots, wholes, given, default_arrays(signature))
    return (Call(_keywords(trial), "given" if slots else "none"),)


def _keywords(trial: Trial) -> Arguments:
    return Arguments((), {feed.keyword: {"tensor": feed} for feed in trial.feeds}, trial.feeds, ())


def _groups(model: SavedModel, target: Target, signature: Signature) -> tuple[Any, ...]:
    return find_wanted(Tables(model, target.graph, target.names), signature).groups


def as_given(value: Any) -> Given:
    """A value of Python's; an array's dtype is meant."""
    return Given(value, hasattr(value, "dtype"), "given")
