"""Is the bundle whole? Every checksum that it carries, every range against the file it lies in.

Source: tensorflow/core/util/tensor_bundle/tensor_bundle.cc: each tensor and each piece of a partitioned one has a
masked CRC-32C in the index, each block of the index its own. TensorFlow compares them when it reads a tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from smanalyze.errors import FormatError
from smanalyze.facts.bundle_cover import StoredRange, stored_ranges
from smanalyze.facts.checkpoint import OBJECT_GRAPH_KEY, index_is_sound
from smanalyze.model.bundle import BundleEntry, Shard
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.dtypes import item_size
from smanalyze.model.parts import NOT_LOOKED_AT, OBJECTS, Unreadable
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.audit import CheckFailure, CheckpointAudit, TensorStatistics

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes to do) after each tensor, and between the slices of one whose statistics are taken."""

BUDGET_FACTOR = 4
BUDGET_BYTES = 64 << 20
"""Bytes checked of one shard: so many times its size, and this many at least. Entries that share bytes are no fault,
but a hostile index could name the same gigabytes a million times."""

_KINDS = {"lfs-pointer": "missing", "missing": "missing", "truncated": "range"}
_UNSIZED = ("string", "variant")
_DISPLACED = "The metaindex block of "


def audit_checkpoint(model: SavedModel, *, progress: Progress | None = None, stats: bool = False) -> CheckpointAudit:
    """Checks all of the bundle that is at hand; what a fault touches is named, and the rest is checked all the same.

    Faults of the index come first, then missing shards, then tensors in the order of their bytes. A failure of kind
    ``missing`` says that bytes are not here, one of kind ``limit`` that they were not looked at, any other that they
    are wrong. Where the index is damaged, what does not agree with it is a failure of the index: it is no proof against
    the data files. ``index_blocks`` counts the blocks whose checksum was computed: those with entries, the block that
    lists them, and the metaindex block where its handle leads to one. Bytes behind the end of a truncated shard are
    neither in ``checked`` nor in ``not_checked``; each tensor there has a ``range`` failure.

    ``stats`` adds the figures of every numeric tensor at hand (facts.statistics). With or without them, memory does not
    depend on the sizes of tensors: numbers are read in slices, lengths of strings in batches. Never raises for what is
    in the files.
    """
    checkpoint = model.checkpoint
    index = f"{checkpoint.prefix}.index"
    audit = _BundleAudit(checkpoint, index, index_is_sound(model), progress, stats)
    if checkpoint.presence == "present":
        audit.run()
    failures = (*_index_failures(model, index, audit.failures), *audit.failures)
    return CheckpointAudit(
        presence=checkpoint.presence,
        tensors=len(checkpoint.entries),
        bytes=sum(entry.size for entry in checkpoint.entries),
        checked=audit.checked,
        not_checked=audit.not_checked,
        index_blocks=_index_blocks(model, index),
        failures=failures,
        statistics=tuple(sorted(audit.statistics, key=lambda row: row.key)),
    )


# The index ------------------------------------------------------------------------------------------------------------


def _index_failures(model: SavedModel, index: str, found: list[CheckFailure]) -> Iterator[CheckFailure]:
    """What was met when the index was read, but for what is ``found`` again with its tensor, shard and offset."""
    if model.checkpoint.presence == "not-fetched" and model.found.given != "file":
        listed = any(file.path == index for file in model.files)
        if not listed:
            yield CheckFailure("missing", "", index, None, None, "The index is missing; no tensor can be found.")
    # The reader of the index begins its sentences with the quoted key where one entry contradicts itself.
    named = tuple({repr(failure.tensor.encode()[:200])[1:] for failure in found if failure.tensor})
    at_fault = {failure.tensor for failure in found}
    for lost in model.unreadable:
        if lost.part == OBJECTS:
            if OBJECT_GRAPH_KEY not in at_fault:
                yield CheckFailure("format", OBJECT_GRAPH_KEY, lost.file or "", lost.offset, None, lost.message)
        elif lost.file == index and not (named and lost.message.startswith(named)):
            yield CheckFailure(_kind(lost), "", index, lost.offset, None, lost.message)


def _index_blocks(model: SavedModel, index: str) -> int:
    """How many blocks of the index had their checksum computed."""
    if model.checkpoint.presence != "present":
        return 0
    # What the reader says of a metaindex block's place begins so; where it has none, no checksum was computed.
    displaced = any(lost.file == index and lost.message.startswith(_DISPLACED) for lost in model.unreadable)
    return model.checkpoint.blocks + (1 if displaced else 2)


def _kind(lost: Unreadable) -> str:
    if lost.code in NOT_LOOKED_AT:
        return "limit"
    return "crc" if "checksum does not match" in lost.message else _KINDS.get(lost.code, "format")


# The shards -----------------------------------------------------------------------------------------------------------


class _BundleAudit:
    """The state of one pass over the shards."""

    def __init__(self, checkpoint: Checkpoint, index: str, sound: bool, progress: Progress | None, stats: bool) -> None:
        self.failures: list[CheckFailure] = []
        self.statistics: list[TensorStatistics] = []
        self.checked = self.not_checked = 0
        self._checkpoint = checkpoint
        self._index = index
        self._sound = sound
        self._progress = progress
        self._stats = stats
        self._shards = {shard.index: shard for shard in checkpoint.shards if shard.declared}
        self._budget = {
            number: max(BUDGET_BYTES, BUDGET_FACTOR * (shard.size or 0)) for number, shard in self._shards.items()
        }
        self._done = self._total = 0

    def run(self) -> None:
        """Checks each range once, in the order of the bytes."""
        for shard in self._shards.values():
            # That a damaged index names files which are not there is told with the index.
            if shard.presence != "present" and shard.needed and (self._sound or shard.size is not None):
                self._missing(shard)
        ranges = stored_ranges(self._checkpoint)
        self._total = sum(stored.size for stored in ranges if self._at_hand(stored.shard))
        left: dict[str, int] = {}  # pieces of a partitioned tensor that are not read yet; -1 where one cannot be
        for stored in ranges:
            usable = self._check(stored)
            if self._stats:
                key, pieces = stored.entry.key, len(stored.entry.slices)
                left[key] = left.get(key, max(pieces, 1)) - 1 if usable and left.get(key) != -1 else -1
                if left[key] == 0:
                    self._describe(stored.entry)
            if self._at_hand(stored.shard):
                self._done += stored.size
                self._tell(0)

    def _at_hand(self, number: int) -> bool:
        return number in self._shards and self._shards[number].presence == "present"

    def _tell(self, more: int) -> None:
        if self._progress is not None:
            self._progress(self._done + more, self._total)

    def _missing(self, shard: Shard) -> None:
        why = "is missing" if shard.size is None else "is a git-LFS pointer; its content was not fetched"
        index = "index" if self._sound else "damaged index"
        message = f"The data file {why}; the {index} puts {shard.needed} bytes into it."
        self.failures.append(CheckFailure("missing", "", shard.file, None, shard.needed, message))

    def _check(self, stored: StoredRange) -> bool:
        """Whether the range's bytes could be read and are as many as its dtype and shape call for."""
        fits = self._check_size(stored)
        shard = self._shards.get(stored.shard)
        if shard is None:
            count = self._checkpoint.num_shards
            self._fail("range", stored, f"The damaged index puts it into shard {stored.shard}; there are {count}.")
            return False
        if shard.presence != "present":
            self.not_checked += stored.size
            return False
        stop = stored.offset + stored.size
        if stored.size and shard.size is not None and stop > shard.size:
            self._fail("range", stored, f"It ends at byte {stop}; the data file has {shard.size} bytes.")
            return False
        if stored.size > self._budget[stored.shard]:
            self._fail("range", stored, "So many entries share the bytes of this data file that the rest was left out.")
            return False
        self._budget[stored.shard] -= stored.size
        return self._check_crc(stored) and fits

    def _check_size(self, stored: StoredRange) -> bool:
        dtype, elements = stored.entry.dtype, stored.elements
        width = item_size(dtype)
        if elements < 0:
            self._fail("size", stored, "The piece has another rank than its tensor.")
        elif not width and dtype not in _UNSIZED:
            self._fail("format", stored, f"It has dtype {dtype}, which no bundle holds.")
        elif width and stored.size != elements * width:
            needed = f"{elements} elements of {dtype} need {elements * width}"
            self._fail("size", stored, f"It has {stored.size} bytes; {needed}.")
        elif not width and stored.size < elements:
            self._fail("size", stored, f"It has {stored.size} bytes; {elements} elements of {dtype} take more.")
        else:
            return True
        return False

    def _check_crc(self, stored: StoredRange) -> bool:
        reader = self._checkpoint.reader
        if reader is None:
            return False
        try:
            computed = reader.computed_crc32c(stored.entry, stored.piece)
        except FormatError as error:
            self._fail("format", stored, error.message)
            return False
        self.checked += stored.size
        if computed != stored.crc32c:
            found = f"stored {stored.crc32c:08x}, computed {computed:08x}"
            self._fail("crc", stored, f"The checksum of its bytes does not match ({found}).")
        return True

    def _fail(self, kind: str, stored: StoredRange, message: str) -> None:
        shard = self._shards.get(stored.shard)
        if shard is not None and not self._sound:
            place = f"byte {stored.offset} of {shard.file}"
            message = f"The damaged index says that it lies at {place}. {message}"
        if stored.piece is not None:
            message = f"Piece at {list(stored.piece.starts)}: {message}"
        if shard is None or not self._sound:
            self.failures.append(CheckFailure(kind, stored.entry.key, self._index, None, None, message))
        else:
            self.failures.append(CheckFailure(kind, stored.entry.key, shard.file, stored.offset, stored.size, message))

    def _describe(self, entry: BundleEntry) -> None:
        from smanalyze.facts.statistics import tensor_statistics

        assert self._checkpoint.reader is not None
        told = self._tell if not entry.slices else None
        try:
            row = tensor_statistics(self._checkpoint.reader, entry, progress=told)
        except FormatError:
            return  # an index that contradicts itself has its failure already
        if row is not None:
            self.statistics.append(row)
