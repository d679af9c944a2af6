"""Phrases of a scan, for the terminal, the Markdown and the HTML page alike. Nothing is escaped here."""

from __future__ import annotations

from collections.abc import Sequence

from smanalyze.render.audit_words import spaced
from smanalyze.render.units import plural
from smanalyze.render.words import badge_class, joined
from smanalyze.report.scan import AllowedFinding, ExpectedAct, Operand, ScanFinding, ScanReport

VERDICT_STYLES = {
    "acts-at-load": "error", "unknown-code": "error", "acts-when-called": "warning", "clean": "good",
}  # fmt: skip
"""Names of severities, "good" besides; pages have a colour for each."""

NOT_FOLLOWED = "The scan does not speak for these:"

_WHEN = {
    "load": "when the model is loaded",
    "keras-load": "when Keras loads the model",
    "saver": "while saving or restoring",
    "never": "never: nothing that the model offers runs it",
}
_CALLED = ("signature", "function")

_ORIGINS = {
    "constant": "a constant",
    "asset": "an asset of the model",
    "caller": "given by the caller",
    "loader": "given by whoever loads or saves",
    "stored": "stored in the model",
    "computed": "computed, not known beforehand",
}

CALLER = "the caller chooses what it works on"

_TIMES = 6
_OPERANDS = 6
_FIRST_STEPS = 6
_LAST_STEPS = 9


def title_text(report: ScanReport) -> str:
    """The name of the model, and which version of it."""
    return f"{report.path_name} (version {report.version})" if report.version else report.path_name


def badge(verdict: str) -> str:
    """The class of a verdict's badge on a page."""
    return badge_class(VERDICT_STYLES[verdict])


def when_text(when: Sequence[str]) -> str:
    """When it happens, in words."""
    return joined([_one_time(word) for word in when], _TIMES)


def _one_time(word: str) -> str:
    kind, colon, name = word.partition(":")
    if colon and kind in _CALLED:
        return f"when signature {name} is called" if kind == "signature" else f"when function {name} is called"
    return _WHEN.get(word, word)


def act_text(finding: ScanFinding) -> str:
    """The op, and what sort of act it is; "" where it is about files and not about an op."""
    return f"{finding.op} ({spaced(finding.risk_class)})" if finding.op else ""


def operand_note(operand: Operand) -> str:
    """Where an operand comes from, and whether it leads out of the model's folder."""
    place = {True: "inside the model's folder", False: "outside the model's folder", None: ""}[operand.inside_model]
    return ", ".join(filter(None, (_ORIGINS.get(operand.origin, operand.origin), place)))


def operand_lines(finding: ScanFinding) -> tuple[tuple[str, str], ...]:
    """(value, what is to be said of it) of what the op works on, the first of many."""
    shown = finding.operands if len(finding.operands) <= _OPERANDS + 1 else finding.operands[:_OPERANDS]
    hidden = len(finding.operands) - len(shown)
    more = (("", f"… {plural(hidden, 'more operand')}"),) if hidden else ()
    return (*((operand.text, operand_note(operand)) for operand in shown), *more)


def caller_text(finding: ScanFinding) -> str:
    """Whether the caller controls it; "" where not."""
    return CALLER if finding.caller_controlled else ""


def steps(path: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """(how deep it is drawn, step) from what starts the act to the node; a long way without its middle."""
    if len(path) <= _FIRST_STEPS + _LAST_STEPS + 1:
        return tuple(enumerate(path))
    hidden = len(path) - _FIRST_STEPS - _LAST_STEPS
    shown = (*path[:_FIRST_STEPS], f"… {plural(hidden, 'more step')}", *path[-_LAST_STEPS:])
    return tuple(enumerate(shown))


def expected_text(expected: Sequence[ExpectedAct]) -> str:
    """What every model of its kind does, in a line or two: ops that run at one time stand together."""
    groups: dict[tuple[str, ...], dict[str, None]] = {}
    for act in expected:
        groups.setdefault(act.when, {})[act.op] = None
    return "; ".join(f"{joined(list(ops), 8)} {when_text(when)}" for when, ops in groups.items())


def evidence_lines(finding: ScanFinding) -> tuple[str, ...]:
    """The evidence, without lines that repeat what has rows of its own: the path, step by step, and the operands."""
    way = " → ".join(finding.path)
    shown = tuple(f"{operand.text!r}: " for operand in finding.operands)
    return tuple(
        line for line in finding.evidence if not line.startswith(shown) and (not way or way not in line)
    )  # fmt: skip


def looked_text(report: ScanReport) -> str:
    """What was looked at; "" where a file holds no graph, and of a clean model, whose summary says it."""
    if not report.nodes or report.verdict == "clean":
        return ""
    functions = f" and {plural(report.functions, 'function')}" if report.functions else ""
    return f"Looked at {plural(report.nodes, 'node')}, in the main graph{functions}."


def allowed_text(allowed: AllowedFinding) -> str:
    """Why it is accepted, by whom, and until when."""
    by = f", by {allowed.by}" if allowed.by else ""
    until = f", until {allowed.expires}" if allowed.expires else ""
    return f"Accepted by entry {allowed.entry}{by}{until}: {allowed.reason}"
