"""The main graphs of both sides. In TF1 they are the program; in TensorFlow 2 they hold variables, tables, constants
that functions capture, and calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smanalyze.diff.function_arguments import variable_name
from smanalyze.diff.functions import Compared, FunctionMatch
from smanalyze.diff.node_match import BodySide, NodeMatch, lone_calls, match_nodes
from smanalyze.diff.nodes import BodyDelta, compare_bodies, constant_text
from smanalyze.facts.program import Program
from smanalyze.graph.keys import TABLE_OPS, VARIABLE_OPS, Key
from smanalyze.report.changes import NodeChange, SignaturePair
from smanalyze.report.tensors import Tensor

_OF_OBJECTS = TABLE_OPS | {
    "Placeholder", "PlaceholderWithDefault", "VarHandleOp", "ReadVariableOp", "VarIsInitializedOp", "AssignVariableOp",
    "StatefulPartitionedCall", "PartitionedCall", "Identity", "IdentityN", "NoOp", "Const",
}  # fmt: skip
"""Ops that TensorFlow 2 writes into the main graph for objects and signatures."""


def compare_main(match: FunctionMatch, signatures: tuple[SignaturePair, ...]) -> None:
    """Compares what the matched signatures run, and in TensorFlow 2 the constants that functions capture."""
    programs = match.programs
    objects = all(program.graph.meta_graph.objects is not None for program in programs)
    pairs = [(pair.old.key, pair.new.key) for pair in signatures if pair.old is not None and pair.new is not None]
    only = [_slices(program, (pair[side] for pair in pairs)) for side, program in enumerate(programs)]
    sides = [_side(program, numbers) for program, numbers in zip(programs, only, strict=True)]
    if objects and not any(_has_own_nodes(side) for side in sides):
        delta = _captured_constants(match, only)
        if not delta.changed:
            delta = _calls(match, signatures) or delta
        found = Compared("", "", "main graph", 1.0, delta)
    elif all(only):
        nodes = match_main(match, signatures, sides)
        delta = compare_bodies(nodes, match.follow(nodes), _outputs(signatures))
        found = Compared("", "", "main graph", 1.0, delta, called=lone_calls(nodes))
        match.compare_more()
    else:
        return
    if found.delta.changed:
        match.compared.insert(0, found)


def match_main(match: FunctionMatch, signatures: Iterable[SignaturePair], sides: Sequence[BodySide] = ()) -> NodeMatch:
    """The nodes of both main graphs that some signatures run, matched; ``sides``: those nodes, where they are known."""
    if not sides:
        keys = [(pair.old.key, pair.new.key) for pair in signatures if pair.old is not None and pair.new is not None]
        sides = [_side(p, _slices(p, (pair[side] for pair in keys))) for side, p in enumerate(match.programs)]
    return match_nodes(sides[0], sides[1], {}, _variables(match, sides), _fed(sides, signatures))


def _variables(match: FunctionMatch, sides: Sequence[BodySide]) -> list[tuple[int, int]]:
    """The nodes that are matched variables, whatever they are called: one of each side for a variable."""
    found: list[dict[bytes, list[int]]] = []
    for program, side in zip(match.programs, sides, strict=True):
        held: dict[bytes, list[int]] = {}
        for number in side.numbers():
            if side.index.ops[number] in VARIABLE_OPS and (label := program.label(number)) is not None:
                name = variable_name(label)
                held.setdefault(name if program is match.old else match.renamed.get(name, name), []).append(number)
        found.append(held)
    twins = ((numbers, found[1].get(label, [])) for label, numbers in found[0].items())
    return [(one[0], other[0]) for one, other in twins if len(one) == len(other) == 1]


def _fed(sides: Sequence[BodySide], signatures: Iterable[SignaturePair]) -> dict[int, int]:
    """The nodes whose outputs are fed as matched inputs, where no signature runs them."""
    found: dict[int, int] = {}
    for pair in (one for signature in signatures for one in signature.inputs):
        if pair.old is not None and pair.new is not None:
            for names in zip(_names(pair.old), _names(pair.new), strict=False):
                before, after = (side.index.producer(name) for side, name in zip(sides, names, strict=True))
                if before is not None and after is not None and before not in (sides[0].only or ()):
                    found[before] = after
    return found


def _outputs(signatures: tuple[SignaturePair, ...]) -> list[tuple[str, str]] | None:
    """The tensors that matched signatures give, on both sides; None where some cannot be paired."""
    found: list[tuple[str, str]] = []
    for pair in (one for signature in signatures for one in signature.outputs):
        if pair.old is not None and pair.new is not None:
            names = _names(pair.old), _names(pair.new)
            if len(names[0]) != len(names[1]):
                return None
            found += zip(*names, strict=True)
    return found


def _names(tensor: Tensor) -> list[str]:
    return [name for name in (tensor.tensor_name, *(part.tensor_name for part in tensor.components)) if name]


def _calls(match: FunctionMatch, signatures: tuple[SignaturePair, ...]) -> BodyDelta | None:
    """How signatures call their functions, for those that compute something else though no function does: they hand on
    other variables. Where variables or inputs have other names, it is that."""
    changed = {one.before for one in match.compared}
    keys = []
    for pair in () if match.renamed else signatures:
        ends = [
            one for one in (*pair.inputs, *pair.outputs) if one.old is None or one.new is None or one.stage != "key"
        ]
        if pair.old is None or pair.new is None or pair.same_program or ends:
            continue
        if changed.isdisjoint(match.old.graph.functions_below([Key("signature", pair.old.key)])):
            keys.append((pair.old.key, pair.new.key))
    if not keys:
        return None
    sides = [_side(p, _slices(p, (pair[side] for pair in keys))) for side, p in enumerate(match.programs)]
    nodes = NodeMatch(sides[0], sides[1], {}, by_name=False)
    return compare_bodies(nodes, match.follow(nodes))


def _side(program: Program, only: frozenset[int] | None = None) -> BodySide:
    return BodySide(program.library.main, lambda: program.main, only)


def _slices(program: Program, keys: Iterable[str]) -> frozenset[int]:
    return frozenset(number for key in keys for number in program.graph.main_slice(key) if number >= 0)


def _has_own_nodes(side: BodySide) -> bool:
    ops = side.index.ops
    return any(ops[number] not in _OF_OBJECTS for number in side.only or ())


def _captured_constants(match: FunctionMatch, only: list[frozenset[int]]) -> BodyDelta:
    """The constants that functions capture: their nodes are counted in the order of the captures, so that they are
    compared by what they hold."""
    values = [_constants(program, numbers) for program, numbers in zip(match.programs, only, strict=True)]
    keys = [{key for key, _ in held} for held in values]
    left = {number: None for key, number in values[0] if key not in keys[1]}
    right = [number for key, number in values[1] if key not in keys[0]]
    sides = [_side(program) for program in match.programs]
    delta = BodyDelta(equal=len(values[1]) - len(right))
    named = {_kind(sides[0], number): number for number in left}
    for number in right:
        before = next(iter(left)) if len(left) == len(right) == 1 else named.get(_kind(sides[1], number))
        if before is not None:
            left.pop(before, None)
        name, text = sides[1].index.names[number], constant_text(sides[1], number)
        if before is None:
            delta.added["Const"] += 1
            delta.tell(NodeChange("added", name, "Const", "", text), sides[1], number)
        else:
            delta.tell(NodeChange("attrs", name, "Const", constant_text(sides[0], before), text), sides[1], number)
    for number in left:
        delta.removed["Const"] += 1
        text = constant_text(sides[0], number)
        delta.tell(NodeChange("removed", sides[0].index.names[number], "Const", text, ""), sides[0], number)
    delta.constants = delta.changed
    return delta


def _kind(side: BodySide, number: int) -> tuple[str, str, object]:
    """A constant's name, dtype and shape: one of another kind is another constant."""
    tensor = side.index.node(number).attr_tensor("value")
    return side.index.names[number], *((tensor.dtype, tensor.shape) if tensor is not None else ("", None))


def _constants(program: Program, numbers: frozenset[int]) -> list[tuple[bytes, int]]:
    """(what it holds, its number) of constants that signatures or functions of the object tree take."""
    main, meta_graph = program.library.main, program.graph.meta_graph
    assets = {main.producer(asset.tensor_name) for asset in meta_graph.assets if asset.tensor_name}
    held = {number for number in numbers if main.ops[number] == "Const"}
    for node in meta_graph.objects.nodes if meta_graph.objects is not None else ():
        number = main.producer(node.constant) if node.constant else None
        if number is not None and main.ops[number] == "Const":
            held.add(number)
    return [(main.attr_keys[number], number) for number in sorted(held - assets)]
