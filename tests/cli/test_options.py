"""What the options that several commands share mean."""

from __future__ import annotations

import io

import pytest

from smanalyze.cli import options
from smanalyze.errors import UsageError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choice", "environment", "terminal", "color"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),  # no-color.org: "when present and not an empty string"
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("always", {"TERM": "dumb"}, False, True),
        ("never", {}, True, False),
    ],
)
def test_colour(
    choice: str, environment: dict[str, str], terminal: bool, color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert options.use_color(choice, Terminal() if terminal else io.StringIO()) == color


@pytest.mark.parametrize(
    ("columns", "width"),
    [("120", 120), ("10", 40), ("0", 80), ("", 80), ("-3", 80), ("wide", 80), (None, 80)],
)
def test_width(columns: str | None, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    assert options.terminal_width(io.StringIO()) == width


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        (None, None),
        ("serve", ("serve",)),
        ("serve,gpu", ("serve", "gpu")),
        (" a , b ,", ("a", "b")),
        ("", ()),
        (",", ()),
    ],
)
def test_tags(text: str | None, tags: tuple[str, ...] | None) -> None:
    assert options.parse_tags(text) == tags


@pytest.mark.parametrize(
    ("text", "kind", "file"),
    [
        ("a.json", "json", "a.json"), ("json:a.txt", "json", "a.txt"), ("a.b/c.md", "markdown", "a.b/c.md"),
        ("text:-", "text", "None"), ("json:json:x", "json", "json:x"), ("C:a.html", "html", "C:a.html"),
    ],
)  # fmt: skip
def test_outputs(text: str, kind: str, file: str) -> None:
    output = options.parse_output(text, ("text", "json", "html", "markdown"))
    assert (output.format, str(output.file)) == (kind, file)


@pytest.mark.parametrize("text", ["a", "a.pdf", "pdf:a.x", "json:"])
def test_outputs_without_a_format(text: str) -> None:
    with pytest.raises(UsageError):
        options.parse_output(text, ("text", "json"))


def test_an_ending_that_the_command_cannot_write() -> None:
    with pytest.raises(UsageError, match="one of text, json"):
        options.parse_output("page.html", ("text", "json"))
