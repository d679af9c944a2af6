"""``smanalyze render``: a report made earlier, in another format."""

from __future__ import annotations

import argparse
import sys

from smanalyze.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from smanalyze.report.audit import AuditReport
    from smanalyze.report.diff import DiffReport
    from smanalyze.report.document import Report
    from smanalyze.report.scan import ScanReport

FORMATS = ("text", "json", "html", "markdown", "sarif")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "render",
        help="turn a JSON report, audit, scan or diff into text, HTML or Markdown",
        description="Read what `smanalyze report`, `audit`, `scan` or `diff` wrote with --format json, and render it "
        "again. No model is needed.",
    )
    parser.add_argument("file", metavar="REPORT.json", help="a report; - for standard input")
    options.add_outputs(parser, FORMATS)
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Renders the document; raises UsageError or FormatError where it is no report."""
    from smanalyze.errors import FormatError, UsageError

    outputs = options.parse_outputs(args, FORMATS, ())
    document = _read(args.file)
    parts = _parts(document, args.file)
    if len(parts) != 1 and any(output.format == "html" for output in outputs):
        raise UsageError("An HTML page shows one model; this document holds several.", file=args.file)
    several = isinstance(document.get("results"), list)
    try:
        _write(args, parts, outputs, several)
    except ArithmeticError as error:  # a picture of shares that no model has
        raise FormatError("The document holds numbers that cannot be drawn.", file=args.file) from error
    return 0


def _write(args: argparse.Namespace, parts: list[Any], outputs: list[options.Output], several: bool) -> None:
    from smanalyze.cli import audit, diff, report, scan
    from smanalyze.errors import UsageError

    fields = parts[0] if parts and isinstance(parts[0], dict) else {}
    if "unknown" in fields:
        scans = _scans(parts, args.file)
        options.write_outputs(outputs, lambda *how: scan.render(scans, *how, several=several), args.color)
        return
    if any(output.format == "sarif" for output in outputs):
        raise UsageError("Only a scan can be SARIF; this document is none.", file=args.file)
    if "security_review" in fields and len(parts) == 1:
        (answer,) = _diffs(parts, args.file)
        options.write_outputs(outputs, lambda *how: diff.render(answer, *how), args.color)
    elif "verdict" in fields:
        audits = _audits(parts, args.file)
        options.write_outputs(outputs, lambda *how: audit.render(audits, *how, several=several), args.color)
    else:
        reports = _reports(parts, args.file)
        options.write_outputs(outputs, lambda *how: report.render(reports, *how, several=several), args.color)


def _read(name: str) -> Any:
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


def _parts(document: Any, name: str) -> list[Any]:
    """The document, or each of its ``results``."""
    from smanalyze.errors import FormatError

    if not isinstance(document, dict) or not isinstance(document.get("schema_version"), str):
        raise FormatError("The document is no smanalyze report: it has no schema_version.", file=name)
    return document["results"] if isinstance(document.get("results"), list) else [document]


def _reports(parts: list[Any], name: str) -> list[Report]:
    from smanalyze.report.document import SCHEMA_VERSION, Report

    found: list[Report] = _read_as(Report, SCHEMA_VERSION, parts, name)
    return found


def _audits(parts: list[Any], name: str) -> list[AuditReport]:
    from smanalyze.report.audit import AUDIT_SCHEMA_VERSION, AuditReport

    found: list[AuditReport] = _read_as(AuditReport, AUDIT_SCHEMA_VERSION, parts, name)
    return found


def _scans(parts: list[Any], name: str) -> list[ScanReport]:
    from smanalyze.report.scan import SCAN_SCHEMA_VERSION, ScanReport

    found: list[ScanReport] = _read_as(ScanReport, SCAN_SCHEMA_VERSION, parts, name)
    return found


def _diffs(parts: list[Any], name: str) -> list[DiffReport]:
    from smanalyze.report.diff import DIFF_SCHEMA_VERSION, DiffReport

    found: list[DiffReport] = _read_as(DiffReport, DIFF_SCHEMA_VERSION, parts, name)
    return found


def _read_as(kind: type, known: str, parts: list[Any], name: str) -> Any:
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
