"""What is known of the tensors on their way from a signature's inputs to what consumes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from smanalyze.graph.keys import Key
from smanalyze.inputs.sizes import Size
from smanalyze.model.graph import Node


class Wish(NamedTuple):
    """One demand on values. ``kind``:

    * ``below``: integers from 0 up to, without, ``bound``, after ``shift`` was added to them;
    * ``words``: keys of a lookup table (``words``);
    * ``pixels``: numbers from 0 to 255; * ``sorted``: integers from 0 on that never fall;
    * ``count``: a small positive integer; * ``predicate``: it chooses a branch.
    """

    kind: str
    why: str
    bound: Size = None
    shift: int = 0
    words: tuple[Any, ...] = ()


class Code(NamedTuple):
    """How a string is read: its format, what it holds, and what else the format needs to be told."""

    kind: str
    why: str
    parts: tuple[Part, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def option(self, name: str, other: Any = None) -> Any:
        """One of the options."""
        return dict(self.options).get(name, other)


class Part(NamedTuple):
    """One value inside a string: the feature of a tf.Example, the column of a line."""

    name: str
    source: Source
    kind: str = "dense"  # or "sparse", "ragged"
    optional: bool = False


class Source:
    """A tensor whose values are ours to choose: an input, or what is read from the strings of one.

    ``dims`` are its sizes, None for unknown rank; ``wishes`` and ``codes`` what its consumers ask of the values.
    ``numbers`` are its elements, where they are themselves sizes: those of a sparse tensor.
    """

    __slots__ = ("codes", "dims", "dtype", "name", "numbers", "rank_wanted", "wishes")

    def __init__(self, name: str, dtype: str, dims: tuple[Size, ...] | None) -> None:
        self.name = name
        self.dtype = dtype
        self.dims = dims
        self.numbers: tuple[Size, ...] | None = None
        self.rank_wanted: int | None = None
        self.wishes: dict[Wish, None] = {}
        self.codes: dict[str, Code] = {}


class Tensor(NamedTuple):
    """What is known of one tensor in a body.

    ``sources``: whose values it holds, each with what was added to them. ``dims``: its sizes. ``numbers``: the
    elements of a small vector or scalar of integers, as sizes. ``const``: the node of a constant. ``key``: the variable
    or table that a handle is of; ``dims`` are then the variable's.
    """

    sources: tuple[tuple[Source, int], ...] = ()
    dims: tuple[Size, ...] | None = None
    numbers: tuple[Size, ...] | None = None
    const: Node | None = None
    key: Key | None = None

    @property
    def told(self) -> bool:
        """Whether anything is known that a consumer could use."""
        if self.sources or self.numbers is not None:
            return True
        return self.dims is not None and self.const is None and self.key is None

    def bare(self) -> Tensor:
        """The sizes alone: the values have been changed."""
        return Tensor(dims=self.dims)

    def shaped(self, dims: tuple[Size, ...] | None) -> Tensor:
        """The same values in other sizes."""
        return Tensor(self.sources, dims, self.numbers)


UNKNOWN = Tensor()

Outputs = Sequence[Tensor] | dict[str, Sequence[Tensor]]
"""What a node gives: its outputs in order, by the name of their list where it has several."""


def pick(outputs: Outputs | None, slot: str) -> Tensor:
    """One output of a node: ``slot`` is what a reference says after the first colon."""
    if outputs is None:
        return UNKNOWN
    port, colon, tail = slot.rpartition(":")
    position = int(tail) if tail.isdecimal() else 0
    if isinstance(outputs, dict):
        if colon or not tail.isdecimal():
            outputs = outputs.get(port or tail, ())
        else:
            outputs = [tensor for same in outputs.values() for tensor in same]
    return outputs[position] if position < len(outputs) else UNKNOWN


def either(same: tuple[Tensor, ...]) -> Tensor:
    """What holds of a value whichever branch made it."""
    sources = tuple(dict.fromkeys(pair for tensor in same for pair in tensor.sources))
    return next((t for t in same if t.dims is not None), same[0])._replace(sources=sources, const=None)
