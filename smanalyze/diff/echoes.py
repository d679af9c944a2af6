"""One change that shows in several bodies: which of them tells it.

* A function that only hands on (a signature's wrapper) changes with what its callee takes and gives.
* Keras 2 writes a layer into a function of its own, and its nodes once more into the function of the whole model, under
  the layer's name. What the layer's own function shows is told there.
* A function that was traced several times changes in each trace, and the body of a loop in each copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smanalyze.diff.functions import Compared, FunctionMatch
from smanalyze.facts.function_names import layer_of, stem_of
from smanalyze.graph.body import BodyIndex

_HANDS_ON = frozenset({"Identity", "IdentityN", "NoOp", "PartitionedCall", "StatefulPartitionedCall"})


def find_echoes(match: FunctionMatch) -> dict[int, list[int]]:
    """Numbers of ``match.compared`` that only show what others tell, with the numbers of those."""
    found = match.compared
    echoes: dict[int, list[int]] = {}
    for search in (_wrappers, _inlined, _traces):
        for number, roots in search(match, found):
            if number not in echoes and number not in _final(echoes, roots):
                echoes[number] = roots
    return {number: _final(echoes, roots) for number, roots in echoes.items()}


def _final(echoes: dict[int, list[int]], roots: Iterable[int]) -> list[int]:
    """The ends of chains of echoes."""
    ends: dict[int, None] = {}
    seen: set[int] = set()
    stack = list(roots)[::-1]
    while stack:
        root = stack.pop()
        if root in seen:
            continue
        seen.add(root)
        if root in echoes:
            stack.extend(echoes[root][::-1])
        else:
            ends[root] = None
    return list(ends)


# Wrappers -------------------------------------------------------------------------------------------------------------


def _wrappers(match: FunctionMatch, found: Sequence[Compared]) -> Iterable[tuple[int, list[int]]]:
    changed = {one.before: number for number, one in enumerate(found) if one.interface}
    for number, one in enumerate(found):
        if not one.before or one.attributes:
            continue
        indexes = match.old.library.index(one.before), match.new.library.index(one.after)
        callees = [_only_callee(index) for index in indexes]
        root = changed.get(callees[0])
        if root is not None and root != number and match.pairs[callees[0]][0] == callees[1]:
            yield number, [root]


def _only_callee(index: BodyIndex) -> str:
    """The one function that a body hands everything on to; "" where it does more."""
    return index.calls[0].function if len(index.calls) == 1 and index.op_counts.keys() <= _HANDS_ON else ""


# A layer's nodes in the model's function ------------------------------------------------------------------------------


def _inlined(match: FunctionMatch, found: Sequence[Compared]) -> Iterable[tuple[int, list[int]]]:
    layers: dict[str, list[int]] = {}
    for number, one in enumerate(found):
        for layer in {layer_of(stem_of(one.before)), layer_of(stem_of(one.after))} - {""}:
            layers.setdefault(layer, []).append(number)
    for number, one in enumerate(found) if layers else ():
        roots = _explained(number, one, found, layers)
        if roots:
            yield number, roots


def _explained(number: int, one: Compared, found: Sequence[Compared], layers: dict[str, list[int]]) -> list[int]:
    """The layers' functions that show all changed nodes of a body, first met first; [] where they do not."""
    roots: dict[int, None] = {}
    told: set[str] = set()
    open_names = []
    for name in sorted(one.delta.names):
        root = next((r for r in _layers_with(name, found, layers) if r != number), None)
        if root is None:
            open_names.append(name)
        else:
            roots[root] = None
            told.add(name)
    feeds = one.delta.feeds
    if any(not feeds.get(name) or not feeds[name] <= told for name in open_names):
        return []
    return list(roots)


def _layers_with(name: str, found: Sequence[Compared], layers: dict[str, list[int]]) -> Iterable[int]:
    """Functions of layers that show a changed node, which is called ``.../layer/rest`` in the model's function: by
    ``rest``, or by a changed call of a layer within."""
    parts = name.split("/")
    for place, layer in enumerate(parts[:-1]):
        for number in layers.get(layer, ()):
            rest = parts[place + 1 :]
            scopes = ("/".join(rest[:end]) for end in range(1, len(rest) + 1))
            delta = found[number].delta
            if "/".join(rest) in delta.names or any(scope in delta.scopes for scope in scopes):
                yield number


# Traces and copies ----------------------------------------------------------------------------------------------------


def _traces(match: FunctionMatch, found: Sequence[Compared]) -> Iterable[tuple[int, list[int]]]:
    """Of changes that are alike, in functions of one name: all but the largest. The loops that a model's function and
    its layer's have of their own are called ``model_lstm_while_body`` and ``lstm_while_body``."""
    groups: dict[str, list[int]] = {}
    for number, one in enumerate(found):
        if one.before and one.delta.names:
            groups.setdefault(stem_of(one.after), []).append(number)
    for numbers in groups.values():
        numbers.sort(key=lambda n: (-found[n].delta.changed, n))
        for place, number in enumerate(numbers):
            twin = next((r for r in numbers[:place] if _is_alike(found[r], found[number])), None)
            if twin is not None:
                yield number, [twin]
    for stem, numbers in groups.items():
        for number in numbers:
            shorter = (root for other, roots in groups.items() if stem.endswith(f"_{other}") for root in roots)
            twin = next((r for r in shorter if found[r].delta.names == found[number].delta.names), None)
            if twin is not None:
                yield number, [twin]


def _is_alike(one: Compared, other: Compared) -> bool:
    """Whether most of what the second shows is in the first."""
    return 2 * len(one.delta.names & other.delta.names) >= len(other.delta.names)
