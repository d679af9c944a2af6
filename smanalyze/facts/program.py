"""The program of one MetaGraph as one digest: what signatures, functions and initializers compute."""

from __future__ import annotations

from functools import cached_property

from smanalyze.facts.identity import Identities
from smanalyze.graph.body import NOISE_ATTRS
from smanalyze.graph.dependencies import Dependencies
from smanalyze.graph.digests import digest_of, reference_digest
from smanalyze.graph.keys import VARIABLE_OPS
from smanalyze.graph.merkle import Merkle
from smanalyze.graph.model_graph import Key
from smanalyze.model.objects import ConcreteFunction
from smanalyze.report.tensors import Tensor

_VARIABLE_NODES = frozenset({"ReadVariableOp", "VarIsInitializedOp", "AssignVariableOp", "Identity"})
"""What else stands in the main graph for each variable."""

_GENERATED = frozenset({"api_implements", "forward_function_name", "backward_function_name"})
"""Attrs of functions with a random part."""


class Program:
    """The digests of one MetaGraph: of its main graph's nodes, of each signature, each concrete function."""

    def __init__(self, one: Identities, merkle: Merkle | None = None) -> None:
        self.one = one
        self.graph = one.graph
        self.library = one.graph.library
        self.merkle = merkle or Merkle(self.library)
        for name in self.library.functions:
            self.merkle.function(name)
        self._inputs = self._input_names()
        self._assets = {
            a.tensor_name.partition(":")[0]: a.filename for a in self.graph.meta_graph.assets if a.tensor_name
        }
        self._identities: dict[Key, bytes] = {}
        self.main = self.merkle.nodes(self.library.main, [], self.label)

    def _input_names(self) -> dict[int, str]:
        """What each placeholder of the main graph stands for, by the names of the inputs that it is."""
        main = self.library.main
        found: dict[int, set[str]] = {}
        for signature in self.graph.meta_graph.signatures:
            for tensor in signature.inputs:
                ends = [(tensor.tensor_name, "")] + [(part.tensor_name, part.role) for part in tensor.components]
                for reference, role in ends:
                    number = main.producer(reference) if reference else None
                    if number is not None:
                        found.setdefault(number, set()).add(f"{tensor.name} {role}")
        return {number: "\0".join(sorted(names)) for number, names in found.items()}

    def label(self, number: int) -> bytes | None:
        """What a node of the main graph stands for."""
        if number in self._inputs:
            return b"input " + self._inputs[number].encode("utf-8", "replace")
        name = self.library.main.names[number]
        if name in self._assets:
            return b"asset " + self._assets[name].encode("utf-8", "replace")
        key = self.graph.main_resource(number)
        if key is None or key.kind not in ("variable", "table", "asset"):
            return None
        return self.identity(key)

    def variable_nodes(self) -> frozenset[int]:
        """The nodes of the main graph that are variables, or read and initialize one: TensorFlow 2 writes them for
        each variable of the object tree, which lists them."""
        if self.graph.meta_graph.objects is None:
            return frozenset()
        main = self.library.main
        found = {number for number, op in enumerate(main.ops) if op in VARIABLE_OPS}
        for _ in range(3):  # handle, what reads it, what initializes it from there: in any order in the file
            found |= {
                number for number, (op, before) in enumerate(zip(main.ops, main.producers, strict=True))
                if op in _VARIABLE_NODES and before and found.issuperset(before)
            }  # fmt: skip
        return frozenset(found)

    def identity(self, key: Key) -> bytes:
        """A variable by its name; a table by its path, and the assets that fill it."""
        found = self._identities.get(key)
        if found is None:
            found = self._identities[key] = self._identity(key)
        return found

    def _identity(self, key: Key) -> bytes:
        filled = ""
        if key.kind == "table":
            filled = ",".join(sorted(self.one.names.of(end) for end in self.graph.sources(key, "initializes")
                                     if end.kind == "asset"))  # fmt: skip
        name = self.one.of(key) if key.kind != "table" or isinstance(key.id, int) else ""
        return f"{key.kind} {name} {filled}".encode("utf-8", "replace")

    def signature(self, key: str) -> bytes:
        """What one signature computes, output by output."""
        signature = next(one for one in self.graph.meta_graph.signatures if one.key == key)
        parts = []
        for tensor in signature.outputs:
            ends = [tensor.tensor_name] if tensor.tensor_name else []
            ends += [part.tensor_name for part in tensor.components]
            parts.append(tensor.name.encode("utf-8", "replace"))
            parts += [reference_digest(self.library.main, self.main, end) for end in ends]
        return digest_of(*parts)

    def tensor(self, tensor: Tensor) -> bytes:
        """What computes one output of a signature."""
        ends = [tensor.tensor_name] if tensor.tensor_name else []
        ends += [part.tensor_name for part in tensor.components]
        return digest_of(*(reference_digest(self.library.main, self.main, end) for end in ends))

    @cached_property
    def dependencies(self) -> Dependencies:
        """Which outputs of a signature need which inputs."""
        return Dependencies(self.graph)

    @cached_property
    def digest(self) -> bytes:
        """Everything that the MetaGraph can run, reached or not."""
        return _digest(self)

    @cached_property
    def _concrete(self) -> dict[str, ConcreteFunction]:
        objects = self.graph.meta_graph.objects
        return {one.name: one for one in objects.concrete_functions} if objects is not None else {}

    def captures(self, name: str) -> dict[int, bytes] | None:
        """What a concrete function binds, by argument number; None for another function."""
        function = self._concrete.get(name)
        if function is None or name not in self.library.functions:
            return None
        first = len(self.library.functions[name].argument_types) - len(function.bound_inputs)
        places = range(max(first, 0), max(first, 0) + len(function.bound_inputs))
        return {place: self._argument(function, place, max(first, 0)) for place in places}

    def function_attrs(self, name: str) -> dict[str, str]:
        """What the attrs of a function itself say, those apart that only an exporter counts."""
        function = self.library.functions[name]
        told = {key: value.hex()[:64] for key, value in function.own_attr_keys().items() if key not in NOISE_ATTRS}
        words = {key: value for key, value in function.attributes.items() if key in told}
        return {key: words.get(key) or value for key, value in told.items() if key not in _GENERATED}

    def bound(self, function: ConcreteFunction) -> bytes:
        """A concrete function with what it binds: arguments by place, captures by identity."""
        found = self.merkle.function(function.name)
        count = sum(map(len, found.order))
        first = count - len(function.bound_inputs)
        parts = [found.value]
        for group in found.order:
            parts += sorted(self._argument(function, number, first) for number in group)
        return digest_of(*parts)

    def _argument(self, function: ConcreteFunction, number: int, first: int) -> bytes:
        if number < first or first < 0:
            return b"%d" % number
        key = self.graph.key_of(function.bound_inputs[number - first])
        return b"?" if key is None else self.identity(key)


def _digest(made: Program) -> bytes:
    meta_graph, merkle, main = made.graph.meta_graph, made.merkle, made.library.main
    objects = meta_graph.objects
    parts = [b"signatures"]
    for signature in meta_graph.signatures:
        parts += [signature.key.encode("utf-8", "replace"), made.signature(signature.key)]
    parts += [b"init", *_init(made)]
    parts += (
        [b"bound", *sorted(made.bound(f) for f in objects.concrete_functions if f.name in made.library.functions)]
        if objects
        else []
    )
    parts += [b"library", *sorted(merkle.function(name).value for name in made.library.functions)]
    gradients = ((merkle.function(a).value if a in made.library.functions else b"", merkle.function(b).value)
                 for a, b in meta_graph.graph.gradients)  # fmt: skip
    parts += [b"gradients", *sorted(a + b for a, b in gradients)]
    left_out = made.variable_nodes()
    parts += [b"variables", *sorted(_kinds(made, left_out))]
    return digest_of(*parts, b"main", merkle.body(main, made.main, [], left_out))


def _kinds(made: Program, numbers: frozenset[int]) -> set[bytes]:
    """What kinds of nodes these are, however many: op, device, names of attrs. Dtypes and shapes are the objects'."""
    main = made.library.main
    alike = {(main.ops[number], main.attr_keys[number]): number for number in numbers}
    nodes = (main.node(number) for number in alike.values())
    told = ((node.op, node.device, *(name for name in node.attr_names() if name not in NOISE_ATTRS)) for node in nodes)
    return {"\0".join(one).encode("utf-8", "replace") for one in told}


def _init(made: Program) -> list[bytes]:
    meta_graph = made.graph.meta_graph
    names = [name for name in (meta_graph.init_op, meta_graph.train_op) if name]
    return [reference_digest(made.library.main, made.main, name) for name in names]
