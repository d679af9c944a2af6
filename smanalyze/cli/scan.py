"""``smanalyze scan``: what could a model do beside computing, when, and what proves it."""

from __future__ import annotations

import argparse

from smanalyze.cli import options, targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from smanalyze.model.saved_model import SavedModel
    from smanalyze.model.weights import WeightsFile
    from smanalyze.report.allow import AllowEntry
    from smanalyze.report.scan import ScanReport

FORMATS = ("text", "json", "html", "markdown", "sarif")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "scan",
        help="say what a model could do beside computing, when, and what proves it",
        description="Find every op that touches files, the network, the process or foreign code, wherever it hides: "
        "at load, when a signature or function is called, while saving or restoring, or never; with the shortest way "
        "that leads to it and the values that it works on. Nothing of the model is run.",
        epilog="A checkpoint or a Keras file (.keras, .h5, architecture in JSON or YAML) is scanned by itself. In a "
        "folder of numbered versions (TF Serving) every version is scanned. "
        "Verdicts, the first that applies: acts-at-load, unknown-code, acts-when-called, clean. "
        "What could not be followed is always listed. The flags of saved_model_cli scan are taken, too.",
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="a SavedModel, a folder that leads to one, a checkpoint, a Keras file"
    )
    parser.add_argument("--dir", action="append", default=[], metavar="DIR", help="the same as PATH")
    parser.add_argument(
        "--allow", metavar="FILE", default=None,
        help="accepted findings: TOML with [[accept]] tables, or a pyproject.toml with [[tool.smanalyze.accept]]",
    )  # fmt: skip
    parser.add_argument(
        "--op-denylist", "--op_denylist", metavar="A,B", default="",
        help="report these ops as errors wherever they are, in addition (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--fail-on", choices=options.SEVERITIES, default="error",
        help="exit with 1 if there is a finding this bad or worse (default: error)",
    )  # fmt: skip
    parser.add_argument(
        "--strict", action="store_true", help="exit with 3 if a part of the model could not be read or followed"
    )
    options.add_tag_set(parser)
    options.add_outputs(parser, FORMATS)
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Scans each path, and each version in it; the worst exit code decides."""
    from smanalyze.errors import UsageError

    paths = [*args.paths, *args.dir]
    if not paths:
        raise UsageError("There is nothing to scan; give a PATH, or --dir DIR.")
    outputs = options.parse_outputs(args, FORMATS, paths)
    allow = _allow(args.allow)
    versions = {path: targets.versions_of(path) for path in paths}
    reports: list[ScanReport] = []
    failed = False
    for done in targets.each_done(
        paths, versions, lambda model: _scan(args, allow, model), lambda *one: _scan_weights(args, allow, *one)
    ):
        failed |= done.failed
        reports += [done.report] if done.report is not None else []
    options.refuse_several_pages(outputs, reports)
    if reports:
        several = len(paths) > 1
        options.write_outputs(outputs, lambda *how: render(reports, *how, several=several), args.color)
        _remark(args, reports)
    return 2 if failed else _gate(reports, args)


def _allow(file: str | None) -> tuple[AllowEntry, ...]:
    if file is None:
        return ()
    from smanalyze.api.allow import read_allow

    return read_allow(file)


def _scan(args: argparse.Namespace, allow: tuple[AllowEntry, ...], model: SavedModel) -> ScanReport:
    from smanalyze.api.scan import scan
    from smanalyze.model.saved_model import select_meta_graphs

    tags = options.parse_tags(args.tag_set)
    if tags is not None:
        model = select_meta_graphs(model, tags)
    deny = frozenset(op.strip() for op in args.op_denylist.split(",") if op.strip())
    return scan(model, allow=allow, deny=deny)


def _scan_weights(
    args: argparse.Namespace, allow: tuple[AllowEntry, ...], path: str, weights: WeightsFile
) -> ScanReport:
    """The scan of a file of weights, which holds no graph. Raises UsageError where a MetaGraph of it is asked for."""
    from smanalyze.api.scan import scan_weights
    from smanalyze.errors import UsageError

    if args.tag_set is not None:
        raise UsageError("--tag-set is for a SavedModel; this holds weights without one.", file=path)
    return scan_weights(weights, allow=allow)


def _remark(args: argparse.Namespace, reports: Sequence[ScanReport]) -> None:
    """What is to be said of the list of accepted findings: an entry that fits one of several models is of use."""
    first, *others = (report.allow_remarks for report in reports)
    for remark in first:
        if all(remark in other for other in others):
            options.remark(args, f"{args.allow}: {remark}")


def render(reports: Sequence[ScanReport], kind: str, color: bool, width: int, *, several: bool = False) -> str:
    """The scans in one format; several in JSON make one document with ``results``, as do those of several paths, and
    in SARIF one run."""
    if kind == "json":
        from smanalyze.render.json import render_json

        return render_json(reports, several=several)
    if kind == "sarif":
        from smanalyze import __version__
        from smanalyze.checks.engine import catalogue  # rules of changes, which api adds, find nothing in a scan
        from smanalyze.render.sarif import render_sarif

        return render_sarif(reports, catalogue(), version=__version__)
    if kind == "html":
        from smanalyze.render.scan_html import render_scan_html

        return render_scan_html(reports[0])
    if kind == "markdown":
        from smanalyze.render.scan_markdown import render_scan_markdown

        return "\n".join(render_scan_markdown(report) for report in reports)
    from smanalyze.render.scan_text import render_scan_text

    return "\n".join(render_scan_text(report, width=width, color=color) for report in reports)


def _gate(reports: Sequence[ScanReport], args: argparse.Namespace) -> int:
    """1 for a finding as bad as asked for, 3 for a part that could not be followed where that matters, else 0."""
    if options.is_gated((finding for report in reports for finding in report.findings), args.fail_on):
        return 1
    return 3 if args.strict and any(report.unknown or report.not_read for report in reports) else 0
