"""The ``smanalyze`` command: its parser, and the one place where errors become sentences.

Nothing but argparse is imported before a command runs: ``--help`` and completion must be quick.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from smanalyze import __version__
from smanalyze.cli import options
from smanalyze.errors import SmanalyzeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = (
    "report", "audit", "scan", "diff", "verify", "run", "show", "values", "inputs", "rules", "render", "schema",
    "completion",
)  # fmt: skip
"""Modules of this package; the order is that of --help."""

OK, FAILED = 0, 2
"""Exit codes: done; could not run. A command itself may say 1 (findings that gate) or 3 (incomplete)."""


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser with all commands, or with the one that will run: each command module takes a millisecond."""
    parser = argparse.ArgumentParser(
        prog="smanalyze",
        description="Open any TensorFlow SavedModel and say what it is, without TensorFlow.",
        epilog="Exit codes: 0 done, 1 findings at or above --fail-on, 2 could not run, 3 incomplete under --strict. "
        "verify has its own, which `smanalyze verify --help` lists.",
    )
    parser.add_argument("--version", action="version", version=f"smanalyze {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in (only,) if only in _COMMANDS else _COMMANDS:
        import_module(f"smanalyze.cli.{name}").add_parser(commands)
    return parser


def run(argv: Sequence[str]) -> int:
    """Runs one command; returns its exit code. Never raises for bad input."""
    _forgiving_output()
    try:
        parser = build_parser(argv[0] if argv and argv[0] != "completion" else None)
        args = parser.parse_args(argv, argparse.Namespace(parser=parser))
    except SystemExit as stop:  # argparse has printed help or what is wrong
        return int(stop.code or 0)
    code = OK
    try:
        code = args.run(args)
        sys.stdout.flush()
    except SmanalyzeError as error:
        options.complain(str(error))
        return FAILED
    except BrokenPipeError:
        options.drop_output()  # the reader has seen enough; what was found stays found
    except OSError as error:
        options.drop_output()
        options.complain(f"the output cannot be written: {error.strerror or error}.")
        return FAILED
    except KeyboardInterrupt:
        return 130
    except (RecursionError, MemoryError) as error:
        options.complain(f"the model is too deep or too large for this machine ({type(error).__name__}).")
        return FAILED
    return code


def _forgiving_output() -> None:
    """Lets a terminal that knows only some characters show the others as escapes; gives a process that was started
    without a stream one that leads nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
