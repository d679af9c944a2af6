"""``smanalyze report``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

import smanalyze
from smanalyze.report.document import SECTIONS
from tests.models import BROKEN, GOOD, NAMES, corpus_models, digests, each_model, report_of

from .helpers import Command, real, sentences

MODEL = GOOD / "module_one_signature"
FORMATS = ("text", "json", "html", "markdown")


# Outputs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        (".txt", "module_one_signature"), (".json", "{"), (".html", "<!doctype html>"), (".htm", "<!doctype html>"),
        (".md", "# "), (".JSON", "{"),
    ],
)  # fmt: skip
def test_the_ending_chooses_the_format(ending: str, start: str, cli: Command, tmp_path: Path) -> None:
    file = tmp_path / f"report{ending}"
    assert cli("report", MODEL, "-o", file) == (0, "", "")
    text = file.read_text(encoding="utf-8")
    assert text.lstrip()[: len(start)].lower() == start
    assert text.endswith("\n")
    assert not text.endswith("\n\n\n")


def test_several_outputs_at_once(cli: Command, tmp_path: Path) -> None:
    files = [tmp_path / "a.txt", tmp_path / "b.json", tmp_path / "c.html", tmp_path / "d.md"]
    said = cli("report", MODEL, *(word for file in files for word in ("-o", file)))
    assert (said.code, said.out) == (0, "")
    assert all(file.stat().st_size for file in files)
    said = cli("report", MODEL, "--format", "json", "-o", files[0])
    assert said.out == files[1].read_text(encoding="utf-8"), "a format asked for is printed as well"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_format_before_the_file_decides(kind: str, cli: Command, tmp_path: Path) -> None:
    file = tmp_path / "report.out"
    assert cli("report", MODEL, "-o", f"{kind}:{file}").code == 0
    assert cli("report", MODEL, "-o", f"{kind}:{tmp_path / 'x.json'}").code == 0
    assert file.read_bytes() == (tmp_path / "x.json").read_bytes()


@pytest.mark.parametrize("output", ["report.xyz", "report", "pdf:report", "json:", ".json"])
def test_an_ending_that_says_nothing_is_refused(
    output: str, cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = cli("report", MODEL, "-o", output)
    assert (said.code, said.out) == (2, "")
    assert "chooses no format" in said.err
    assert len(sentences(said.err)) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["", "variables", "assets.extra/deep"])
def test_nothing_is_written_into_the_model(place: str, cli: Command, tmp_path: Path) -> None:
    before = digests(MODEL)
    said = cli("report", MODEL, "-o", MODEL / place / "report.json")
    assert said.code == 2
    assert "model's own folder" in said.err
    (tmp_path / "link").symlink_to(MODEL)
    assert cli("report", MODEL, "-o", tmp_path / "link" / "report.json").code == 2
    assert cli("report", tmp_path / "link", "-o", MODEL / "report.json").code == 2
    assert cli("report", tmp_path / "link" / ".." / "link", "-o", MODEL / "report.json").code == 2
    assert digests(MODEL) == before


def test_nothing_is_written_beside_a_file_of_a_model(cli: Command, tmp_path: Path) -> None:
    shutil.copytree(MODEL, tmp_path / "model")
    before = digests(tmp_path / "model")
    assert cli("report", tmp_path / "model" / "saved_model.pb", "-o", tmp_path / "model" / "report.json").code == 2
    assert digests(tmp_path / "model") == before


def test_a_lone_file_is_not_written_over(cli: Command, tmp_path: Path) -> None:
    """What lies beside it is not its own: a report may stand there."""
    shutil.copy(MODEL / "saved_model.pb", tmp_path / "frozen.pb")
    before = digests(tmp_path)
    (tmp_path / "link.json").symlink_to("frozen.pb")
    for target in ("json:" + str(tmp_path / "frozen.pb"), tmp_path / "link.json"):
        assert cli("report", tmp_path / "frozen.pb", "-o", target).code == 2
    (tmp_path / "link.json").unlink()
    assert digests(tmp_path) == before
    assert cli("report", tmp_path / "frozen.pb", "-o", tmp_path / "report.json").code == 0


def test_a_file_that_cannot_be_written(cli: Command, tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    for target in (tmp_path / "no" / "such" / "report.json", tmp_path / "folder.json"):
        said = cli("report", MODEL, "-o", target)
        assert said.code == 2
        assert "cannot be written" in said.err
        sentences(said.err)


# The same bytes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_bytes_again_and_from_anywhere(kind: str, tmp_path: Path) -> None:
    model = GOOD / "tables_and_assets"
    first = real("report", model, "--format", kind, PYTHONHASHSEED="1")
    second = real("report", ".", "--format", kind, cwd=model, PYTHONHASHSEED="2")
    assert first == second
    assert str(GOOD) not in first.out, "no place on the machine"


@each_model
def test_json_follows_the_schema_that_the_command_prints(name: str, cli: Command) -> None:
    schema = json.loads(cli("schema", "report").out)
    jsonschema.Draft202012Validator(schema).validate(json.loads(cli("report", GOOD / name, "--format", "json").out))


@pytest.mark.parametrize("path", corpus_models())
def test_json_of_the_corpus_follows_the_schema(path: str, corpus: Path, cli: Command) -> None:
    schema = json.loads(cli("schema", "report").out)
    said = cli("report", corpus / path, "--format", "json")
    sentences(said.err)
    if said.out:
        jsonschema.Draft202012Validator(schema).validate(json.loads(said.out))
    else:
        assert said.code == 2


# Sections -----------------------------------------------------------------------------------------------------------

#: section -> a line that stands in the text only with it
EMPTIED = {
    "signatures": lambda report: [graph["signatures"] for graph in report["meta_graphs"]],
    "functions": lambda report: [graph["functions"] + graph["callables"] for graph in report["meta_graphs"]],
    "layers": lambda report: [graph["layers"]["rows"] for graph in report["meta_graphs"]],
    "variables": lambda report: [report["variables"]],
    "assets": lambda report: [report["assets"]],
    "ops": lambda report: [graph["ops"]["histogram"] for graph in report["meta_graphs"]],
}


@pytest.mark.parametrize("section", EMPTIED)
def test_only_what_is_asked_for(section: str, cli: Command) -> None:
    model = GOOD / ("keras2_functional" if section == "layers" else "tables_and_assets")
    if section == "variables":
        model = MODEL
    alone = json.loads(cli("report", model, "--only", section, "--format", "json").out)
    assert alone["sections"] == [section]
    assert any(EMPTIED[section](alone))
    others = ",".join(other for other in SECTIONS if other != section)
    without = json.loads(cli("report", model, "--only", others, "--format", "json").out)
    assert not any(EMPTIED[section](without))


def test_only_takes_several_in_any_order_and_spelling(cli: Command) -> None:
    said = cli("report", MODEL, "--only", " ops, signatures ,ops", "--format", "json")
    assert json.loads(said.out)["sections"] == ["signatures", "ops"]
    assert json.loads(cli("report", MODEL, "--only", "not-read", "--format", "json").out)["sections"] == ["not_read"]
    assert cli("report", MODEL, "--only", "weights").code == 2
    assert "Sections: model, signatures" in cli("report", MODEL, "--only", "weights").err


def test_a_gate_brings_the_findings_with_it(cli: Command) -> None:
    said = cli("report", BROKEN / "truncated_pb", "--only", "ops", "--fail-on", "error", "--format", "json")
    assert said.code == 1
    assert json.loads(said.out)["findings"]


# Tags ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--tag-set", "--tag_set"])
@pytest.mark.parametrize("tags", ["serve,gpu", "gpu, serve"])
def test_one_meta_graph(flag: str, tags: str, cli: Command) -> None:
    said = cli("report", GOOD / "tf1_builder_multi_metagraph", flag, tags, "--format", "json")
    assert [graph["tags"] for graph in json.loads(said.out)["meta_graphs"]] == [["serve", "gpu"]]


def test_a_tag_set_that_is_not_there(cli: Command) -> None:
    said = cli("report", MODEL, "--tag-set", "train")
    assert (said.code, said.out) == (2, "")
    assert sentences(said.err) == [
        f"smanalyze: {MODEL}: No MetaGraph has the tag-set 'train'. Tag-sets in this model: serve."
    ]


# Exit codes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, "truncated_pb", "missing_asset", "shard_bad_crc"])
def test_fail_on(name: str, cli: Command) -> None:
    severities = {finding.severity for finding in report_of(name).findings}
    path = (GOOD if name in NAMES else BROKEN) / name
    for gate, gated in (
        ("none", set()),
        ("error", {"error"}),
        ("warning", {"error", "warning"}),
        ("note", {"error", "warning", "note"}),
    ):
        said = cli("report", path, "--fail-on", gate, "--only", "model")
        assert said.code == int(bool(severities & gated))
        assert said.out, "the report is printed all the same"


GOOD_ONE, BAD_ONE, NONE = MODEL, BROKEN / "truncated_pb", BROKEN / "empty_folder"


@pytest.mark.parametrize(
    ("paths", "code"),
    [([GOOD_ONE, GOOD_ONE], 0), ([GOOD_ONE, BAD_ONE], 1), ([BAD_ONE, NONE], 2), ([NONE, GOOD_ONE], 2), ([NONE], 2)],
)
def test_of_several_paths_the_worst_decides(paths: list[Path], code: int, cli: Command) -> None:
    assert cli("report", *paths, "--fail-on", "error").code == code


def test_several_paths_make_one_document(cli: Command) -> None:
    said = cli("report", GOOD / "tf1_frozen", MODEL, "--format", "json")
    document = json.loads(said.out)
    assert [report["model"]["path_name"] for report in document["results"]] == ["tf1_frozen", "module_one_signature"]
    assert document["schema_version"] == document["results"][0]["schema_version"]


def test_the_form_of_the_document_does_not_depend_on_what_could_be_read(cli: Command) -> None:
    said = cli("report", NONE, MODEL, "--format", "json")
    assert said.code == 2
    assert [report["model"]["path_name"] for report in json.loads(said.out)["results"]] == ["module_one_signature"]
    assert len(sentences(said.err)) == 1


def test_several_paths_in_text_and_markdown(cli: Command, tmp_path: Path) -> None:
    for kind in ("text", "markdown"):
        out = cli("report", GOOD / "tf1_frozen", MODEL, "--format", kind).out
        assert "tf1_frozen" in out
        assert "module_one_signature" in out
    said = cli("report", MODEL, MODEL, "-o", tmp_path / "x.html")
    assert said.code == 2
    assert "one model" in said.err
    assert not (tmp_path / "x.html").exists()


def test_quiet_keeps_back_remarks_and_no_errors(cli: Command) -> None:
    said = cli("report", "-q", NONE)
    assert said.code == 2
    assert len(sentences(said.err)) == 1
    assert len(sentences(cli("report", "-q", BROKEN / "pbtxt_is_graphdef").err)) == 1


def test_the_newest_version_is_said(cli: Command) -> None:
    said = cli("report", GOOD / "serving_versions")
    assert said.code == 0
    assert "this is 3; other versions: 1" in said.out
    assert json.loads(cli("report", GOOD / "serving_versions", "--format", "json").out)["model"]["chosen"] == "3"


# Colour and width ---------------------------------------------------------------------------------------------------


def test_colour_is_for_terminals(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = cli("report", MODEL).out
    assert "\x1b" not in plain
    always = cli("report", MODEL, "--color", "always").out
    assert "\x1b[" in always
    assert "\x1b" not in cli("report", MODEL, "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert cli("report", MODEL).out == plain
    assert cli("report", MODEL, "--color", "always").out == always, "what is asked for decides"


def test_files_are_never_coloured(cli: Command, tmp_path: Path) -> None:
    cli("report", MODEL, "--color", "always", "-o", tmp_path / "r.txt")
    assert "\x1b" not in (tmp_path / "r.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
def test_columns_are_kept(columns: int, cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    long = [line for line in cli("report", MODEL).out.splitlines() if len(line) > columns]
    assert long == []


@pytest.mark.parametrize("columns", ["0", "-5", "wide", "", "³", "999999999999"])
def test_odd_columns_do_no_harm(columns: str, cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    said = cli("report", GOOD / "tf1_frozen", "--only", "signatures")
    assert said.code == 0


def test_no_path_is_resolved_in_what_is_printed(tmp_path: Path, cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "alias").symlink_to(MODEL)
    monkeypatch.chdir(tmp_path)
    said = cli("report", "alias", "--format", "json")
    assert json.loads(said.out)["model"]["path_name"] == "alias"
    assert str(tmp_path) not in said.out
    assert smanalyze.load("alias").found.path_name == "alias"


def test_of_a_graph_that_was_not_read_nothing_is_claimed(cli: Command) -> None:
    said = " ".join(cli("report", BROKEN / "utf8_mangled_pb").out.split())
    for text in ("written by unknown tool", "parameters not known", "signatures not known"):
        assert text in said, text
    assert "no variable of the graph claims it" not in said
    assert "(the graph, which says whose it is, was not read" in said
