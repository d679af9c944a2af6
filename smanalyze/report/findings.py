"""A judgement about one place in a model."""

from __future__ import annotations

from typing import Literal

from smanalyze.model.record import record

Severity = Literal["error", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""Worst first."""


@record
class Location:
    """Where in the model. Only what applies is set; ``file`` is relative to the model's directory, ``tensor`` is
    ``input NAME`` or ``output NAME`` of the signature."""

    file: str | None = None
    tag_set: str | None = None
    signature: str | None = None
    tensor: str | None = None
    function: str | None = None
    node: str | None = None
    object_path: str | None = None
    variable: str | None = None
    offset: int | None = None

    def text(self) -> str:
        """One line for people: ``signature serving_default, node x``."""
        words = (
            ("signature", self.signature), ("", self.tensor), ("function", self.function), ("node", self.node),
            ("object", self.object_path), ("variable", self.variable), ("file", self.file), ("byte", self.offset),
            ("tags", self.tag_set),
        )  # fmt: skip
        return ", ".join(f"{word} {value}".strip() for word, value in words if value is not None)


@record
class Finding:
    """One finding. ``id`` is stable: 12 hex digits over rule, subject and arguments, never over text or counters.

    ``evidence`` are the facts that prove it, one per line.
    """

    id: str
    rule: str
    severity: Severity
    where: Location
    message: str
    why: str
    fix: str
    evidence: tuple[str, ...] = ()


@record
class RuleInfo:
    """One rule of the catalogue. Rules about changes have an ``area``, and a severity for each audience in words."""

    id: str
    severity: Severity
    family: str
    title: str
    why: str
    fix: str
    area: str = ""
    severities: tuple[str, ...] = ()


def count_by_severity(findings: tuple[Finding, ...]) -> tuple[tuple[Severity, int], ...]:
    """(severity, number) for each severity that occurs, worst first."""
    counted = ((severity, sum(f.severity == severity for f in findings)) for severity in SEVERITIES)
    return tuple((severity, count) for severity, count in counted if count)
