"""Which tensor of a file and which variable of a model have the same name, as far as names tell.

Names of one weight differ from format to format: ``dense/kernel:0``, ``model/dense/kernel``, the checkpoint key
``layer-1/kernel/.ATTRIBUTES/VARIABLE_VALUE``, Keras 3's ``layers/dense/vars/0`` in the group of the layer ``hidden``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from smanalyze.model.bundle import BundleEntry
from smanalyze.model.record import record

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
EXACT = 1_000_000
_IN_LAYER = 1_000
MAX_PAIRS = 250_000
"""Pairs of names compared one by one; beyond this only equal names count."""


@record
class Named:
    """One tensor and what it is called. ``name`` is shown; ``aliases`` are compared; ``layer`` and ``position`` are the
    Keras layer's name and the number of the weight in it, where they are known."""

    entry: BundleEntry
    name: str
    aliases: frozenset[str]
    layer: str = ""
    position: int | None = None


def aliases_of(names: Iterable[str]) -> frozenset[str]:
    """The names without what only some formats write; none that ends in a number, which says where in a list."""
    plain = (name.removesuffix(_VALUE).removesuffix(":0").strip("/") for name in names)
    return frozenset(name for name in plain if name and not name.rpartition("/")[2].isdecimal())


def without_doubles(tensors: Sequence[Named]) -> list[Named]:
    """The tensors without those aliases that several of them have."""
    counts = Counter(alias for tensor in tensors for alias in tensor.aliases)
    return [
        Named(t.entry, t.name, frozenset(a for a in t.aliases if counts[a] == 1), t.layer, t.position) for t in tensors
    ]


def exact_links(files: Sequence[Named], models: Sequence[Named]) -> dict[int, int]:
    """Number in ``files`` -> number in ``models`` of those that share a whole name, and no other one does."""
    owners = {alias: number for number, tensor in enumerate(models) for alias in tensor.aliases}
    found: dict[int, int] = {}
    for number, tensor in enumerate(files):
        ends = {owners[alias] for alias in tensor.aliases if alias in owners}
        if len(ends) == 1:
            found[number] = ends.pop()
    taken = Counter(found.values())
    return {number: end for number, end in found.items() if taken[end] == 1}


def best_links(
    files: Sequence[Named], models: Sequence[Named], left: Iterable[int], right: Iterable[int]
) -> dict[int, int]:
    """Pairs of ``left`` in files and ``right`` in models whose names are likest to each other's, with none as like."""
    lefts, rights = list(left), list(right)
    if len(lefts) * len(rights) > MAX_PAIRS:
        exact = exact_links(files, models)
        return {number: exact[number] for number in lefts if exact.get(number) in set(rights)}
    scores = {(f, m): likeness(files[f], models[m]) for f in lefts for m in rights}
    ahead = {f: _best([(scores[f, m], m) for m in rights]) for f in lefts}
    back = {m: _best([(scores[f, m], f) for f in lefts]) for m in rights}
    return {f: m for f, m in ahead.items() if m is not None and back[m] == f}


def _best(scored: list[tuple[int, int]]) -> int | None:
    """The one with the highest score, if it is above 0 and no other has it too."""
    scored.sort(reverse=True)
    if not scored or scored[0][0] == 0 or (len(scored) > 1 and scored[1][0] == scored[0][0]):
        return None
    return scored[0][1]


def likeness(file: Named, model: Named) -> int:
    """How much the names agree: EXACT for a shared name, else more for the same layer, the same place in it, and the
    longer common end; 0 for nothing in common."""
    if file.aliases & model.aliases:
        return EXACT
    score = 0
    if file.layer and model.layer and _ends_alike(file.layer, model.layer):
        same_place = file.position is not None and file.position == model.position
        score = _IN_LAYER * (2 if same_place else 1)
    ends = max((_common_end(a, b) for a in file.aliases for b in model.aliases), default=0)
    return score + ends


def _ends_alike(one: str, other: str) -> bool:
    return one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}")


def _common_end(one: str, other: str) -> int:
    """Number of last parts in common; a single one (``kernel``) counts only if it is a whole name."""
    count = 0
    first, second = one.split("/"), other.split("/")
    for left, right in zip(reversed(first), reversed(second), strict=False):
        if left != right:
            break
        count += 1
    return count if count > 1 or count == min(len(first), len(second)) else 0
