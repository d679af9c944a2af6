"""``smanalyze render``: a report made earlier, in another format."""

from __future__ import annotations

import argparse
import sys

from smanalyze.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from smanalyze.report.document import Report

FORMATS = ("text", "json", "html", "markdown")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "render",
        help="turn a JSON report into text, HTML or Markdown",
        description="Read what `smanalyze report --format json` wrote, and render it again. The model is not needed.",
    )
    parser.add_argument("file", metavar="REPORT.json", help="a report; - for standard input")
    options.add_outputs(parser, FORMATS)
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Renders the document; raises UsageError or FormatError where it is no report."""
    from smanalyze.cli.report import render
    from smanalyze.errors import UsageError

    outputs = options.parse_outputs(args, FORMATS, ())
    document = _read(args.file)
    reports = _reports(document, args.file)
    if len(reports) != 1 and any(output.format == "html" for output in outputs):
        raise UsageError("An HTML page shows one model; this document holds several.", file=args.file)
    several = isinstance(document.get("results"), list)
    options.write_outputs(
        outputs, lambda kind, color, width: render(reports, kind, color, width, several=several), args.color
    )
    return 0


def _read(name: str) -> Any:
    import json
    from pathlib import Path

    from smanalyze.errors import FormatError, UsageError

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The file cannot be read: {error.strerror}.", file=name) from error
    except UnicodeDecodeError as error:
        raise FormatError("The file is not UTF-8 text.", file=name, offset=error.start) from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"The file is not JSON: {error}.", file=name) from error


def _reports(document: Any, name: str) -> list[Report]:
    from smanalyze.errors import FormatError
    from smanalyze.report.document import SCHEMA_VERSION, Report
    from smanalyze.report.serialize import from_dict

    if not isinstance(document, dict) or not isinstance(document.get("schema_version"), str):
        raise FormatError("The document is no smanalyze report: it has no schema_version.", file=name)
    version = document["schema_version"]
    if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise FormatError(f"The document has schema version {version}; this program reads {SCHEMA_VERSION}.", file=name)
    parts = document["results"] if isinstance(document.get("results"), list) else [document]
    try:
        return [from_dict(Report, part) for part in parts]
    except (FormatError, RecursionError) as error:
        reason = error.message if isinstance(error, FormatError) else "it is nested too deeply"
        raise FormatError(f"The document is no smanalyze report: {reason}.", file=name) from error
