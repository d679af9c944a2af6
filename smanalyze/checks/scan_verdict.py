"""The verdict of a scan, and the findings with what proves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smanalyze.checks.act_severity import severity_of
from smanalyze.checks.evidence import count_of, named
from smanalyze.checks.rule import NOTE
from smanalyze.checks.subject import FileFacts, OneAct, OneKerasAct, OneLibrary
from smanalyze.facts.acts import DENIED, LIBRARY, UNKNOWN, UNKNOWN_WHEN
from smanalyze.facts.starts import LOAD, NEVER
from smanalyze.facts.unfollowed import TWO_OF_A_NAME, WAYS
from smanalyze.report.findings import Finding
from smanalyze.report.scan import Act, ExpectedAct, ScanFinding, ScanVerdict, UnknownPart

HERMETICITY = "hermeticity"
"""The risk class of a finding that is about the model's files and paths, not about what an op does."""

_USUAL = frozenset({"saver", "file-read", "file-map", "dataset-file", "table-file", "file-list"})
"""Classes of which a model is expected to have some."""


def scan_finding(finding: Finding, subject: Any) -> ScanFinding:
    """The finding with the fields of what it was found in."""
    act = _act_of(subject)
    return ScanFinding(
        id=finding.id, rule=finding.rule, severity=finding.severity, where=finding.where, message=finding.message,
        why=finding.why, fix=finding.fix, evidence=finding.evidence, op=act.op, risk_class=act.risk_class,
        when=act.when, path=act.path, operands=act.operands, caller_controlled=act.caller_controlled,
    )  # fmt: skip


_NO_ACT = Act("", HERMETICITY, "", (), (), (), False, 0, ())


def _act_of(subject: Any) -> Act:
    if isinstance(subject, OneLibrary):
        acts = [act for act in subject.acts if act.risk_class == LIBRARY]
        when = tuple(dict.fromkeys(word for act in acts for word in act.when))
        first = acts[0]
        ops = ", ".join(dict.fromkeys(act.op for act in acts))
        return Act(ops, LIBRARY, first.reason, when, first.path, (), False, sum(act.nodes for act in acts), ())
    if isinstance(subject, OneKerasAct):
        return subject.act.act
    return subject.act if isinstance(subject, OneAct) else _NO_ACT


def expected_acts(facts: FileFacts) -> tuple[ExpectedAct, ...]:
    """What models of this kind do, and this one does: nothing is to be told of it."""
    found: dict[tuple[str, str, str], list[Act]] = {}
    for acts in facts.acts:
        for act in acts.every:
            one = OneAct(facts, acts.graph, act)
            if act.risk_class in _USUAL and severity_of(act, offers=one.offers, outside=facts.assets_outside) is None:
                found.setdefault((act.op, act.risk_class, act.reason), []).append(act)
    return tuple(
        ExpectedAct(
            op, risk_class, reason,
            when=_when(acts),
            operands=tuple(dict.fromkeys(operand for act in acts for operand in act.operands)),
            nodes=sum(act.nodes for act in acts),
        )
        for (op, risk_class, reason), acts in sorted(found.items())
    )  # fmt: skip


def _when(acts: Sequence[Act]) -> tuple[str, ...]:
    """When any of them runs; ``never`` only where none does."""
    words = dict.fromkeys(word for act in acts for word in act.when)
    return tuple(word for word in words if word != NEVER) or tuple(words)


def judge_scan(
    findings: Sequence[ScanFinding], unknown: Sequence[UnknownPart], looked_at: str, *, allowed: int = 0
) -> tuple[ScanVerdict, str]:
    """(verdict, the one line that says why). ``looked_at`` is what was looked at, as ``its 9 nodes``; "" where the
    graph could not be read: what nobody has read counts as unknown code. ``allowed`` counts accepted findings."""
    every = [one for one in findings if one.severity != NOTE and one.risk_class != HERMETICITY]
    rest = f" {count_of(len(unknown), 'part')} could not be followed." if unknown else ""
    if allowed:
        rest += f" {count_of(allowed, 'finding')} {'is' if allowed == 1 else 'are'} allowed."
    libraries = [one.message.rpartition(" of ")[2].removesuffix(".") for one in findings if one.risk_class == LIBRARY]
    if libraries:
        rest = f" It needs {named(libraries)}, whose code is not in the graph.{rest}"
    loading = [one for one in every if _acts_at_load(one)]
    if loading:
        return "acts-at-load", f"Loading the model is enough: {_ops(loading)} {_runs(loading)} then.{rest}"
    code = [one for one in every if _is_code(one)]
    if code:
        return "unknown-code", f"It brings or needs code that nobody can look into here: {_ops(code)}.{rest}"
    if not looked_at:
        return "unknown-code", f"The graph could not be read: {unknown[0].reason if unknown else 'it is not here.'}"
    lost = [part for part in unknown if part.what == "graph"]
    if lost:
        return "unknown-code", f"Part of the graph could not be read: {lost[0].reason.rstrip('.')}.{rest}"
    cut = [part for part in unknown if part.what in (WAYS, TWO_OF_A_NAME)]
    if cut:
        return "unknown-code", f"Not all of the graph could be followed: {cut[0].reason}{rest}"
    if every and all(one.risk_class == DENIED for one in every):
        return "acts-when-called", f"It has ops that are not wanted: {_ops(every)}.{rest}"
    if every:
        return "acts-when-called", f"Calling it does more than compute: {_ops(every)}.{rest}"
    nothing = "Nothing else" if allowed else "Nothing"
    return "clean", f"{nothing} in {looked_at} does more than compute and read the model's own files.{rest}"


def _acts_at_load(one: ScanFinding) -> bool:
    """An op that nothing registers keeps the model from loading at all before its library is there."""
    if _is_code(one):
        return False
    return bool({LOAD, UNKNOWN_WHEN, "keras-load", "saver"}.intersection(one.when))


def _is_code(one: ScanFinding) -> bool:
    return one.risk_class == UNKNOWN or one.rule == "lambda-layer"


def _ops(findings: list[ScanFinding]) -> str:
    return named(list(dict.fromkeys(one.op for one in findings)))


def _runs(findings: list[ScanFinding]) -> str:
    return "runs" if len({one.op for one in findings}) == 1 else "run"
