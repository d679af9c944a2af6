"""How the lines of a text file changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from smanalyze.errors import FormatError
from smanalyze.model.saved_model import SavedModel

MAX_COUNTED = 64 << 20
"""Bytes of a file up to which its lines are counted."""

MAX_COMPARED = 8 << 20
"""Bytes up to which lines are also compared."""

_SAMPLES = 3
_WIDTH = 60


@dataclass(frozen=True)
class LineDelta:
    """``lines`` of the old and the new file, None for one that is no text or too large; how many lines were ``added``
    and ``removed``, wherever they stand (None: not compared); some of them with ``+`` and ``-``."""

    lines: tuple[int | None, int | None] = (None, None)
    added: int | None = None
    removed: int | None = None
    samples: tuple[str, ...] = ()


def compare_lines(old: SavedModel, new: SavedModel, path: str) -> LineDelta:
    """The lines of both files."""
    sizes = [entry.size for side in (old, new) for entry in side.files if entry.path == path]
    counts = _count(old, path), _count(new, path)
    if None in counts or max(sizes, default=0) > MAX_COMPARED:
        return LineDelta(counts)
    before, after = _lines(old, path), _lines(new, path)
    added, removed = after - before, before - after
    samples = [f"{sign} {_text(line)}" for sign, found in (("-", removed), ("+", added)) for line in _first(found)]
    return LineDelta(counts, sum(added.values()), sum(removed.values()), tuple(samples))


def _count(model: SavedModel, path: str) -> int | None:
    """Lines of a text; None for a file with zero bytes in it, or one that is too large to be counted."""
    size = next((entry.size for entry in model.files if entry.path == path), None)
    if size is None or size > MAX_COUNTED or model.file_pieces is None:
        return None
    count, last = 0, b"\n"
    try:
        for piece in model.file_pieces(path):
            data = bytes(piece)
            if b"\0" in data:
                return None
            count += data.count(b"\n")
            last = data[-1:] or last
    except FormatError:
        return None
    return count + (last != b"\n")


def _lines(model: SavedModel, path: str) -> Counter[bytes]:
    if model.file_pieces is None:
        return Counter()
    try:
        return Counter(b"".join(map(bytes, model.file_pieces(path))).splitlines())
    except FormatError:
        return Counter()


def _first(found: Counter[bytes]) -> list[bytes]:
    return list(found)[:_SAMPLES]


def _text(line: bytes) -> str:
    text = line.decode("utf-8", "backslashreplace")
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
