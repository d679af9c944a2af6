"""What is kept of a damaged message, and that what is kept is right."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smanalyze.format.salvage import MAX_DEPTH, MAX_LOSSES, Loss, salvage
from smanalyze.format.saved_model import parse_saved_model
from smanalyze.format.schema import message_class
from tests.models import GOOD

from .protos import proto

DATA = (GOOD / "module_one_signature" / "saved_model.pb").read_bytes()
WHOLE = message_class("tensorflow.SavedModel").FromString(DATA)


def functions_of(message: object) -> dict[str, bytes]:
    graphs = message.meta_graphs  # type: ignore[attr-defined]
    return {f.signature.name: f.SerializeToString() for graph in graphs for f in graph.graph_def.library.function}


@settings(max_examples=150)
@given(cut=st.integers(0, len(DATA) - 1))
@example(cut=0)
@example(cut=len(DATA) - 1)
def test_of_a_truncated_model_all_that_is_kept_is_the_original(cut: int) -> None:
    """Nodes and functions are a beginning of the originals', signatures and objects some of them."""
    kept, losses = salvage(DATA[:cut], "tensorflow.SavedModel")
    assert all(loss.offset <= cut for loss in losses)
    assert len(kept.meta_graphs) <= 1
    for graph in kept.meta_graphs:
        whole = WHOLE.meta_graphs[0]
        for ours, theirs in (
            (graph.graph_def.node, whole.graph_def.node),
            (graph.graph_def.library.function, whole.graph_def.library.function),
            (graph.object_graph_def.nodes, whole.object_graph_def.nodes),
        ):
            # The last may be cut within.
            assert list(ours)[:-1] == list(theirs)[: max(len(ours) - 1, 0)]
        for key, signature in graph.signature_def.items():
            # An index would add what a protobuf map lacks, and WHOLE is every test's.
            original = {name: info.name for name, info in dict(whole.signature_def).get(key, signature).inputs.items()}
            assert all(info.name in ("", original.get(name)) for name, info in signature.inputs.items())


def sizes_around(data: bytes, start: int, end: int, path: tuple[int, ...]) -> set[int]:
    """Where the sizes stand of the messages that fields of these numbers hold, each within the one before."""
    found: set[int] = set()
    place = start
    while place < end and path:
        tag, place = _varint(data, place)
        if tag & 7 != 2:
            place = _varint(data, place)[1]
            continue
        size, inner = _varint(data, place)
        if tag >> 3 == path[0]:
            found |= {*range(place, inner), *sizes_around(data, inner, inner + size, path[1:])}
        place = inner + size
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    end = next(i for i in range(place, len(data)) if data[i] < 128) + 1
    return sum((byte & 127) << 7 * i for i, byte in enumerate(data[place:end])), end


FUNCTIONS = (2, 2, 2, 1)
"""meta_graphs, graph_def, library, function."""


@settings(max_examples=150)
@given(place=st.sampled_from(sorted(set(range(len(DATA))) - sizes_around(DATA, 0, len(DATA), FUNCTIONS))),
       bits=st.integers(1, 255))  # fmt: skip
def test_one_bad_byte_costs_little(place: int, bits: int) -> None:
    """Where the file still has its MetaGraph, at most what stands at the byte is lost: most functions are kept. Only a
    byte in the size of a function makes it reach into others."""
    damaged = bytearray(DATA)
    damaged[place] ^= bits
    kept, losses = salvage(bytes(damaged), "tensorflow.SavedModel")
    assert kept.IsInitialized()
    same = functions_of(kept).items() & functions_of(WHOLE).items()
    if losses and kept.meta_graphs and all(loss.path.count(".") >= 4 for loss in losses):
        assert len(same) >= len(functions_of(WHOLE)) - 1


def test_a_whole_message_loses_nothing() -> None:
    kept, losses = salvage(DATA, "tensorflow.SavedModel")
    assert losses == ()
    assert kept == WHOLE


def test_a_bad_string_is_left_out_alone() -> None:
    graph = proto("GraphDef", "node { name: 'good' op: 'NoOp' } node { name: 'XXXX' op: 'Add' input: 'good' }")
    data = graph.SerializeToString().replace(b"XXXX", b"\xff\xfe\xfd\xfc")
    with pytest.raises(DecodeError):
        message_class("tensorflow.GraphDef").FromString(data)
    kept, losses = salvage(data, "tensorflow.GraphDef")
    assert [(node.name, node.op, list(node.input)) for node in kept.node] == [
        ("good", "NoOp", []),
        ("", "Add", ["good"]),
    ]
    (loss,) = losses
    assert (loss.path, loss.reason) == ("GraphDef.node.name", "is not valid UTF-8")
    assert data[loss.offset :].startswith(b"\xff\xfe")


def test_a_field_that_ends_too_early() -> None:
    data = proto("GraphDef", "node { name: 'a' op: 'NoOp' } node { name: 'bbbb' op: 'NoOp' }").SerializeToString()
    kept, (loss,) = salvage(data[:-3], "tensorflow.GraphDef")
    assert [node.name for node in kept.node] == ["a", "bbbb"]
    assert loss.reason == "ends 3 bytes too early"
    assert loss.path == "GraphDef.node"


def test_an_impossible_tag() -> None:
    data = proto("GraphDef", "node { name: 'a' op: 'NoOp' }").SerializeToString()
    kept, (loss,) = salvage(data + b"\x07rest", "tensorflow.GraphDef")
    assert [node.name for node in kept.node] == ["a"]
    assert (loss.offset, loss.reason) == (len(data), "holds an impossible field tag (7)")


def test_nesting_has_an_end() -> None:
    inner = b""
    for _ in range(500):  # StructuredValue.list_value (51) . values (1)
        listed = b"\x0a" + _length(inner) + inner
        inner = b"\x9a\x03" + _length(listed) + listed
    kept, losses = salvage(inner, "tensorflow.StructuredValue")
    assert any(f"more than {MAX_DEPTH} levels" in loss.reason for loss in losses)
    kept.SerializeToString()


def _length(data: bytes) -> bytes:
    out, value = bytearray(), len(data)
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def test_noise_has_an_end() -> None:
    node = b"\x0a\x04\x0a\x02\xff\xfe"  # a node whose name is not UTF-8
    _, losses = salvage(node * (MAX_LOSSES * 3), "tensorflow.GraphDef")
    assert len(losses) <= MAX_LOSSES + 1


def test_a_deep_path_is_told_short() -> None:
    text = Loss(0, ".".join(f"f{i}" for i in range(40)), "is bad").text()
    assert text == "f0.f1.f2.f3.f4.….f38.f39 is bad."


@given(data=st.binary(max_size=200))
def test_any_bytes_end_in_a_message(data: bytes) -> None:
    parsed = parse_saved_model(data)
    assert all(0 <= loss.offset <= len(data) for loss in parsed.losses)
