"""The stored values of a model by name, read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smanalyze.model.bundle import BundleEntry
    from smanalyze.model.checkpoint import Checkpoint
    from smanalyze.model.checkpoint_objects import CheckpointObjects
    from smanalyze.model.objects import ObjectGraph


class StoredValues(Mapping[str, Any]):
    """Read-only numpy arrays by checkpoint key, and by the name of a variable where one stored value has it.

    A value is read from the memory map when it is asked for, and not kept: numbers are a view of the map where the file
    has this machine's byte order, strings an object array of bytes, a partitioned tensor is put together. Copies of one
    variable (same name, dtype, shape and bytes) count as one value. Names come after the keys; a name that is also a
    key means the key. KeyError for any other; FormatError where the bytes are missing or do not fit, and for variants.
    """

    def __init__(
        self, checkpoint: Checkpoint, objects: CheckpointObjects | None, graphs: tuple[ObjectGraph | None, ...]
    ) -> None:
        self._reader = checkpoint.reader
        self._entries = {entry.key: entry for entry in checkpoint.entries if self._reader is not None}
        for name, entry in _named(self._entries, objects, graphs):
            self._entries.setdefault(name, entry)

    def __getitem__(self, name: str) -> Any:
        entry = self._entries[name]
        assert self._reader is not None
        values = self._reader.read(entry)
        values.flags.writeable = False
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries  # that of Mapping would read the value

    def __repr__(self) -> str:
        return f"<{len(self)} names of stored values>"


def _named(
    entries: dict[str, BundleEntry], objects: CheckpointObjects | None, graphs: tuple[ObjectGraph | None, ...]
) -> list[tuple[str, BundleEntry]]:
    """(name, entry) of the variables whose name says which entry is meant, in the order of the objects."""
    keys: dict[int, list[str]] = {}
    for attribute in objects.attributes if objects is not None else ():
        keys.setdefault(attribute.object_id, []).append(attribute.key)
    found: dict[str, list[BundleEntry]] = {}
    for graph in graphs:
        # The ids of both object graphs are the same where a SavedModel wrote both.
        if graph is None or objects is None or objects.node_count != len(graph.nodes):
            continue
        for node in graph.nodes:
            if node.variable is not None and node.variable.name:
                stored = [entries[key] for key in keys.get(node.id, ()) if key in entries]
                found.setdefault(node.variable.name, []).extend(stored)
    return [(name, same[0]) for name, same in found.items() if len(set(map(_content, same))) == 1]


def _content(entry: BundleEntry) -> tuple[object, ...]:
    pieces = tuple((piece.starts, piece.lengths, piece.size, piece.crc32c) for piece in entry.slices)
    return entry.dtype, entry.shape, entry.size, entry.crc32c, pieces
