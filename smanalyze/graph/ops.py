"""What is known of an op by its name alone: which TensorFlow registers it, who else provides it, what it does to state.

The facts come from data files beside this module, read on first use: ``data/ops.json`` holds every op that a plain
``import tensorflow`` registers in the releases listed in it (``tools/make_op_registry.py`` makes it), and
``data/providers.toml`` says which library brings an op that no release registers.

A node's op may also be the name of a function in the graph's own library; look there first.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal

from smanalyze.graph import op_effects
from smanalyze.graph.data_files import read_data
from smanalyze.graph.op_effects import StateEffect, StateUse
from smanalyze.model.record import record

__all__ = [
    "ProducerReleases",
    "Provider",
    "Registration",
    "StateEffect",
    "StateUse",
    "graph_versions",
    "min_inputs",
    "producer_releases",
    "provider",
    "randomness",
    "registered",
    "registered_ops",
    "releases",
    "state_effect",
    "state_use",
    "time_dependent",
]

Handle = Literal["", "resource", "ref"]


@record
class Registration:
    """An op as TensorFlow's registry knows it; ``stateful`` and the handles are those of ``last_release``."""

    op: str
    releases: tuple[str, ...]  # every release we have read that knows the op, oldest first
    stateful: bool
    takes: Handle  # the kind of handle among its inputs
    gives: Handle  # the same for its outputs

    @property
    def first_release(self) -> str:
        """The oldest release that knows the op; for an op older than our oldest release, that release."""
        return self.releases[0]

    @property
    def last_release(self) -> str:
        """The newest release that knows the op."""
        return self.releases[-1]


@record
class Provider:
    """A library that registers an op TensorFlow itself does not."""

    library: str  # as people call it
    package: str  # what pip installs; "" where no package on PyPI has it
    import_hint: str  # the Python statement that registers the op; "" where none does
    note: str  # what else to know; may be ""
    evidence: str  # where the op's name was found
    pattern: str  # what matched: the op's name, or "Prefix*"


@record
class ProducerReleases:
    """Where a GraphDef's producer number stands among the releases.

    The number grows with every day of TensorFlow's development and a release keeps it through its patches. So a number
    of no release is a nightly build, a vendor's or one's own; it stands between ``after`` and ``before``.
    """

    exact: tuple[str, ...]  # the releases that write this number, oldest first
    after: str | None  # the release with the nearest smaller number
    before: str | None  # the release with the nearest larger number


def releases() -> tuple[str, ...]:
    """The TensorFlow releases whose registries are known, oldest first."""
    return tuple(_registry().releases)


def registered_ops() -> tuple[str, ...]:
    """Every op that any known release registers, sorted."""
    return tuple(sorted(_registry().group_of))


@cache
def registered(op: str) -> Registration | None:
    """The registration of an op, or None where no known release registers it."""
    registry = _registry()
    group = registry.group_of.get(op)
    if group is None:
        return None
    absent = group.get("absent", ())
    known = tuple(registry.releases[i] for i in range(group["first"], group["last"] + 1) if i not in absent)
    return Registration(op, known, group.get("stateful", False), group.get("takes", ""), group.get("gives", ""))


def min_inputs(op: str) -> int:
    """How many data inputs every node of the op has, in all releases that know it: its arguments that are no lists.

    0 for an op that TensorFlow does not register. TensorFlow refuses a node with fewer ("NodeDef expected inputs ... do
    not match": tensorflow/core/framework/node_def_util.cc, ValidateNodeDef).
    """
    return int(_registry().group_of.get(op, {}).get("inputs", 0))


@cache
def provider(op: str) -> Provider | None:
    """The library that brings an op which TensorFlow does not register, or None where we do not know one."""
    if op in _registry().group_of:
        return None
    by_name, by_prefix = _providers()
    if row := by_name.get(op):
        return _provider(row, op)
    return next((_provider(row, f"{prefix}*") for prefix, row in by_prefix if op.startswith(prefix)), None)


def producer_releases(producer: int) -> ProducerReleases:
    """The releases that write a GraphDef's producer number, and the nearest ones around it."""
    registry = _registry()
    pairs = sorted(zip(registry.producers, range(len(registry.producers)), registry.releases, strict=True))
    exact = tuple(name for number, _, name in pairs if number == producer)
    smaller = [name for number, _, name in pairs if number < producer]
    larger = [name for number, _, name in pairs if number > producer]
    return ProducerReleases(exact, smaller[-1] if smaller else None, larger[0] if larger else None)


def graph_versions(release: str) -> tuple[int, ...]:
    """The GraphDef versions (producer numbers) of a release such as ``2.15`` or ``2.15.1``, () for one not known."""
    registry = _registry()
    wanted = release.split(".")[:2]
    pairs = zip(registry.releases, registry.producers, strict=True)
    return tuple(number for name, number in pairs if name.split(".")[:2] == wanted)


@cache
def state_use(op: str) -> StateUse | None:
    """What a registered op does to a variable, table, queue … outside its tensors, and to which kind of thing.

    None for an op without such an effect and for one that TensorFlow does not register. What a called function does
    (``If``, ``While``, ``PartitionedCall``) is in the function's nodes, not in the call. No op stands for reading a
    reference variable of TensorFlow 1: whatever takes the output of ``VariableV2`` reads it.
    """
    known = registered(op)
    return op_effects.state_use(op, known.takes, known.gives) if known else None


def state_effect(op: str) -> StateEffect | None:
    """The effect alone of :func:`state_use`."""
    use = state_use(op)
    return use.effect if use else None


def randomness(op: str) -> bool:
    """Whether an op's outputs differ from run to run by design."""
    return op_effects.is_random(op)


def time_dependent(op: str) -> bool:
    """Whether an op's output depends on the clock."""
    return op_effects.is_time_dependent(op)


@record
class _Registry:
    releases: list[str]
    producers: list[int]
    group_of: dict[str, dict[str, Any]]  # the group of ops.json that holds an op


@cache
def _registry() -> _Registry:
    document = json.loads(read_data("ops.json"))
    group_of = {op: group for group in document["groups"] for op in group["ops"].split()}
    return _Registry(document["releases"], document["producers"], group_of)


@cache
def _providers() -> tuple[dict[str, dict[str, Any]], tuple[tuple[str, dict[str, Any]], ...]]:
    """The rows of providers.toml by op name, and by prefix."""
    import tomllib  # only a model with an op of others needs it

    rows = tomllib.loads(read_data("providers.toml"))["provider"]
    by_name = {op: row for row in rows for op in row.get("ops", ())}
    return by_name, tuple((prefix, row) for row in rows for prefix in row.get("prefixes", ()))


def _provider(row: dict[str, Any], pattern: str) -> Provider:
    return Provider(
        row["library"], row.get("package", ""), row.get("import", ""), row.get("note", ""), row["evidence"], pattern
    )
