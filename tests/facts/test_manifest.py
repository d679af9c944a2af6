"""A model against a list of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from smanalyze.errors import FormatError
from smanalyze.facts.manifest import compare_manifest, digest_files, listable, listed_files, phases, read_files
from smanalyze.model.manifest import ListedFile, ListedPiece, Manifest, PieceAlgorithm
from smanalyze.model.parts import FileEntry
from smanalyze.model.saved_model import SavedModel
from tests.models import folder_of, model_of

NAME = "tables_and_assets"


def _manifest(files: tuple[ListedFile, ...], ignored: tuple[str, ...] = (), signed: bool = False) -> Manifest:
    return Manifest("in-toto", "", files, ignored, signed)


def test_digests_are_those_of_the_bytes_and_progress_adds_up() -> None:
    model = model_of(NAME)
    told: list[int] = []
    sums = digest_files(model, model.files, told.append)
    for path, digest in sums.items():
        assert digest == hashlib.sha256((folder_of(NAME) / path).read_bytes()).hexdigest()
    assert sum(told) == sum(entry.size for entry in model.files)


def test_a_file_that_went_away_has_no_digest() -> None:
    model = model_of(NAME)
    assert digest_files(model, [FileEntry("gone", 1)]) == {}
    assert digest_files(replace(model, file_pieces=None), model.files) == {}


def test_changed_missing_and_added_are_told_apart() -> None:
    model = model_of(NAME)
    sums = digest_files(model, listable(model))
    same = compare_manifest(_manifest(listed_files(sums)), "list", model, sums)
    assert (same.verdict, same.says) == ("matches", (f"All {len(sums)} files are as listed.",))
    listed = tuple(
        ListedFile(one.path, "0" * 64) if one.path == "saved_model.pb" else one
        for one in listed_files(sums) if one.path != "assets/vocab.txt"
    )  # fmt: skip
    found = compare_manifest(_manifest((*listed, ListedFile("gone", "1" * 64))), "list", model, sums)
    assert found.verdict == "differs"
    assert (found.changed, found.missing, found.added) == (("saved_model.pb",), ("gone",), ("assets/vocab.txt",))


def test_what_a_signature_leaves_out_is_no_addition_and_is_said() -> None:
    model = model_of(NAME)
    sums = digest_files(model, listable(model))
    listed = tuple(one for one in listed_files(sums) if not one.path.startswith("assets/"))
    found = compare_manifest(_manifest(listed, ("assets", ".", "/"), signed=True), "model.sig", model, sums)
    assert (found.verdict, found.added) == ("matches", ())
    assert any("left out of the signature on purpose: assets/greeting.txt" in sentence for sentence in found.says)
    assert any("was not verified" in sentence for sentence in found.says)


# Pieces ---------------------------------------------------------------------------------------------------------------

DATA = bytes(range(24))


def _made_of(files: dict[str, bytes], chunk: int = 7, opened: Callable[[str], object] = str) -> SavedModel:
    """A model whose files hold these bytes, read so many at a time from a buffer that is used again."""

    def pieces(path: str) -> Iterator[memoryview]:
        opened(path)
        if path not in files:
            raise FormatError("The file went away.", file=path)
        buffer = memoryview(bytearray(chunk))
        for at in range(0, len(files[path]), chunk):
            data = files[path][at : at + chunk]
            buffer[: len(data)] = data
            yield buffer[: len(data)]

    entries = tuple(FileEntry(path, len(data)) for path, data in sorted(files.items()))
    return replace(model_of(NAME), files=entries, file_pieces=pieces)


def _cut(path: str, data: bytes, size: int | None, algorithm: PieceAlgorithm = "sha256") -> ListedFile:
    """The file as it is listed in pieces of a size, or with one digest of all."""
    ends = [None] if size is None else [*range(size, len(data), size), len(data)]
    starts = [0, *(end for end in ends[:-1] if end is not None)]
    digests = [hashlib.new(algorithm, data[start:end]).hexdigest() for start, end in zip(starts, ends, strict=True)]
    pieces = zip(starts, ends, digests, strict=True)
    return ListedFile(path, "", tuple(ListedPiece(start, end, algorithm, digest) for start, end, digest in pieces))


def _in_pieces(*files: ListedFile) -> Manifest:
    return Manifest("model-signing", "", files, (), False, lists_empty=False)


@pytest.mark.parametrize("algorithm", ["sha256", "blake2b"])
@pytest.mark.parametrize("size", [1, 5, 8, 24, 100, None])
@pytest.mark.parametrize("chunk", [1, 8, 11, 24, 100])
def test_pieces_are_those_listed_or_the_file_changed(algorithm: PieceAlgorithm, size: int | None, chunk: int) -> None:
    manifest = _in_pieces(_cut("a", DATA, size, algorithm))
    flipped = [DATA[:at] + bytes([DATA[at] ^ 1]) + DATA[at + 1 :] for at in range(len(DATA))]
    shorter = [DATA[:end] for end in range(len(DATA))]
    for data in (DATA, *flipped, *shorter, DATA + b"\0", DATA + DATA):
        model = _made_of({"a": data}, chunk)
        digests, same = read_files(model, model.files, [manifest])
        assert digests == {"a": hashlib.sha256(data).hexdigest()}
        found = compare_manifest(manifest, "model.sig", model, digests, same)
        assert (found.changed, found.missing, found.added) == (() if data == DATA else ("a",), (), ()), data


def test_an_empty_file_has_a_digest_but_no_piece() -> None:
    model = _made_of({"a": DATA, "b": b"", "c": b""})
    whole = Manifest("model-signing", "", (_cut("a", DATA, None), _cut("b", b"", None)), (), False)
    pieces = _in_pieces(_cut("a", DATA, 5))
    digests, same = read_files(model, model.files, [whole, pieces])
    assert compare_manifest(whole, "model.sig", model, digests, same).added == ("c",)
    found = compare_manifest(pieces, "model.sig", model, digests, same)
    assert (found.verdict, found.added) == ("matches", ())
    assert "2 files are not listed, because an empty file has no pieces: b, c." in found.says
    emptied = _made_of({"a": b""})
    found = compare_manifest(pieces, "model.sig", emptied, *read_files(emptied, emptied.files, [pieces]))
    assert (found.changed, found.missing) == (("a",), ())


def test_changed_missing_and_added_are_told_apart_in_pieces_too() -> None:
    manifest = _in_pieces(*(_cut(path, DATA, 5) for path in ("a", "b", "gone")))
    model = _made_of({"a": DATA, "b": DATA[::-1], "new": b"x"})
    found = compare_manifest(manifest, "model.sig", model, *read_files(model, model.files, [manifest]))
    assert (found.changed, found.missing, found.added) == (("b",), ("gone",), ("new",))
    assert found.says == ("Of 3 files listed and those here: 1 changed, 1 missing, 1 added.",)


def test_each_file_is_read_once_for_all_manifests() -> None:
    opened: list[str] = []
    files = {"a": DATA, "b": DATA * 3, "c": DATA * 2}
    model = _made_of(files, opened=opened.append)
    lists = [
        _in_pieces(_cut("a", DATA, 5), _cut("b", DATA * 3, 5)),
        _in_pieces(_cut("a", DATA, 8, "blake2b"), _cut("b", DATA, 8, "blake2b")),
        _manifest((ListedFile("b", hashlib.sha256(DATA * 3).hexdigest()),)),
    ]
    told: list[tuple[int, int]] = []
    first, second = phases(model, lambda done, total: told.append((done, total)), digests=True)
    digests, same = read_files(model, model.files, lists, first, all_sha256=False)
    assert opened == ["a", "b", "c"]
    assert same == {*lists[0].files, lists[1].files[0]}
    assert {path for path, digest in digests.items() if digest} == {"b"}
    assert digests["b"] == lists[2].files[0].sha256
    done = [number for number, _ in told]
    assert second is not None and done == sorted(done) and done[-1] == sum(map(len, files.values()))
    second(5, 5)
    assert told[-1] == (done[-1] + 5, done[-1] + 5)


def test_a_file_in_pieces_that_cannot_be_read_is_missing() -> None:
    manifest = _in_pieces(_cut("gone", DATA, 5))
    model = replace(_made_of({}), files=(FileEntry("gone", 24),))
    found = compare_manifest(manifest, "model.sig", model, *read_files(model, model.files, [manifest]))
    assert (found.changed, found.missing) == ((), ("gone",))
