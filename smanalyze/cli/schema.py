"""``smanalyze schema``: the JSON Schemas of what the commands print."""

from __future__ import annotations

import argparse
import sys

from smanalyze.cli import options

_COMMANDS = ("report", "audit", "scan", "diff", "verify", "run", "rules")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "schema",
        help="print the JSON Schema of a command's output",
        description="Print the JSON Schema (2020-12) of what a command prints with --format json.",
    )
    parser.add_argument("name", metavar="COMMAND", choices=_COMMANDS, help=f"one of {', '.join(_COMMANDS)}")
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the schema that ships with the package."""
    from smanalyze.report.schemas import schema_text

    sys.stdout.write(schema_text(args.name))
    return 0
