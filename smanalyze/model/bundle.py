"""The records of a tensor bundle's index: entries, slices, data files.

Source of the format: tensorflow/core/util/tensor_bundle/tensor_bundle.h and protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

from smanalyze.model.parts import Presence
from smanalyze.model.record import record


@record
class TensorSlice:
    """One stored piece of a partitioned tensor: per dimension start and length (length None: the whole dimension)."""

    starts: tuple[int, ...]
    lengths: tuple[int | None, ...]
    shard: int
    offset: int
    size: int
    crc32c: int


@record
class BundleEntry:
    """One key of the index.

    ``size`` is in bytes, of all slices together; ``crc32c`` is the masked CRC as stored. For a partitioned tensor
    shard, offset and crc32c are None and ``slices`` holds the pieces in the order of their starts.
    """

    key: str
    dtype: str
    shape: tuple[int, ...]
    size: int
    shard: int | None
    offset: int | None
    crc32c: int | None
    slices: tuple[TensorSlice, ...] = ()

    @property
    def elements(self) -> int:
        """Number of elements: the product of the shape (1 for a scalar)."""
        count = 1
        for size in self.shape:
            count *= size
        return count


@record
class Shard:
    """One data file: its number, file name relative to the model, presence, size on disk (None where unknown).

    ``declared`` is False for a data file that the header's shard count does not know (stale or surplus).
    ``needed`` is the end of the last entry stored in it, in bytes.
    """

    index: int
    file: str
    presence: Presence
    size: int | None
    needed: int
    declared: bool = True
