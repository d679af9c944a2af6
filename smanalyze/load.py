"""From a path to one SavedModel: reads each part, and records those that cannot be read.

What only some models or commands need is imported where it is used: ``show`` reads the graph alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from smanalyze.errors import FormatError, NotASavedModelError
from smanalyze.format.faults import is_utf8_mangled, whole_file_fault
from smanalyze.format.limits import MAX_LFS_POINTER_BYTES
from smanalyze.format.saved_model import ParsedSavedModel, is_graph_def, parse_saved_model
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.parts import INDEX, LISTING, MODEL_FILES, FileEntry, Presence, Unreadable
from smanalyze.model.saved_model import Found, MetaGraph, SavedModel
from smanalyze.model.weights import KERAS_SUFFIXES
from smanalyze.source.directory import Directory
from smanalyze.source.find import Place, find

if TYPE_CHECKING:
    from smanalyze.model.checkpoint_objects import CheckpointObjects
    from smanalyze.model.fingerprints import FingerprintSource
    from smanalyze.model.side_files import WarmupRecord
    from smanalyze.model.weights import KerasTexts, WeightsFile

DEBUG_INFO = "debug/saved_model_debug_info.pb"
WARMUP = "assets.extra/tf_serving_warmup_requests"
MAX_PROTO_BYTES = (1 << 31) - 1
"""protobuf refuses one message of 2 GiB and more; a MetaGraphDef is one message."""

MAX_SMALL_BYTES = 256 << 20
"""Limit for each file beside the graph and the shards; the largest seen (keras_metadata.pb) has some megabytes."""

MAX_TEXT_BYTES = 512 << 20
"""Limit for .pbtxt, whose parser takes some 20 times the file in memory."""

MAX_LOSSES_SHOWN = 20

T = TypeVar("T")

_KINDS: dict[str, Literal["pb", "pbtxt", "cpb"]] = {"pb": "pb", "pbtxt": "pbtxt", "cpb": "cpb"}


def load(path: str | os.PathLike[str], *, graph_only: bool = False) -> SavedModel:
    """The SavedModel that ``path`` means: a folder, a TF Serving folder of versions, a folder that holds one
    SavedModel, or a lone model file.

    Broken parts are listed in ``unreadable`` and do not stop the rest. Tensor values are read only when asked for.
    ``graph_only`` leaves the checkpoint and the small files alone, as if they were not there.
    Raises NotASavedModelError where the path holds nothing that could be one.
    """
    return _Loader(find(path)).load(graph_only)


def load_weights_source(path: str | os.PathLike[str]) -> WeightsFile | None:
    """The weights that lie at ``path`` without a SavedModel: a bare checkpoint (prefix, index, data file or folder), a
    ``.keras`` archive, an HDF5 file, or a Keras architecture in JSON or YAML. None where it is none of these.

    Broken parts are listed in ``unreadable``. Tensor values are read only when asked for. Raises UsageError where h5py
    is missing, NotASavedModelError for a folder of several checkpoints or a file that cannot be opened.
    """
    from smanalyze.source.weights import find_weights

    place = find_weights(path)
    if place is None:
        return None
    from smanalyze.format.weights import open_checkpoint, open_keras_file

    directory = Directory(place.root)
    files = tuple(FileEntry(*entry) for entry in place.files)
    if place.kind != "checkpoint":
        keras = open_keras_file(place.kind, os.path.join(place.root, place.file), files[0], directory.read)
        return keras and replace(keras, file_pieces=directory.pieces)
    found = open_checkpoint(place.file, files, directory.map)
    found = replace(found, path_name=place.path_name, file_pieces=directory.pieces)
    return replace(found, chosen=place.chosen, others=place.others)


class _Loader:
    """The state of loading one model: where from, which files, and what could not be read."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.directory = Directory(place.root)
        # What lies beside a lone file does not belong to it, and may be a whole home folder.
        listed = self.directory.files() if place.file is None else (self.directory.file(place.file),)
        self.files = tuple(FileEntry(*entry, self.directory.leads_out(entry[0])) for entry in listed)
        self.sizes = {entry.path: entry.size for entry in self.files}
        self.unreadable = [
            Unreadable("unreadable", LISTING, reason, folder or None) for folder, reason in self.directory.unlisted
        ]

    def load(self, graph_only: bool) -> SavedModel:
        file = self.place.file or next((name for name in MODEL_FILES if name in self.sizes), "")
        if not file:  # it was there when the place was found
            message = "The model's file went away, or too many others lie beside it."
            raise NotASavedModelError(message, file=self.place.root)
        parsed = self._graph(file)
        rest = {} if graph_only else self._rest(file, parsed.meta_graphs)
        return SavedModel(
            found=Found(self.place.given, self.place.path_name, self.place.chosen, self.place.others),
            file_kind=_kind(file),
            schema_version=parsed.schema_version,
            pb_size=self.sizes.get(file, 0),
            meta_graphs=parsed.meta_graphs,
            files=self.files,
            unreadable=tuple(self.unreadable),
            read_file=self.directory.read,
            file_pieces=self.directory.pieces,
            keras_texts=partial(_keras_texts, self.directory),
            input_example=self._input_example,
            **rest,
        )

    def _rest(self, file: str, meta_graphs: tuple[MetaGraph, ...]) -> dict[str, Any]:
        """The fields of a SavedModel that do not come from the graph file."""
        from smanalyze.format import small_files

        checkpoint, objects = self._checkpoint(meta_graphs)
        fingerprint = self._small("fingerprint.pb", "fingerprint", small_files.parse_fingerprint)
        keras_nodes = self._small("keras_metadata.pb", "Keras metadata", small_files.parse_keras_metadata)
        self._assets(meta_graphs)
        return {
            "checkpoint": checkpoint,
            "checkpoint_objects": objects,
            "fingerprint": fingerprint,
            "fingerprint_presence": "not-fetched" if self.place.file else self._presence("fingerprint.pb", fingerprint),
            "fingerprints": self._fingerprints(file),
            "keras_nodes": keras_nodes or (),
            "keras_metadata_presence": self._presence("keras_metadata.pb", keras_nodes),
            "warmup": self._warmup(),
            "debug_info": self._small(DEBUG_INFO, "debug info", small_files.parse_debug_info),
            "tfhub_module": self._small("tfhub_module.pb", "TF-Hub marker", small_files.parse_tfhub_module),
        }

    def _lost(self, code: str, part: str, message: str, file: str, offset: int | None = None) -> None:
        presence: Presence = "not-fetched" if code == "lfs-pointer" else "not-read"
        self.unreadable.append(Unreadable(code, part, message, file, offset, presence))

    # The graph file ---------------------------------------------------------------------------------------------

    def _graph(self, file: str) -> ParsedSavedModel:
        nothing = ParsedSavedModel(0, ())
        limit = _limit(file)
        if self.sizes[file] > limit:
            self._lost("limit", "graph", f"The file has {self.sizes[file]} bytes; at most {limit} can be parsed.", file)
            return nothing
        try:
            data = self.directory.map(file)
        except FormatError as error:
            self._lost("unreadable", "graph", error.message, file)
            return nothing
        fault = whole_file_fault(data)
        if fault is not None:
            self._lost(fault[0], "graph", fault[1], file, 0)
            return nothing
        parse = {"pb": self._parse_binary, "pbtxt": self._parse_text, "cpb": self._parse_split}[_kind(file)]
        return parse(data, file)

    def _parse_text(self, data: memoryview, file: str) -> ParsedSavedModel:
        from smanalyze.format.saved_model_text import parse_saved_model_text

        try:
            parsed = parse_saved_model_text(bytes(data), file=file)
        except FormatError as error:
            self._lost("wrong-kind", "graph", error.message, file, error.offset)
            return ParsedSavedModel(0, ())
        self._losses(parsed, len(data), file)
        return parsed

    def _parse_split(self, data: memoryview, file: str) -> ParsedSavedModel:
        from smanalyze.format.chunked import parse_split_saved_model
        from smanalyze.format.riegeli import NO_DAMAGE

        try:
            parsed = parse_split_saved_model(data)
        except FormatError as error:
            code = "limit" if error.message in NO_DAMAGE else "corrupt"
            self._lost(code, "graph", error.message, file, error.offset)
            return ParsedSavedModel(0, ())
        self._losses(parsed, len(data), file)
        return parsed

    def _parse_binary(self, data: memoryview, file: str) -> ParsedSavedModel:
        parsed = parse_saved_model(data)
        if parsed.losses and is_utf8_mangled(data):
            message = (
                "The file was converted as if it were UTF-8 text, which destroys binary data; "
                "fetch it again and mark *.pb as binary."
            )
            self._lost("utf8-mangled", "graph", message, file, 0)
            return ParsedSavedModel(0, ())
        if not parsed.meta_graphs and is_graph_def(data):
            message = "The file is a GraphDef (a frozen graph), which has no signatures, variables or tags."
            self._lost("wrong-kind", "graph", message, file, 0)
            return parsed
        self._losses(parsed, len(data), file)
        return parsed

    def _losses(self, parsed: ParsedSavedModel, size: int, file: str) -> None:
        for loss in parsed.losses[:MAX_LOSSES_SHOWN]:
            code = "truncated" if "too early" in loss.reason else "corrupt"
            self._lost(code, "graph", loss.text(), file, loss.offset)
        if len(parsed.losses) > MAX_LOSSES_SHOWN:
            more = len(parsed.losses) - MAX_LOSSES_SHOWN
            self._lost("corrupt", "graph", f"{more} more fields could not be read.", file)

    # The checkpoint ---------------------------------------------------------------------------------------------

    def _checkpoint(self, meta_graphs: tuple[MetaGraph, ...]) -> tuple[Checkpoint, CheckpointObjects | None]:
        if INDEX not in self.sizes:
            return self._without_index(meta_graphs), None
        from smanalyze.format.bundle import open_bundle

        opened = open_bundle(INDEX.removesuffix(".index"), self.files, self.directory.map)
        self.unreadable.extend(opened.problems)
        return opened.checkpoint, opened.objects

    def _without_index(self, meta_graphs: tuple[MetaGraph, ...]) -> Checkpoint:
        if any(INDEX.startswith(folder) for folder, _ in self.directory.unlisted):
            return Checkpoint("not-read")
        if not any(one.has_variables for one in meta_graphs):
            return Checkpoint("absent")
        from smanalyze.format.v1_checkpoint import v1_problems

        old = v1_problems(self.files, self.directory.map)
        self.unreadable.extend(old)
        return Checkpoint("not-read" if old else "not-fetched")

    # The small files --------------------------------------------------------------------------------------------

    def _presence(self, file: str, value: object) -> Presence:
        if file not in self.sizes:
            return "absent"
        if value is not None:
            return "present"
        fetched = not any(lost.file == file and lost.presence == "not-fetched" for lost in self.unreadable)
        return "not-read" if fetched else "not-fetched"

    def _fingerprints(self, file: str) -> FingerprintSource:
        from smanalyze.format.fingerprint_reader import FingerprintReader

        def graph() -> memoryview:
            limit = _limit(file)
            if self.sizes[file] > limit:
                raise FormatError(f"{file} has {self.sizes[file]} bytes; at most {limit} can be parsed.", file=file)
            return self.directory.map(file)

        return FingerprintReader(_kind(file), graph, lambda: self.directory.map(INDEX) if INDEX in self.sizes else None)

    def _small(self, file: str, part: str, parse: Callable[..., T]) -> T | None:
        if file not in self.sizes:
            return None
        if self.sizes[file] > MAX_SMALL_BYTES:
            self._lost("limit", part, f"The file has {self.sizes[file]} bytes; {MAX_SMALL_BYTES} are read.", file)
            return None
        try:
            data = self.directory.read(file)
            fault = whole_file_fault(memoryview(data))
            if fault is None:
                return parse(data, file=file)
            self._lost(fault[0], part, fault[1], file, 0)
        except FormatError as error:
            self._lost("corrupt", part, error.message, file, error.offset)
        return None

    def _assets(self, meta_graphs: tuple[MetaGraph, ...]) -> None:
        """Records declared assets that are git-LFS pointers; of a graph that was not read, any below assets/."""
        declared = {f"assets/{asset.filename}" for graph in meta_graphs for asset in graph.assets}
        whole = not any(lost.part == "graph" for lost in self.unreadable)
        for entry in self.files:
            is_asset = entry.path in declared if whole else entry.path.startswith("assets/")
            if not is_asset or not 0 < entry.size < MAX_LFS_POINTER_BYTES:
                continue
            try:
                fault = whole_file_fault(memoryview(self.directory.read(entry.path, MAX_LFS_POINTER_BYTES)))
            except FormatError:
                continue  # told when somebody asks for its content
            if fault is not None and fault[0] == "lfs-pointer":
                self._lost(fault[0], "asset", fault[1], entry.path, 0)

    def _input_example(self) -> bytes | None:
        from smanalyze.source.mlflow import input_example

        return input_example(self.directory.root) if self.place.file is None else None

    def _warmup(self) -> tuple[WarmupRecord, ...]:
        from smanalyze.format.tfrecord import prediction_logs

        def parse(data: bytes, *, file: str) -> tuple[WarmupRecord, ...]:
            logs = prediction_logs(data, file=file)
            self.unreadable.extend(logs.problems)
            return logs.records

        return self._small(WARMUP, "warmup requests", parse) or ()


def _keras_texts(directory: Directory, path: str) -> KerasTexts | None:
    if os.path.splitext(path)[1].lower() not in KERAS_SUFFIXES:
        return None
    from smanalyze.format.weights import read_texts

    return read_texts(os.path.join(directory.root, path), path, directory.read)


def _kind(file: str) -> Literal["pb", "pbtxt", "cpb"]:
    return _KINDS.get(file.rsplit(".", 1)[-1], "pb")


def _limit(file: str) -> int:
    return MAX_TEXT_BYTES if file.endswith(".pbtxt") else MAX_PROTO_BYTES
