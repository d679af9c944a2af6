"""The arguments of one function as both sides define it, matched by name, then by position."""

from __future__ import annotations

from smanalyze.facts.arguments import spec_arguments
from smanalyze.facts.spec_text import spec_text
from smanalyze.model.objects import ObjectFunction
from smanalyze.model.record import record
from smanalyze.model.tensors import Structure
from smanalyze.report.python_changes import ArgumentPair
from smanalyze.report.sections import Callable, Trace
from smanalyze.report.tensors import Argument

TRAINING = "training"
"""The argument that trainers pass by its name: under another one it is not the same."""

Names = tuple[str, ...]


@record
class Defined:
    """The arguments of one side: by position and by keyword alone, with the traces that take them."""

    positional: tuple[Argument, ...]
    keywords: tuple[Argument, ...]
    traces: tuple[Trace, ...]

    def position(self, argument: Argument) -> int | None:
        """Where callers may pass it by position."""
        return self.positional.index(argument) if argument in self.positional else None

    def values(self, name: str) -> list[Structure]:
        """What the traces take there."""
        return [argument.value for trace in self.traces for argument in trace.arguments if argument.name == name]


def defined(function: ObjectFunction | None, callable_: Callable) -> Defined | None:
    """The arguments of a function; None where nothing says how it was defined."""
    if function is None:
        return None
    spec = function.spec
    if spec is not None:
        every = tuple(one for one in spec_arguments(spec) if not one.name.startswith("*"))
        return Defined(every[: len(spec.arg_names)], every[len(spec.arg_names) :], callable_.traces)
    keywords = set(function.argument_keywords)
    if not keywords or any({one.name for one in trace.arguments} != keywords for trace in callable_.traces):
        return None  # the keywords stand for the parts of structured arguments
    named = tuple(Argument(name, "", Structure("unknown")) for name in function.argument_keywords)
    return Defined(named[: function.allowed_positional], named[function.allowed_positional :], callable_.traces)


def match_arguments(old: Defined | None, new: Defined | None) -> tuple[ArgumentPair, ...]:
    """All arguments of both sides, in the order of the old one; () where one side does not tell."""
    if old is None or new is None:
        return ()
    before, after = (*old.positional, *old.keywords), (*new.positional, *new.keywords)
    names = {argument.name: argument for argument in after}
    found = {argument.name: (names[argument.name], "name") for argument in before if argument.name in names}
    left = {argument.name for argument in after} - {argument.name for argument in before}
    for one, other in zip(old.positional, new.positional, strict=False):
        if one.name not in found and other.name in left and _alike(old, one, new, other):
            found[one.name] = (other, "position")
            left.discard(other.name)
    last = max((new.position(found[one.name][0]) or 0 for one in old.positional if one.name in found), default=-1)
    pairs = [_pair(old, one, new, *found.get(one.name, (None, "name"))) for one in before]
    for other in after:
        if other.name in left:
            place = new.position(other)
            pairs.append(ArgumentPair(None, other, None, place, pushes=place is not None and place < last))
    return tuple(pairs)


def _alike(old: Defined, one: Argument, new: Defined, other: Argument) -> bool:
    """Whether an argument of another name at the same place can be the same: neither is ``training``, and the traces
    take the same kinds of values there."""
    if TRAINING in (one.name, other.name):
        return False
    kinds = [{(v.kind, v.dtype) for v in side.values(name)} for side, name in ((old, one.name), (new, other.name))]
    return not all(kinds) or not kinds[0].isdisjoint(kinds[1])


def _pair(old: Defined, one: Argument, new: Defined, other: Argument | None, stage: str) -> ArgumentPair:
    given = any(spec_text(value) != one.default for value in old.values(one.name))
    traced = True
    if other is not None and other.default is not None:
        values = new.values(other.name)
        traced = not values or any(spec_text(value) == other.default for value in values)
    place = None if other is None else new.position(other)
    return ArgumentPair(one, other, old.position(one), place, stage, given, traced)


def reordered(old: Defined | None, new: Defined | None, pairs: tuple[ArgumentPair, ...]) -> tuple[Names, Names]:
    """The names by position on both sides, those that are gone or newly required left out, which are told by
    themselves; empty where callers by position find everything where it was."""
    if old is None or new is None:
        return (), ()
    gone = {pair.old.name for pair in pairs if pair.old is not None and (pair.new is None or pair.new_position is None)}
    told = {pair.new.name for pair in pairs if pair.new is not None and pair.old is None and pair.new.default is None}
    old_names = {pair.new.name: pair.old.name for pair in pairs if pair.new is not None and pair.old is not None}
    before = [argument.name for argument in old.positional if argument.name not in gone]
    after = [old_names.get(one.name, one.name) for one in new.positional if one.name not in told]
    if before == after[: len(before)]:
        return (), ()
    return tuple(argument.name for argument in old.positional), tuple(argument.name for argument in new.positional)
