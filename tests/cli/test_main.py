"""The command as a whole: exit codes, errors as sentences, help."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

import smanalyze
import smanalyze.load
from smanalyze.cli import main
from tests.conftest import ROOT
from tests.models import BROKEN, GOOD, each_broken_model

from .helpers import Command, real, sentences

MODEL = GOOD / "module_one_signature"

#: broken model -> exit codes of report, show --all and values kernel. Nothing of the graph: show has nothing to show.
#: 2 from report only where nothing at all can be read.
NO_GRAPH = {"empty_folder", "empty_pb", "lfs_pointer_pb", "no_meta_graphs", "pbtxt_is_binary", "pbtxt_is_graphdef",
            "pbtxt_is_label_map", "utf8_mangled_pb"}  # fmt: skip
NOTHING = {"empty_folder", "pbtxt_is_binary", "pbtxt_is_graphdef", "pbtxt_is_label_map"}
KERNEL = {"appledouble_litter", "const_wrong_size", "dangling_function", "dangling_input", "duplicate_nodes",
          "fingerprint_garbage", "fingerprint_stale", "index_bad_crc", "node_cycle", "pb_deep_nesting",
          "pb_hostile_object_graph", "pb_unknown_fields", "recursive_function", "shard_bad_crc", "signature_dangling",
          "stale_shard"}  # fmt: skip


@each_broken_model
@pytest.mark.parametrize("command", ["report", "show", "values"])
def test_broken_models_get_sentences(name: str, command: str, cli: Command) -> None:
    extra = {"report": [], "show": ["--all"], "values": ["kernel"]}[command]
    fails = {"report": name in NOTHING, "show": name in NO_GRAPH, "values": name not in KERNEL}[command]
    said = cli(command, BROKEN / name, *extra)
    lines = sentences(said.err)
    assert said.code == (2 if fails else 0)
    assert bool(said.out) != (command != "report" and fails) or name in NOTHING
    if fails:
        assert lines
        assert all(line.endswith((".", "?")) for line in lines), "a sentence ends"


@pytest.mark.parametrize("name", ["empty_folder", "truncated_pb", "index_hostile_sizes", "pb_deep_nesting"])
def test_the_real_command_leaves_no_traceback(name: str) -> None:
    said = real("report", BROKEN / name)
    sentences(said.err)
    assert said.code == (2 if name == "empty_folder" else 0)


USAGE = [
    ([], "required: COMMAND"),
    (["nonsense"], "invalid choice"),
    (["report"], "required: DIR"),
    (["report", MODEL, "--format", "pdf"], "invalid choice: 'pdf'"),
    (["report", MODEL, "--fail-on", "info"], "invalid choice: 'info'"),
    (["report", MODEL, "--color", "sometimes"], "invalid choice"),
    (["report", MODEL, "--no-such-flag"], "unrecognized arguments"),
    (["values", MODEL], "required: NAME"),
    (["schema"], "required: COMMAND"),
    (["schema", "show"], "invalid choice"),
    (["completion", "tcsh"], "invalid choice"),
]


@pytest.mark.parametrize(("arguments", "words"), USAGE, ids=[" ".join(map(str, u[0][-2:])) for u in USAGE])
def test_wrong_usage_is_2(arguments: list[object], words: str, cli: Command) -> None:
    said = cli(*arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert "Traceback" not in said.err


FLAGS = {
    "report": "--format -o --output --tag-set --tag_set --only --verified --fail-on -q --quiet --color DIR",
    "audit": "--stats --digests --weights --manifest --write-manifest --strict --fail-on --format -o -q --color PATH",
    "scan": "--dir --allow --op-denylist --op_denylist --tag-set --tag_set --strict --fail-on --format -o -q --color "
    "PATH",
    "show": "--dir --all --tag-set --tag_set --signature-def --signature_def --list-ops --list_ops -q --color DIR",
    "values": "-o --output --tag-set --tag_set -q --quiet --color MODEL NAME",
    "diff": "--audience --fail-on --rename --only --skip --runtime-tf --weights --weights-budget --strict --tag-set "
    "--format -o -q --color OLD NEW",
    "verify": "--tag-set --tag_set --signature-def --signature_def --inputs --permit --load-library --profile --python "
    "--seed --timeout --memory --format -o --output -q --color DIR",
    "run": "--dir --tag-set --tag_set --signature-def --signature_def --function --inputs --input-exprs --input_exprs "
    "--input-examples --input_examples --outdir --overwrite --permit --load-library --python --seed --timeout --memory "
    "--format -o --output -q --color DIR",
    "inputs": "--signature-def --signature_def --batch --seed --inputs --trial --tag-set --format -o -q --color DIR",
    "rules": "--format ID -q --color",
    "render": "--format -o --output -q --color REPORT.json",
    "schema": "report audit scan diff verify run rules -q --color --version",
    "completion": "bash zsh fish -q --color --version",
}


def test_every_command_is_in_the_help_and_here(cli: Command) -> None:
    said = cli("--help")
    assert said.code == 0
    listed = re.findall(r"^    (\w+)(?: |$)", said.out, flags=re.MULTILINE)
    assert sorted(listed) == sorted(FLAGS)
    assert "Exit codes" in said.out


@pytest.mark.parametrize("command", FLAGS)
def test_help_lists_every_flag(command: str, cli: Command) -> None:
    said = cli(command, "--help")
    assert (said.code, said.err) == (0, "")
    for flag in FLAGS[command].split():
        assert re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", said.out), flag


def test_help_of_report_names_every_section(cli: Command) -> None:
    from smanalyze.report.document import SECTIONS

    text = " ".join(cli("report", "--help").out.split())
    assert ", ".join(SECTIONS) in text


def test_version(cli: Command) -> None:
    assert cli("--version") == (0, f"smanalyze {smanalyze.__version__}\n", "")


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_too_much_for_the_machine_is_a_sentence(
    error: type[BaseException], cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(sys.modules["smanalyze.load"], "load", fail)
    said = cli("show", MODEL)
    assert said.code == main.FAILED
    assert len(sentences(said.err)) == 1


def test_an_interrupt_is_130(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["smanalyze.load"], "load", fail)
    assert cli("show", MODEL)[:1] == (130,)


def test_a_reader_that_has_seen_enough() -> None:
    """``smanalyze report … | head -1``"""
    process = subprocess.Popen(
        [sys.executable, "-m", "smanalyze", "report", "--format", "json", str(GOOD / "keras2_functional")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


def test_a_terminal_of_few_characters() -> None:
    said = real("report", GOOD / "names_japanese", PYTHONIOENCODING="ascii")
    assert said.code == 0
    assert said.err == ""
    assert "\\u4e88\\u6e2c" in said.out


def test_names_from_the_model_cannot_steer_the_terminal(cli: Command) -> None:
    for arguments in (
        ["report"],
        ["show", "--all"],
        ["report", "--format", "markdown"],
        ["report", "--format", "json"],
    ):
        said = cli(*arguments, GOOD / "hostile_names")
        assert not set(said.out) & {"\x1b", "\x07", "\x00", "\u202e", "\r"}
    said = cli("values", GOOD / "hostile_names", "\x1b[31m\u202e")
    assert said.code == 2
    assert not set(said.err) & {"\x1b", "\u202e"}


def test_a_path_that_is_no_utf8(tmp_path: os.PathLike[str]) -> None:
    said = real("report", os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    assert said.code == 2
    assert "no such file" in said.err


def test_a_reader_that_goes_away_does_not_open_the_gate() -> None:
    """``| head`` closes the pipe; the exit code must still say what was found."""
    command = [sys.executable, "-m", "smanalyze", "report", str(BROKEN / "missing_shard"), "--fail-on", "error"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait() == 1
