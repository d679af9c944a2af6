"""What is fuzzed: for each format its seeds, and a function that takes any bytes and must survive them.

A function catches SmanalyzeError only where what it calls is documented to raise it; whatever else comes out of it is a
fault of ours. ``test_targets.py`` runs them on mutated seeds with hypothesis, ``atheris_formats.py`` for as long as you
like. No pytest and no hypothesis here: atheris runs without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from smanalyze.errors import SmanalyzeError
from smanalyze.format.bundle import open_bundle
from smanalyze.format.checkpoint_objects import parse_checkpoint_objects
from smanalyze.format.chunked import SplitMessage, merged_saved_model, parse_split_saved_model
from smanalyze.format.faults import Faults
from smanalyze.format.fingerprint import recompute
from smanalyze.format.fingerprint_reader import FingerprintReader
from smanalyze.format.fingerprint_split import split_graph_hashes
from smanalyze.format.manifest import parse_manifest
from smanalyze.format.object_graph import parse_object_graph
from smanalyze.format.salvage import salvage
from smanalyze.format.saved_model import is_graph_def, parse_meta_graphs, parse_saved_model
from smanalyze.format.saved_model_text import binary_of, parse_saved_model_text
from smanalyze.format.schema import message_class
from smanalyze.format.small_files import (
    parse_debug_info,
    parse_fingerprint,
    parse_keras_metadata,
    parse_tfhub_module,
)
from smanalyze.format.table import read_blocks
from smanalyze.format.tfrecord import prediction_logs, read_records
from smanalyze.model.bundle import BundleEntry
from smanalyze.model.parts import FileEntry
from tests.fuzz import seeds

TESTDATA = Path(__file__).resolve().parents[2] / "testdata"

MAX_INPUT = 64 << 10
"""Bytes of the largest input; less where the format is slow (``Target.max_input``)."""

MAX_SECONDS = 10
"""Of one input, in any format; instrumented for coverage all is some five times slower than it usually is."""

FREE_BYTES = 32 << 20
MAX_RATIO = 100
"""Python's memory for one input: FREE_BYTES, and MAX_RATIO times its bytes. Measured (``dense.py``): an index of 120
bytes may declare 99,999 shards, which are 29 MB of records; an empty object is two bytes, its record is 180."""

RIEGELI_FREE_BYTES = 160 << 20
"""In place of FREE_BYTES for Riegeli, which decodes 64 MiB of any file (riegeli.FREE_BYTES), and holds them twice."""

MAX_RSS = 512 << 20
"""Memory of the whole process, with what protobuf, numpy and the fuzzer itself take."""

MAX_ENTRIES = 100
"""Tensors whose values are asked for; the largest seed has a dozen."""

MAX_ELEMENTS = 1 << 16
"""A constant that is made of one repeated value may be a GiB by its own limit (limits.MAX_EXPANDED_BYTES), above ours;
so the large ones are not asked for."""

_FILE = "file"
_PREFIX = "variables/variables"


class Target(NamedTuple):
    """One format: the files below ``testdata`` that seeds are made of, how, and what is run on any bytes.

    Seeds and inputs have at most ``max_input`` bytes."""

    globs: tuple[str, ...]
    run: Callable[[bytes], None]
    pack: Callable[[Path], Iterable[bytes]] = seeds.as_it_is
    max_input: int = MAX_INPUT


def memory_limit(name: str, data: bytes) -> int:
    """Bytes of Python's memory that a target may take for an input."""
    return (RIEGELI_FREE_BYTES if name == "riegeli" else FREE_BYTES) + MAX_RATIO * len(data)


def seeds_of(name: str, files: int | None = None) -> Iterator[bytes]:
    """The seeds of one target, each once; of all its files, or of so many ``files`` from small to large."""
    target = TARGETS[name]
    found = sorted(file for glob in target.globs for file in TESTDATA.glob(glob) if file.stat().st_size <= MAX_INPUT)
    if files:
        found.sort(key=lambda file: file.stat().st_size)
        found = found[:: -(-len(found) // files)]
    known = set()
    for file in found:
        for seed in target.pack(file):
            if len(seed) <= target.max_input and seed not in known:
                known.add(seed)
                yield seed


# Tables and bundles ---------------------------------------------------------------------------------------------------


def run_table(data: bytes) -> None:
    """A LevelDB table."""
    faults = Faults("checkpoint", _FILE)
    for _ in read_blocks(data, faults):
        pass
    faults.records()


def run_bundle(data: bytes) -> None:
    """An index and the one data file that every shard is; then the values of its tensors."""
    index, content = seeds.cut(data)
    sizes = {f"{_PREFIX}.index": len(index)}
    sizes |= {f"{_PREFIX}.data-{i:05d}-of-{n:05d}": len(content) for n in (1, 2, 3) for i in range(n)}
    files = tuple(FileEntry(path, size, False) for path, size in sizes.items())
    opened = open_bundle(_PREFIX, files, lambda path: memoryview(index if path.endswith(".index") else content))
    for entry in opened.checkpoint.entries[:MAX_ENTRIES]:
        _read_values(opened.checkpoint.reader, entry)


def _read_values(reader: Any, entry: BundleEntry) -> None:
    for read in (reader.read, reader.read_strings, reader.read_bytes, reader.computed_crc32c):
        with suppress(SmanalyzeError):
            read(entry)
    with suppress(SmanalyzeError):
        for _ in reader.chunks(entry, 1000):
            pass
    for piece in entry.slices[:MAX_ENTRIES]:
        with suppress(SmanalyzeError):
            reader.computed_crc32c(entry, piece)


# The graph ------------------------------------------------------------------------------------------------------------


def run_pb(data: bytes) -> None:
    """saved_model.pb: the model, all that is decoded of it when asked, and what salvage makes of the same bytes."""
    _look_at(parse_saved_model(data).meta_graphs)
    is_graph_def(data)
    message, losses = salvage(data, "tensorflow.SavedModel")
    for loss in losses:
        loss.text()
    if losses:
        _look_at(parse_meta_graphs(message))


def run_pbtxt(data: bytes) -> None:
    """saved_model.pbtxt."""
    with suppress(SmanalyzeError):
        _look_at(parse_saved_model_text(data, file=_FILE).meta_graphs)
    with suppress(SmanalyzeError):
        binary_of(data)


def run_riegeli(data: bytes) -> None:
    """saved_model.cpb as it is, and once more with every hash put right; its fingerprint, too."""
    resealed = seeds.resealed_riegeli(data)
    for content in dict.fromkeys((data, resealed)):
        with suppress(SmanalyzeError):
            _look_at(parse_split_saved_model(content).meta_graphs)
    for producer in (None, 1):
        FingerprintReader("cpb", lambda: resealed, lambda: None).recompute(producer)


def run_split(data: bytes) -> None:
    """Chunks that are merged as a ChunkedMessage says, without the file around them."""
    chunks, metadata = seeds.cut_chunks(data)
    try:
        message = message_class("tensorflow.proto_splitter.ChunkedMessage").FromString(metadata)
    except DecodeError:
        return
    split = SplitMessage(chunks, message)
    with suppress(SmanalyzeError):
        _look_at(parse_meta_graphs(merged_saved_model(split)))
    with suppress(SmanalyzeError):
        split_graph_hashes(split)


def _look_at(meta_graphs: Iterable[Any]) -> None:
    """Asks for everything that a MetaGraph decodes only when asked."""
    for meta_graph in meta_graphs:
        graph = meta_graph.graph
        graph.producer, graph.min_consumer, graph.gradients  # noqa: B018
        _look_at_body(graph, graph)
        for function in graph.functions.values():
            _look_at_body(graph, function)
            function.name, function.inputs, function.outputs, function.is_stateful  # noqa: B018
            dict(function.returns), dict(function.control_returns), dict(function.attributes), function.own_attr_keys()


def _look_at_body(graph: Any, body: Any) -> None:
    body.columns()
    assert body.node_count == len(body.nodes)
    for node in body.nodes:
        node.name, node.op, node.device, list(node.inputs), node.output_shapes()
        for name in (*node.attr_names(), "absent"):
            for ask in (
                node.has_attr, node.attr_kind, node.attr_string, node.attr_int, node.attr_type, node.attr_types,
                node.attr_shape, node.attr_strings, node.attr_tensor, node.attr_key, node.attr_text,
            ):  # fmt: skip
                ask(name)
        tensor = node.attr_tensor("value")
        if tensor is None or _is_small(tensor.shape):
            with suppress(SmanalyzeError):
                graph.const_value(node)


def _is_small(shape: Any) -> bool:
    elements = 1
    for size in shape or ():
        elements = min(elements * (size or 0), MAX_ELEMENTS + 1)
    return elements <= MAX_ELEMENTS


# What lies beside it --------------------------------------------------------------------------------------------------


def run_tfrecord(data: bytes) -> None:
    """Warm-up requests: the file as it is, with every checksum put right, and the bytes as one record."""
    for content in dict.fromkeys((data, seeds.resealed_records(data), seeds.as_record(data))):
        faults = Faults("records", _FILE)
        for _ in read_records(content, faults):
            pass
        faults.records()
        prediction_logs(content, file=_FILE)


def run_fingerprint(data: bytes) -> None:
    """fingerprint.pb, and the fingerprint of a model of which the bytes are saved_model.pb and the index."""
    with suppress(SmanalyzeError):
        parse_fingerprint(data, file=_FILE)
    for producer in (None, 0, 1):
        recompute(data, data, producer)
    for kind in ("pb", "pbtxt"):
        FingerprintReader(kind, lambda: data, lambda: data).recompute(None)  # type: ignore[arg-type]


def run_small(data: bytes) -> None:
    """keras_metadata.pb, debug info, the marker of TF-Hub."""
    for parse in (parse_keras_metadata, parse_debug_info, parse_tfhub_module):
        with suppress(SmanalyzeError):
            parse(data, file=_FILE)


def run_manifest(data: bytes) -> None:
    """A manifest."""
    with suppress(SmanalyzeError):
        parse_manifest(data, file=_FILE)


def run_objects(data: bytes) -> None:
    """The object graphs: that of a checkpoint, and that of a MetaGraph."""
    with suppress(SmanalyzeError):
        parse_checkpoint_objects(data, file=_FILE)
    with suppress(DecodeError):
        parse_object_graph(message_class("tensorflow.SavedObjectGraph").FromString(data))


_MODELS = ("models/*/saved_model.pb", "models/*/*/saved_model.pb", "broken/*/saved_model.pb")
_INDICES = ("models/*/variables/variables.index", "broken/*/variables/variables.index", "weights/*/*.index")

TARGETS = {
    "table": Target(_INDICES, run_table, seeds.tables),
    "bundle": Target(_INDICES, run_bundle, seeds.bundles),
    "pb": Target(_MODELS, run_pb, max_input=16 << 10),
    "pbtxt": Target(("*/*/saved_model.pbtxt",), run_pbtxt),
    "riegeli": Target(_MODELS[:1], run_riegeli, seeds.riegeli_files, 8 << 10),
    "split": Target(_MODELS[:1], run_split, seeds.split_messages),
    "tfrecord": Target(("*/*/assets.extra/*",), run_tfrecord),
    "fingerprint": Target(("*/*/fingerprint.pb", *_MODELS), run_fingerprint),
    "keras_metadata": Target(("*/*/keras_metadata.pb", "*/*/debug/*.pb", "*/*/tfhub_module.pb"), run_small),
    "manifest": Target(("models/*/fingerprint.pb",), run_manifest, seeds.manifests),
    "objects": Target((*_MODELS, *_INDICES), run_objects, seeds.object_graphs),
}
"""Name -> what is fuzzed under it."""
