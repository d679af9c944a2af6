"""Files and assets of both sides: which are there, and whether their bytes are the same."""

from __future__ import annotations

from smanalyze.diff.side import Side
from smanalyze.errors import FormatError
from smanalyze.model.parts import FileEntry
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.changes import AssetPair, FilePair
from smanalyze.report.sections import AssetRow

MAX_COUNTED = 64 << 20
"""Bytes of an asset up to which its lines are counted."""


def same_bytes(old: SavedModel, new: SavedModel, path: str) -> bool | None:
    """Whether a file is the same on both sides, read a piece at a time; None where it cannot be read."""
    if old.file_pieces is None or new.file_pieces is None:
        return None
    try:
        before, after = old.file_pieces(path), new.file_pieces(path)
        while True:
            one, other = next(before, None), next(after, None)
            if one is None or other is None:
                return one is other
            if one != other:
                return False
    except FormatError:
        return None


def compare_files(old: Side, new: Side) -> tuple[FilePair, ...]:
    """Every file by its path. Data files of a checkpoint are compared by the checksums of their tensors, not here."""
    there = _by_path(old), _by_path(new)
    found = []
    for path in sorted({*there[0], *there[1]}):
        one, other = there[0].get(path), there[1].get(path)
        same: bool | None = None
        if one is not None and other is not None:
            same = (
                False if one.size != other.size else None if _is_data(path) else same_bytes(old.model, new.model, path)
            )
        sizes = (one.size if one else None), (other.size if other else None)
        found.append(FilePair(path, *sizes, same, bool(other and other.is_symlink)))
    return tuple(found)


def _by_path(side: Side) -> dict[str, FileEntry]:
    return {entry.path: entry for entry in side.model.files}


def _is_data(path: str) -> bool:
    return path.startswith("variables/") and ".data-" in path


def compare_assets(old: Side, new: Side) -> tuple[AssetPair, ...]:
    """Every asset by its file name."""
    there = {row.filename: row for row in old.assets}, {row.filename: row for row in new.assets}
    found = []
    for name in sorted({*there[0], *there[1]}):
        one, other = there[0].get(name), there[1].get(name)
        same = None
        path = f"assets/{name}"
        if _is_here(one) and _is_here(other):
            same = same_bytes(old.model, new.model, path)
        lines = (_lines(old.model, one), _lines(new.model, other)) if same is False else (None, None)
        found.append(AssetPair(one, other, same, lines))
    return tuple(found)


def _is_here(row: AssetRow | None) -> bool:
    return row is not None and row.presence == "present"


def _lines(model: SavedModel, row: AssetRow | None) -> int | None:
    """Lines of a text asset; None for a file with zero bytes in it, or one that is too large to be counted."""
    if row is None or row.presence != "present" or (row.size or 0) > MAX_COUNTED or model.file_pieces is None:
        return None
    count, last = 0, b"\n"
    try:
        for piece in model.file_pieces(f"assets/{row.filename}"):
            data = bytes(piece)
            if b"\0" in data:
                return None
            count += data.count(b"\n")
            last = data[-1:] or last
    except FormatError:
        return None
    return count + (last != b"\n")
