"""The flags of ``smanalyze verify`` that compare with another model."""

from __future__ import annotations

import argparse

from smanalyze.cli import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smanalyze.report.against import Tolerance
    from smanalyze.verify.against import Against

GATES = ("different", "tolerance", "noise")
_ALONE = {"probes": 4, "gate": "different", "tol": [], "rename": []}


def add_against(parser: argparse.ArgumentParser) -> None:
    """--against and what goes with it."""
    group = parser.add_argument_group(
        "against another model",
        "Both get the same inputs. Outputs are bitwise equal, within noise (no further apart than the old model is "
        "from itself when it runs again, in another process, with other threads), within tolerance, different, or "
        "incomparable. What differs is traced to weights, assets or graph by swapping them, and to the first node.",
    )
    group.add_argument("--against", metavar="OLD", default=None, help="the SavedModel that is to be replaced")
    group.add_argument(
        "--probes", metavar="N", type=int, default=_ALONE["probes"], help="sets of inputs for a signature (default: 4)"
    )
    group.add_argument(
        "--tol", metavar="[OUT:]RTOL,ATOL", action="append", default=[],
        help="numbers of an output (of all) pass where |old - new| <= ATOL + RTOL * max(|old|, |new|); default: "
        "1e-4,1e-5 for float32, 1e-9,1e-12 for float64, 1e-2,1e-3 for float16, 3e-2,1e-2 for bfloat16; others must "
        "be equal",
    )  # fmt: skip
    group.add_argument(
        "--gate", choices=GATES, default=_ALONE["gate"],
        help="exit with 1 where outputs are different (default), beyond noise (tolerance), or not the same bit by bit "
        "(noise)",
    )  # fmt: skip
    group.add_argument(
        "--rename", metavar="KIND:OLD=NEW", action="append", default=[],
        help="what has another name in the new model: signature:, input:, output:, variable:, function:",
    )  # fmt: skip


def parse_against(args: argparse.Namespace) -> Against | None:
    """The other model and how to compare; None where there is none. Raises UsageError for flags that mean nothing."""
    from smanalyze.errors import UsageError

    if args.against is None:
        stray = next((name for name, value in _ALONE.items() if getattr(args, name) != value), None)
        if stray is not None:
            raise UsageError(f"--{stray} goes with --against OLD.")
        return None
    from smanalyze.load import load
    from smanalyze.verify.against import Against

    tolerances = dict(_tolerance(text) for text in args.tol)
    old = load(args.against)
    if options.nothing_readable(args.against, old):
        raise UsageError("There is nothing to compare with.", file=args.against)
    if old.found.given == "serving_base":
        options.remark(args, f"{args.against}: version {old.found.chosen} is taken.")
    return Against(old, tuple(args.rename), args.probes, tolerances, args.gate)


def _tolerance(text: str) -> tuple[str, Tolerance]:
    from smanalyze.errors import UsageError
    from smanalyze.report.against import Tolerance

    name, _, numbers = text.rpartition(":")
    try:
        rtol, atol = map(float, numbers.split(","))
    except ValueError:
        raise UsageError(
            f"--tol takes RTOL,ATOL or OUTPUT:RTOL,ATOL, as in --tol scores:1e-3,1e-6; not {text!r}."
        ) from None
    return name, Tolerance(rtol, atol)
