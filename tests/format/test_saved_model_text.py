"""saved_model.pbtxt, and the files that only bear its name."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format.saved_model import parse_saved_model
from smanalyze.format.saved_model_text import binary_of, parse_saved_model_text
from smanalyze.format.schema import message_class
from tests.models import GOOD

REFUSED = [
    # bytes, words of the sentence, byte where reading stopped
    (b'node {\n  name: "a"\n}\n', "GraphDef", 0),
    (b"# a comment\nlibrary {\n}\n", "GraphDef", 12),
    (b"versions { producer: 9 }", "GraphDef", 0),
    (b"item {\n  id: 1\n  name: 'cat'\n}\n", "label map", 0),
    (b"\n\n  item{id: 1}", "label map", 4),
    (b"meta_info_def { }", "MetaGraphDef", 0),
    (b"graph_def { }", "MetaGraphDef", 0),
    (b"model { ssd { } }", "training pipeline", 0),
    (b"\x08\x01\x12\x00", "binary", 0),
    (b"saved_model_schema_version: 1 # \xff", "not UTF-8", 32),
    (b"saved_model_schema_version: 1\nmeta_graphs {\n  oops\n", "line", None),
    (b"no_such_field: 1\n", "no field named", 0),
    (b"saved_model_schema_version: 'text'", "line 1", 0),
    (b"<html><body>404</body></html>", "line 1", 0),
]


@pytest.mark.parametrize(("data", "words", "offset"), REFUSED)
def test_what_is_no_saved_model_says_what_it_is(data: bytes, words: str, offset: int | None) -> None:
    with pytest.raises(FormatError) as caught:
        parse_saved_model_text(data, file="saved_model.pbtxt")
    assert words in caught.value.message
    assert caught.value.file == "saved_model.pbtxt"
    assert offset is None or caught.value.offset == offset
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("data", [b"", b"# nothing but a comment\n", b"\xef\xbb\xbf" if False else b"  \n"])
def test_an_empty_text_is_an_empty_model(data: bytes) -> None:
    assert parse_saved_model_text(data, file="f").meta_graphs == ()


def test_the_line_of_a_fault_is_told_in_bytes() -> None:
    text = "saved_model_schema_version: 1\n# ünïcode\nmeta_graphs { signature_def { key: 5 } }\n"
    with pytest.raises(FormatError, match="line 3") as caught:
        parse_saved_model_text(text.encode(), file="f")
    assert text.encode()[caught.value.offset or 0 :].startswith(b"meta_graphs")


def test_fields_of_newer_releases_cost_only_themselves() -> None:
    data = b"saved_model_schema_version: 1\nmeta_graphs {\n from_the_future: 3\n meta_info_def { tags: 'serve' } }\n"
    parsed = parse_saved_model_text(data, file="f")
    assert [graph.tags for graph in parsed.meta_graphs] == [("serve",)]
    (loss,) = parsed.losses
    assert "from_the_future" in loss.reason
    assert data[loss.offset :].startswith(b" from_the_future")


@pytest.mark.parametrize("name", ["module_one_signature", "tables_and_assets", "tf1_builder_multi_metagraph"])
def test_text_and_binary_are_the_same_model(name: str) -> None:
    data = (GOOD / name / "saved_model.pb").read_bytes()
    message = message_class("tensorflow.SavedModel").FromString(data)
    text = parse_saved_model_text(text_format.MessageToString(message).encode(), file="f")
    binary = parse_saved_model(data)
    assert text.meta_graphs == binary.meta_graphs
    for ours, theirs in zip(text.meta_graphs, binary.meta_graphs, strict=True):
        assert [node.name for node in ours.graph.nodes] == [node.name for node in theirs.graph.nodes]
        assert list(ours.graph.functions) == list(theirs.graph.functions)


def nested(levels: int) -> bytes:
    """A model with a list in a list …; each takes two messages."""
    head = b'meta_graphs { object_graph_def { concrete_functions { key: "f" value { output_signature { '
    return head + b"list_value { values { " * levels + b"} } " * levels + b"} } } } }"


@pytest.mark.parametrize("levels", [60, 150, 3000])
def test_messages_are_nested_no_deeper_than_in_the_binary_form(levels: int) -> None:
    """The parser of text would end in a RecursionError, or later who walks the message."""
    assert parse_saved_model_text(nested(40), file="f").meta_graphs[0].objects is not None
    assert binary_of(nested(40))
    for parse in (lambda data: parse_saved_model_text(data, file="f"), binary_of):
        with pytest.raises(FormatError, match="nested too deeply"):
            parse(nested(levels))


def test_unknown_fields_are_nested_no_deeper_either() -> None:
    with pytest.raises(FormatError, match="nested too deeply"):
        parse_saved_model_text(b"meta_graphs { unknown " + b"{ a " * 3000 + b"} " * 3000 + b"}", file="f")


@given(text=st.text(max_size=120))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        parse_saved_model_text(text.encode("utf-8", "surrogatepass"), file="f")
    except FormatError as error:
        assert error.file == "f"
