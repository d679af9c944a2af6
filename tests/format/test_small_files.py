"""The small files beside saved_model.pb."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format.small_files import (
    parse_debug_info,
    parse_fingerprint,
    parse_keras_metadata,
    parse_tfhub_module,
)
from smanalyze.model.side_files import Fingerprint, KerasNode

from .protos import proto

PARSERS = [parse_fingerprint, parse_keras_metadata, parse_debug_info, parse_tfhub_module]


def test_fingerprint_hashes_are_unsigned() -> None:
    top = 2**64 - 1
    message = proto("FingerprintDef", f"saved_model_checksum: {top} checkpoint_hash: 7 version {{ producer: 3 }}")
    message.uuid = "u"
    assert parse_fingerprint(message.SerializeToString(), file="f") == Fingerprint(top, 0, 0, 0, 7, "u", 3)


def test_keras_nodes_stay_in_file_order() -> None:
    message = proto(
        "keras.SavedMetadata", 'nodes { node_id: 5 node_path: "root.b" } nodes { node_id: 1 metadata: "{" }'
    )
    nodes = parse_keras_metadata(message.SerializeToString(), file="k")
    assert nodes == (KerasNode(5, "root.b", "", ""), KerasNode(1, "", "", "{"))


@pytest.mark.parametrize(
    ("text", "traces"),
    [
        ('files: "a.py" traces { key: "n@f" value {} }', 1),
        ('files: "a.py" name_to_trace_id { key: "n@f" value: 1 } name_to_trace_id { key: "m@f" value: 1 }', 2),
        ('files: "a.py"', 0),
    ],
)
def test_debug_info_in_either_form(text: str, traces: int) -> None:
    parsed = parse_debug_info(proto("GraphDebugInfo", text).SerializeToString(), file="d")
    assert (parsed.files, parsed.traces) == (("a.py",), traces)


def test_names_in_debug_info_are_text_even_where_they_are_not_utf8() -> None:
    """The proto is of syntax 2, where protobuf does not check."""
    data = proto("GraphDebugInfo", 'files: "XX.py"').SerializeToString().replace(b"XX", b"\xff\xfe")
    assert parse_debug_info(data, file="d").files == (r"\xff\xfe.py",)


@pytest.mark.parametrize(("data", "said"), [(b"\x08\x03", "format 3"), (b"\x08\x03extra", "format 3")])
def test_hub_marker(data: bytes, said: str) -> None:
    assert parse_tfhub_module(data, file="t") == said


@pytest.mark.parametrize("data", [b"", b"\x08", b"\x10\x03", b"\x08\x83\x01"])
def test_what_is_no_hub_marker(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        parse_tfhub_module(data, file="tfhub_module.pb")
    assert caught.value.file == "tfhub_module.pb"


@pytest.mark.parametrize("parse", PARSERS)
@given(data=st.binary(max_size=80))
def test_any_bytes_parse_or_are_refused_with_the_file(parse: object, data: bytes) -> None:
    try:
        parse(data, file="name")  # type: ignore[operator]
    except FormatError as error:
        assert error.file == "name"
