"""Findings: their places as text, and how they are counted."""

from __future__ import annotations

import re

from smanalyze.report.findings import SEVERITIES, Location, count_by_severity
from tests.models import BROKEN_NAMES, NAMES, report_of

ALL = [finding for name in (*NAMES, *BROKEN_NAMES) if name != "empty_folder" for finding in report_of(name).findings]


def test_a_place_is_told_from_the_outside_in() -> None:
    assert Location().text() == ""
    assert Location(signature="s", node="n").text() == "signature s, node n"
    assert Location(file="f", offset=0).text() == "file f, byte 0"


def test_counts_are_worst_first_and_leave_out_none() -> None:
    counted = count_by_severity(tuple(ALL))
    assert [severity for severity, _ in counted] == [s for s in SEVERITIES if any(f.severity == s for f in ALL)]
    assert sum(count for _, count in counted) == len(ALL)
    assert count_by_severity(()) == ()


def test_every_finding_of_the_fixtures_is_whole() -> None:
    assert ALL
    for finding in ALL:
        assert re.fullmatch(r"[0-9a-f]{12}", finding.id)
        assert finding.message
        assert finding.why
        assert finding.fix
        assert finding.where.file is None or not finding.where.file.startswith(("/root", "/tmp", "/home/"))


def test_ids_are_unique_in_a_report() -> None:
    for name in (*NAMES, *BROKEN_NAMES):
        if name != "empty_folder":
            ids = [finding.id for finding in report_of(name).findings]
            assert len(ids) == len(set(ids)), name
