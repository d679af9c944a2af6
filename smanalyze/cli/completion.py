"""``smanalyze completion``: scripts for bash, zsh and fish."""

from __future__ import annotations

import argparse
import sys

from smanalyze.cli import options

_SHELLS = ("bash", "zsh", "fish")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "completion",
        help="print a completion script for a shell",
        description="Print a completion script. For bash: source <(smanalyze completion bash)",
    )
    parser.add_argument("shell", choices=_SHELLS, help=f"one of {', '.join(_SHELLS)}")
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the script that shtab makes from the parser."""
    try:
        import shtab
    except ImportError as error:
        from smanalyze.errors import UsageError

        raise UsageError("Completion needs the package shtab: pip install shtab.") from error

    sys.stdout.write(shtab.complete(args.parser, shell=args.shell) + "\n")
    return 0
