"""What a model can do beside computing: each op with a risk, what starts it, by which way, and on what it works."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from typing import NamedTuple

from smanalyze.facts.function_names import stem_of
from smanalyze.facts.names import Names
from smanalyze.facts.operand_values import Value, operand_of, origin_of, plain, text_value
from smanalyze.facts.operands import Operands
from smanalyze.facts.starts import LOAD, NEVER, SAVER, Start, Starts
from smanalyze.graph.body import PLAIN_CALLS, BodyIndex
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.graph.op_risk import OpRisk, risks
from smanalyze.graph.ops import provider, registered
from smanalyze.report.scan import Act, Operand

MAX_STEPS = 2_000_000
"""Calls and starts that all searches for starts together look at; real models stay a hundred times below."""

MAX_NODES = 50_000
"""Nodes of one op that are looked at one by one; of a body with more the rest counts and is not followed."""

UNKNOWN, LIBRARY, DENIED = "unknown-code", "library-code", "denied"
UNKNOWN_WHEN = "unknown"

MAX_SHOWN = 300
"""Characters of a program or address that are shown as they are."""

NOT_ACTS = frozenset({"summary", "state", "run-state", "random"})
"""Classes that change no more than what the model keeps for itself, or pack tensors without sending them."""

_PATHS = frozenset({"file-write", "file-read", "dataset-file", "table-file", "file-map", "file-list", "saver"})
"""Classes whose operand is a path."""


class _Steps(NamedTuple):
    """Steps of a way, from its beginning: a tuple for each of many functions in a row would grow with their number."""

    first: tuple[str, ...]
    rest: _Steps | None
    length: int

    def listed(self) -> tuple[str, ...]:
        """All of them."""
        found: list[str] = []
        current: _Steps | None = self
        while current is not None:
            found += current.first
            current = current.rest
        return tuple(found)


def _steps(first: tuple[str, ...], rest: _Steps | None = None) -> _Steps:
    return _Steps(first, rest, len(first) + (rest.length if rest else 0))


Way = tuple[Start, _Steps]
"""What starts something, and the steps from there."""


class _Use(NamedTuple):
    body: str
    number: int
    risk: OpRisk
    operands: tuple[Operand, ...]


class Acts:
    """The acts of one MetaGraph. ``is_cut``: some ways were not followed to their end."""

    def __init__(self, graph: ModelGraph, names: Names, denied: frozenset[str] = frozenset()) -> None:
        self._denied = denied
        self.graph = graph
        self.names = names
        self.library = graph.library
        self.starts = Starts(graph, names)
        self.is_cut = False
        self._steps = 0
        self._ways: dict[str, tuple[Way, ...]] = {}
        self._kept: dict[str, set[int]] = {}

    @cached_property
    def operands(self) -> Operands:
        """What ops work on; made for the first op with an operand."""
        return Operands(self.graph, self.names, self.starts)

    @cached_property
    def every(self) -> tuple[Act, ...]:
        """All acts: nodes of one op that work on the same are one; ops in alphabetical order."""
        groups: dict[tuple[object, ...], list[_Use]] = {}
        for use in self._uses():
            saving = self._only_saves(use)
            key = (use.risk.op, use.risk.risk_class, use.risk.reason, use.operands, saving)
            groups.setdefault(key, []).append(use)
        acts = [self._act(uses) for uses in groups.values()]
        return tuple(sorted(acts, key=lambda act: (act.op, act.risk_class, act.when, act.operands != (), act.path)))

    @cached_property
    def libraries(self) -> dict[str, tuple[Act, ...]]:
        """What ops of other libraries do, by the library."""
        found: dict[str, list[Act]] = {}
        for act in self.every:
            known = provider(act.op)
            if known is not None:
                found.setdefault(known.library, []).append(act)
        return {name: tuple(acts) for name, acts in sorted(found.items())}

    def _only_saves(self, use: _Use) -> bool:
        """Whether TensorFlow's saver runs it, and nothing else; it restores when the model is loaded."""
        found = {start.when for start, _ in self._ways_to(use)}
        return SAVER in found and found <= {LOAD, SAVER}

    def _uses(self) -> Iterator[_Use]:
        risky = {op: found for op in self.library.op_counts if (found := self._risks(op))}
        for body in ("", *self.library.functions):
            index = self._index(body)
            wanted = {op: risky[op] for op in index.op_counts if op in risky}
            if wanted:
                yield from self._uses_in(body, index, wanted)

    def _uses_in(self, body: str, index: BodyIndex, wanted: dict[str, tuple[OpRisk, ...]]) -> Iterator[_Use]:
        seen: dict[str, int] = dict.fromkeys(wanted, 0)
        for number, op in enumerate(index.ops):
            if op not in wanted:
                continue
            seen[op] += 1
            if seen[op] > MAX_NODES:
                self.is_cut = True
                continue
            for risk in wanted[op]:
                operands = self.operands_of(body, number, risk)
                if operands is not None:
                    yield _Use(body, number, risk, operands)

    def _index(self, body: str) -> BodyIndex:
        return self.library.index(body) if body else self.library.main

    def _risks(self, op: str) -> tuple[OpRisk, ...]:
        """What an op can do; an op that TensorFlow does not register is code of somebody's."""
        if op in self.library.functions:
            return ()
        known = tuple(risk for risk in risks(op) if risk.risk_class not in NOT_ACTS)
        if op in self._denied:
            known = (*known, OpRisk(op, DENIED, "is on the list of ops that are not wanted", ""))
        if registered(op) is not None:
            return known
        library = provider(op)
        if library is not None:
            return (*known, OpRisk(op, LIBRARY, f"runs code of {library.library}", ""))
        return (*known, OpRisk(op, UNKNOWN, "runs code that nobody known has", ""))

    def operands_of(self, body: str, number: int, risk: OpRisk) -> tuple[Operand, ...] | None:
        """What a node of a body ("" is the main graph) works on; None where that says that the risk is not there."""
        index = self._index(body)
        is_path = risk.risk_class in _PATHS
        if risk.attr is not None:
            node = index.node(number)
            one = node.attr_string(risk.attr)
            texts = (one,) if one else node.attr_strings(risk.attr)
            if not texts and not risk.only_if:
                texts = tuple(filter(None, (node.attr_text(risk.attr),)))
            values = tuple(text_value(text) for text in texts if text != "''")
        elif risk.input_index is not None:
            inputs = index.data_inputs(number)
            if risk.input_index >= len(inputs):
                return None if risk.only_if else ()
            values = self.operands.of(body, inputs[risk.input_index])
        else:
            return ()
        if risk.only_if and (values or risk.attr is not None):
            values = tuple(value for value in values if risk.applies_to(plain(value)))
            if not values:
                return None
        return tuple(operand_of(value if is_path else _shown_value(value), is_path=is_path) for value in values)

    # What starts it --------------------------------------------------------------------------------------------

    def _act(self, uses: list[_Use]) -> Act:
        ways: dict[str, tuple[Start, _Steps, _Use]] = {}
        for use in uses:
            for start, steps in self._ways_to(use):
                kept = ways.get(start.when)
                if kept is None or steps.length < kept[1].length:
                    ways[start.when] = (start, steps, use)
        ordered = sorted(ways.values(), key=lambda way: way[0].order)
        risk = uses[0].risk
        use = ordered[0][2] if ordered else uses[0]
        holder = self._index(use.body).names[use.number]
        nowhere = (f"function {use.body}" if use.body else "main graph",)
        way = (ordered[0][0].label, *ordered[0][1].listed()) if ordered else nowhere
        path = (*way, f"node {holder}")
        return Act(
            op=risk.op,
            risk_class=risk.risk_class,
            reason=risk.reason,
            when=tuple(start.when for start, _, _ in ordered) or ((UNKNOWN_WHEN,) if self.is_cut else (NEVER,)),
            path=path,
            operands=use.operands,
            caller_controlled=any(operand.origin == "caller" for operand in use.operands),
            nodes=len(uses),
            functions=tuple(dict.fromkeys(one.body for one in [use, *uses])),
        )

    def _ways_to(self, use: _Use) -> tuple[Way, ...]:
        """The shortest way from each start to a node."""
        if use.body:
            return self._ways_to_function(use.body) if use.number in self._alive(use.body) else ()
        return tuple((start, _steps(())) for start, numbers in self.starts.main if use.number in numbers)

    def _ways_to_function(self, name: str) -> tuple[Way, ...]:
        found = self._ways.get(name)
        if found is None:
            found = self._ways[name] = tuple(self._search(name))
        return found

    def _search(self, name: str) -> Iterable[Way]:
        """Breadth first from the function to those that call it, so that the first way to a start is a shortest."""
        found: dict[str, Way] = {}
        seen = {name}
        queue = [(name, _steps((f"function {name}",)))]
        for function, steps in queue:
            starts, callers = self.starts.of(function) or (), self._callers.get(function, ())
            self._steps += len(starts) + len(callers)
            if self._steps > MAX_STEPS:
                self.is_cut = True
                return found.values()
            for start in starts:
                found.setdefault(start.when, (start, steps))
            for caller, step, number in callers:
                if caller and number >= 0 and number not in self._alive(caller):
                    continue
                if not caller:
                    for start, numbers in self.starts.main:
                        if number in numbers:
                            found.setdefault(start.when, (start, _steps((step,), steps)))
                elif caller not in seen:
                    seen.add(caller)
                    queue.append((caller, _steps((f"function {caller}", step), steps)))
        return found.values()

    def _alive(self, name: str) -> set[int]:
        """The nodes of a function that run when it is called: what its results and its stateful nodes need. TensorFlow
        cuts the rest away (tensorflow/core/common_runtime/function.cc: PruneFunctionBody)."""
        found = self._kept.get(name)
        if found is None:
            index, function = self.library.index(name), self.library.functions[name]
            references = [*function.returns.values(), *(f"^{node}" for node in function.control_returns.values())]
            acting = (index.names[number] for number, op in enumerate(index.ops) if _is_stateful(op))
            found = self._kept[name] = index.slice_before([*references, *acting])
        return found

    def _alike(self) -> dict[str, list[str]]:
        """Functions of which TensorFlow may run one in the place of another, by what they implement
        (tensorflow/core/grappler/optimizers/implementation_selector.cc)."""
        found: dict[str, list[str]] = {}
        for name, function in self.library.functions.items():
            implements = function.attributes.get("api_implements")
            if implements:
                found.setdefault(implements, []).append(name)
        return {key: names for key, names in found.items() if len(names) > 1}

    @cached_property
    def _callers(self) -> dict[str, list[tuple[str, str, int]]]:
        """(body, step, node number) of all that leads to a function: calls, and what it is the gradient of."""
        found: dict[str, list[tuple[str, str, int]]] = {}
        for body in ("", *self.library.functions):
            index = self._index(body)
            for call in index.calls:
                how = "" if call.op in PLAIN_CALLS else f" ({call.op} {call.attr})"
                step = f"node {index.names[call.node]}{how}"
                found.setdefault(call.function, []).append((body, step, call.node))
            gradients = self.library.gradient_functions
            for gradient in {gradients[op] for op in index.gradient_ops if op in gradients}:
                found.setdefault(gradient, []).append((body, "its gradient", -1))
        for group in self._alike().values():
            for name in group:
                found.setdefault(name, []).extend(
                    (other, "chosen in its place", -1) for other in group if other != name
                )
        for function, gradient in self.library.gradient_functions.items():
            if function in self.library.functions:
                found.setdefault(gradient, []).append((function, "its gradient", -1))
        return found


def _shown_value(value: Value) -> Value:
    whole = origin_of(value) == "constant"
    return text_value(_shown("".join(piece.text for piece in value))) if whole else value


@cache
def _is_stateful(op: str) -> bool:
    """Whether TensorFlow runs a node of the op although nothing needs it; of an unknown op one has to think so."""
    known = registered(op)
    return known.stateful if known is not None else True


def _shown(text: str) -> str:
    """A text for people; of what is long, as a serialized program is, how much and which it is."""
    if len(text) <= MAX_SHOWN and text.isprintable():
        return text
    import hashlib

    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{len(text):,} characters, sha256 {digest[:16]}"


def place_of(act: Act) -> tuple[str, str]:
    """(function, node) that an act's way ends in; "" is the main graph."""
    return act.functions[0], act.path[-1].removeprefix("node ")


def stems(act: Act) -> tuple[str, ...]:
    """The functions that hold an act, without what an exporter counted."""
    return tuple(dict.fromkeys(stem_of(name) for name in act.functions))
