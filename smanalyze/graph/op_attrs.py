"""Which TensorFlow releases know an attr of an op.

A runtime refuses a node with an attr that its OpDef lacks ("NodeDef mentions attr … not in Op": ValidateNodeDef in
tensorflow/core/framework/node_def_util.cc), so a model needs a release that knows all its attrs, not only all its ops.
What an older release does not mind:

* an attr whose name starts with "_": it is in no OpDef, and nobody checks it;
* an attr that has its default, where ``MetaInfoDef.stripped_default_attrs`` is true: the exporter left it out;
* the same in a node outside functions, for Python's loader of TensorFlow 1: it drops what it does not know and what has
  the default that ``MetaInfoDef.stripped_op_list`` tells (_RemoveDefaultAttrs in python/framework/importer.py).

The facts come from ``data/op_attrs.json``, read on first use, which ``tools/make_op_attrs.py`` makes from the
registries of the releases that :func:`smanalyze.graph.ops.releases` names.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from smanalyze.graph import ops
from smanalyze.graph.data_files import read_data
from smanalyze.model.record import record

__all__ = ["attr_first_release", "attr_has_default", "attr_releases", "op_first_release"]


@record
class _Attr:
    """What the data file says of one attr of an op."""

    since: str  # the release that brought it; "" for one that the oldest release with the op has
    default: bool  # whether it has a default in its oldest release


@record
class _Data:
    """The lists of the data file, by op; attrs stay words, "=" marking a default, until somebody asks for one."""

    first: dict[str, str]  # the attrs of the oldest release that knows the op
    later: dict[str, list[dict[str, str]]]
    without: dict[str, list[dict[str, Any]]]


def op_first_release(op: str) -> str | None:
    """The oldest known release that registers an op, or None where none does."""
    known = ops.registered(op)
    return known.first_release if known else None


def attr_releases(op: str, attr: str) -> tuple[str, ...]:
    """The known releases whose OpDef of the op has the attr, oldest first; empty where none has.

    There may be gaps: what came with 1.15 is not in 2.0, which is older, and an attr may go again.
    """
    known, found = ops.registered(op), _attr(op, attr)
    if known is None or found is None:
        return ()
    since = known.releases.index(found.since) if found.since else 0
    rows = _data().without.get(op, ())
    lacking = {release for row in rows if row["attr"] == attr for release in row["releases"]}
    return tuple(release for release in known.releases[since:] if release not in lacking)


def attr_first_release(op: str, attr: str) -> str | None:
    """The oldest known release whose OpDef of the op has the attr, or None where none has."""
    releases = attr_releases(op, attr)
    return releases[0] if releases else None


def attr_has_default(op: str, attr: str) -> bool | None:
    """Whether the attr has a default in the oldest release that has the attr; None where no known release has it.

    Without one, every node must have the attr, whatever its value.
    """
    found = _attr(op, attr)
    return found.default if found else None


def _attr(op: str, attr: str) -> _Attr | None:
    if "=" in attr:
        return None  # a damaged name; in the data "=" is the mark of a default
    first = _data().first.get(op, "").split()
    for word, default in ((attr, False), (f"{attr}=", True)):
        if word in first:
            return _Attr("", default)
        for row in _data().later.get(op, ()):
            if row["attr"] == word:
                return _Attr(row["release"], default)
    return None


@cache
def _data() -> _Data:
    document = json.loads(read_data("op_attrs.json"))
    first = {op: row["attrs"] for row in document["first"] for op in row["ops"].split()}
    return _Data(first, _by_op(document["later"]), _by_op(document["without"]))


def _by_op(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for op in row["ops"].split():
            found.setdefault(op, []).append(row)
    return found
