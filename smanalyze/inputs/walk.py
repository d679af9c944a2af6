"""The way of a signature's inputs through the graph: forward, body by body, op by op."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from smanalyze.errors import FormatError
from smanalyze.facts.function_names import stem_of
from smanalyze.graph.body import BRANCHING, LOOPING, PLAIN_CALLS, BodyIndex, Call, argument_mapping
from smanalyze.graph.dependencies import producers_first
from smanalyze.graph.keys import Key
from smanalyze.inputs.composites import Group, groups_at
from smanalyze.inputs.sizes import Demands
from smanalyze.inputs.tables import Tables
from smanalyze.inputs.tensors import UNKNOWN, Outputs, Source, Tensor, Wish, either, pick
from smanalyze.model.graph import Function, Node
from smanalyze.model.objects import ConcreteFunction
from smanalyze.model.tensors import Shape

MAX_BODIES, MAX_DEPTH, MAX_NODES = 4_000, 60, 1_000_000
"""How many calls of functions are looked into for one signature, how deep, and how many nodes in all."""

MAX_NUMBERS = 64
"""A constant with more integers is not taken as sizes or indices."""

MAX_STORED = 1 << 16
"""Nor is one decoded that takes more bytes."""


class Site:
    """One node as a rule sees it."""

    __slots__ = ("_index", "_node", "number", "op", "walk")

    def __init__(self, walk: Walk, index: BodyIndex, number: int) -> None:
        self.walk = walk
        self.op = index.ops[number]
        self.number = number
        self._index = index
        self._node: Node | None = None

    @property
    def node(self) -> Node:
        """The view of the node."""
        if self._node is None:
            self._node = self._index.node(self.number)
        return self._node

    @property
    def index(self) -> BodyIndex:
        """The body that the node stands in."""
        return self._index

    @property
    def why(self) -> str:
        """The node, for people."""
        return f"{self.op} {self._index.names[self.number]}"

    @property
    def demands(self) -> Demands:
        """Where demands on sizes go."""
        return self.walk.demands


Rule = Callable[[Site, list[Tensor]], Outputs | None]


class Walk:
    """One pass for one signature. ``rules`` say what an op asks of its inputs, and what it gives; ``ranks`` are those
    that a pass before found, by the source's name. ``inner`` are the sources inside of strings that need one."""

    def __init__(self, tables: Tables, demands: Demands, rules: dict[str, Rule], ranks: dict[str, int]) -> None:
        self.tables = tables
        self.graph = graph = tables.graph
        self.names = tables.names
        self.demands = demands
        self.groups: dict[Group, None] = {}
        self.inner: list[Source] = []
        self._ranks = ranks
        self._rules = rules
        self._library = graph.library
        self._bodies = self._nodes = 0

    def start(self, signature: str, given: dict[int, list[Tensor]]) -> None:
        """Follows the outputs of main-graph nodes to all that a signature's outputs need."""
        self._body(self._library.main, given, self.graph.main_slice(signature) | given.keys(), 0)

    # Bodies -----------------------------------------------------------------------------------------------------

    def _body(
        self, index: BodyIndex, given: Mapping[int, Sequence[Tensor]], within: frozenset[int] | None, depth: int
    ) -> dict[int, Outputs]:
        found: dict[int, Outputs] = dict(given)
        self._nodes += len(index.ops) if within is None else len(within)
        for number in _in_order(index, within):
            if number not in found and self._nodes < MAX_NODES:
                outputs = self._node(index, number, found, depth)
                if outputs is not None:
                    found[number] = outputs
        return found

    def _node(self, index: BodyIndex, number: int, found: dict[int, Outputs], depth: int) -> Outputs | None:
        op = index.ops[number]
        if op == "Const":
            node = index.node(number)
            tensor = node.attr_tensor("value")
            return [Tensor(const=node, dims=tensor.shape if tensor is not None else None)]
        site = Site(self, index, number)
        if not index.producers[number]:
            key = self.graph.main_resource(number) if index is self._library.main else None
            return [self._resource(key)] if key is not None else None
        inputs = [
            pick(found.get(before), slot) if before is not None else UNKNOWN
            for before, slot in zip(index.producers[number], index.slots[number], strict=True)
        ]
        if not any(tensor is not UNKNOWN for tensor in inputs):
            return None
        calls = index.calls_at.get(number)
        if calls:
            return self._call(site, calls, inputs, depth)
        rule = self._rules.get(op)
        outputs = self._ruled(rule, site, inputs) if rule is not None else None
        if outputs is None and any(tensor.told for tensor in inputs):
            shapes = site.node.output_shapes() or ()
            outputs = [Tensor(dims=shape) for shape in shapes] or None
        return outputs

    def _ruled(self, rule: Rule, site: Site, inputs: list[Tensor]) -> Outputs | None:
        """What a rule says; nothing of a node that is not as TensorFlow's ops are: a damaged model may say anything."""
        try:
            return rule(site, inputs)
        except (IndexError, KeyError, ValueError, ZeroDivisionError, OverflowError):
            return None

    def _call(self, site: Site, calls: list[Call], inputs: list[Tensor], depth: int) -> Outputs | None:
        """The outputs of a node that calls functions; of several branches the first that tells something."""
        if site.op in BRANCHING:
            for source, _ in inputs[0].sources:
                self.wish_predicate(source, site.why)
        results: list[list[Tensor]] = []
        for call in calls:
            pairs = argument_mapping(site.index, call, self._argument_count(call.function))
            references = site.index.data_inputs(site.number)
            place = {reference: inputs[position] for position, reference in enumerate(references)}
            given = {argument: place[reference] for reference, argument in pairs if reference in place}
            if call.op == "MapDefun":
                given = {k: Tensor(t.sources, t.dims[1:] if t.dims else None) for k, t in given.items()}
            outputs = self._function(call.function, given, depth + 1, site.why)
            if not (site.op in LOOPING and call.attr == "cond"):
                results.append(outputs)
        if site.op in LOOPING:
            return inputs
        if site.op in BRANCHING or site.op in PLAIN_CALLS or not calls[0].attr:
            return [either(same) for same in zip(*results, strict=False)]
        return None

    def _argument_count(self, name: str) -> int:
        return len(self._library.index(name).arguments) if name in self._library.functions else 0

    def _function(self, name: str, arguments: dict[int, Tensor], depth: int, why: str) -> list[Tensor]:
        function = self._library.functions.get(name)
        self._bodies += 1
        if function is None or depth > MAX_DEPTH or self._bodies > MAX_BODIES:
            return []
        if not any(tensor.told for tensor in arguments.values()):
            return [UNKNOWN] * len(function.outputs)
        index = self._library.index(name)
        given = {-1 - k: self._shaped(tensor, function, k, why) for k, tensor in arguments.items()}
        concrete = self._concrete.get(name)
        if concrete is not None:
            self._bind(concrete, function, given)
        twin = concrete or self._twins.get(_likeness(name, function))
        if twin is not None:
            self.groups.update(dict.fromkeys(groups_at(twin, given, len(function.inputs))))
        found = self._body(index, {number: [tensor] for number, tensor in given.items()}, None, depth)
        returned = function.returns
        return [_find(index, found, returned.get(output.name)) for output in function.outputs]

    def _bind(self, concrete: ConcreteFunction, function: Function, given: dict[int, Tensor]) -> None:
        """What the function captures, where the caller does not tell."""
        first = len(function.inputs) - len(concrete.bound_inputs)
        for position, object_id in enumerate(concrete.bound_inputs):
            known = given.get(-1 - first - position, UNKNOWN)
            key = self.graph.key_of(object_id)
            if key is not None and (known.key is None and known.const is None):
                given[-1 - first - position] = self._resource(key)

    def _shaped(self, tensor: Tensor, function: Function, argument: int, why: str) -> Tensor:
        """A value with the sizes that the function's own argument is declared with."""
        declared = function.inputs[argument]
        if not declared.has_shape or declared.dtype in ("resource", "variant"):
            return tensor
        return self.declared(tensor, declared.shape, why)

    def declared(self, tensor: Tensor, shape: Shape, why: str) -> Tensor:
        """A value with sizes that the graph declares."""
        if shape is None or tensor.const is not None:
            return tensor
        self.want_rank(tensor, len(shape))
        if tensor.dims is None or len(tensor.dims) != len(shape):
            return tensor.shaped(shape) if tensor.dims is None else tensor
        for own, size in zip(tensor.dims, shape, strict=True):
            if size is not None:
                self.demands.equal(own, size, why)
        dims = tuple(own if size is None else size for own, size in zip(tensor.dims, shape, strict=True))
        return tensor._replace(dims=dims)

    # What rules ask ---------------------------------------------------------------------------------------------

    def want_rank(self, tensor: Tensor, rank: int) -> None:
        """Notes the rank that a source of unknown rank has to have."""
        if tensor.dims is None:
            for source, _ in tensor.sources:
                if source.dims is None and source.rank_wanted is None:
                    source.rank_wanted = rank

    def source(self, name: str, dtype: str) -> Source:
        """A source inside of others whose rank only its consumers tell."""
        rank = self._ranks.get(name)
        dims = None if rank is None else tuple(self.demands.new(f"{name}[{place}]") for place in range(rank))
        self.inner.append(Source(name, dtype, dims))
        return self.inner[-1]

    def wish_predicate(self, source: Source, why: str) -> None:
        """A value that chooses a branch."""
        source.wishes.setdefault(Wish("predicate", why))

    def numbers(self, tensor: Tensor) -> tuple[Any, ...] | None:
        """The integers of a small vector or scalar, None inside for what is not known; None where it is no such."""
        if tensor.numbers is not None:
            return tensor.numbers
        values = self.values(tensor)
        if values is None or values.dtype.kind not in "iu" or values.size > MAX_NUMBERS:
            return None
        return tuple(int(value) for value in values.ravel())

    def values(self, tensor: Tensor) -> Any:
        """The numpy array of a constant; None for anything else."""
        stored = tensor.const.attr_tensor("value") if tensor.const is not None else None
        if tensor.const is None or stored is None or stored.size > MAX_STORED:
            return None
        try:
            return self.graph.meta_graph.graph.const_value(tensor.const)
        except FormatError:
            return None

    def _resource(self, key: Key) -> Tensor:
        objects = self.graph.meta_graph.objects
        if key.kind == "variable":
            return Tensor(key=key, dims=self.names.shape(key))
        if key.kind == "constant":
            name = objects.nodes[key.id].constant if objects and isinstance(key.id, int) else str(key.id)
            main = self._library.main
            number = main.producer(name or "")
            if number is not None and number >= 0 and main.ops[number] == "Const":
                node = main.node(number)
                tensor = node.attr_tensor("value")
                return Tensor(const=node, dims=tensor.shape if tensor is not None else None)
        return Tensor(key=key)

    @cached_property
    def _concrete(self) -> dict[str, ConcreteFunction]:
        objects = self.graph.meta_graph.objects
        return {one.name: one for one in objects.concrete_functions} if objects is not None else {}

    @cached_property
    def _twins(self) -> dict[tuple[str, ...], ConcreteFunction | None]:
        """Concrete functions by what a copy of one has in common with it: TensorFlow traces a function anew for a
        signature, and lists only the first trace. None where two of them take other composite tensors."""
        found: dict[tuple[str, ...], ConcreteFunction | None] = {}
        for name, one in self._concrete.items():
            function = self._library.functions.get(name)
            if function is not None:
                key = _likeness(name, function)
                known = found.setdefault(key, one)
                if known is not None and known.inputs != one.inputs:
                    found[key] = None
        return found


def _likeness(name: str, function: Function) -> tuple[str, ...]:
    """The name and the arguments without their counters."""
    return stem_of(name), *(f"{a.name.rstrip('0123456789')} {a.dtype}" for a in function.inputs)


def _find(index: BodyIndex, found: dict[int, Outputs], reference: str | None) -> Tensor:
    number = index.producer(reference) if reference is not None else None
    if number is None:
        return UNKNOWN
    return pick(found.get(number), (reference or "").partition(":")[2])


def _in_order(index: BodyIndex, within: frozenset[int] | None) -> Iterator[int]:
    """Node numbers, producers first; where a loop of TF1 has none, what enters it is enough."""
    producers, done = index.producers, dict[int, int]()
    for start in range(len(index.ops)) if within is None else sorted(number for number in within if number >= 0):
        for number in producers_first(producers, start, done) if start not in done else ():
            done[number] = 0
            yield number
