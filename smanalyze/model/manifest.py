"""A list of files with their digests: a manifest of ours, or what an OpenSSF model-signing signature speaks for."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record

ManifestKind = Literal["smanalyze", "in-toto", "model-signing"]
PieceAlgorithm = Literal["sha256", "blake2b"]


@record
class ListedPiece:
    """Bytes ``start`` to ``stop`` of a file, ``stop`` not included; None means all to its end. ``digest`` is in
    lower-case hex digits, 64 of sha256 and 128 of blake2b."""

    start: int
    stop: int | None
    algorithm: PieceAlgorithm
    digest: str


@record
class ListedFile:
    """One file: path relative to the model with forward slashes, sha256 in lower-case hex digits, or "" where other
    digests are listed: those of ``pieces``, which follow one another from the first byte of the file to its last."""

    path: str
    sha256: str
    pieces: tuple[ListedPiece, ...] = ()


@record
class Manifest:
    """What a manifest says. ``name`` is what it calls the model, "" where it does not; ``ignored`` are paths it leaves
    out on purpose (a folder means all below it); ``signed`` whether it came in a signed envelope. Nobody has verified
    the signature. ``lists_empty`` is False where the way of listing leaves out files without a byte."""

    kind: ManifestKind
    name: str
    files: tuple[ListedFile, ...]
    ignored: tuple[str, ...]
    signed: bool
    lists_empty: bool = True
