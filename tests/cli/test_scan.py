"""``smanalyze scan`` as a user meets it: verdicts, exit codes, accepted findings, formats, saved_model_cli's flags."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import smanalyze
from smanalyze.report.schemas import schema_text
from tests.conftest import ROOT
from tests.models import BROKEN, GOOD, each_broken_model
from tests.render.sarif_schema import validated

from .helpers import Command, real, sentences

CLEAN = GOOD / "module_one_signature"
WRITER = GOOD / "file_writer_in_branch"
CUSTOM = GOOD / "custom_op"
WEIGHTS = GOOD.parent / "weights"


def scanned(cli: Command, *arguments: object) -> tuple[int, Any]:
    """(exit code, the JSON document, which follows the schema)."""
    said = cli("scan", "--format", "json", *arguments)
    document = json.loads(said.out)
    jsonschema.validate(document, json.loads(schema_text("scan")))
    return said.code, document


def finding_of(cli: Command, op: str, *arguments: object) -> Any:
    """The one finding about an op."""
    (found,) = [one for one in scanned(cli, *arguments)[1]["findings"] if one["op"] == op]
    return found


def written(folder: Path, text: str, name: str = "allow.toml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("path", "verdict", "code"),
    [(CLEAN, "clean", 0), (WRITER, "acts-when-called", 1), (CUSTOM, "unknown-code", 0)],
    ids=["clean", "writer", "custom"],
)
def test_verdicts_and_exit_codes(path: Path, verdict: str, code: int, cli: Command) -> None:
    found, document = scanned(cli, path)
    assert (document["verdict"], found) == (verdict, code)
    text = cli("scan", path).out
    assert text.startswith(f"{path.name}: {verdict}. ")


def test_the_gate_is_where_it_was_asked_for(cli: Command) -> None:
    assert cli("scan", CUSTOM, "--fail-on", "warning").code == 1
    assert cli("scan", WRITER, "--fail-on", "none").code == 0
    assert cli("scan", CLEAN, "--fail-on", "note").code == 0


def test_strict_tells_that_something_was_not_followed(cli: Command) -> None:
    broken = BROKEN / "dangling_function"
    _, document = scanned(cli, broken)
    assert document["unknown"]
    assert cli("scan", "--fail-on", "none", broken).code == 0
    assert cli("scan", "--fail-on", "none", "--strict", broken).code == 3
    assert cli("scan", "--strict", WRITER, broken).code == 1, "findings weigh more"
    assert cli("scan", "--strict", CLEAN).code == 0


def test_nothing_readable_and_no_model_are_failures(cli: Command, tmp_path: Path) -> None:
    said = cli("scan", WRITER, tmp_path / "gone", tmp_path)
    assert said.code == 2
    assert len(sentences(said.err)) == 2
    assert "WriteFile" in said.out, "the others are scanned all the same"
    assert cli("scan", BROKEN / "empty_folder").code == 2


@each_broken_model
def test_broken_models_are_scanned_as_far_as_they_go(name: str, cli: Command) -> None:
    said = cli("scan", BROKEN / name, "--format", "sarif")
    sentences(said.err)
    assert said.code == 2 if not said.out else said.code in (0, 1, 2)
    if said.out:
        (run,) = validated(said.out)["runs"]
        (model,) = run["properties"]["models"]
        told = run["invocations"][0]["toolExecutionNotifications"]
        assert len(told) == model["unknown"] + model["not_read"]


def test_without_a_path_there_is_nothing_to_scan(cli: Command) -> None:
    said = cli("scan")
    assert (said.code, said.out) == (2, "")
    assert sentences(said.err) == ["smanalyze: There is nothing to scan; give a PATH, or --dir DIR."]


def test_every_version_is_scanned(cli: Command) -> None:
    _, document = scanned(cli, GOOD / "serving_versions")
    told = [(one["path_name"], one["version"], one["verdict"]) for one in document["results"]]
    assert told == [("serving_versions", "3", "clean"), ("serving_versions", "1", "clean")]


def test_several_paths_make_one_document(cli: Command) -> None:
    code, document = scanned(cli, CLEAN, WRITER)
    assert code == 1
    assert [one["verdict"] for one in document["results"]] == ["clean", "acts-when-called"]
    text = cli("scan", CLEAN, WRITER).out
    assert text.index("module_one_signature: clean.") < text.index("file_writer_in_branch: acts-when-called.")
    said = cli("scan", CLEAN, WRITER, "--format", "html")
    assert (said.code, said.out) == (2, "")
    assert "An HTML page shows one model" in said.err


def test_a_finding_carries_its_proof(cli: Command) -> None:
    found = finding_of(cli, "WriteFile", WRITER)
    assert found["when"] == ["signature:serving_default", "function:__call__"]
    assert found["path"][0] == "signature serving_default"
    assert found["path"][-1] == "node cond/WriteFile"
    assert [(one["text"], one["origin"]) for one in found["operands"]] == [("log.txt", "constant")]
    assert found["caller_controlled"] is False


# The flags of saved_model_cli scan -----------------------------------------------------------------------------------


def test_the_flags_of_saved_model_cli_are_taken(cli: Command) -> None:
    assert cli("scan", "--dir", WRITER, "--tag_set", "serve") == cli("scan", WRITER)
    assert cli("scan", "--dir", CLEAN, WRITER).code == 1
    assert cli("scan", "--dir", CLEAN, "--op_denylist", "").code == 0


def test_denied_ops_are_errors_in_addition(cli: Command) -> None:
    plain, denied = scanned(cli, CLEAN)[1], scanned(cli, CLEAN, "--op-denylist", "MatMul, NoSuchOp")[1]
    assert plain["findings"] == []
    assert [(one["op"], one["severity"]) for one in denied["findings"]] == [("MatMul", "error")]
    assert cli("scan", CLEAN, "--op_denylist", "MatMul").code == 1
    assert cli("scan", CLEAN, "--op_denylist", "NoSuchOp").code == 0
    assert cli("scan", WRITER, "--op_denylist", "NoSuchOp").code == 1, "what is found anyway stays"


def test_one_meta_graph_may_be_chosen(cli: Command) -> None:
    model = GOOD / "tf1_builder_multi_metagraph"
    every, one = scanned(cli, model)[1], scanned(cli, model, "--tag-set", "serve")[1]
    assert 0 < one["nodes"] < every["nodes"]
    said = cli("scan", model, "--tag-set", "nonsense")
    assert said.code == 2
    assert "nonsense" in said.err


# Files of weights ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file", sorted(path.relative_to(WEIGHTS).as_posix() for path in WEIGHTS.rglob("*") if path.suffix in
                   (".keras", ".h5", ".json", ".yaml", ".index")), ids=str,
)  # fmt: skip
def test_files_of_weights_are_scanned_by_themselves(file: str, cli: Command) -> None:
    said = cli("scan", "--format", "json", WEIGHTS / file)
    nothing_readable = ("keras_code/broken.keras", "keras_code/deep.keras")
    assert said.code in ((2,) if file in nothing_readable else (0, 1)), said.err
    assert json.loads(said.out)["path_name"] == Path(file).name
    said = cli("scan", WEIGHTS / file, "--tag-set", "serve")
    assert said.code == 2
    assert "--tag-set is for a SavedModel" in said.err


# Accepted findings ---------------------------------------------------------------------------------------------------


def test_what_is_accepted_stays_visible_and_gates_no_more(cli: Command, tmp_path: Path) -> None:
    found = finding_of(cli, "WriteFile", WRITER)
    allow = written(tmp_path, f'[[accept]]\nfinding = "{found["id"]}"\nreason = "a log, in our sandbox"\nby = "ann"')
    code, document = scanned(cli, WRITER, "--allow", allow)
    assert (code, document["verdict"], document["findings"]) == (0, "clean", [])
    (allowed,) = document["allowed"]
    assert allowed == {"finding": found, "reason": "a log, in our sandbox", "by": "ann", "expires": "", "entry": 1}
    said = cli("scan", WRITER, "--allow", allow)
    assert said.err == ""
    assert "\nAllowed (1)\n" in said.out
    assert "a log, in our sandbox" in " ".join(said.out.split())


def test_a_rule_and_a_place_do_as_well_as_an_id(cli: Command, tmp_path: Path) -> None:
    (line,) = [line for line in cli("scan", WRITER).out.splitlines() if line.startswith("  error ")]
    rule, _, at = line.removeprefix("  error").strip().partition(" · ")
    allow = written(tmp_path, f'[[accept]]\nrule = "{rule}"\nat = "{at}"\nreason = "known"')
    assert cli("scan", WRITER, "--allow", allow).code == 0
    project = written(
        tmp_path, f'[[tool.smanalyze.accept]]\nrule = "{rule}"\nat = "{at}"\nreason = "known"', "pyproject.toml"
    )
    assert cli("scan", WRITER, "--allow", project).code == 0


def test_remarks_about_the_list_are_on_stderr(cli: Command, tmp_path: Path) -> None:
    found = finding_of(cli, "WriteFile", WRITER)
    text = f"""
        [[accept]]
        finding = "{found["id"]}"
        reason = "known"
        expires = 2020-01-01
        [[accept]]
        finding = "000000000000"
        reason = "gone"
    """
    allow = written(tmp_path, text)
    said = cli("scan", WRITER, "--allow", allow)
    assert said.code == 1
    assert sentences(said.err) == [
        f"smanalyze: {allow}: Entry 1 (finding {found['id']}) expired on 2020-01-01 and silences nothing.",
        f"smanalyze: {allow}: Entry 2 (finding 000000000000) fits no finding.",
    ]
    assert cli("scan", WRITER, "--allow", allow, "--quiet").err == ""


def test_an_entry_that_fits_one_of_several_models_is_of_use(cli: Command, tmp_path: Path) -> None:
    found = finding_of(cli, "WriteFile", WRITER)
    allow = written(tmp_path, f'[[accept]]\nfinding = "{found["id"]}"\nreason = "known"')
    assert cli("scan", CLEAN, WRITER, "--allow", allow).err == ""
    assert "fits no finding" in cli("scan", CLEAN, "--allow", allow).err


def test_the_readmes_list_fits_what_the_readme_shows(cli: Command, tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    allow = written(tmp_path, re.sub(r"expires = \S+\n", "", block))
    said = cli("scan", WRITER, "--allow", allow)
    assert (said.code, said.err) == (0, "")


def test_a_list_that_is_wrong_stops_everything(cli: Command, tmp_path: Path) -> None:
    allow = written(tmp_path, "[[accept]]\nrule = 'writes-file'\nreason = 'all of them'")
    said = cli("scan", CLEAN, "--allow", allow)
    assert (said.code, said.out) == (2, "")
    (line,) = sentences(said.err)
    assert str(allow) in line and "Entry 1 of the allow list does not say which finding" in line
    assert cli("scan", CLEAN, "--allow", tmp_path / "gone.toml").code == 2


# Formats -------------------------------------------------------------------------------------------------------------


def test_each_ending_chooses_its_format(cli: Command, tmp_path: Path) -> None:
    names = ("s.txt", "s.json", "s.html", "s.md", "s.sarif", "t.sarif.json")
    said = cli("scan", WRITER, *(word for name in names for word in ("-o", tmp_path / name)))
    assert (said.code, said.out) == (1, "")
    texts = {name: (tmp_path / name).read_text(encoding="utf-8") for name in names}
    for text in texts.values():
        assert "WriteFile" in text
    assert texts["t.sarif.json"] == texts["s.sarif"] == cli("scan", WRITER, "--format", "sarif").out
    assert texts["s.html"].startswith("<!doctype html>")


@pytest.mark.parametrize("paths", [[CLEAN], [WRITER], [CUSTOM, WRITER, GOOD / "serving_versions"]], ids=len)
def test_sarif_follows_its_schema(paths: list[Path], cli: Command) -> None:
    (run,) = validated(cli("scan", *paths, "--format", "sarif").out)["runs"]
    assert run["tool"]["driver"]["semanticVersion"] == smanalyze.__version__
    assert len(run["properties"]["models"]) >= len(paths)
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["shortDescription"]["text"] != rule["id"], "the catalogue knows it"


@pytest.mark.parametrize("kind", ["text", "json", "html", "markdown", "sarif"])
def test_a_stored_scan_renders_to_the_same(kind: str, cli: Command, tmp_path: Path) -> None:
    stored = tmp_path / "scan.json"
    cli("scan", WRITER, "-o", stored)
    assert cli("render", stored, "--format", kind).out == cli("scan", WRITER, "--format", kind).out
    if kind != "html":
        cli("scan", WRITER, CLEAN, "-o", stored)
        assert cli("render", stored, "--format", kind).out == cli("scan", WRITER, CLEAN, "--format", kind).out


def test_only_a_scan_can_be_sarif(cli: Command, tmp_path: Path) -> None:
    for command in ("report", "audit"):
        cli(command, CLEAN, "-o", tmp_path / "other.json")
        said = cli("render", tmp_path / "other.json", "--format", "sarif")
        assert (said.code, said.out) == (2, "")
        assert "Only a scan can be SARIF" in said.err
    said = cli("report", CLEAN, "-o", tmp_path / "report.sarif")
    assert said.code == 2
    assert "chooses no format" in said.err


def test_nothing_is_written_inside_the_model(cli: Command, tmp_path: Path) -> None:
    model = Path(shutil.copytree(CLEAN, tmp_path / "model"))
    before = sorted(path.name for path in model.rglob("*"))
    for target in (model / "scan.sarif", model / "assets" / "scan.json"):
        for arguments in ([model], ["--dir", model]):
            said = cli("scan", *arguments, "-o", target)
            assert said.code == 2
            assert "Nothing is written into the model's own folder" in said.err
    cli("scan", model)
    assert sorted(path.name for path in model.rglob("*")) == before


def test_the_same_bytes_every_time() -> None:
    first = real("scan", WRITER, CUSTOM, "--format", "sarif", PYTHONHASHSEED="1")
    assert first == real("scan", WRITER, CUSTOM, "--format", "sarif", PYTHONHASHSEED="2")
    assert first.code == 1


def test_the_verbs_are_public() -> None:
    report = smanalyze.scan(smanalyze.load(WRITER))
    assert isinstance(report, smanalyze.ScanReport)
    weights = smanalyze.load_weights_source(WEIGHTS / "checkpoint")
    assert weights is not None
    assert smanalyze.scan_weights(weights).verdict == "clean"
