"""The one word for all changes together, the counts, and how the version should move."""

from __future__ import annotations

from collections.abc import Sequence

from smanalyze.report.changes import Changes
from smanalyze.report.diff import (
    AUDIENCES,
    Audience,
    AudienceCount,
    AudienceCounts,
    DiffFinding,
    DiffVerdict,
    Hashes,
    VersionAdvice,
)
from smanalyze.report.findings import SEVERITIES
from smanalyze.report.noise import noise_words

PROMISES = ("signatures", "python", "variables")
"""Areas in which an error is a promise that is broken; in ``container`` it is a tag-set that is gone."""

_OTHER_CALLS = ("api-arg-default-changed",)
"""The same call has other results, though every function computes what it did."""

_TAGS_GONE = ("meta-tagset-removed", "meta-tags-changed", "meta-objectgraph-removed", "meta-graph-unreadable")


def decide(
    changes: Changes,
    hashes: Hashes,
    findings: Sequence[DiffFinding],
    audiences: tuple[Audience, ...],
    identical: bool,
) -> DiffVerdict:
    """The verdict as a word: the first of these that applies. What could not be compared counts as changed where it is
    the graph; of weights and assets that are not here nothing is said."""
    if identical:
        return "identical"
    if breaking_finding(findings) is not None:
        return "breaking"
    if hashes.interface.equal is False:
        return "compatible"
    computes = hashes.program.equal is None or (hashes.program.equal is False and not _only_noted(findings))
    if computes or any(pair.same is False for pair in changes.assets):
        return "behaviour"
    if any(f.rule in _OTHER_CALLS and any(f.severities.of(one) for one in audiences) for f in findings):
        return "behaviour"
    if hashes.weights.equal is False:
        return "weights-only"
    return "metadata" if any(pair.equal is False for _, pair in hashes.rows()) else "re-exported"


def _only_noted(findings: Sequence[DiffFinding]) -> bool:
    """Whether a changed program is told, and all that is told of it is a note to those who use it: it computes what it
    did."""
    program = [finding.severities for finding in findings if finding.area == "program"]
    told = [severities.of(one) for severities in program for one in AUDIENCES if one != "security"]
    risky = any(severities.security == "error" for severities in program)
    return any(told) and not risky and not {"warning", "error"}.intersection(one for one in told if one)


def breaking_finding(findings: Sequence[DiffFinding]) -> DiffFinding | None:
    """The first error that breaks a promise to the audiences in force."""
    return next((finding for finding in findings if finding.severity == "error" and _is_promise(finding)), None)


def _is_promise(finding: DiffFinding) -> bool:
    return finding.area in PROMISES or finding.rule in _TAGS_GONE


def broken_for(findings: Sequence[DiffFinding], audiences: tuple[Audience, ...]) -> tuple[Audience, ...]:
    """The audiences in force to whom a promise is broken."""
    promises = [finding.severities for finding in findings if _is_promise(finding)]
    return tuple(one for one in audiences if any(severities.of(one) == "error" for severities in promises))


def count_audiences(findings: Sequence[DiffFinding], audiences: tuple[Audience, ...]) -> AudienceCounts:
    """How many findings of each severity concern each audience."""

    def count(audience: Audience) -> AudienceCount:
        told = [finding.severities.of(audience) for finding in findings]
        return AudienceCount(audience in audiences, *(told.count(severity) for severity in SEVERITIES))

    return AudienceCounts(count("serving"), count("python"), count("keras"), count("security"))


def advise(
    verdict: DiffVerdict, findings: Sequence[DiffFinding], broken: tuple[Audience, ...], *, unread: bool = False
) -> VersionAdvice:
    """How the version of the model's interface should move; ``unread``: that of one side could not be read."""
    decisive = breaking_finding(findings)
    if decisive is not None:
        return VersionAdvice("major", f"a promise to {' and '.join(broken)} is broken: {decisive.message}", decisive.id)
    if verdict == "compatible":
        grown = next((f for f in findings if f.area == "signatures"), None)
        return VersionAdvice("minor", "the interface grew, and nothing was taken", grown.id if grown else "")
    if unread and verdict != "identical":
        return VersionAdvice("major", "the interface of one side could not be read, so nothing is known of it", "")
    if verdict in ("identical", "re-exported"):
        return VersionAdvice("none", "it is the same model", "")
    first = next((f for f in findings if f.severity != "note"), None)
    return VersionAdvice("patch", "the interface is the same", first.id if first else "")


def summarize(verdict: DiffVerdict, changes: Changes, findings: Sequence[DiffFinding], *, unread: bool = False) -> str:
    """The one line of the answer; ``unread``: the interface of one side could not be read."""
    if verdict == "identical":
        return "The two models are identical."
    lone = sum(file.old is None or file.new is None for file in changes.files)
    files = (f"{lone:,} file{'s' * (lone != 1)} that one side lacks",) if lone else ()
    *before, last = (*noise_words(changes.normalised), *files) or ("",)
    if verdict == "re-exported" and not findings:
        noise = f"{', '.join(before)} and {last}" if before else last
        return f"{_SENTENCES[verdict]}{f'; nothing but {noise} differs' if noise else ''}."
    counts = {severity: sum(f.loudest == severity for f in findings) for severity in SEVERITIES}
    said = ", ".join(f"{number:,} {word}{'s' * (number != 1)}" for word, number in counts.items() if number)
    sentence = _SENTENCES[verdict]
    if unread and verdict == "behaviour":
        sentence = "The graph of one side could not be read, so what it computes cannot be compared"
    elif changes.not_compared and verdict != "breaking":  # what was not read may have changed too
        sentence = f"As far as it could be compared, {sentence[0].lower()}{sentence[1:]}"
    return f"{sentence}{f': {said}' if said else ''}."


_SENTENCES = {
    "breaking": "The new model breaks what callers rely on",
    "compatible": "The interface grew, and nothing was taken",
    "behaviour": "The interface is the same, what is computed is not",
    "weights-only": "Only the stored values changed",
    "metadata": "Only names, files or other descriptions changed",
    "re-exported": "The same model, exported again",
}
