"""Files of weights as ``model.weights``: bare checkpoints, Keras archives, HDF5 files, architectures."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from smanalyze.errors import FormatError, LimitError, UsageError
from smanalyze.format.bundle import OBJECT_GRAPH_KEY, open_bundle
from smanalyze.format.faults import whole_file_fault
from smanalyze.format.keras_archive import decode_json
from smanalyze.format.keras_child import KerasChild, KerasReader
from smanalyze.format.keras_config import is_config, parse_config, parse_yaml_config
from smanalyze.format.keras_limits import MAX_TEXT_BYTES
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.parts import FileEntry, Presence, Unreadable
from smanalyze.model.weights import (
    KerasConfig,
    KerasText,
    KerasTexts,
    WeightRole,
    WeightsFile,
    WeightsKind,
    WeightTensor,
    keras_kind,
)  # fmt: skip

_SUFFIX = "/.ATTRIBUTES/"
_POSITION = re.compile(r"(?:^|/)vars/([0-9]{1,9})$")
_HEAD_BYTES = 1024
_CONFIGS = ("config.json", "model_config", "training_config")


def open_checkpoint(prefix: str, files: tuple[FileEntry, ...], map_file: Callable[[str], memoryview]) -> WeightsFile:
    """The bare checkpoint ``prefix``; ``map_file`` gives the bytes of one of ``files``. Never raises by itself."""
    opened = open_bundle(prefix, files, map_file)
    objects = opened.objects
    slots = {slot.slot_id for slot in objects.slots} if objects else set()
    stated = {a.key: (a.full_name, a.object_id in slots) for a in objects.attributes} if objects else {}
    tensors = []
    for entry in opened.checkpoint.entries:
        name, slot = stated.get(entry.key, ("", False))
        tensors.append(WeightTensor(entry, "optimizer" if slot else checkpoint_role(entry.key), name))
    return WeightsFile(
        kind="checkpoint",
        path_name=prefix.rpartition("/")[2],
        checkpoint=opened.checkpoint,
        tensors=tuple(tensors),
        objects=objects,
        files=files,
        unreadable=opened.problems,
    )


def checkpoint_role(key: str) -> WeightRole:
    """What a checkpoint key is for, as far as its name tells."""
    path, _, attribute = key.partition(_SUFFIX)
    parts = path.split("/")
    if key == OBJECT_GRAPH_KEY or parts[0] == "save_counter" or (attribute and attribute != "VARIABLE_VALUE"):
        return "bookkeeping"
    if "_trainable_variables" in parts:  # a Keras 3 optimizer keeps the model's own weights under this name
        return "weight"
    if ".OPTIMIZER_SLOT" in parts or "optimizer" in parts or "_optimizer" in parts:
        return "optimizer"
    if "keras_api" in parts and "metrics" in parts:
        return "metric"
    return "generator" if any("seed_generator" in part for part in parts) else "weight"


def open_keras_file(
    kind: WeightsKind, path: str, file: FileEntry, read: Callable[[str, int], bytes]
) -> WeightsFile | None:
    """A Keras archive, HDF5 file or architecture; ``read`` gives the first bytes of a file by its name.

    None for JSON and YAML that is no architecture. Raises UsageError where h5py is missing.
    """
    try:
        if kind in ("keras-json", "keras-yaml"):
            return _architecture(kind, file, read)
        fault = whole_file_fault(read(file.path, _HEAD_BYTES)[:_HEAD_BYTES])
        if fault is None:
            return _weights(kind, path, file)
        presence: Presence = "not-fetched" if fault[0] == "lfs-pointer" else "not-read"
        lost = Unreadable(fault[0], "weights", fault[1], file.path, 0, presence)
    except FormatError as error:
        code = "limit" if isinstance(error, LimitError) else "corrupt"
        lost = Unreadable(code, "weights", error.message, file.path, error.offset)
    return WeightsFile(kind, file.path, Checkpoint(lost.presence, file.path), files=(file,), unreadable=(lost,))


def _architecture(kind: WeightsKind, file: FileEntry, read: Callable[[str, int], bytes]) -> WeightsFile | None:
    content = read(file.path, MAX_TEXT_BYTES + 1)
    if len(content) > MAX_TEXT_BYTES:
        return None
    text = content.decode("utf-8", "replace") if kind == "keras-yaml" else decode_json(content)
    config: KerasConfig | None = None
    if kind == "keras-yaml":
        config = parse_yaml_config(text)
    elif is_config(text):
        config = parse_config(text)
    if config is None:
        return None
    texts = (KerasText("", text),)
    return WeightsFile(kind, file.path, Checkpoint("absent", file.path), config=config, files=(file,), texts=texts)


def _weights(kind: WeightsKind, path: str, file: FileEntry) -> WeightsFile:
    child = KerasChild(path, kind)
    found = child.open()
    problems = [Unreadable(code, "weights", message, file.path) for code, message in found["problems"]]
    config = _config(found["texts"], file, problems)
    tensors = tuple(_tensor(tensor) for tensor in found["tensors"])
    entries = tuple(tensor.entry for tensor in tensors)
    numbers = {entry.key: (number, entry.size) for number, entry in enumerate(entries)}
    presence: Presence = "present" if tensors or not problems else "not-read"
    checkpoint = Checkpoint(presence, file.path, entries=entries, reader=KerasReader(child, numbers))
    return WeightsFile(
        kind, file.path, checkpoint, tensors, config=config, files=(file,), unreadable=tuple(problems),
        texts=_texts(found["texts"]),
    )  # fmt: skip


def read_texts(path: str, name: str, read: Callable[[str, int], bytes]) -> KerasTexts:
    """The configurations in a file that is called like one of Keras's; no tensor is looked at. JSON and YAML are taken
    as they are, whatever they hold. Never raises for what is in the file, nor where h5py is missing."""
    kind = keras_kind(name, b"")
    try:
        if kind in ("keras-json", "keras-yaml"):
            return _plain_text(kind, read(name, MAX_TEXT_BYTES + 1))
        head = read(name, _HEAD_BYTES)[:_HEAD_BYTES]
        kind, fault = keras_kind(name, head), whole_file_fault(head)
        if fault is not None:
            return KerasTexts(kind, (), (fault[1],))
        found = KerasChild(path, kind, texts_only=True).open()
    except (FormatError, UsageError) as error:
        return KerasTexts(kind, (), (error.message,))
    return KerasTexts(kind, _texts(found["texts"]), tuple(message for _, message in found["problems"]))


def _plain_text(kind: WeightsKind, content: bytes) -> KerasTexts:
    """JSON or YAML; one that is too large is told of only where it looks like Keras's."""
    if len(content) > MAX_TEXT_BYTES:
        keras = b"class_name" in content or b"c\0l\0a\0s\0s\0_" in content
        return KerasTexts(kind, (), (f"The file is larger than {MAX_TEXT_BYTES} bytes.",) if keras else ())
    text = content.decode("utf-8", "replace") if kind == "keras-yaml" else decode_json(content)
    return KerasTexts(kind, (KerasText("", text),), ())


def _texts(found: dict[str, str]) -> tuple[KerasText, ...]:
    return tuple(KerasText(place, found[place]) for place in _CONFIGS if place in found)


def _config(texts: dict[str, str], file: FileEntry, problems: list[Unreadable]) -> KerasConfig | None:
    version, backend = texts.get("keras_version", ""), texts.get("backend", "")
    text = texts.get("config.json") or texts.get("model_config")
    try:
        if text:
            return parse_config(text, texts.get("metadata.json", ""), version, backend)
    except FormatError as error:
        problems.append(Unreadable("corrupt", "architecture", error.message, file.path))
    return KerasConfig("", "", (), version, backend) if version or backend else None


def _tensor(told: dict[str, Any]) -> WeightTensor:
    name, shape = told["name"], tuple(told["shape"])
    entry = BundleEntry(name, told["dtype"], shape, told["size"], None, None, None)
    first, _, rest = name.partition("/")
    role: WeightRole = "weight"
    if first in ("optimizer", "optimizer_weights"):
        role = "optimizer"
    elif "seed_generator" in name:
        role = "generator"
    elif first == "metrics" or "/metrics/" in name:
        role = "metric"
    if match := _POSITION.search(name):
        return WeightTensor(entry, role, "", told["layer"], int(match[1]))
    # Before Keras 3's own format: [model_weights/]<layer>/<variable's full name>.
    layer, _, variable = (rest if first == "model_weights" else name).partition("/")
    return (
        WeightTensor(entry, role, variable.removesuffix(":0"), layer) if role == "weight" else WeightTensor(entry, role)
    )
