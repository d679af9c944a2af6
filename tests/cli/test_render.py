"""``smanalyze render``: a report made earlier, in another format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from smanalyze.report.document import SCHEMA_VERSION
from tests.models import GOOD, each_model

from .helpers import Command, real, sentences

MODEL = GOOD / "module_one_signature"


@each_model
def test_the_same_bytes_as_the_report_itself(name: str, cli: Command, tmp_path: Path) -> None:
    """In every format: a renderer knows nothing but the document."""
    document = tmp_path / "report.json"
    kinds = {"text": "txt", "json": "json", "html": "html", "markdown": "md"}
    direct, again = tmp_path / "direct", tmp_path / "again"
    direct.mkdir()
    again.mkdir()
    said = cli("report", GOOD / name, "-o", document, *_outputs(direct, kinds))
    assert (said.code, said.err) == (0, "")
    assert cli("render", document, *_outputs(again, kinds)) == (0, "", "")
    for ending in kinds.values():
        assert (again / f"r.{ending}").read_bytes() == (direct / f"r.{ending}").read_bytes(), ending


def _outputs(folder: Path, kinds: dict[str, str]) -> list[str]:
    return [word for kind, ending in kinds.items() for word in ("-o", f"{kind}:{folder / f'r.{ending}'}")]


@pytest.mark.parametrize("kind", ["text", "json", "markdown"])
def test_several_reports_too(kind: str, cli: Command, tmp_path: Path) -> None:
    models = (GOOD / "tf1_frozen", MODEL)
    cli("report", *models, "-o", tmp_path / "two.json")
    assert cli("render", tmp_path / "two.json", "--format", kind).out == cli("report", *models, "--format", kind).out
    said = cli("render", tmp_path / "two.json", "--format", "html")
    assert said.code == 2
    assert "holds several" in said.err


def test_one_of_several_stays_one_of_several(cli: Command, tmp_path: Path) -> None:
    cli("report", MODEL, tmp_path / "nowhere", "-o", tmp_path / "one.json")
    text = (tmp_path / "one.json").read_text(encoding="utf-8")
    assert cli("render", tmp_path / "one.json", "--format", "json").out == text


def test_from_standard_input(cli: Command) -> None:
    document = cli("report", MODEL, "--format", "json").out
    said = real("render", "-", "--format", "json", stdin=document)
    assert said == (0, document, "")


BROKEN = [
    ("", "is not JSON"),
    ("{", "is not JSON"),
    ("[" * 5000, "is not JSON"),
    ("null", "has no schema_version"),
    ("[]", "has no schema_version"),
    ("{}", "has no schema_version"),
    ('{"schema_version": 1}', "has no schema_version"),
    ('{"schema_version": "2.0"}', "has schema version 2.0; this program reads"),
    ('{"schema_version": "1.0"}', "$ lacks sections, model"),
    ('{"schema_version": "1.0", "results": []}', "its results are empty"),
    ('{"schema_version": "1.0", "results": [1]}', "$ should be an object"),
    ('{"schema_version": "1.0", "results": [{}]}', "$ lacks schema_version"),
    ('{"schema_version": "1.0", "sections": "model"}', "$.sections should be a list, not a string"),
    ('{"schema_version": "\\u001b[31m"}', "schema version"),
]


@pytest.mark.parametrize(("text", "words"), BROKEN, ids=[case[0][:30] for case in BROKEN])
def test_what_is_no_report(text: str, words: str, cli: Command, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(text, encoding="utf-8")
    said = cli("render", file)
    assert (said.code, said.out) == (2, "")
    (line,) = sentences(said.err)
    assert words in line
    assert line.endswith(".")


def test_files_that_cannot_be_read(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "latin.json").write_bytes(b'{"schema_version": "\xe9"}')
    for name, words in (("gone.json", "No such file"), (".", "Is a directory"), ("latin.json", "not UTF-8")):
        said = cli("render", tmp_path / name)
        assert said.code == 2
        assert words in sentences(said.err)[0]


def test_a_newer_minor_version_is_read(cli: Command, tmp_path: Path) -> None:
    document = json.loads(cli("report", MODEL, "--format", "json").out)
    document["schema_version"] = SCHEMA_VERSION.split(".")[0] + ".99"
    document["new"] = document["model"]["new"] = {"things": [1]}
    (tmp_path / "newer.json").write_text(json.dumps(document), encoding="utf-8")
    assert cli("render", tmp_path / "newer.json").code == 0


def test_values_of_the_wrong_kind_are_named(cli: Command, tmp_path: Path) -> None:
    document = json.loads(cli("report", MODEL, "--format", "json").out)
    document["meta_graphs"][0]["signatures"][0]["inputs"][0]["shape"] = [None, "3"]
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    said = cli("render", tmp_path / "bad.json")
    assert said.code == 2
    assert "$.meta_graphs[0].signatures[0].inputs[0].shape[1]" in said.err
