"""``smanalyze verify``: does TensorFlow confirm what the report says?"""

from __future__ import annotations

import argparse
import sys

from smanalyze.cli import options
from smanalyze.cli.child import add_child, child_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

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
        "What a scan finds to act while loading is refused unless permitted. The model's folder is left as it is.",
        epilog="Exit codes: 0 CONFIRMED, 1 CONTRADICTED, 2 could not run, 3 PARTIAL (not all was run), 4 CRASHED, "
        "5 REFUSED. In a folder of numbered versions (TF Serving) the newest is verified.",
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
    add_child(parser)
    options.add_outputs(parser, FORMATS)
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Verifies the model; the verdict is the exit code."""
    from smanalyze.load import load
    from smanalyze.verify.verify import verify

    outputs = options.parse_outputs(args, FORMATS, [args.path])
    child = child_options(args)
    model = load(args.path)
    if options.nothing_readable(args.path, model):
        return 2
    if model.found.given == "serving_base":
        options.remark(args, f"{args.path}: version {model.found.chosen} is verified.")
    with progress_line(args.quiet) as tell:
        report = verify(
            model,
            tags=options.parse_tags(args.tag_set),
            signatures=None if args.signature_def is None else tuple(args.signature_def),
            profile=args.profile,
            inputs=args.inputs,
            tell=tell,
            **child,
        )
    options.write_outputs(outputs, lambda *how: render(report, *how), args.color)
    return EXIT_CODES[report.verdict]


class progress_line:  # noqa: N801
    """``with progress_line(quiet) as tell``: shows the name of each step on one line of a terminal; None elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self._watched = not quiet and sys.stderr.isatty()

    def __enter__(self) -> Callable[[str], None] | None:
        return self._tell if self._watched else None

    def __exit__(self, *_: object) -> None:
        if self._watched:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _tell(self, step: str) -> None:
        from smanalyze.render.visible import visible

        width = options.terminal_width(sys.stderr) - 1
        sys.stderr.write(f"\r\x1b[K{visible(step)[:width]}")
        sys.stderr.flush()


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
