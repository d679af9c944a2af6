"""Our reading of other people's models agrees with what the corpus's ``expected.json`` says of them.

That file was made with TensorFlow's own protos, its checkpoint reader, and (fingerprints) its C++. Not compared are the
keys that say something else: ``source``, ``flavour`` (guesses by name), ``suspect_ops`` (a list of its maker's), and
what running TensorFlow gave (``tf221_…``, ``recomputed``).
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.errors import FormatError
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.saved_model import MetaGraph, SavedModel, Signature
from smanalyze.model.tensors import TensorInfo

from .helpers import corpus, corpus_names, differences, op_counts, shape_form

CORPUS = corpus() or Path()
NAMES = corpus_names()
OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

pytestmark = pytest.mark.skipif(not NAMES, reason="SMANALYZE_CORPUS is not set")

each_model = pytest.mark.parametrize("name", NAMES, ids=NAMES)

Expected = dict[str, Any]


@functools.cache
def everything_expected() -> dict[str, Expected]:
    """By name."""
    return {model["name"]: model for model in json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))}


@functools.cache
def read(name: str) -> SavedModel:
    """A model of the corpus, read once."""
    return smanalyze.load(CORPUS / "public" / name)


def agree(ours: Any, expected: Any) -> None:
    """Both sides have the same keys here; a difference is named by its place."""
    assert list(differences(ours, expected)) == []


def pick(expected: Expected, ours: Expected) -> Expected:
    """What is expected, of the keys that we have something to say on."""
    return {key: expected[key] for key in ours}


def test_every_model_is_expected_and_there() -> None:
    assert sorted(everything_expected()) == NAMES


# The graph file -----------------------------------------------------------------------------------------------------


@each_model
def test_file(name: str) -> None:
    expected, model = everything_expected()[name], read(name)
    assert f"saved_model.{model.file_kind}" == expected["format"]
    content = (CORPUS / "public" / name / expected["format"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == expected["sha256"]
    assert model.pb_size == len(content)
    # An empty file is a message without fields to a proto parser, and a fault to us.
    faulty = expected["parse_error"] is not None or not content
    assert any(lost.part == "graph" for lost in model.unreadable) == faulty
    assert len(model.meta_graphs) == len(expected["meta_graphs"] or ())


@each_model
def test_meta_graphs(name: str) -> None:
    expected, model = everything_expected()[name], read(name)
    files = {file.path for file in model.files}
    for theirs, meta_graph in zip(expected["meta_graphs"] or (), model.meta_graphs, strict=True):
        ours = meta_graph_form(meta_graph, files)
        agree(ours, {**pick(theirs, ours), "asset_file_def": sorted(theirs["asset_file_def"])})


def meta_graph_form(meta_graph: MetaGraph, files: set[str]) -> Expected:
    """One MetaGraph in the words of expected.json."""
    graph, objects = meta_graph.graph, meta_graph.objects
    functions = graph.functions.values()
    signatures = (*meta_graph.signatures, *meta_graph.special_signatures)
    assets = {origin: [[a.filename, a.tensor_name] for a in meta_graph.assets if a.declared_in == origin]
              for origin in ("asset_file_def", "saved_model_assets")}  # fmt: skip
    return {
        "tags": list(meta_graph.tags),
        "tf_version": meta_graph.tensorflow_version,
        "producer": graph.producer,
        "min_consumer": graph.min_consumer,
        "nodes": graph.node_count,
        "functions": len(functions),
        "function_nodes": sum(function.node_count for function in functions),
        "distinct_ops": len(op_counts(graph)),
        "signatures": {signature.key: signature_form(signature) for signature in signatures},
        "asset_file_def": sorted(assets["asset_file_def"]),
        "asset_collection": assets["saved_model_assets"],
        "assets_missing": sorted({a.filename for a in meta_graph.assets if f"assets/{a.filename}" not in files}),
        "has_object_graph": objects is not None,
        "object_nodes": len(objects.nodes) if objects else 0,
        "object_kinds": dict(Counter(node.kind for node in objects.nodes)) if objects else {},
        "concrete_functions": len(objects.concrete_functions) if objects else 0,
    }


def signature_form(signature: Signature) -> Expected:
    """One signature."""
    return {
        "method": signature.method_name,
        "inputs": {info.name: tensor_form(info) for info in signature.inputs},
        "outputs": {info.name: tensor_form(info) for info in signature.outputs},
        "defaults": sum(info.default is not None for info in signature.inputs),
    }


def tensor_form(info: TensorInfo) -> Expected:
    """One input or output: the proto's short dtype names, -1 for an unknown size."""
    shape = shape_form(info.shape)
    form: Expected = {
        "dtype": short(info.dtype),
        "shape": None if shape is None else [-1 if size is None else size for size in shape],
    }
    return {**form, "encoding": "coo_sparse"} if info.encoding == "sparse" else {**form, "name": info.tensor_name}


def short(dtype: str) -> str:
    """``float`` for float32, ``double`` for float64, ``half`` for float16; the same of reference types."""
    base = dtype.removesuffix("_ref")
    return {"float32": "float", "float64": "double", "float16": "half"}.get(base, base) + dtype.removeprefix(base)


# The checkpoint -----------------------------------------------------------------------------------------------------


@each_model
def test_checkpoint_files(name: str) -> None:
    expected, model = everything_expected()[name]["checkpoint"], read(name)
    checkpoint = model.checkpoint
    files = {f.path.removeprefix("variables/"): f.size for f in model.files if f.path.startswith("variables/")}
    agree(files, expected.get("files", {}))
    assert bool(files) == expected["dir"]
    assert (checkpoint.presence == "present") == expected["index"]
    there = [shard for shard in checkpoint.shards if shard.presence == "present"]
    assert [shard.file.removeprefix("variables/") for shard in there] == expected.get("shards", [])


@each_model
def test_checkpoint(name: str) -> None:
    expected, checkpoint = everything_expected()[name]["checkpoint"], read(name).checkpoint
    if not expected["index"]:
        assert checkpoint.entries == ()
        return
    ours = checkpoint_form(checkpoint)
    agree(ours, pick(expected, ours))
    bundle = bundle_form(checkpoint)
    agree(bundle, pick(expected["bundle"], bundle))


def checkpoint_form(checkpoint: Checkpoint) -> Expected:
    """What the keys, dtypes and shapes of the index say."""
    entries = checkpoint.entries
    files = {shard.file.removeprefix("variables/"): shard for shard in checkpoint.shards}
    return {
        "shards_declared": checkpoint.num_shards,
        "entries": len(entries),
        "variables": sum(entry.key != OBJECT_GRAPH_KEY for entry in entries),
        "object_graph_key": any(entry.key == OBJECT_GRAPH_KEY for entry in entries),
        "dtypes": dict(Counter(entry.dtype for entry in entries)),
        "elements": sum(entry.elements for entry in entries),
        "params_bytes": sum(entry.size for entry in entries if entry.dtype != "string"),
        "longest_key": max(len(entry.key) for entry in entries),
        "shards_missing": [file for file, shard in files.items() if shard.declared and shard.presence != "present"],
        "shards_stale": [file for file, shard in files.items() if not shard.declared],
    }


def bundle_form(checkpoint: Checkpoint) -> Expected:
    """What the index's header and blocks say."""
    entries = checkpoint.entries
    return {
        "num_shards": checkpoint.num_shards,
        "endianness": ("little", "big").index(checkpoint.endianness),
        "entries": len(entries),
        "blocks": checkpoint.blocks,
        "snappy_blocks": checkpoint.compressed_blocks,
        "partitioned": sum(bool(entry.slices) for entry in entries),
        "slice_keys": sum(len(entry.slices) for entry in entries),
        "zero_size": sum(entry.size == 0 for entry in entries),
        "non_ascii_keys": sum(not entry.key.isascii() for entry in entries),
        "shard_ids": sorted({entry.shard for entry in entries if entry.shard is not None}),
        "shards_used_bytes": {str(shard.index): shard.needed for shard in checkpoint.shards if shard.declared},
    }


@each_model
def test_values(name: str) -> None:
    """Every value that TensorFlow's reader could read can be read, and its CRC holds; no other can."""
    expected, checkpoint = everything_expected()[name]["checkpoint"], read(name).checkpoint
    readable = [entry for entry in checkpoint.entries if can_read(checkpoint, entry)]
    assert len(readable) == expected.get("readable", 0)
    assert len(checkpoint.entries) - len(readable) == expected.get("unreadable", 0)


def can_read(checkpoint: Checkpoint, entry: Any) -> bool:
    """Whether the values are there; asserts that they are the ones written."""
    assert checkpoint.reader is not None
    try:
        assert checkpoint.reader.read(entry).shape == entry.shape
    except FormatError:
        return False
    assert checkpoint.reader.computed_crc32c(entry) == entry.crc32c
    return True


@each_model
def test_checkpoint_object_graph(name: str) -> None:
    expected, model = everything_expected()[name]["checkpoint"], read(name)
    objects = model.checkpoint_objects
    assert (objects.node_count if objects else None) == expected.get("trackable_nodes")
    if expected.get("object_graph_key"):  # Slots of a name-based checkpoint are told by guesses about names.
        slots = sum("/.OPTIMIZER_SLOT/" in entry.key for entry in model.checkpoint.entries)
        assert slots == expected["slot_keys"]


# The rest -----------------------------------------------------------------------------------------------------------


@each_model
def test_other_files(name: str) -> None:
    expected, model = everything_expected()[name], read(name)
    for folder, key in (("assets/", "asset_files"), ("assets.extra/", "asset_extra")):
        assert [f.path.removeprefix(folder) for f in model.files if f.path.startswith(folder)] == expected[key]


@each_model
def test_fingerprint(name: str) -> None:
    expected, stored = everything_expected()[name]["fingerprint"], read(name).fingerprint
    if expected is None:
        assert stored is None
        return
    assert stored is not None
    fields = (
        "saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash",
        "checkpoint_hash",
    )  # fmt: skip
    ours: Expected = {field: str(getattr(stored, field)) for field in fields}
    ours |= {"uuid": stored.uuid, "version": stored.producer}
    agree(ours, pick(expected, ours))


# The report ---------------------------------------------------------------------------------------------------------


@each_model
def test_report(name: str) -> None:
    """What the analysis counts is what was expected: nothing is lost between the model and the report."""
    expected = everything_expected()[name]
    report = smanalyze.analyze(read(name))
    theirs = expected["meta_graphs"] or []
    for counted, meta_graph in zip(theirs, report.meta_graphs, strict=True):
        assert meta_graph.ops.distinct == counted["distinct_ops"]
        assert meta_graph.ops.total == counted["nodes"] + counted["function_nodes"]
        assert {op.op: op.count for op in meta_graph.ops.unregistered} == counted["unregistered_ops"]
        special = ("__saved_model_init_op", "__saved_model_train_op")
        keys = [signature.key for signature in meta_graph.signatures]
        assert keys == sorted(key for key in counted["signatures"] if key not in special)
        assert len(meta_graph.functions) == counted["functions"]
    counts = report.model.counts
    assert counts.nodes == sum(counted["nodes"] + counted["function_nodes"] for counted in theirs)
    assert counts.objects == sum(counted["object_nodes"] for counted in theirs)
    assert counts.concrete_functions == sum(counted["concrete_functions"] for counted in theirs)
    assert report.checkpoint.tensors == expected["checkpoint"]["variables"]
    missing = {row.filename for row in report.assets if row.presence != "present"}
    assert missing == {file for counted in theirs for file in counted["assets_missing"]}
