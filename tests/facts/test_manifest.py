"""A model against a list of its files."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from smanalyze.facts.manifest import compare_manifest, digest_files, listable, listed_files
from smanalyze.model.manifest import ListedFile, Manifest
from smanalyze.model.parts import FileEntry
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
