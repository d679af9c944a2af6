"""The defaults of a signature's inputs (SignatureDef.defaults): such an input may be left out of a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import prod
from typing import Any

from smanalyze.errors import FormatError
from smanalyze.facts.snippets_feeds import default_values
from smanalyze.inputs.given import array_of
from smanalyze.inputs.given_trial import fits_shape
from smanalyze.inputs.records import Trial
from smanalyze.model.saved_model import Signature


def default_arrays(signature: Signature) -> dict[str, Any]:
    """The defaults by input, of those whose shape is known and whose values the file tells in full."""
    found: dict[str, Any] = {}
    for info in signature.inputs:
        if info.default is None or info.encoding != "dense" or info.shape is None or None in info.shape:
            continue
        shape = tuple(size or 0 for size in info.shape)
        values = default_values(info.default, prod(shape))
        if values is not None:
            try:
                flat = array_of(list(values), info.dtype.removesuffix("_ref"))
            except (ValueError, FormatError):
                continue
            found[info.name] = flat.reshape(shape)
    return found


def with_defaults(trials: Iterable[Trial], signature: Signature) -> Iterator[Trial]:
    """The trials with the defaults in place of what was made for such inputs."""
    defaults = default_arrays(signature)
    return (_with(trial, defaults) for trial in trials) if defaults else iter(trials)


def _with(trial: Trial, defaults: dict[str, Any]) -> Trial:
    feeds = tuple(
        replace(feed, array=defaults[feed.keyword], shape=feed.shape, why="the signature's default")
        if feed.keyword in defaults and fits_shape(feed.shape, defaults[feed.keyword].shape)
        else feed
        for feed in trial.feeds
    )
    remake = trial.remake
    return replace(trial, feeds=feeds, remake=(lambda n: _with(remake(n), defaults)) if remake is not None else None)
