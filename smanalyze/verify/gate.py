"""What may not run: the findings of the scan that load the model, or call a signature, at the user's risk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from smanalyze.errors import UsageError
from smanalyze.report.findings import Location
from smanalyze.report.scan import ScanFinding, ScanReport
from smanalyze.report.verify import RefusedPart

GATED: Final = ("file-write", "saver", "network", "host-code", "process", "opaque", "unknown-code", "library-code")
"""Risk classes that are refused unless permitted; those of ``graph.op_risk`` and the scan's own."""

LIBRARY_CLASSES: Final = frozenset({"unknown-code", "library-code"})
"""Permitted by whoever loads a library of ops."""

_AT_LOAD: Final = frozenset({"load", "saver"})
_SIGNATURE: Final = "signature:"
_FUNCTION: Final = "function:"


def permitted_classes(permit: frozenset[str], libraries: tuple[str, ...]) -> frozenset[str]:
    """The risk classes that may act. Raises UsageError for a word that is none."""
    unknown = sorted(permit - set(GATED))
    if unknown:
        raise UsageError(f"There is no risk class {unknown[0]!r} to permit. Classes: {', '.join(GATED)}.")
    return permit | (LIBRARY_CLASSES if libraries else frozenset())


def refusals(scan: ScanReport, permitted: frozenset[str]) -> tuple[RefusedPart, ...]:
    """What must not run, the whole model first: it is refused where something happens while it is loaded."""
    found = [part for finding in _gated(scan, permitted) for part in _parts(finding)]
    return tuple(sorted(found, key=lambda part: part.where.signature is not None))


def refused_call(scan: ScanReport, permitted: frozenset[str], key: str | None, path: str | None) -> list[RefusedPart]:
    """What keeps one signature (by its key), or one function of the object tree (by its path), from being called."""
    wanted = f"{_SIGNATURE}{key}" if path is None else f"{_FUNCTION}{path}"
    return [
        RefusedPart(
            Location(tag_set=one.where.tag_set, signature=key, object_path=path), one.id, one.message, one.path,
            one.risk_class,
        )
        for one in _gated(scan, permitted)
        if wanted in one.when
    ]  # fmt: skip


def refuses_load(parts: Iterable[RefusedPart]) -> bool:
    """Whether the model must not even be loaded."""
    return any(part.where.signature is None for part in parts)


def _gated(scan: ScanReport, permitted: frozenset[str]) -> Iterable[ScanFinding]:
    return (
        finding
        for finding in scan.findings
        if finding.severity != "note" and finding.risk_class in GATED and finding.risk_class not in permitted
    )


def _parts(finding: ScanFinding) -> Iterable[RefusedPart]:
    where = finding.where
    if _AT_LOAD & set(finding.when):
        yield RefusedPart(
            Location(tag_set=where.tag_set), finding.id, finding.message, finding.path, finding.risk_class
        )
        return
    for when in finding.when:
        if when.startswith(_SIGNATURE):
            place = Location(tag_set=where.tag_set, signature=when.removeprefix(_SIGNATURE))
            yield RefusedPart(place, finding.id, finding.message, finding.path, finding.risk_class)
