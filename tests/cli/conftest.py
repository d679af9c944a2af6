"""The command as a fixture, in an environment that does not depend on the terminal."""

from __future__ import annotations

import pytest

from .helpers import Command


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """``cli("report", path)`` -> code, stdout, stderr."""
    for name in ("NO_COLOR", "COLUMNS", "TERM"):
        monkeypatch.delenv(name, raising=False)
    return Command(capsys)
