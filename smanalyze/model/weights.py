"""Weights in a file of their own: a bare checkpoint, a Keras archive, an HDF5 file, or their architecture alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.record import record

if TYPE_CHECKING:
    from smanalyze.model.bundle import BundleEntry
    from smanalyze.model.checkpoint_objects import CheckpointObjects
    from smanalyze.model.parts import FileEntry, Unreadable

WeightsKind = Literal["checkpoint", "keras", "h5", "keras-json", "keras-yaml"]

KERAS_SUFFIXES: dict[str, WeightsKind] = {
    ".keras": "keras", ".h5": "h5", ".hdf5": "h5", ".hdf": "h5", ".json": "keras-json", ".yaml": "keras-yaml",
    ".yml": "keras-yaml",
}  # fmt: skip
"""How the files are called that Keras writes; JSON and YAML may be anything else, too."""

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"

WeightRole = Literal["weight", "optimizer", "metric", "generator", "bookkeeping"]
"""bookkeeping: what a checkpoint keeps for itself (its object graph, how often it was saved, configurations)."""


def keras_kind(name: str, head: bytes) -> WeightsKind:
    """What a file with one of KERAS_SUFFIXES is, by its first bytes where they tell."""
    kind = KERAS_SUFFIXES[os.path.splitext(name)[1].lower()]
    if kind in ("keras", "h5"):  # until TensorFlow 2.11 model.save("x.keras") wrote HDF5
        return "h5" if head.startswith(_HDF5) else "keras" if head.startswith(_ZIP) else kind
    return kind


@record
class WeightTensor:
    """One stored tensor. ``entry.key`` is its path in the file; ``variable_name`` the full name of the variable, where
    the file states one; ``layer`` and ``position`` the Keras layer's name and the weight's number in it."""

    entry: BundleEntry
    role: WeightRole
    variable_name: str = ""
    layer: str = ""
    position: int | None = None


@record
class KerasConfig:
    """What the architecture in a Keras file says. ``layers`` are (class name, name) in stored order, of the outermost
    model alone; "" where the file does not say."""

    class_name: str
    name: str
    layers: tuple[tuple[str, str], ...]
    keras_version: str = ""
    backend: str = ""


@record
class KerasText:
    """A configuration as it stands in the file: ``place`` is the member of the archive or the attribute that holds it,
    "" where it is the whole file."""

    place: str
    text: str


@record
class KerasTexts:
    """The configurations in one file, and what kept from reading more of them, in sentences."""

    kind: WeightsKind
    texts: tuple[KerasText, ...]
    problems: tuple[str, ...]


@record
class WeightsFile:
    """The weights in one file, and what of them could not be read.

    ``checkpoint`` holds the entries and their reader whatever the kind is; for a Keras file its entries have neither
    shard nor offset nor CRC, and there are no shards. ``prefix`` is relative to the folder of ``files``. ``chosen`` is
    the checkpoint that was taken of a folder, ``others`` those that were not. ``file_pieces`` gives the bytes of one of
    ``files``, a piece at a time. ``texts`` are the configurations in it.
    """

    kind: WeightsKind
    path_name: str
    checkpoint: Checkpoint
    tensors: tuple[WeightTensor, ...] = ()
    objects: CheckpointObjects | None = None
    config: KerasConfig | None = None
    files: tuple[FileEntry, ...] = ()
    chosen: str = ""
    others: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = field(default=())
    file_pieces: Callable[[str], Iterator[memoryview]] | None = field(default=None, compare=False, repr=False)
    texts: tuple[KerasText, ...] = field(default=(), compare=False, repr=False)
