"""The arguments of two matched functions, matched: captures by what they are, others by name, then by place."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence

from smanalyze.facts.program import Program
from smanalyze.model.graph import ArgumentType

_COUNTER = re.compile(r"(_\d+)+$")


def match_arguments(
    programs: tuple[Program, Program], names: tuple[str, str], fed: Mapping[int, int], renamed: Mapping[bytes, bytes]
) -> dict[int, int]:
    """Argument numbers of the old function to those of the new. ``fed`` are pairs that a matched call feeds alike;
    ``renamed`` gives the old identity of a variable by its new one.

    Functions that are the same are matched as callers hand on to them. Of others the captures are matched by what is
    bound to them; then by name, by what feeds them, by name without its counter, and by place.
    """
    old, new = (program.library.functions[name].argument_types for program, name in zip(programs, names, strict=True))
    digests = [program.merkle.function(name) for program, name in zip(programs, names, strict=True)]
    pairing = _Pairing(old, new)
    if digests[0].value == digests[1].value and not digests[0].is_saver:
        for before, after in zip(digests[0].order, digests[1].order, strict=True):
            pairing.group(before, after, fed)
        return pairing.found
    bound = programs[0].captures(names[0]), programs[1].captures(names[1])
    if bound[0] is not None and bound[1] is not None:
        pairing.bound(bound[0], bound[1], renamed)
    pairing.by(dict(enumerate(map(_full_name, old))), dict(enumerate(map(_full_name, new))))
    for one, other in fed.items():
        pairing.take(one, other)
    pairing.by(dict(enumerate(map(_plain_name, old))), dict(enumerate(map(_plain_name, new))))
    orders = [
        [n for group in digest.order for n in group] or list(range(len(arguments)))
        for digest, arguments in zip(digests, (old, new), strict=True)
    ]
    pairing.rest(orders[0], orders[1])
    return pairing.found


def variable_name(identity: bytes) -> bytes:
    """What is bound, without the path that tells it from others of its name: in a list the path moves."""
    return identity.partition(b"|")[0].rstrip()


def _full_name(argument: ArgumentType) -> Hashable:
    return argument.name, argument.dtype


def _plain_name(argument: ArgumentType) -> Hashable:
    return _COUNTER.sub("", argument.name), argument.dtype


class _Pairing:
    def __init__(self, old: Sequence[ArgumentType], new: Sequence[ArgumentType]) -> None:
        self.arguments = old, new
        self.found: dict[int, int] = {}
        self._left = dict.fromkeys(range(len(old)))
        self._right = dict.fromkeys(range(len(new)))

    def take(self, before: int, after: int) -> None:
        if before in self._left and after in self._right:
            self.found[before] = after
            del self._left[before], self._right[after]

    def group(self, before: Sequence[int], after: Sequence[int], fed: Mapping[int, int]) -> None:
        """Matches arguments that are alike in all their uses: first those fed alike, the rest as they come."""
        for number in before:
            if fed.get(number) in after:
                self.take(number, fed[number])
        mine, others = [n for n in before if n in self._left], [n for n in after if n in self._right]
        for one, other in zip(mine, others, strict=False):
            self.take(one, other)

    def bound(self, old: Mapping[int, bytes], new: Mapping[int, bytes], renamed: Mapping[bytes, bytes]) -> None:
        """Matches captures by what is bound to them. A variable that is bound on one side alone has no partner, but for
        the last of each side, which was replaced; tables, assets and constants are also matched by name."""
        names = {n: variable_name(key) for n, key in new.items()}
        self.by(
            {n: variable_name(key) for n, key in old.items()}, {n: renamed.get(key, key) for n, key in names.items()}
        )
        self.by(old, new)
        named = [
            {n: _full_name(arguments[n]) for n, key in bound.items() if not key.startswith(b"variable ")}
            for arguments, bound in zip(self.arguments, (old, new), strict=True)
        ]
        self.by(named[0], named[1])
        left = [n for n in sorted(old) if n in self._left], [n for n in sorted(new) if n in self._right]
        if len(left[0]) == len(left[1]) == 1:
            self.take(left[0][0], left[1][0])
        for number in old:
            self._left.pop(number, None)
        for number in new:
            self._right.pop(number, None)

    def by(self, old: Mapping[int, Hashable], new: Mapping[int, Hashable]) -> None:
        """Matches what is alone with its identity on both sides."""
        groups: dict[Hashable, tuple[list[int], list[int]]] = {}
        for number in self._left:
            if number in old:
                groups.setdefault(old[number], ([], []))[0].append(number)
        for number in self._right:
            if number in new:
                groups.setdefault(new[number], ([], []))[1].append(number)
        for before, after in groups.values():
            if len(before) == len(after) == 1:
                self.take(before[0], after[0])

    def rest(self, old: Sequence[int], new: Sequence[int]) -> None:
        """What is left, in the order in which callers hand it on, where both sides have as many of a dtype."""
        groups: dict[str, tuple[list[int], list[int]]] = {}
        for number in old:
            if number in self._left:
                groups.setdefault(self.arguments[0][number].dtype, ([], []))[0].append(number)
        for number in new:
            if number in self._right:
                groups.setdefault(self.arguments[1][number].dtype, ([], []))[1].append(number)
        for before, after in groups.values():
            if len(before) == len(after):
                for one, other in zip(before, after, strict=True):
                    self.take(one, other)
