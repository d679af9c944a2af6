"""What came out of a call: the worker's files read back, shown as text, and saved."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

from smanalyze.errors import FormatError, UsageError
from smanalyze.inputs.given import DAMAGED
from smanalyze.model.dtypes import numpy_dtype
from smanalyze.report.run import RunOutput

LARGEST = 240 << 20
"""Bytes of an output that comes back; the worker may write no larger file."""

MAX_VALUES = 10_000
"""Elements that a document lists one by one."""

MAX_SHOWN = 10_000
"""Elements that the text shows of an output."""

MAX_STRING = 240
"""Characters of one string in the text."""

MAX_PADDED = 1 << 30
"""Bytes of an array in which each string has the room of the longest."""

FAULTS = (*DAMAGED, OSError, FormatError)
"""What a file can cause that a model has tampered with."""


def read_outputs(found: Iterable[dict[str, Any]]) -> tuple[tuple[RunOutput, ...], dict[str, Any]]:
    """The rows of a report, and the arrays by name, from what the worker tells; strings are object arrays of bytes."""
    rows, arrays = [], {}
    for one in found:
        shape = tuple(one["shape"] or ())
        note = ""
        if one.get("file") or one.get("raw"):
            try:
                arrays[one["name"]] = read_array(one, shape)
            except FAULTS:
                note = "its values could not be read"
        elif one["size"] > LARGEST:
            note = f"its values are not shown: {one['size']:,} bytes are more than {LARGEST:,}"
        else:
            note = f"a {one['dtype']}, which has no values outside of the model"
        rows.append(_row(one, shape, arrays.get(one["name"]), note))
    return tuple(rows), arrays


def read_array(one: dict[str, Any], shape: tuple[int, ...]) -> Any:
    """The values that the worker kept, strings as an object array of bytes. Raises one of ``FAULTS`` where the file is
    not what it should be."""
    import numpy as np

    stored = np.load(one["file"] or one["raw"], allow_pickle=False)
    if one["file"]:
        return stored.reshape(shape)
    content = stored.tobytes()
    if one["dtype"] != "string":
        return np.frombuffer(content, numpy_dtype(one["dtype"])).reshape(shape)
    count = prod(shape)
    found = np.empty(count, object)
    at = 8 * count
    for number, size in enumerate(struct.unpack_from(f"<{count}Q", content)):
        found[number] = content[at : at + size]
        at += size
    if at != len(content):
        raise ValueError("the lengths are not those of the strings")
    return found.reshape(shape)


def read_kept(one: dict[str, Any], shape: tuple[int, ...]) -> Any:
    """As ``read_array``; None for a file that a model has tampered with."""
    try:
        return read_array(one, shape)
    except FAULTS:
        return None


def _row(one: dict[str, Any], shape: tuple[int, ...], array: Any, note: str) -> RunOutput:
    text = values_shown(array) if array is not None else ""
    values: Any = None
    encoding: Any = ""
    if array is not None:
        values, encoding = listed(array)
    return RunOutput(one["name"], one["output"], one["role"], one["dtype"], shape, text, values, encoding, note)


def values_shown(array: Any) -> str:
    """As numpy prints an array: the middle of a large one is left out; one of so many short dimensions that much would
    remain is shown as one row. Strings that are text are shown as text."""
    import numpy as np

    if not array.ndim and array.dtype != object:
        return str(array[()])
    if prod(min(size, 7) for size in array.shape) > MAX_SHOWN:  # numpy shows three at each end, and dots
        array = array.ravel()
    how: Any = {"object": _string_shown} if array.dtype == object else None
    return str(np.array2string(array, formatter=how, max_line_width=75, threshold=1000))


def _string_shown(value: Any) -> str:
    try:
        text = repr(value.decode("utf-8"))
    except UnicodeDecodeError:
        text = repr(value)[1:]
    cut = len(text) - MAX_STRING
    return "b" + (text if cut <= 0 else f"{text[:MAX_STRING]}…{text[0]} and {cut:,} more characters")


def listed(array: Any) -> tuple[tuple[Any, ...] | None, Any]:
    """All values row by row, and how strings are written; None where they are too many."""
    if array.size > MAX_VALUES:
        return None, ""
    if array.dtype == object:
        flat = array.ravel().tolist()
        try:
            return tuple(value.decode("utf-8") for value in flat), "utf-8"
        except UnicodeDecodeError:
            return tuple(base64.b64encode(value).decode("ascii") for value in flat), "base64"
    if array.dtype.isbuiltin != 1:
        array = array.astype("i8" if "int" in array.dtype.name else "f4")
    if array.dtype.kind == "c":
        return tuple(map(str, array.ravel().tolist())), ""
    if array.dtype.kind == "f" and array.dtype.itemsize <= 4:  # the shortest text that is the same number
        flat = [float(str(value)) for value in array.ravel()]
    else:
        flat = array.ravel().tolist()
    return tuple(value if value == value and abs(value) != float("inf") else str(value) for value in flat), ""


# Saving -------------------------------------------------------------------------------------------------------------


def safe_name(name: str) -> str:
    """A name that can be a file's, with ``_`` for what cannot stand there."""
    safe = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in name)
    return safe.encode()[:120].decode(errors="ignore").lstrip(".") or "_"


def file_names(names: Iterable[str]) -> dict[str, str]:
    """A file name for each output: its own where that can be one, else with ``_`` for what cannot stand there, and a
    number where two would be the same."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        safe = safe_name(name)
        stem, number = safe, 2
        while stem.lower() in taken:
            stem, number = f"{safe}-{number}", number + 1
        taken.add(stem.lower())
        found[name] = f"{stem}.npy"
    return found


def check_free(folder: str, names: Iterable[str]) -> None:
    """Raises UsageError where a file of one of the outputs is there already, or the folder cannot be one."""
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise UsageError("This is no folder to save outputs in.", file=folder)
    for file in file_names(names).values():
        if (place / file).exists():
            raise UsageError("The file is there already; --overwrite replaces it.", file=str(place / file))


def save_outputs(arrays: dict[str, Any], folder: str, *, overwrite: bool) -> dict[str, str]:
    """Saves each array as a .npy file; the file of each. Strings are numpy's bytes, and what numpy has no name for is
    stored as the bytes that it is. Raises UsageError before anything is written where a file is there already, or would
    be far larger than what it holds."""
    import numpy as np

    if not overwrite:
        check_free(folder, arrays)
    for name, array in arrays.items():
        room = array.size * max(map(len, array.ravel()), default=0) if array.dtype == object else 0
        if room > MAX_PADDED:
            why = f"each string would be given the room of the longest, {room:,} bytes in all"
            raise UsageError(f"The output {name!r} cannot be saved: {why}.", file=folder)
    found = {}
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, file in file_names(arrays).items():
            array = arrays[name]
            if array.dtype == object:
                array = np.array([*array.ravel(), b""], np.bytes_)[: array.size].reshape(array.shape)
            elif array.dtype.isbuiltin != 1:
                array = array.view(f"V{array.dtype.itemsize}")
            np.save(Path(folder) / file, array, allow_pickle=False)
            found[name] = str(Path(folder) / file)
    except OSError as error:
        raise UsageError(f"The outputs cannot be saved: {error.strerror or error}.", file=folder) from error
    return found
