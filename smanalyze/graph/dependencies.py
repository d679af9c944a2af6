"""Which inputs each output of a signature or function depends on, by data flow through its bodies.

Sets of arguments are bit masks: bit k stands for argument (or signature input) k. A call of a function through
PartitionedCall is looked into; for any other op each output depends on all inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smanalyze.graph.body import PLAIN_CALLS, BodyIndex, output_position
from smanalyze.graph.library import Library
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.graph.ops import registered
from smanalyze.model.saved_model import Signature


class Flow:
    """Of one function: the mask of each output in order, and of everything that happens beside the outputs."""

    __slots__ = ("effects", "outputs")

    def __init__(self, outputs: tuple[int, ...], effects: int) -> None:
        self.outputs = outputs
        self.effects = effects


class Dependencies:
    """Answers for one MetaGraph; each function is looked at once."""

    def __init__(self, graph: ModelGraph) -> None:
        self._graph = graph
        self._library: Library = graph.library
        self._flows: dict[str, Flow] = {}
        self._called: dict[int, dict[int, str]] = {}  # by the id of an index, which the library keeps alive
        self._signatures: dict[str, tuple[dict[str, frozenset[str]], frozenset[str]]] = {}

    def signature(self, signature: Signature) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
        """(inputs that each output depends on, inputs that any output or side effect depends on), by key.

        Only inputs and outputs of one dense tensor are looked at; others count as used and as dependent.
        """
        found = self._signatures.get(signature.key)
        if found is None:
            found = self._signatures[signature.key] = self._signature(signature)
        return found

    def _signature(self, signature: Signature) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
        main = self._library.main
        inputs = [info for info in signature.inputs if info.encoding == "dense"]
        seeds: dict[int, int] = {}
        for position, info in enumerate(inputs):
            number = main.producer(info.tensor_name)
            if number is not None:
                seeds[number] = seeds.get(number, 0) | 1 << position
        within = self._graph.main_slice(signature.key)
        for number in within & main.calls_at.keys():
            for call in main.calls_at[number]:
                if call.op in PLAIN_CALLS:
                    self._resolve(call.function)
        masks = self._masks(main, seeds, within)
        outputs = {}
        used = 0
        for info in signature.outputs:
            references = [info.tensor_name] if info.tensor_name else [c.tensor_name for c in info.components]
            mask = 0
            for reference in references:
                mask |= masks.of(main, reference)
            outputs[info.name] = frozenset(inputs[k].name for k in _bits(mask))
            used |= mask
        used |= masks.effects
        encoded = {info.name for info in signature.inputs if info.encoding != "dense"}
        return outputs, frozenset(inputs[k].name for k in _bits(used)) | encoded

    def _resolve(self, root: str) -> None:
        """Finds the flows of a function and of all it calls, callees first. One that is met while it is being looked
        at (recursion) stays open, and a call of it depends on all its inputs."""
        stack: list[tuple[str, bool]] = [(root, False)]
        waiting: set[str] = set()
        while stack:
            name, ready = stack.pop()
            if ready:
                self._flows[name] = self._own_flow(name)
                waiting.discard(name)
            elif name not in self._flows and name not in waiting and name in self._library.functions:
                waiting.add(name)
                stack.append((name, True))
                stack.extend((c.function, False) for c in self._library.index(name).calls if c.op in PLAIN_CALLS)

    def _own_flow(self, name: str) -> Flow:
        function, index = self._library.functions[name], self._library.index(name)
        seeds = {-1 - k: 1 << k for k in range(len(index.arguments))}
        masks = self._masks(index, seeds, None)
        returns = function.returns
        outputs = tuple(
            masks.of(index, returns[output.name]) if output.name in returns else 0 for output in function.outputs
        )
        return Flow(outputs, masks.effects)

    def _masks(self, index: BodyIndex, seeds: dict[int, int], within: frozenset[int] | None) -> _Masks:
        """The mask of each node that the seeds leave open; ``within`` limits the main graph to a slice."""
        masks = _Masks(dict(seeds), {}, 0)
        calls = self._plain_calls(index)
        effectful = frozenset(op for op in index.op_counts if _has_effects(op))
        numbers = range(len(index.ops)) if within is None else sorted(number for number in within if number >= 0)
        nodes, producers = masks.nodes, index.producers
        for number in numbers:
            if number in nodes:
                continue
            mask = 0
            for producer in producers[number]:
                if producer not in nodes or producer in masks.outputs:
                    break
                mask |= nodes[producer]
            else:  # nearly always: files are nearly in topological order, and calls are few
                if number not in calls:
                    nodes[number] = mask
                    if mask and index.ops[number] in effectful:
                        masks.effects |= mask
                    continue
            for waiting in producers_first(producers, number, nodes):
                self._settle(index, waiting, masks, calls, effectful)
        known = {} if masks.cyclic else nodes
        while known != nodes:  # a loop of TF1: what enters it comes around; masks only grow, so this ends
            known = dict(nodes)
            for number in numbers:
                if number not in seeds:
                    self._settle(index, number, masks, calls, effectful)
        return masks

    def _plain_calls(self, index: BodyIndex) -> dict[int, str]:
        found = self._called.get(id(index))
        if found is None:
            found = self._called[id(index)] = {c.node: c.function for c in index.calls if c.op in PLAIN_CALLS}
        return found

    def _settle(
        self, index: BodyIndex, number: int, masks: _Masks, calls: dict[int, str], effectful: frozenset[str]
    ) -> None:
        fed = [masks.of(index, reference) for reference in index.data_inputs(number)]
        flow = self._flows.get(calls[number]) if number in calls else None
        if flow is not None:
            masks.outputs[number] = outputs = tuple(_through(mask, fed) for mask in flow.outputs)
            masks.effects |= _through(flow.effects, fed)
            masks.nodes[number] = _union(outputs)
            return
        masks.nodes[number] = mask = _union(fed)
        if mask and index.ops[number] in effectful:
            masks.effects |= mask


class _Masks:
    """Masks by node number, per output where a call was looked into, and of all side effects. ``cyclic``: a node was
    met before one that it needs."""

    __slots__ = ("cyclic", "effects", "nodes", "outputs")

    def __init__(self, nodes: dict[int, int], outputs: dict[int, tuple[int, ...]], effects: int) -> None:
        self.nodes = nodes
        self.outputs = outputs
        self.effects = effects
        self.cyclic = False

    def of(self, index: BodyIndex, reference: str) -> int:
        """The mask of one tensor."""
        producer = index.producer(reference)
        if producer is None:
            return 0
        outputs = self.outputs.get(producer)
        if outputs is not None:
            position = output_position(reference)
            return outputs[position] if position < len(outputs) else _union(outputs)
        if producer not in self.nodes:
            self.cyclic = True
        return self.nodes.get(producer, 0)


def producers_first(producers: list[tuple[int | None, ...]], start: int, settled: dict[int, int]) -> Iterator[int]:
    """``start`` after all nodes it needs that are not settled yet; on a cycle each node once, in some order."""
    stack = [start]
    entered: set[int] = set()
    while stack:
        number = stack[-1]
        if number in settled:
            stack.pop()
            continue
        if number not in entered:
            entered.add(number)
            open_ones = [p for p in producers[number] if p is not None and p >= 0 and p not in settled]
            waiting = [producer for producer in open_ones if producer not in entered]
            if waiting:
                stack.extend(waiting)
                continue
        stack.pop()
        yield number


def _has_effects(op: str) -> bool:
    """Whether running the op may do something beside its outputs; true of an op that no release registers."""
    registration = registered(op)
    return registration is None or registration.stateful


def _through(mask: int, fed: list[int]) -> int:
    """The callee's mask in terms of the caller: what is fed to the arguments in it."""
    total = 0
    for position in _bits(mask):
        if position < len(fed):
            total |= fed[position]
    return total


def _union(masks: Iterable[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
