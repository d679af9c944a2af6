"""Traces of one function on both sides: which calls still find one, and how what they return differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from smanalyze.facts.spec_text import spec_text
from smanalyze.model.tensors import Shape, Structure
from smanalyze.report.changes import SignaturePair, TracePair, shape_words
from smanalyze.report.python_changes import ArgumentPair, ReturnChange
from smanalyze.report.sections import Trace
from smanalyze.report.tensors import Tensor

_TENSORS = ("tensor", "bounded_tensor")
MAX_KEYS = 6
MAX_COMPARED = 100_000
"""Comparisons of traces for one function; of what is left beyond, nothing is said."""

Values = Mapping[str, Structure]


class ToldOutputs:
    """What the rules about signatures say of outputs already: a function behind them returns the same. ``encoded``: one
    that is sparse, ragged or composite changed."""

    def __init__(self, signatures: tuple[SignaturePair, ...]) -> None:
        self._specs: set[tuple[str, str]] = set()
        self._names: list[tuple[frozenset[str], frozenset[str]]] = []
        self.encoded = False
        for pair in signatures:
            if pair.old is not None and pair.new is not None:
                before, after = (frozenset(t.name for t in side.outputs) for side in (pair.old, pair.new))
                self._names.append((before - after, after - before))
                for one in pair.outputs:
                    if one.old is not None and one.new is not None:
                        self._specs.add((_tensor_words(one.old), _tensor_words(one.new)))
                        self.encoded |= _is_encoded(one.old) and one.old.components != one.new.components

    def spec(self, old: str, new: str) -> bool:
        """Whether an output went from one spec to the other."""
        return (old, new) in self._specs

    def names(self, gone: frozenset[str], new: frozenset[str]) -> bool:
        """Whether outputs of these names went and came."""
        return any(gone <= before and new <= after for before, after in self._names)


def _is_encoded(tensor: Tensor) -> bool:
    return tensor.encoding != "dense"


def _tensor_words(tensor: Tensor) -> str:
    return f"{tensor.dtype} {shape_words(tensor.shape)}"


def match_traces(
    old: tuple[Trace, ...],
    new: tuple[Trace, ...],
    arguments: tuple[ArgumentPair, ...] = (),
    told: ToldOutputs | None = None,
) -> tuple[TracePair, ...]:
    """Each old trace with the new one that takes all that it takes, the closest first; then what is new.

    ``arguments`` say which names belong together: one that is gone, or is new and required, is left out here, for it is
    told by itself; one that is new with a default must have been traced for it.
    """
    known = told or ToldOutputs(())
    names = {pair.old.name: pair.new.name for pair in arguments if pair.old is not None and pair.new is not None}
    gone = {pair.old.name for pair in arguments if pair.old is not None and pair.new is None}
    come = {pair.new.name: pair.new.default for pair in arguments if pair.new is not None and pair.old is None}
    values = [{argument.name: argument.value for argument in trace.arguments} for trace in new]
    equal = {_key(there): number for number, there in reversed(list(enumerate(values)))}
    pairs: list[TracePair] = []
    taken: set[int] = set()
    budget = MAX_COMPARED
    for one in old:
        wanted = {names.get(a.name, a.name): a.value for a in one.arguments if a.name not in gone}
        twin = equal.get(_key(wanted))
        if twin is None:
            budget -= len(new)
            if budget < 0:
                return tuple(pairs)
            fits = [number for number, there in enumerate(values) if _takes_all(there, wanted, come)]
            twin = min(fits, key=lambda number: (number in taken, number), default=None)
        if twin is not None:
            taken.add(twin)
            wider = not _takes_all(wanted, values[twin], come)
            pairs.append(TracePair(one, new[twin], takes(one), _returns(one, new[twin], known), wider))
        else:
            alone = len(old) == len(new) == 1
            pairs.append(TracePair(one, None, takes(one), misses=_misses(wanted, values[0]) if alone else ()))
    known_keys = {_key(values[number]) for number in taken}
    left = [number for number in range(len(new)) if number not in taken and _key(values[number]) not in known_keys]
    return (*pairs, *(TracePair(None, new[number], takes(new[number])) for number in left))


def _misses(wanted: Values, there: Values) -> tuple[str, ...]:
    """Where the only trace of the other side takes something else, a line each."""
    nothing = ToldOutputs(())
    return tuple(
        f"{name}{one.place}: {one.old} → {one.new}"
        for name, value in wanted.items() if name in there
        for one in _differences(value, there[name], nothing)
    )  # fmt: skip


def _key(values: Values) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, structure_words(value)) for name, value in values.items()))


def _takes_all(there: Values, wanted: Values, come: Mapping[str, str | None]) -> bool:
    """Whether a trace takes every call that another one takes; ``come`` are arguments that only one side has."""
    for name, value in there.items():
        if name in wanted:
            if not covers(value, wanted[name]):
                return False
        elif name not in come or (come[name] is not None and spec_text(value) != come[name]):
            return False
    return all(name in there or name in come for name in wanted)


def covers(wide: Structure, narrow: Structure) -> bool:
    """Whether whatever fits the narrow spec fits the wide one, as the loader compares them: names mean nothing
    (tensorflow/python/saved_model/function_deserialization.py, _concrete_function_callable_with)."""
    stack = [(wide, narrow)]
    while stack:
        one, other = stack.pop()
        if one.kind in _TENSORS and other.kind in _TENSORS:
            if one.dtype != other.dtype or not _wider(one.shape, other.shape):
                return False
            continue
        kinds = (one.kind, one.value, len(one.items)) == (other.kind, other.value, len(other.items))
        names = one.kind not in ("type_spec", "named_tuple") or one.name == other.name
        shapes = _wider(one.shape, other.shape) if one.kind == "shape" else True
        if not kinds or not names or not shapes or one.dtype != other.dtype:
            return False
        if [item.key for item in one.items] != [item.key for item in other.items]:
            return False
        stack += zip(one.items, other.items, strict=True)
    return True


def _wider(wide: Shape, narrow: Shape) -> bool:
    if wide is None:
        return True
    return narrow is not None and len(wide) == len(narrow) and all(
        one is None or one == other for one, other in zip(wide, narrow, strict=True)
    )  # fmt: skip


# In words -------------------------------------------------------------------------------------------------------------


def takes(trace: Trace) -> str:
    """What a trace takes, in words without generated names: ``x=float32 [?, 2], training=False``."""
    return ", ".join(f"{argument.name}={structure_words(argument.value)}" for argument in trace.arguments)


def structure_words(value: Structure) -> str:
    """A structured value in short: tensors by dtype and shape, the rest as Python writes it."""
    if value.kind in _TENSORS:
        return f"{value.dtype} {shape_words(value.shape)}"
    if value.kind == "dict":
        return "{" + ", ".join(f"{item.key!r}: {structure_words(item)}" for item in value.items) + "}"
    if value.kind in ("list", "tuple", "named_tuple"):
        inner = ", ".join(map(structure_words, value.items))
        return f"[{inner}]" if value.kind == "list" else f"({inner}{',' * (len(value.items) == 1)})"
    return spec_text(value)


# Results --------------------------------------------------------------------------------------------------------------


def _returns(old: Trace, new: Trace, told: ToldOutputs) -> tuple[ReturnChange, ...]:
    before, after = old.returns_value, new.returns_value
    if before is None or after is None:
        return ()
    return tuple(dict.fromkeys(_differences(before, after, told)))


def _differences(before: Structure, after: Structure, told: ToldOutputs) -> Iterator[ReturnChange]:
    stack = [("", before, after)]
    while stack:
        place, old, new = stack.pop()
        if old.kind == "unknown" or new.kind == "unknown":
            continue
        if old.kind in _TENSORS and new.kind in _TENSORS:
            yield from _spec(place, old, new, told)
        elif old.kind == new.kind == "dict":
            ours, theirs = ({item.key or "": item for item in side.items} for side in (old, new))
            yield from _keys(place, frozenset(ours), frozenset(theirs), told)
            stack += [(f"{place}[{key!r}]", item, theirs[key]) for key, item in ours.items() if key in theirs]
        elif _same_holder(old, new):
            stack += [(f"{place}[{n}]", *both) for n, both in enumerate(zip(old.items, new.items, strict=True))]
        elif old.kind == new.kind and old.kind not in ("list", "tuple", "named_tuple"):
            if not (covers(old, new) and covers(new, old)):
                yield ReturnChange("spec", place, structure_words(old), structure_words(new), told.encoded)
        else:
            yield ReturnChange("structure", place, structure_words(old), structure_words(new))


def _same_holder(old: Structure, new: Structure) -> bool:
    held = old.kind in ("list", "tuple", "named_tuple") and old.kind == new.kind and len(old.items) == len(new.items)
    return held and [item.key for item in old.items] == [item.key for item in new.items]


def _keys(place: str, old: frozenset[str], new: frozenset[str], told: ToldOutputs) -> Iterator[ReturnChange]:
    if old != new:
        words = [_key_words(side, old & new) for side in (old, new)]
        yield ReturnChange("keys" if old < new else "structure", place, words[0], words[1],
                           not place and told.names(old - new, new - old))  # fmt: skip


def _key_words(keys: frozenset[str], common: frozenset[str]) -> str:
    """The keys of a dict; of many only those that the other side lacks."""
    shown = sorted(keys) if len(keys) <= MAX_KEYS else ["…", *sorted(keys - common)]
    return "{" + ", ".join(shown) + "}"


def _spec(place: str, old: Structure, new: Structure, told: ToldOutputs) -> Iterator[ReturnChange]:
    words = structure_words(old), structure_words(new)
    if words[0] == words[1]:
        return
    kind = "spec"
    if old.dtype == new.dtype and _wider(new.shape, old.shape):
        kind = "widened"
    elif old.dtype == new.dtype and _wider(old.shape, new.shape):
        kind = "narrowed"
    yield ReturnChange(kind, place, *words, told=told.spec(*words))
