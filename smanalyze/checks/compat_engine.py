"""Where the rules about changes are found, and how they are run over two models."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from functools import cache
from typing import Any

from smanalyze.checks import compat
from smanalyze.checks.change import Changed, ChangeFunction
from smanalyze.checks.changes import (
    AssetChange,
    BodyChange,
    CallableChange,
    FunctionPresence,
    InputChange,
    MetaGraphChange,
    ObjectChange,
    OutputChange,
    SignatureChange,
    TwoModels,
    Untold,
)
from smanalyze.checks.engine import split_docstring
from smanalyze.model.record import record
from smanalyze.report.diff import AREAS, AUDIENCES, Audience, DiffFinding, Severities
from smanalyze.report.findings import SEVERITIES, RuleInfo, Severity


@record
class ChangeRule:
    """One rule about changes."""

    id: str
    severities: Severities
    family: str
    area: str
    title: str
    why: str
    fix: str
    subject: type
    check: Callable[[Any], Iterator[Changed]] = field(compare=False, repr=False)


@cache
def all_change_rules() -> tuple[ChangeRule, ...]:
    """Every rule of every family, by id."""
    families = sorted(module.name for module in pkgutil.iter_modules(compat.__path__))
    rules = [_rule(function, family) for family in families for function in _functions(family)]
    return tuple(sorted(rules, key=lambda found: found.id))


def _functions(family: str) -> list[ChangeFunction]:
    module = importlib.import_module(f"{compat.__name__}.{family}")
    return [value for value in vars(module).values() if hasattr(value, "change_rule")]


def _rule(function: ChangeFunction, family: str) -> ChangeRule:
    rule_id, severities = function.change_rule  # type: ignore[attr-defined]
    title, why, fix = split_docstring(inspect.getdoc(function) or "")
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    (subject,) = hints.values()
    area = importlib.import_module(f"{compat.__name__}.{family}").AREA
    return ChangeRule(rule_id, severities, family, area, title, why, fix, subject, function)


def change_catalogue() -> tuple[RuleInfo, ...]:
    """The rules as documentation."""
    return tuple(
        RuleInfo(one.id, worst(one.severities, AUDIENCES) or "note", one.family, one.title, one.why, one.fix,
                 one.area, _words(one.severities))
        for one in all_change_rules()
    )  # fmt: skip


def _words(severities: Severities) -> tuple[str, ...]:
    return tuple(f"{audience} {severity}" for audience in AUDIENCES if (severity := severities.of(audience)))


def check_changes(
    models: TwoModels, audiences: tuple[Audience, ...], areas: tuple[str, ...] = AREAS
) -> tuple[DiffFinding, ...]:
    """All findings about the changes: worst first, then by area, rule and place."""
    subjects = _subjects(models)
    found: dict[str, DiffFinding] = {}
    for one in sorted(all_change_rules(), key=lambda rule: rule.subject is Untold):
        if one.subject is Untold:
            rules = frozenset(finding.rule for finding in found.values())
            subjects[Untold] = [Untold(meta_graph, rules) for meta_graph in subjects[MetaGraphChange]]
        for subject in subjects.get(one.subject, ()):
            for changed in one.check(subject):
                finding = _finding(one, changed, audiences)
                if finding is not None:
                    found.setdefault(finding.id, finding)
    return tuple(sorted((finding for finding in found.values() if finding.area in areas), key=_order))


def _order(finding: DiffFinding) -> tuple[int, int, str, str, str]:
    return SEVERITIES.index(finding.loudest), AREAS.index(finding.area), finding.rule, finding.where.text(), finding.id


def worst(severities: Severities, audiences: Iterable[Audience]) -> Severity | None:
    """The worst for some audiences; None where it concerns none of them."""
    told = [severity for audience in audiences if (severity := severities.of(audience)) is not None]
    return min(told, key=SEVERITIES.index, default=None)


def _finding(one: ChangeRule, changed: Changed, audiences: tuple[Audience, ...]) -> DiffFinding | None:
    severities = changed.severities or one.severities
    if worst(severities, AUDIENCES) is None:
        return None
    identity = "\0".join((one.id, *changed.subject, changed.old, changed.new))
    return DiffFinding(
        id=hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:12],
        rule=one.id,
        area=one.area,
        severity=worst(severities, audiences) or "note",
        severities=severities,
        where=changed.where,
        old=changed.old,
        new=changed.new,
        message=changed.message,
        why=one.why,
        fix=one.fix,
        evidence=changed.evidence,
        reach=changed.reach,
        status="open",
        confidence=changed.confidence,
    )


def _subjects(models: TwoModels) -> dict[type, list[Any]]:
    changes = models.changes
    meta_graphs = [MetaGraphChange(models, pair) for pair in changes.meta_graphs]
    signatures = [SignatureChange(one, pair) for one in meta_graphs for pair in one.pair.signatures]
    return {
        TwoModels: [models],
        MetaGraphChange: meta_graphs,
        SignatureChange: signatures,
        InputChange: [InputChange(one, pair) for one in signatures for pair in one.inputs],
        OutputChange: [OutputChange(one, pair) for one in signatures for pair in one.pair.outputs],
        CallableChange: [CallableChange(one, pair) for one in meta_graphs for pair in one.pair.callables],
        ObjectChange: [ObjectChange(one, pair) for one in meta_graphs for pair in one.pair.objects],
        BodyChange: [change for one in meta_graphs for change in _bodies(one)],
        FunctionPresence: [FunctionPresence(one, row) for one in meta_graphs for row in one.pair.function_rows],
        AssetChange: [AssetChange(models, pair) for pair in changes.assets],
    }


def _bodies(one: MetaGraphChange) -> list[BodyChange]:
    """Changed bodies but for those that only show what another tells."""
    return [BodyChange(one, (function,)) for function in one.pair.functions if not function.echo_of]
