"""``smanalyze verify``: does TensorFlow confirm what the report says?"""

from __future__ import annotations

import argparse

from smanalyze.cli import options
from smanalyze.cli.against import add_against, parse_against
from smanalyze.cli.child import add_child, child_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smanalyze.report.verify import VerifyReport

FORMATS = ("text", "json")

EXIT_CODES = {"CONFIRMED": 0, "PARTIAL": 3, "CONTRADICTED": 1, "CRASHED": 4, "REFUSED": 5}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "verify",
        help="load a SavedModel with TensorFlow, run its signatures, and check the report",
        description="Load a private copy of a SavedModel with TensorFlow, in a child process without network and with "
        "limits, run every signature, and say which claims of the report are confirmed, contradicted or not tested. "
        "What a scan finds to act while loading is refused unless permitted. Nothing is written into its folder.",
        epilog="Exit codes: 0 CONFIRMED, 1 CONTRADICTED, 2 could not run, 3 PARTIAL (not all was run), 4 CRASHED, "
        "5 REFUSED. With --against also 1 where the gate is not passed, 3 where a signature could not be compared. "
        "In a folder of numbered versions (TF Serving) the newest is verified.",
    )
    parser.add_argument("path", metavar="DIR", help="a SavedModel, or a folder that leads to one")
    options.add_tag_set(parser)
    parser.add_argument(
        "--signature-def", "--signature_def", metavar="KEY", action="append", default=None,
        help="run only this signature; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--inputs", metavar="FILE", default=None,
        help="call with the arrays of a .npz or JSON file, as `smanalyze inputs` writes them",
    )  # fmt: skip
    parser.add_argument(
        "--profile", choices=("quick", "full"), default="quick",
        help="full: also a second process, TensorFlow's own threads, and calls that must be refused (default: quick)",
    )  # fmt: skip
    parser.add_argument(
        "--save", metavar="DIR", default=None,
        help="keep what is fed and what comes out in a new folder, as .npz files that --inputs takes",
    )  # fmt: skip
    add_child(parser)
    add_against(parser)
    options.add_outputs(parser, FORMATS)
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Verifies the model; the verdict is the exit code."""
    from pathlib import Path

    from smanalyze.cli.progress import progress_steps
    from smanalyze.load import load
    from smanalyze.verify.verify import verify

    outputs = options.parse_outputs(args, FORMATS, [args.path, *([args.against] if args.against else [])])
    child = child_options(args)
    model = load(args.path)
    if options.nothing_readable(args.path, model):
        return 2
    if model.found.given == "serving_base":
        options.remark(args, f"{args.path}: version {model.found.chosen} is verified.")
    against = parse_against(args)
    if args.save is not None:
        options.refuse_inside(options.Output("npz", Path(args.save)), [args.path])
    with progress_steps(args.quiet) as tell:
        report = verify(
            model,
            tags=options.parse_tags(args.tag_set),
            signatures=None if args.signature_def is None else tuple(args.signature_def),
            profile=args.profile,
            inputs=args.inputs,
            tell=tell,
            against=against,
            save=args.save,
            **child,
        )
    options.write_outputs(outputs, lambda *how: render(report, *how), args.color)
    return exit_code(report)


def exit_code(report: VerifyReport) -> int:
    """The verdict's; where the new model does not pass the gate 1, and where a signature could not be compared 3."""
    code = EXIT_CODES[report.verdict]
    if report.against is None or code not in (0, 3):
        return code
    levels = [row.level for row in report.against.signatures]
    if report.against.level is not None and not report.against.passed:
        return 1
    return code or (3 if any(level is None for level in (report.against.level, *levels)) else 0)


def render(report: VerifyReport, kind: str, color: bool, width: int) -> str:
    """The verification in one format."""
    if kind == "json":
        from smanalyze.render.json import render_json

        return render_json([report])
    if kind != "text":
        from smanalyze.errors import UsageError

        raise UsageError("A verification is text or JSON; `smanalyze report --verified` puts it on a page.")
    from smanalyze.render.verify_text import render_verify_text

    return render_verify_text(report, width=width, color=color)
