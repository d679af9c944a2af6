"""Values of the sizes that were chosen, as the consumers want them. The one place that imports numpy for them."""

from __future__ import annotations

import zlib
from math import prod
from typing import TYPE_CHECKING, Any

from smanalyze.errors import LimitError
from smanalyze.inputs.sizes import Dim, Sizes, size_of
from smanalyze.inputs.tensors import Source, Wish

if TYPE_CHECKING:
    import numpy as np

INTEGERS = {
    "int8": 7, "int16": 7, "int32": 7, "int64": 7, "uint8": 255, "uint16": 7, "uint32": 7, "uint64": 7, "qint8": 7,
    "quint8": 255, "qint16": 7, "quint16": 7, "qint32": 7, "int4": 7, "uint4": 7, "int2": 1, "uint2": 1,
}  # fmt: skip
"""The largest value of each where nothing else is known."""

MAX_NUMBERS = 1 << 27
"""A tensor of more numbers is not made: half a gigabyte of float32."""

_TRAINING = ("train", "phase", "deterministic", "dropout")
_IMAGES = ("image", "img", "pixel", "photo", "picture", "rgb")
_TEXTS = ("The quick brown fox", "smanalyze", "jumps over the lazy dog")
_EDGES = ("", "Füße, 東京 ☂")


class Making:
    """How one trial is made: the sizes, the seed, and which kind of values.

    ``style`` is ``edge`` (with one odd value among the usual ones: a word that the vocabulary lacks, an empty row or
    text), ``plain``, ``zeros`` or ``ones``; ``code`` says what strings that nobody is known to read are. ``fixed`` are
    those of the sizes that some node asks for.
    """

    def __init__(self, chosen: Sizes, seed: int, style: str, code: str = "text", length: int = 8) -> None:
        self.chosen = chosen
        self.fixed: Sizes = {}
        self.seed = seed
        self.style = style
        self.code = code
        self.length = length
        self.place = ""

    def at(self, number: int) -> Making:
        """The same for what stands in one of several strings."""
        inner = Making(self.chosen, self.seed, self.style, self.code, self.length)
        inner.fixed = self.fixed
        inner.place = f"{self.place}/{number}"
        return inner

    def random(self, name: str) -> np.random.Generator:
        """The numbers for one tensor: the same for the same name and seed."""
        import numpy as np

        return np.random.Generator(
            np.random.PCG64([zlib.crc32((name + self.place).encode("utf-8", "replace")), self.seed])
        )

    def sizes(self, source: Source, rank: int | None = None) -> tuple[int, ...]:
        """The sizes of a source; unknown ones are the trial's length."""
        if source.dims is None:
            return (self.length,) * (rank or 0)
        return tuple(self.length if (n := size_of(size, self.chosen)) is None else max(n, 0) for size in source.dims)


def check_room(shape: tuple[int, ...], limit: int) -> int:
    """The number of elements; raises LimitError where it is above the limit."""
    count = prod(shape)
    if count > limit:
        raise LimitError(f"A tensor of {count:,} elements is not made.")
    return count


def wish_of(source: Source, kind: str) -> Wish | None:
    """The first wish of a kind."""
    return next((wish for wish in source.wishes if wish.kind == kind), None)


def numbers(source: Source, shape: tuple[int, ...], making: Making) -> Any:
    """A numpy array of numbers or booleans.

    Raises FormatError for a dtype that numpy has no type for, LimitError for too many elements.
    """
    import numpy as np

    from smanalyze.model.dtypes import numpy_dtype

    check_room(shape, MAX_NUMBERS)
    dtype = numpy_dtype(source.dtype)
    random = making.random(source.name)
    if source.dtype == "bool":
        return _booleans(source, shape, making)
    if making.style in ("zeros", "ones"):
        return np.full(shape, making.style == "ones", np.int8).astype(dtype)
    if source.dtype in INTEGERS or any(wish.kind in ("below", "words", "sorted") for wish in source.wishes):
        return integers(source, shape, making).astype(dtype)
    pixels = wish_of(source, "pixels") is not None or _named(source.name, _IMAGES)
    if pixels and making.style == "edge":
        return random.integers(0, 256, shape).astype(np.float32).astype(dtype)
    if dtype.kind == "c":
        return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(dtype)
    found = np.asarray(random.uniform(0, 1, shape) if pixels else random.standard_normal(shape).clip(-3, 3))
    return found.astype(np.float32).astype(dtype) if dtype.itemsize < 4 else found.astype(dtype)


def _named(name: str, words: tuple[str, ...]) -> bool:
    return any(word in name.lower() for word in words)


def _booleans(source: Source, shape: tuple[int, ...], making: Making) -> Any:
    import numpy as np

    if making.style == "ones" or "mask" in source.name.lower():
        return np.ones(shape, np.bool_)
    if making.style == "zeros" or wish_of(source, "predicate") or _named(source.name, _TRAINING) or not shape:
        return np.zeros(shape, np.bool_)
    return (np.arange(int(np.prod(shape))) % 2 == 0).reshape(shape)


def integers(source: Source, shape: tuple[int, ...], making: Making) -> Any:
    """int64 values; what consumers demand comes before what the name tells."""
    import numpy as np

    random = making.random(source.name)
    words = _common_words(source)
    low, high = bounds(source, making)
    if words:
        inside = [word for word in words if low <= word < high] or words
        found = np.array([inside[k] for k in random.integers(0, len(inside), shape).ravel()], np.int64).reshape(shape)
        if making.style == "edge" and found.size > 1 and high == _free(source):
            found.reshape(-1)[1] = max(words) + 1  # not the last: the rows of another batch are the same
        return found
    if wish_of(source, "sorted") is not None:
        return np.sort(random.integers(0, max(min(high, shape[0] if shape else 1), 1), shape), axis=0)
    if wish_of(source, "count") is not None and wish_of(source, "below") is None:
        return np.full(shape, size_of_batch(making), np.int64)
    if not any(wish.kind == "below" for wish in source.wishes):
        named = _by_name(source, shape, making)
        if named is not None:
            return named
    return random.integers(low, max(high, low + 1), shape)


def size_of_batch(making: Making) -> int:
    """The batch: the first size that was chosen."""
    return next(iter(making.chosen.values()), 2)


def _free(source: Source) -> int:
    return INTEGERS.get(source.dtype, 7) + 1


def bounds(source: Source, making: Making) -> tuple[int, int]:
    """(smallest, one above the largest) integer that all consumers take."""
    low, high, told = 0, _free(source), False
    for wish in source.wishes:
        if wish.kind != "below":
            continue
        bound = making.length if isinstance(wish.bound, Dim) and wish.bound.root() not in making.chosen else None
        number = size_of(wish.bound, making.chosen) if bound is None else bound
        if number is not None:
            high = min(high, number - wish.shift) if told else number - wish.shift
            low, told = max(low, -wish.shift), True
    return low, min(high, (1 << 31) - 1)


def _by_name(source: Source, shape: tuple[int, ...], making: Making) -> Any:
    """Masks, segments, lengths and positions, which are known by their names."""
    import numpy as np

    name = source.name.lower().rpartition("/")[2]
    if "mask" in name or "attention" in name:
        return np.ones(shape, np.int64)
    if "segment" in name or "type_id" in name or "token_type" in name:
        return np.zeros(shape, np.int64)
    if "batch_size" in name:
        return np.full(shape, size_of_batch(making), np.int64)
    if any(word in name for word in ("length", "seq_len", "_len", "num_frames", "_size")) or name in ("len", "size"):
        return np.full(shape, making.length, np.int64)
    if "position" in name and shape:
        return np.broadcast_to(np.arange(shape[-1]), shape).astype(np.int64)
    return None


def _common_words(source: Source) -> list[Any]:
    """Keys that all the tables know, or those of the first."""
    lists = [wish.words for wish in source.wishes if wish.kind == "words"]
    if not lists:
        return []
    both = set(lists[0]).intersection(*lists[1:])
    return [word for word in lists[0] if word in both] or list(lists[0])


def plain_text(source: Source, number: int, making: Making) -> bytes:
    """The text at one place: a key of the table that is asked, or some text."""
    words = [word for word in _common_words(source) if isinstance(word, bytes)]
    if making.style in ("zeros", "ones"):
        return words[0] if words else b""
    if words:
        if making.style == "edge" and number == 1:
            return b"smanalyze-unknown-word"
        return bytes(words[int(making.random(f"{source.name}/{number}").integers(0, len(words)))])
    if making.style == "edge" and number % 4 in (1, 3):
        return _EDGES[number % 4 // 2].encode()
    return _TEXTS[number // 2 % len(_TEXTS)].encode()
