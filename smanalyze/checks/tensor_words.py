"""What rules about changed inputs and outputs share: what they yield, how shapes moved, and how tensors are written."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.change import Changed
from smanalyze.checks.changes import InputChange, SignatureChange
from smanalyze.checks.evidence import listed
from smanalyze.model.tensors import Shape
from smanalyze.report.changes import shape_words
from smanalyze.report.diff import Severities
from smanalyze.report.tensors import Tensor


def found(one: InputChange, message: str, old: str, new: str, severities: Severities | None = None) -> Changed:
    """What a rule yields about one input or output."""
    place = one.signature.place(tensor=f"{one.word} {one.name}")
    subject = one.signature.subject(one.word, one.name)
    return Changed(place, message, subject, old, new, severities=severities, confidence=one.pair.confidence)


def moved(one: InputChange, old: str, new: str) -> Changed:
    """The same where it was one thing, and is another."""
    return found(one, f"{one.name} was {old}, and is {new}.", old, new)


def one_sided(
    signature: SignatureChange, word: str, tensors: list[Tensor], message: str, *, gone: bool
) -> Iterator[Changed]:
    """One finding for all inputs, or outputs, that only one side has: one change of the signature added or dropped
    them."""
    if not tensors:
        return
    names = [one.name for one in tensors]
    place = signature.place(tensor=f"{word} {names[0]}") if len(tensors) == 1 else signature.place()
    words = tensor_words(tensors[0]) if len(tensors) == 1 else ", ".join(names)
    lines = listed(f"{one.name} {tensor_words(one)}" for one in tensors) if len(tensors) > 1 else ()
    sides = (words, "") if gone else ("", words)
    yield Changed(place, message, signature.subject(word, *names), *sides, lines)


def tensor_words(tensor: Tensor) -> str:
    """``float32 [?, 10]``; an encoding that is not dense is said."""
    encoding = "" if tensor.encoding == "dense" else f"{tensor.encoding} "
    return f"{encoding}{tensor.dtype} {shape_words(tensor.shape)}"


def dimensions(old: Shape, new: Shape) -> Iterator[tuple[int, int | None, int | None]]:
    """(place, old size, new size) of the dimensions that differ, where both ranks are known and equal."""
    if old is not None and new is not None and len(old) == len(new):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            if before != after:
                yield place, before, after


Pair = tuple[Tensor, Tensor]
"""One input or output of both sides."""


def dense(one: InputChange) -> Pair | None:
    """Both sides where their shapes are a change of their own: dense (the shape of an encoded tensor is not what a
    client sends), and of one dtype (another one is told with both shapes)."""
    pair = one.both
    if pair is None or pair[0].dtype != pair[1].dtype or any(tensor.encoding != "dense" for tensor in pair):
        return None
    return pair


def shapes_words(pair: Pair) -> tuple[str, str]:
    """Both shapes."""
    return shape_words(pair[0].shape), shape_words(pair[1].shape)


def dtypes_words(pair: Pair) -> tuple[str, str]:
    """Both dtypes, with the shapes where these differ, too."""
    shapes = [f" {words}" if pair[0].shape != pair[1].shape else "" for words in shapes_words(pair)]
    return pair[0].dtype + shapes[0], pair[1].dtype + shapes[1]


def other_rank(pair: Pair) -> bool:
    """Whether both ranks are known and differ."""
    return pair[0].shape is not None and pair[1].shape is not None and len(pair[0].shape) != len(pair[1].shape)


def resized(pair: Pair) -> bool:
    """Whether a dimension was of one size, and is of another."""
    return any(
        before is not None and after is not None for _, before, after in dimensions(pair[0].shape, pair[1].shape)
    )


def opened(pair: Pair) -> bool:
    """Whether a dimension, or all of them, was known and can be anything now."""
    rank = pair[0].shape is not None and pair[1].shape is None
    return rank or any(after is None for _, _, after in dimensions(pair[0].shape, pair[1].shape))


def closed(pair: Pair) -> bool:
    """Whether a dimension but the first, or all of them, could be anything and is known now."""
    rank = pair[0].shape is None and pair[1].shape is not None
    return rank or any(before is None and place for place, before, _ in dimensions(pair[0].shape, pair[1].shape))


def fixed_batch(pair: Pair) -> int | None:
    """The size of the first dimension, which could be anything; None where it still can, or never could."""
    sizes = (after for place, before, after in dimensions(pair[0].shape, pair[1].shape) if not place and before is None)
    return next(sizes, None)
