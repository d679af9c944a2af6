"""Reports as JSON documents: what ``smanalyze schema`` describes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from smanalyze.report.audit import AuditReport
from smanalyze.report.diff import DiffReport
from smanalyze.report.document import Report
from smanalyze.report.run import RunReport
from smanalyze.report.scan import ScanReport
from smanalyze.report.serialize import to_dict
from smanalyze.report.verify import VerifyReport

AnyReport = Report | AuditReport | ScanReport | DiffReport | VerifyReport | RunReport


def render_json(reports: Sequence[AnyReport], *, several: bool = False) -> str:
    """One report as it is; several as ``{schema_version, results}``. Ends with a newline; keys in the fields' order."""
    if len(reports) == 1 and not several:
        return dump(to_dict(reports[0]))
    return dump({"schema_version": reports[0].schema_version, "results": [to_dict(report) for report in reports]})


def dump(value: Any) -> str:
    """Indented JSON, non-ASCII characters escaped: what is printed is safe on any terminal."""
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"
