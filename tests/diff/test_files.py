"""Files and assets of both sides."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from smanalyze.api import diff as verb
from smanalyze.api.facts import gather_for_diff
from smanalyze.diff.files import compare_assets, compare_files
from smanalyze.diff.side import Side
from smanalyze.diff.text_lines import compare_lines
from smanalyze.load import load
from smanalyze.model.parts import LISTING, Unreadable
from smanalyze.report.changes import FilePair
from tests.checks.compat.helpers import Maker, pair, same, with_files
from tests.checks.helpers import TESTDATA

MODULE = "module_one_signature"


def sides(maker: Maker, folder: Path) -> tuple[Side, Side]:
    old, new = (verb._side(gather_for_diff(load(path))) for path in maker(folder))
    return old, new


def files(maker: Maker, folder: Path) -> dict[str, FilePair]:
    return {one.path: one for one in compare_files(*sides(maker, folder))}


def test_bytes_decide(tmp_path: Path) -> None:
    found = files(
        with_files(same(MODULE), old={"a": b"one", "b": b"x"}, new={"a": b"two", "b": b"x", "c": b""}), tmp_path
    )
    assert (found["a"].same, found["b"].same, found["c"].same) == (False, True, None)
    assert (found["c"].old, found["c"].new) == (None, 0)
    assert found["variables/variables.data-00000-of-00001"].same is None


def test_a_data_file_of_no_checkpoint_is_not_the_checkpoints(tmp_path: Path) -> None:
    copy = {"variables/backup.data-00000-of-00001": bytes(24)}
    found = files(with_files(pair("change_weights_nudged"), old=copy, new=copy), tmp_path)
    assert found["variables/variables.data-00000-of-00001"].same is False
    assert found["variables/backup.data-00000-of-00001"].same is None


@pytest.mark.parametrize("name", ["saved_model.pb", "lone.pb"])
def test_of_a_lone_file_the_graph_alone_is_compared(name: str, tmp_path: Path) -> None:
    folder = TESTDATA / "models" / MODULE
    lone = tmp_path / name
    lone.write_bytes((folder / "saved_model.pb").read_bytes())
    for paths in ((folder, lone), (lone, folder), (lone, lone)):
        (found,) = compare_files(*sides(lambda _, paths=paths: paths, tmp_path))  # type: ignore[misc]
        assert found.same is True


def test_what_was_not_listed_is_not_gone(tmp_path: Path) -> None:
    old, new = sides(with_files(same(MODULE), old={"deep/a": b"x", "b": b"x"}), tmp_path)
    lost = Unreadable("unreadable", LISTING, "No permission.", "deep/")
    new = replace(new, model=replace(new.model, unreadable=(lost,)))
    assert [one.path for one in compare_files(old, new) if one.new is None] == ["b"]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a", b"\x7fELF\2", "executable"), ("a", b"MZ\x90\0\3", "executable"), ("a", b"MZ is a text", ""),
        ("a", b"#!/bin/sh", "script"), ("a.py", b"print()", "script"), ("a", pickle.dumps([1, 2]), "pickle"),
        ("a", pickle.dumps({"a": 1}, protocol=2), "pickle"), ("a.pkl", b"", "pickle"), ("a.txt", b"text", ""),
        ("a", b"\x80\x04 is no pickle", ""), ("a.SO", b"x", "executable"), ("a", b"\xca\xfe\xba\xbe\0", "executable"),
    ],
)  # fmt: skip
def test_what_runs_is_known_by_its_bytes_or_its_name(name: str, content: bytes, kind: str, tmp_path: Path) -> None:
    assert files(with_files(same(MODULE), new={name: content}), tmp_path)[name].kind == kind


@pytest.mark.parametrize(
    ("old", "new", "lines", "moved"),
    [
        (b"a\nb\n", b"a\nb\nc\n", (2, 3), (1, 0)), (b"a\nb", b"b\na", (2, 2), (0, 0)), (b"", b"a", (0, 1), (1, 0)),
        (b"a\n\n", b"a\n", (2, 1), (0, 1)), (b"a\0", b"a", (None, 1), (None, None)),
        (b"a\na\n", b"a\n", (2, 1), (0, 1)),
    ],
)  # fmt: skip
def test_lines(
    old: bytes, new: bytes, lines: tuple[int | None, int | None], moved: tuple[int | None, int | None], tmp_path: Path
) -> None:
    one, other = sides(with_files(same(MODULE), old={"t": old}, new={"t": new}), tmp_path)
    found = compare_lines(one.model, other.model, "t")
    assert (found.lines, (found.added, found.removed)) == (lines, moved)


def test_rows_of_an_embedding_that_fitted(tmp_path: Path) -> None:
    (asset,) = compare_assets(*sides(pair("change_asset_line"), tmp_path))
    assert asset.lines == (3, 4)
    assert asset.rows == (("the variable rows", 4),)


def test_a_variable_that_nothing_picks_rows_from_is_no_embedding(tmp_path: Path) -> None:
    """It has as many rows as the vocabulary has lines by chance."""
    maker = pair("change_asset_line")
    old, new = sides(maker, tmp_path)
    stripped = []
    for one in (old, new):
        program = one.programs[0]
        for name in program.library.functions:
            index = program.library.index(name)
            index.op_counts.pop("ResourceGather", None)
            index.op_counts.pop("GatherV2", None)
        stripped.append(one)
    (asset,) = compare_assets(*stripped)
    assert asset.rows == ()
