"""Whether the rows of embeddings and tables still fit the lines of the vocabulary that numbers them."""

from __future__ import annotations

from functools import cached_property

from smanalyze.diff.side import Side
from smanalyze.facts.program import Program
from smanalyze.graph.body import BodyIndex, Call, argument_mapping
from smanalyze.graph.keys import FILE_INITIALIZERS, Key
from smanalyze.report.sections import AssetRow

MAX_SPARE = 10
"""Rows that an embedding may have beyond the lines: for words that are not listed, for padding."""

_GATHERS = frozenset({"ResourceGather", "GatherV2", "Gather", "SparseSegmentSum", "SparseSegmentMean"})


class RowCounts:
    """The embeddings and table sizes of both sides, found when a vocabulary changed its number of lines."""

    def __init__(self, old: Side, new: Side) -> None:
        self.old, self.new = old, new

    def of(self, asset: AssetRow, lines: tuple[int | None, int | None]) -> tuple[tuple[str, int], ...]:
        """What fitted the old number of lines and does not fit the new: variables with their rows, and tables with the
        number of lines that the graph demands."""
        before, after = lines
        if before is None or after is None or before == after or not before:
            return ()
        found = []
        there = {row.name: row for row in self.new.variables}
        for row in self.old.variables:
            twin = there.get(row.name)
            if twin is not None and row.name in self._gathered and row.shape and twin.shape:
                rows, now = row.shape[0], twin.shape[0]
                fitted = rows is not None and 0 <= rows - before <= MAX_SPARE
                if fitted and rows is not None and now is not None and now - after != rows - before:
                    found.append((f"the variable {row.name}", now))
        if asset.initializes:
            found += [("the size of the table", size) for size in self._table_sizes if size == before]
        return tuple(found)

    @cached_property
    def _table_sizes(self) -> tuple[int, ...]:
        """The number of lines that the new graph demands of files that fill its tables."""
        sizes: dict[int, None] = {}
        for program in self.new.programs:
            library = program.library
            for index in (library.main, *map(library.index, library.functions)):
                if not FILE_INITIALIZERS.isdisjoint(index.op_counts):
                    for number, op in enumerate(index.ops):
                        size = index.node(number).attr_int("vocab_size") if op in FILE_INITIALIZERS else None
                        if size is not None and size >= 0:
                            sizes[size] = None
        return tuple(sizes)

    @cached_property
    def _gathered(self) -> frozenset[str]:
        """Names of the old side's variables from which rows are picked."""
        keys = {key for program in self.old.programs for key in _gathered(program)}
        found: set[str] = set()
        for program in self.old.programs:
            found.update(program.one.names.of(key) for key in keys if key in program.graph.edges)
        return frozenset(found)


def _gathered(program: Program) -> set[Key]:
    """The variables that reach a gathering op as what it picks from."""
    library = program.library
    callers: dict[str, list[tuple[str, Call]]] | None = None
    found: set[Key] = set()
    for name in ("", *library.functions):
        index = library.index(name) if name else library.main
        if _GATHERS.isdisjoint(index.op_counts):
            continue
        callers = callers if callers is not None else _callers(program)
        for number, op in enumerate(index.ops):
            inputs = index.data_inputs(number) if op in _GATHERS else []
            if inputs:
                found |= _variables(program, callers, name, inputs[0])
    return found


def _callers(program: Program) -> dict[str, list[tuple[str, Call]]]:
    found: dict[str, list[tuple[str, Call]]] = {}
    library = program.library
    for name in ("", *library.functions):
        for call in (library.index(name) if name else library.main).calls:
            found.setdefault(call.function, []).append((name, call))
    return found


def _variables(program: Program, callers: dict[str, list[tuple[str, Call]]], function: str, reference: str) -> set[Key]:
    """Variables that a reference in a function's body may be, through reads and callers."""
    library, graph = program.library, program.graph
    seen = {(function, reference)}
    stack = [(function, reference)]
    found: set[Key] = set()
    while stack:
        name, wanted = stack.pop()
        index = library.index(name) if name else library.main
        number = _through_reads(index, wanted)
        if number is None:
            continue
        if number >= 0:
            key = graph.main_resource(number) if not name else None
            found |= {key} if key is not None and key.kind == "variable" else set()
            continue
        count = len(index.arguments)
        for caller, call in callers.get(name, ()):
            pairs = argument_mapping(library.index(caller) if caller else library.main, call, count)
            before = {(caller, reference) for reference, argument in pairs if argument == -1 - number} - seen
            seen |= before
            stack.extend(before)
        found |= _bound(program, name, -1 - number)
    return found


def _through_reads(index: BodyIndex, reference: str) -> int | None:
    """Where a value comes from, looking through the op that reads a variable."""
    for _ in range(4):
        number = index.origin(reference)
        if number is None or number < 0 or index.ops[number] != "ReadVariableOp":
            return number
        inputs = index.data_inputs(number)
        if not inputs:
            return number
        reference = inputs[0]
    return None


def _bound(program: Program, function: str, argument: int) -> set[Key]:
    """The variable that a function of the object tree binds to an argument."""
    objects = program.graph.meta_graph.objects
    concrete = next((c for c in objects.concrete_functions if c.name == function), None) if objects else None
    if concrete is None:
        return set()
    place = argument - (len(program.library.functions[function].inputs) - len(concrete.bound_inputs))
    key = program.graph.key_of(concrete.bound_inputs[place]) if 0 <= place < len(concrete.bound_inputs) else None
    return {key} if key is not None and key.kind == "variable" else set()
