"""``smanalyze report``: what is in a model."""

from __future__ import annotations

import argparse

from smanalyze.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smanalyze.report.document import Report
    from smanalyze.report.verify import VerifyReport

FORMATS = ("text", "json", "html", "markdown")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "report",
        help="say what a SavedModel is",
        description="Say what a SavedModel is: who wrote it, its signatures, functions, layers, variables, assets and "
        "ops, what is wrong with it, and what it can be reused for.",
        epilog="A folder of numbered versions (TF Serving) is reported for the newest. "
        "Sections for --only: model, signatures, functions, layers, variables, assets, ops, findings, reuse, not_read.",
    )
    parser.add_argument("paths", nargs="+", metavar="DIR", help="a SavedModel, a folder that leads to one, or its file")
    options.add_outputs(parser, FORMATS)
    options.add_tag_set(parser)
    parser.add_argument("--only", metavar="SECTION,...", default=None, help="only these sections")
    parser.add_argument(
        "--verified", metavar="FILE", default=None,
        help="what `smanalyze verify -o FILE.json` said of the model: badges beside the claims of the HTML page",
    )  # fmt: skip
    parser.add_argument(
        "--fail-on", choices=options.SEVERITIES, default="none",
        help="exit with 1 if there is a finding this bad or worse",
    )  # fmt: skip
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Reports each path; the worst exit code decides."""
    from smanalyze.api.analyze import analyze
    from smanalyze.errors import SmanalyzeError, UsageError
    from smanalyze.load import load
    from smanalyze.model.saved_model import select_meta_graphs

    outputs = options.parse_outputs(args, FORMATS, args.paths)
    options.refuse_several_pages(outputs, args.paths)
    sections = _sections(args.only, args.fail_on)
    verified = _verified(args, outputs)
    reports: list[Report] = []
    failed = False
    tags = options.parse_tags(args.tag_set)
    for path in args.paths:
        try:
            model = load(path)
            if tags is not None:
                model = select_meta_graphs(model, tags)
            reports.append(analyze(model, sections=sections))
        except (SmanalyzeError, RecursionError, MemoryError) as error:
            options.complain_of(path, error)
            failed = True
            continue
        failed |= options.nothing_readable(path, model)
    if reports and verified is not None and verified.hashes != reports[0].hashes:
        raise UsageError("What was verified is another model, or another state of this one.", file=args.verified)
    if reports:
        several = len(args.paths) > 1
        options.write_outputs(
            outputs, lambda *how: render(reports, *how, several=several, verified=verified), args.color
        )
    gated = options.is_gated((finding for report in reports for finding in report.findings), args.fail_on)
    return 2 if failed else int(gated)


def _sections(only: str | None, fail_on: str) -> tuple[str, ...]:
    from smanalyze.errors import UsageError
    from smanalyze.report.document import SECTIONS

    if only is None:
        return SECTIONS
    names = [name.strip().replace("-", "_") for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in SECTIONS]
    if unknown or not names:
        what = f"There is no section {unknown[0]!r}." if unknown else "--only names no section."
        raise UsageError(f"{what} Sections: {', '.join(SECTIONS)}.")
    if fail_on != "none":  # a gate needs the findings, and a reader needs to see what failed
        names.append("findings")
    return tuple(dict.fromkeys(names))


def _verified(args: argparse.Namespace, outputs: list[options.Output]) -> VerifyReport | None:
    """What --verified names. Raises UsageError where there is no page to show it on, FormatError for another file."""
    if args.verified is None:
        return None
    from smanalyze.cli.documents import read_verified
    from smanalyze.errors import UsageError

    if not any(output.format == "html" for output in outputs) or args.only is not None:
        raise UsageError("--verified is shown on a whole HTML page; ask for one.", file=args.verified)
    return read_verified(args.verified)


def render(
    reports: list[Report], kind: str, color: bool, width: int, *, several: bool = False,
    verified: VerifyReport | None = None,
) -> str:  # fmt: skip
    """The reports in one format. ``several``: more were asked for, and JSON makes one document with ``results``, even
    where only one could be made. ``verified`` is shown on the page."""
    if kind == "json":
        from smanalyze.render.json import render_json

        return render_json(reports, several=several)
    if kind == "html":
        from smanalyze.render.html import render_html

        return render_html(reports[0], verified)
    if kind == "markdown":
        from smanalyze.render.markdown import render_markdown

        return "\n".join(render_markdown(report) for report in reports)
    from smanalyze.render.text import render_text

    return "\n".join(render_text(report, width=width, color=color) for report in reports)
