"""`smanalyze verify` without TensorFlow: exit codes, refusals, and what it says where it cannot run."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from smanalyze.cli.progress import progress_steps
from smanalyze.render.json import render_json
from smanalyze.report.serialize import from_dict, to_dict
from smanalyze.report.verify import VerifyReport
from smanalyze.verify import sandbox
from smanalyze.verify import verify as verb
from smanalyze.verify.answer import build_report
from tests.conftest import TESTDATA
from tests.models import GOOD, report_of
from tests.verify.observed import stored

from .helpers import Command, sentences

MODEL = GOOD / "module_one_signature"
WRITES = TESTDATA / "verify" / "init_write"


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> VerifyReport:
    """What a run would answer, made from what is stored."""
    report = build_report(report_of("module_one_signature"), stored("module_one_signature"), (), "quick", frozenset())
    monkeypatch.setattr(verb, "verify", lambda model, **options: report)
    return report


@pytest.mark.parametrize(
    ("verdict", "code"), [("CONFIRMED", 0), ("PARTIAL", 3), ("CONTRADICTED", 1), ("CRASHED", 4), ("REFUSED", 5)]
)
def test_the_verdict_is_the_exit_code(
    verdict: str, code: int, answered: VerifyReport, cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "verify", lambda model, **options: replace(answered, verdict=verdict))
    said = cli("verify", MODEL)
    assert (said.code, said.err) == (code, "")
    assert verdict in said.out


def test_json_is_the_record(answered: VerifyReport, cli: Command) -> None:
    document = json.loads(cli("verify", MODEL, "--format", "json").out)
    assert document == to_dict(answered)
    assert from_dict(VerifyReport, document) == answered


def test_without_tensorflow_it_says_what_to_install(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.importlib.util, "find_spec", lambda name: None)
    said = cli("verify", MODEL)
    assert (said.code, said.out) == (2, "")
    assert "pip install 'smanalyze[verify]'" in said.err
    sentences(said.err)


def test_a_model_that_acts_while_loading_is_refused(cli: Command) -> None:
    """No TensorFlow is needed to refuse, only an interpreter that would have been used."""
    said = cli("verify", WRITES, "--python", "python3")
    assert (said.code, said.err) == (5, "")
    assert "--permit file-write lets it run." in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--permit", "everything"], "no risk class 'everything'"),
        (["--python", "no-such-python"], "no interpreter no-such-python"),
        (["--load-library", "no-such-file.so"], "no such library"),
        (["-o", str(MODEL / "verify.json")], "Nothing is written into the model's own folder"),
        (["--tag-set", "nonsense"], "No MetaGraph has the tag-set"),
        (["--signature-def", "nonsense"], "no signature 'nonsense'"),
        (["--seed", "-1"], "from 0 on"),
        (["--timeout", "nan"], "at most 86,400 seconds"),
        (["--memory", "0"], "from 1 to"),
    ],
)
def test_what_cannot_be_asked_is_2(arguments: list[str], words: str, cli: Command) -> None:
    said = cli("verify", MODEL, *arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    sentences(said.err)


def test_a_path_without_a_model_is_2(cli: Command, tmp_path: Path) -> None:
    assert cli("verify", tmp_path).code == 2


# On the page of a report ---------------------------------------------------------------------------------------------

NAME = "tables_and_assets"
BADGE = re.compile(r'<span class="badge fine" title="[^"]*">✓ V302</span>')


def proof_of(name: str) -> VerifyReport:
    """What was seen of a model when testdata/observed was made."""
    return build_report(report_of(name), stored(name), (), "quick", frozenset())


def test_the_command_puts_them_there(cli: Command, tmp_path: Path) -> None:
    proof, page = tmp_path / "verify.json", tmp_path / "page.html"
    proof.write_text(render_json([proof_of(NAME)]), encoding="utf-8")
    said = cli("report", GOOD / NAME, "--verified", proof, "-o", page)
    assert (said.code, said.out, said.err) == (0, "", "")
    assert BADGE.search(page.read_text(encoding="utf-8"))


def test_a_verification_of_another_model_is_refused(cli: Command, tmp_path: Path) -> None:
    proof = tmp_path / "verify.json"
    proof.write_text(render_json([proof_of("mutating_signature")]), encoding="utf-8")
    said = cli("report", GOOD / NAME, "--verified", proof, "--format", "html")
    assert (said.code, said.out) == (2, "")
    assert "another model" in said.err
    sentences(said.err)


def test_a_refusal_is_shown_too(cli: Command, tmp_path: Path) -> None:
    proof = tmp_path / "verify.json"
    assert cli("verify", WRITES, "--python", "python3", "-o", proof).code == 5
    said = cli("report", WRITES, "--verified", proof, "-o", tmp_path / "page.html")
    assert (said.code, said.err) == (0, "")
    assert '<span class="badge warning">REFUSED</span>' in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_it_needs_a_page(cli: Command, tmp_path: Path) -> None:
    said = cli("report", GOOD / NAME, "--verified", tmp_path / "verify.json")
    assert (said.code, said.out) == (2, "")
    assert "HTML page" in said.err


def strange_network() -> dict[str, Any]:
    """A verification that ran in a network of which nobody has heard."""
    document: dict[str, Any] = to_dict(proof_of(NAME))
    document["environment"]["network"] = "carrier pigeons"
    return document


@pytest.mark.parametrize(
    "document",
    [{"schema_version": "1.0"}, {"schema_version": "1.0", "results": []}, strange_network(),
     {"schema_version": "1.0", "results": [to_dict(proof_of(NAME))] * 2}],
    ids=["nothing", "no results", "strange network", "several"],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(document: dict[str, Any], cli: Command, tmp_path: Path) -> None:
    proof = tmp_path / "verify.json"
    proof.write_text(json.dumps(document), encoding="utf-8")
    said = cli("report", GOOD / NAME, "--verified", proof, "--format", "html")
    assert (said.code, said.out) == (2, "")
    sentences(said.err)


def test_render_draws_it_again(cli: Command, tmp_path: Path) -> None:
    proof = tmp_path / "verify.json"
    proof.write_text(render_json([proof_of(NAME)]), encoding="utf-8")
    said = cli("render", proof)
    assert said.code == 0
    assert said.out.startswith(f"{NAME}: CONFIRMED.")
    assert cli("render", proof, "--format", "html").code == 2


def test_render_refuses_one_that_it_does_not_understand(cli: Command, tmp_path: Path) -> None:
    proof = tmp_path / "verify.json"
    proof.write_text(json.dumps(strange_network()), encoding="utf-8")
    said = cli("render", proof)
    assert (said.code, said.out) == (2, "")
    assert "network should be one of" in said.err
    sentences(said.err)


# On a terminal -------------------------------------------------------------------------------------------------------


class Terminal(StringIO):
    """A stderr that says that somebody watches."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_steps_are_shown_where_somebody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress_steps(False) as tell:
        assert tell is not None
        tell("load serve\x1b[31m")
    assert sys.stderr.getvalue() == "\r\x1b[Kload serve\\x1b[31m\r\x1b[K"
    with progress_steps(True) as tell:
        assert tell is None
    monkeypatch.setenv("TERM", "dumb")
    with progress_steps(False) as tell:
        assert tell is None
