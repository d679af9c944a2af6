"""From the path a user gives to the one SavedModel it means."""

from __future__ import annotations

import os
from typing import Literal, NamedTuple

from smanalyze.errors import NotASavedModelError
from smanalyze.model.parts import MODEL_FILES

MAX_FOLDERS = 5_000
MAX_DEPTH = 8
"""How far to look for a SavedModel below a folder that is none."""


class Place(NamedTuple):
    """A SavedModel's folder, and how the given path led there; see ``model.saved_model.Found``.

    ``file`` is set only where the path named a file that stands alone.
    """

    root: str
    given: Literal["saved_model", "serving_base", "nested", "file"]
    path_name: str
    chosen: str = ""
    others: tuple[str, ...] = ()
    file: str | None = None


def find(path: str | os.PathLike[str]) -> Place:
    """The SavedModel at ``path``: the folder itself, the newest numbered version in it, the only SavedModel deeper
    down, or a lone model file.

    Raises NotASavedModelError with what is there instead.
    """
    given = os.fspath(path)
    name = os.path.basename(os.path.abspath(given)) or given
    if not os.path.exists(given):
        raise NotASavedModelError("There is no such file or folder.", file=given)
    if os.path.isfile(given):
        return _from_file(given, name)
    if not os.path.isdir(given):
        raise NotASavedModelError("This is neither a file nor a folder.", file=given)
    if _holds_model(given):
        return Place(given, "saved_model", name)
    versions = _versions(given)
    if versions:
        newest, *others = versions
        return Place(os.path.join(given, newest), "serving_base", name, newest, tuple(others))
    return _deeper(given, name)


def _holds_model(folder: str) -> bool:
    return any(os.path.isfile(os.path.join(folder, file)) for file in MODEL_FILES)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What is in a folder, by name; raises NotASavedModelError if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise NotASavedModelError(f"The folder cannot be read: {error.strerror}.", file=folder) from error


def _versions(folder: str) -> list[str]:
    """Names of numbered sub-folders that hold a SavedModel, newest first (TF Serving compares them as numbers)."""
    names = [e.name for e in _entries(folder) if e.name.isascii() and e.name.isdecimal() and len(e.name) < 100]
    return sorted((name for name in names if _holds_model(os.path.join(folder, name))), key=int, reverse=True)


def _from_file(path: str, name: str) -> Place:
    folder = os.path.dirname(path) or "."
    if name in MODEL_FILES:
        first = next(file for file in MODEL_FILES if os.path.isfile(os.path.join(folder, file)))
        if name == first and os.path.isdir(os.path.join(folder, "variables")):
            return Place(folder, "saved_model", os.path.basename(os.path.abspath(folder)))
        return Place(folder, "file", name, file=name)
    if name.endswith((".pb", ".pbtxt", ".cpb")):
        return Place(folder, "file", name, file=name)
    raise NotASavedModelError(_what_file(name), file=path)


def _what_file(name: str) -> str:
    kinds = {
        ".h5": "a Keras weights or model file", ".hdf5": "a Keras weights or model file", ".keras": "a Keras archive",
        ".tflite": "a TensorFlow Lite model", ".onnx": "an ONNX model", ".index": "the index of a checkpoint",
        ".zip": "an archive; unpack it first", ".gz": "an archive; unpack it first",
        ".tar": "an archive; unpack it first", ".tgz": "an archive; unpack it first",
    }  # fmt: skip
    kind = kinds.get(os.path.splitext(name)[1].lower())
    if kind is None and ".data-" in name:
        kind = "the data of a checkpoint"
    return f"This is {kind}, not a SavedModel." if kind else "This file is not a SavedModel."


def _deeper(folder: str, name: str) -> Place:
    found, seen, complete = _search(folder)
    if len(found) == 1:
        return Place(os.path.join(folder, found[0]), "nested", name, found[0])
    if found:
        more = f" and {len(found) - 10} more" if len(found) > 10 else ""
        raise NotASavedModelError(
            f"The folder holds {len(found)} SavedModels; give one of them: {', '.join(found[:10])}{more}.", file=folder
        )
    if not seen:
        raise NotASavedModelError("The folder is empty.", file=folder)
    part = "" if complete else f" within {MAX_DEPTH} levels and {MAX_FOLDERS} folders"
    raise NotASavedModelError(f"The folder holds no saved_model.pb, .pbtxt or .cpb{part}.{_instead(seen)}", file=folder)


def _search(folder: str) -> tuple[list[str], list[str], bool]:
    """(folders with a SavedModel below ``folder``, relative to it; names of files seen; whether everything was looked
    at). Links are not followed."""
    found: list[str] = []
    names: list[str] = []
    complete = True
    queue = [("", 0)]
    for count, (prefix, depth) in enumerate(queue):
        if count >= MAX_FOLDERS:
            return found, names, False
        current = os.path.join(folder, prefix)
        if depth and _holds_model(current):
            found.append(prefix)
            continue
        try:
            entries = _entries(current)
        except NotASavedModelError:
            complete = False
            continue
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                names += [entry.name] if len(names) < 1000 else []
            elif depth < MAX_DEPTH:
                queue.append((f"{prefix}/{entry.name}" if prefix else entry.name, depth + 1))
            else:
                complete = False
    return found, names, complete


def _instead(names: list[str]) -> str:
    """A hint at what the folder is, from its file names."""
    suffixes = {os.path.splitext(name)[1] for name in names}
    if ".index" in suffixes:
        return " It holds a checkpoint without its graph."
    if ".pb" in suffixes:
        return " It holds a .pb file of another name; give that file if it is a SavedModel."
    for suffix, kind in ((".keras", "a Keras archive"), (".h5", "a Keras .h5 file"), (".tflite", "a TFLite model")):
        if suffix in suffixes:
            return f" It holds {kind}."
    if all(name.startswith(".") for name in names):
        return " Only hidden files are there."
    return ""
