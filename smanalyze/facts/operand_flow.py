"""Where values come from across bodies: what callers hand over, what callees return, what a function binds."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from smanalyze.facts.library import is_saver
from smanalyze.facts.names import Names
from smanalyze.facts.operand_ops import MAPPED
from smanalyze.facts.operand_values import Value, Values, either, hole
from smanalyze.facts.starts import LOAD, SAVER, Starts
from smanalyze.graph.body import LOOPING, RETURNING, BodyIndex, Call, argument_mapping
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.report.scan import Origin

MAX_SEEN, MAX_SEARCHED = 20_000, 1_000_000
"""Nodes that one search for what a value depends on looks at, and all searches in one MetaGraph together."""

_SIZES = frozenset({"Shape", "ShapeN", "Size", "Rank", "StringLength"})
"""Ops that tell how much there is of something, and nothing of what."""

_KEPT = frozenset({
    "ReadVariableOp", "VarHandleOp", "VariableV2", "Variable", "LookupTableFindV2", "LookupTableFind", "ReadFile",
    "ResourceGather", "RestoreV2",
})  # fmt: skip


class Place(NamedTuple):
    """A reference in a body; "" is the main graph."""

    body: str
    reference: str


_Handed = tuple[str, Call, dict[int, list[str]]]
"""(body, call, references by the argument that they are handed as) of a call."""


class Flow:
    """Questions about one MetaGraph that each look one step back."""

    def __init__(self, graph: ModelGraph, names: Names, starts: Starts) -> None:
        self._graph = graph
        self._library = graph.library
        self._names = names
        self._starts = starts
        self._arguments: dict[str, tuple[_Handed, ...]] = {}
        self._reached: dict[tuple[str, int], Value] = {}
        self._searched = 0

    def index(self, body: str) -> BodyIndex:
        """The index of a body."""
        return self._library.index(body) if body else self._library.main

    def fed(self, body: str, number: int) -> Value | None:
        """What a loader or caller gives to a node of the main graph; None for other nodes."""
        fed = self._starts.fed.get(number) if not body else None
        if fed is None:
            return None
        origin, name = fed
        if origin == "asset" and self.is_unfed(body, number) and self._library.main.ops[number] == "Const":
            return None  # a signature sees the constant, and the init op as a rule only fills a table
        return hole(_ORIGIN_OF[origin], f"asset {name}" if origin == "asset" else _given(origin, name))

    def is_unfed(self, body: str, number: int) -> bool:
        """Whether something runs a node that is ``fed`` and does not feed it."""
        return not body and number in self._starts.unfed

    def returned(self, body: str, number: int, position: int | None) -> list[Place]:
        """Where in the called functions an output (None: any) of a node is made; for a loop what goes in, too."""
        index = self.index(body)
        op = index.ops[number]
        found = []
        for call in index.calls_at.get(number, ()):
            function = self._library.functions.get(call.function)
            if function is None or (op in LOOPING and call.attr == "cond"):
                continue
            if op not in RETURNING and position is not None and call.attr:
                continue
            outputs = function.outputs if position is None else function.outputs[position : position + 1]
            named = (function.returns.get(output.name) for output in outputs)
            found += [Place(call.function, reference) for reference in named if reference is not None]
        if op in LOOPING and position is not None:
            found += [Place(body, one) for one in index.data_inputs(number)[position : position + 1]]
        return found

    def arriving(self, function: str, argument: int) -> tuple[Values, list[Place], list[Place]]:
        """What an argument of a function may be: (known values, places in callers, datasets whose elements it is)."""
        count = len(self.index(function).arguments)
        known: list[Value] = []
        places: list[Place] = []
        datasets: list[Place] = []
        for body, call, handed in self._handed(function):
            if call.attr and call.op not in RETURNING | MAPPED:  # which input meets which argument is not known
                given = self._inputs(body, call)
                # What one round gives, the next may be handed: For, scan.
                places += [*given, *self.returned(body, call.node, None)]
                datasets += given
            elif argument in handed:
                places += [Place(body, reference) for reference in handed[argument]]
                if call.op in LOOPING:  # the next round is handed what this one gave
                    again = self.returned(body, call.node, argument)
                    places += again
                    if any(self._grows(place, argument) for place in again if place.body == call.function):
                        known.append(hole("computed", "changed in a loop"))
            elif "Dataset" in call.op:
                datasets += self._inputs(body, call)[:1]
            else:
                known += map(self._reaching, self._inputs(body, call))
        bound = self._bound.get(function, ())
        position = argument - (count - len(bound))
        if position >= 0:
            self._add_bound(bound[position], known, places)
        else:
            known += self._from_start(function, argument)
        return either(tuple(known)), places, datasets

    def _grows(self, place: Place, argument: int) -> bool:
        """Whether what a loop's body gives is made of what it was given, and is not that itself."""
        index = self.index(place.body)
        return index.origin(place.reference) != -1 - argument and -1 - argument in index.slice_before([place.reference])

    def _from_start(self, function: str, argument: int) -> list[Value]:
        """What those give that start the function themselves."""
        found = []
        served = any(not body for body, _ in self.callers.get(function, ()))  # the main graph names what it hands over
        for start in self._starts.of(function) or ():
            if served and start.when.startswith("signature:"):
                continue
            if start.when == SAVER:
                found.append(hole("loader", _given("loader", "checkpoint")))
            elif start.when != LOAD:
                one = self._library.functions[function].inputs[argument]
                found.append(hole("caller", _given("caller", one.user_name or one.name)))
        return found

    def _add_bound(self, object_id: int, known: list[Value], places: list[Place]) -> None:
        key = self._graph.key_of(object_id)
        objects = self._graph.meta_graph.objects
        if key is None or objects is None:
            return
        constant = objects.nodes[object_id].constant
        if key.kind == "asset":
            known.append(hole("asset", f"asset {self._names.of(key)}"))
        elif constant:
            places.append(Place("", constant))
        elif key.kind in ("variable", "table"):
            known.append(self._kept(key))
        else:
            known.append(hole("computed", key.kind))

    def stored(self, body: str, index: BodyIndex, number: int, word: str) -> Value:
        """What a node takes from where it is kept."""
        origin = index.input_origin(number, 0) if index.producers[number] else number
        if not body and origin in self._asset_variables:
            return self._asset_variables[origin]
        key = self._key_at(body, index, origin) if word in ("variable", "table") else None
        if key is not None:
            return self._kept(key)
        if word in ("variable", "table"):
            return hole("stored", f"{word} {index.names[origin]}" if origin is not None and origin >= 0 else word)
        return hole("stored", f"contents of a {word}" if word in ("file", "queue", "checkpoint") else word)

    def _kept(self, key: Key) -> Value:
        """What a variable or table holds. Texts that a call stores are the caller's."""
        name = f"{key.kind} {self._names.of(key)}"
        if key.kind == "variable" and any(map(self._is_called, self._graph.sources(key, "writes"))):
            return hole("caller", f"{name}, which a call changes")
        return hole("stored", name)

    def _is_called(self, key: Key) -> bool:
        """Whether a caller runs a function or signature, not the loader or a saver alone."""
        if key.kind != "function":
            return key.kind == "signature"
        starts = self._starts.of(str(key.id))
        if starts is not None:
            return any(start.when not in (LOAD, SAVER) for start in starts)
        return not is_saver(str(key.id))

    @cached_property
    def _asset_variables(self) -> dict[int | None, Value]:
        """Variables of the main graph in which TensorFlow keeps the path of an asset while it loads the model."""
        main = self._library.main
        found: dict[int | None, Value] = {}
        loaded = {number for start, numbers in self._starts.main if start.when == LOAD for number in numbers}
        others: set[int | None] = set()
        for number, op in enumerate(main.ops):
            if op in ("AssignVariableOp", "Assign") and len(main.producers[number]) > 1:
                value = main.input_origin(number, 1)
                fed = self.fed("", value) if value is not None and value >= 0 and number in loaded else None
                if fed is not None and fed[0].origin == "asset":
                    found[main.input_origin(number, 0)] = fed
                else:
                    others.add(main.input_origin(number, 0))
        return {number: value for number, value in found.items() if number not in others}

    def _key_at(self, body: str, index: BodyIndex, origin: int | None) -> Key | None:
        """The variable or table that a node of the main graph, or a function's argument, stands for."""
        if origin is None:
            return None
        if not body:
            return self._graph.main_resource(origin)
        bound = self._bound.get(body, ())
        position = -1 - origin - (len(index.arguments) - len(bound))
        return self._graph.key_of(bound[position]) if origin < 0 <= position < len(bound) else None

    def unfollowed(self, place: Place, index: BodyIndex, number: int) -> Value:
        """A value that an op makes which is not looked into: whoever gives what it depends on decides about it."""
        value = self._reaching(place)
        (piece,) = value
        return hole(piece.origin, f"{index.ops[number]} of {piece.text}" if piece.text else index.ops[number])

    def _reaching(self, start: Place) -> Value:
        """What a value depends on, by data flow alone: a caller's input before what is stored, before nothing."""
        index = self.index(start.body)
        number = index.producer(start.reference)
        if number is None:
            return hole("computed", "")
        key = (start.body, number)
        if key not in self._reached:
            self._reached[key] = self._walk(key)
        return self._reached[key]

    def _walk(self, start: tuple[str, int]) -> Value:
        seen = {start}
        stack = [start]
        stored = ""
        while stack:
            self._searched += 1
            if len(seen) > MAX_SEEN or self._searched > MAX_SEARCHED:
                return hole("computed", "more ops than are followed")
            body, number = stack.pop()
            index = self.index(body)
            before: list[tuple[str, int | None]] = []
            if number < 0:
                known, places, datasets = self._steps_to(body, -1 - number)
                if known is not None and known[0].origin in ("caller", "loader"):
                    return known
                stored = stored or (known[0].text if known is not None and known[0].origin == "stored" else "")
                before = [(one.body, self.index(one.body).producer(one.reference)) for one in (*places, *datasets)]
            else:
                fed = self.fed(body, number)
                if fed is not None and fed[0].origin != "asset":
                    return fed
                op = index.ops[number]
                if op == "Placeholder":
                    return hole("caller", _given("caller", index.names[number]))
                if op in _KEPT:
                    stored = stored or f"a {'variable' if 'Var' in op else 'table' if 'Table' in op else 'file'}"
                elif op not in _SIZES and fed is None:
                    before = [(body, one) for one in index.producers[number]]
                    inner = self.returned(body, number, None) if number in index.calls_at else []
                    before += [(one.body, self.index(one.body).producer(one.reference)) for one in inner]
            for one_body, one in before:
                if one is not None and (one_body, one) not in seen:
                    seen.add((one_body, one))
                    stack.append((one_body, one))
        return hole("stored", stored) if stored else hole("computed", "")

    def _steps_to(self, function: str, argument: int) -> tuple[Value | None, list[Place], list[Place]]:
        """As ``arriving``, of known values only the one that counts most, and without a search inside the search."""
        count = len(self.index(function).arguments)
        known: list[Value] = []
        places: list[Place] = []
        bound = self._bound.get(function, ())
        position = argument - (count - len(bound))
        if position >= 0:
            self._add_bound(bound[position], known, places)
            return (known[0] if known else None), places, []
        callers = self._handed(function)
        places += [Place(body, reference) for body, _, handed in callers for reference in handed.get(argument, ())]
        if not places:
            places = [one for body, call, _ in callers for one in self._inputs(body, call)]
        known = self._from_start(function, argument)
        return (known[0] if known else None), places, []

    def _inputs(self, body: str, call: Call) -> list[Place]:
        return [Place(body, reference) for reference in self.index(body).data_inputs(call.node)]

    def _handed(self, function: str) -> tuple[_Handed, ...]:
        found = self._arguments.get(function)
        if found is None:
            count = len(self.index(function).arguments)
            every = []
            for body, call in self.callers.get(function, ()):
                handed: dict[int, list[str]] = {}
                for reference, position in argument_mapping(self.index(body), call, count):
                    handed.setdefault(position, []).append(reference)
                every.append((body, call, handed))
            found = self._arguments[function] = tuple(every)
        return found

    @cached_property
    def callers(self) -> dict[str, list[tuple[str, Call]]]:
        """(body, call) of every call by the function that is called."""
        found: dict[str, list[tuple[str, Call]]] = {}
        for body in ("", *self._library.functions):
            for call in self.index(body).calls:
                found.setdefault(call.function, []).append((body, call))
        return found

    @cached_property
    def _bound(self) -> dict[str, tuple[int, ...]]:
        objects = self._graph.meta_graph.objects
        return {one.name: one.bound_inputs for one in objects.concrete_functions} if objects else {}


_ORIGIN_OF: dict[str, Origin] = {"asset": "asset", "loader": "loader", "caller": "caller"}


def _given(origin: str, name: str) -> str:
    return f"input {name}" if origin == "caller" else "place of the checkpoint"
