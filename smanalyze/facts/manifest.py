"""The files of a model by their digests, and against a list of digests made earlier."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from smanalyze.errors import FormatError
from smanalyze.model.manifest import ListedFile, Manifest
from smanalyze.model.parts import FileEntry
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.audit import FingerprintAudit, ManifestAudit

SIGNATURE_FILE = "model.sig"
"""What OpenSSF model-signing calls its signature; it cannot cover itself, so no manifest lists it."""

_NOT_VERIFIED = (
    "The signature itself was not verified: the digests it carries were compared, and nothing here says who made it."
)


def listable(model: SavedModel) -> tuple[FileEntry, ...]:
    """The files that a manifest lists: all of the model's."""
    return tuple(entry for entry in model.files if entry.path != SIGNATURE_FILE)


def digest_files(
    model: SavedModel, files: Iterable[FileEntry], progress: Callable[[int], None] | None = None
) -> dict[str, str]:
    """The sha256 of each file by its path, in hex digits; files are read a piece at a time.

    ``progress`` is told how many bytes were read since it was last called. A file that cannot be read is left out.
    """
    pieces = model.file_pieces
    if pieces is None:
        return {}
    digests: dict[str, str] = {}
    for entry in files:
        try:
            digests[entry.path] = _sha256(pieces(entry.path), progress)
        except FormatError:
            continue
    return digests


def phases(
    model: SavedModel, progress: Callable[[int, int], None] | None, digests: bool
) -> tuple[Callable[[int], None] | None, Callable[[int, int], None] | None]:
    """What to tell while files are hashed (bytes since the last call) and while tensors are checked, so that both make
    one number that grows."""
    if progress is None:
        return None, None
    whole = sum(entry.size for entry in model.files) if digests else 0
    tensors = sum(entry.size for entry in model.checkpoint.entries)
    hashed = 0

    def hash_told(size: int) -> None:
        nonlocal hashed
        hashed += size
        progress(hashed, whole + tensors)

    return hash_told, lambda done, total: progress(whole + done, whole + total)


def _sha256(pieces: Iterable[memoryview], progress: Callable[[int], None] | None) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        if progress is not None:
            progress(len(piece))
    return digest.hexdigest()


def compare_manifest(manifest: Manifest, file: str, model: SavedModel, digests: Mapping[str, str]) -> ManifestAudit:
    """What changed, is missing or was added since the manifest was made; ``file`` is what the manifest is called."""
    listed = {one.path: one.sha256 for one in manifest.files}
    ignored = [entry.path for entry in listable(model) if _is_ignored(entry.path, manifest.ignored)]
    there = set(digests).difference(set(ignored) - listed.keys())
    changed = sorted(path for path in there & listed.keys() if digests[path] != listed[path])
    missing = sorted(listed.keys() - digests.keys())
    added = sorted(there - listed.keys())
    says = [_sentence(len(listed), len(changed), len(missing), len(added))]
    left_out = sorted(set(ignored) - listed.keys())
    if left_out:
        what = "file is" if len(left_out) == 1 else "files are"
        says.append(f"{len(left_out):,} {what} left out of the signature on purpose: {', '.join(left_out[:3])}.")
    if manifest.signed:
        says.append(_NOT_VERIFIED)
    verdict = "differs" if changed or missing or added else "matches"
    return ManifestAudit(file, manifest.kind, verdict, tuple(changed), tuple(missing), tuple(added), tuple(says))


def unread_manifest(file: str, reason: str) -> ManifestAudit:
    """A signature beside the model that says nothing we understand."""
    return ManifestAudit(file, "unknown", "not-read", (), (), (), (f"It could not be compared: {reason}",))


def _sentence(listed: int, changed: int, missing: int, added: int) -> str:
    if not (changed or missing or added):
        return f"All {listed:,} files are as listed." if listed > 1 else "The one file is as listed."
    counts = ((changed, "changed"), (missing, "missing"), (added, "added"))
    said = ", ".join(f"{number:,} {word}" for number, word in counts if number)
    return f"Of {listed:,} files listed and those here: {said}."


def _is_ignored(path: str, ignored: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith(one.rstrip("/") + "/") for one in ignored if one.strip("/."))


def listed_files(digests: Mapping[str, str]) -> tuple[ListedFile, ...]:
    """The digests as a manifest lists them: by path."""
    return tuple(ListedFile(path, digests[path]) for path in sorted(digests))


def manifest_predicate(model: SavedModel, fingerprint: FingerprintAudit, tensorflow_version: str) -> dict[str, Any]:
    """What a manifest says besides the digests: the fingerprint as stored, the hashes as recomputed, the sizes."""
    return {
        "tensorflow_version": tensorflow_version,
        "fingerprint": {
            "presence": fingerprint.presence,
            "producer": fingerprint.producer,
            "uuid": fingerprint.uuid,
            "singleprint": fingerprint.stored_singleprint,
            "hashes": {field.name: field.stored for field in fingerprint.fields if field.stored},
        },
        "recomputed": {
            "singleprint": fingerprint.recomputed_singleprint,
            "hashes": {field.name: field.recomputed for field in fingerprint.fields if field.recomputed},
        },
        "sizes": {entry.path: entry.size for entry in sorted(listable(model), key=lambda entry: entry.path)},
    }
