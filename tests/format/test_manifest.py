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
from smanalyze.model.manifest import ListedFile

A, B = "a" * 64, "b" * 64
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


def signing(*files: tuple[str, str], **serialization: Any) -> dict[str, Any]:
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for _, digest in files)).hexdigest()
    return {
        "_type": STATEMENT,
        "subject": [{"name": "model", "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "ignore_paths": ["model.sig", 7], **serialization},
            "resources": [{"name": name, "digest": digest, "algorithm": "sha256"} for name, digest in files],
        },
    }


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
        (signing(("a", A), method="shards"), "pieces of files"),
        ({**signing(("a", A)), "predicate": 7}, "no predicate"),
        ({**signing(("a", A)), "subject": [{"name": "m", "digest": {"sha256": B}}]}, "contradicts itself"),
    ],
)
def test_what_is_no_manifest_is_told_in_a_sentence(document: Any, sentence: str) -> None:
    with pytest.raises(FormatError, match=sentence):
        parse_manifest(encoded(document), file="list.json")


def test_another_digest_is_not_taken_for_a_sha256() -> None:
    document = signing(("a", A))
    document["predicate"]["resources"][0]["algorithm"] = "blake3"
    with pytest.raises(FormatError, match="other digests"):
        parse_manifest(encoded(document))


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
    for whole in (signing(("a", A)), statement(("a", A))):
        try:
            parse_manifest(encoded({**whole, key: value}))
        except FormatError as error:
            assert error.message.endswith(".")
