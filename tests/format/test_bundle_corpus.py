"""Bundles that others wrote: what they hold is known from elsewhere, and TensorFlow itself reads them."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smanalyze.errors import FormatError
from smanalyze.format.bundle_reader import BundleReader
from smanalyze.format.shards import parse_shards, shard_file
from smanalyze.format.tensor_bundle import ParsedIndex, parse_bundle_index
from smanalyze.model.parts import FileEntry

CORPUS = os.environ.get("SMANALYZE_CORPUS")
needs_corpus = pytest.mark.skipif(CORPUS is None, reason="SMANALYZE_CORPUS does not name a folder of SavedModels")


def corpus() -> Path:
    return Path(CORPUS or ".")


def prefixes() -> list[str]:
    """Every bundle of the corpus, as its prefix relative to it."""
    found = sorted(corpus().glob("*/**/*.index")) if CORPUS else []
    return [str(path.relative_to(corpus()).with_suffix("")) for path in found]


def expected() -> list[dict[str, Any]]:
    if not CORPUS:
        return []
    models = json.loads((corpus() / "expected.json").read_text())
    return [model for model in models if model["checkpoint"].get("bundle")]


def parse(prefix: str) -> ParsedIndex:
    return parse_bundle_index((corpus() / f"{prefix}.index").read_bytes(), file=f"{prefix}.index")


def reader(prefix: str, index: ParsedIndex) -> BundleReader:
    def open_shard(number: int) -> bytes:
        return (corpus() / shard_file(prefix, number, index.num_shards)).read_bytes()

    return BundleReader(open_shard, index.endianness)


@needs_corpus
@pytest.mark.parametrize("model", expected(), ids=lambda model: model["name"])
def test_public_model(model: dict[str, Any]) -> None:
    known, bundle = model["checkpoint"], model["checkpoint"]["bundle"]
    folder = corpus() / "public" / model["name"]
    index = parse(f"public/{model['name']}/variables/variables")
    assert (index.presence, index.problems) == ("present", ())
    assert index.num_shards == bundle["num_shards"]
    assert index.endianness == ("big" if bundle["endianness"] else "little")
    assert (index.producer, index.min_consumer) == (bundle["version"], bundle["min_consumer"])
    assert (index.blocks, index.compressed_blocks) == (bundle["blocks"], bundle["snappy_blocks"])
    assert len(index.entries) == known["entries"]
    assert Counter(entry.dtype for entry in index.entries) == known["dtypes"]
    assert sum(bool(entry.slices) for entry in index.entries) == bundle["partitioned"]
    assert sum(len(entry.slices) for entry in index.entries) == bundle["slice_keys"]
    assert sum(entry.elements for entry in index.entries) == known["elements"]
    assert sum(entry.size for entry in index.entries if entry.dtype != "string") == known["params_bytes"]
    files = [FileEntry(f"variables/{path.name}", path.stat().st_size) for path in (folder / "variables").iterdir()]
    shards = parse_shards(index, files, lambda path: (folder / path).read_bytes()).shards
    declared = [shard for shard in shards if shard.declared]
    assert [Path(shard.file).name for shard in declared if shard.presence != "present"] == known["shards_missing"]
    assert [Path(shard.file).name for shard in shards if not shard.declared] == known["shards_stale"]
    needed = {str(shard.index): shard.needed for shard in declared if shard.needed}
    assert needed == {number: size for number, size in bundle["shards_used_bytes"].items() if size}


@needs_corpus
@pytest.mark.parametrize("prefix", prefixes())
def test_every_value_that_is_there(prefix: str) -> None:
    index = parse(prefix)
    assert index.problems == ()
    values = reader(prefix, index)
    for entry in index.entries:
        shards = {piece.shard for piece in entry.slices} or {entry.shard or 0}
        if not all((corpus() / shard_file(prefix, shard, index.num_shards)).exists() for shard in shards):
            with pytest.raises(FormatError):
                values.read(entry)
            continue
        assert values.read(entry).shape == entry.shape
        for piece in entry.slices:
            assert values.computed_crc32c(entry, piece) == piece.crc32c
        if not entry.slices:
            assert values.computed_crc32c(entry) == entry.crc32c


@needs_corpus
@pytest.mark.parametrize(("name", "endianness", "compressed"), [("big", "big", 0), ("snappymulti", "little", None)])
def test_exotic_bundles(name: str, endianness: str, compressed: int | None) -> None:
    index = parse(f"bundle_edge/{name}/v")
    assert index.endianness == endianness
    assert index.compressed_blocks == (index.blocks if compressed is None else compressed)
    assert index.entries


@cache
def tensorflow() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return pytest.importorskip("tensorflow")


def complete(prefix: str) -> bool:
    index = parse(prefix)
    return all((corpus() / shard_file(prefix, number, index.num_shards)).exists() for number in range(index.num_shards))


def assert_same_as_tensorflow(prefix: str, index: ParsedIndex, values: BundleReader, path: Path) -> None:
    theirs = tensorflow().train.load_checkpoint(str(path))
    shapes = theirs.get_variable_to_shape_map()
    dtypes = theirs.get_variable_to_dtype_map()
    assert {entry.key: list(entry.shape) for entry in index.entries} == shapes, prefix
    assert {entry.key: entry.dtype for entry in index.entries} == {key: kind.name for key, kind in dtypes.items()}
    for entry in index.entries:
        ours, known = values.read(entry), theirs.get_tensor(entry.key)
        if entry.dtype == "string":
            assert ours.tolist() == np.asarray(known, object).tolist()
        else:
            assert ours.tobytes() == np.asarray(known).tobytes(), entry.key


@needs_corpus
@pytest.mark.tensorflow
@pytest.mark.parametrize("prefix", [prefix for prefix in prefixes() if complete(prefix)])
def test_same_as_tensorflow(prefix: str) -> None:
    index = parse(prefix)
    assert_same_as_tensorflow(prefix, index, reader(prefix, index), corpus() / prefix)


def every_dtype(tf: Any) -> Iterator[tuple[str, Any]]:
    for name in ("float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "bool"):
        yield name, tf.cast(tf.constant([[0, 1, 2], [3, 4, 5]]), name)
    for name in ("uint8", "uint16", "uint32", "uint64", "complex64", "complex128"):
        yield name, tf.cast(tf.constant([[0, 1, 2], [3, 4, 5]]), name)
    yield "float8_e5m2", tf.cast(tf.constant([0.5, 1.0]), tf.dtypes.experimental.float8_e5m2)
    yield "float8_e4m3fn", tf.cast(tf.constant([0.5, 1.0]), tf.dtypes.experimental.float8_e4m3fn)
    yield "int4", tf.cast(tf.constant([-8, 7, 0]), tf.dtypes.experimental.int4)
    yield "uint4", tf.cast(tf.constant([15, 7, 0]), tf.dtypes.experimental.uint4)
    yield "string", tf.constant([["a", ""], ["x" * 300, "é"]])
    yield "empty", tf.zeros([0, 3])
    yield "empty_string", tf.zeros([0], tf.string)
    yield "scalar", tf.constant(7.5)


def written(tmp_path: Path, save: Callable[[Any, str], None]) -> tuple[ParsedIndex, BundleReader]:
    save(tensorflow(), str(tmp_path / "ckpt"))
    index = parse_bundle_index((tmp_path / "ckpt.index").read_bytes(), file="ckpt.index")
    assert index.problems == ()
    shards = [
        (tmp_path / shard_file("ckpt", number, index.num_shards)).read_bytes() for number in range(index.num_shards)
    ]
    return index, BundleReader(shards.__getitem__, index.endianness)


@pytest.mark.tensorflow
def test_every_dtype_as_tensorflow_writes_it(tmp_path: Path) -> None:
    def save(tf: Any, prefix: str) -> None:
        names, tensors = zip(*every_dtype(tf), strict=True)
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)

    index, values = written(tmp_path, save)
    assert len(index.entries) == 23
    assert_same_as_tensorflow("ckpt", index, values, tmp_path / "ckpt")
    assert [values.computed_crc32c(entry) for entry in index.entries] == [entry.crc32c for entry in index.entries]


@pytest.mark.tensorflow
def test_slices_as_tensorflow_writes_them(tmp_path: Path) -> None:
    def save(tf: Any, prefix: str) -> None:
        whole = tf.reshape(tf.range(20 * 300, dtype=tf.float32), [20, 300])
        tf.raw_ops.SaveV2(
            prefix=prefix,
            tensor_names=["emb", "emb", "emb", b"a\0b\xff", b"a\0b\xff", "whole"],
            shape_and_slices=["20 300 0,5:-", "20 300 5,15:0,100", "20 300 5,15:100,200", "300 0,70", "300 70,230", ""],
            tensors=[whole[:5], whole[5:, :100], whole[5:, 100:], whole[0, :70], whole[0, 70:], whole],
        )

    index, values = written(tmp_path, save)
    assert [(entry.key, len(entry.slices)) for entry in index.entries] == [("a\0b\\xff", 2), ("emb", 3), ("whole", 0)]
    row, emb, whole = map(values.read, index.entries)
    np.testing.assert_array_equal(whole, np.arange(20 * 300, dtype=np.float32).reshape(20, 300))
    np.testing.assert_array_equal(emb, whole)
    np.testing.assert_array_equal(row, whole[0])
    theirs = tensorflow().train.load_checkpoint(str(tmp_path / "ckpt"))
    np.testing.assert_array_equal(emb, theirs.get_tensor("emb"))
    for entry in index.entries:
        assert [values.computed_crc32c(entry, piece) for piece in entry.slices] == [p.crc32c for p in entry.slices]


@pytest.mark.tensorflow
def test_variants_as_tensorflow_writes_them(tmp_path: Path) -> None:
    def save(tf: Any, prefix: str) -> None:
        handles = tf.raw_ops.TensorListFromTensor(
            tensor=tf.constant([1.0, 2.0]), element_shape=tf.constant([], tf.int32)
        )
        tf.raw_ops.SaveV2(prefix=prefix, tensor_names=["v"], shape_and_slices=[""], tensors=[handles])

    index, values = written(tmp_path, save)
    (entry,) = index.entries
    assert (entry.dtype, entry.shape) == ("variant", ())
    assert values.computed_crc32c(entry) == entry.crc32c
