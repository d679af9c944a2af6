"""Which bytes of a bundle belong to which tensor, and what of it no variable, tensor or header claims."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from smanalyze.facts.checkpoint import OBJECT_GRAPH_KEY, index_is_sound, index_is_whole
from smanalyze.model.bundle import BundleEntry, TensorSlice
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.audit import KeyComparison, UncoveredRange
from smanalyze.report.sections import VariableRow


@record
class StoredRange:
    """Bytes of one shard that one checksum covers: a whole tensor (``piece`` None), or a piece of one."""

    entry: BundleEntry
    piece: TensorSlice | None
    shard: int
    offset: int
    size: int
    crc32c: int

    @property
    def elements(self) -> int:
        """Number of elements; -1 for a piece whose rank is not its tensor's."""
        if self.piece is None:
            return self.entry.elements
        if len(self.piece.lengths) != len(self.entry.shape):
            return -1
        sizes = zip(self.piece.lengths, self.entry.shape, strict=True)
        return prod(full if length is None else length for length, full in sizes)


def stored_ranges(checkpoint: Checkpoint) -> list[StoredRange]:
    """What the checksums of the index cover, in the order of the shards' bytes."""
    found = []
    for entry in checkpoint.entries:
        if entry.shard is not None and entry.offset is not None and entry.crc32c is not None:
            found.append(StoredRange(entry, None, entry.shard, entry.offset, entry.size, entry.crc32c))
        found += [StoredRange(entry, p, p.shard, p.offset, p.size, p.crc32c) for p in entry.slices]
    return sorted(found, key=lambda stored: (stored.shard, stored.offset, stored.size, stored.entry.key))


def compare_keys(model: SavedModel, variables: tuple[VariableRow, ...]) -> KeyComparison:
    """Listed but absent, present but unused; facts alone, since each can be as it was meant. ``variables`` as
    facts.variables.build_variables gives them. Of what a damaged index lacks, or says of data files, nothing is
    concluded."""
    checkpoint, objects = model.checkpoint, model.checkpoint_objects
    stored = dict.fromkeys(entry.key for entry in checkpoint.entries)
    listed = {attribute.key for attribute in objects.attributes} if objects is not None else set()
    # A table is listed as one attribute, and stored as two tensors.
    tables = {key for key in listed if f"{key}-keys" in stored}
    listed = (listed - tables).union(f"{key}-{part}" for key in tables for part in ("keys", "values"))
    claimed = {OBJECT_GRAPH_KEY, *listed, *(key for row in variables for key in row.checkpoint_keys)}
    unbound = [row for row in variables if not row.used_by and not row.used_by_functions]
    unused = {key for row in unbound for key in row.checkpoint_keys}
    whole, sound = index_is_whole(model), index_is_sound(model)
    needed = (shard for shard in checkpoint.shards if shard.declared and shard.needed and sound)
    return KeyComparison(
        absent=tuple(sorted(listed.difference(stored))) if whole else (),
        unclaimed=tuple(key for key in stored if key not in claimed),
        unused=tuple(key for key in stored if key in unused),
        missing_shards=tuple(shard.file for shard in needed if shard.presence != "present"),
        surplus_shards=tuple(shard.file for shard in checkpoint.shards if whole and not shard.declared),
        uncovered=tuple(uncovered_ranges(checkpoint)) if whole else (),
    )


def uncovered_ranges(checkpoint: Checkpoint) -> Iterator[UncoveredRange]:
    """The bytes of declared data files between, before and behind the tensors. TensorFlow's writer leaves none."""
    ends = {shard.index: 0 for shard in checkpoint.shards if shard.declared and shard.presence == "present"}
    files = {shard.index: shard for shard in checkpoint.shards if shard.index in ends and shard.declared}
    sizes = {number: shard.size or 0 for number, shard in files.items()}
    for stored in stored_ranges(checkpoint):
        end = ends.get(stored.shard)
        if end is not None:
            start = min(stored.offset, sizes[stored.shard])  # a tensor may lie behind the end of a cut-off file
            if start > end:
                yield UncoveredRange(files[stored.shard].file, end, start - end)
            ends[stored.shard] = max(end, stored.offset + stored.size)
    for number, end in ends.items():
        size = sizes[number]
        if size > end:
            yield UncoveredRange(files[number].file, end, size - end)
