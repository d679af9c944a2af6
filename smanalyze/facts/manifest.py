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
    return read_files(model, files, (), progress)[0]


def read_files(
    model: SavedModel,
    files: Iterable[FileEntry],
    manifests: Iterable[Manifest],
    progress: Callable[[int], None] | None = None,
    *,
    all_sha256: bool = True,
) -> tuple[dict[str, str], frozenset[ListedFile]]:
    """As ``digest_files``, and besides which of the files that the manifests list in pieces are as listed; each file is
    read once, for all of them. Without ``all_sha256`` it is "" for a file whose sha256 no manifest lists."""
    pieces = model.file_pieces
    if pieces is None:
        return {}, frozenset()
    listed: dict[str, list[ListedFile]] = {}
    for manifest in manifests:
        for one in manifest.files:
            listed.setdefault(one.path, []).append(one)
    digests: dict[str, str] = {}
    same: set[ListedFile] = set()
    for entry in files:
        here = listed.get(entry.path, [])
        checks = [_PieceCheck(one) for one in here if one.pieces]
        digest = hashlib.sha256() if all_sha256 or len(checks) < len(here) else None
        updates = [check.update for check in checks] + ([digest.update] if digest else [])
        try:
            for data in pieces(entry.path):
                for update in updates:
                    update(data)
                if progress is not None:
                    progress(len(data))
        except FormatError:
            continue
        digests[entry.path] = digest.hexdigest() if digest else ""
        same.update(check.listed for check in checks if check.is_same())
    return digests, frozenset(same)


class _PieceCheck:
    """Told the bytes of a file from first to last, it says whether they are the pieces listed and nothing more. It
    holds one digest, however many pieces there are."""

    def __init__(self, listed: ListedFile) -> None:
        self.listed = listed
        self._waiting = iter(listed.pieces)
        self._read = 0
        self._same = True
        self._next()

    def _next(self) -> None:
        self._piece = next(self._waiting, None)
        self._digest = hashlib.new(self._piece.algorithm) if self._piece else None

    def update(self, data: memoryview) -> None:
        """The bytes that follow those before."""
        while len(data) and self._same:
            if self._piece is None or self._digest is None:
                self._same = False  # the file goes on after the last piece
                return
            stop = self._piece.stop
            size = len(data) if stop is None else min(len(data), stop - self._read)
            self._digest.update(data[:size])
            self._read += size
            data = data[size:]
            if self._read == stop:
                self._close()

    def _close(self) -> None:
        if self._piece and self._digest:
            self._same = self._digest.hexdigest() == self._piece.digest
        self._next()

    def is_same(self) -> bool:
        """To be asked once, after the last byte."""
        if self._same and self._piece is not None and self._piece.stop is None:
            self._close()
        return self._same and self._piece is None


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


def compare_manifest(
    manifest: Manifest,
    file: str,
    model: SavedModel,
    digests: Mapping[str, str],
    same: frozenset[ListedFile] = frozenset(),
) -> ManifestAudit:
    """What changed, is missing or was added since the manifest was made; ``file`` is what the manifest is called.

    ``digests`` and ``same`` are what ``read_files`` found: the sha256 of every file that could be read, and the files
    listed in pieces that are as listed.
    """
    listed = {one.path: one for one in manifest.files}
    entries = listable(model)
    ignored = {entry.path for entry in entries if _is_ignored(entry.path, manifest.ignored)} - listed.keys()
    empty = {entry.path for entry in entries if not entry.size and not manifest.lists_empty} - listed.keys() - ignored
    there = digests.keys() - ignored - empty
    changed = sorted(path for path in there & listed.keys() if not _is_same(listed[path], digests[path], same))
    missing = sorted(listed.keys() - digests.keys())
    added = sorted(there - listed.keys())
    says = [_sentence(len(listed), len(changed), len(missing), len(added))]
    reasons = ("left out of the signature on purpose", "not listed, because an empty file has no pieces")
    for paths, why in zip((ignored, empty), reasons, strict=True):
        if paths:
            what = "file is" if len(paths) == 1 else "files are"
            says.append(f"{len(paths):,} {what} {why}: {', '.join(sorted(paths)[:3])}.")
    if manifest.signed:
        says.append(_NOT_VERIFIED)
    verdict = "differs" if changed or missing or added else "matches"
    return ManifestAudit(file, manifest.kind, verdict, tuple(changed), tuple(missing), tuple(added), tuple(says))


def _is_same(listed: ListedFile, sha256: str, same: frozenset[ListedFile]) -> bool:
    return listed in same if listed.pieces else listed.sha256 == sha256


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
