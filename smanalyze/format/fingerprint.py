"""The five hashes of fingerprint.pb, by the algorithm of every release that writes one.

Sources: tensorflow/cc/saved_model/fingerprinting.cc (CreateFingerprintDef), its versions of 2.11 to 2.21;
tensorflow/core/graph/regularization/{simple_delete,util}.cc (what the program hash leaves out). All serialise
deterministically in C++, see ``canonical``. Only the first MetaGraph counts, except for the checksum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from smanalyze.errors import FormatError
from smanalyze.format.canonical import canonical
from smanalyze.format.farmhash import fingerprint64, fingerprint_cat64
from smanalyze.format.faults import Buffer
from smanalyze.model.fingerprints import (
    SINCE_2_11,
    SINCE_2_12,
    SINCE_2_14,
    TF_2_11,
    TF_2_11_TO_2_13,
    ComputedFingerprint,
    ComputedHash,
    HashName,
)  # fmt: skip

_PRODUCER_2_11 = 0
_PRODUCER_2_12_TO_2_20 = 1
_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_DT_STRING = 7
_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]+)[ \t\n\v\f\r]*")
"""What absl::SimpleAtoi takes."""

NO_META_GRAPH = "The model has no MetaGraph."

_Answer = tuple[int | None, str]
"""(value, why there is none)."""


def recompute(data: Buffer, index: Buffer | None, producer: int | None = None) -> ComputedFingerprint:
    """The hashes of a binary SavedModel by the algorithms of a ``producer`` (of fingerprint.pb; None: the newest).

    ``data`` is saved_model.pb and ``index`` variables/variables.index, None where there is none. Never raises for their
    content. Time is linear: parsing, sorting, and some 30 MB of canonical bytes a second.
    """
    try:
        hashes = graph_hashes(data, producer)
    except FormatError as error:
        hashes = tuple(not_computable(error.message))
    return ComputedFingerprint((*hashes, checkpoint_hash(index)))


def graph_hashes(data: Buffer, producer: int | None) -> tuple[ComputedHash, ...]:
    """The four hashes of saved_model.pb, in order; FormatError where it does not parse."""
    message = canonical(data)
    return (*_checksum(message, producer), *_of_meta_graph(message, producer))


def not_computable(reason: str, algorithm: str = "") -> Iterator[ComputedHash]:
    """The four hashes of the graph file, none of which can be computed."""
    names: tuple[HashName, ...] = (
        "saved_model_checksum", "graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash"
    )  # fmt: skip
    for name in names:
        yield ComputedHash(name, algorithm, None, reason)


def checkpoint_hash(index: Buffer | None) -> ComputedHash:
    """The hash of the bytes of variables.index; 0 where there is none, as TensorFlow has it."""
    return ComputedHash("checkpoint_hash", SINCE_2_11, fingerprint64(index) if index is not None else 0)


def _checksum(message: Any, producer: int | None) -> Iterator[ComputedHash]:
    if producer == _PRODUCER_2_11:  # there the field was called graph_def_checksum
        if message.meta_graphs:
            value = fingerprint64(message.meta_graphs[0].graph_def.SerializeToString())
            yield ComputedHash("saved_model_checksum", TF_2_11, value)
        else:
            yield ComputedHash("saved_model_checksum", TF_2_11, None, NO_META_GRAPH)
    else:
        yield ComputedHash("saved_model_checksum", SINCE_2_12, fingerprint64(message.SerializeToString()))


def _of_meta_graph(message: Any, producer: int | None) -> Iterator[ComputedHash]:
    if not message.meta_graphs:
        yield from list(not_computable(NO_META_GRAPH))[1:]
        return
    meta_graph = message.meta_graphs[0]
    yield ComputedHash("graph_def_program_hash", SINCE_2_11, *program_hash(meta_graph.graph_def))
    for algorithm, with_keys in _signature_algorithms(producer, meta_graph.meta_info_def.tensorflow_version):
        yield ComputedHash("signature_def_hash", algorithm, signature_hash(meta_graph.signature_def, with_keys))
    yield ComputedHash("saved_object_graph_hash", SINCE_2_11, *object_graph_hash(meta_graph.object_graph_def))


def _signature_algorithms(producer: int | None, tensorflow_version: str) -> tuple[tuple[str, bool], ...]:
    """(name, does it cover the keys). Producer 1 stands for both; the MetaGraph's release says which is likelier."""
    without_keys, with_keys = (TF_2_11_TO_2_13, False), (SINCE_2_14, True)
    if producer == _PRODUCER_2_11:
        return (without_keys,)
    if producer != _PRODUCER_2_12_TO_2_20:
        return (with_keys,)
    old = re.match(r"2\.1[23]\b", tensorflow_version) is not None
    return (without_keys, with_keys) if old else (with_keys, without_keys)


def program_hash(graph_def: Any) -> _Answer:
    """graph_def_program_hash of a canonical GraphDef, which it changes: the top-level nodes without numbers of
    functions, without the config of calls and without string constants; no library, no versions.

    Not computable where a node lacks an attr that TensorFlow reads without looking: undefined, and it may crash.
    """
    for node in graph_def.node:
        if node.op in _CALLS:
            called = _attr(node, "f")
            if called is None:
                return None, _undefined(node, "f")
            name = called.func.name
            if number_of(name) is not None:  # else it need not be a function at all
                called.func.name = strip_number(name)
            config = _attr(node, "config_proto")
            if config is not None:
                config.s = b""
        elif node.op == "Const":
            dtype, value = _attr(node, "dtype"), _attr(node, "value")
            if dtype is None or (dtype.type == _DT_STRING and value is None):
                return None, _undefined(node, "dtype" if dtype is None else "value")
            if dtype.type == _DT_STRING:
                _clear_oneof(value)
    for part in (graph_def.library, graph_def.versions):
        part.Clear()
        part.SetInParent()  # empty, but written
    return fingerprint64(graph_def.SerializeToString()), ""


def _attr(node: Any, key: str) -> Any:
    return next((entry.value for entry in node.attr if entry.key == key), None)


def _clear_oneof(value: Any) -> None:
    kind = value.WhichOneof("value")
    if kind is not None:
        value.ClearField(kind)


def _undefined(node: Any, attr: str) -> str:
    return f"The {node.op} node {node.name!r} has no attr {attr!r}; TensorFlow's own answer is undefined then."


def signature_hash(entries: Any, with_keys: bool) -> int:
    """signature_def_hash of the canonical entries of signature_def."""
    result = 0
    for entry in entries:
        if with_keys:
            result = fingerprint_cat64(result, fingerprint64(entry.key.encode()))
        result = fingerprint_cat64(result, fingerprint64(entry.value.SerializeToString()))
    return result


def object_graph_hash(object_graph: Any) -> _Answer:
    """saved_object_graph_hash of a canonical SavedObjectGraph: its concrete functions by the number at the end of their
    names.

    Not computable where a name has no number (TensorFlow writes no fingerprint then), or where two have the same (it
    takes either, as its hash table has them).
    """
    numbered: dict[int, Any] = {}
    for entry in object_graph.concrete_functions:
        number = number_of(entry.key)
        if number is None:
            return None, f"The concrete function {entry.key!r} has no number; TensorFlow computes no fingerprint then."
        if number in numbered:
            both = f"{numbered[number].key!r} and {entry.key!r}"
            return None, f"The concrete functions {both} have the same number; which one counts is undefined."
        numbered[number] = entry
    result = 0
    for _, entry in sorted(numbered.items()):
        result = fingerprint_cat64(result, fingerprint64(strip_number(entry.key).encode()))
        result = fingerprint_cat64(result, fingerprint64(entry.value.SerializeToString()))
    return result, ""


def number_of(name: str) -> int | None:
    """The int64 after the last underscore of a function's name, as absl::SimpleAtoi reads it."""
    found = _INTEGER.fullmatch(name.rpartition("_")[2])
    if found is None:
        return None
    number = int(found[1]) if len(found[1]) < 4000 else 1 << 64  # Python refuses to read longer ones
    return number if -(1 << 63) <= number < 1 << 63 else None


def strip_number(name: str) -> str:
    """The name without that number, where it ends with the number as it is usually written."""
    number = number_of(name)
    return name if number is None else name.removesuffix(str(number))
