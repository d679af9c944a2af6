"""From the path that a user gives to the model it means, or to a sentence that says what is there instead."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from smanalyze.errors import NotASavedModelError
from smanalyze.source import find as find_module
from smanalyze.source.find import find
from tests.models import GOOD


def touch(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"\x08\x01")
    return folder


PLACES = [
    # files there, path given below the folder, (given, chosen, others, lone file)
    (["m/saved_model.pb"], "m", ("saved_model", "", (), None)),
    (["m/saved_model.pbtxt"], "m", ("saved_model", "", (), None)),
    (["m/saved_model.cpb"], "m", ("saved_model", "", (), None)),
    (["m/saved_model.pb"], "m/", ("saved_model", "", (), None)),
    (["m/saved_model.pb"], "m/.", ("saved_model", "", (), None)),
    (["m/saved_model.pb"], "m/../m", ("saved_model", "", (), None)),
    # A folder that is a model is that model, whatever lies deeper.
    (["m/saved_model.pb", "m/1/saved_model.pb", "m/sub/saved_model.pb"], "m", ("saved_model", "", (), None)),
    # Numbered versions: as numbers, not as text.
    (["m/9/saved_model.pb", "m/10/saved_model.pb"], "m", ("serving_base", "10", ("9",), None)),
    (["m/1/saved_model.pb"], "m", ("serving_base", "1", (), None)),
    (["m/0001/saved_model.pb", "m/2/saved_model.pb"], "m", ("serving_base", "2", ("0001",), None)),
    (["m/1554227548/saved_model.pb", "m/7/x.txt"], "m", ("serving_base", "1554227548", (), None)),
    (["m/1/saved_model.pb", "m/best/saved_model.pb"], "m", ("serving_base", "1", (), None)),
    (["m/1/saved_model.pbtxt", "m/3/other.pb"], "m", ("serving_base", "1", (), None)),
    # What looks like a number to Python is none to TF Serving.
    (["m/٣/saved_model.pb"], "m", ("nested", "٣", (), None)),
    (["m/-1/saved_model.pb"], "m", ("nested", "-1", (), None)),
    (["m/1.5/saved_model.pb"], "m", ("nested", "1.5", (), None)),
    # The only model deeper down.
    (["m/a/b/saved_model.pb", "m/readme.md"], "m", ("nested", "a/b", (), None)),
    (["m/a/1/saved_model.pb"], "m", ("nested", "a/1", (), None)),
    (["m/モデル/saved_model.pb"], "m", ("nested", "モデル", (), None)),
    (["m/a b/saved_model.pb"], "m", ("nested", "a b", (), None)),
    # A lone file; with its variables beside it the folder is meant.
    (["m/saved_model.pb"], "m/saved_model.pb", ("file", "", (), "saved_model.pb")),
    (["m/saved_model.pb", "m/variables/variables.index"], "m/saved_model.pb", ("saved_model", "", (), None)),
    (["m/saved_model.pbtxt", "m/variables/variables.index"], "m/saved_model.pbtxt", ("saved_model", "", (), None)),
    # The folder would mean its saved_model.pb, so the other file is taken alone.
    (
        ["m/saved_model.pb", "m/saved_model.pbtxt", "m/variables/variables.index"],
        "m/saved_model.pbtxt",
        ("file", "", (), "saved_model.pbtxt"),
    ),
    (["m/frozen.pb", "m/saved_model.pb"], "m/frozen.pb", ("file", "", (), "frozen.pb")),
    (["m/copy.pbtxt"], "m/copy.pbtxt", ("file", "", (), "copy.pbtxt")),
]


@pytest.mark.parametrize(("files", "path", "expected"), PLACES, ids=[f"{p[1]}:{'+'.join(p[0])}" for p in PLACES])
def test_path_leads_to_a_model(files: list[str], path: str, expected: tuple[object, ...], tmp_path: Path) -> None:
    touch(tmp_path, *files)
    place = find(f"{tmp_path}/{path}")
    assert (place.given, place.chosen, place.others, place.file) == expected
    assert os.path.isfile(os.path.join(place.root, place.file)) if place.file else os.path.isdir(place.root)
    assert place.path_name == (os.path.basename(path) if place.given == "file" else "m")


REFUSED = [
    # files there, path given, words of the sentence
    ([], "nowhere", "There is no such file or folder"),
    (["m/a.txt"], "m/nothing", "There is no such file or folder"),
    (["m/a.txt"], "m/a.txt/deeper", "There is no such file or folder"),
    (["m/notes.txt"], "m", "holds no saved_model.pb, .pbtxt or .cpb."),
    (["m/.gitkeep"], "m", "Only hidden files"),
    (["m/model.ckpt.index", "m/model.ckpt.data-00000-of-00001"], "m", "a checkpoint without its graph"),
    (["m/frozen.pb"], "m", "a .pb file of another name"),
    (["m/best.keras"], "m", "a Keras archive"),
    (["m/weights.h5"], "m", "a Keras .h5 file"),
    (["m/model.tflite"], "m", "a TFLite model"),
    (["m/a/saved_model.pb", "m/b/saved_model.pb"], "m", "holds 2 SavedModels; give one of them: a, b."),
    ([f"m/{i:02}x/saved_model.pb" for i in range(12)], "m", "and 2 more"),
    (["best.keras"], "best.keras", "a Keras archive"),
    (["W.H5"], "W.H5", "a Keras weights or model file"),
    (["m.tflite"], "m.tflite", "a TensorFlow Lite model"),
    (["m.onnx"], "m.onnx", "an ONNX model"),
    (["m.tar.gz"], "m.tar.gz", "unpack it first"),
    (["m.zip"], "m.zip", "unpack it first"),
    (["variables.index"], "variables.index", "the index of a checkpoint"),
    (["variables.data-00000-of-00001"], "variables.data-00000-of-00001", "the data of a checkpoint"),
    (["readme"], "readme", "This file is not a SavedModel."),
]


@pytest.mark.parametrize(("files", "path", "words"), REFUSED, ids=[f"{p[1]}:{'+'.join(p[0])[:40]}" for p in REFUSED])
def test_path_without_a_model_says_what_is_there(files: list[str], path: str, words: str, tmp_path: Path) -> None:
    touch(tmp_path, *files)
    with pytest.raises(NotASavedModelError) as caught:
        find(tmp_path / path)
    assert words in caught.value.message
    assert caught.value.file == str(tmp_path / path)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(NotASavedModelError, match="The folder is empty"):
        find(tmp_path)


@pytest.mark.parametrize("file", ["saved_model.pb", "saved_model.pbtxt"])
def test_a_folder_named_like_the_file_is_not_the_file(file: str, tmp_path: Path) -> None:
    (tmp_path / "m" / file).mkdir(parents=True)
    with pytest.raises(NotASavedModelError):
        find(tmp_path / "m")
    touch(tmp_path, f"m/{file}/saved_model.pb")
    assert find(tmp_path / "m").chosen == file


def test_pipes_and_sockets_are_never_opened(tmp_path: Path) -> None:
    """Opening a FIFO would wait for a writer for ever."""
    (tmp_path / "m").mkdir()
    os.mkfifo(tmp_path / "m" / "saved_model.pb")
    with pytest.raises(NotASavedModelError):
        find(tmp_path / "m")
    with pytest.raises(NotASavedModelError, match="neither a file nor a folder"):
        find(tmp_path / "m" / "saved_model.pb")
    (tmp_path / "s").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "s" / "saved_model.pb"))
        with pytest.raises(NotASavedModelError):
            find(tmp_path / "s")


def test_links_lead_to_what_they_name(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(GOOD / "module_one_signature")
    assert find(tmp_path / "latest").given == "saved_model"
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "2").symlink_to(GOOD / "module_one_signature")
    assert find(tmp_path / "base").chosen == "2"
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    with pytest.raises(NotASavedModelError, match="no such file"):
        find(tmp_path / "dangling")


def test_a_link_to_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "m" / "sub").mkdir(parents=True)
    (tmp_path / "m" / "sub" / "again").symlink_to(tmp_path / "m")
    (tmp_path / "m" / "loop").symlink_to(tmp_path / "m" / "loop")
    with pytest.raises(NotASavedModelError, match="holds no saved_model"):
        find(tmp_path / "m")


def test_here_and_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "model/saved_model.pb", "model/variables/variables.index", "model/sub/x")
    monkeypatch.chdir(tmp_path / "model")
    assert find(".")[1:3] == ("saved_model", "model")
    assert find("saved_model.pb")[1:3] == ("saved_model", "model")
    monkeypatch.chdir(tmp_path / "model" / "sub")
    assert find("..")[1:3] == ("saved_model", "model")
    assert not os.path.isabs(find("..").root), "a path is never made absolute"


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    """Linux allows any bytes; Python hands them on as surrogates."""
    name = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(name)
    shutil.copy(GOOD / "module_one_signature" / "saved_model.pb", name + b"/saved_model.pb")
    place = find(os.fsdecode(name))
    assert place.path_name == "caf\udce9"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_that_may_not_be_listed(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0)
    try:
        with pytest.raises(NotASavedModelError, match="cannot be read"):
            find(folder)
    finally:
        folder.chmod(0o700)


def test_search_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find_module, "MAX_FOLDERS", 5)
    for i in range(8):
        (tmp_path / f"d{i}").mkdir()
    touch(tmp_path, "d7/deep/saved_model.pb", "d0/file")
    with pytest.raises(NotASavedModelError, match=r"within 8 levels and 5 folders"):
        find(tmp_path)


def test_too_deep_is_said(tmp_path: Path) -> None:
    touch(tmp_path, "/".join("d" * (find_module.MAX_DEPTH + 1)) + "/saved_model.pb", "x")
    with pytest.raises(NotASavedModelError, match="within 8 levels"):
        find(tmp_path)
