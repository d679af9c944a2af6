"""Which data files a bundle's index calls for, and which of them are at hand.

Source: tensorflow/core/util/tensor_bundle/naming.cc: ``<prefix>.data-<shard>-of-<count>``, five digits or more each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from smanalyze.format.faults import Buffer, is_lfs_pointer
from smanalyze.format.limits import MAX_LFS_POINTER_BYTES, MAX_SHARDS
from smanalyze.format.tensor_bundle import PART, ParsedIndex
from smanalyze.model.bundle import Shard
from smanalyze.model.parts import FileEntry, Unreadable
from smanalyze.model.record import record


@record
class ParsedShards:
    """The declared shards by number, then data files that the header's count does not know, by name.

    A missing shard has presence ``not-fetched`` and no size, a git-LFS pointer ``not-fetched`` and the pointer's size.
    ``problems`` has one record for all pointers, and one for all missing shards that something lies in; it is one of
    the index where that is damaged, since nothing else says that there were such files.
    """

    shards: tuple[Shard, ...]
    problems: tuple[Unreadable, ...]


def shard_file(prefix: str, shard: int, num_shards: int) -> str:
    """The name of one data file: ``variables/variables.data-00000-of-00001``."""
    return f"{prefix}.data-{shard:05d}-of-{num_shards:05d}"


def parse_shards(
    index: ParsedIndex,
    files: Iterable[FileEntry],
    read_start: Callable[[str], Buffer] | None = None,
    *,
    prefix: str = "variables/variables",
) -> ParsedShards:
    """Matches the index with the files that exist; ``prefix`` is the bundle's, in the terms of their paths.

    ``read_start`` gives the beginning of a file (1024 bytes are enough) and is asked only for files so short that they
    may be git-LFS pointers; without it none is taken for one. Never raises by itself. Where the index could not be
    read every data file counts as declared, since nothing says that it is not.
    """
    found = _data_files(files, prefix)
    needed = _needed(index)
    shards = []
    for number in _declared(index, needed):
        name = shard_file(prefix, number, index.num_shards)
        file, _ = found.pop(name, (None, 0))
        shards.append(_shard(number, name, file, needed.get(number, 0), read_start))
    declared = len(shards)
    for name, (file, number) in sorted(found.items()):
        shards.append(replace(_shard(number, name, file, 0, read_start), declared=not index.num_shards))
    return ParsedShards(tuple(shards), _problems(shards[:declared], index))


def _data_files(files: Iterable[FileEntry], prefix: str) -> dict[str, tuple[FileEntry, int]]:
    """Path -> (file, shard number by its name) of every data file of the bundle."""
    pattern = re.compile(re.escape(prefix) + r"\.data-([0-9]{5,10})-of-[0-9]{5,10}")
    found = {}
    for file in files:
        if match := pattern.fullmatch(file.path):
            found[file.path] = (file, int(match[1]))
    return found


def _needed(index: ParsedIndex) -> dict[int, int]:
    """Shard number -> end of the last entry stored in it, in bytes."""
    needed: dict[int, int] = {}
    for entry in index.entries:
        if entry.shard is None or entry.offset is None:
            for piece in entry.slices:
                needed[piece.shard] = max(needed.get(piece.shard, 0), piece.offset + piece.size)
        else:
            needed[entry.shard] = max(needed.get(entry.shard, 0), entry.offset + entry.size)
    return needed


def _declared(index: ParsedIndex, needed: dict[int, int]) -> Iterable[int]:
    """Shard numbers up to the header's count; of an absurd count those that hold something."""
    if index.num_shards <= MAX_SHARDS:
        return range(index.num_shards)
    return sorted(number for number in needed if number < index.num_shards)


def _shard(
    number: int, name: str, file: FileEntry | None, needed: int, read_start: Callable[[str], Buffer] | None
) -> Shard:
    if file is None:
        return Shard(number, name, "not-fetched", None, needed)
    # A shard of this size may be whole, so only its content tells.
    if read_start is not None and file.size < MAX_LFS_POINTER_BYTES and is_lfs_pointer(read_start(file.path)):
        return Shard(number, name, "not-fetched", file.size, needed)
    return Shard(number, name, "present", file.size, needed)


def _problems(shards: list[Shard], index: ParsedIndex) -> tuple[Unreadable, ...]:
    """One record for the git-LFS pointers and one for the missing files that something lies in."""
    pointers = [shard.file for shard in shards if shard.presence == "not-fetched" and shard.size is not None]
    missing = [shard.file for shard in shards if shard.size is None and shard.needed]
    records = []
    for code, names, sound in (("lfs-pointer", pointers, True), ("missing", missing, index.is_sound)):
        if names:
            what = "is a git-LFS pointer; its content was not fetched" if code == "lfs-pointer" else "is missing"
            told = f"The data file {what}." if sound else f"The damaged index says that {names[0]} is missing."
            more = f" The same holds for {len(names) - 1} more." if len(names) > 1 else ""
            file = names[0] if sound else index.file
            records.append(Unreadable(code, PART, f"{told}{more}", file, presence="not-fetched"))
    return tuple(records)
