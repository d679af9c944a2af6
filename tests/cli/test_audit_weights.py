"""``smanalyze audit`` of weights without a SavedModel: checkpoints, Keras files, architectures."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from smanalyze.report.schemas import make_schema
from tests.conftest import TESTDATA

from .helpers import Command, sentences

WEIGHTS = TESTDATA / "weights"
MODEL = TESTDATA / "models" / "module_one_signature"
DATA = "ckpt-1.data-00000-of-00001"


def document(cli: Command, *arguments: object, code: int = 0) -> Any:
    """The JSON of an audit that ends with ``code``; it fits the schema."""
    said = cli("audit", "--format", "json", *arguments)
    assert said.code == code, said.err
    found = json.loads(said.out)
    jsonschema.validate(found, json.loads(make_schema("audit")))
    return found


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WEIGHTS / "checkpoint", tmp_path / "weights"))


@pytest.mark.parametrize(
    ("path", "kind", "tensors", "name"),
    [
        ("checkpoint", "checkpoint", 10, "checkpoint/ckpt-1"),
        ("checkpoint/ckpt-1", "checkpoint", 10, "ckpt-1"),
        ("checkpoint/ckpt-1.index", "checkpoint", 10, "ckpt-1.index"),
        (f"checkpoint/{DATA}", "checkpoint", 10, DATA),
        ("keras_archive_trained/trained.keras", "Keras archive", 14, "trained.keras"),
        ("keras3_h5/image.weights.h5", "Keras HDF5 file", 8, "image.weights.h5"),
        ("legacy_h5/image.h5", "Keras HDF5 file", 8, "image.h5"),
        ("architecture/image.json", "Keras architecture (JSON)", 0, "image.json"),
        ("architecture/image.yaml", "Keras architecture (YAML)", 0, "image.yaml"),
    ],
)
def test_every_form(path: str, kind: str, tensors: int, name: str, cli: Command) -> None:
    found = document(cli, WEIGHTS / path)
    assert (found["kind"], found["path_name"], found["verdict"]) == (kind, name, "no-fingerprint")
    assert len(found["contents"]["tensors"]) == found["checkpoint"]["tensors"] == tensors
    assert sum(total["tensors"] for total in found["contents"]["totals"]) == tensors
    assert found["findings"] == found["not_read"] == found["fingerprint"]["fields"] == []
    assert found["fingerprint"]["presence"] == "absent"
    files = [row["path"] for row in found["files"]]
    assert found["uncovered"] == ([] if kind in ("checkpoint", "Keras archive") else files)
    assert {"crc32" in row["covered_by"] for row in found["files"]} == {kind == "Keras archive"}
    assert files == ([DATA, "ckpt-1.index"] if kind == "checkpoint" else [name])
    assert {row["status"] for row in found["files"]} == {""}


def test_the_summary_says_what_was_checked(cli: Command) -> None:
    assert document(cli, WEIGHTS / "checkpoint")["summary"] == (
        "All 10 tensors have the bytes that were written; there is no fingerprint to compare with."
    )
    assert document(cli, WEIGHTS / "legacy_h5/image.h5")["summary"] == (
        "All 8 tensors can be read; a Keras file carries no checksums of them: nothing could be compared."
    )
    assert document(cli, WEIGHTS / "architecture/image.json")["summary"] == (
        "It holds an architecture and no weights; a Keras file carries no checksums: nothing could be compared."
    )


def test_contents(cli: Command) -> None:
    contents = document(cli, WEIGHTS / "keras_archive_trained/trained.keras")["contents"]
    assert (contents["class_name"], contents["model_name"], contents["layers"]) == ("Sequential", "trained_model", 3)
    assert contents["keras_version"]
    assert contents["tensors"][0] == {
        "key": "layers/dense/vars/0", "name": "", "layer": "hidden", "role": "weight", "dtype": "float32",
        "shape": [4, 3], "elements": 12, "size": 48,
    }  # fmt: skip
    assert document(cli, MODEL)["contents"] is None


def test_a_changed_byte_is_damage(checkpoint: Path, cli: Command) -> None:
    content = bytearray((checkpoint / DATA).read_bytes())
    content[-1] ^= 1
    (checkpoint / DATA).write_bytes(content)
    found = document(cli, checkpoint, code=1)
    assert (found["verdict"], [one["rule"] for one in found["findings"]]) == ("damaged", ["tensor-corrupt"])
    assert {row["path"]: row["status"] for row in found["files"]}[DATA] == "damaged"


def test_a_missing_data_file_is_a_gap(checkpoint: Path, cli: Command) -> None:
    (checkpoint / DATA).unlink()
    found = document(cli, checkpoint, code=1)
    assert (found["verdict"], [one["rule"] for one in found["findings"]]) == ("incomplete", ["missing-shard"])


def test_a_missing_index(checkpoint: Path, cli: Command) -> None:
    (checkpoint / "ckpt-1.index").unlink()
    said = cli("audit", checkpoint / DATA)
    assert said.code == 2
    assert sentences(said.err)


def test_a_damaged_index(checkpoint: Path, cli: Command) -> None:
    content = bytearray((checkpoint / "ckpt-1.index").read_bytes())
    content[20] ^= 1
    (checkpoint / "ckpt-1.index").write_bytes(content)
    said = cli("audit", "--format", "json", checkpoint)
    assert said.code in (1, 2)
    found = json.loads(said.out)
    assert found["verdict"] == "damaged"
    assert "stale-shard" not in {one["rule"] for one in found["findings"]}


@pytest.mark.parametrize("name", ["image.keras", "image.h5"])
def test_a_damaged_keras_file(name: str, tmp_path: Path, cli: Command) -> None:
    folder = "keras_archive" if name.endswith(".keras") else "legacy_h5"
    file = tmp_path / name
    file.write_bytes((WEIGHTS / folder / name).read_bytes()[:9000])
    said = cli("audit", "--format", "json", file)
    assert said.code == 2
    found = json.loads(said.out)
    assert found["verdict"] == "damaged" and found["not_read"]
    assert found["files"][0]["status"] == "damaged"


def test_a_pointer_is_not_damage(tmp_path: Path, cli: Command) -> None:
    oid = "a" * 64
    (tmp_path / "image.h5").write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n")
    said = cli("audit", "--format", "json", tmp_path / "image.h5")
    found = json.loads(said.out)
    assert (said.code, found["verdict"], found["files"][0]["status"]) == (2, "incomplete", "not-fetched")
    assert "more)" not in found["summary"]


def test_strict_asks_for_checksums(cli: Command) -> None:
    assert cli("audit", "--strict", WEIGHTS / "checkpoint").code == 0
    assert cli("audit", "--strict", WEIGHTS / "legacy_h5/image.h5").code == 3


@pytest.mark.parametrize("path", ["checkpoint/ckpt-1", "legacy_h5/image.h5"])
def test_statistics_and_digests(path: str, cli: Command) -> None:
    found = document(cli, "--stats", "--digests", WEIGHTS / path)
    assert len(found["checkpoint"]["statistics"]) >= 8
    folder = (WEIGHTS / path).parent
    for row in found["files"]:
        assert row["sha256"] == hashlib.sha256((folder / row["path"]).read_bytes()).hexdigest()


@pytest.mark.parametrize("option", ["--weights", "--manifest", "--write-manifest"])
def test_options_that_need_a_model(option: str, tmp_path: Path, cli: Command) -> None:
    path = WEIGHTS / "legacy_h5/image.h5"
    said = cli("audit", option, tmp_path / "other", path)
    assert said.code == 2
    (line,) = sentences(said.err)
    assert str(path) in line and option in line
    assert not (tmp_path / "other").exists()


def test_weights_beside_models(cli: Command) -> None:
    found = document(cli, MODEL, WEIGHTS / "checkpoint")
    assert [one["contents"] is None for one in found["results"]] == [True, False]


def test_other_checkpoints_are_counted(checkpoint: Path, cli: Command) -> None:
    for file in list(checkpoint.glob("ckpt-1.*")):
        shutil.copy(file, file.with_name(file.name.replace("ckpt-1", "ckpt-0")))
    assert document(cli, checkpoint)["summary"].endswith(" 1 more checkpoint in the folder: not looked at.")


@pytest.mark.parametrize("file", ["ckpt-1.index", DATA])
def test_no_output_over_the_checkpoint(file: str, checkpoint: Path, cli: Command) -> None:
    before = (checkpoint / file).read_bytes()
    assert cli("audit", "-o", f"json:{checkpoint / file}", checkpoint / "ckpt-1").code == 2
    assert cli("audit", "-o", f"json:{checkpoint / file}", checkpoint / "ckpt-1.index").code == 2
    assert (checkpoint / file).read_bytes() == before


def test_the_list_of_checkpoints_names_what_to_give(checkpoint: Path, cli: Command, tmp_path: Path) -> None:
    said = cli("audit", checkpoint / "checkpoint")
    (line,) = sentences(said.err)
    assert said.code == 2 and line.endswith(f"says which one is the latest: give {checkpoint / 'ckpt-1'}.")
    assert cli("audit", checkpoint / "ckpt-1").code == 0
    said = cli("audit", MODEL, "--weights", checkpoint / "checkpoint")
    assert said.code == 2 and "says which one is the latest" in said.err


def test_other_files_are_refused_as_before(tmp_path: Path, cli: Command) -> None:
    (tmp_path / "some.json").write_text("{}")
    assert cli("audit", tmp_path / "some.json").code == 2
    assert cli("audit", tmp_path / "nowhere").code == 2


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
def test_pages_show_the_contents(kind: str, cli: Command) -> None:
    said = cli("audit", "--format", kind, WEIGHTS / "keras_archive_trained/trained.keras")
    assert said.code == 0
    for words in ("Contents", "layers/dense/vars/0", "optimizer state", "(4, 3)", "without checksums to compare with",
                  "10 tensors, 40 elements, 164 bytes"):  # fmt: skip
        assert words in said.out
    assert "fingerprint.pb" not in said.out
