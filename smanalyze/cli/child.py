"""Options of the commands that run a model in a child process."""

from __future__ import annotations

import argparse

from smanalyze.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def add_child(parser: argparse.ArgumentParser) -> None:
    """--permit, --load-library, --python, --seed, --timeout and --memory."""
    parser.add_argument(
        "--permit", metavar="CLASS", action="append", default=[],
        help="let a risk class of `smanalyze scan` act, such as file-write; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--load-library", metavar="FILE", action="append", default=[], help="a library of custom ops to load first"
    )
    parser.add_argument(
        "--python", metavar="INTERPRETER", default=None,
        help="use the TensorFlow that is installed for another Python; PYTHONPATH is not heeded",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="what is drawn by chance is drawn from this (default: 0)")
    parser.add_argument("--timeout", metavar="S", type=float, default=None, help="seconds for a call (default: 30)")
    parser.add_argument("--memory", metavar="MB", type=int, default=None, help="memory the child may fill")


def child_options(args: argparse.Namespace) -> dict[str, Any]:
    """The same as the verbs take them. Raises UsageError for a library that is not there."""
    import os

    missing = [file for file in args.load_library if not os.path.isfile(file)]
    if missing:
        raise UsageError("There is no such library of ops.", file=missing[0])
    return {
        "permit": frozenset(args.permit),
        "libraries": tuple(os.path.abspath(file) for file in args.load_library),
        "python": args.python,
        "seed": args.seed,
        "timeout": args.timeout,
        "memory": None if args.memory is None else args.memory << 20,
    }
