"""Objects of the tree that are neither functions nor variables, matched by path; and the lists that trainers use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

from smanalyze.diff.public_tree import LISTS, PLAIN, PublicTree, Steps
from smanalyze.facts.layers_metadata import LAYER_KINDS
from smanalyze.model.objects import SavedObject
from smanalyze.report.python_changes import ListPair, ObjectPair, ObjectRow

Trees = tuple[PublicTree, PublicTree]

_GENERIC = "_generic_user_object"
_NO_OBJECTS = ("function", "bare_concrete_function", "variable")
MOVED = 0.9
"""Confidence of an object that was found by what hangs below it."""


def match_objects(trees: Trees) -> tuple[ObjectPair, ...]:
    """Objects of both sides: by path; then those that hold the same under another path; () where one side has no
    object tree.

    Of what is on one side only, there is a pair for the top of each tree that has something to call, a table, an asset
    or an object of a class: a mere holder of variables is judged by its variables.
    """
    if not trees[0].nodes or not trees[1].nodes:
        return ()
    pairs = [
        ObjectPair(_row(trees[0], steps, number), _row(trees[1], steps, other))
        for steps, number in _objects(trees[0])
        if (other := trees[1].find(steps)) is not None
    ]
    gone, come = _tops(trees), _tops((trees[1], trees[0]))
    moved = _moved(trees, gone, come)
    pairs += [ObjectPair(_whole(trees[0], one), _whole(trees[1], moved[one]), "content", MOVED) for one in moved]
    pairs += [ObjectPair(_whole(trees[0], steps), None) for steps in gone if steps not in moved]
    taken = set(moved.values())
    return (*pairs, *(ObjectPair(None, _whole(trees[1], steps)) for steps in come if steps not in taken))


def told_objects(trees: Trees, pairs: tuple[ObjectPair, ...]) -> tuple[frozenset[int], frozenset[int]]:
    """Numbers of the objects, on each side, that stand in the pairs as gone, come or moved."""
    found: tuple[set[int], set[int]] = (set(), set())
    texts = [{tree.text(steps): number for steps, number in tree.places.items()} for tree in trees]
    for pair in pairs:
        if pair.old is None or pair.new is None or pair.stage != "path":
            for side, row in enumerate((pair.old, pair.new)):
                if row is not None:
                    found[side].update(texts[side][path] for path in (row.path, *row.below))
    return frozenset(found[0]), frozenset(found[1])


def _objects(tree: PublicTree) -> list[tuple[Steps, int]]:
    """(path, object) of the root and of every place that an object has."""
    found = [(steps, number) for steps, number in tree.places.items() if tree.nodes[number].kind not in _NO_OBJECTS]
    return [((), 0), *found]


def _row(tree: PublicTree, steps: Steps, number: int) -> ObjectRow:
    node = tree.nodes[number]
    return ObjectRow(tree.text(steps), node.kind, node.identifier, node.registered_name, _version(node),
                     aside=tree.aside(steps))  # fmt: skip


def _version(node: SavedObject) -> str:
    bad = f", not {', '.join(map(str, sorted(node.bad_consumers)))}" if node.bad_consumers else ""
    return f"{node.min_consumer} or newer{bad}" if node.min_consumer > 1 or bad else ""


def _whole(tree: PublicTree, steps: Steps) -> ObjectRow:
    """An object with the paths of what hangs below it."""
    row, functions, below = _row(tree, steps, tree.places[steps]), [], []
    for path, number in tree.below(steps):
        node = tree.nodes[number]
        if node.function is not None:
            functions.append(tree.text(path))
        elif path != steps and _stands_alone(node):
            below.append(tree.text(path))
    return ObjectRow(row.path, row.kind, row.identifier, row.registered_name, row.version,
                     tuple(functions), tuple(below), row.aside)  # fmt: skip


def _stands_alone(node: SavedObject) -> bool:
    """Whether users notice the object itself, and not only what it holds."""
    if node.kind in ("resource", "asset"):
        return True
    return node.kind == "user_object" and node.identifier not in (*PLAIN, _GENERIC)


def _tops(trees: Trees) -> list[Steps]:
    """Paths of objects that lead to nothing on the other side, each the top of its tree."""
    here, there = trees
    found = []
    for steps, number in _objects(here):
        if not steps or there.find(steps) is not None or there.find(steps[:-1]) is None:
            continue
        if here.own[number] != steps and there.find(here.own[number]) is None:
            continue  # another name of what is told by its own
        held = [here.nodes[below] for _, below in here.below(steps)]
        if _stands_alone(here.nodes[number]) or any(node.function or _stands_alone(node) for node in held):
            found.append(steps)
    return found


# Moved ----------------------------------------------------------------------------------------------------------------


def _moved(trees: Trees, gone: list[Steps], come: list[Steps]) -> dict[Steps, Steps]:
    """Old path to new path of objects that are one another's only twin."""
    found: dict[Steps, Steps] = {}
    if not gone or not come:
        return found
    contents = []
    for tree, tops in zip(trees, (gone, come), strict=True):
        shared = Counter(tree.auto.plain(node.variable.name) for node in tree.nodes if node.variable)
        contents.append({steps: _content(tree, steps, shared) for steps in tops})
    counts = [Counter(held.values()) for held in contents]
    places = {content: steps for steps, content in contents[1].items()}
    for steps, content in contents[0].items():
        if content and counts[0][content] == counts[1][content] == 1:
            found[steps] = places[content]
    return found


def _content(tree: PublicTree, steps: Steps, shared: Counter[str]) -> tuple[Hashable, ...]:
    """What hangs below a path; () where nothing of it tells two objects apart: a table, a class of its own, or a
    variable whose name no other has."""
    parts: list[Hashable] = []
    telling = False
    for path, number in tree.below(steps):
        node = tree.nodes[number]
        variable = node.variable
        held = (tree.auto.plain(variable.name), variable.dtype, variable.shape) if variable is not None else ()
        parts.append((path[len(steps) :], node.kind, node.identifier, node.registered_name, held))
        named = variable is not None and shared[tree.auto.plain(variable.name)] == 1
        telling = telling or named or node.kind == "resource" or bool(_own_name(node))
    return tuple(parts) if telling else ()


def _own_name(node: SavedObject) -> str:
    """A class that its author registered."""
    return "" if node.registered_name.startswith("tf.") or node.identifier in LAYER_KINDS else node.registered_name


# Lists ----------------------------------------------------------------------------------------------------------------


def match_lists(trees: Trees) -> tuple[ListPair, ...]:
    """``variables``, ``trainable_variables`` and ``regularization_losses`` of the root; () where one side has no object
    tree."""
    if not trees[0].nodes or not trees[1].nodes:
        return ()
    return tuple(_list(trees, name) for name in LISTS if any(_members(tree, name) is not None for tree in trees))


def _members(tree: PublicTree, name: str) -> tuple[int, ...] | None:
    """The objects in a list of the root; None where there is no such list."""
    listed = dict(tree.nodes[0].children).get(name)
    if listed is None or not 0 <= listed < len(tree.nodes):
        return None
    return tuple(child for _, child in tree.nodes[listed].children if 0 <= child < len(tree.nodes))


def _list(trees: Trees, name: str) -> ListPair:
    listed = _members(trees[0], name), _members(trees[1], name)
    flags = [
        {tree.auto.plain(node.variable.name): node.variable.trainable for node in tree.nodes if node.variable}
        for tree in trees
    ]
    names = [
        {tree.auto.plain(held.name): held.name for number in found or () if (held := tree.nodes[number].variable)}
        for tree, found in zip(trees, listed, strict=True)
    ]

    def missing(here: int, there: int) -> tuple[str, ...]:
        """Listed here, and not there, although it is there and its own flag says nothing new."""
        return tuple(
            shown for plain, shown in names[here].items()
            if plain not in names[there] and plain in flags[there] and flags[here][plain] == flags[there][plain]
        )  # fmt: skip

    lengths = [None if found is None else len(found) for found in listed]
    some = tuple(any(flag.values()) if name == "trainable_variables" else bool(flag) for flag in flags)
    return ListPair(name, lengths[0], lengths[1], missing(0, 1), missing(1, 0), (some[0], some[1]))
