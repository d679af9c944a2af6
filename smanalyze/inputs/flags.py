"""What somebody writes for the inputs of one call: ``--inputs``, ``--input-exprs`` and ``--input-examples``, in the
syntax of saved_model_cli: ``name=value`` pairs with semicolons between them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any

from smanalyze.errors import UsageError
from smanalyze.inputs.expressions import Random, evaluate
from smanalyze.inputs.given import DAMAGED, read_given
from smanalyze.inputs.given_json import ANY
from smanalyze.model.record import record

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_NPY, _ZIP, _PICKLE = b"\x93NUMPY", b"PK", b"\x80"


@record
class Given:
    """One value as it was given, and where. ``typed``: its dtype is meant, and is not changed silently."""

    value: Any
    typed: bool
    origin: str


def split_pairs(text: str, flag: str) -> Iterator[tuple[str, str]]:
    """(name, value) of each pair; a semicolon within quotes or brackets is part of a value. Raises UsageError."""
    for piece in _pieces(text):
        name, equals, value = piece.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError(f"{flag} takes NAME=VALUE, with semicolons between several; {piece.strip()!r} is not so.")
        yield name.strip(), value


def _pieces(text: str) -> list[str]:
    """The text cut at its semicolons; at each of them where quotes or brackets do not fit."""
    pieces, start, expected, quote = [], 0, [], ""
    for place, character in enumerate(text):
        if quote:
            if character == quote and not _escaped(text, place):
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in _CLOSING:
            expected.append(_CLOSING[character])
        elif expected and character == expected[-1]:
            expected.pop()
        elif character == ";" and not expected:
            pieces.append(text[start:place])
            start = place + 1
    pieces.append(text[start:])
    if quote or expected:
        pieces = text.split(";")
    return [piece for piece in pieces if piece.strip()]


def _escaped(text: str, place: int) -> bool:
    start = place
    while start and text[start - 1] == "\\":
        start -= 1
    return (place - start) % 2 == 1


# Files --------------------------------------------------------------------------------------------------------------


def from_files(texts: Iterable[str], key: str) -> dict[str, Given]:
    """The values of ``--inputs``: ``name=FILE.npy``, ``name=FILE.npz[array]``, or one file with all of them, which may
    hold those of several signatures."""
    found: dict[str, Given] = {}
    for text in texts:
        if "=" not in text or os.path.isfile(text):
            found |= _whole(text, key)
            continue
        for name, place in split_pairs(text, "--inputs"):
            match = re.fullmatch(r"(.+)\[([^\[\]]+)\]", place.strip())
            inside = match is not None and not os.path.exists(place.strip())
            file, array = (match[1], match[2]) if match is not None and inside else (place.strip(), None)
            found[name] = Given(read_array(file, array), True, place.strip())
    return found


def _whole(path: str, key: str) -> dict[str, Given]:
    if not os.path.exists(path) and not path.endswith((".npz", ".json")):
        raise UsageError(f"--inputs takes NAME=FILE, or a .npz or .json file that is there; {path!r} is neither.")
    every: dict[str, Any] = read_given(path)
    values = every.get(key, every.get(ANY))
    if values is None:
        raise UsageError(f"It has no values for {key!r}, but for {', '.join(map(repr, every))}.", file=path)
    own = {name.removeprefix(f"{key}/"): value for name, value in values.items() if name.startswith(f"{key}/")}
    if not own and isinstance(values.get(key), dict):
        own = values[key]
    typed = path.endswith(".npz")
    return {name: Given(value, typed, path) for name, value in (own or values).items()}


def read_array(path: str, name: str | None) -> Any:
    """The array of a .npy file, or the one of that name in a .npz file (None: its only one). Raises UsageError; a
    pickle is not read, since that would run whatever it says."""
    import numpy as np

    try:
        with open(path, "rb") as file:
            head = file.read(8)
    except OSError as error:
        raise UsageError(f"The file cannot be read: {error.strerror}.", file=path) from error
    if head.startswith(_ZIP):
        return _of_npz(path, name)
    if not head.startswith(_NPY):
        what = "a pickle, which could run code when it is read" if head.startswith(_PICKLE) else "no .npy or .npz file"
        raise UsageError(f"This is {what}. Save the array with numpy.save(file, array).", file=path)
    try:
        return np.load(path, allow_pickle=False)
    except (*DAMAGED, OSError) as error:
        raise UsageError(_why_not(str(error) or type(error).__name__), file=path) from error


def _of_npz(path: str, name: str | None) -> Any:
    arrays = read_given(path)[ANY]
    there = ", ".join(arrays) or "nothing"
    if name is None and len(arrays) != 1:
        raise UsageError(f"It holds {len(arrays)} arrays; choose one as {path}[NAME]: {there}.", file=path)
    if name is not None and name not in arrays:
        raise UsageError(f"It holds no array {name!r}, but {there}.", file=path)
    return arrays[name] if name is not None else next(iter(arrays.values()))


def _why_not(reason: str) -> str:
    if "pickle" in reason:
        return (
            "It holds Python objects as a pickle, which could run code when it is read; save plain numbers or strings."
        )
    return f"It is no sound .npy file: {reason.rstrip('.')}."


# Expressions and examples -------------------------------------------------------------------------------------------


def from_expressions(texts: Iterable[str], random: Random) -> dict[str, Given]:
    """The values of ``--input-exprs``. Raises UsageError that names the input and the place in its expression."""
    found: dict[str, Given] = {}
    for text in texts:
        for name, expression in split_pairs(text, "--input-exprs"):
            found[name] = _evaluated(name, expression, random)
    return found


def _evaluated(name: str, expression: str, random: Random) -> Given:
    try:
        value, typed = evaluate(expression, random)
    except UsageError as error:
        raise UsageError(f"Input {name!r}: {error.message}") from error
    return Given(value, typed, "an expression")


def from_examples(texts: Iterable[str], random: Random) -> dict[str, Given]:
    """The values of ``--input-examples``: lists of dicts, feature -> values, each a serialized tf.Example."""
    found: dict[str, Given] = {}
    for text in texts:
        for name, expression in split_pairs(text, "--input-examples"):
            rows = _evaluated(name, expression, random).value
            rows = [rows] if isinstance(rows, dict) else rows
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise UsageError(f"Input {name!r}: a tf.Example is a dict of features; give a list of them: [{{...}}].")
            found[name] = Given([_example(name, row) for row in rows], False, "examples")
    return found


def _example(name: str, row: dict[Any, Any]) -> bytes:
    from smanalyze.inputs.make_strings import example_bytes

    features = {}
    for feature, value in row.items():
        if not isinstance(feature, str):
            raise UsageError(f"Input {name!r}: the name of a feature is a string, not {feature!r}.")
        features[feature] = _feature_values(name, feature, value)
    return example_bytes(features)


def _feature_values(name: str, feature: str, value: Any) -> Any:
    """A vector of floats, integers or bytes: the three kinds of a tf.Feature."""
    import numpy as np

    items = value.ravel().tolist() if isinstance(value, np.ndarray) else value
    items = list(items) if isinstance(items, list | tuple) else [items]
    items = [item.item() if isinstance(item, np.generic) else item for item in items]
    if all(isinstance(item, str | bytes) for item in items):
        found = np.empty(len(items), object)
        found[:] = [item.encode() if isinstance(item, str) else item for item in items]
        return found
    if all(isinstance(item, int) for item in items):  # True and False, too
        if any(not -(1 << 63) <= item < 1 << 63 for item in items):
            raise UsageError(f"Input {name!r}, feature {feature!r}: an integer of a tf.Example has 64 bits.")
        return np.array(items, np.int64)
    if all(isinstance(item, int | float) for item in items):
        return np.array(items, np.float64)
    raise UsageError(f"Input {name!r}, feature {feature!r}: give floats, integers or strings, in a list without lists.")
