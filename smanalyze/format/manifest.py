"""Manifests: in-toto statements, alone or inside a DSSE envelope or sigstore bundle, read and written.

Sources: in-toto attestation spec v1 (Statement), the DSSE envelope (secure-systems-lab/dsse), the sigstore bundle v0.3,
and the predicate of OpenSSF model-signing (model_signing/_signing/signing.py). No signature is verified here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any, cast

from smanalyze.errors import FormatError
from smanalyze.format.limits import MAX_MANIFEST_BYTES
from smanalyze.model.manifest import ListedFile, Manifest, ManifestKind

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_STATEMENT_TYPES = (STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1")

PREDICATE_TYPE = "https://smanalyze/saved-model/v1.0"
"""Our own predicate: a name, not an address; nothing is to be found there."""

MODEL_SIGNING = "https://model_signing/signature/v1.0"
MODEL_SIGNING_OLD = "https://model_signing/Digests/v0.1"
_PAYLOAD_TYPE = "application/vnd.in-toto+json"

_GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
"""What model-signing leaves out unless told otherwise; its old form does not say so."""

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def parse_manifest(data: bytes, *, file: str = "") -> Manifest:
    """The files that a manifest lists. Raises FormatError with a sentence where it is none, or does not agree with
    itself, or names a file outside of the model."""
    try:
        return _manifest(data)
    except FormatError as error:
        raise FormatError(error.message, file=file or None) from error


def write_statement(files: tuple[ListedFile, ...], predicate: dict[str, Any]) -> str:
    """An in-toto statement about the files, as JSON text that ends with a newline. The same input, the same text."""
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": one.path, "digest": {"sha256": one.sha256}} for one in files],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    }
    return json.dumps(statement, indent=1, ensure_ascii=True) + "\n"


def _manifest(data: bytes) -> Manifest:
    document = _json(data)
    envelope = document.get("dsseEnvelope", document)
    signed = isinstance(envelope, dict) and "payload" in envelope
    statement = _payload(envelope) if signed else document
    if "messageSignature" in document:
        raise FormatError("It signs one file as a whole and lists no digests.")
    if statement.get("_type") not in _STATEMENT_TYPES:
        raise FormatError("It is no in-toto statement, and no signature that holds one.")
    predicate = statement.get("predicateType")
    if predicate == MODEL_SIGNING:
        return _model_signing(statement, signed)
    kinds = {PREDICATE_TYPE: "smanalyze", MODEL_SIGNING_OLD: "model-signing"}
    kind = cast(ManifestKind, kinds.get(predicate, "in-toto") if isinstance(predicate, str) else "in-toto")
    files = [_listed(one, _digest(one)) for one in _objects(statement, "subject")]
    return Manifest(kind, "", _sorted(files), _GIT_PATHS if kind == "model-signing" else (), signed)


def _json(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_MANIFEST_BYTES:
        raise FormatError(f"It has more than {MAX_MANIFEST_BYTES} bytes; no manifest of a model is that long.")
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError("It is not JSON.") from error
    if not isinstance(document, dict):
        raise FormatError("It is JSON, but no object.")
    return document


def _payload(envelope: dict[str, Any]) -> dict[str, Any]:
    if envelope.get("payloadType") != _PAYLOAD_TYPE:
        raise FormatError("The signed envelope does not hold an in-toto statement.")
    try:
        return _json(base64.b64decode(envelope["payload"], validate=True))
    except (ValueError, TypeError) as error:
        raise FormatError("The payload of the signed envelope is not base64.") from error


def _model_signing(statement: dict[str, Any], signed: bool) -> Manifest:
    predicate = statement.get("predicate")
    if not isinstance(predicate, dict):
        raise FormatError("The statement has no predicate.")
    serialization = predicate.get("serialization")
    if not isinstance(serialization, dict) or serialization.get("method") != "files":
        raise FormatError("It has digests of pieces of files; only those of whole files can be compared.")
    resources = _objects(predicate, "resources")
    files = [_listed(one, one.get("digest"), one.get("algorithm")) for one in resources]
    subjects = _objects(statement, "subject")
    root = hashlib.sha256(b"".join(bytes.fromhex(one.sha256) for one in files)).hexdigest()
    if len(subjects) != 1 or _digest(subjects[0]) != root:
        raise FormatError("It contradicts itself: the digest of the model is not that of the files listed.")
    name = subjects[0].get("name")
    ignored = serialization.get("ignore_paths")
    paths = [path for path in ignored if isinstance(path, str)] if isinstance(ignored, list) else []
    return Manifest("model-signing", name if isinstance(name, str) else "", _sorted(files), tuple(paths), signed)


def _objects(holder: dict[str, Any], key: str) -> list[dict[str, Any]]:
    values = holder.get(key)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise FormatError(f"Its {key} is not a list of objects.")
    return values


def _digest(subject: dict[str, Any]) -> Any:
    digest = subject.get("digest")
    return digest.get("sha256") if isinstance(digest, dict) else None


def _listed(one: dict[str, Any], digest: Any, algorithm: Any = "sha256") -> ListedFile:
    path = one.get("name")
    if not isinstance(path, str) or not path:
        raise FormatError("It lists a file without a name.")
    if "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise FormatError(f"It lists {path!r}, which is no file inside a model.")
    if algorithm != "sha256" or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise FormatError(f"It lists {path!r} without a sha256, and other digests are not compared.")
    return ListedFile(path, digest.lower())


def _sorted(files: list[ListedFile]) -> tuple[ListedFile, ...]:
    known = {one.path: one for one in files}
    if len(known) != len(files):
        raise FormatError("It lists a file twice.")
    if not files:
        raise FormatError("It lists no file.")
    return tuple(known[path] for path in sorted(known))
