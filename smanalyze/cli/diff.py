"""``smanalyze diff``: what changed between two models, and does it matter."""

from __future__ import annotations

import argparse

from smanalyze.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smanalyze.model.saved_model import SavedModel
    from smanalyze.report.diff import DiffReport

FORMATS = ("text", "json", "html", "markdown")
AUDIENCES = ("serving", "python", "keras", "security")
AREAS = ("container", "signatures", "python", "variables", "program", "files")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "diff",
        help="what changed between two SavedModels, and whom it hurts",
        description="Compare two SavedModels: every real change once, at its root, with whom it hurts; the noise of "
        "exporting is left out. Nothing is loaded, and nothing is written into the models' folders.",
        epilog="Verdicts, the least first: identical, re-exported (only noise), metadata, weights-only, behaviour "
        "(same interface, other results), compatible (the interface grew), breaking (a promise to the audiences is "
        "gone). In a folder of numbered versions (TF Serving) the newest is taken.",
    )
    parser.add_argument("old", metavar="OLD", help="the SavedModel that is in use")
    parser.add_argument("new", metavar="NEW", help="the SavedModel that is to replace it")
    parser.add_argument(
        "--audience", metavar="A[,A...]", default="serving,python",
        help=f"for whom to judge: {', '.join(AUDIENCES)} (default: serving,python)",
    )  # fmt: skip
    parser.add_argument(
        "--fail-on", choices=options.SEVERITIES, default="none",
        help="exit with 1 if there is a finding this bad or worse for the audiences (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--rename", metavar="KIND:OLD=NEW", action="append", default=[],
        help="what has another name on the new side: signature:, input:, output:, variable:, function:",
    )  # fmt: skip
    parser.add_argument("--only", metavar="AREA[,AREA...]", default=None, help=f"judge only these: {', '.join(AREAS)}")
    parser.add_argument("--skip", metavar="AREA[,AREA...]", default=None, help="judge all but these")
    parser.add_argument(
        "--runtime-tf", metavar="X.Y", default="", help="the TensorFlow release that has to run the new model"
    )
    parser.add_argument(
        "--weights", choices=("none", "crc", "stats"), default="stats",
        help="leave weights alone, compare their checksums, or also read what changed (default: stats)",
    )  # fmt: skip
    parser.add_argument(
        "--weights-budget", metavar="SIZE", default="2GiB", help="read at most this much of each side (default: 2GiB)"
    )
    parser.add_argument("--strict", action="store_true", help="exit with 3 if a part could not be compared")
    options.add_tag_set(parser)
    options.add_outputs(parser, FORMATS)
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compares the two models; 2 if one cannot be read at all."""
    from smanalyze.api.diff import diff
    from smanalyze.cli.progress import progress_bar

    outputs = options.parse_outputs(args, FORMATS, [args.old, args.new])
    settings = {
        "audiences": _words(args.audience, AUDIENCES, "--audience"),
        "areas": _areas(args),
        "budget": _bytes(args.weights_budget),
        "runtime_tf": _release(args.runtime_tf),
        "weights": args.weights,
        "renames": args.rename,
    }
    old, new = _load(args.old, args), _load(args.new, args)
    with progress_bar(args.quiet, "weights") as progress:
        report = diff(old, new, progress=progress, **settings)
    for unused in report.unused_renames:
        options.complain(f"--rename {unused}: there is nothing of that name on one of the sides.")
    unread = [path for path, model in ((args.old, old), (args.new, new)) if options.nothing_readable(path, model)]
    options.write_outputs(outputs, lambda *how: render(report, *how), args.color)
    if unread:
        return 2
    if options.is_gated(report.findings, args.fail_on):
        return 1
    return 3 if args.strict and _is_incomplete(report) else 0


def _load(path: str, args: argparse.Namespace) -> SavedModel:
    from smanalyze.load import load
    from smanalyze.model.saved_model import select_meta_graphs

    model, tags = load(path), options.parse_tags(args.tag_set)
    return model if tags is None else select_meta_graphs(model, tags)


def _is_incomplete(report: DiffReport) -> bool:
    return bool(report.not_compared) or report.weights.not_compared > 0


def _words(text: str, known: tuple[str, ...], option: str) -> tuple[str, ...]:
    from smanalyze.errors import UsageError

    words = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in words:
        if word not in known:
            raise UsageError(f"{option}: {word!r} is none of {', '.join(known)}.")
    if not words:
        raise UsageError(f"{option} names nothing; there are {', '.join(known)}.")
    return words


def _areas(args: argparse.Namespace) -> tuple[str, ...]:
    only = _words(args.only, AREAS, "--only") if args.only is not None else AREAS
    skipped = _words(args.skip, AREAS, "--skip") if args.skip is not None else ()
    return tuple(area for area in AREAS if area in only and area not in skipped)


def _bytes(text: str) -> int:
    """``2GiB``, ``500MB``, ``1048576``."""
    import re

    from smanalyze.errors import UsageError

    units = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
    match = re.fullmatch(r"(\d{1,15})\s*([A-Za-z]{0,3})", text.strip())
    if match is None or match[2].upper() not in units:
        raise UsageError(f"--weights-budget: {text!r} is no size such as 500MB or 2GiB.")
    return int(match[1]) * units[match[2].upper()]


def _release(text: str) -> str:
    from smanalyze.errors import UsageError

    if not text:
        return ""
    from smanalyze.graph.ops import releases

    if text.split(".")[:2] not in [name.split(".")[:2] for name in releases()]:
        known = ", ".join(dict.fromkeys(".".join(name.split(".")[:2]) for name in releases()))
        raise UsageError(f"--runtime-tf: {text!r} is no TensorFlow release that is known here: {known}.")
    return text


def render(report: DiffReport, kind: str, color: bool, width: int) -> str:
    """The answer in one format."""
    if kind == "json":
        from smanalyze.render.json import render_json

        return render_json([report])
    if kind == "html":
        from smanalyze.render.diff_html import render_diff_html

        return render_diff_html(report)
    if kind == "markdown":
        from smanalyze.render.diff_markdown import render_diff_markdown

        return render_diff_markdown(report)
    from smanalyze.render.diff_text import render_diff_text

    return render_diff_text(report, width=width, color=color)
