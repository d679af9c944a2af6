"""Other values for inputs, to try what a report claims of them: that nothing uses an input, that an output is the same
for every input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from smanalyze.inputs.records import Feed, Trial
from smanalyze.model.record import record
from smanalyze.report.document import Report
from smanalyze.report.tensors import SignatureReport


@record
class Claimed:
    """What the findings of a report say of one signature."""

    unused: tuple[str, ...]
    constant: tuple[str, ...]


def claimed(report: Report, tags: tuple[str, ...], signature: SignatureReport) -> Claimed:
    """Inputs that nothing uses, and constant outputs; each has a line of evidence that begins with its name."""

    def named(rule: str, names: tuple[str, ...]) -> tuple[str, ...]:
        lines = [
            line for one in report.findings for line in one.evidence
            if one.rule == rule and one.where.signature == signature.key
            and one.where.tag_set in (None, ",".join(tags))
        ]  # fmt: skip
        return tuple(name for name in names if any(line.startswith(f"{name}: ") for line in lines))

    return Claimed(
        named("unused-input", tuple(one.name for one in signature.inputs)),
        named("constant-output", tuple(one.name for one in signature.outputs)),
    )


def variants(trial: Trial, claims: Claimed) -> Iterator[tuple[tuple[str, ...], Trial]]:
    """(inputs with other values, the trial with them): of the inputs that nothing uses any values, and of all inputs
    their rows the other way round, which a model takes that took them before; any values where that changes nothing."""
    if claims.unused:
        yield from _changed(trial, claims.unused, _other_values)
    if claims.constant:
        every = tuple(dict.fromkeys(feed.input for feed in trial.feeds))
        turned = list(_changed(trial, every, _turned))
        yield from turned or _changed(trial, every, _other_values)


def _turned(array: Any) -> Any:
    return array[::-1] if array.ndim else array


def _changed(trial: Trial, names: tuple[str, ...], change: Any) -> Iterator[tuple[tuple[str, ...], Trial]]:
    import numpy as np

    feeds: list[Feed] = []
    changed = []
    for feed in trial.feeds:
        array = feed.array
        if feed.input in names:
            made = change(array)
            if not np.array_equal(made, array):
                changed.append(feed.input)
                array = made
        feeds.append(replace(feed, array=array))
    if changed:
        yield tuple(dict.fromkeys(changed)), replace(trial, feeds=tuple(feeds))


def _other_values(array: Any) -> Any:
    """Values of the same dtype in the same shape that are others, as far as there are any."""
    import numpy as np

    if array.dtype == object:
        return np.array([*(bytes(one) + b"." for one in array.ravel()), None], object)[:-1].reshape(array.shape)
    return ~array if array.dtype.kind == "b" else (array + np.ones((), array.dtype)).astype(array.dtype)
