"""`smanalyze verify --against` without TensorFlow: flags, exit codes, and the pages that show the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smanalyze.render.json import render_json
from smanalyze.report.against import AgainstReport, Level
from smanalyze.report.serialize import from_dict, to_dict
from smanalyze.report.verify import VerifyReport
from smanalyze.verify import verify as verb
from smanalyze.verify.against import Against
from smanalyze.verify.answer import build_report
from tests.models import GOOD, report_of
from tests.verify.against_reports import AGAINST
from tests.verify.observed import stored

from .helpers import Command

MODEL = GOOD / "module_one_signature"


@pytest.fixture
def answered() -> VerifyReport:
    """A verification with a comparison, as if TensorFlow had run."""
    report = build_report(report_of("module_one_signature"), stored("module_one_signature"), (), "quick", frozenset())
    return replace(report, against=AGAINST)


@pytest.fixture
def asked(answered: VerifyReport, monkeypatch: pytest.MonkeyPatch) -> list[Against]:
    """What the command asked for."""
    found: list[Against] = []

    def verify(model: object, *, against: Against, **options: Any) -> VerifyReport:
        found.append(against)
        return answered

    monkeypatch.setattr(verb, "verify", verify)
    return found


def test_flags_say_how_to_compare(asked: list[Against], cli: Command) -> None:
    flags = ("--tol", "y:0.5,1e-3", "--tol", "1,2", "--probes", "7", "--gate", "noise", "--rename", "input:x=z")
    cli("verify", MODEL, "--against", MODEL, *flags)
    (one,) = asked
    assert {name: (t.rtol, t.atol) for name, t in one.tolerances.items()} == {"y": (0.5, 0.001), "": (1.0, 2.0)}
    assert (one.probes, one.gate, one.renames) == (7, "noise", ("input:x=z",))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--gate", "noise"), "--gate goes with --against OLD"),
        (("--tol", "1,2"), "--tol goes with --against OLD"),
        (("--against", MODEL, "--tol", "y:1"), "--tol takes RTOL,ATOL"),
        (("--against", MODEL, "--tol", "y:a,b"), "--tol takes RTOL,ATOL"),
        (("--against", MODEL, "--tol", "y:-1,0"), "The tolerance of y must be two numbers from 0 on"),
        (("--against", MODEL, "--tol", "nan,0"), "The tolerance of all outputs must be two numbers from 0 on"),
        (("--against", MODEL, "--probes", "0"), "from 1 to 1000 sets of inputs"),
        (("--against", GOOD / "nothing"), "nothing"),
    ],
)
def test_flags_that_mean_nothing(flags: tuple[str | Path, ...], message: str, cli: Command) -> None:
    said = cli("verify", MODEL, *flags)
    assert said.code == 2
    assert message in " ".join(said.err.split())


@pytest.mark.parametrize(
    ("verdict", "level", "passed", "code"),
    [
        ("CONFIRMED", "bitwise", True, 0), ("CONFIRMED", "different", False, 1), ("CONFIRMED", None, False, 3),
        ("PARTIAL", "different", False, 1), ("PARTIAL", "bitwise", True, 3), ("CRASHED", "different", False, 4),
        ("CONTRADICTED", "bitwise", True, 1),
    ],
)  # fmt: skip
def test_the_gate_has_a_word_in_the_exit_code(
    verdict: str, level: Level | None, passed: bool, code: int, answered: VerifyReport, cli: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    rows = tuple(replace(row, level=level) for row in AGAINST.signatures)
    against = replace(AGAINST, level=level, passed=passed, signatures=rows)
    monkeypatch.setattr(verb, "verify", lambda model, **options: replace(answered, verdict=verdict, against=against))
    assert cli("verify", MODEL, "--against", MODEL).code == code


def test_json_is_the_record(asked: list[Against], answered: VerifyReport, cli: Command) -> None:
    document = json.loads(cli("verify", MODEL, "--against", MODEL, "--format", "json").out)
    assert from_dict(VerifyReport, document) == answered
    assert document["against"] == to_dict(AGAINST)


@pytest.mark.parametrize("columns", ["40", "80", "160"])
def test_text_tells_what_differs_how_far_and_why(
    columns: str, asked: list[Against], cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = cli("verify", MODEL, "--against", MODEL).out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    said = " ".join(" ".join(lines).split())
    for text in (
        "what makes it: weights", "It fails the gate `different`", "which reads variable hidden, by up to 0.00317",
        "With the new weights the old model gives what the new one gives, bit by bit", "the smallest rtol that passes",
        "The new model does not take plain (seed 1)", "Only the old model has gone", "y2 (was y)", "not compared",
    ):  # fmt: skip
        assert text in said, text


def test_a_page_shows_it(answered: VerifyReport, tmp_path: Path, cli: Command) -> None:
    file = tmp_path / "verify.json"
    file.write_text(render_json([answered]), encoding="utf-8")
    said = cli("report", MODEL, "--verified", file, "--format", "html")
    assert said.code == 0
    for text in ("what makes it: weights", "which reads variable hidden", "smallest rtol that passes", "not compared"):
        assert text in said.out
    assert AgainstReport.__name__ not in said.out


def test_rows_of_several_metagraphs_are_told_apart(
    answered: VerifyReport, tmp_path: Path, cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = AGAINST.signatures[1]
    twice = replace(AGAINST, signatures=(row, replace(row, tags=("serve", "gpu"))))
    monkeypatch.setattr(verb, "verify", lambda model, **options: replace(answered, against=twice))
    said = cli("verify", MODEL, "--against", MODEL).out
    assert "other of serve" in said and "other of serve,gpu" in said
    file = tmp_path / "verify.json"
    file.write_text(render_json([replace(answered, against=twice)]), encoding="utf-8")
    page = cli("report", MODEL, "--verified", file, "--format", "html").out
    assert "of <code>serve,gpu</code>" in page
