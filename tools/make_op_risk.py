"""Make ``smanalyze/graph/data/op_risk.json``: what each op can do beside computing.

    python tools/make_op_risk.py                    from the rules beside this file and the registry in the package
    python tools/make_op_risk.py --check            exit 1 if the file would change, write nothing

The judgements and their reasons are in ``op_risk_rules.toml``; which ops there are, in ``graph/data/ops.json`` (made by
``make_op_registry.py``); what writes to state and what draws on chance, in ``graph/op_effects.py``. Every registered op
must have a risk or be named as harmless: after a new release this stops and lists the ops that somebody must judge.

The same input gives the same bytes: one line for each group of ops that share everything, in the order of
``RISK_CLASSES``, then of the rules; ops in the order of their names.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from smanalyze.graph import ops  # noqa: E402
from smanalyze.graph.op_risk import RISK_CLASSES  # noqa: E402

RULES = Path(__file__).resolve().parent / "op_risk_rules.toml"
DEFAULT_OUTPUT = ROOT / "smanalyze" / "graph" / "data" / "op_risk.json"
CHANGES = frozenset({"write", "read-write"})


@dataclass(frozen=True, slots=True)
class Risk:
    """All that ops of one group share."""

    risk_class: str
    reason: str
    operand: str = ""
    only_if: str = ""


def named_risks(rules: Mapping[str, Any], registered: Sequence[str]) -> dict[Risk, set[str]]:
    """The ops that the rules name; a library's names and prefixes stay as they are."""
    found: dict[Risk, set[str]] = {}
    for row in rules["risk"]:
        risk = Risk(row["class"], row["reason"], row.get("operand", ""), row.get("only_if", ""))
        for word in row["ops"].split():
            of_tensorflow = {op for op in registered if fnmatchcase(op, word)}
            library = row.get("library", False)
            if bool(of_tensorflow) == library:
                raise SystemExit(f"{word}: {'TensorFlow registers it' if library else 'no release registers it'}")
            if library and not ops.provider(word.rstrip("*") + "X" * word.endswith("*")):
                raise SystemExit(f"{word}: in no row of providers.toml")
            found.setdefault(risk, set()).update({word} if library else of_tensorflow)
    return found


def derived_risks(rules: Mapping[str, Any], registered: Sequence[str]) -> dict[Risk, set[str]]:
    """The ops that change state or draw on chance, as ``op_effects`` knows them."""
    state = rules["state"]
    found: dict[Risk, set[str]] = {}
    for op in registered:
        use = ops.state_use(op)
        skipped = use is None or use.kind in state["skip"].split() or op in state["skip_ops"].split()
        if use is not None and not skipped and use.effect in CHANGES:
            risk = Risk("state" if use.lasting else "run-state", state[use.kind])
            found.setdefault(risk, set()).add(op)
        if ops.randomness(op):
            found.setdefault(Risk("random", "draws on chance"), set()).add(op)
    return found


def refuse_gaps(rules: Mapping[str, Any], risky: Iterable[str], registered: Sequence[str]) -> None:
    """Stop where an op has no judgement or two, or where a name is nobody's."""
    words = [word for row in rules["harmless"] for word in row["ops"].split()]
    names = [word for word in words if "*" not in word]
    families = [word for word in words if "*" in word]
    risky = set(risky)
    twice = sorted(risky & set(names)) + [name for name, count in Counter(names).items() if count > 1]
    gone = [name for name in names if name not in registered]
    gone += [word for word in families if not any(fnmatchcase(op, word) for op in registered)]
    judged = risky | set(names)
    missing = [op for op in registered if op not in judged and not any(fnmatchcase(op, word) for word in families)]
    for found, what in ((missing, "not judged"), (twice, "judged twice"), (gone, "registered by no release")):
        if found:
            raise SystemExit(f"{RULES.name}: {what}: {' '.join(found)}")


def render(rules: Mapping[str, Any], registered: Sequence[str]) -> str:
    """The data file's text."""
    groups = named_risks(rules, registered) | derived_risks(rules, registered)
    refuse_gaps(rules, (op for found in groups.values() for op in found), registered)
    order = list(RISK_CLASSES)
    lines = []
    for risk in sorted(groups, key=lambda risk: order.index(risk.risk_class)):  # stable: then as the rules stand
        re.compile(risk.only_if)
        group = {"class": risk.risk_class, "reason": risk.reason, "operand": risk.operand, "only_if": risk.only_if}
        listed = {key: value for key, value in group.items() if value} | {"ops": " ".join(sorted(groups[risk]))}
        lines.append(json.dumps(listed))
    body = ",\n".join(lines)
    return f'{{"groups": [\n{body}\n]}}\n'


def main(argv: Sequence[str] | None = None) -> int:
    """Run the recipe; the exit code is 1 for ``--check`` on a file that would change, and for rules with gaps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 if the file would change")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="the data file (default: the checkout's)")
    args = parser.parse_args(argv)
    text = render(tomllib.loads(RULES.read_text(encoding="utf-8")), ops.registered_ops())
    old = args.output.read_text(encoding="utf-8") if args.output.exists() else ""
    if args.check:
        print(f"{args.output.name}: {'up to date' if text == old else 'would change'}")
        return int(text != old)
    args.output.write_text(text, encoding="utf-8")
    print(f"{args.output.name}: {text.count(chr(10)) - 2} groups")
    return 0


if __name__ == "__main__":
    sys.exit(main())
