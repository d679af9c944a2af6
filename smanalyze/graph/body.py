"""One pass over a body of nodes, and the linear questions that it answers.

A body is the main graph or one function. A tensor reference is ``node``, ``node:1``, ``node:out:0``, ``^node`` or the
name of a function's argument (tensorflow/core/framework/function.proto, graph.proto).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence

from smanalyze.model.graph import Body, Function, Node
from smanalyze.model.record import record

#: Ops that hand their first input on as it is: a resource handle keeps its identity through them.
PASS_THROUGH = frozenset({"Identity", "IdentityN", "Enter", "RefEnter", "Switch", "RefSwitch", "RefIdentity", "Exit"})

PLAIN_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
"""Ops that do nothing but call one function; their outputs are the function's, in order."""

BRANCHING = frozenset({"If", "StatelessIf", "_If", "Case", "StatelessCase"})
"""Ops whose first input chooses which of their functions is called with the rest."""

LOOPING = frozenset({"While", "StatelessWhile", "_While"})
"""Ops that call ``cond`` and ``body`` again and again; what goes in is what comes out, in order."""

_PASSING = PLAIN_CALLS | LOOPING | {"TPUPartitionedCall", "SymbolicGradient", "BatchFunction", "MapDefun"}
_CHOOSING = BRANCHING | {"RemoteCall"}

RETURNING = _PASSING | _CHOOSING
"""Ops whose outputs are those of the functions that they call."""

NOISE_ATTRS = frozenset({
    "_output_shapes", "_class", "shared_name", "container", "_user_specified_name", "config_proto", "config",
    "executor_type", "_gradient_op_type", "_forward_function_name", "_backward_function_name", "debug_name", "Tin",
    "_read_only_resource_inputs", "_collective_manager_ids", "_input_shapes", "_construction_context",
    "_disable_call_shape_inference", "forward_function_name", "backward_function_name", "_num_args",
    "_acd_function_control_output",
})  # fmt: skip
"""Attrs of nodes and functions that hold what an exporter counted, or what follows from the rest. ``Tin`` of a call is
what the callee's arguments are, in the order of the captures. ``_acd_function_control_output`` marks the NoOp that
holds a function's control edges together; releases differ in whether they write it. TensorFlow asks for it in loops
with ``_stateful_parallelism`` alone, to let iterations overlap that do not touch the same resource
(tensorflow/core/common_runtime/control_flow_deps_to_chains.cc)."""


@record
class Call:
    """One function named by a node: by which node, with which op, in which attr.

    ``attr`` is "" where the op itself is the function, as TF1's Defun calls it (FunctionLibraryDefinition::LookUp in
    tensorflow/core/framework/function.cc), and ``f.inner`` for one that the function ``f`` is given for an attr of its
    own.
    """

    node: int
    op: str
    attr: str
    function: str


class BodyIndex:
    """What one pass over a body's nodes tells; node numbers are positions in the file.

    ``names`` and ``ops`` are by node number; ``inputs`` the references of each node. ``arguments`` are the names of a
    function's inputs, () for the main graph. ``functions`` are the names in the library: an op of such a name is a
    call. ``constants`` are (node number, bytes of its value in the file, -1 where it lacks value or dtype);
    ``attr_keys`` what each node's attrs say, without NOISE_ATTRS, and ``alike`` which bodies have the same nodes but
    for the functions they name (model.graph.BodyColumns); ``gradients`` the names of custom gradients by node number.
    """

    __slots__ = (
        "_at", "_calls_at", "_controls", "_devices", "_producers", "_slots", "alike", "arguments", "attr_keys", "body",
        "calls", "constants", "gradient_ops", "gradients", "inputs", "names", "op_counts", "ops",
    )  # fmt: skip

    def __init__(self, body: Body, arguments: Sequence[str] = (), functions: Container[str] = ()) -> None:
        self.body = body
        self.arguments = tuple(arguments)
        columns = body.columns(NOISE_ATTRS)
        self.names = columns.names
        self.ops = columns.ops
        self.inputs = columns.inputs
        self._devices = columns.devices
        self.gradients = dict(columns.gradients)
        self.gradient_ops = columns.gradient_ops
        self.op_counts = Counter(columns.ops)
        calls = [Call(n, columns.ops[n], attr, name) for n, attr, name in columns.functions]
        direct = {op for op in self.op_counts if op in functions}
        if direct:
            calls += [Call(n, op, "", op) for n, op in enumerate(columns.ops) if op in direct]
            calls.sort(key=lambda call: call.node)
        self.calls = tuple(calls)
        self.constants = columns.constants
        self.attr_keys = columns.attr_keys
        self.alike = columns.alike
        self._at: dict[str, int] | None = None
        self._calls_at: dict[int, list[Call]] | None = None
        self._producers: list[tuple[int | None, ...]] | None = None
        self._slots: list[tuple[str, ...]] = []
        self._controls: dict[int, tuple[int | None, ...]] = {}

    @property
    def devices(self) -> Counter[str]:
        """How many nodes each device has."""
        return Counter(device for _, device in self._devices)

    @property
    def at(self) -> dict[str, int]:
        """Node number by name; of equal names the first counts."""
        if self._at is None:
            # Built backwards, so that the first of equal names stays.
            count = len(self.names)
            self._at = dict(zip(reversed(self.names), range(count - 1, -1, -1), strict=True))
            for position, argument in enumerate(self.arguments):
                self._at[argument] = -1 - position
        return self._at

    @property
    def calls_at(self) -> dict[int, list[Call]]:
        """The calls by the number of their node."""
        if self._calls_at is None:
            self._calls_at = {}
            for call in self.calls:
                self._calls_at.setdefault(call.node, []).append(call)
        return self._calls_at

    @property
    def producers(self) -> list[tuple[int | None, ...]]:
        """Per node, where each of its data inputs comes from, as ``producer`` tells it; made once for all passes."""
        if self._producers is None:
            self._resolve()
            assert self._producers is not None
        return self._producers

    @property
    def controls(self) -> dict[int, tuple[int | None, ...]]:
        """The same of control inputs, for the nodes that have some."""
        if self._producers is None:
            self._resolve()
        return self._controls

    @property
    def slots(self) -> list[tuple[str, ...]]:
        """Per node, what its data inputs say after the first colon: which output of the producer they mean."""
        if self._producers is None:
            self._resolve()
        return self._slots

    def _resolve(self) -> None:
        find = self.at.get
        producers: list[tuple[int | None, ...]] = []
        slots: list[tuple[str, ...]] = []
        none: tuple[()] = ()
        for number, references in enumerate(self.inputs):
            if not references:
                producers.append(none)
                slots.append(none)
                continue
            names: list[int | None] = []
            tails: list[str] = []
            for reference in references:
                name, _, tail = reference.partition(":")
                if name[:1] == "^":
                    continue
                names.append(find(name))
                tails.append(tail)
            producers.append(tuple(names))
            slots.append(tuple(tails))
            if len(names) != len(references):
                self._controls[number] = tuple(find(name[1:]) for name in references if name[:1] == "^")
        self._producers, self._slots = producers, slots

    def node(self, number: int) -> Node:
        """The view of one node."""
        return self.body.nodes[number]

    def producer(self, reference: str) -> int | None:
        """Where a reference comes from: a node number, ``-1 - k`` for argument k, None if there is no such node."""
        name = reference[1:] if reference.startswith("^") else reference
        return self.at.get(name.partition(":")[0])

    def data_inputs(self, number: int) -> list[str]:
        """The node's references without its control inputs."""
        return [reference for reference in self.inputs[number] if not reference.startswith("^")]

    def slice_before(
        self, references: Iterable[str], *, control: bool = True, fed: Container[tuple[int, int]] = ()
    ) -> set[int]:
        """Numbers of all nodes and arguments that the references need, themselves included; control inputs follow
        too unless told otherwise. ``fed`` are outputs (node, number) that are given, so that nothing runs for them.
        Linear in the edges."""
        producers, controls = self.producers, self.controls if control else {}
        ends = [(number, reference) for reference in references if (number := self.producer(reference)) is not None]
        stack = [number for number, reference in ends if not fed or (number, output_position(reference)) not in fed]
        seen = set(stack)
        if fed:
            return self._slice_behind(stack, seen, controls, fed)
        while stack:
            number = stack.pop()
            if number < 0:
                continue
            for before in producers[number]:
                if before is not None and before not in seen:
                    seen.add(before)
                    stack.append(before)
            for before in controls.get(number, ()):
                if before is not None and before not in seen:
                    seen.add(before)
                    stack.append(before)
        return seen

    def _slice_behind(
        self, stack: list[int], seen: set[int], controls: Mapping[int, tuple[int | None, ...]],
        fed: Container[tuple[int, int]],
    ) -> set[int]:  # fmt: skip
        """The rest of a slice where some outputs are given."""
        while stack:
            number = stack.pop()
            if number < 0:
                continue
            data = zip(self.producers[number], self.slots[number], strict=True)
            needed = [one for one, slot in data if one is not None and (one, output_position(f":{slot}")) not in fed]
            for before in (*needed, *controls.get(number, ())):
                if before is not None and before not in seen:
                    seen.add(before)
                    stack.append(before)
        return seen

    def origin(self, reference: str) -> int | None:
        """As ``producer``, looking through ops that only hand a value on."""
        return self._origin(self.producer(reference), reference)

    def input_origin(self, number: int, position: int) -> int | None:
        """The origin of one data input of a node."""
        return self._origin(self.producers[number][position], ":" + self.slots[number][position])

    def _origin(self, number: int | None, reference: str) -> int | None:
        for _ in range(64):
            if number is None or number < 0 or self.ops[number] not in PASS_THROUGH:
                return number
            before = self.producers[number]
            if not before:
                return number
            position = output_position(reference) if self.ops[number] == "IdentityN" else 0
            position = position if position < len(before) else 0
            reference = ":" + self.slots[number][position]
            number = before[position]
        return number


def output_position(reference: str) -> int:
    """The output number that a reference ends in, 0 where it has none."""
    _, colon, tail = reference.rpartition(":")
    return int(tail) if colon and tail.isdecimal() and len(tail) < 10 else 0


def index_function(function: Function, functions: Container[str] = ()) -> BodyIndex:
    """The index of a function's body in a library of ``functions``."""
    return BodyIndex(function, [argument.name for argument in function.argument_types], functions)


def argument_mapping(index: BodyIndex, call: Call, callee_inputs: int) -> list[tuple[str, int]]:
    """(reference in the caller, argument number in the callee) pairs of one call.

    PartitionedCall, While and a node whose op is the function hand their inputs on in order; If, Case and their like
    use the first to choose; ops that take ``other_arguments`` (datasets) append those after the elements.
    For an op we know nothing of, the last inputs meet the last arguments, which is where captures stand.
    """
    if "." in call.attr:  # given to a function that decides itself when to call it, and on what
        return []
    inputs = index.data_inputs(call.node)
    op = call.op
    if op in _CHOOSING:
        return [(reference, i) for i, reference in enumerate(inputs[1:]) if i < callee_inputs]
    if op in _PASSING or not call.attr:
        return [(reference, i) for i, reference in enumerate(inputs) if i < callee_inputs]
    node = index.node(call.node)
    if node.attr_kind("Targuments") != "none" or node.has_attr("Targuments"):
        count = len(node.attr_types("Targuments"))
        others = inputs[1 : 1 + count]
        return list(zip(others, range(callee_inputs - count, callee_inputs), strict=False)) if count else []
    count = min(len(inputs), callee_inputs)
    return list(zip(inputs[len(inputs) - count :], range(callee_inputs - count, callee_inputs), strict=True))
