"""Manifests: in-toto statements, alone or inside a DSSE envelope or sigstore bundle, read and written.

Sources: in-toto attestation spec v1 (Statement), the DSSE envelope (secure-systems-lab/dsse), the sigstore bundle v0.3,
and the predicate of OpenSSF model-signing 1.1 (model_signing/_signing/signing.py; manifest.py for the names of pieces,
_hashing/io.py and memory.py for those of algorithms). No signature is verified here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any, cast

from smanalyze.errors import FormatError
from smanalyze.format.limits import MAX_MANIFEST_BYTES
from smanalyze.model.manifest import ListedFile, ListedPiece, Manifest, ManifestKind, PieceAlgorithm

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_STATEMENT_TYPES = (STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1")

PREDICATE_TYPE = "https://smanalyze/saved-model/v1.0"
"""Our own predicate: a name, not an address; nothing is to be found there."""

MODEL_SIGNING = "https://model_signing/signature/v1.0"
MODEL_SIGNING_OLD = "https://model_signing/Digests/v0.1"
_PAYLOAD_TYPE = "application/vnd.in-toto+json"

_GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")
"""What model-signing leaves out unless told otherwise; its old form does not say so."""

_DIGESTS = {"sha256": re.compile(r"[0-9a-fA-F]{64}"), "blake2b": re.compile(r"[0-9a-fA-F]{128}")}

_PIECE = re.compile(r"(.*):([0-9]{1,19}):([0-9]{1,19})", re.DOTALL)
"""path:start:stop. The path may hold colons, so the numbers are those of the last two."""

_OF_PIECES = re.compile(r"(.*)-sharded-[0-9]+", re.DOTALL)
"""How the algorithm of a piece is called; the number is the longest that a piece may be."""


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
    method = serialization.get("method") if isinstance(serialization, dict) else None
    if not isinstance(serialization, dict) or method not in ("files", "shards"):
        raise FormatError("It lists the model in a way that is not known; only whole files and shards are compared.")
    resource = _whole if method == "files" else _shard
    listed = [resource(one) for one in _objects(predicate, "resources")]
    subjects = _objects(statement, "subject")
    root = hashlib.sha256(b"".join(bytes.fromhex(piece.digest) for _, piece in listed)).hexdigest()
    if len(subjects) != 1 or _digest(subjects[0]) != root:
        raise FormatError("It contradicts itself: the digest of the model is not that of the files listed.")
    name = subjects[0].get("name")
    ignored = serialization.get("ignore_paths")
    paths = [path for path in ignored if isinstance(path, str)] if isinstance(ignored, list) else []
    return Manifest(
        kind="model-signing",
        name=name if isinstance(name, str) else "",
        files=_sorted(_joined(listed) if method == "shards" else [_file(path, piece) for path, piece in listed]),
        ignored=tuple(paths),
        signed=signed,
        lists_empty=method == "files",  # an empty file has no piece
    )


def _whole(resource: dict[str, Any]) -> tuple[str, ListedPiece]:
    path = _path(resource.get("name"))
    return path, ListedPiece(0, None, *_hashed(path, resource.get("algorithm"), resource.get("digest")))


def _shard(resource: dict[str, Any]) -> tuple[str, ListedPiece]:
    name, algorithm = resource.get("name"), resource.get("algorithm")
    found = _PIECE.fullmatch(name) if isinstance(name, str) else None
    if found is None or int(found[2]) >= int(found[3]):
        raise FormatError(f"It lists {name!r}, which is no piece of a file.")
    path = _path(found[1])
    named = _OF_PIECES.fullmatch(algorithm) if isinstance(algorithm, str) else None
    hashed = _hashed(path, named and named[1], resource.get("digest"))
    return path, ListedPiece(int(found[2]), int(found[3]), *hashed)


def _hashed(path: str, algorithm: Any, digest: Any) -> tuple[PieceAlgorithm, str]:
    """The algorithm and the digest in lower case, where it is one that can be compared."""
    if algorithm == "blake3":
        raise FormatError(
            "Its digests are made by blake3, which the standard library of Python does not have; only sha256 and"
            " blake2b are compared."
        )
    form = _DIGESTS.get(algorithm) if isinstance(algorithm, str) else None
    if form is None:
        raise FormatError(f"It lists {path!r} without a sha256 or blake2b, and other digests are not compared.")
    if not isinstance(digest, str) or not form.fullmatch(digest):
        raise FormatError(f"It lists {path!r} with a digest that is none of {algorithm}.")
    return cast(PieceAlgorithm, algorithm), digest.lower()


def _file(path: str, piece: ListedPiece) -> ListedFile:
    return ListedFile(path, piece.digest) if piece.algorithm == "sha256" else ListedFile(path, "", (piece,))


def _joined(listed: list[tuple[str, ListedPiece]]) -> list[ListedFile]:
    """The files that pieces make up. Raises FormatError where they overlap or leave a gap, as before the first."""
    files: dict[str, list[ListedPiece]] = {}
    for path, piece in listed:
        files.setdefault(path, []).append(piece)
    for path, pieces in files.items():
        pieces.sort(key=lambda one: one.start)
        end = 0
        for piece in pieces:
            if piece.start < end:
                raise FormatError(f"The pieces that it lists of {path!r} overlap at byte {piece.start:,}.")
            if piece.start > end:
                raise FormatError(f"The pieces that it lists of {path!r} leave out bytes {end:,} to {piece.start:,}.")
            end = piece.stop or end  # _shard always gives a stop
    return [ListedFile(path, "", tuple(pieces)) for path, pieces in files.items()]


def _objects(holder: dict[str, Any], key: str) -> list[dict[str, Any]]:
    values = holder.get(key)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise FormatError(f"Its {key} is not a list of objects.")
    return values


def _digest(subject: dict[str, Any]) -> Any:
    digest = subject.get("digest")
    return digest.get("sha256") if isinstance(digest, dict) else None


def _listed(one: dict[str, Any], digest: Any) -> ListedFile:
    path = _path(one.get("name"))
    if not isinstance(digest, str) or not _DIGESTS["sha256"].fullmatch(digest):
        raise FormatError(f"It lists {path!r} without a sha256, and other digests are not compared.")
    return ListedFile(path, digest.lower())


def _path(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise FormatError("It lists a file without a name.")
    if "\\" in name or "\0" in name or any(part in ("", ".", "..") for part in name.split("/")):
        raise FormatError(f"It lists {name!r}, which is no file inside a model.")
    return name


def _sorted(files: list[ListedFile]) -> tuple[ListedFile, ...]:
    known = {one.path: one for one in files}
    if len(known) != len(files):
        raise FormatError("It lists a file twice.")
    if not files:
        raise FormatError("It lists no file.")
    return tuple(known[path] for path in sorted(known))
