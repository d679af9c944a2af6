"""Make ``smanalyze/graph/data/op_attrs.json``: which TensorFlow releases know which attr of an op.

    python tools/make_op_attrs.py REGISTRIES          from a folder of registry files (see make_op_registry.py)
    python tools/make_op_attrs.py --from-tensorflow   add the release installed here to the file that is there
    python tools/make_op_attrs.py REGISTRIES --check  exit 1 if the file would change, write nothing

The same input gives the same bytes. The file has three lists, an attr with a default marked by "=":

* ``first``: the attrs of an op in the oldest release that knows it; one line for each group of ops that share them;
* ``later``: an attr that a later release brought, by release;
* ``without``: releases that know the op but lack an attr which an older one has. An attr may go for good, or may have
  come with 1.15, which was cut after 2.0.

Which releases know an op is in ``ops.json``, which must have been made from the same releases before.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent
sys.path.insert(0, str(TOOLS))

from make_op_registry import order, read_documents, running_document  # noqa: E402
from make_op_registry import read_data as read_registry  # noqa: E402

DATA = TOOLS.parent / "smanalyze" / "graph" / "data"
Attrs = Mapping[str, bool]  # name: whether it has a default


@dataclass(slots=True)
class Seen:
    """The releases that know an op, and for each of its attrs those that know it: whether it has a default there."""

    releases: set[str] = field(default_factory=set)
    attrs: dict[str, dict[str, bool]] = field(default_factory=dict)


def attrs_of(document: Mapping[str, Any]) -> dict[str, Attrs]:
    """The attrs of every op in a registry file."""
    ops = document["ops"].items()
    return {name: {attr["name"]: bool(attr["default"]) for attr in op["attr"]} for name, op in ops}


def read_data(path: Path, ops: Path) -> tuple[list[str], dict[str, Seen]]:
    """Take a data file apart again, with ``ops.json`` beside it: its releases, and what it says of each op."""
    document = json.loads(path.read_text(encoding="utf-8"))
    releases = document["releases"]
    registry = read_registry(ops)[1]
    seen = {op: Seen(known.releases & set(releases)) for op, known in registry.items()}
    seen = {op: known for op, known in seen.items() if known.releases}
    first = document["first"]
    rows = [(op, word, "") for row in first for op in row["ops"].split() for word in row["attrs"].split()]
    rows += [(op, row["attr"], row["release"]) for row in document["later"] for op in row["ops"].split()]
    for op, word, since in rows:
        known = {name for name in seen[op].releases if not since or order(name) >= order(since)}
        seen[op].attrs[word.rstrip("=")] = dict.fromkeys(known, word.endswith("="))
    for row in document["without"]:
        for op in row["ops"].split():
            for release in row["releases"]:
                del seen[op].attrs[row["attr"]][release]
    return releases, seen


def add(release: str, ops: Mapping[str, Attrs], seen: dict[str, Seen]) -> None:
    """Add what a release says; what another build of it said stays (builds of a release differ a little)."""
    for op, attrs in ops.items():
        known = seen.setdefault(op, Seen())
        known.releases.add(release)
        for attr, default in attrs.items():
            known.attrs.setdefault(attr, {}).setdefault(release, default)


def _lines(groups: Mapping[str, Iterable[str]]) -> str:
    return ",\n".join(f'{head[:-1]}, "ops": {json.dumps(" ".join(sorted(ops)))}}}' for head, ops in groups.items())


def render(releases: Iterable[str], seen: Mapping[str, Seen]) -> str:
    """The data file's text."""
    first: dict[str, list[str]] = {}
    later: dict[tuple[tuple[int, ...], str], list[str]] = {}
    without: dict[str, list[str]] = {}
    for op in sorted(seen):
        oldest = min(seen[op].releases, key=order)
        words = []
        for attr, told in sorted(seen[op].attrs.items()):
            since = min(told, key=order)
            word = attr + "=" * told[since]
            if since == oldest:
                words.append(word)
            else:
                later.setdefault((order(since), json.dumps({"release": since, "attr": word})), []).append(op)
            lacking = sorted((name for name in seen[op].releases - set(told) if order(name) > order(since)), key=order)
            if lacking:
                without.setdefault(json.dumps({"attr": attr, "releases": lacking}), []).append(op)
        if words:
            first.setdefault(json.dumps({"attrs": " ".join(words)}), []).append(op)
    by_release = {head: ops for (_, head), ops in sorted(later.items())}
    lists = (("first", dict(sorted(first.items()))), ("later", by_release), ("without", dict(sorted(without.items()))))
    body = ",\n".join(f'"{name}": [\n{_lines(groups)}\n]' for name, groups in lists)
    return f'{{"releases": {json.dumps(sorted(releases, key=order))},\n{body}}}\n'


def main(argv: Sequence[str] | None = None) -> int:
    """Run the recipe; the exit code is 1 only for ``--check`` on a file that would change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, metavar="REGISTRIES", help="folder of registry files")
    parser.add_argument("--from-tensorflow", action="store_true", help="add the TensorFlow that this Python imports")
    parser.add_argument("--check", action="store_true", help="exit 1 if the file would change")
    parser.add_argument("--output", type=Path, default=DATA / "op_attrs.json", help="the data file")
    parser.add_argument("--ops", type=Path, default=DATA / "ops.json", help="what make_op_registry.py made")
    args = parser.parse_args(argv)
    if args.folder is None and not args.from_tensorflow:
        parser.error("give a folder of registry files, or --from-tensorflow")
    old = args.output.read_text(encoding="utf-8") if args.output.exists() else ""
    releases: list[str]
    seen: dict[str, Seen]
    releases, seen = ([], {}) if args.folder else read_data(args.output, args.ops)
    documents = read_documents(args.folder) if args.folder else []
    for document in [*documents, *([running_document()] if args.from_tensorflow else [])]:
        add(document["tensorflow"], attrs_of(document), seen)
        releases = sorted({*releases, document["tensorflow"]}, key=order)
    text = render(releases, seen)
    if args.check:
        print(f"{args.output.name}: {'up to date' if text == old else 'would change'}")
        return int(text != old)
    args.output.write_text(text, encoding="utf-8")
    print(f"{args.output.name}: {len(releases)} releases, {sum(len(op.attrs) for op in seen.values())} attrs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
