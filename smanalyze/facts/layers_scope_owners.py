"""Which name scopes are layers, and which variables each owns.

Two kinds of scope are no layers and are folded into the one above: those of composite TensorFlow functions
(``batchnorm``, ``assert_equal``), and those that only hold constants, read variables and lead what is read
through the control flow of TensorFlow 1 (Tensor2Tensor's ``Read_16``).
"""

from __future__ import annotations

import re
from collections import Counter

from smanalyze.facts.layers_forward import Weight
from smanalyze.facts.layers_scopes import MAX_DEPTH, ScopeTree

_ONLY_READS = frozenset({"Const", "NoOp", "ReadVariableOp", "Cast"})
_FLOW = frozenset({"Switch", "RefSwitch", "Merge", "RefMerge", "Enter", "RefEnter", "Exit", "RefExit"})
_IDLE = _ONLY_READS | _FLOW | {"Identity"}
"""Ops that do nothing where something is read or led on; an Identity by itself is what is left of a Dropout."""
_FUNCTION_SCOPES = re.compile(
    r"(batchnorm|moments|Tensordot|AssignMovingAvg|Assert|assert_\w+|TensorArray(V2)?(Unstack|Stack))(_\d+)?"
)
_COUNTERS = re.compile(r"(_\d{1,9})+$")


def base_name(component: str) -> str:
    """A scope's name without the numbers that TensorFlow and Keras append to make it unique."""
    return _COUNTERS.sub("", component)


class LayerScopes:
    """The layers among a tree's scopes.

    ``owners`` are the scopes that own variables: per variable the name of the layer as the variable's own name has
    it, "" where the two do not agree. ``containers`` are the scopes with layers in them.
    """

    def __init__(self, tree: ScopeTree) -> None:
        self.tree = tree
        self.folded = self._folded()
        named = Counter(weight.name for weight in dict.fromkeys(tree.forward.weights.values()))
        self._shared_names = {name for name, count in named.items() if count > 1}
        self.owners: dict[int, dict[Weight, str]] = {}
        for scope, weights in tree.own.items():
            around = [above for above in tree.path_up(scope) if not self.folded[above]]
            bases = {base_name(tree.name(above)): above for above in reversed(around)}  # of equal names the inner stays
            innermost = around[0] if around else 0
            for weight in weights:
                owner, name = self._owner(bases, innermost, weight)
                self.owners.setdefault(owner, {})[weight] = name
        self.containers = self._containers()
        self._members: dict[int, list[int]] = {}
        for scope in range(1, len(tree.paths)):
            if not self.folded[scope]:
                self._members.setdefault(tree.parents[scope], []).append(scope)

    def _folded(self) -> list[bool]:
        tree = self.tree
        works = self._works()
        folded = [False] * len(tree.paths)
        for scope in range(1, len(tree.paths)):
            no_layer = not works[scope] or _FUNCTION_SCOPES.fullmatch(tree.name(scope)) is not None
            folded[scope] = no_layer or folded[tree.parents[scope]]
        return folded

    def _works(self) -> list[bool]:
        """For each scope whether something in it, or below, does more than read, hold and lead on values."""
        tree = self.tree
        ops = tree.forward.index.ops
        works, hands_on, leads = ([False] * len(tree.paths) for _ in range(3))
        for number, scope in enumerate(tree.scope_of):
            if scope >= 0 and not works[scope]:
                op = ops[number]
                works[scope] = op not in _IDLE
                hands_on[scope] |= op == "Identity"
                leads[scope] |= op in _FLOW or op == "ReadVariableOp"
        for scope in range(len(works) - 1, -1, -1):
            works[scope] = works[scope] or (hands_on[scope] and not leads[scope])
            if scope and works[scope]:
                works[tree.parents[scope]] = True
        return works

    def _owner(self, around: dict[str, int], innermost: int, weight: Weight) -> tuple[int, str]:
        """(the scope that owns a variable, the layer's name in the variable's name or "").

        ``around`` are the scopes in which it is read, by base name: the owner is the one that the variable is named
        after. A name that several variables have tells nothing; then the innermost scope owns it.
        """
        unique = weight.name not in self._shared_names
        parts = weight.name.split("/")[:-1][-MAX_DEPTH:] if unique else []
        for part in reversed(parts):
            owner = around.get(base_name(part))
            if owner is not None:
                return owner, part
        return innermost, ""

    def _containers(self) -> set[int]:
        """Scopes around an owner; where nothing owns a variable, scopes around any scope."""
        tree = self.tree
        if any(self.owners):
            return {around for owner in self.owners if owner for around in tree.path_up(tree.parents[owner])}
        return {tree.parents[scope] for scope in range(1, len(tree.paths)) if not self.folded[scope]} - {0}

    def members(self, scope: int) -> list[int]:
        """The scopes directly below that count as layers, in order of first use."""
        return self._members.get(scope, [])

    def top(self) -> int:
        """The innermost scope that holds everything: scopes that only wrap one other are the model's own name."""
        scope = 0
        for _ in range(MAX_DEPTH):
            members = self.members(scope)
            if len(members) != 1 or members[0] not in self.containers or self.owners.get(members[0]):
                return scope
            scope = members[0]
        return scope
