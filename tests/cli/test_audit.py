"""``smanalyze audit`` as a user meets it: verdicts, exit codes, files written, progress."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from smanalyze.cli.main import run
from smanalyze.cli.progress import ProgressBar, progress_line
from smanalyze.report.schemas import make_schema, schema_text
from tests.conftest import TESTDATA

GOOD = TESTDATA / "models"
BROKEN = TESTDATA / "broken"


def audited(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any]:
    """(exit code, the JSON document)."""
    code = run(["audit", "--format", "json", *map(str, arguments)])
    return code, json.loads(capsys.readouterr().out)


def copy_of(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(GOOD / name, folder / name))


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("path", "verdict", "code"),
    [
        (GOOD / "module_one_signature", "intact", 0),
        (GOOD / "tf1_frozen", "no-fingerprint", 0),
        (BROKEN / "fingerprint_stale", "modified", 1),
        (BROKEN / "checkpoint_other_model", "modified", 1),
        (BROKEN / "missing_shard", "incomplete", 1),
        (BROKEN / "missing_asset", "incomplete", 1),
        (BROKEN / "shard_bad_crc", "damaged", 1),
        (BROKEN / "fingerprint_garbage", "damaged", 1),
        (BROKEN / "keras_metadata_garbage", "damaged", 1),
        (BROKEN / "index_bad_crc", "damaged", 1),
        (BROKEN / "empty_pb", "damaged", 1),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else str(value),
)
def test_verdicts_and_exit_codes(path: Path, verdict: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    found, document = audited(capsys, path)
    assert (document["verdict"], found) == (verdict, code)
    jsonschema.validate(document, json.loads(schema_text("audit")))


def test_an_asset_that_was_not_fetched_is_a_gap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = copy_of("tables_and_assets", tmp_path)
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    (model / "assets" / "vocab.txt").write_bytes(pointer)
    code, document = audited(capsys, model)
    assert (code, document["verdict"]) == (1, "incomplete")
    assert {row["path"]: row["status"] for row in document["files"]}["assets/vocab.txt"] == "not-fetched"
    assert [(one["part"], one["presence"]) for one in document["not_read"]] == [("asset", "not-fetched")]
    assert [finding["rule"] for finding in document["findings"]] == ["lfs-pointer"]
    assert run(["audit", "--strict", "--fail-on", "none", str(model)]) == 3


@pytest.mark.parametrize("name", ["missing_shard", "lfs_pointer_variables", "no_variables_folder"])
def test_strict_tells_that_something_could_not_be_checked(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "--fail-on", "none", "--strict", str(BROKEN / name)]) == 3
    assert run(["audit", "--strict", str(BROKEN / name)]) == 1
    assert run(["audit", "--fail-on", "none", str(BROKEN / name)]) == 0


def test_strict_is_content_with_a_whole_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "--strict", str(GOOD / "module_one_signature")]) == 0


def test_nothing_readable_and_no_model_are_failures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", str(tmp_path)]) == 2
    assert run(["audit", str(BROKEN / "lfs_pointer_pb"), str(tmp_path / "gone")]) == 2
    assert "There is no such file or folder." in capsys.readouterr().err


def test_the_worst_of_several_paths_decides(capsys: pytest.CaptureFixture[str]) -> None:
    paths = [GOOD / "module_one_signature", BROKEN / "shard_bad_crc"]
    code, document = audited(capsys, *paths)
    assert code == 1
    assert [one["verdict"] for one in document["results"]] == ["intact", "damaged"]
    jsonschema.validate(document, json.loads(schema_text("audit")))


def test_every_version_is_audited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = copy_of("serving_versions", tmp_path)
    flip(base / "1" / "variables" / "variables.data-00000-of-00001", 0)
    code, document = audited(capsys, base)
    assert code == 1
    told = [(one["path_name"], one["version"], one["verdict"]) for one in document["results"]]
    assert told == [("serving_versions", "3", "intact"), ("serving_versions", "1", "damaged")]


@pytest.mark.parametrize(
    ("file", "verdict"),
    [
        ("saved_model.pb", {"modified", "damaged"}),
        ("variables/variables.index", {"damaged", "modified"}),
        ("variables/variables.data-00000-of-00001", {"damaged"}),
    ],
)
def test_any_flipped_byte_of_a_covered_file_is_seen(
    file: str, verdict: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = copy_of("module_one_signature", tmp_path)
    size = (model / file).stat().st_size
    for at in range(0, size, max(size // 12, 1)):
        flip(model / file, at)
        code, document = audited(capsys, "-q", model)
        assert document["verdict"] in verdict, at
        assert code in (1, 2)
        flip(model / file, at)


def test_what_is_not_seen_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = copy_of("tables_and_assets", tmp_path)
    (model / "assets" / "vocab.txt").write_text("something else\n")
    _, document = audited(capsys, model)
    assert document["verdict"] == "intact"
    assert "assets/vocab.txt" in document["uncovered"]


# Manifests ------------------------------------------------------------------------------------------------------------


def write(model: Path, target: Path) -> dict[str, Any]:
    assert run(["audit", "-q", str(model), "--write-manifest", str(target)]) == 0
    found: dict[str, Any] = json.loads(target.read_text())
    return found


def test_a_manifest_lists_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = GOOD / "tables_and_assets"
    statement = write(model, tmp_path / "list.json")
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    there = {
        path.relative_to(model).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in model.rglob("*") if path.is_file()
    }  # fmt: skip
    listed = [(one["name"], one["digest"]["sha256"]) for one in statement["subject"]]
    assert listed == sorted(there.items())
    assert statement["predicate"]["fingerprint"]["hashes"] == statement["predicate"]["recomputed"]["hashes"]


def test_a_manifest_is_the_same_whenever_and_wherever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(GOOD / "tables_and_assets", tmp_path / "one.json")
    write(copy_of("tables_and_assets", tmp_path / "elsewhere"), tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert str(tmp_path) not in (tmp_path / "one.json").read_text()


def test_changes_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = copy_of("tables_and_assets", tmp_path)
    write(model, tmp_path / "list.json")
    capsys.readouterr()
    assert audited(capsys, model, "--manifest", tmp_path / "list.json")[0] == 0
    (model / "assets" / "vocab.txt").write_text("something else\n")
    (model / "evil.py").write_text("")
    code, document = audited(capsys, model, "--manifest", tmp_path / "list.json")
    (against,) = document["manifests"]
    assert (code, document["verdict"], against["verdict"]) == (1, "modified", "differs")
    assert (against["changed"], against["missing"], against["added"]) == (["assets/vocab.txt"], [], ["evil.py"])
    (model / "assets" / "vocab.txt").unlink()
    code, document = audited(capsys, model, "--manifest", tmp_path / "list.json")
    assert (code, document["manifests"][0]["missing"]) == (1, ["assets/vocab.txt"])


def test_digests_are_there_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    model = GOOD / "module_one_signature"
    assert all(row["sha256"] is None for row in audited(capsys, model)[1]["files"])
    assert all(len(row["sha256"]) == 64 for row in audited(capsys, model, "--digests")[1]["files"])


def test_nothing_is_written_into_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = copy_of("module_one_signature", tmp_path)
    before = sorted(path.relative_to(model) for path in model.rglob("*"))
    assert run(["audit", str(model), "--write-manifest", str(model / "list.json")]) == 2
    assert run(["audit", str(model), "-o", str(model / "variables" / "audit.json")]) == 2
    assert run(["audit", str(model / "saved_model.pb"), "-o", str(model / "audit.json")]) == 2
    assert sorted(path.relative_to(model) for path in model.rglob("*")) == before


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"_type": 7}', "[" * 100_000])
def test_a_file_that_is_no_manifest_is_told(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list.json").write_text(text)
    assert run(["audit", str(GOOD / "module_one_signature"), "--manifest", str(tmp_path / "list.json")]) == 2
    assert "list.json: It is" in capsys.readouterr().err


def test_a_manifest_lists_one_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(GOOD / name) for name in ("module_one_signature", "module_no_signature")]
    assert run(["audit", *paths, "--write-manifest", str(tmp_path / "list.json")]) == 2
    assert not (tmp_path / "list.json").exists()
    out, err = capsys.readouterr()
    assert out == "" and "A manifest lists one model; give one path" in err


@pytest.mark.parametrize("option", ["--write-manifest", "--manifest"])
def test_a_manifest_lists_one_version(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base, target = GOOD / "serving_versions", tmp_path / "list.json"
    assert run(["audit", str(base), option, str(target)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and not target.exists()
    assert "this holds 2 versions: 3, 1. Give one of them" in err and str(base / "3") in err
    assert run(["audit", "-q", str(base / "1"), "--write-manifest", str(target)]) == 0
    capsys.readouterr()
    assert audited(capsys, base / "1", "--manifest", target)[0] == 0


def test_no_manifest_is_advised_where_one_matches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = GOOD / "tf1_frozen"
    assert [finding["rule"] for finding in audited(capsys, model)[1]["findings"]] == ["no-fingerprint"]
    write(model, tmp_path / "list.json")
    capsys.readouterr()
    code, document = audited(capsys, model, "--manifest", tmp_path / "list.json")
    assert (code, document["verdict"], document["findings"]) == (0, "no-fingerprint", [])


def test_an_unknown_hash_is_not_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = copy_of("module_one_signature", tmp_path)
    (model / "variables" / "variables.index").unlink()
    run(["audit", "-q", "--fail-on", "none", str(model), "--write-manifest", str(tmp_path / "list.json")])
    recomputed = json.loads((tmp_path / "list.json").read_text())["predicate"]["recomputed"]
    assert recomputed["singleprint"] == "" and "checkpoint_hash" not in recomputed["hashes"]
    assert len(recomputed["hashes"]) == 4


def sign(model: Path, name: str = "model") -> str:
    """A sigstore bundle as OpenSSF model-signing writes it, its signature aside."""
    resources = [
        {"name": path.relative_to(model).as_posix(), "algorithm": "sha256",
         "digest": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in sorted(model.rglob("*")) if path.is_file()
    ]  # fmt: skip
    resources.sort(key=lambda one: one["name"])
    root = hashlib.sha256(b"".join(bytes.fromhex(one["digest"]) for one in resources)).hexdigest()
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "ignore_paths": ["model.sig", ".git"]},
            "resources": resources,
        },
    }
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    envelope = {"payload": payload, "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": "AA=="}]}
    return json.dumps({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope})


@pytest.mark.parametrize("inside", [True, False])
def test_a_signature_beside_the_model_is_compared(
    inside: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = copy_of("tables_and_assets", tmp_path)
    text = sign(model, model.name)
    (model / "model.sig" if inside else tmp_path / "model.sig").write_text(text)
    code, document = audited(capsys, model)
    (against,) = document["manifests"]
    assert (code, against["kind"], against["verdict"]) == (0, "model-signing", "matches")
    assert any("signature itself was not verified" in sentence for sentence in against["says"])
    assert {row["path"] for row in document["files"] if "model.sig" in row["covered_by"]} >= {"assets/vocab.txt"}
    (model / "assets" / "vocab.txt").write_text("something else\n")
    code, document = audited(capsys, model)
    assert (code, document["verdict"]) == (1, "modified")
    assert document["manifests"][0]["changed"] == ["assets/vocab.txt"]


def test_a_signature_of_a_neighbour_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = copy_of("tables_and_assets", tmp_path)
    (tmp_path / "model.sig").write_text(sign(model, "another"))
    assert audited(capsys, model)[1]["manifests"] == []


def test_a_signature_that_says_nothing_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = copy_of("tables_and_assets", tmp_path)
    (model / "model.sig").write_bytes(b"\xff\xfe")
    code, document = audited(capsys, model)
    assert (code, document["manifests"][0]["verdict"]) == (0, "not-read")
    assert [f["rule"] for f in document["findings"] if f["severity"] == "warning"] == ["signature-unreadable"]


def test_a_pipe_called_model_sig_does_not_hold_us_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = copy_of("tables_and_assets", tmp_path)
    os.mkfifo(tmp_path / "model.sig")
    assert audited(capsys, model)[0] == 0


# Weights, formats, progress -------------------------------------------------------------------------------------------


def test_weights_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    model = GOOD / "keras2_functional"
    code, document = audited(capsys, model, "--weights", model / "variables" / "variables.index")
    assert (code, document["weights"]["verdict"]) == (0, "same")
    other = GOOD / "keras3_export" / "variables" / "variables.index"
    code, document = audited(capsys, model, "--weights", other)
    assert code == 1
    assert "weights-differ" in [finding["rule"] for finding in document["findings"]]


def test_weights_that_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    weights = GOOD / "tables_and_assets" / "assets" / "vocab.txt"
    assert run(["audit", str(GOOD / "keras3_export"), "--weights", str(weights)]) == 2
    assert "This is no checkpoint and no Keras file" in capsys.readouterr().err
    assert run(["audit", str(GOOD / "keras3_export"), "--weights", str(weights) + "x"]) == 2
    assert "There is no such file." in capsys.readouterr().err


def test_weights_of_which_values_are_missing_are_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = shutil.copytree(TESTDATA / "weights" / "checkpoint", tmp_path / "weights")
    (weights / "ckpt-1.data-00000-of-00001").unlink()
    arguments = (GOOD / "keras3_export", "--weights", weights)
    code, document = audited(capsys, *arguments)
    assert (code, document["weights"]["verdict"], document["weights"]["by_checksum"]) == (0, "same", True)
    assert [(f["rule"], f["severity"]) for f in document["findings"]] == [("weights-by-checksum", "warning")]
    jsonschema.validate(document, json.loads(make_schema("audit")))
    assert audited(capsys, *arguments, "--fail-on", "warning")[0] == 1
    run(["audit", *map(str, arguments)])
    out = capsys.readouterr().out
    assert "All 8 weights of the model are those of the file, going by stored checksums" in " ".join(out.split())
    assert "8 tensors the same, 0 different." in out


def test_an_audit_can_be_rendered_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(BROKEN / "shard_bad_crc")
    files = [tmp_path / f"audit{ending}" for ending in (".json", ".html", ".md", ".txt")]
    run(["audit", "--stats", model, *(word for file in files for word in ("-o", str(file)))])
    for file in files:
        again = tmp_path / f"again{file.suffix}"
        assert run(["render", str(files[0]), "-o", str(again)]) == 0
        assert again.read_bytes() == file.read_bytes()


def test_several_audits_can_be_rendered_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["audit", str(GOOD / "serving_versions"), "-o", str(tmp_path / "audit.json")])
    assert run(["render", str(tmp_path / "audit.json")]) == 0
    assert capsys.readouterr().out.count("serving_versions (version") == 2
    assert run(["render", str(tmp_path / "audit.json"), "--format", "html"]) == 2


def test_statistics_are_there_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    model = GOOD / "module_one_signature"
    assert audited(capsys, model)[1]["checkpoint"]["statistics"] == []
    assert audited(capsys, model, "--stats")[1]["checkpoint"]["statistics"]


def test_no_progress_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    run(["audit", str(GOOD / "module_one_signature")])
    assert capsys.readouterr().err == ""


def test_progress_says_how_much_how_fast_and_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    line = progress_line("m\x1b", 1_200_000_000, 2_400_000_000, 2.0, 80)
    assert line == "m\\x1b  ━━━━━─────   50 %  1.2 GB of 2.4 GB, 600 MB/s, 2 s left"
    assert progress_line("m", 1, 100_000, 1.0, 80).endswith("1 byte of 100 kB, 1 byte/s, 27:46:39 left")
    for width in range(20, 100):
        assert len(progress_line("a_long_name_of_a_model", 5, 10, 1.0, width)) < width
    bar = ProgressBar("m")
    bar.told(1, 2)  # too early to be shown
    bar.close()
    assert capsys.readouterr().err == ""
    bar._next = 0.0
    bar.told(1, 2)
    bar.close()
    err = capsys.readouterr().err
    assert "1 byte of 2 bytes" in err
    assert err.endswith("\r\x1b[K")
