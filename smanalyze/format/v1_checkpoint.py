"""Checkpoints as TensorFlow wrote them before tensor bundles: each file a LevelDB table that holds the values, too.

Source: tensorflow/core/util/tensor_slice_writer.cc, saved_tensor_slice.proto (SavedTensorSlices). Savers wrote them by
default before TensorFlow 0.12 (SaverDef.CheckpointFormatVersion V1), as one file or as one a shard, and without an
index beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from smanalyze.errors import FormatError
from smanalyze.format.table import FOOTER_BYTES, MAGIC
from smanalyze.model.parts import FileEntry, Unreadable

V1_FOUND = (
    "The file is a checkpoint in TensorFlow's first format (V1), which is not read; it holds values of variables."
)


def v1_problems(files: Iterable[FileEntry], map_file: Callable[[str], memoryview]) -> tuple[Unreadable, ...]:
    """The files of a V1 checkpoint, each as a file that is here and was not read: tables in the model's folder or in
    variables/ that are no index of a bundle.

    Looks at the last bytes of each file there. Never raises for a file that cannot be read.
    """
    found = []
    for file in files:
        folder, _, name = file.path.rpartition("/")
        if folder not in ("", "variables") or name.endswith(".index") or file.size < FOOTER_BYTES:
            continue
        try:
            tail = bytes(map_file(file.path)[-len(MAGIC) :])
        except FormatError:
            continue
        if tail == MAGIC:
            found.append(Unreadable("old-format", "checkpoint", V1_FOUND, file.path))
    return tuple(found)
