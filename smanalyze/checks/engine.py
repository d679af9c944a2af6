"""Where rules are found, and how they are run over a model."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import cache
from typing import Any

from smanalyze.checks import lint
from smanalyze.checks.rule import Found, RuleFunction
from smanalyze.checks.subject import (
    FileFacts,
    ModelFacts,
    OneAct,
    OneAsset,
    OneAudit,
    OneFolder,
    OneKerasAct,
    OneLibrary,
    OneManifest,
    OneMetaGraph,
    OneModel,
    OneRestore,
    OneShard,
    OneSignature,
)  # fmt: skip
from smanalyze.graph.dependencies import Dependencies
from smanalyze.model.record import record
from smanalyze.report.findings import SEVERITIES, Finding, RuleInfo, Severity


@record
class Rule:
    """One rule: its id, severity, family, documentation, and the function that judges one ``subject``."""

    id: str
    severity: Severity
    family: str
    title: str
    why: str
    fix: str
    subject: type
    check: Callable[[Any], Iterator[Found]] = field(compare=False, repr=False)


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of every family, by id."""
    return _rules_of(tuple(sorted(module.name for module in pkgutil.iter_modules(lint.__path__))))


@cache
def _rules_of(families: tuple[str, ...]) -> tuple[Rule, ...]:
    """The rules of some families, by id; the others are not even imported."""
    rules = [_rule(function, family) for family in families for function in _functions(family)]
    return tuple(sorted(rules, key=lambda found: found.id))


def _functions(family: str) -> list[RuleFunction]:
    module = importlib.import_module(f"{lint.__name__}.{family}")
    return [value for value in vars(module).values() if hasattr(value, "lint_rule")]


def _rule(function: RuleFunction, family: str) -> Rule:
    rule_id, severity = function.lint_rule  # type: ignore[attr-defined]
    title, why, fix = split_docstring(inspect.getdoc(function) or "")
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    (subject,) = hints.values()
    return Rule(rule_id, severity, family, title, why, fix, subject, function)


def split_docstring(text: str) -> tuple[str, str, str]:
    """(title, Why, Fix) of a rule's docstring, each on one line; "" for what is missing."""
    parts = {"title": "", "Why": "", "Fix": ""}
    current = "title"
    for line in text.splitlines():
        stripped = line.strip()
        for word in ("Why", "Fix"):
            if stripped.startswith(f"{word}:"):
                current, stripped = word, stripped.removeprefix(f"{word}:").strip()
        parts[current] = f"{parts[current]} {stripped}".strip()
    return parts["title"].rstrip("."), parts["Why"], parts["Fix"]


def catalogue() -> tuple[RuleInfo, ...]:
    """The rules as documentation."""
    return tuple(
        RuleInfo(found.id, found.severity, found.family, found.title, found.why, found.fix) for found in all_rules()
    )


def check_model(facts: ModelFacts) -> tuple[Finding, ...]:
    """All findings about one model: worst first, then by rule and place. Nothing of an audit is among them."""
    return _check(all_rules(), _subjects(facts))


def check_audit(audit: OneAudit) -> tuple[Finding, ...]:
    """The findings that concern the integrity of a model, in the same order.

    A file that TensorFlow could do without is damaged all the same: here that is an error, too.
    """
    subjects: dict[type, Iterable[Any]] = {
        **_file_subjects(audit.facts),
        OneAudit: [audit],
        OneManifest: [OneManifest(report) for report in audit.manifests],
    }
    found = _check(_rules_of(_INTEGRITY), subjects)
    return tuple(sorted(map(_as_damage, found), key=_order))


def _as_damage(finding: Finding) -> Finding:
    damage = finding.rule == "unreadable-part" and finding.severity == "warning"
    return replace(finding, severity="error") if damage else finding


_INTEGRITY = ("act", "asset", "checkpoint", "file", "integrity", "keras_code")
"""Families whose rules ask whether the files are whole, and those that were meant; and what the model would do."""


def check_scan(facts: FileFacts) -> tuple[tuple[Finding, Any], ...]:
    """(finding, its subject) of what a model can do beside computing, and of files and paths that are not its own, in
    the same order."""
    rules = [one for one in _rules_of((*_SCANNED, "file")) if one.family in _SCANNED or one.id in _SCANNED_FILES]
    pairs = [pair for pair in _pairs(rules, _file_subjects(facts)) if _is_scanned(pair[0])]
    return tuple(sorted(pairs, key=lambda pair: _order(pair[0])))


def _is_scanned(finding: Finding) -> bool:
    """Of parts that could not be read, those in which something could run."""
    return finding.rule != "unreadable-part" or (finding.where.file or "").startswith("saved_model.")


_SCANNED = ("act", "asset", "keras_code", "op", "path")
"""Families whose rules a scan asks; those about a whole report find no subject there."""

_SCANNED_FILES = frozenset({"several-model-files", "stray-file", "unreadable-part"})


def _check(rules: Iterable[Rule], subjects: Mapping[type, Iterable[Any]]) -> tuple[Finding, ...]:
    return tuple(sorted((finding for finding, _ in _pairs(rules, subjects)), key=_order))


def _pairs(rules: Iterable[Rule], subjects: Mapping[type, Iterable[Any]]) -> Iterable[tuple[Finding, Any]]:
    findings: dict[str, tuple[Finding, Any]] = {}
    taken = {kind: list(values) for kind, values in subjects.items()}
    for found_rule in rules:
        for subject in taken.get(found_rule.subject, ()):
            for found in found_rule.check(subject):
                finding = _finding(found_rule, found)
                findings.setdefault(finding.id, (finding, subject))
    return findings.values()


def _order(finding: Finding) -> tuple[int, str, str, str]:
    return SEVERITIES.index(finding.severity), finding.rule, finding.where.text(), finding.id


def _finding(found_rule: Rule, found: Found) -> Finding:
    identity = "\0".join((found_rule.id, *found.subject))
    return Finding(
        id=hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:12],
        rule=found_rule.id,
        severity=found.severity or found_rule.severity,
        where=found.where,
        message=found.message,
        why=found_rule.why,
        fix=found_rule.fix,
        evidence=found.evidence,
    )


def _subjects(facts: ModelFacts) -> dict[type, Iterable[Any]]:
    meta_graphs = [
        OneMetaGraph(facts, graph, report, names)
        for report, graph, names in zip(facts.meta_graphs, facts.graphs, facts.names, strict=True)
    ]
    signatures = []
    for one in meta_graphs:
        dependencies = Dependencies(one.graph)
        signatures += [
            OneSignature(one, report, definition, dependencies)
            for report, definition in zip(one.report.signatures, one.graph.meta_graph.signatures, strict=True)
        ]
    return {
        **_file_subjects(facts),
        OneModel: [OneModel(facts)],
        OneMetaGraph: meta_graphs,
        OneSignature: signatures,
    }


def _file_subjects(facts: FileFacts) -> dict[type, Iterable[Any]]:
    return {
        OneFolder: [OneFolder(facts)],
        OneRestore: [OneRestore(facts, graph) for graph in facts.graphs],
        OneAct: [OneAct(facts, acts.graph, act) for acts in facts.acts for act in acts.every],
        OneLibrary: [
            OneLibrary(facts, acts.graph, name, of_library)
            for acts in facts.acts
            for name, of_library in acts.libraries.items()
        ],
        OneKerasAct: [OneKerasAct(act) for act in facts.keras_acts],
        OneAsset: [OneAsset(facts, report) for report in facts.assets],
        OneShard: [OneShard(facts, report) for report in facts.checkpoint.shards],
    }
