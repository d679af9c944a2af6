"""Seeds made of the files of ``testdata``, and bytes put into a form whose checksums are right.

A format that begins with a checksum lets no mutation in; so what is fuzzed is also run with its checksums put right.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from smanalyze.errors import SmanalyzeError
from smanalyze.format.bundle import OBJECT_GRAPH_KEY
from smanalyze.format.bundle_reader import BundleReader
from smanalyze.format.checksum import masked_crc32c
from smanalyze.format.faults import Faults
from smanalyze.format.highwayhash import Key, highwayhash64
from smanalyze.format.schema import message_class
from smanalyze.format.table import read_blocks
from smanalyze.format.tensor_bundle import parse_bundle_index
from tests.format.bundle_writer import table
from tests.format.riegeli_writer import BLOCK, BLOCK_HEADER, split_file

_SPLITTER = "tensorflow.proto_splitter."
_RIEGELI_KEY: Key = tuple(int.from_bytes(word, "little") for word in (b"Riegeli/", b"records\n") * 2)  # type: ignore[assignment]
_CHUNK_HEADER = 40
_CHUNKS = 3
"""Chunks of a split message that is fuzzed."""


def as_it_is(file: Path) -> Iterator[bytes]:
    """The bytes of the file."""
    yield file.read_bytes()


# Tables and bundles ---------------------------------------------------------------------------------------------------


def tables(file: Path) -> Iterator[bytes]:
    """The file, and its pairs in blocks of three with and without compression."""
    data = file.read_bytes()
    yield data
    pairs = [pair for block in read_blocks(data, Faults("", "")) for pair in block.entries]
    for compress in (False, True):
        yield table(pairs, 3, compress)


def bundles(file: Path) -> Iterator[bytes]:
    """The length of the index, the index, the bytes of the first data file."""
    index = file.read_bytes()
    yield len(index).to_bytes(4, "little") + index + _first_shard(file)


def cut(data: bytes) -> tuple[bytes, bytes]:
    """(index, data file) of a seed of ``bundles``."""
    stop = 4 + int.from_bytes(data[:4], "little")
    return data[4:stop], data[stop:]


def _first_shard(index: Path) -> bytes:
    found = sorted(index.parent.glob(f"{index.stem}.data-*"))
    return found[0].read_bytes() if found else b""


# Split models ---------------------------------------------------------------------------------------------------------


def riegeli_files(file: Path) -> Iterator[bytes]:
    """The model as saved_model.cpb, by each compression."""
    chunks, message = _split(file)
    for method in (b"\0", b"b", b"s"):
        yield split_file(chunks, message, message_class(_SPLITTER + "ChunkMetadata"), method)


def split_messages(file: Path) -> Iterator[bytes]:
    """The lengths of the chunks, the chunks, the ChunkedMessage."""
    chunks, message = _split(file)
    yield (
        b"".join(len(chunk).to_bytes(4, "little") for chunk in chunks)
        + b"".join(chunks)
        + bytes(message.SerializeToString())
    )


def cut_chunks(data: bytes) -> tuple[tuple[bytes, ...], bytes]:
    """(chunks, ChunkedMessage) of a seed of ``split_messages``."""
    position = 4 * _CHUNKS
    chunks = []
    for number in range(_CHUNKS):
        stop = position + int.from_bytes(data[4 * number : 4 * number + 4], "little")
        chunks.append(data[position:stop])
        position = stop
    return tuple(chunks), data[position:]


def _split(file: Path) -> tuple[list[bytes], Any]:
    """The graph and one signature of the first MetaGraph are chunks of their own."""
    model = message_class("tensorflow.SavedModel").FromString(file.read_bytes())
    chunked = message_class(_SPLITTER + "ChunkedMessage")(chunk_index=0)
    chunks = [b""]
    for meta_graph in model.meta_graphs[:1]:
        _add_field(chunked, len(chunks), 2)
        chunks.append(meta_graph.graph_def.SerializeToString())
        meta_graph.ClearField("graph_def")
        for key in sorted(meta_graph.signature_def)[:1]:
            _add_field(chunked, len(chunks), 5).map_key.s = key
            chunks.append(meta_graph.signature_def[key].SerializeToString())
            del meta_graph.signature_def[key]
    chunks[0] = model.SerializeToString()
    return (chunks + [b""] * _CHUNKS)[:_CHUNKS], chunked


def _add_field(chunked: Any, chunk: int, number: int) -> Any:
    """A field of the first MetaGraph that is a chunk; gives one more tag, which a map needs."""
    field = chunked.chunked_fields.add()
    field.message.chunk_index = chunk
    for tag in ({"field": 2}, {"index": 0}, {"field": number}):
        field.field_tag.add(**tag)
    return field.field_tag.add() if number == 5 else None


def resealed_riegeli(data: bytes) -> bytes:
    """The same with the hashes of its chunks put right, as far as the first block of the file goes."""
    out = bytearray(data)
    begin = 0
    while (body := (begin or BLOCK_HEADER) + _CHUNK_HEADER) <= min(len(out), BLOCK):
        head = body - _CHUNK_HEADER
        stop = body + int.from_bytes(out[head + 8 : head + 16], "little")
        if stop <= min(len(out), BLOCK):
            out[head + 16 : head + 24] = _riegeli_hash(out[body:stop])
        out[head : head + 8] = _riegeli_hash(out[head + 8 : body])
        begin = max(stop, begin + int.from_bytes(out[head + 25 : head + 32], "little"))
    return bytes(out)


def _riegeli_hash(data: bytearray) -> bytes:
    return highwayhash64(bytes(data), _RIEGELI_KEY).to_bytes(8, "little")


# The rest -------------------------------------------------------------------------------------------------------------


def resealed_records(data: bytes) -> bytes:
    """A TFRecord file with the checksums of its records put right."""
    out = bytearray(data)
    position = 0
    while position + 12 <= len(out):
        out[position + 8 : position + 12] = _crc(out[position : position + 8])
        stop = position + 12 + int.from_bytes(out[position : position + 8], "little")
        if stop + 4 > len(out):
            break
        out[stop : stop + 4] = _crc(out[position + 12 : stop])
        position = stop + 4
    return bytes(out)


def as_record(data: bytes) -> bytes:
    """A TFRecord file of one record."""
    head = len(data).to_bytes(8, "little")
    return head + _crc(head) + data + _crc(data)


def _crc(data: bytes | bytearray) -> bytes:
    return masked_crc32c(bytes(data)).to_bytes(4, "little")


def object_graphs(file: Path) -> Iterator[bytes]:
    """The object graphs of the MetaGraphs in a .pb, or that of the checkpoint whose index it is."""
    if file.suffix == ".pb":
        try:
            model = message_class("tensorflow.SavedModel").FromString(file.read_bytes())
        except DecodeError:
            return
        yield from (meta_graph.object_graph_def.SerializeToString() for meta_graph in model.meta_graphs)
        return
    reader = BundleReader(lambda _: _first_shard(file))
    for entry in parse_bundle_index(file.read_bytes(), file="").entries:
        if entry.key == OBJECT_GRAPH_KEY:
            try:
                yield from islice(reader.read_strings(entry), 1)
            except SmanalyzeError:
                return


def manifests(file: Path) -> Iterator[bytes]:
    """A statement about the file, in an envelope, too, and the statement of OpenSSF model-signing."""
    listed = {"name": file.name, "digest": {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}}
    statement = {
        "_type": "https://in-toto.io/Statement/v1", "subject": [listed],
        "predicateType": "https://smanalyze/saved-model/v1.0", "predicate": {"fingerprint": {"uuid": "1"}},
    }  # fmt: skip
    digest = listed["digest"]["sha256"]  # type: ignore[index]
    root = {"name": "model", "digest": {"sha256": hashlib.sha256(bytes.fromhex(digest)).hexdigest()}}
    predicate = {
        "serialization": {"method": "files", "ignore_paths": [".git"], "hash_type": "sha256"},
        "resources": [{"name": file.name, "digest": digest, "algorithm": "sha256"}],
    }
    signing = {
        **statement, "subject": [root], "predicate": predicate,
        "predicateType": "https://model_signing/signature/v1.0",
    }  # fmt: skip
    for one in (statement, signing):
        text = json.dumps(one).encode()
        yield text
        payload = {"payload": base64.b64encode(text).decode(), "payloadType": "application/vnd.in-toto+json"}
        yield json.dumps({"dsseEnvelope": payload}).encode()
