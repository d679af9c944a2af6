"""What may not run: the findings of the scan that load the model, or call a signature, at the user's risk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from smanalyze.report.findings import Location
from smanalyze.report.scan import ScanFinding, ScanReport
from smanalyze.report.verify import RefusedPart

GATED: Final = ("file-write", "saver", "network", "host-code", "process", "opaque", "unknown-code", "library-code")
"""Risk classes that are refused unless permitted; those of ``graph.op_risk`` and the scan's own."""

LIBRARY_CLASSES: Final = frozenset({"unknown-code", "library-code"})
"""Permitted by whoever loads a library of ops."""

_AT_LOAD: Final = frozenset({"load", "saver"})
_SIGNATURE: Final = "signature:"


def refusals(scan: ScanReport, permitted: frozenset[str]) -> tuple[RefusedPart, ...]:
    """What must not run, the whole model first: it is refused where something happens while it is loaded."""
    found = [part for finding in _gated(scan, permitted) for part in _parts(finding)]
    return tuple(sorted(found, key=lambda part: part.where.signature is not None))


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
