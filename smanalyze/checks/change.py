"""How a rule about a change is written down: the decorator, and what such a rule yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from smanalyze.model.record import record
from smanalyze.report.diff import Severities
from smanalyze.report.findings import Location, Severity


@record
class Changed:
    """What a rule about a change yields: where, what was and what is, and the proof.

    ``subject`` makes the finding's id: names that stay when a model is exported again. ``severities`` replace the
    rule's own, where a table beside the rule says so; ``reach`` names what else shows the change.
    """

    where: Location
    message: str
    subject: tuple[str, ...]
    old: str = ""
    new: str = ""
    evidence: tuple[str, ...] = ()
    reach: tuple[str, ...] = ()
    severities: Severities | None = None
    confidence: float = 1.0


ChangeFunction = Callable[[Any], Iterator[Changed]]


def change(
    rule_id: str,
    *,
    serving: Severity | None = None,
    python: Severity | None = None,
    keras: Severity | None = None,
    security: Severity | None = None,
) -> Callable[[ChangeFunction], ChangeFunction]:
    """Marks a function as a rule about changes, with its severity for each audience (None: it does not concern it).

    The function's one parameter says by its type what it is handed; its docstring has a title line and the paragraphs
    ``Why:`` and ``Fix:``. Its module says in ``AREA`` which part of a model it judges.
    """

    def mark(function: ChangeFunction) -> ChangeFunction:
        function.change_rule = (rule_id, Severities(serving, python, keras, security))  # type: ignore[attr-defined]
        return function

    return mark
