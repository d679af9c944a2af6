"""Documents that the commands wrote, read back."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from smanalyze.report.audit import AuditReport
    from smanalyze.report.diff import DiffReport
    from smanalyze.report.document import Report
    from smanalyze.report.run import RunReport
    from smanalyze.report.scan import ScanReport
    from smanalyze.report.verify import VerifyReport

    Kind = TypeVar("Kind")


def read(name: str) -> Any:
    """The JSON of a file, - for standard input. Raises UsageError or FormatError where it cannot be read."""
    import json
    from pathlib import Path

    from smanalyze.errors import FormatError, UsageError

    try:
        text = _standard_input() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The file cannot be read: {error.strerror}.", file=name) from error
    except UnicodeDecodeError as error:
        raise FormatError("The file is not UTF-8 text.", file=name, offset=error.start) from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"The file is not JSON: {error}.", file=name) from error


def _standard_input() -> str:
    """What is piped in, as UTF-8 whatever the terminal speaks; "" where the process was started without it."""
    if sys.stdin is None:
        return ""
    buffer = getattr(sys.stdin, "buffer", None)
    return sys.stdin.read() if buffer is None else str(buffer.read(), "utf-8")


def parts_of(document: Any, name: str) -> list[Any]:
    """The document, or each of its ``results``; there is at least one. Raises FormatError where it is no report."""
    from smanalyze.errors import FormatError

    if not isinstance(document, dict) or not isinstance(document.get("schema_version"), str):
        raise FormatError("The document is no smanalyze report: it has no schema_version.", file=name)
    parts: list[Any] = document["results"] if isinstance(document.get("results"), list) else [document]
    if not parts:
        raise FormatError("The document holds no report: its results are empty.", file=name)
    return parts


def as_reports(parts: list[Any], name: str) -> list[Report]:
    """Each part as a report. Raises FormatError where it is none."""
    from smanalyze.report.document import SCHEMA_VERSION, Report

    return _read_as(Report, SCHEMA_VERSION, parts, name)


def as_audits(parts: list[Any], name: str) -> list[AuditReport]:
    """Each part as an audit. Raises FormatError where it is none."""
    from smanalyze.report.audit import AUDIT_SCHEMA_VERSION, AuditReport

    return _read_as(AuditReport, AUDIT_SCHEMA_VERSION, parts, name)


def as_scans(parts: list[Any], name: str) -> list[ScanReport]:
    """Each part as a scan. Raises FormatError where it is none."""
    from smanalyze.report.scan import SCAN_SCHEMA_VERSION, ScanReport

    return _read_as(ScanReport, SCAN_SCHEMA_VERSION, parts, name)


def as_diffs(parts: list[Any], name: str) -> list[DiffReport]:
    """Each part as a diff. Raises FormatError where it is none."""
    from smanalyze.report.diff import DIFF_SCHEMA_VERSION, DiffReport

    return _read_as(DiffReport, DIFF_SCHEMA_VERSION, parts, name)


def read_verified(name: str) -> VerifyReport:
    """One verification in JSON. Raises UsageError or FormatError where the file holds none."""
    from smanalyze.errors import UsageError

    found = as_verifications(parts_of(read(name), name), name)
    if len(found) > 1:
        raise UsageError("The document holds several verifications, and none can be chosen.", file=name)
    return found[0]


def as_verifications(parts: list[Any], name: str) -> list[VerifyReport]:
    """Each part as a verification. Raises FormatError where it is none."""
    from smanalyze.report.verify import VERIFY_SCHEMA_VERSION, VerifyReport

    return _read_as(VerifyReport, VERIFY_SCHEMA_VERSION, parts, name)


def as_runs(parts: list[Any], name: str) -> list[RunReport]:
    """Each part as a call. Raises FormatError where it is none."""
    from smanalyze.report.run import RUN_SCHEMA_VERSION, RunReport

    return _read_as(RunReport, RUN_SCHEMA_VERSION, parts, name)


def _read_as(kind: type[Kind], known: str, parts: list[Any], name: str) -> list[Kind]:
    from smanalyze.errors import FormatError
    from smanalyze.report.serialize import from_dict

    for part in parts:
        version = part.get("schema_version") if isinstance(part, dict) else None
        if isinstance(version, str) and version.partition(".")[0] != known.partition(".")[0]:
            raise FormatError(f"The document has schema version {version}; this program reads {known}.", file=name)
    try:
        return [from_dict(kind, part) for part in parts]
    except (FormatError, RecursionError) as error:
        reason = error.message if isinstance(error, FormatError) else "it is nested too deeply"
        raise FormatError(f"The document is no smanalyze report: {reason}.", file=name) from error
