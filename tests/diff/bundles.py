"""Checkpoints of test models, written again with other values, pieces or byte order."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smanalyze.load import load
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.dtypes import dtype_name
from tests.checks.compat.helpers import Maker, Sides
from tests.conftest import TESTDATA
from tests.format.bundle_writer import BundleWriter, slice_key
from tests.format.test_bundle_reader import swapped

ATTRIBUTE = "/.ATTRIBUTES/VARIABLE_VALUE"
NUMBERS = {dtype_name(number): number for number in range(1, 34)}

Extents = Sequence[tuple[int, int]]
"""(start, length) of each dimension of a piece; (0, -1) is a whole one."""

Values = Mapping[str, Any]
"""By key without its ending: an array, a list of byte strings, a function of the old array, or None to leave it out."""


def stored_again(
    model: Path, values: Values | None = None, *, pieces: Mapping[str, Sequence[Extents]] | None = None,
    big: bool = False,
) -> None:  # fmt: skip
    """Writes the checkpoint of a model again, in one data file. ``pieces`` cuts tensors; in big-endian order the object
    graph is left out."""
    checkpoint = load(model).checkpoint
    assert checkpoint.reader is not None
    writer = BundleWriter(big)
    left = dict(values or {})
    for entry in checkpoint.entries:
        name = entry.key.removesuffix(ATTRIBUTE)
        if entry.dtype == "string" and name not in left:
            if not big:
                writer.add(entry.key.encode(), 7, entry.shape, checkpoint.reader.read_bytes(entry), entry.crc32c)
            continue
        given = left.pop(name, _as_it_is)
        if given is not None:
            array = given(checkpoint.reader.read(entry)) if callable(given) else given
            _add(writer, entry.key, array, _dtype(entry, array), (pieces or {}).get(name))
    for name, array in left.items():
        if array is not None:
            _add(writer, name, array, array.dtype.name, None)
    folder = model / "variables"
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "variables.index").write_bytes(writer.index())
    (folder / "variables.data-00000-of-00001").write_bytes(bytes(writer.data))


def _as_it_is(values: Any) -> Any:
    return values


def _dtype(entry: BundleEntry, array: Any) -> str:
    return "string" if isinstance(array, list) else entry.dtype if entry.dtype.startswith("q") else array.dtype.name


def _add(writer: BundleWriter, key: str, array: Any, dtype: str, pieces: Sequence[Extents] | None) -> None:
    if isinstance(array, list):
        writer.add_strings(key.encode(), [len(array)], array)
    elif pieces is None:
        writer.add(key.encode(), NUMBERS[dtype], array.shape, _bytes(writer, array))
    else:
        writer.add_partitioned(key.encode(), NUMBERS[dtype], array.shape, pieces)
        for extents in pieces:
            place = tuple(slice(start, None if size < 0 else start + size) for start, size in extents)
            part = np.ascontiguousarray(array[place])
            writer.add(slice_key(key.encode(), extents), NUMBERS[dtype], part.shape, _bytes(writer, part))


def _bytes(writer: BundleWriter, array: Any) -> bytes:
    return swapped(np.ascontiguousarray(array)) if writer.big else bytes(array.tobytes())


def restored(name: str, old: Values | None = None, new: Values | None = None, **options: Any) -> Maker:
    """A model of testdata/models and a copy of it with other values; ``options`` are for the copy."""

    def make(folder: Path) -> Sides:
        sides = []
        for word, values, more in (("old", old, {}), ("new", new, options)):
            target = folder / word / "model"
            shutil.copytree(TESTDATA / "models" / name, target)
            if values or more:
                stored_again(target, values, **more)
            sides.append(target)
        return sides[0], sides[1]

    return make


def then(maker: Maker, change: Callable[[Path], None]) -> Maker:
    """The new side after one more change to its folder."""

    def make(folder: Path) -> Sides:
        sides = maker(folder)
        change(sides[1])
        return sides

    return make
