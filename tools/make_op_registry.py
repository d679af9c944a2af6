"""Make ``smanalyze/graph/data/ops.json``: which TensorFlow releases know which op.

    python tools/make_op_registry.py REGISTRIES                 from a folder of registry files, one a release
    python tools/make_op_registry.py --from-tensorflow          add the release installed here to the file that is there
    python tools/make_op_registry.py REGISTRIES --check         exit 1 if the file would change, write nothing

A registry file is ``<release>.json`` or ``<release>.json.gz``::

    {"tensorflow": "2.21.0", "graph_def_producer": 2474,
     "ops": {"ReadVariableOp": {"in": [{"name": "resource", "type": 20}], "out": [...], "stateful": true,
                                "attr": [{"name": "dtype", "type": "type", "default": false}]}}}

that is: what ``TF_GetAllOpList`` answers after a plain ``import tensorflow`` (the attrs are for ``make_op_attrs.py``).
The same input gives the same bytes: releases in the order of their numbers, ops in the order of their names, one line
for each group of ops that share everything.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

DT_RESOURCE = 20
DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "smanalyze" / "graph" / "data" / "ops.json"


@dataclass(frozen=True, slots=True)
class Traits:
    """What we keep of an op's signature; of all but ``inputs`` the newest release that knows the op decides."""

    stateful: bool
    takes: str  # "resource", "ref" or "": the kind of handle among the inputs
    gives: str  # the same for the outputs
    inputs: int  # how many inputs every node has: those that are no lists; the smallest number of all releases counts


@dataclass(frozen=True, slots=True)
class Release:
    """One release: its number, the GraphDef producer it writes, and every op it registers."""

    name: str
    producer: int
    ops: Mapping[str, Traits]


@dataclass(slots=True)
class Seen:
    """The releases (by name) that know an op, and its traits by release where we were told them."""

    releases: set[str] = field(default_factory=set)
    traits: dict[str, Traits] = field(default_factory=dict)


def order(release: str) -> tuple[int, ...]:
    """Sort key of a release: by number, so that 2.10 stands after 2.9."""
    if not release.replace(".", "").isdigit():
        raise SystemExit(f"{release}: not a release (nightly builds and release candidates are left out)")
    return tuple(int(part) for part in release.split("."))


def _handle(args: Iterable[Mapping[str, Any]]) -> str:
    args = list(args)
    if any(arg.get("is_ref") for arg in args):
        return "ref"
    return "resource" if any(arg.get("type") == DT_RESOURCE for arg in args) else ""


def _single(args: Iterable[Mapping[str, Any]]) -> int:
    """How many of the arguments are one tensor each; a list may be empty."""
    return sum(not arg.get("number_attr") and not arg.get("type_list_attr") for arg in args)


def _release(document: Mapping[str, Any]) -> Release:
    ops = {
        name: Traits(bool(op.get("stateful")), _handle(op["in"]), _handle(op["out"]), _single(op["in"]))
        for name, op in document["ops"].items()
    }
    return Release(document["tensorflow"], document["graph_def_producer"], ops)


def read_documents(folder: Path) -> list[dict[str, Any]]:
    """Every registry file of a folder."""
    documents = []
    for path in sorted(folder.iterdir()):
        if path.name.endswith((".json", ".json.gz")):
            raw = path.read_bytes()
            documents.append(json.loads(gzip.decompress(raw) if path.name.endswith(".gz") else raw))
    if not documents:
        raise SystemExit(f"{folder}: no registry file (<release>.json or .json.gz) in it")
    return documents


def read_folder(folder: Path) -> list[Release]:
    """The releases of a folder."""
    return [_release(document) for document in read_documents(folder)]


def running_document() -> dict[str, Any]:
    """The registry of the TensorFlow that this Python imports, through its C API, as a registry file has it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tensorflow = importlib.import_module("tensorflow")
    op_def = importlib.import_module("tensorflow.core.framework.op_def_pb2")
    for module in ("tensorflow.python.client.pywrap_tf_session", "tensorflow.python.pywrap_tensorflow"):
        c_api = importlib.import_module(module)  # the second name is TensorFlow 1's
        if hasattr(c_api, "TF_GetAllOpList"):
            break
    listed = op_def.OpList()
    listed.ParseFromString(c_api.TF_GetBuffer(c_api.TF_GetAllOpList()))

    def args(given: Iterable[Any]) -> list[dict[str, Any]]:
        return [{known.name: value for known, value in arg.ListFields()} for arg in given]

    def attrs(given: Iterable[Any]) -> list[dict[str, Any]]:
        return [{"name": attr.name, "type": attr.type, "default": attr.HasField("default_value")} for attr in given]

    ops = {
        op.name: {
            "in": args(op.input_arg), "out": args(op.output_arg), "attr": attrs(op.attr), "stateful": op.is_stateful
        }
        for op in listed.op
    }  # fmt: skip
    producer = tensorflow.compat.v1.GRAPH_DEF_VERSION
    return {"tensorflow": tensorflow.__version__, "graph_def_producer": producer, "ops": ops}


def read_running_tensorflow() -> Release:
    """The release that this Python imports."""
    return _release(running_document())


def read_data(path: Path) -> tuple[dict[str, int], dict[str, Seen]]:
    """Take a data file apart again: producer by release, and what it says of each op."""
    document = json.loads(path.read_text(encoding="utf-8"))
    names = document["releases"]
    seen: dict[str, Seen] = {}
    for group in document["groups"]:
        known = [names[i] for i in range(group["first"], group["last"] + 1) if i not in group.get("absent", ())]
        told = {"stateful": False, "takes": "", "gives": "", "inputs": 0} | group
        traits = Traits(told["stateful"], told["takes"], told["gives"], told["inputs"])
        for op in group["ops"].split():
            seen[op] = Seen(set(known), {known[-1]: traits})
    return dict(zip(names, document["producers"], strict=True)), seen


def add(release: Release, producers: dict[str, int], seen: dict[str, Seen]) -> None:
    """Add a release; another build of one already there adds its ops (builds of a release differ a little)."""
    producers[release.name] = release.producer
    for op, traits in release.ops.items():
        known = seen.setdefault(op, Seen())
        known.releases.add(release.name)
        before = known.traits.get(release.name, traits)
        known.traits[release.name] = replace(traits, inputs=min(traits.inputs, before.inputs))


def render(producers: Mapping[str, int], seen: Mapping[str, Seen]) -> str:
    """The data file's text."""
    releases = sorted(producers, key=order)
    index = {name: i for i, name in enumerate(releases)}
    groups: dict[str, list[str]] = {}
    for op in sorted(seen):
        known = sorted(index[name] for name in seen[op].releases)
        traits = seen[op].traits[max(seen[op].traits, key=order)]
        group: dict[str, Any] = {"first": known[0], "last": known[-1]}
        absent = sorted(set(range(known[0], known[-1])) - set(known))
        group |= {"absent": absent} if absent else {}
        group |= {"stateful": True} if traits.stateful else {}
        group |= {"takes": traits.takes} if traits.takes else {}
        group |= {"gives": traits.gives} if traits.gives else {}
        inputs = min(told.inputs for told in seen[op].traits.values())
        group |= {"inputs": inputs} if inputs else {}
        groups.setdefault(json.dumps(group), []).append(op)
    lines = [f"{head[:-1]}, {json.dumps('ops')}: {json.dumps(' '.join(ops))}}}" for head, ops in _by_first_op(groups)]
    listed = json.dumps(releases), json.dumps([producers[name] for name in releases])
    body = ",\n".join(lines)
    return f'{{"releases": {listed[0]},\n"producers": {listed[1]},\n"groups": [\n{body}\n]}}\n'


def _by_first_op(groups: Mapping[str, Sequence[str]]) -> list[tuple[str, Sequence[str]]]:
    """Groups ordered by their releases first, so that a new release adds lines at the end."""

    def key(item: tuple[str, Sequence[str]]) -> tuple[int, int, str]:
        head = json.loads(item[0])
        return head["first"], head["last"], item[0]

    return sorted(groups.items(), key=key)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the recipe; the exit code is 1 only for ``--check`` on a file that would change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, metavar="REGISTRIES", help="folder of registry files")
    parser.add_argument("--from-tensorflow", action="store_true", help="add the TensorFlow that this Python imports")
    parser.add_argument("--check", action="store_true", help="exit 1 if the file would change")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help="the data file (default: the checkout's)")
    args = parser.parse_args(argv)
    if args.folder is None and not args.from_tensorflow:
        parser.error("give a folder of registry files, or --from-tensorflow")
    producers, seen = ({}, {}) if args.folder else read_data(args.output)
    for release in read_folder(args.folder) if args.folder else []:
        add(release, producers, seen)
    if args.from_tensorflow:
        add(read_running_tensorflow(), producers, seen)
    text = render(producers, seen)
    old = args.output.read_text(encoding="utf-8") if args.output.exists() else ""
    if args.check:
        print(f"{args.output.name}: {'up to date' if text == old else 'would change'}")
        return int(text != old)
    args.output.write_text(text, encoding="utf-8")
    print(f"{args.output.name}: {len(producers)} releases, {len(seen)} ops")
    return 0


if __name__ == "__main__":
    sys.exit(main())
