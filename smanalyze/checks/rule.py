"""How a rule is written down: the decorator, and what a rule yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from smanalyze.model.record import record
from smanalyze.report.findings import Location, Severity

ERROR: Severity = "error"
WARNING: Severity = "warning"
NOTE: Severity = "note"


@record
class Found:
    """What a rule yields: where, what, and the proof. ``subject`` makes the finding's id: names that stay the same
    when the model is exported again, no generated counters. ``severity`` overrides the rule's own."""

    where: Location
    message: str
    subject: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    severity: Severity | None = None


RuleFunction = Callable[[Any], Iterator[Found]]
"""Takes one subject, yields what is wrong with it."""


def rule(rule_id: str, severity: Severity) -> Callable[[RuleFunction], RuleFunction]:
    """Marks a function as a rule. Its one parameter's type says what it is handed; its docstring has a title line
    and the paragraphs ``Why:`` and ``Fix:``."""

    def mark(function: RuleFunction) -> RuleFunction:
        function.lint_rule = (rule_id, severity)  # type: ignore[attr-defined]
        return function

    return mark
