"""``smanalyze rules``: the catalogue."""

from __future__ import annotations

import argparse
import sys

from smanalyze.cli import options


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "rules",
        help="list the rules, or explain one",
        description="List the rules behind the findings, or explain one.",
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="a rule's id")
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text", help="default: text")
    options.add_common(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints all rules, or the one that was named; raises UsageError if there is no such rule."""
    from smanalyze.api.analyze import rules
    from smanalyze.errors import UsageError
    from smanalyze.render.json import dump
    from smanalyze.render.rules import render_rules
    from smanalyze.report.serialize import to_dict

    found = rules()
    if args.id is not None:
        near = [rule.id for rule in found if args.id.lower() in rule.id]
        found = tuple(rule for rule in found if rule.id == args.id)
        if not found:
            hint = f" Perhaps: {', '.join(near)}." if near else " `smanalyze rules` lists them."
            raise UsageError(f"There is no rule {args.id!r}.{hint}")
    if args.format == "json":
        sys.stdout.write(dump(to_dict(found)))
    else:
        one = args.id is not None
        sys.stdout.write(
            render_rules(found, markdown=args.format == "markdown", whole=one, width=options.terminal_width(sys.stdout))
        )
    return 0
