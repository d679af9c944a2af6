"""What an op works on: strings followed backwards through bodies, calls, branches, loops and datasets."""

from __future__ import annotations

from collections.abc import Callable

from smanalyze.facts.names import Names
from smanalyze.facts.operand_constants import Constants
from smanalyze.facts.operand_flow import Flow, Place
from smanalyze.facts.operand_ops import (
    ELEMENTS,
    EVERY,
    FIRST,
    MAPS,
    PLAIN,
    SAME_ELEMENTS,
    SOURCES,
    STORED,
)
from smanalyze.facts.operand_values import (
    Value,
    Values,
    decoded,
    either,
    formatted,
    hole,
    joined,
    mapped,
    plain,
    text_of,
    text_value,
)
from smanalyze.facts.starts import Starts
from smanalyze.graph.body import BodyIndex, output_position
from smanalyze.graph.model_graph import ModelGraph

MAX_LOOKS = 500_000
"""Places that are looked at for one MetaGraph; loops are looked at more than once."""

MAX_INPUTS = 1_000
"""Inputs of one op that are followed; what comes after them is not known."""

MAX_DEPTH = 100
"""Ops that are followed one behind another; real names are put together from a few."""


class Operands:
    """The search over one MetaGraph; what was found of a place is kept."""

    def __init__(self, graph: ModelGraph, names: Names, starts: Starts) -> None:
        self.flow = Flow(graph, names, starts)
        self._constants = Constants(self.flow, graph.meta_graph.graph)
        self._found: dict[tuple[str, int | None, int, bool], Values] = {}
        self._open: dict[tuple[str, int | None, int, bool], int] = {}
        self._lowest = MAX_LOOKS
        self._looks = 0

    def of(self, body: str, reference: str) -> Values:
        """What a reference of a body ("" is the main graph) may hold."""
        return self._value(Place(body, reference), 0)

    def _value(self, place: Place, depth: int, *, elements: bool = False) -> Values:
        """The value of a place, or of the elements of the dataset that it holds."""
        index = self.flow.index(place.body)
        number = index.producer(place.reference)
        key = (place.body, number, output_position(place.reference), elements)
        found = self._found.get(key)
        if found is not None:
            return found
        if key in self._open:  # met again while it is looked at: a loop, which adds nothing
            self._lowest = min(self._lowest, self._open[key])
            return ()
        self._looks += 1
        if self._looks > MAX_LOOKS:
            return (hole("computed", "more ops than are followed"),)
        level = self._open[key] = len(self._open)
        outer, self._lowest = self._lowest, level
        found = self._look(place, index, number, depth, elements)
        del self._open[key]
        if self._lowest == level:
            self._found[key] = found
            self._lowest = outer
        else:  # it belongs to a loop that is still looked at, and may be more than was seen
            self._lowest = min(self._lowest, outer)
        return found

    def _look(self, place: Place, index: BodyIndex, number: int | None, depth: int, elements: bool) -> Values:
        if number is None:
            return (hole("computed", "a node that is not there"),)
        if depth > MAX_DEPTH:
            return (hole("computed", "a long chain of ops"),)
        if number < 0:
            return self._argument(place, -1 - number, depth, elements)
        if elements:
            return self._elements(place, index, number, depth)
        fed = self.flow.fed(place.body, number)
        if fed is None:
            return self._made(place, index, number, depth)
        made = self._made(place, index, number, depth) if self.flow.is_unfed(place.body, number) else ()
        return either((fed,), made)

    def _made(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """What a node makes where it is not fed."""
        op = index.ops[number]
        handler = _HANDLERS.get(op)
        if handler is not None:
            return handler(self, place, index, number, depth)
        if op in STORED:
            return (self.flow.stored(place.body, index, number, STORED[op]),)
        if op in FIRST:
            return self._input(place, index, number, 0, depth)
        if op in EVERY:
            return either(*self._inputs(place, index, number, depth))
        returned = self.flow.returned(place.body, number, output_position(place.reference))
        if returned:
            return either(*(self._value(one, depth + 1) for one in returned))
        return (self.flow.unfollowed(place, index, number),)

    def _input(self, place: Place, index: BodyIndex, number: int, position: int, depth: int) -> Values:
        inputs = index.data_inputs(number)
        if position >= len(inputs):
            return (hole("computed", f"an input that {index.names[number]} lacks"),)
        return self._value(Place(place.body, inputs[position]), depth + 1)

    def _inputs(self, place: Place, index: BodyIndex, number: int, depth: int) -> list[Values]:
        references = index.data_inputs(number)
        found = [self._value(Place(place.body, reference), depth + 1) for reference in references[:MAX_INPUTS]]
        if len(references) > MAX_INPUTS:
            found.append((hole("computed", f"{len(references) - MAX_INPUTS:,} more inputs"),))
        return found

    def _argument(self, place: Place, argument: int, depth: int, elements: bool) -> Values:
        known, places, datasets = self.flow.arriving(place.body, argument)
        self._looks += len(places) + len(datasets)
        found: list[Values] = [known]
        found += [self._value(one, depth + 1, elements=elements) for one in places]
        found += [self._value(one, depth + 1, elements=True) for one in datasets]
        if not known and not places and not datasets:
            return (hole("computed", "an argument that nothing gives"),)
        return either(*found)

    def _elements(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """What the elements of a dataset may hold, whichever component."""
        op = index.ops[number]
        if op in ELEMENTS:
            return either(*self._inputs(place, index, number, depth))
        if op in SOURCES:
            return (hole("stored", f"records of a {SOURCES[op]}"),)
        if op in ("MatchingFilesDataset", "ExperimentalMatchingFilesDataset"):
            return self._input(place, index, number, 0, depth)
        if op.endswith(MAPS):
            deeper = "Map" not in op or op == "FlatMapDataset"  # those give datasets, whose elements count
            returned = self.flow.returned(place.body, number, None)
            return either(*(self._value(one, depth + 1, elements=deeper) for one in returned))
        inputs = index.data_inputs(number)
        if op in ("ZipDataset", "ConcatenateDataset"):
            return either(*(self._value(Place(place.body, one), depth + 1, elements=True) for one in inputs))
        if inputs and (op in SAME_ELEMENTS or op in FIRST):
            return self._value(Place(place.body, inputs[0]), depth + 1, elements=True)
        found: list[Values] = [(self.flow.unfollowed(place, index, number),)]
        if op not in SOURCES and "Dataset" in op:  # its elements may be those of any input, or of any function
            ends = [*self.flow.returned(place.body, number, None), *(Place(place.body, one) for one in inputs)]
            found += [self._value(one, depth + 1, elements=deep) for one in ends for deep in (False, True)]
        return either(*found)

    # Ops that make texts ---------------------------------------------------------------------------------------

    def _const(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return self._constants.values(place.body, number)

    def _join(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return joined(self._inputs(place, index, number, depth), index.node(number).attr_string("separator"))

    def _add(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        if index.node(number).attr_type("T") != "string":
            return (self.flow.unfollowed(place, index, number),)
        return joined(self._inputs(place, index, number, depth))

    def _format(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        node = index.node(number)
        placeholder = node.attr_string("placeholder") or "%s"
        return formatted(node.attr_string("template"), placeholder, self._inputs(place, index, number, depth))

    def _reduce_join(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """The elements of one list after another; of several lists each alone may be one text."""
        inputs = index.data_inputs(number)
        source = index.producer(inputs[0]) if inputs else None
        separator = index.node(number).attr_string("separator")
        axis = self._constants.integer(place.body, inputs[1]) if len(inputs) > 1 else None
        if source is not None and source >= 0 and axis == 0:
            texts = self._constants.row(place.body, source)
            if texts is not None:
                more = [(hole("computed", f"{len(texts) - MAX_INPUTS:,} more"),)] if len(texts) > MAX_INPUTS else []
                return joined([*((text_value(text),) for text in texts[:MAX_INPUTS]), *more], separator)
            if self._is_stack(place.body, source):
                return joined(self._inputs(place, index, source, depth), separator)
        return mapped(self._input(place, index, number, 0, depth), lambda text: None, "ReduceJoin")

    def _choice(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return either(*self._inputs(place, index, number, depth)[1:])

    def _second(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return self._input(place, index, number, 1, depth)

    def _default(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """A value that holds unless a session feeds another."""
        fed = (hole("caller", f"fed to {index.names[number]}"),)
        return either(self._input(place, index, number, 0, depth), () if place.body else fed)

    def _one_of_n(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return self._input(place, index, number, output_position(place.reference), depth)

    def _sharded(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return joined([self._input(place, index, number, 0, depth), (hole("computed", "shard"),)], "-")

    def _replaced(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """Text in which some was replaced. The path of an asset without the asset's name leads to its folder: so
        TensorFlow Decision Forests finds its files."""
        values = self._input(place, index, number, 0, depth)
        node = index.node(number)
        rewrite = node.attr_string("rewrite") if index.ops[number] == "StaticRegexReplace" else "/"
        pattern = node.attr_string("pattern")
        if (rewrite.isalnum() or not rewrite) and PLAIN.fullmatch(pattern):
            own = [value for value in values if _is_named(value, pattern)]
            cut = tuple(hole("asset", f"folder of {plain(value)}") for value in own)
            others = tuple(value for value in values if value not in own)
            return either(cut, mapped(others, _TEXT_OPS["RegexReplace"], index.ops[number]))
        return mapped(values, _TEXT_OPS["RegexReplace"], index.ops[number])

    def _picked(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """One element of a list whose place is a constant; any of them where it is not."""
        every = self._input(place, index, number, 0, depth)
        inputs, node = index.data_inputs(number), index.node(number)
        source = index.producer(inputs[0]) if inputs else None
        if index.ops[number] == "StridedSlice":  # a range of them is not one, nor is the list with one axis more
            others = node.attr_int("new_axis_mask") or node.attr_int("ellipsis_mask")
            is_one = node.attr_int("shrink_axis_mask") == 1 and not others
        else:
            is_one = len(inputs) > 2 and self._constants.integer(place.body, inputs[2]) == 0
        position = self._constants.integer(place.body, inputs[1]) if is_one and len(inputs) > 1 else None
        if source is None or source < 0 or position is None or position < 0:
            return every
        texts = self._constants.row(place.body, source)
        if texts is not None:
            return (text_value(texts[position]),) if position < len(texts) else every
        items = index.data_inputs(source) if self._is_stack(place.body, source) else []
        return self._value(Place(place.body, items[position]), depth + 1) if position < len(items) else every

    def _is_stack(self, body: str, number: int) -> bool:
        """Whether a node lists its inputs one after another, and nobody feeds another list."""
        index = self.flow.index(body)
        if index.ops[number] != "Pack" or self.flow.fed(body, number) is not None:
            return False
        return not index.node(number).attr_int("axis")

    def _cut(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        """A piece of a text, counted in bytes (core/kernels/substr_op.cc); from its end where the place is negative."""
        inputs = index.data_inputs(number)
        start, size = (
            (self._constants.integer(place.body, one) for one in inputs[1:3]) if len(inputs) == 3 else (None, None)
        )
        if index.node(number).attr_string("unit") == "UTF8_CHAR":
            start = None

        def cut(text: str) -> str | None:
            data = text.encode("utf-8", "surrogateescape")
            if start is None or size is None or size < 0 or not -len(data) <= start <= len(data):
                return None
            first = start + len(data) if start < 0 else start
            return text_of(data[first : first + size])

        return mapped(self._input(place, index, number, 0, depth), cut, "Substr")

    def _changed(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        op = index.ops[number]
        return mapped(self._input(place, index, number, 0, depth), _TEXT_OPS[op], op)

    def _placeholder(self, place: Place, index: BodyIndex, number: int, depth: int) -> Values:
        return (hole("caller", f"fed to {index.names[number]}"),)


def _is_named(value: Value, name: str) -> bool:
    """Whether a value is the path of an asset alone, whose name ends so."""
    return len(value) == 1 and value[0].origin == "asset" and value[0].text.endswith(name)


_TEXT_OPS: dict[str, Callable[[str], str | None]] = {
    "StringLower": str.lower,
    "StringUpper": str.upper,
    "StringStrip": str.strip,
    "DecodeBase64": decoded,
    "AsString": lambda text: text.strip("[]") if text.strip("[]").lstrip("-").isdecimal() else None,
    "RegexReplace": lambda text: None,
    "StringSplit": lambda text: None,
    "StringSplitV2": lambda text: None,
}

_Handler = Callable[[Operands, Place, BodyIndex, int, int], Values]
_HANDLERS: dict[str, _Handler] = {
    "Const": Operands._const, "StringJoin": Operands._join, "Add": Operands._add, "AddV2": Operands._add,
    "StringFormat": Operands._format, "ReduceJoin": Operands._reduce_join, "Select": Operands._choice,
    "SelectV2": Operands._choice, "Split": Operands._second, "PlaceholderWithDefault": Operands._default,
    "IdentityN": Operands._one_of_n, "ShardedFilename": Operands._sharded, "ShardedFilespec": Operands._sharded,
    "Placeholder": Operands._placeholder, "PlaceholderV2": Operands._placeholder,
    **dict.fromkeys(_TEXT_OPS, Operands._changed), "RegexReplace": Operands._replaced,
    "Substr": Operands._cut, "StridedSlice": Operands._picked, "GatherV2": Operands._picked,
    "StaticRegexReplace": Operands._replaced,
}  # fmt: skip
