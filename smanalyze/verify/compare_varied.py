"""V407 and V408: what depends on which input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from smanalyze.report.document import Report
from smanalyze.report.findings import Location
from smanalyze.report.tensors import SignatureReport
from smanalyze.report.verify import Check
from smanalyze.verify.claims import compared, untested
from smanalyze.verify.observed import VariedSeen
from smanalyze.verify.varied import claimed


def compare_varied(
    report: Report, tags: tuple[str, ...], signature: SignatureReport, seen: tuple[VariedSeen, ...],
    chancy: frozenset[str],
) -> Iterator[Check]:  # fmt: skip
    """V407 and V408: what came out when inputs had other values, ``chancy`` outputs apart."""
    claims = claimed(report, tags, signature)
    mine = [
        replace(one, different=tuple(name for name in one.different if name.partition("#")[0] not in chancy))
        for one in seen if (one.tags, one.signature) == (tags, signature.key)
    ]  # fmt: skip
    tag_set = ",".join(tags)
    for name in claims.unused:
        where = Location(tag_set=tag_set, signature=signature.key, tensor=f"input {name}")
        runs = [one for one in mine if name in one.inputs and set(one.inputs) <= set(claims.unused)]
        yield _check("V407", where, "used by nothing", runs, None)
    for name in claims.constant:
        where = Location(tag_set=tag_set, signature=signature.key, tensor=f"output {name}")
        yield _check("V408", where, "constant", mine, name)


def _check(code: str, where: Location, claim: str, runs: list[VariedSeen], output: str | None) -> Check:
    """The fate of one claim. ``output``: of that output alone, else of all."""
    expected = "the same with other inputs"
    ended = [one for one in runs if one.outcome == "ok"]
    if not ended:
        return untested(code, where, claim, runs[0].outcome if runs else "no other values were found", expected)
    moved = sorted({name for one in ended for name in one.different if output in (None, name)})
    return compared(code, where, claim, expected, f"differs: {', '.join(moved)}" if moved else expected)
