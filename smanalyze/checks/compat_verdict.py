"""The one word for all changes together, the counts, and how the version should move."""

from __future__ import annotations

from collections.abc import Sequence

from smanalyze.report.changes import Changes
from smanalyze.report.diff import (
    AUDIENCES,
    Audience,
    AudienceCount,
    DiffFinding,
    DiffVerdict,
    HashPair,
    VersionAdvice,
)
from smanalyze.report.findings import SEVERITIES

PROMISES = ("signatures", "python", "variables")
"""Areas in which an error is a promise that is broken; in ``container`` it is a tag-set that is gone."""

_TAGS_GONE = ("meta-tagset-removed", "meta-tags-changed", "meta-objectgraph-removed")


def decide(
    changes: Changes,
    hashes: tuple[HashPair, ...],
    findings: Sequence[DiffFinding],
    audiences: tuple[Audience, ...],
    identical: bool,
) -> DiffVerdict:
    """The verdict as a word: the first of these that applies."""
    if identical:
        return "identical"
    equal = {pair.name: pair.equal for pair in hashes}
    if breaking_finding(findings) is not None:
        return "breaking"
    if equal["interface"] is False:
        return "compatible"
    if equal["program"] is False or any(pair.same is False for pair in changes.assets):
        return "behaviour"
    if equal["weights"] is False:
        return "weights-only"
    return "re-exported" if all(pair.equal for pair in hashes) else "metadata"


def breaking_finding(findings: Sequence[DiffFinding]) -> DiffFinding | None:
    """The first error that breaks a promise to the audiences in force."""
    for finding in findings:
        promise = finding.area in PROMISES or finding.rule in _TAGS_GONE
        if finding.severity == "error" and promise:
            return finding
    return None


def count_audiences(findings: Sequence[DiffFinding], audiences: tuple[Audience, ...]) -> tuple[AudienceCount, ...]:
    """How many findings of each severity concern each audience."""
    rows = []
    for audience in AUDIENCES:
        told = [finding.severities.of(audience) for finding in findings]
        rows.append(AudienceCount(audience, audience in audiences, *(told.count(severity) for severity in SEVERITIES)))
    return tuple(rows)


def advise(verdict: DiffVerdict, findings: Sequence[DiffFinding], audiences: tuple[Audience, ...]) -> VersionAdvice:
    """How the version of the model's interface should move."""
    decisive = breaking_finding(findings)
    if decisive is not None:
        return VersionAdvice("major", f"a promise to {_words(audiences)} is broken: {decisive.message}", decisive.id)
    if verdict == "compatible":
        grown = next((f for f in findings if f.area == "signatures"), None)
        return VersionAdvice("minor", "the interface grew, and nothing was taken", grown.id if grown else "")
    if verdict in ("identical", "re-exported"):
        return VersionAdvice("none", "it is the same model", "")
    first = next((f for f in findings if f.severity != "note"), None)
    return VersionAdvice("patch", "the interface is the same", first.id if first else "")


def _words(audiences: tuple[Audience, ...]) -> str:
    return " and ".join(audiences)


def summarize(verdict: DiffVerdict, changes: Changes, findings: Sequence[DiffFinding]) -> str:
    """The one line of the answer."""
    if verdict == "identical":
        return "The two models are identical."
    noise = ", ".join(f"{one.count:,} {one.what}" for one in changes.normalised)
    if verdict == "re-exported" and not any(f.severity != "note" for f in findings):
        return f"The same model, exported again{f' ({noise} differ; nothing else)' if noise else ''}."
    counts = {severity: sum(f.severity == severity for f in findings) for severity in SEVERITIES}
    said = ", ".join(f"{number:,} {word}{'s' * (number != 1)}" for word, number in counts.items() if number)
    return f"{_SENTENCES[verdict]}{f': {said}' if said else ''}."


_SENTENCES = {
    "breaking": "The new model breaks what callers rely on",
    "compatible": "The interface grew, and nothing was taken",
    "behaviour": "The interface is the same, what is computed is not",
    "weights-only": "Only the weights changed",
    "metadata": "Only names, files or other descriptions changed",
    "re-exported": "The same model, exported again",
}
