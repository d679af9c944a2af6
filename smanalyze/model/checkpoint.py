"""A tensor bundle: what ``variables/variables.index`` says, and which of its shards are at hand.

Source of the format: tensorflow/core/util/tensor_bundle/tensor_bundle.h and protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from smanalyze.model.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smanalyze.model.bundle import BundleEntry, Shard, TensorSlice
    from smanalyze.model.parts import Presence


class TensorReader(Protocol):
    """Reads values of one bundle on demand; nothing is opened before the first call."""

    def read(self, entry: BundleEntry) -> Any:
        """The entry's values as a numpy array of the entry's dtype and shape.

        Raises FormatError where the bytes are missing, too short, or not of the declared kind.
        """

    def read_strings(self, entry: BundleEntry) -> list[bytes]:
        """The elements of a non-partitioned string entry, row-major, without numpy. Raises FormatError as read does."""

    def read_bytes(self, entry: BundleEntry) -> bytes:
        """The raw stored bytes of a non-partitioned entry (all of them; use for small tensors)."""

    def chunks(self, entry: BundleEntry, size: int = 262144) -> Iterator[bytes]:
        """The stored bytes of a non-partitioned entry in pieces of at most ``size`` bytes."""

    def computed_crc32c(self, entry: BundleEntry, piece: TensorSlice | None = None) -> int:
        """The masked CRC-32C of the bytes that are there, to compare with the entry's (or the piece's) ``crc32c``.

        For strings and variants it is not that of the stored bytes alone. Raises FormatError as read does.
        """


@record
class Checkpoint:
    """The variables of a SavedModel (or a bare checkpoint, where ``prefix`` is not ``variables/variables``)."""

    presence: Presence
    prefix: str = "variables/variables"
    num_shards: int = 0
    endianness: Literal["little", "big"] = "little"
    index_size: int = 0
    blocks: int = 0
    compressed_blocks: int = 0
    entries: tuple[BundleEntry, ...] = ()
    shards: tuple[Shard, ...] = ()
    reader: TensorReader | None = field(default=None, compare=False, repr=False)
