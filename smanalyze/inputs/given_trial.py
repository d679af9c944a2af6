"""One call of a signature with values that somebody gave, after they were checked against what it declares."""

from __future__ import annotations

from math import prod
from typing import Any

from smanalyze.errors import FormatError, UsageError
from smanalyze.inputs.given import array_of
from smanalyze.inputs.given_json import BARE, Named
from smanalyze.inputs.make_strings import MAX_STRINGS
from smanalyze.inputs.make_values import MAX_NUMBERS
from smanalyze.inputs.records import Feed, Slot, Trial
from smanalyze.model.tensors import Shape


def fits_names(slots: tuple[Slot, ...], values: Named, optional: frozenset[str]) -> bool:
    """Whether the values are named as the signature's tensors are; values alone fit a signature of one."""
    names = {slot.keyword for slot in slots}
    if set(values) == {BARE}:
        return len(slots) == 1
    return set(values) <= names and names - set(values) <= optional


def given_trial(
    name: str, key: str, slots: tuple[Slot, ...], values: Named, defaults: dict[str, Any], why: str
) -> Trial:
    """The trial. ``defaults`` are arrays for inputs that may be missing. Raises UsageError that says which input is
    missing, not known, or of another dtype or shape than the signature declares."""
    if set(values) == {BARE} and len(slots) == 1:
        values = {slots[0].keyword: values[BARE]}
    names = [slot.keyword for slot in slots]
    unknown = [one for one in values if one not in names]
    missing = [one for one in names if one not in values and one not in defaults]
    if unknown or missing:
        said = [f"{', '.join(map(repr, unknown))} is no input"] if unknown else []
        said += [f"{', '.join(map(repr, missing))} is missing"] if missing else []
        raise UsageError(f"Signature {key!r}: {' and '.join(said)}. Its inputs: {', '.join(names) or 'none'}.")
    feeds = []
    for slot in slots:
        if slot.keyword not in values:
            array, reason = defaults[slot.keyword], "the signature's default"
        else:
            array, reason = _checked(key, slot, values[slot.keyword]), why
        feeds.append(Feed(slot.input, slot.keyword, slot.tensor_name, slot.dtype, tuple(array.shape), array, reason))
    return rebatched(Trial(name, None, tuple(feeds)), slots)


def _checked(key: str, slot: Slot, value: Any) -> Any:
    try:
        array = array_of(value, slot.dtype)
    except (ValueError, TypeError, OverflowError, FormatError) as error:
        raise UsageError(f"Signature {key!r}, input {slot.keyword!r}: {error}.") from error
    if not fits_shape(array.shape, slot.shape):
        raise UsageError(
            f"Signature {key!r}, input {slot.keyword!r}: the shape {_text(array.shape)} does not fit the declared "
            f"{_text(slot.shape)}."
        )
    return array


def _text(shape: Shape) -> str:
    return "unknown" if shape is None else "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"


def fits_shape(shape: tuple[int, ...], declared: Shape) -> bool:
    """Whether an array of the shape may be fed where the other is declared."""
    if declared is None:
        return True
    return len(shape) == len(declared) and all(b in (None, a) for a, b in zip(shape, declared, strict=True))


def rebatched(trial: Trial, slots: tuple[Slot, ...]) -> Trial:
    """The same trial, which can be made in another batch where all rows of its inputs belong to one: by taking rows
    away, or some twice; it stays as it is where that would be too large."""
    leading = {
        feed.shape[0] if feed.shape else -1
        for feed, slot in zip(trial.feeds, slots, strict=True)
        if slot.shape is None or slot.shape[:1] == (None,)
    }
    batch = next(iter(leading), -1)
    if len(leading) != 1 or batch < 1 or any(slot.role for slot in slots):
        return trial

    def remake(other: int) -> Trial:
        import numpy as np

        feeds = []
        for feed, slot in zip(trial.feeds, slots, strict=True):
            array = feed.array
            if slot.shape is None or slot.shape[:1] == (None,):
                if other * max(prod(feed.shape[1:]), 1) > (MAX_STRINGS if feed.dtype == "string" else MAX_NUMBERS):
                    return made
                array = array[np.arange(other) % batch]
            feeds.append(Feed(feed.input, feed.keyword, feed.tensor_name, feed.dtype, tuple(array.shape), array,
                              feed.why))  # fmt: skip
        return Trial(trial.name, other, tuple(feeds), remake)

    made = Trial(trial.name, batch, trial.feeds, remake)
    return made
