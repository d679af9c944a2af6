"""A whole tensor bundle from its files: index, shards, reader, and the object graph that is stored in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from smanalyze.errors import FormatError
from smanalyze.format.bundle_reader import BundleReader
from smanalyze.format.checkpoint_objects import parse_checkpoint_objects
from smanalyze.format.faults import Buffer
from smanalyze.format.shards import parse_shards
from smanalyze.format.tensor_bundle import parse_bundle_index
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.checkpoint_objects import CheckpointObjects
from smanalyze.model.parts import OBJECTS, FileEntry, Unreadable
from smanalyze.model.record import record

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

MAX_OBJECT_GRAPH_BYTES = 256 << 20
"""The largest object graph seen has some megabytes."""

_HEAD_BYTES = 1024
_PART = "checkpoint"


@record
class OpenedBundle:
    """A bundle, its object graph (None where there is none to be read), and what could not be read."""

    checkpoint: Checkpoint
    objects: CheckpointObjects | None = None
    problems: tuple[Unreadable, ...] = ()


def open_bundle(prefix: str, files: tuple[FileEntry, ...], map_file: Callable[[str], memoryview]) -> OpenedBundle:
    """The bundle ``prefix`` among ``files``; ``map_file`` gives the bytes of one of them, or raises FormatError.

    Never raises by itself.
    """
    index_file = f"{prefix}.index"
    size = next((file.size for file in files if file.path == index_file), None)
    if size is None:
        message = "The checkpoint's index is missing; without it the data files say nothing."
        lost = Unreadable("missing", _PART, message, index_file, presence="not-fetched")
        return OpenedBundle(Checkpoint("not-fetched", prefix), problems=(lost,))
    try:
        index = parse_bundle_index(map_file(index_file), file=index_file)
    except FormatError as error:
        lost = Unreadable("unreadable", _PART, error.message, index_file)
        return OpenedBundle(Checkpoint("not-read", prefix, index_size=size), problems=(lost,))
    shards = parse_shards(index, files, lambda path: _head(map_file, path), prefix=prefix)
    names = {shard.index: shard.file for shard in shards.shards if shard.declared}
    checkpoint = Checkpoint(
        presence=index.presence,
        prefix=prefix,
        num_shards=index.num_shards,
        endianness=index.endianness,
        index_size=index.size,
        blocks=index.blocks,
        compressed_blocks=index.compressed_blocks,
        entries=index.entries,
        shards=shards.shards,
        reader=BundleReader(lambda number: map_file(names[number]), index.endianness),
    )
    opened = _objects(checkpoint, "" if index.is_sound else index_file)
    return replace(opened, problems=index.problems + shards.problems + opened.problems)


def _head(map_file: Callable[[str], memoryview], path: str) -> Buffer:
    try:
        return map_file(path)[:_HEAD_BYTES]
    except FormatError:  # told when somebody asks for a value in it
        return b""


def _objects(checkpoint: Checkpoint, damaged_index: str) -> OpenedBundle:
    """``damaged_index`` names an index that says wrong where the object graph lies, for all we know; "" for none."""
    entry = next((entry for entry in checkpoint.entries if entry.key == OBJECT_GRAPH_KEY), None)
    if entry is None or checkpoint.reader is None:
        return OpenedBundle(checkpoint)
    shard = next((shard for shard in checkpoint.shards if shard.index == entry.shard and shard.declared), None)
    if shard is None or shard.presence != "present" or entry.size > MAX_OBJECT_GRAPH_BYTES:
        return OpenedBundle(checkpoint)
    try:
        objects = parse_checkpoint_objects(checkpoint.reader.read_strings(entry)[0], file=shard.file)
    except (FormatError, IndexError) as error:
        reason = error.message if isinstance(error, FormatError) else "It is empty."
        if damaged_index:
            message = f"The damaged index says that it lies at byte {entry.offset} of {shard.file}. {reason}"
            lost = Unreadable("corrupt", OBJECTS, message, damaged_index)
        else:
            lost = Unreadable("corrupt", OBJECTS, reason, shard.file, entry.offset)
        return OpenedBundle(checkpoint, problems=(lost,))
    return OpenedBundle(checkpoint, objects)
