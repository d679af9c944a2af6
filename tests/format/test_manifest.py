"""Manifests are read whoever wrote them, and refused in a sentence where they are none."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format.manifest import PREDICATE_TYPE, parse_manifest, write_statement
from smanalyze.model.manifest import ListedFile, ListedPiece

A, B = "a" * 64, "b" * 64
LONG = "c" * 128
STATEMENT = "https://in-toto.io/Statement/v1"


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def statement(*files: tuple[str, str], **changes: Any) -> dict[str, Any]:
    subject = [{"name": name, "digest": {"sha256": digest}} for name, digest in files]
    return {"_type": STATEMENT, "subject": subject, "predicateType": "x", "predicate": {}, **changes}


def envelope(payload: bytes) -> dict[str, Any]:
    return {
        "payload": base64.b64encode(payload).decode(), "payloadType": "application/vnd.in-toto+json", "signatures": [],
    }  # fmt: skip


def signing(*files: tuple[str, str], algorithm: Any = "sha256", **serialization: Any) -> dict[str, Any]:
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in files)).hexdigest()
    return {
        "_type": STATEMENT,
        "subject": [{"name": "model", "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "ignore_paths": ["model.sig", 7], **serialization},
            "resources": [{"name": name, "digest": digest, "algorithm": algorithm} for name, digest in files],
        },
    }


def shards(*names: str, algorithm: Any = "sha256-sharded-4", digest: str = A) -> dict[str, Any]:
    return signing(*((name, digest) for name in names), algorithm=algorithm, method="shards")


def test_what_is_written_is_read() -> None:
    files = (ListedFile("a/b.txt", A), ListedFile("c\ud800", B))
    text = write_statement(files, {"key": 1})
    found = parse_manifest(text.encode())
    assert (found.kind, found.files, found.signed) == ("smanalyze", files, False)
    assert text.isascii()
    assert json.loads(text)["predicateType"] == PREDICATE_TYPE


def test_any_statement_about_files_is_read_and_sorted() -> None:
    found = parse_manifest(encoded(statement(("b", B.upper()), ("a", A))))
    assert (found.kind, [one.path for one in found.files], found.files[1].sha256) == ("in-toto", ["a", "b"], B)


def test_a_statement_is_read_out_of_a_signed_envelope() -> None:
    plain = write_statement((ListedFile("a", A),), {}).encode()
    for document in (envelope(plain), {"mediaType": "bundle", "dsseEnvelope": envelope(plain)}):
        found = parse_manifest(encoded(document))
        assert (found.kind, found.signed, found.files) == ("smanalyze", True, (ListedFile("a", A),))


def test_a_model_signing_signature_is_read() -> None:
    found = parse_manifest(encoded({"dsseEnvelope": envelope(encoded(signing(("a", A), ("b", B))))}))
    assert (found.kind, found.name, found.ignored) == ("model-signing", "model", ("model.sig",))
    assert [one.path for one in found.files] == ["a", "b"]
    old = statement(("a", A), predicateType="https://model_signing/Digests/v0.1")
    assert parse_manifest(encoded(old)).kind == "model-signing"


@pytest.mark.parametrize(
    ("document", "files"),
    [
        (signing(("a", LONG.upper()), algorithm="blake2b"),
         [ListedFile("a", "", (ListedPiece(0, None, "blake2b", LONG),))]),
        (shards("b:0:4", "a:0:1"),
         [ListedFile("a", "", (ListedPiece(0, 1, "sha256", A),)),
          ListedFile("b", "", (ListedPiece(0, 4, "sha256", A),))]),
        (shards("a:10:13", "a:0:10", digest=LONG, algorithm="blake2b-sharded-10"),
         [ListedFile("a", "", (ListedPiece(0, 10, "blake2b", LONG), ListedPiece(10, 13, "blake2b", LONG)))]),
        (shards("d/a:1:2:0:4"), [ListedFile("d/a:1:2", "", (ListedPiece(0, 4, "sha256", A),))]),
    ],
)  # fmt: skip
def test_pieces_and_other_digests_of_model_signing_are_read(document: Any, files: list[ListedFile]) -> None:
    found = parse_manifest(encoded(document))
    assert list(found.files) == files
    assert found.lists_empty == (document["predicate"]["serialization"]["method"] == "files")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (7, "no object"),
        ({}, "no in-toto statement"),
        ({"messageSignature": {}, "mediaType": "x"}, "signs one file as a whole"),
        ({"dsseEnvelope": 7}, "no in-toto statement"),
        ({"dsseEnvelope": {"payload": "!", "payloadType": "application/vnd.in-toto+json"}}, "not base64"),
        ({"dsseEnvelope": {"payload": 7, "payloadType": "application/vnd.in-toto+json"}}, "not base64"),
        ({"dsseEnvelope": {"payload": "", "payloadType": "x"}}, "does not hold an in-toto statement"),
        ({"dsseEnvelope": envelope(b"\xff")}, "not JSON"),
        (statement(), "lists no file"),
        (statement(subject=7), "subject is not a list"),
        (statement(subject=[7]), "subject is not a list"),
        (statement(subject=[{"digest": {"sha256": A}}]), "without a name"),
        (statement(subject=[{"name": "a", "digest": 7}]), "without a sha256"),
        (statement(("a", "xyz")), "without a sha256"),
        (statement(("a", A), ("a", B)), "twice"),
        (statement(("../a", A)), "no file inside"),
        (statement(("/etc/passwd", A)), "no file inside"),
        (statement(("a\\..\\b", A)), "no file inside"),
        (statement(("a\0", A)), "no file inside"),
        (signing(("a", A), method="shards"), "no piece of a file"),
        (signing(("a", A), method="tensors"), "a way that is not known"),
        (signing(("a", A), method=["files"]), "a way that is not known"),
        (signing(("a", A), ("a", B)), "twice"),
        (signing(("a", A), algorithm="blake3"), "blake3, which the standard library of Python does not have"),
        (signing(("a", A), algorithm="md5"), "without a sha256 or blake2b"),
        (signing(("a", A), algorithm=["sha256"]), "without a sha256 or blake2b"),
        (signing(("a", A), algorithm="sha256-sharded-4"), "without a sha256 or blake2b"),
        (signing(("a", A), algorithm="blake2b"), "none of blake2b"),
        (signing(("a", LONG)), "none of sha256"),
        (shards(), "lists no file"),
        (shards("a:4"), "no piece of a file"),
        (shards("a:0:-1"), "no piece of a file"),
        (shards("a:0:0"), "no piece of a file"),
        (shards("a:4:0"), "no piece of a file"),
        (shards("a:0:" + "9" * 5000), "no piece of a file"),
        (shards("a:0:\u0664"), "no piece of a file"),
        (shards(":0:4"), "without a name"),
        (shards("../a:0:4"), "no file inside"),
        (shards("a:1:4"), "'a' leave out bytes 0 to 1"),
        (shards("a:0:4", "a:5:6"), "'a' leave out bytes 4 to 5"),
        (shards("a:0:4", "a:3:6"), "'a' overlap at byte 3"),
        (shards("a:0:4", "a:0:4"), "'a' overlap at byte 0"),
        (shards("a:0:4", algorithm="sha256"), "without a sha256 or blake2b"),
        (shards("a:0:4", algorithm=None), "without a sha256 or blake2b"),
        (shards("a:0:4", algorithm="blake3-sharded-4"), "blake3, which the standard library"),
        (shards("a:0:4", digest=LONG), "none of sha256"),
        ({**signing(("a", A)), "predicate": 7}, "no predicate"),
        ({**signing(("a", A)), "subject": [{"name": "m", "digest": {"sha256": B}}]}, "contradicts itself"),
    ],
)
def test_what_is_no_manifest_is_told_in_a_sentence(document: Any, sentence: str) -> None:
    with pytest.raises(FormatError, match=sentence):
        parse_manifest(encoded(document), file="list.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=60))
def test_no_bytes_do_more_than_fail(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_manifest(data)


@given(st.sampled_from(["predicateType", "predicate", "subject", "_type"]), JSON)
def test_no_value_in_any_place_does_more_than_fail(key: str, value: Any) -> None:
    for whole in (signing(("a", A)), shards("a:0:4"), statement(("a", A))):
        try:
            parse_manifest(encoded({**whole, key: value}))
        except FormatError as error:
            assert error.message.endswith(".")


@given(st.sampled_from(["name", "algorithm", "digest"]), JSON | st.from_regex(r"(a:)?[0-9]:[0-9]", fullmatch=True))
def test_no_value_in_a_resource_does_more_than_fail(key: str, value: Any) -> None:
    for whole in (signing(("a", A)), shards("a:0:4")):
        whole["predicate"]["resources"][0][key] = value
        try:
            parse_manifest(encoded(whole))
        except FormatError as error:
            assert error.message.endswith(".")
