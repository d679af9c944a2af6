"""Options that several commands share, and what they mean."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys

from smanalyze import __version__
from smanalyze.errors import UsageError

# This module is imported for --help, so what is heavy to import (typing, dataclasses, pathlib) waits until it is used.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import IO

    from smanalyze.model.saved_model import SavedModel
    from smanalyze.report.diff import DiffFinding
    from smanalyze.report.findings import Finding
    from smanalyze.report.scan import ScanFinding

SEVERITIES = ("none", "note", "warning", "error")
"""What ``--fail-on`` takes, mildest first."""

_ENDINGS = {
    ".txt": "text", ".json": "json", ".html": "html", ".htm": "html", ".md": "markdown",
    ".sarif": "sarif", ".sarif.json": "sarif",
}  # fmt: skip
_ALIASES = (".htm", ".sarif.json")


def add_common(parser: argparse.ArgumentParser) -> None:
    """--quiet, --color and --version."""
    parser.add_argument("-q", "--quiet", action="store_true", help="print no remarks on stderr")
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colour the text (default: on a terminal)"
    )
    parser.add_argument("--version", action="version", version=f"smanalyze {__version__}")


def add_dir(parser: argparse.ArgumentParser, text: str) -> None:
    """DIR, also as --dir, as saved_model_cli spells it."""
    parser.add_argument("path", nargs="?", metavar="DIR", help=text)
    parser.add_argument("--dir", metavar="DIR", default=None, help="the same, as saved_model_cli spells it")


def parse_dir(args: argparse.Namespace) -> str:
    """The one folder that was given. Raises UsageError where it is none or both."""
    path: str | None = args.dir or args.path
    if path is None or (args.dir and args.path):
        raise UsageError(f"Give one SavedModel: smanalyze {args.command} DIR, or --dir DIR.")
    return path


def add_tag_set(parser: argparse.ArgumentParser) -> None:
    """--tag-set, also as saved_model_cli spells it."""
    parser.add_argument(
        "--tag-set", "--tag_set", metavar="A,B", default=None, help="only the MetaGraph with exactly these tags"
    )


def parse_tags(text: str | None) -> tuple[str, ...] | None:
    """The tags of ``--tag-set``; None where it was not given."""
    return None if text is None else tuple(tag.strip() for tag in text.split(",") if tag.strip())


def use_color(choice: str, stream: IO[str]) -> bool:
    """Whether to colour what goes to the stream: NO_COLOR and pipes turn it off, --color decides first."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def terminal_width(stream: IO[str]) -> int:
    """Columns to fill: COLUMNS, else the terminal's, else 80; never below 40."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return max(40, int(columns))
    try:
        return max(40, os.get_terminal_size(stream.fileno()).columns)
    except (OSError, ValueError):
        return 80


class Output:
    """One place to write to: a format, and a file (None: standard output)."""

    __slots__ = ("file", "format")

    def __init__(self, format: str, file: Path | None) -> None:  # noqa: A002
        self.format = format
        self.file = file


def add_outputs(parser: argparse.ArgumentParser, formats: tuple[str, ...]) -> None:
    """--format and -o."""
    parser.add_argument("--format", choices=formats, default=None, help="what to print (default: text)")
    endings = " ".join(ending for ending, kind in _ENDINGS.items() if kind in formats and ending not in _ALIASES)
    parser.add_argument(
        "-o", "--output", metavar="[FORMAT:]FILE", action="append", default=[],
        help=f"write to a file; its ending ({endings}) chooses the format; may be given several times",
    )  # fmt: skip


def parse_outputs(args: argparse.Namespace, formats: tuple[str, ...], models: Iterable[str]) -> list[Output]:
    """Where to write what. Raises UsageError for an ending that says nothing, or a file inside a model's folder."""
    outputs = [parse_output(text, formats) for text in args.output]
    if args.format is not None or not outputs:
        outputs.insert(0, Output(args.format or "text", None))
    for output in outputs:
        refuse_inside(output, models)
    return outputs


def refuse_several_pages(outputs: Iterable[Output], models: Sequence[object]) -> None:
    """Raises UsageError where one page is to show several models."""
    if len(models) > 1 and any(output.format == "html" for output in outputs):
        raise UsageError("An HTML page shows one model; give one path, or another format.")


def refuse_inside(output: Output, models: Iterable[str]) -> None:
    """Raises UsageError where the output is a file inside one of the models: what is audited must not change."""
    if output.file is not None and any(_is_inside(output.file, model) for model in models):
        raise UsageError("Nothing is written into the model's own folder; choose another place.", file=str(output.file))


def _is_inside(file: Path, model: str) -> bool:
    from pathlib import Path

    target, folder = file.resolve(), Path(model).resolve()
    prefix = folder.name.removesuffix(".index").partition(".data-")[0]
    is_part = target.name == f"{prefix}.index" or target.name.startswith(f"{prefix}.data-")
    if is_part and target.parent == folder.parent and not folder.is_dir():  # a checkpoint is several files
        return True
    if folder.is_file():
        # A saved_model.pb with its variables beside it means its folder; a lone file only itself.
        given = Path(model).parent.resolve()
        around = [place for place in (folder.parent, given) if (place / "variables").is_dir()]
        return target == folder or any(place in target.parents for place in around)
    if folder in target.parents:
        return True
    # What the model's folder links to is the model's too.
    return target.exists() and any(target == inner.resolve() for inner in folder.rglob("*") if inner.is_symlink())


def parse_output(text: str, formats: tuple[str, ...], endings: Mapping[str, str] = _ENDINGS) -> Output:
    """Where one ``-o`` writes what: ``endings``, or whole names, choose the format. Raises UsageError where they choose
    none."""
    from pathlib import Path

    prefix, colon, rest = text.partition(":")
    if colon and prefix in formats and rest:
        return Output(prefix, None if rest == "-" else Path(rest))
    name = Path(text.lower())
    whole = "" if name.name in _ENDINGS else name.name  # a file that is called .json has no ending
    kinds = (endings.get(ending) for ending in (whole, "".join(name.suffixes[-2:]), name.suffix))
    chosen = next((kind for kind in kinds if kind in formats), None)
    if chosen is None:
        raise UsageError(
            f"The ending of {text!r} chooses no format; write FORMAT:FILE with one of {', '.join(formats)}."
        )
    return Output(chosen, Path(text))


def write_outputs(outputs: list[Output], render: Callable[[str, bool, int], str], color: str) -> None:
    """Renders once for each output. ``render`` takes format, colour and width. Raises UsageError if a file cannot be
    written. A reader of standard output that goes away early changes nothing: the exit code is still the answer."""
    for output in outputs:
        if output.file is None:
            text = render(output.format, use_color(color, sys.stdout), terminal_width(sys.stdout))
            try:
                print_text(text, utf8=output.format != "text")
            except BrokenPipeError:
                drop_output()
            continue
        text = render(output.format, False, 100)
        write_text(output.file, text)


def print_text(text: str, *, utf8: bool = False) -> None:
    """Text on standard output, with a newline at its end; a page or document as UTF-8 whatever the terminal speaks."""
    text = text if text.endswith("\n") else text + "\n"
    buffer = getattr(sys.stdout, "buffer", None) if utf8 else None
    if buffer is None:
        sys.stdout.write(text)
    else:
        sys.stdout.flush()
        buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.flush()


def drop_output() -> None:
    """Sends what is still buffered nowhere, so that Python does not complain at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_text(file: Path, text: str) -> None:
    """Writes a file that ends with a newline; raises UsageError if it cannot be written."""
    try:
        file.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"The file cannot be written: {error.strerror}.", file=str(file)) from error


def is_gated(findings: Iterable[Finding | DiffFinding | ScanFinding], fail_on: str) -> bool:
    """Whether a finding is as bad as ``--fail-on`` says, or worse."""
    gated = SEVERITIES[SEVERITIES.index(fail_on) :] if fail_on != "none" else ()
    return any(finding.severity in gated for finding in findings)


def remark(args: argparse.Namespace, text: str) -> None:
    """A line on stderr, unless --quiet."""
    if not args.quiet:
        complain(text)


def nothing_readable(path: str, model: SavedModel) -> bool:
    """Whether neither graph nor checkpoint could be read, which is then said: an exit code of 2."""
    if model.meta_graphs or model.checkpoint.entries:
        return False
    reason = model.unreadable[0].message if model.unreadable else ""
    complain(f"{path}: nothing of the model could be read. {reason}".rstrip())
    return True


def complain(text: str) -> None:
    """A line on stderr that --quiet does not keep back: why there is no answer."""
    from smanalyze.render.visible import visible

    with contextlib.suppress(OSError):  # nobody listens; the exit code still tells
        print(f"smanalyze: {visible(text)}", file=sys.stderr)  # noqa: T201


def complain_of(path: str, error: Exception) -> None:
    """Why there is no answer about one of the paths."""
    text = str(error)
    if isinstance(error, RecursionError | MemoryError):
        text = f"the model is too deep or too large for this machine ({type(error).__name__})."
    complain(text if path in text else f"{path}: {text}")
