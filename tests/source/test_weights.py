"""From a path to a checkpoint's prefix or a Keras file."""

from __future__ import annotations

from pathlib import Path

import pytest

from smanalyze.errors import NotASavedModelError
from smanalyze.load import load_weights_source
from smanalyze.source.weights import find_weights
from tests.conftest import TESTDATA
from tests.models import GOOD

CHECKPOINT = TESTDATA / "weights" / "checkpoint"
DATA = "data-00000-of-00001"


def touch(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"x")


@pytest.mark.parametrize("name", ["", "ckpt-1", "ckpt-1.index", f"ckpt-1.{DATA}"])
def test_every_way_to_name_a_checkpoint(name: str) -> None:
    place = find_weights(CHECKPOINT / name)
    assert place is not None
    assert (place.kind, place.file) == ("checkpoint", "ckpt-1")
    assert [path for path, _, _ in place.files] == [f"ckpt-1.{DATA}", "ckpt-1.index"]
    found = load_weights_source(CHECKPOINT / name)
    assert found is not None and found.unreadable == () and len(found.tensors) == 10
    assert found.path_name == (name or "checkpoint")
    assert found.chosen == ("" if name else "ckpt-1")


def test_a_saved_model_stays_one() -> None:
    assert find_weights(GOOD / "module_one_signature") is None
    assert find_weights(GOOD / "serving_versions") is None
    place = find_weights(GOOD / "module_one_signature" / "variables" / "variables")
    assert place is not None and place.kind == "checkpoint"


@pytest.mark.parametrize("name", ["nothing", "a.txt", "saved_model.pb", "m.tflite", "data.json", "data.yaml", "empty"])
def test_anything_else_is_nothing(name: str, tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", "saved_model.pb", "m.tflite")
    (tmp_path / "data.json").write_text('{"class_name": 3}')
    (tmp_path / "data.yaml").write_text("class_name: x\nother: y\n")
    (tmp_path / "empty").mkdir()
    assert load_weights_source(tmp_path / name) is None


@pytest.mark.parametrize(
    ("state", "chosen"),
    [
        ('model_checkpoint_path: "ckpt-2"\nall_model_checkpoint_paths: "ckpt-1"', "ckpt-2"),
        ('model_checkpoint_path: "/home/author/run/ckpt-2"', "ckpt-2"),
        ('model_checkpoint_path: "C:\\\\run\\\\ckpt-2"', "ckpt-2"),
        ('model_checkpoint_path: "sub/ckpt-3"', "sub/ckpt-3"),
        ('model_checkpoint_path: "../ckpt-1"', "ckpt-1"),
        ('model_checkpoint_path: "\\346\\227\\245-1"', "日-1"),
    ],
)
def test_state_file_names_the_latest(state: str, chosen: str, tmp_path: Path) -> None:
    touch(tmp_path, "ckpt-1.index", "ckpt-2.index", "sub/ckpt-3.index", "日-1.index")
    (tmp_path / "checkpoint").write_text(state)
    place = find_weights(tmp_path)
    assert place is not None
    assert place.chosen == place.file == chosen
    assert chosen not in place.others and len(place.others) >= 2


def test_the_state_file_itself_names_what_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotASavedModelError, match=f"text file that says .* latest: give {CHECKPOINT}/ckpt-1\\."):
        find_weights(CHECKPOINT / "checkpoint")
    monkeypatch.chdir(CHECKPOINT)
    with pytest.raises(NotASavedModelError, match="latest: give ckpt-1\\."):
        find_weights("checkpoint")
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/run/ckpt-9"')
    with pytest.raises(NotASavedModelError, match="it names ckpt-9, which is not here"):
        find_weights(tmp_path / "checkpoint")
    (tmp_path / "checkpoint").write_text("something else")
    assert find_weights(tmp_path / "checkpoint") is None


def test_folders_without_state_file(tmp_path: Path) -> None:
    touch(tmp_path, "m.ckpt.index", f"m.ckpt.{DATA}", f"m.ckpt2.{DATA}")
    place = find_weights(tmp_path)
    assert place is not None and place.chosen == "m.ckpt"
    assert [path for path, _, _ in place.files] == [f"m.ckpt.{DATA}", "m.ckpt.index"]
    touch(tmp_path, "n.index")
    with pytest.raises(NotASavedModelError, match=r"holds 2 checkpoints .* m\.ckpt, n"):
        find_weights(tmp_path)


def test_a_data_file_without_index_is_not_fetched(tmp_path: Path) -> None:
    touch(tmp_path, f"c.{DATA}")
    found = load_weights_source(tmp_path / f"c.{DATA}")
    assert found is not None and found.checkpoint.presence == "not-fetched"
    assert found.unreadable[0].code == "missing"


def test_content_decides_between_archive_and_hdf5(tmp_path: Path) -> None:
    """Until TensorFlow 2.11 a file saved as .keras was HDF5."""
    (tmp_path / "a.keras").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "b.h5").write_bytes(b"PK\x03\x04....")
    assert [place.kind for name in ("a.keras", "b.h5") if (place := find_weights(tmp_path / name))] == ["h5", "keras"]
