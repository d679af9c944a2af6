"""The files of a folder: only regular ones, by paths with forward slashes, and never one too many."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from smanalyze.errors import FormatError, NotASavedModelError
from smanalyze.source import directory as directory_module
from smanalyze.source.directory import Directory


def test_lists_regular_files_sorted(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "b" / "z.txt").write_bytes(b"12345")
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "b.txt").write_bytes(b"1")
    (tmp_path / "link.txt").symlink_to("b/z.txt")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "around").symlink_to(".")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to_pipe").symlink_to("pipe")
    assert Directory(str(tmp_path)).files() == (
        ("a.txt", 0, False), ("b.txt", 1, False), ("b/z.txt", 5, False), ("link.txt", 5, True),
    )  # fmt: skip


def test_a_missing_folder_is_an_error_and_a_vanished_file_too(tmp_path: Path) -> None:
    with pytest.raises(NotASavedModelError, match="cannot be read"):
        Directory(str(tmp_path / "gone")).files()
    for open_it in (Directory(str(tmp_path)).read, Directory(str(tmp_path)).map):
        with pytest.raises(FormatError) as caught:
            open_it("gone.pb")
        assert caught.value.file == "gone.pb"
        assert str(tmp_path) not in str(caught.value), "a message names no place on the machine"


def test_reads_and_maps(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abcdef")
    (tmp_path / "empty").write_bytes(b"")
    directory = Directory(str(tmp_path))
    assert directory.read("f") == bytes(directory.map("f")) == b"abcdef"
    assert directory.read("f", 2) == b"ab"
    assert directory.read("f", 0) == b""
    assert bytes(directory.map("empty")) == b""
    view = directory.map("f")
    assert view.readonly
    (tmp_path / "f").unlink()
    assert bytes(view) == b"abcdef", "the map outlives the name"


def test_the_list_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a folder with too many files those at the top are kept: the model's own are among them."""
    monkeypatch.setattr(directory_module, "MAX_FILES", 5)
    (tmp_path / "assets").mkdir()
    for i in range(10):
        (tmp_path / "assets" / f"{i}").touch()
    (tmp_path / "saved_model.pb").touch()
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "variables.index").touch()
    directory = Directory(str(tmp_path))
    files = [path for path, _, _ in directory.files()]
    assert len(files) == 7
    assert {"saved_model.pb", "variables/variables.index"} < set(files), "each folder at the top has room of its own"
    assert [folder for folder, _ in directory.unlisted] == ["assets/"]


def test_the_depth_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module, "MAX_DEPTH", 2)
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b" / "kept").touch()
    (tmp_path / "a" / "b" / "c" / "left_out").touch()
    assert [path for path, _, _ in Directory(str(tmp_path)).files()] == ["a/b/kept"]
