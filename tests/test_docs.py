"""The pages that show output show the real one."""

from __future__ import annotations

import re
import shlex

import pytest

from smanalyze.api.analyze import rules
from smanalyze.cli.main import run
from smanalyze.render.rules import render_rules
from tests.conftest import ROOT

README = ROOT / "README.md"
RULES = ROOT / "docs" / "rules.md"
MAX_LINES = 32
"""A block of the README shows so many lines of the output, and says that there is more."""

_BLOCK = re.compile(r"```console\n\$ (smanalyze [^\n]*)\n(.*?)```", re.DOTALL)


def _shown(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    run(shlex.split(command)[1:])
    lines = capsys.readouterr().out.rstrip("\n").split("\n")
    if len(lines) > MAX_LINES:
        lines = [*lines[:MAX_LINES], "[...]"]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def test_readme_shows_real_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, update_golden: bool
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    text = README.read_text(encoding="utf-8")
    made = _BLOCK.sub(lambda block: f"```console\n$ {block[1]}\n{_shown(block[1], capsys)}```", text)
    if update_golden:
        README.write_text(made, encoding="utf-8", newline="\n")
        text = made
    assert text == made, "the README's output is not what the commands print; if that is right: pytest --update-golden"


def test_rules_page_is_the_catalogue(update_golden: bool) -> None:
    made = render_rules(rules(), markdown=True, whole=False, width=100)
    if update_golden:
        RULES.write_text(made, encoding="utf-8", newline="\n")
    assert RULES.read_text(encoding="utf-8") == made


def test_ci_runs_the_readmes_test_command() -> None:
    (command,) = re.findall(
        r"^python3 -m venv .* && \.venv/bin/pytest$", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_every_command_stands_in_the_readme() -> None:
    from smanalyze.cli.main import _COMMANDS

    text = README.read_text(encoding="utf-8")
    assert [name for name in _COMMANDS if f"smanalyze {name}" not in text] == []
