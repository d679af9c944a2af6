"""From the path a user gives to a file of weights: a checkpoint's prefix, a Keras file, or nothing of the kind."""

from __future__ import annotations

import os
import re
from typing import Literal, NamedTuple

from smanalyze.errors import NotASavedModelError
from smanalyze.model.weights import KERAS_SUFFIXES, keras_kind
from smanalyze.source.find import find

Kind = Literal["checkpoint", "keras", "h5", "keras-json", "keras-yaml"]

STATE_FILE = "checkpoint"
"""What tf.train.Checkpoint and tf.compat.v1.train.Saver write beside their checkpoints: a CheckpointState as text."""

MAX_STATE_BYTES = 4 << 20
MAX_NAMED = 10

_DATA_FILE = re.compile(r"(?s)(.+)\.data-[0-9]{5,10}-of-[0-9]{5,10}")
_STATE_LINE = re.compile(
    r'^\s*(model_checkpoint_path|all_model_checkpoint_paths)\s*:\s*"((?:[^"\\]|\\.)*)"', re.MULTILINE
)


class WeightsPlace(NamedTuple):
    """Where weights lie: ``root`` is a folder, ``file`` a file or checkpoint prefix in it; ``files`` are (path,
    size, is a link) of what belongs to it. ``chosen`` is set, and ``others`` may be, where a folder was given."""

    kind: Kind
    root: str
    file: str
    path_name: str
    files: tuple[tuple[str, int, bool], ...]
    chosen: str = ""
    others: tuple[str, ...] = ()


def find_weights(path: str | os.PathLike[str]) -> WeightsPlace | None:
    """The weights that ``path`` means: a checkpoint prefix, its index or one of its data files, a folder with a
    ``checkpoint`` state file or with one checkpoint, a ``.keras`` or HDF5 file, or an architecture in JSON or YAML.

    None where it is anything else; what can be taken for a SavedModel stays one. Raises NotASavedModelError for a
    folder of several checkpoints none of which is named the latest, for the state file itself (it names what to give),
    and for a file that cannot be read.
    """
    given = os.fspath(path)
    name = os.path.basename(os.path.abspath(given)) or given
    if os.path.isdir(given):
        return None if _is_saved_model(given) else _from_folder(given, name)
    folder = os.path.dirname(given) or "."
    if os.path.isfile(given):
        prefix = _prefix_of(name)
        return _checkpoint(folder, prefix, name) if prefix else _from_file(folder, name)
    if os.path.isfile(f"{given}.index") and not os.path.exists(given):
        return _checkpoint(folder, name, name)
    return None


def _is_saved_model(folder: str) -> bool:
    try:
        find(folder)
    except NotASavedModelError:
        # Several SavedModels deeper down are no checkpoint of this folder's own either, but do not hide one.
        return False
    return True


def _prefix_of(name: str) -> str:
    """The checkpoint prefix that a file of this name belongs to, "" for none."""
    if name.endswith(".index"):
        return name.removesuffix(".index")
    match = _DATA_FILE.fullmatch(name)
    return match[1] if match else ""


def _from_file(folder: str, name: str) -> WeightsPlace | None:
    if name == STATE_FILE:
        _refuse_state(folder)
    if os.path.splitext(name)[1].lower() not in KERAS_SUFFIXES:
        return None
    path = os.path.join(folder, name)
    try:
        with open(path, "rb") as file:
            head = file.read(8)
        size = os.stat(path).st_size
    except OSError as error:
        raise NotASavedModelError(f"The file cannot be read: {error.strerror}.", file=path) from error
    return WeightsPlace(keras_kind(name, head), folder, name, name, ((name, size, os.path.islink(path)),))


def _refuse_state(folder: str) -> None:
    """Raises NotASavedModelError where the state file names a checkpoint; else it is something else of that name."""
    latest, _ = _state(folder)
    if latest:
        there = os.path.isfile(os.path.join(folder, f"{latest}.index"))
        place = latest if folder == "." else os.path.join(folder, latest)
        what = f"give {place}" if there else f"it names {latest}, which is not here"
        raise NotASavedModelError(
            f"This is no checkpoint but the text file that says which one is the latest: {what}.",
            file=os.path.join(folder, STATE_FILE),
        )


def _from_folder(folder: str, name: str) -> WeightsPlace | None:
    listed = _listed(folder)
    prefixes = sorted(file.removesuffix(".index") for file in listed if file.endswith(".index") and file != ".index")
    latest, named = _state(folder) if STATE_FILE in listed else ("", ())
    if latest and os.path.isfile(os.path.join(folder, f"{latest}.index")):
        known = dict.fromkeys([*named, *prefixes])
        others = tuple(p for p in known if p != latest and os.path.isfile(os.path.join(folder, f"{p}.index")))
        return _checkpoint(folder, latest, name, latest, others)
    if len(prefixes) == 1 or latest:
        chosen = latest or prefixes[0]
        return _checkpoint(folder, chosen, name, chosen, tuple(p for p in prefixes if p != chosen))
    if prefixes:
        more = f" and {len(prefixes) - MAX_NAMED} more" if len(prefixes) > MAX_NAMED else ""
        names = ", ".join(prefixes[:MAX_NAMED])
        raise NotASavedModelError(
            f"The folder holds {len(prefixes)} checkpoints and does not say which is the latest; give one of them: "
            f"{names}{more}.",
            file=folder,
        )
    return None


def _listed(folder: str) -> frozenset[str]:
    try:
        return frozenset(entry for entry in os.listdir(folder) if os.path.isfile(os.path.join(folder, entry)))
    except OSError as error:
        raise NotASavedModelError(f"The folder cannot be read: {error.strerror}.", file=folder) from error


def _state(folder: str) -> tuple[str, tuple[str, ...]]:
    """(latest prefix, all prefixes) that the state file names, as far as they lie in this folder.

    A folder may have been moved since: of a path that leads elsewhere the last part is looked for here.
    """
    try:
        with open(os.path.join(folder, STATE_FILE), "rb") as file:
            text = file.read(MAX_STATE_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return "", ()
    found = [(key, _inside(folder, _unescaped(value))) for key, value in _STATE_LINE.findall(text)]
    latest = next((prefix for key, prefix in found if key == "model_checkpoint_path"), "")
    return latest, tuple(dict.fromkeys(prefix for key, prefix in found if key != "model_checkpoint_path" and prefix))


def _inside(folder: str, prefix: str) -> str:
    parts = prefix.replace("\\", "/").split("/")
    if prefix.startswith("/") or ":" in parts[0] or ".." in parts:
        return parts[-1]
    inside = "/".join(part for part in parts if part not in ("", "."))
    return inside if os.path.isfile(os.path.join(folder, f"{inside}.index")) else parts[-1]


def _unescaped(text: str) -> str:
    """The string that protobuf's text format wrote: octal escapes are bytes of UTF-8."""
    raw = text.encode("utf-8", "surrogateescape")
    simple = {b"n": b"\n", b"t": b"\t", b"r": b"\r"}
    plain = re.sub(
        rb"\\([0-7]{1,3}|.)",
        lambda m: bytes([int(m[1], 8) & 255]) if m[1].isdigit() else simple.get(m[1], m[1]),
        raw,
    )
    return plain.decode("utf-8", "surrogateescape")


def _checkpoint(
    folder: str, prefix: str, path_name: str, chosen: str = "", others: tuple[str, ...] = ()
) -> WeightsPlace:
    """The checkpoint of a prefix, with the files that carry its name; nothing else of the folder belongs to it."""
    inner, _, base = prefix.rpartition("/")
    found = []
    for name in sorted(_listed(os.path.join(folder, inner) if inner else folder)):
        if name.startswith(f"{base}.") and _prefix_of(name) == base:
            path = os.path.join(folder, inner, name)
            relative = f"{inner}/{name}" if inner else name
            found.append((relative, os.stat(path).st_size, os.path.islink(path)))
    return WeightsPlace("checkpoint", folder, prefix, path_name, tuple(found), chosen, others)
