"""Trials from what consumes the inputs: a ladder, from what is most telling to what is most likely to run."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from smanalyze.errors import LimitError
from smanalyze.inputs.consumers import Wanted
from smanalyze.inputs.make_groups import group_arrays
from smanalyze.inputs.make_strings import strings
from smanalyze.inputs.make_values import Making, numbers
from smanalyze.inputs.records import Feed, Trial
from smanalyze.inputs.sizes import Dim, Sizes, dims_in, size_of
from smanalyze.inputs.tensors import Code, Source

LENGTHS = (8, 16, 32, 64, 128, 224, 299)
"""Sizes to try where nothing tells one."""

MAX_ELEMENTS = 4_000_000
"""A trial with more elements in one tensor is left out, unless the signature itself asks for so many."""

BATCH = 2
"""One would hide what goes wrong with a batch."""


class Rung:
    """One step of the ladder: style and length of the values, batch, rank of inputs without one, and what strings are
    that nobody is known to read."""

    __slots__ = ("batch", "code", "length", "rank", "style")

    def __init__(self, style: str, length: int = 8, batch: int = BATCH, rank: int = 1, code: str = "text") -> None:
        self.style = style
        self.length = length
        self.batch = batch
        self.rank = rank
        self.code = code

    @property
    def name(self) -> str:
        """The rung, for people."""
        words = [{"edge": "with odd values", "plain": "plain"}.get(self.style, self.style)]
        words += [f"sizes {self.length}"] * (self.length != 8) + [f"batch {self.batch}"] * (self.batch != BATCH)
        words += [f"rank {self.rank}"] * (self.rank != 1) + [f"strings as {self.code}"] * (self.code != "text")
        return ", ".join(words)


def synthesized(wanted: Wanted, seed: int) -> Iterator[Trial]:
    """The trials in order; those that would repeat one before them, or the plain one, are left out."""
    odd, plain, *others = _rungs(wanted)
    first, second = _possible(wanted, odd, seed), _possible(wanted, plain, seed)
    known = {_content(second)} if second is not None else set()
    if first is not None and _content(first) not in known:
        known.add(_content(first))
        yield first
    if second is not None:
        yield second
    del first, second
    for rung in others:
        trial = _possible(wanted, rung, seed)
        if trial is not None and _content(trial) not in known:
            known.add(_content(trial))
            yield trial


def _content(trial: Trial) -> tuple[Any, ...]:
    arrays = [feed.array for feed in trial.feeds]
    return tuple((a.shape, hash(tuple(a.ravel()) if a.dtype == object else a.tobytes())) for a in arrays)


def _rungs(wanted: Wanted) -> Iterator[Rung]:
    unranked = any(source.dims is None for source in wanted.sources)
    blind = any(s.dtype == "string" and not s.codes and not s.wishes for s in wanted.sources)
    for style in ("edge", "plain"):
        yield Rung(style)
    for length in LENGTHS[1:]:
        yield Rung("plain", length)
    yield Rung("plain", 1)
    if unranked:
        for rank in (0, 2, 3, 4):
            yield Rung("plain", 32 if rank == 4 else 8, rank=rank)
    for code in ("example", "number", "image") if blind else ():
        yield Rung("plain", code=code)
    yield Rung("plain", batch=1)
    for style in ("zeros", "ones"):
        yield Rung(style)
    for length in LENGTHS[1:]:
        yield Rung("plain", length, batch=1)


def _possible(wanted: Wanted, rung: Rung, seed: int) -> Trial | None:
    """The trial, None where something in it would be too large."""
    try:
        return _trial(wanted, rung, seed)
    except LimitError:
        return None


def _trial(wanted: Wanted, rung: Rung, seed: int) -> Trial | None:
    chosen = wanted.demands.solve(rung.batch, rung.length)
    making = Making(chosen, seed, rung.style, rung.code, rung.length)
    making.fixed = wanted.demands.fixed(chosen)
    batch = chosen[wanted.demands.batch.root()]
    arrays: dict[Source, Any] = {}
    for group in wanted.groups:
        arrays.update(zip(group.parts, group_arrays(group, making, rung.batch), strict=True))
    named: dict[str, Any] = {}
    for slot, source in zip(wanted.slots, wanted.sources, strict=True):
        if source not in arrays and slot.tensor_name in named:
            arrays[source] = named[slot.tensor_name]  # one tensor under two keys
        if source not in arrays:
            shape = making.sizes(source, rung.rank)
            if source.dims is None and shape:
                shape = (rung.batch, *shape[1:])
            if prod(shape) > MAX_ELEMENTS and not _fixed(source):
                return None
            arrays[source] = (strings if source.dtype == "string" else numbers)(source, shape, making)
        named[slot.tensor_name] = arrays[source]
    fixing = wanted.demands.reasons()
    feeds = tuple(
        Feed(slot.input, slot.keyword, slot.tensor_name, slot.dtype, tuple(arrays[source].shape), arrays[source],
             why_of(wanted, source, chosen, fixing))
        for slot, source in zip(wanted.slots, wanted.sources, strict=True)
    )  # fmt: skip
    free = bool(wanted.groups) or any(
        source.dims is None or wanted.demands.batch.root() in {d for size in source.dims for d in dims_in(size)}
        for source in wanted.sources
    )
    fixed = batch != rung.batch or not free

    def remake(other: int) -> Trial:
        return _possible(wanted, Rung(rung.style, rung.length, other, rung.rank, rung.code), seed) or made

    made = Trial(rung.name, None if fixed else batch, feeds, remake, rung.style == "edge")
    return made


def _fixed(source: Source) -> bool:
    return source.dims is not None and all(isinstance(size, int) for size in source.dims)


_CODES = {
    "wav": "a sound", "tensor": "a serialized tensor", "json_example": "a tf.Example in JSON", "words": "words",
    "base64": "base64", "compressed": "compressed", "text": "any text",
}  # fmt: skip


def code_words(code: Code) -> str:
    """A format of strings, for people."""
    names = ", ".join(part.name for part in code.parts[:8]) + (", …" if len(code.parts) > 8 else "")
    if code.kind in ("example", "sequence_example"):
        return f"a tf.{'Example' if code.kind == 'example' else 'SequenceExample'} with {names or 'no known features'}"
    if code.kind == "csv":
        return f"a line of {len(code.parts)} columns"
    if code.kind == "image":
        return f"a picture ({code.option('format')})"
    if code.kind in ("raw", "number"):
        return f"{code.parts[0].source.dtype} {'as raw bytes' if code.kind == 'raw' else 'as text'}"
    return _CODES[code.kind]


def why_of(wanted: Wanted, source: Source, chosen: Sizes, fixing: dict[Dim, str]) -> str:
    """What decided about the values and the sizes of a source; ``fixing`` are the nodes that fix sizes."""
    reasons: dict[str, None] = {}
    for wish in source.wishes:
        bound = size_of(wish.bound, {}) if wish.kind == "below" else None
        words = {
            "below": f"below {bound}" if bound is not None else "below a size", "words": "keys of the table",
            "pixels": "0 to 255", "sorted": "never falling", "count": "a size", "predicate": "chooses a branch",
        }  # fmt: skip
        reasons.setdefault(f"{words[wish.kind]}: {wish.why}")
    for code in source.codes.values():
        if code.kind != "text" or not reasons:
            reasons.setdefault(f"{code_words(code)}: {code.why}")
    for group in wanted.groups:
        if source in group.parts:
            reasons.setdefault(f"part of a {group.kind} tensor")
    for size in source.dims or ():
        if isinstance(size, Dim) and size.root() in fixing:
            reasons.setdefault(f"size {chosen.get(size.root())}: {fixing[size.root()]}")
    return "; ".join(list(reasons)[:4])
