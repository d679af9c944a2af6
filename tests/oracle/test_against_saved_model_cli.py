"""``smanalyze show --all`` says what ``saved_model_cli show --all`` says, and in the same words.

The latter's text is kept in testdata/oracle; no TensorFlow is needed.
"""

from __future__ import annotations

import re

import pytest

from smanalyze.cli.main import run

from .helpers import STORED, model_directories

DIRECTORIES = model_directories()

#: Names with control characters: saved_model_cli sends them to the terminal as they are, we show them as escapes.
UNSPOKEN = {"hostile_names"}

NAMES = [name for name in DIRECTORIES if name not in UNSPOKEN]

each_model = pytest.mark.parametrize("name", NAMES)


def ours(name: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Our lines."""
    assert run(["show", "--all", str(DIRECTORIES[name])]) == 0
    return capsys.readouterr().out.split("\n")


def theirs(name: str) -> list[str]:
    """The lines of saved_model_cli."""
    return (STORED / f"{name}.show.txt").read_bytes().decode().split("\n")


def op_sets(lines: list[str]) -> list[set[str]]:
    """The ops of each MetaGraph, from the line that lists them."""
    found = (re.search(r"contains the following ops: (?:\{(.*)\}|set\(\))$", line) for line in lines)
    return [set(re.findall(r"'([^']*)'", match[1] or "")) for match in found if match]


def options(lines: list[str]) -> dict[str, int]:
    """Function name -> how many options it has."""
    counts: dict[str, int] = {}
    name = ""
    for line in lines:
        if match := re.match(r"  Function Name: '(.*)'$", line):
            name = match[1]
            counts[name] = 0
        elif line.startswith("    Option #"):
            counts[name] += 1
    return counts


@each_model
def test_lines_on_signatures_are_the_same(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of their lines stands in ours, in the same order; we say more in between."""
    text = [line for line in theirs(name) if line and " contains the following ops: " not in line]
    end = next((i for i, line in enumerate(text) if line.startswith("Concrete Functions:")), len(text))
    rest = iter(ours(name, capsys))
    missing = [line for line in text[:end] if line not in rest]
    assert missing == []


@each_model
def test_every_op_they_list_is_listed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """They leave out what only the bodies of control flow and functions outside of signatures hold."""
    for listed, all_ops in zip(op_sets(theirs(name)), op_sets(ours(name, capsys)), strict=True):
        assert listed <= all_ops


@each_model
def test_every_function_they_list_is_listed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With as many options; they print none for a trace without arguments."""
    found = options(ours(name, capsys))
    for function, count in options(theirs(name)).items():
        assert found.get(function, -1) >= count, function


def test_functions_are_compared_at_all() -> None:
    """Guards against a comparison that finds nothing to compare."""
    assert sum(sum(options(theirs(name)).values()) for name in NAMES) > 50
