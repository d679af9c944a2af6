"""Every place where an op can hide, and honest models that use the same ops: what a scan says of each."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache

import pytest

import smanalyze
from smanalyze.api.scan import scan
from smanalyze.report.scan import ScanFinding, ScanReport
from tests.scan.expected import NAMES, SCAN, TABLE, ExpectedFinding, acts_of

each_model = pytest.mark.parametrize("name", NAMES)
each_act = pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name in NAMES for number in range(len(acts_of(name)))]
)


@cache
def report_of(name: str) -> ScanReport:
    """The scan of a model."""
    return scan(smanalyze.load(SCAN / name))


def about_ops(name: str) -> list[ScanFinding]:
    """The findings that are about what an op does."""
    return [finding for finding in report_of(name).findings if finding.op]


def test_every_model_is_expected() -> None:
    assert sorted(path.name for path in SCAN.iterdir() if path.is_dir()) == NAMES


@each_model
def test_verdict(name: str) -> None:
    assert report_of(name).verdict == TABLE[name]["verdict"]


def names_of(findings: Iterable[ScanFinding | ExpectedFinding]) -> list[tuple[str, str, str]]:
    """What asks for attention, in short."""
    return sorted({(one.severity, one.op, one.risk_class) for one in findings if one.severity != "note"})


@each_model
def test_nothing_else_asks_for_attention(name: str) -> None:
    assert names_of(about_ops(name)) == names_of(acts_of(name))
    others = {finding.rule for finding in report_of(name).findings if not finding.op and finding.severity != "note"}
    assert others == set(TABLE[name].get("other_rules", ()))


@each_model
def test_what_is_not_followed_is_named(name: str) -> None:
    unknown, expected = report_of(name).unknown, TABLE[name].get("unknown", [])
    assert len(unknown) == len(expected)
    for one, part in zip(unknown, expected, strict=True):
        assert part in one.what


@pytest.mark.parametrize("name", [name for name in NAMES if TABLE[name].get("honest")])
def test_honest_models_have_no_error_about_ops(name: str) -> None:
    assert [finding.op for finding in about_ops(name) if finding.severity == "error"] == []


@each_act
def test_act(name: str, number: int) -> None:
    expected = acts_of(name)[number]
    found = [one for one in about_ops(name) if (one.op, one.risk_class) == (expected.op, expected.risk_class)]
    same = [one for one in found if texts_match(one, expected)]
    assert same, f"{[[operand.text for operand in one.operands] for one in found]} is not {expected.texts}"
    assert {word for one in same for word in one.when} == set(expected.when)
    for one in same:
        assert one.severity == expected.severity
        assert one.caller_controlled == expected.caller_controlled
        assert {operand.origin for operand in one.operands} <= {expected.origin}
        assert {operand.inside_model for operand in one.operands} <= {expected.inside_model}
    assert any(leads(one.path, expected.path) for one in same), [one.path for one in same]


def texts_match(finding: ScanFinding, expected: ExpectedFinding) -> bool:
    """Whether each operand is one of those expected, and each of those is there."""
    texts = [operand.text for operand in finding.operands]
    matched = [[fnmatchcase(text, pattern.replace("[", "[[]")) for pattern in expected.texts] for text in texts]
    return all(map(any, matched)) and all(map(any, zip(*matched, strict=True))) and bool(texts) == bool(expected.texts)


def leads(path: Iterable[str], parts: Iterable[str]) -> bool:
    """Whether the parts stand in the steps, in order; a step may hold several."""
    steps = " > ".join(path)
    at = 0
    for part in parts:
        at = steps.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
