"""The name scopes of a body: which nodes stand in which, which variables they read, which tensors leave them.

Node names tell which scope an op was made in (``model_1/dense_1/MatMul``), and the op that reads a variable stands in
the scope of the layer that owns it. The scope of an op's own helpers (``dense/MatMul/ReadVariableOp`` beside a node
``dense/MatMul``) is no scope here: its nodes belong to the one above. Everything is linear in nodes and inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

from smanalyze.facts.layers_forward import Forward, Weight
from smanalyze.model.tensors import Shape

MAX_DEPTH = 12
"""Components of a node name that count; what is nested deeper belongs to the scope at this depth."""

AUXILIARY = frozenset({"Const", "NoOp", "ReadVariableOp", "Shape", "Assert", "Placeholder"})
"""Ops that prepare a layer's work but are not its output."""

_READS = frozenset({"Identity", "RefIdentity", "ReadVariableOp"})
_FIRST_OUTPUTS = frozenset({
    ("FusedBatchNormV3", "y"), ("FusedBatchNormV2", "y"), ("FusedBatchNorm", "y"), ("TopKV2", "values"),
    ("Unique", "y"),
})  # fmt: skip


class ScopeTree:
    """The scopes of one body by number; 0 is the body itself, and a parent's number is below its children's.

    ``paths`` and ``parents`` are by scope, ``scope_of`` by node (-1: the node does not count); ``own`` are the
    variables that nodes of a scope read.
    """

    def __init__(self, forward: Forward) -> None:
        self.forward = forward
        self.paths: list[str] = [""]
        self.parents: list[int] = [-1]
        self.nodes: list[int] = [0]
        self._known: dict[str, int] = {"": 0}
        self._below: list[int] = []
        self.weights = self._read_weights()
        self.scope_of: list[int] = [-1] * len(forward.index.names)
        self._place_nodes()
        self.own: dict[int, dict[Weight, None]] = {}
        # Tensors that leave their scope, in three lists: a body may have hundreds of thousands.
        self._producers: list[int] = []
        self._references: list[str] = []
        self._consumers: list[int] = []
        self._follow_inputs()

    # Building ---------------------------------------------------------------------------------------------------

    def _read_weights(self) -> dict[str, Weight]:
        """The weights by reference. In TF1 a value that is only read (``kernel/read``) stands for the variable too:
        what takes it may be in another scope than the variable, and that is the layer."""
        if self.forward.function:
            return self.forward.weights
        found = dict(self.forward.weights)
        index = self.forward.index
        for number in self.forward.numbers:
            if index.ops[number] in _READS and index.inputs[number]:
                weight = found.get(index.inputs[number][0].partition(":")[0])
                if weight is not None:
                    found[index.names[number]] = weight
        return found

    def _place_nodes(self) -> None:
        known, names, scope_of, nodes = self._known, self.forward.index.names, self.scope_of, self.nodes
        # A variable's own node stands where it was made, which need not be where it works; functions have none.
        left_out = {} if self.forward.function else self.weights
        for number in self.forward.numbers:
            name = names[number]
            if name in left_out:
                continue
            prefix = name.rpartition("/")[0]
            scope = known.get(prefix)
            if scope is None:
                scope = self._scope(prefix)
            scope_of[number] = scope
            nodes[scope] += 1

    def _scope(self, prefix: str) -> int:
        """The scope of a prefix not seen before."""
        known = self._known
        path = prefix
        if prefix.count("/") >= MAX_DEPTH:
            path = "/".join(prefix.split("/", MAX_DEPTH)[:MAX_DEPTH])
        elif (around := known.get(prefix.rpartition("/")[0])) is not None:
            return self._make(prefix, around)
        missing = []
        while path not in known:
            missing.append(path)
            path = path.rpartition("/")[0]
        scope = known[path]
        while missing:
            scope = self._make(missing.pop(), scope)
        known[prefix] = scope
        return scope

    def _make(self, path: str, parent: int) -> int:
        """A new scope; where a node is called so, its helpers stand there, and they get the scope of the node."""
        if self.forward.index.at.get(path, -1) >= 0:
            self._known[path] = parent
            return parent
        scope = self._known[path] = len(self.paths)
        self.paths.append(path)
        self.parents.append(parent)
        self.nodes.append(0)
        return scope

    def _follow_inputs(self) -> None:
        """Notes which scope reads which variable, and each tensor that leaves its scope."""
        weights, scope_of, own, index = self.weights, self.scope_of, self.own, self.forward.index
        names, arguments, at = index.names, index.arguments, index.at
        in_main = not self.forward.function  # in a function, variables are arguments and no nodes
        for number, (before, scope) in enumerate(zip(index.producers, scope_of, strict=True)):
            if scope < 0:
                continue
            for position, producer in enumerate(before):
                if producer is None:
                    continue
                name = (names[producer] if producer >= 0 else arguments[-1 - producer]) if weights else ""
                if (producer < 0 or in_main) and (weight := weights.get(name)):
                    own.setdefault(scope, {})[weight] = None
                elif producer >= 0 and scope_of[producer] != scope:
                    self._leaves(producer, index.inputs[number][position], scope)
        for reference in self.forward.outputs:
            producer = at.get(reference.partition(":")[0], -1)
            if producer >= 0:
                self._leaves(producer, reference, -1)

    def _leaves(self, producer: int, reference: str, consumer: int) -> None:
        self._producers.append(producer)
        self._references.append(reference)
        self._consumers.append(consumer)

    # Questions --------------------------------------------------------------------------------------------------

    def name(self, scope: int) -> str:
        """The last component of a scope's path."""
        return self.paths[scope].rpartition("/")[2]

    def child(self, scope: int, name: str) -> int:
        """The scope of that name directly in another; -1 if there is none."""
        path = f"{self.paths[scope]}/{name}" if scope else name
        found = self._known.get(path, -1)
        return found if found >= 0 and self.paths[found] == path else -1

    def nodes_below(self, scope: int) -> int:
        """Number of nodes in the scope and all scopes in it."""
        if not self._below:
            self._below = list(self.nodes)
            for number in range(len(self._below) - 1, 0, -1):
                self._below[self.parents[number]] += self._below[number]
        return self._below[scope]

    def path_up(self, scope: int) -> list[int]:
        """The scope and those around it, innermost first, the body itself left out."""
        found = []
        while scope > 0:
            found.append(scope)
            scope = self.parents[scope]
        return found

    def rows_by_scope(self, chosen: dict[int, int]) -> list[int]:
        """For each scope the row it belongs to (its own, else that of the scope around it), -1 for none."""
        rows = [chosen.get(0, -1)]
        for scope in range(1, len(self.paths)):
            own = chosen.get(scope)
            rows.append(rows[self.parents[scope]] if own is None else own)
        return rows

    def output_shapes(self, row_of: Sequence[int], row_parents: Sequence[int]) -> list[tuple[Shape, ...]]:
        """For each row the shapes of the tensors that leave it; () where a shape is not written or not certain."""
        found: dict[int, list[int]] = {}
        scopes = self.scope_of
        for number, (producer, consumer) in enumerate(zip(self._producers, self._consumers, strict=True)):
            row = row_of[scopes[producer]] if scopes[producer] >= 0 else -1
            to = row_of[consumer] if consumer >= 0 else -1
            while row >= 0 and not _is_around(row, to, row_parents):
                found.setdefault(row, []).append(number)
                row = row_parents[row]
        return [self._shapes(found[row]) if row in found else () for row in range(len(row_parents))]

    def _shapes(self, leaving: list[int]) -> tuple[Shape, ...]:
        index = self.forward.index
        outputs = sorted({(self._producers[k], self._references[k].partition(":")[2]) for k in leaving})
        if len(outputs) > 1:
            outputs = [item for item in outputs if index.ops[item[0]] not in AUXILIARY] or outputs
        shapes: list[Shape] = []
        for number, port in outputs:
            known = index.node(number).output_shapes()
            position = _position(port, index.ops[number], len(known or ()))
            if not known or position is None:
                return ()
            shapes.append(known[position])
        return tuple(shapes)


def _is_around(row: int, inner: int, parents: Sequence[int]) -> bool:
    """Whether a row is another one, or around it."""
    while inner >= 0 and inner != row:
        inner = parents[inner]
    return inner >= 0


def _position(port: str, op: str, count: int) -> int | None:
    """The flat number of an output named ``port`` (``1``, ``output:1``, ``y:0``); None where it is not certain.

    A named output's flat number needs the op's definition; it is certain for ops with one output, and for those whose
    only output argument is a list, which TensorFlow calls ``output``.
    """
    if count == 1:
        return 0
    name, _, number = port.rpartition(":")
    if not name and (not port or port.isdecimal()):
        position = int(port or 0) if len(port) < 10 else count
    elif name == "output" and number.isdecimal() and len(number) < 10:
        position = int(number)
    elif (op, name) in _FIRST_OUTPUTS:
        position = 0
    else:
        return None
    return position if position < count else None
