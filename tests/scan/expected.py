"""The table of what a scan must say of each model of testdata/scan: ``expected.toml``, typed."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from smanalyze.model.record import record
from tests.conftest import TESTDATA

SCAN = TESTDATA / "scan"
TABLE: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("expected.toml").read_text(encoding="utf-8"))
NAMES = sorted(TABLE)


@record
class ExpectedFinding:
    """One act. ``path`` are parts of its steps in order, ``texts`` patterns of its operands' texts."""

    op: str
    risk_class: str
    severity: str
    when: tuple[str, ...]
    path: tuple[str, ...]
    texts: tuple[str, ...] = ()
    origin: str = ""
    inside_model: bool | None = None
    caller_controlled: bool = False


def acts_of(name: str) -> tuple[ExpectedFinding, ...]:
    """What is expected of one model."""
    rows = TABLE[name]["acts"]
    return tuple(
        ExpectedFinding(**{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()})
        for row in rows
    )
