"""The hashes of fingerprint.pb of a split model (.cpb).

They are made of the chunks as they are, and of a model in which only the large parts are merged; nothing is left out
of the program hash as in ``fingerprint``. The first chunk, with all that did not have to be split, is no part of the
checksum.

Source: tensorflow/cc/saved_model/fingerprinting_x_platform_utils.cc,
tensorflow/cc/saved_model/fingerprinting_utils.cc (HashFields, PruneChunkedMessage, CreateFingerprintDefCpb).
"""

from __future__ import annotations

from typing import Any

from smanalyze.format.canonical import canonical
from smanalyze.format.chunked import Merger, SplitMessage
from smanalyze.format.farmhash import fingerprint64, fingerprint_cat64
from smanalyze.format.fingerprint import NO_META_GRAPH, not_computable
from smanalyze.format.schema import message_class
from smanalyze.model.fingerprints import SPLIT, ComputedHash

_WAYS = tuple((("field", 2), ("index", 0), ("field", number)) for number in (2, 5, 7))
"""To graph_def, signature_def and object_graph_def of the first MetaGraph."""

Tags = tuple[tuple[str, Any], ...]


def split_graph_hashes(split: SplitMessage) -> tuple[ComputedHash, ...]:
    """The four hashes of saved_model.cpb, in order; raises FormatError where the chunks do not go together."""
    hashed = _ChunkHasher(split)
    checksum = fingerprint_cat64(hashed.fields(split.message, ()), fingerprint64(b""))
    pruned = message_class("tensorflow.proto_splitter.ChunkedMessage")()
    _prune(split.message, pruned)
    merged = message_class("tensorflow.SavedModel")()
    Merger(split.chunks).merge(merged, pruned)
    model = canonical(merged.SerializeToString())
    first = ComputedHash("saved_model_checksum", SPLIT, checksum)
    if not model.meta_graphs:
        return first, *list(not_computable(NO_META_GRAPH, SPLIT))[1:]
    meta_graph = model.meta_graphs[0]
    in_graph, in_signatures, in_objects = (hashed.fields(split.message, way) for way in _WAYS)
    program = fingerprint64(meta_graph.graph_def.SerializeToString())
    signatures = 0
    for entry in meta_graph.signature_def:
        one = fingerprint_cat64(fingerprint64(entry.key.encode()), fingerprint64(entry.value.SerializeToString()))
        signatures = fingerprint_cat64(fingerprint_cat64(signatures, one), in_signatures)
    objects = fingerprint64(meta_graph.object_graph_def.SerializeToString())
    return (
        first,
        ComputedHash("graph_def_program_hash", SPLIT, fingerprint_cat64(program, in_graph)),
        ComputedHash("signature_def_hash", SPLIT, signatures),
        ComputedHash("saved_object_graph_hash", SPLIT, fingerprint_cat64(objects, in_objects)),
    )


class _ChunkHasher:
    """HashFields: the chunks of a ChunkedMessage that lie in one field."""

    def __init__(self, split: SplitMessage) -> None:
        self.merger = Merger(split.chunks)
        self.known: dict[int, int] = {}

    def chunk(self, chunked: Any) -> int:
        found = self.known.get(chunked.chunk_index)
        if found is None:
            found = self.known[chunked.chunk_index] = fingerprint64(self.merger.chunk(chunked))
        return found

    def fields(self, chunked: Any, wanted: Tags) -> int:
        result = 0
        for field in chunked.chunked_fields:
            tags, inner = _tags(field), field.message
            matching = _matching(tags, wanted)
            has_chunk = inner.HasField("chunk_index")
            if matching == len(wanted):
                found = self.chunk(inner) if has_chunk else self.fields(inner, wanted)
                result = fingerprint_cat64(result, found)
            elif matching == len(tags) and has_chunk:
                result = fingerprint_cat64(result, self.fields(inner, wanted))
            elif matching == len(tags):
                for deeper in inner.chunked_fields:
                    result = fingerprint_cat64(result, self.fields(deeper.message, wanted))
        return result


def _tags(field: Any) -> Tags:
    return tuple(_tag(tag) for tag in field.field_tag)


def _tag(tag: Any) -> tuple[str, Any]:
    kind = tag.WhichOneof("kind") or ""
    return kind, tag.map_key.SerializeToString() if kind == "map_key" else getattr(tag, kind, 0)


def _matching(tags: Tags, wanted: Tags) -> int:
    """How many leading tags are equal."""
    count = 0
    for one, other in zip(tags, wanted, strict=False):
        if one != other:
            break
        count += 1
    return count


def _prune(chunked: Any, kept: Any) -> None:
    """Only the fields on the way to the graph, the signatures and the object graph."""
    if chunked.HasField("chunk_index"):
        kept.chunk_index = chunked.chunk_index
    for field in chunked.chunked_fields:
        tags = _tags(field)
        if any(_matching(tags, way) == len(tags) for way in _WAYS):
            copy = kept.chunked_fields.add()
            copy.field_tag.extend(field.field_tag)
            _prune(field.message, copy.message)
