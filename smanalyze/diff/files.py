"""Files and assets of both sides: which are there, and whether their bytes are the same."""

from __future__ import annotations

from smanalyze.diff.file_kinds import kind_of
from smanalyze.diff.row_counts import RowCounts
from smanalyze.diff.side import Side
from smanalyze.diff.text_lines import LineDelta, compare_lines
from smanalyze.errors import FormatError
from smanalyze.model.bundle import BundleEntry, TensorSlice
from smanalyze.model.parts import LISTING, MODEL_FILES, FileEntry
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.changes import AssetPair, FilePair
from smanalyze.report.sections import AssetRow


def same_bytes(old: SavedModel, new: SavedModel, path: str, new_path: str = "") -> bool | None:
    """Whether a file is the same on both sides, read a piece at a time; None where it cannot be read."""
    if old.file_pieces is None or new.file_pieces is None:
        return None
    try:
        before, after = old.file_pieces(path), new.file_pieces(new_path or path)
        while True:
            one, other = next(before, None), next(after, None)
            if one is None or other is None:
                return one is other
            if one != other:
                return False
    except FormatError:
        return None


# Files ----------------------------------------------------------------------------------------------------------------


def compare_files(old: Side, new: Side) -> tuple[FilePair, ...]:
    """Every file by its path. Data files of a checkpoint are compared by the checksums of their tensors, not here; of a
    side that is a lone file, or was not listed to its end, what is not there says nothing."""
    lone = [side.model.found.given == "file" for side in (old, new)]
    if any(lone):
        return _graph_file(old, new)
    there = _by_path(old), _by_path(new)
    unknown = _unlisted(old), _unlisted(new)
    data = _data_of(old.model), _data_of(new.model)
    found = []
    for path in sorted({*there[0], *there[1]}):
        one, other = there[0].get(path), there[1].get(path)
        if (one is None and path.startswith(unknown[0])) or (other is None and path.startswith(unknown[1])):
            continue
        same: bool | None = None
        if one is not None and other is not None:
            if one.size != other.size:
                same = False
            elif _is_data(path):  # where all checksums agree, nothing is known of the bytes
                same = None if data[0].get(path) == data[1].get(path) else False
            else:
                same = same_bytes(old.model, new.model, path)
        found.append(_pair(old.model, new.model, path, one, other, same))
    return tuple(found)


def _pair(
    old: SavedModel, new: SavedModel, path: str, one: FileEntry | None, other: FileEntry | None, same: bool | None
) -> FilePair:
    sizes = (one.size if one else None), (other.size if other else None)
    linked = bool(other and other.is_symlink)
    looked_at = same is not True and not _is_data(path)
    kind = kind_of(new, path) if other is not None and looked_at else ""
    old_kind = kind_of(old, path) if one is not None and looked_at else ""
    return FilePair(path, *sizes, same, linked, linked and not (one and one.is_symlink), kind, old_kind)


def _data_of(model: SavedModel) -> dict[str, set[tuple[str, int | None, int | None]]]:
    """What each data file of the checkpoint holds, by its path: (key, offset, checksum)."""
    files = {shard.index: shard.file for shard in model.checkpoint.shards}
    found: dict[str, set[tuple[str, int | None, int | None]]] = {}
    for entry in model.checkpoint.entries:
        parts: tuple[BundleEntry | TensorSlice, ...] = (entry, *entry.slices)
        for part in parts:
            if part.shard is not None and part.shard in files:
                found.setdefault(files[part.shard], set()).add((entry.key, part.offset, part.crc32c))
    return found


def _graph_file(old: Side, new: Side) -> tuple[FilePair, ...]:
    """The model files alone, whatever a lone one is called."""
    entries = [_graph_entry(side) for side in (old, new)]
    one, other = entries
    if one is None or other is None:
        return ()
    same = False if one.size != other.size else same_bytes(old.model, new.model, one.path, other.path)
    return (FilePair(one.path, one.size, other.size, same, other.is_symlink),)


def _graph_entry(side: Side) -> FileEntry | None:
    files = side.model.files
    if side.model.found.given == "file":
        return files[0] if files else None
    return next((entry for name in MODEL_FILES for entry in files if entry.path == name), None)


def _by_path(side: Side) -> dict[str, FileEntry]:
    return {entry.path: entry for entry in side.model.files}


def _unlisted(side: Side) -> tuple[str, ...]:
    """Folders that were not listed to their ends."""
    return tuple(lost.file or "" for lost in side.model.unreadable if lost.part == LISTING)


def _is_data(path: str) -> bool:
    return path.startswith("variables/") and ".data-" in path


# Assets ---------------------------------------------------------------------------------------------------------------


def compare_assets(old: Side, new: Side) -> tuple[AssetPair, ...]:
    """Every asset by its file name."""
    there = {row.filename: row for row in old.assets}, {row.filename: row for row in new.assets}
    counts = RowCounts(old, new)
    found = []
    for name in sorted({*there[0], *there[1]}):
        one, other = there[0].get(name), there[1].get(name)
        path = f"assets/{name}"
        same = same_bytes(old.model, new.model, path) if _is_here(one) and _is_here(other) else None
        delta = compare_lines(old.model, new.model, path) if same is False else LineDelta()
        rows = counts.of(other, delta.lines) if other is not None else ()
        found.append(AssetPair(one, other, same, delta.lines, rows, delta.added, delta.removed, delta.samples))
    return tuple(found)


def _is_here(row: AssetRow | None) -> bool:
    return row is not None and row.presence == "present"
