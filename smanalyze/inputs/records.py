"""What is fed to a signature: the records that the writers, the verifier and the report share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace
from typing import Any, Literal

from smanalyze.model.record import record
from smanalyze.model.tensors import Shape

Origin = Literal["file", "warmup", "mlflow", "defaults", "synthesized"]


@record
class Feed:
    """One dense tensor that is fed.

    ``input`` is the signature's key of it, ``keyword`` what a signature loaded in Python calls it (another name only
    for the parts of sparse, ragged and composite inputs), ``tensor_name`` its name in the graph. ``array`` is a numpy
    array; strings are an object array of bytes. ``why`` says which node caused the choice, "" where only dtype and
    shape did.
    """

    input: str
    keyword: str
    tensor_name: str
    dtype: str
    shape: tuple[int, ...]
    array: Any = field(compare=False, repr=False)
    why: str = ""


@record
class Trial:
    """All tensors of one call. ``batch`` is the size of the leading dimension that the inputs share, None where the
    signature fixes it, or where the values are given and cannot be made in another size. ``odd``: among the values are
    some that a sound model may refuse, such as a word that its vocabulary lacks. ``origin``: where the values are from.
    """

    name: str
    batch: int | None
    feeds: tuple[Feed, ...]
    remake: Callable[[int], Trial] | None = field(default=None, compare=False, repr=False)
    odd: bool = False
    origin: Origin = "synthesized"

    def with_batch(self, batch: int) -> Trial:
        """The same kind of values in another batch; itself where the batch cannot be chosen, or is too large."""
        if self.remake is None or self.batch is None or batch == self.batch:
            return self
        return replace(self.remake(batch), name=self.name, origin=self.origin)


class Trials(Iterable[Trial]):
    """Trials that are made when they are asked for, anew in each pass: the values may be large."""

    def __init__(self, make: Callable[[], Iterator[Trial]]) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Trial]:
        return self._make()


@record
class SignatureInputs:
    """What to call one signature with: ``trials`` in the order to try them, of which the first that runs is kept.
    ``source`` is where the first of them is from.

    ``reason`` says why it cannot be fed at all, "" where it can. A trial that fails says nothing against the model.
    """

    tags: tuple[str, ...]
    key: str
    source: Origin
    trials: Iterable[Trial] = field(compare=False, repr=False)
    reason: str = ""


@record
class Slot:
    """One dense tensor that a signature takes: an input, or a part of an encoded one with its ``role`` (``values``,
    ``indices``, ``dense_shape``, or ``splits`` of a level)."""

    input: str
    keyword: str
    tensor_name: str
    dtype: str
    shape: Shape
    role: str = ""
