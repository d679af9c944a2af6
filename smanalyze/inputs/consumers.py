"""What consumes the inputs of one signature, and so what they must be."""

from __future__ import annotations

import re

from smanalyze.graph.body import output_position
from smanalyze.inputs.composites import Group, declared_group, input_slots
from smanalyze.inputs.records import Slot
from smanalyze.inputs.rules import RULES
from smanalyze.inputs.sizes import Demands, Dim, Size
from smanalyze.inputs.tables import Tables
from smanalyze.inputs.tensors import UNKNOWN, Source, Tensor
from smanalyze.inputs.walk import Walk
from smanalyze.model.record import record
from smanalyze.model.saved_model import Signature

MAX_PASSES, MAX_OUTPUTS = 4, 10_000


@record
class Wanted:
    """What was found: a source for each slot, the parts that belong together, and the demands on sizes."""

    slots: tuple[Slot, ...]
    sources: tuple[Source, ...]
    groups: tuple[Group, ...]
    demands: Demands


def find_wanted(tables: Tables, signature: Signature) -> Wanted:
    """Follows each input forward. Repeated where a pass tells the rank of an input, or that inputs are the parts of a
    sparse or ragged tensor, whose leading sizes are no batch."""
    ranks: dict[str, int] = {}
    parts: dict[str, Group] = {}
    for _ in range(MAX_PASSES):
        wanted, inner = _one_pass(tables, signature, ranks, parts)
        every = (*wanted.sources, *inner)
        found = {source.name: source.rank_wanted for source in every if source.rank_wanted is not None}
        grouped = {source.name: group for group in wanted.groups for source in group.parts}
        if found.keys() <= ranks.keys() and grouped.keys() <= parts.keys():
            break
        ranks, parts = {**found, **ranks}, {**grouped, **parts}
    return wanted


def _one_pass(
    tables: Tables, signature: Signature, ranks: dict[str, int], parts: dict[str, Group]
) -> tuple[Wanted, list[Source]]:
    demands = Demands()
    walk = Walk(tables, demands, RULES, ranks)
    main = tables.graph.library.main
    slots: list[Slot] = []
    sources: list[Source] = []
    given: dict[int, list[Tensor]] = {}
    groups: list[Group] = []
    for info in signature.inputs:
        own = input_slots(info)
        made = [_source(slot, demands, ranks, slot.keyword in parts or bool(slot.role)) for slot in own]
        slots += own
        sources += made
        group = declared_group(info, tuple(made))
        if group is not None:
            groups.append(group)
            parts = {**{source.name: group for source in made}, **parts}
        for slot, source in zip(own, made, strict=True):
            number = main.producer(slot.tensor_name)
            if number is not None and number >= 0:
                source.numbers = _shape_numbers(source, parts.get(source.name), demands)
                _give(given.setdefault(number, []), output_position(slot.tensor_name), source)
    for number in given:
        # Before GraphDef version 24 an empty shape said nothing (array_ops.cc: Placeholder).
        if main.ops[number] == "Placeholder" and (shape := main.node(number).attr_shape("shape")):
            given[number] = [walk.declared(tensor, shape, main.names[number]) for tensor in given[number]]
    walk.start(signature.key, given)
    _share_lengths(sources, demands)
    found = dict.fromkeys((*groups, *_apart(walk.groups, groups)))
    return Wanted(tuple(slots), tuple(sources), tuple(found), demands), walk.inner


def _give(outputs: list[Tensor], position: int, source: Source) -> None:
    """Makes one output of a node hold a source; a tensor that is fed under two keys holds both."""
    outputs += [UNKNOWN] * (min(position, MAX_OUTPUTS) + 1 - len(outputs))
    if position < len(outputs):
        known = outputs[position]
        outputs[position] = Tensor((*known.sources, (source, 0)), known.dims or source.dims, source.numbers)


def _shape_numbers(source: Source, group: Group | None, demands: Demands) -> tuple[Size, ...] | None:
    """The elements of a sparse tensor's dense shape; the first that nothing fixes is the batch."""
    if group is None or group.kind != "sparse" or group.parts[2].name != source.name or group.shape is None:
        return None
    found: list[Size] = []
    for place, size in enumerate(group.shape):
        unknown = demands.batch if place == 0 else demands.new(f"{source.name}[{place}]")
        found.append(unknown if size is None else size)
    return tuple(found)


def _source(slot: Slot, demands: Demands, ranks: dict[str, int], is_part: bool) -> Source:
    shape = slot.shape
    if shape is None and slot.keyword in ranks:
        shape = (None,) * ranks[slot.keyword]
    if shape is None:
        return Source(slot.keyword, slot.dtype, None)
    dims: list[Size] = []
    for place, size in enumerate(shape):
        if size is not None:
            dims.append(size)
        elif place == 0 and not is_part:
            dims.append(demands.batch)
        else:
            dims.append(demands.new(f"{slot.keyword}[{place}]"))
    return Source(slot.keyword, slot.dtype, tuple(dims))


def _apart(found: dict[Group, None], known: list[Group]) -> list[Group]:
    """The groups none of whose parts is in one that is known already."""
    taken = {part for group in known for part in group.parts}
    kept: list[Group] = []
    for group in found:
        if not taken & set(group.parts):
            taken |= set(group.parts)
            kept.append(group)
    return kept


def _share_lengths(sources: list[Source], demands: Demands) -> None:
    """Inputs whose names share a word (``input_ids``, ``input_mask``, ``segment_ids``) have their unknown sizes in
    common, where nothing else decides about them."""
    told = set(demands.reasons())
    first: dict[tuple[str, int, int], Dim] = {}
    for source in sources:
        words = dict.fromkeys(re.findall(r"[a-z]{2,}", source.name.lower()))
        for place, size in enumerate(source.dims or ()):
            for word in words:
                if isinstance(size, Dim):
                    known = first.setdefault((word, len(source.dims or ()), place), size).root()
                    fixed = {known, size.root()} & told
                    if len(fixed) < len({known, size.root()}):
                        demands.equal(known, size, "")
                        told |= {size.root()} if fixed else set()
