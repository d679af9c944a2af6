"""A list of files with their digests: a manifest of ours, or what an OpenSSF model-signing signature speaks for."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record

ManifestKind = Literal["smanalyze", "in-toto", "model-signing"]


@record
class ListedFile:
    """One file: path relative to the model with forward slashes, sha256 in lower-case hex digits."""

    path: str
    sha256: str


@record
class Manifest:
    """What a manifest says. ``name`` is what it calls the model, "" where it does not; ``ignored`` are paths it leaves
    out on purpose (a folder means all below it); ``signed`` whether it came in a signed envelope. Nobody has verified
    the signature."""

    kind: ManifestKind
    name: str
    files: tuple[ListedFile, ...]
    ignored: tuple[str, ...]
    signed: bool
