"""Split models: merged again, and refused where the parts do not go together."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st

import smanalyze
from smanalyze.errors import FormatError
from smanalyze.facts.fingerprint import audit_fingerprint
from smanalyze.format.canonical import canonical
from smanalyze.format.chunked import MAX_DEPTH, Merger, merged_saved_model, parse_split_saved_model, read_chunks
from smanalyze.format.fingerprint_reader import FingerprintReader
from smanalyze.format.schema import message_class, pool
from smanalyze.model.fingerprints import HASH_NAMES
from tests.format.protos import proto
from tests.format.riegeli_writer import RiegeliWriter, split_file
from tests.models import GOOD

METADATA = "tensorflow.proto_splitter.ChunkMetadata"
SPLIT_MODELS = ["assets_brotli", "multi_brotli", "multi_none"]
GRAPH = "field_tag { field: 2 } field_tag { index: 0 } field_tag { field: 2 }"


def chunked(text: str) -> Any:
    return text_format.Parse(text, message_class("tensorflow.proto_splitter.ChunkedMessage")(), descriptor_pool=pool())


def merged(chunks: list[bytes], text: str) -> Any:
    message = message_class("tensorflow.SavedModel")()
    Merger(tuple(chunks)).merge(message, chunked(text))
    return message


def test_fields_go_where_their_tags_say() -> None:
    base = proto("SavedModel", "saved_model_schema_version: 1 meta_graphs { meta_info_def { tags: 'serve' } }")
    graph = proto("GraphDef", "node { name: 'a' op: 'Const' } versions { producer: 7 }")
    more = proto("GraphDef", "node { name: 'b' } library { function { signature { name: 'f' } } }")
    value = proto("AttrValue", "tensor { dtype: DT_STRING }")
    node = f"{GRAPH} field_tag {{ field: 1 }} field_tag {{ index: 0 }} field_tag {{ field: 5 }}"
    found = merged(
        [
            base.SerializeToString(),
            graph.SerializeToString(),
            value.SerializeToString(),
            b"abc",
            more.SerializeToString(),
        ],
        f"""chunk_index: 0
        chunked_fields {{
          {node} field_tag {{ map_key {{ s: 'value' }} }} field_tag {{ field: 8 }} field_tag {{ field: 4 }}
          message {{ chunk_index: 3 }} }}
        chunked_fields {{ {node} field_tag {{ map_key {{ s: 'value' }} }} message {{ chunk_index: 2 }} }}
        chunked_fields {{ {GRAPH} message {{ chunk_index: 4 }} }}
        chunked_fields {{ {GRAPH} message {{ chunk_index: 1 }} }}""",
    )
    expected = """saved_model_schema_version: 1 meta_graphs { meta_info_def { tags: 'serve' } graph_def {
        node { name: 'a' op: 'Const' attr { key: 'value' value { tensor { dtype: DT_STRING tensor_content: 'abc' } } } }
        node { name: 'b' } library { function { signature { name: 'f' } } } versions { producer: 7 } } }"""
    assert found == proto("SavedModel", expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chunk_index: 9", "chunk 9 of 2"),
        ("chunk_index: 1", "does not parse"),
        ("chunked_fields { field_tag { field: 99 } message { chunk_index: 0 } }", "does not have"),
        ("chunked_fields { field_tag { index: 0 } message { chunk_index: 0 } }", "does not have"),
        ("chunked_fields { field_tag { field: 2 } message { chunk_index: 0 } }", "no index"),
        ("chunked_fields { field_tag { field: 2 } field_tag { index: 1 } message { chunk_index: 0 } }", "element 1"),
        ("chunked_fields { field_tag { field: 1 } message { chunk_index: 1 } }", "no value"),
        ("chunked_fields { field_tag { field: 1 } field_tag { field: 1 } message { chunk_index: 0 } }", "inside"),
        (
            "chunked_fields { field_tag { field: 2 } field_tag { index: 0 } field_tag { field: 5 } field_tag "
            "{ map_key { i32: 1 } } message { chunk_index: 0 } }",
            "no key",
        ),
    ],
)
def test_chunks_that_do_not_go_together(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        merged([b"", b"\xff"], text)


def test_a_chunk_used_again_and_again() -> None:
    chunk = proto("SavedModel", "meta_graphs { meta_info_def { any_info { value: 'x' } } }").SerializeToString()
    chunk += b"\xc2\x3e\x80\x80\x40" + b"x" * (1 << 20)
    with pytest.raises(FormatError, match="again and again"):
        merged([chunk], "chunked_fields { message { chunk_index: 0 } } " * 200)


def test_a_record_that_is_listed_as_many_chunks() -> None:
    """Two thousand bytes of a file that would make a message of a GB, or take half a minute to hash."""
    chunk = proto("SavedModel", "meta_graphs { meta_info_def { any_info {} } }")
    chunk.meta_graphs[0].meta_info_def.any_info.value = bytes(1 << 20)
    writer = RiegeliWriter()
    begin = writer.records([chunk.SerializeToString()], b"b")
    metadata = message_class(METADATA)()
    for number in range(1000):
        metadata.chunks.add(type=1, size=chunk.ByteSize(), offset=begin)
        metadata.message.chunked_fields.add().message.chunk_index = number
    writer.records([metadata.SerializeToString()], b"b")
    with pytest.raises(FormatError, match="again and again"):
        parse_split_saved_model(bytes(writer.out))


def deep_way(levels: int) -> str:
    """To a list in a list … of a function's output signature; each takes two messages."""
    way = "field: 2|index: 0|field: 7|field: 2|map_key { s: 'f' }|field: 4" + "|field: 51|field: 1|index: 0" * levels
    return "".join(f"field_tag {{ {tag} }} " for tag in way.split("|"))


@pytest.mark.parametrize("levels", [60, 500, 5000])
def test_a_way_without_end(levels: int) -> None:
    """A few hundred bytes; of thousands of levels Python's stack would end, or protobuf's, and that is a crash."""
    message = chunked(f"chunk_index: 0 chunked_fields {{ {deep_way(levels)} message {{ chunk_index: 1 }} }}")
    base = proto("SavedModel", "meta_graphs {}").SerializeToString()
    data = split_file([base, b""], message, message_class(METADATA))
    assert len(data) < 500
    with pytest.raises(FormatError, match=f"more than {MAX_DEPTH} messages"):
        parse_split_saved_model(data)
    for producer in (None, 1):
        hashes = FingerprintReader("cpb", lambda: data, lambda: None).recompute(producer).hashes
        assert [one.name for one in hashes] == list(HASH_NAMES)


def test_a_way_in_several_steps_is_as_long_as_in_one() -> None:
    inner = "message { chunked_fields { field_tag { field: 51 } field_tag { field: 1 } field_tag { index: 0 } "
    steps = 30
    text = f"chunked_fields {{ {deep_way(20)} {inner * steps} message {{ chunk_index: 1 }} {'} }' * steps} }}"
    with pytest.raises(FormatError, match="more than"):
        merged(
            [b"", b""], f"chunked_fields {{ field_tag {{ field: 2 }} field_tag {{ index: 0 }} message {{}} }} {text}"
        )


def test_a_file_without_metadata() -> None:
    with pytest.raises(FormatError, match="no records"):
        read_chunks(bytes(RiegeliWriter().out))
    writer = RiegeliWriter()
    writer.records([b"\xff\xff"])
    with pytest.raises(FormatError, match="no chunk metadata"):
        read_chunks(bytes(writer.out))


def split_of(name: str) -> tuple[bytes, bytes]:
    """A fixture, and the same split: its graph is one chunk, the rest the other."""
    data = (GOOD / name / "saved_model.pb").read_bytes()
    base = message_class("tensorflow.SavedModel").FromString(data)
    graph = base.meta_graphs[0].graph_def.SerializeToString()
    base.meta_graphs[0].ClearField("graph_def")
    message = chunked(f"chunk_index: 0 chunked_fields {{ {GRAPH} message {{ chunk_index: 1 }} }}")
    return data, split_file([base.SerializeToString(), graph], message, message_class(METADATA))


@pytest.mark.parametrize("name", ["module_one_signature", "tables_and_assets", "keras3_export"])
def test_everything_works_as_on_a_pb(name: str, tmp_path: Path) -> None:
    shutil.copytree(GOOD / name, tmp_path / name)
    (tmp_path / name / "saved_model.pb").unlink()
    data, split = split_of(name)
    (tmp_path / name / "saved_model.cpb").write_bytes(split)
    assert canonical(merged_saved_model(read_chunks(split)).SerializeToString()) == canonical(data)
    ours, theirs = smanalyze.load(tmp_path / name), smanalyze.load(GOOD / name)
    assert not ours.unreadable
    assert ours.meta_graphs == theirs.meta_graphs
    one, other = smanalyze.analyze(ours), smanalyze.analyze(theirs)
    assert (one.meta_graphs, one.variables) == (other.meta_graphs, other.variables)
    # Its fingerprint is that of the .pb it was split from, and still fits.
    assert audit_fingerprint(ours).verdict == "matches"


@pytest.mark.parametrize("name", SPLIT_MODELS)
def test_split_models_of_the_corpus(corpus: Path, name: str) -> None:
    folder = corpus / "cpb" / name
    split = read_chunks((folder / "saved_model.cpb").read_bytes())
    expected = canonical((folder / "expected_merged.pb").read_bytes()).SerializeToString()
    assert canonical(merged_saved_model(split).SerializeToString()).SerializeToString() == expected
    model = smanalyze.load(folder)
    assert (model.file_kind, model.unreadable) == ("cpb", ())
    assert smanalyze.analyze(model).meta_graphs


@pytest.mark.parametrize("producer", [None, 2])
@pytest.mark.parametrize("name", SPLIT_MODELS)
def test_hashes_are_those_of_tensorflow(corpus: Path, name: str, producer: int | None) -> None:
    folder = corpus / "cpb" / name
    answers = json.loads((corpus / "cpb" / "fingerprints_by_tensorflow.json").read_text())[name]
    index = (folder / "variables" / "variables.index").read_bytes()
    reader = FingerprintReader("cpb", (folder / "saved_model.cpb").read_bytes, lambda: index)
    found = {one.name: str(one.value) for one in reader.recompute(producer).hashes}
    assert found == {field: answers[field] for field in HASH_NAMES}


SAMPLE = split_of("module_one_signature")[1]


@given(st.data())
@settings(max_examples=100)
def test_damaged_files(draw: st.DataObject) -> None:
    data = bytearray(SAMPLE)
    data[draw.draw(st.integers(0, len(data) - 1))] ^= draw.draw(st.integers(1, 255))
    with suppress(FormatError):
        merged_saved_model(read_chunks(bytes(data[: draw.draw(st.integers(0, len(data)))])))


@given(st.binary(max_size=80), st.lists(st.binary(max_size=30), max_size=3))
@settings(max_examples=200)
def test_any_metadata(data: bytes, chunks: list[bytes]) -> None:
    writer = RiegeliWriter()
    writer.records([*chunks, data])
    with suppress(FormatError):
        merged_saved_model(read_chunks(bytes(writer.out)))
