"""How tests call the command: in this process, or as a real one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

import pytest

from smanalyze.cli.main import run
from tests.conftest import ROOT


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


class Command:
    """The command, with what it prints caught."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Said:
        self._capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = self._capsys.readouterr()
        return Said(code, out, err)


def real(*arguments: object, cwd: object = ROOT, stdin: str | None = None, **environment: str) -> Said:
    """The command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "smanalyze", *map(str, arguments)],
        capture_output=True, cwd=str(cwd), input=stdin.encode() if stdin is not None else None, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


def sentences(text: str) -> list[str]:
    """The lines on stderr, each checked to be a sentence of ours and no traceback."""
    lines = text.splitlines()
    for line in lines:
        assert line.startswith("smanalyze: "), line
        assert "Traceback" not in line
        assert "Errno" not in line
        assert "\x1b" not in line
    return lines
