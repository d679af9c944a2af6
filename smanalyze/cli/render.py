"""``smanalyze render``: a report made earlier, in another format."""

from __future__ import annotations

import argparse

from smanalyze.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMATS = ("text", "json", "html", "markdown", "sarif")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "render",
        help="turn a JSON report, audit, scan, diff, verification or run into another format",
        description="Read what `smanalyze report`, `audit`, `scan`, `diff`, `verify` or `run` wrote with --format "
        "json, and render it again. No model is needed.",
        epilog="A report, an audit and a diff can be text, JSON, HTML or Markdown, a scan SARIF too, a verification "
        "and a run text or JSON; HTML shows one model.",
    )
    parser.add_argument("file", metavar="REPORT.json", help="a report; - for standard input")
    options.add_outputs(parser, FORMATS)
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Renders the document; raises UsageError or FormatError where it is no report."""
    from smanalyze.cli.documents import parts_of, read
    from smanalyze.errors import FormatError, UsageError

    outputs = options.parse_outputs(args, FORMATS, ())
    document = read(args.file)
    parts = parts_of(document, args.file)
    if len(parts) != 1 and any(output.format == "html" for output in outputs):
        raise UsageError("An HTML page shows one model; this document holds several.", file=args.file)
    several = isinstance(document.get("results"), list)
    try:
        _write(args, parts, outputs, several)
    except ArithmeticError as error:  # a picture of shares that no model has
        raise FormatError("The document holds numbers that cannot be drawn.", file=args.file) from error
    return 0


def _write(args: argparse.Namespace, parts: list[Any], outputs: list[options.Output], several: bool) -> None:
    from smanalyze.cli import audit, diff, report, run, scan, verify
    from smanalyze.cli.documents import as_audits, as_diffs, as_reports, as_runs, as_scans, as_verifications
    from smanalyze.errors import UsageError

    fields = parts[0] if parts and isinstance(parts[0], dict) else {}
    if "unknown" in fields:
        scans = as_scans(parts, args.file)
        options.write_outputs(outputs, lambda *how: scan.render(scans, *how, several=several), args.color)
        return
    if any(output.format == "sarif" for output in outputs):
        raise UsageError("Only a scan can be SARIF; this document is none.", file=args.file)
    if "security_review" in fields and len(parts) == 1:
        (answer,) = as_diffs(parts, args.file)
        options.write_outputs(outputs, lambda *how: diff.render(answer, *how), args.color)
    elif "milliseconds" in fields and len(parts) == 1:
        (call,) = as_runs(parts, args.file)
        options.write_outputs(outputs, lambda *how: run.render(call, *how), args.color)
    elif "deaths" in fields and len(parts) == 1:
        (proof,) = as_verifications(parts, args.file)
        options.write_outputs(outputs, lambda *how: verify.render(proof, *how), args.color)
    elif "verdict" in fields:
        audits = as_audits(parts, args.file)
        options.write_outputs(outputs, lambda *how: audit.render(audits, *how, several=several), args.color)
    else:
        reports = as_reports(parts, args.file)
        options.write_outputs(outputs, lambda *how: report.render(reports, *how, several=several), args.color)
