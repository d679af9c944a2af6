"""Findings that somebody has looked at and accepts."""

from __future__ import annotations

from datetime import date

from smanalyze.model.record import record


@record
class AllowEntry:
    """One accepted finding: by its ``finding`` id, or by ``rule`` and ``at`` (the place as the text shows it: what
    ``Location.text`` gives). ``expires`` is the last day that it holds; None: for ever."""

    number: int
    finding: str
    rule: str
    at: str
    reason: str
    by: str
    expires: date | None
