"""What the constants of one MetaGraph hold, for those who follow operands."""

from __future__ import annotations

from contextlib import suppress
from math import prod

from smanalyze.errors import FormatError
from smanalyze.facts.operand_flow import Flow
from smanalyze.facts.operand_values import Values, either, hole, text_of, text_value
from smanalyze.model.graph import Graph


class Constants:
    """Constants whose value nobody feeds; the texts of each are read once."""

    def __init__(self, flow: Flow, graph: Graph) -> None:
        self._flow = flow
        self._graph = graph
        self._texts: dict[tuple[str, int], tuple[int | None, tuple[str, ...]]] = {}

    def values(self, body: str, number: int) -> Values:
        """Each text of a constant; of one without texts what it is for people."""
        index = self._flow.index(body)
        tensor = index.node(number).attr_tensor("value")
        if tensor is None:
            return (hole("computed", f"the constant {index.names[number]}"),)
        if tensor.dtype == "string":
            return either(tuple(text_value(text) for text in dict.fromkeys(self._read(body, number)[1])))
        return either((text_value(index.node(number).attr_text("value")),))

    def row(self, body: str, number: int) -> tuple[str, ...] | None:
        """The texts of a constant list; None for any other node, and for a list of lists."""
        index = self._flow.index(body)
        if index.ops[number] != "Const" or self._flow.fed(body, number) is not None:
            return None
        rank, texts = self._read(body, number)
        return texts if rank == 1 else None

    def integer(self, body: str, reference: str) -> int | None:
        """The integer that a constant holds, alone; None for anything else."""
        index = self._flow.index(body)
        number = index.origin(reference)
        if number is None or number < 0 or index.ops[number] != "Const" or self._flow.fed(body, number) is not None:
            return None
        try:
            value = self._graph.const_value(index.node(number))
        except FormatError:
            return None
        return int(value.reshape(-1)[0]) if value.size == 1 and value.dtype.kind in "iu" else None

    def _read(self, body: str, number: int) -> tuple[int | None, tuple[str, ...]]:
        """(rank, texts); no rank where it is unknown, or where these are no texts."""
        found = self._texts.get((body, number))
        if found is None:
            node = self._flow.index(body).node(number)
            tensor = node.attr_tensor("value")
            if tensor is None or tensor.dtype != "string" or tensor.shape is None:
                found = None, tuple(map(text_of, tensor.strings)) if tensor is not None else ()
            else:
                stored = tensor.strings
                if None not in tensor.shape and prod(size or 0 for size in tensor.shape) > len(stored):
                    with suppress(FormatError):  # an attr tells the first of them alone
                        stored = tuple(self._graph.const_value(node).reshape(-1))
                found = len(tensor.shape), tuple(map(text_of, stored))
            self._texts[body, number] = found
        return found
