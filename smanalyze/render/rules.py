"""The catalogue of rules as text and as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from smanalyze.report.findings import RuleInfo


def render_rules(rules: tuple[RuleInfo, ...], *, markdown: bool, whole: bool, width: int) -> str:
    """All rules: a line each in text, a section each in Markdown. ``whole`` adds Why and Fix in text."""
    if markdown:
        return "\n".join(_markdown(rules)) + "\n"
    return "\n".join(_whole(rules[0], width) if whole else _lines(rules, width)) + "\n"


def _lines(rules: tuple[RuleInfo, ...], width: int) -> Iterator[str]:
    wide = max(len(rule.id) for rule in rules)
    for rule in rules:
        head = f"{rule.severity:<8} {rule.id:<{wide}}  "
        yield from textwrap.wrap(head + rule.title, max(width, 60), subsequent_indent=" " * len(head))


def _whole(rule: RuleInfo, width: int) -> Iterator[str]:
    yield f"{rule.id} ({rule.severity}, {_place(rule)})"
    yield from textwrap.wrap(rule.title + ".", width)
    for word, text in (("Why", rule.why), ("Fix", rule.fix)):
        yield ""
        yield from textwrap.wrap(f"{word}: {text}", width, subsequent_indent="     ")


def _place(rule: RuleInfo) -> str:
    """Where a rule belongs, and for a change whom it hurts."""
    if not rule.area:
        return rule.family
    return f"diff, {rule.area}: {', '.join(rule.severities)}" if rule.severities else f"diff, {rule.area}"


def _markdown(rules: tuple[RuleInfo, ...]) -> Iterator[str]:
    yield "# Rules"
    for rule in rules:
        yield ""
        yield f"## `{rule.id}`"
        yield ""
        yield f"**{rule.severity}** · {_place(rule)} · {rule.title}."
        yield ""
        yield f"- Why: {rule.why}"
        yield f"- Fix: {rule.fix}"
