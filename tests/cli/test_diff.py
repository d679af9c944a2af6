"""``smanalyze diff`` as a user meets it: exit codes, options, files written, and the way back from JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from smanalyze.report.schemas import schema_text
from tests.models import BROKEN, GOOD, digests
from tests.pairs import PAIRS, each_pair

from .helpers import Command, real, sentences

KINDS = {"text": "txt", "json": "json", "html": "html", "markdown": "md"}


def sides(name: str) -> tuple[Path, Path]:
    return PAIRS / name / "old", PAIRS / name / "new"


def document(cli: Command, *arguments: object) -> Any:
    said = cli("diff", *arguments, "--format", "json")
    assert said.code == 0, said.err
    return json.loads(said.out)


def outputs(folder: Path) -> list[str]:
    folder.mkdir()
    return [word for kind, ending in KINDS.items() for word in ("-o", f"{kind}:{folder / f'd.{ending}'}")]


# Exit codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pair", "options", "code"),
    [
        ("noise_keras3_processes", ("--fail-on", "note"), 0),
        ("change_signature_removed", (), 0),
        ("change_signature_removed", ("--fail-on", "error"), 1),
        ("change_signature_removed", ("--fail-on", "note"), 1),
        ("change_signature_removed", ("--fail-on", "none"), 0),
        ("change_signature_removed", ("--fail-on", "error", "--audience", "security"), 0),
        ("change_signature_removed", ("--fail-on", "error", "--skip", "signatures"), 0),
        ("change_signature_removed", ("--fail-on", "error", "--only", "files,container"), 0),
        ("change_signature_added", ("--fail-on", "error"), 0),
    ],
)
def test_findings_gate_as_asked(pair: str, options: tuple[str, ...], code: int, cli: Command) -> None:
    assert cli("diff", *sides(pair), *options).code == code


@pytest.mark.parametrize("name", ["lfs_pointer_variables", "missing_shard"])
@pytest.mark.parametrize("turned", [False, True])
def test_strict_asks_for_all_of_it(name: str, turned: bool, cli: Command) -> None:
    """A side without its data is compared as far as it is here, and nothing is called removed."""
    paths = (GOOD / "module_one_signature", BROKEN / name)[:: -1 if turned else 1]
    said = cli("diff", *paths, "--format", "json")
    answer = json.loads(said.out)
    assert said.code == 0 and (answer["not_compared"] or answer["weights"]["not_compared"])
    assert answer["weights"]["changed"] == 0
    assert not [one for one in answer["findings"] if one["rule"] in ("var-removed", "var-added")]
    assert cli("diff", *paths, "--strict").code == 3
    assert cli("diff", *sides("change_signature_removed"), "--strict").code == 0


def test_what_gates_is_worse_than_what_lacks(cli: Command, tmp_path: Path) -> None:
    old, new = (Path(shutil.copytree(side, tmp_path / side.name)) for side in sides("change_signature_removed"))
    for file in (new / "variables").glob("*.data-*"):
        file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n")
    assert cli("diff", old, new, "--strict").code == 3
    assert cli("diff", old, new, "--strict", "--fail-on", "error").code == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--audience", "serving,everybody"), "--audience: 'everybody' is none of serving, python"),
        (("--audience", ","), "--audience names nothing"),
        (("--only", "weights"), "--only: 'weights' is none of container"),
        (("--skip", ""), "--skip names nothing"),
        (("--runtime-tf", "1999"), "--runtime-tf: '1999' is no TensorFlow release that is known here: "),
        (("--weights-budget", "much"), "--weights-budget: 'much' is no size such as 500MB or 2GiB."),
        (("--weights-budget", "-1"), "--weights-budget: '-1' is no size"),
        (("--weights-budget", "3 XB"), "--weights-budget: '3 XB' is no size"),
        (("--rename", "signature"), "signature"),
        (("--rename", "layer:a=b"), "layer"),
        (("--tag-set", "gone"), "gone"),
        (("-o", "answer.pdf"), "chooses no format"),
    ],
)
def test_wrong_words_are_usage(options: tuple[str, ...], words: str, cli: Command) -> None:
    said = cli("diff", *sides("change_constant"), *(f"{word}" for word in _joined(options)))
    assert (said.code, said.out) == (2, "")
    (line,) = sentences(said.err)
    assert words in line


def _joined(options: tuple[str, ...]) -> tuple[str, ...]:
    """An option and a value that looks like one, in one word."""
    return (f"{options[0]}={options[1]}",) if options[0].startswith("--") else options


@pytest.mark.parametrize("options", [("--weights", "all"), ("--fail-on", "worst"), ("--format", "pdf"), ("one",)])
def test_argparse_refuses_too(options: tuple[str, ...], cli: Command) -> None:
    assert cli("diff", *sides("change_constant"), *options).code == 2
    assert cli("diff", GOOD / "tf1_frozen").code == 2


def test_a_path_that_is_none(cli: Command, tmp_path: Path) -> None:
    model = GOOD / "tf1_frozen"
    for paths in ((model, tmp_path / "gone"), (tmp_path / "gone", model), (tmp_path, model)):
        said = cli("diff", *paths)
        assert (said.code, said.out) == (2, "")
        (line,) = sentences(said.err)
        assert str(tmp_path) in line


def test_a_side_of_which_nothing_can_be_read(cli: Command, tmp_path: Path) -> None:
    shutil.copy(BROKEN / "lfs_pointer_pb" / "saved_model.pb", tmp_path)
    said = cli("diff", tmp_path, GOOD / "tf1_frozen")
    assert said.code == 2
    assert "nothing of the model could be read" in sentences(said.err)[-1]


def test_a_side_without_its_graph_is_no_small_change(cli: Command) -> None:
    answer = document(cli, BROKEN / "lfs_pointer_pb", GOOD / "tf1_frozen")
    assert answer["summary"].startswith(
        "The graph of one side could not be read, so what it computes cannot be compared"
    )
    assert answer["version"]["bump"] == "major"
    assert "git-LFS pointer" in answer["not_compared"][0]["reason"]
    assert answer["signatures"] == []  # not "added": nobody knows
    assert cli("diff", BROKEN / "lfs_pointer_pb", GOOD / "tf1_frozen", "--strict").code == 3


def test_a_file_more_is_not_identical(cli: Command, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(GOOD / "module_one_signature", tmp_path / "copy"))
    (copy / "notes.md").write_text("x")
    answer = document(cli, GOOD / "module_one_signature", copy)
    assert answer["verdict"] == "re-exported"
    assert "1 file that one side lacks" in answer["summary"] or answer["findings"]
    text = cli("diff", GOOD / "module_one_signature", copy).out
    assert "+  notes.md" in text


# What is said ---------------------------------------------------------------------------------------------------------


def test_the_same_path_twice_is_one_line(cli: Command) -> None:
    for name in ("module_one_signature", "keras3_export", "tf1_frozen"):
        said = cli("diff", GOOD / name, GOOD / name, "--fail-on", "note", "--strict")
        assert said == (0, f"{name} → {name}: The two models are identical.\n", "")


def test_audiences_decide_severity_and_verdict(cli: Command) -> None:
    answer = document(cli, *sides("change_signature_removed"))
    assert (answer["verdict"], answer["breaks"]) == ("breaking", ["serving", "python"])
    assert answer["audiences"]["serving"]["in_force"] and not answer["audiences"]["keras"]["in_force"]
    security = document(cli, *sides("change_signature_removed"), "--audience", "security")
    assert security["verdict"] != "breaking" and security["breaks"] == []
    assert [one["id"] for one in security["findings"]] and {one["severity"] for one in security["findings"]} <= {
        "warning", "note"
    }  # fmt: skip
    assert {one["id"] for one in security["findings"]} == {one["id"] for one in answer["findings"]}


def test_areas_that_were_left_out_are_told(cli: Command) -> None:
    answer = document(cli, *sides("change_signature_removed"), "--only", "files", "--skip", "files")
    assert answer["findings"] == []
    assert answer["not_compared"][-1]["part"] == "container, signatures, python, variables, program, files"
    assert "Not compared" in cli("diff", *sides("change_signature_removed"), "--skip", "program").out


def test_a_rename_that_was_declared(cli: Command) -> None:
    pair = sides("change_input_renamed")
    (renamed,) = [
        (one["old_name"], one["new_name"])
        for signature in document(cli, *pair)["signatures"][:1] for one in signature["tensors"]
        if one["status"] == "renamed" and one["kind"] == "input"
    ]  # fmt: skip
    said = cli("diff", *pair, "--rename", f"input:{renamed[0]}={renamed[1]}", "--format", "json")
    assert (said.code, said.err, json.loads(said.out)["unused_renames"]) == (0, "", [])


def test_a_rename_that_nothing_was_found_for_warns(cli: Command) -> None:
    said = cli("diff", *sides("change_constant"), "--rename", "signature:gone=here", "--quiet")
    assert said.code == 0
    assert sentences(said.err) == [
        "smanalyze: --rename signature:gone=here: there is nothing of that name on one of the sides."
    ]
    assert "signature:gone=here" in said.out


def test_weights_are_read_as_asked(cli: Command) -> None:
    pair = sides("change_weights_nudged")
    assert document(cli, *pair, "--weights", "crc")["weights"]["read_bytes"] == 0
    none = document(cli, *pair, "--weights", "none")
    assert (none["weights"]["mode"], none["weights"]["changed"]) == ("none", 0)
    assert {"part": "weights", "reason": "left out, as asked"} in none["not_compared"]
    assert cli("diff", *pair, "--weights-budget", "500MB").code == 0


def test_a_release_that_has_to_run_it(cli: Command) -> None:
    assert cli("diff", *sides("change_constant"), "--runtime-tf", "2.15").code == 0


# Files and formats ----------------------------------------------------------------------------------------------------


def test_nothing_is_written_into_the_models(cli: Command, tmp_path: Path) -> None:
    old, new = (Path(shutil.copytree(side, tmp_path / side.name)) for side in sides("change_asset_line"))
    before = digests(old), digests(new)
    for place in (old / "d.html", new / "variables" / "d.json"):
        said = cli("diff", old, new, "-o", place)
        assert (said.code, said.out) == (2, "")
        assert "Nothing is written into the model's own folder" in said.err
    assert cli("diff", old, new, *outputs(tmp_path / "out")).code == 0
    assert (digests(old), digests(new)) == before


def test_several_files_in_one_run(cli: Command, tmp_path: Path) -> None:
    said = cli("diff", *sides("change_output_classes"), *outputs(tmp_path / "out"))
    assert said == (0, "", "")
    texts = {path.suffix: path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir()}
    assert texts[".txt"].startswith("old → new\n") and texts[".md"].startswith("### SavedModel diff: ")
    assert texts[".html"].startswith("<!doctype html>") and json.loads(texts[".json"])["schema_version"]
    both = cli("diff", *sides("change_output_classes"), "--format", "markdown", "-o", tmp_path / "d.txt")
    assert both.out == texts[".md"]


@each_pair
def test_json_renders_to_the_same_bytes(name: str, cli: Command, tmp_path: Path) -> None:
    """In every format: a renderer knows nothing but the document."""
    said = cli("diff", *sides(name), *outputs(tmp_path / "direct"))
    assert (said.code, said.err) == (0, "")
    assert cli("render", tmp_path / "direct" / "d.json", *outputs(tmp_path / "again")) == (0, "", "")
    for ending in KINDS.values():
        direct, again = ((tmp_path / folder / f"d.{ending}").read_bytes() for folder in ("direct", "again"))
        assert direct == again, ending


@pytest.mark.parametrize("kind", KINDS)
def test_same_input_same_bytes(kind: str, tmp_path: Path) -> None:
    """From other processes, in another folder, at another time."""
    old, new = (Path(shutil.copytree(side, tmp_path / side.name)) for side in sides("change_output_classes"))
    for file in (*old.rglob("*"), *new.rglob("*")):
        file.touch()
    told = [
        real("diff", *paths, "--format", kind, PYTHONHASHSEED=seed).out
        for paths, seed in ((sides("change_output_classes"), "1"), ((old, new), "2"))
    ]
    assert told[0] == told[1] and str(tmp_path) not in told[0] and "/work" not in told[0]


def test_the_document_follows_its_schema(cli: Command) -> None:
    said = cli("schema", "diff")
    assert said.out == schema_text("diff")
    jsonschema.validate(document(cli, *sides("change_keras2_to_keras3")), json.loads(said.out))


def test_a_diff_that_is_none_is_refused(cli: Command, tmp_path: Path) -> None:
    answer = document(cli, *sides("change_constant"))
    for change, words in (
        ({"schema_version": "9.0"}, "schema version 9.0; this program reads 1.0"),
        ({"verdict": "fine"}, "$.verdict should be one of identical"),
        ({"hashes": {}}, "$.hashes lacks interface, objects"),
        ({"audiences": []}, "$.audiences should be an object, not a list"),
    ):
        (tmp_path / "d.json").write_text(json.dumps({**answer, **change}), encoding="utf-8")
        said = cli("render", tmp_path / "d.json")
        assert (said.code, said.out) == (2, "")
        assert words in sentences(said.err)[0]


def test_a_diff_of_another_hand_does_no_harm(cli: Command, tmp_path: Path) -> None:
    """Words that this program does not know are shown as they are."""
    answer = document(cli, *sides("change_output_classes"))
    answer["signatures"][0]["status"] = answer["signatures"][0]["tensors"][0]["status"] = "\x1b[31mnew word"
    answer["weights"]["tensors"][0]["status"] = "<b>other</b>"
    (tmp_path / "d.json").write_text(json.dumps(answer), encoding="utf-8")
    for kind in KINDS:
        said = cli("render", tmp_path / "d.json", "--format", kind)
        assert said.code == 0 and "\x1b" not in said.out
