"""Unknown sizes: what the consumers of a tensor demand of them, and sizes that meet the demands.

An unknown size is a ``Dim``; what becomes of it is an expression that can be computed once the sizes are chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Union

MAX_SIZE = 4096
"""No size above this is looked for."""

MAX_TERMS = 200
"""An expression with more parts is not followed: a graph that doubles a size sixty times would never end."""


class Dim:
    """One unknown size; ``name`` is for people. ``same`` leads to the one that it must be equal to."""

    __slots__ = ("name", "same")

    def __init__(self, name: str) -> None:
        self.name = name
        self.same: Dim | None = None

    def root(self) -> Dim:
        """The one that stands for all that must be equal."""
        found = self
        while found.same is not None:
            found = found.same
        return found


class Product(NamedTuple):
    """Sizes that were folded into one."""

    factors: tuple[Size, ...]


class Window(NamedTuple):
    """What a window leaves of a size: of a convolution, a pooling, or a slice with steps."""

    of: Size
    width: int
    step: int
    same: bool  # padded so that no place is lost


class Sum(NamedTuple):
    """Sizes one after another."""

    terms: tuple[Size, ...]


class Share(NamedTuple):
    """A size divided by others, as Reshape works out its -1."""

    of: Size
    by: Size


Size = Union[int, Dim, Product, Window, Sum, Share, None]  # noqa: UP007  (the names before it are strings still)
"""None: nothing is known."""

Sizes = dict[Dim, int]


def size_of(size: Size, chosen: Sizes) -> int | None:
    """The number, None where the chosen sizes do not tell it."""
    if size is None or isinstance(size, int):
        return size
    if isinstance(size, Dim):
        return chosen.get(size.root())
    if isinstance(size, Window):
        whole = size_of(size.of, chosen)
        if whole is None:
            return None
        return -(-whole // size.step) if size.same else (whole - size.width) // size.step + 1
    if isinstance(size, Share):
        whole, part = size_of(size.of, chosen), size_of(size.by, chosen)
        return None if whole is None or not part or whole % part else whole // part
    parts = [size_of(part, chosen) for part in (size.factors if isinstance(size, Product) else size.terms)]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if isinstance(size, Sum):
        return sum(known)
    total = 1
    for part in known:
        total *= part
    return total


def dims_in(size: Size) -> set[Dim]:
    """The unknown sizes that an expression needs."""
    if isinstance(size, Dim):
        return {size.root()}
    if isinstance(size, Window):
        return dims_in(size.of)
    if isinstance(size, Share):
        return dims_in(size.of) | dims_in(size.by)
    if isinstance(size, Product | Sum):
        parts = size.factors if isinstance(size, Product) else size.terms
        return {dim for part in parts for dim in dims_in(part)}
    return set()


def product(factors: Iterable[Size]) -> Size:
    """The sizes folded into one; None where one is unknown."""
    number = 1
    rest: list[Size] = []
    for outer in factors:
        for factor in outer.factors if isinstance(outer, Product) else (outer,):
            if factor is None:
                return None
            if isinstance(factor, int):
                number *= factor
            else:
                rest.append(factor)
    if not rest or not number:
        return number
    if len(rest) == 1 and number == 1:
        return rest[0]
    return bounded(Product((*([number] if number != 1 else []), *rest)))


def total(terms: Iterable[Size]) -> Size:
    """The sizes added up; None where one is unknown."""
    number = 0
    rest: list[Size] = []
    for term in terms:
        if term is None:
            return None
        if isinstance(term, int):
            number += term
        else:
            rest.append(term)
    if not rest:
        return number
    return rest[0] if len(rest) == 1 and not number else bounded(Sum((*rest, *([number] if number else []))))


def share(of: Size, by: Size) -> Size:
    """A size divided by another; None where one is unknown."""
    if of is None or by is None or by == 0:
        return None
    if isinstance(of, int) and isinstance(by, int):
        return of // by
    return of if by == 1 else bounded(Share(of, by))


def windowed(size: Size, width: int, step: int, same: bool) -> Size:
    """What a window leaves of a size."""
    if size is None or step < 1:
        return None
    if isinstance(size, int):
        return -(-size // step) if same else max((size - width) // step + 1, 0)
    return size if step == 1 and (same or width == 1) else bounded(Window(size, width, step, same))


def bounded(size: Size) -> Size:
    """The expression, None where it has too many parts."""
    stack, count = [size], 0
    while stack:
        one = stack.pop()
        count += 1
        if count > MAX_TERMS:
            return None
        if isinstance(one, Window):
            stack.append(one.of)
        elif isinstance(one, Share):
            stack += [one.of, one.by]
        elif isinstance(one, Product | Sum):
            stack += one.factors if isinstance(one, Product) else one.terms
    return size


class Demand(NamedTuple):
    """``size`` must be ``number``, or at least so much, or divisible by it; ``why`` names the node."""

    size: Size
    kind: str  # "equal", "least", "divisible", "whole" (a Share without remainder)
    number: int
    why: str

    def met(self, chosen: Sizes) -> bool | None:
        """Whether the sizes meet it; None where they do not tell."""
        size = size_of(self.size, chosen)
        if self.kind == "whole" and isinstance(self.size, Share) and size is None:
            known = size_of(self.size.of, chosen) is not None and size_of(self.size.by, chosen) is not None
            return False if known else None
        if size is None:
            return None
        if self.kind == "divisible":
            return size % self.number == 0
        return size >= self.number if self.kind in ("least", "whole") else size == self.number


class Demands:
    """All demands on the unknown sizes of one signature."""

    def __init__(self) -> None:
        self.batch = Dim("batch")
        self.dims: list[Dim] = []
        self.found: dict[Demand, None] = {}

    def new(self, name: str) -> Dim:
        """One more unknown size."""
        self.dims.append(Dim(name))
        return self.dims[-1]

    def equal(self, one: Size, other: Size, why: str) -> None:
        """Both are the same size."""
        if isinstance(other, int):
            one, other = other, one
        if isinstance(one, int) and other is not None and not isinstance(other, int):
            self.found.setdefault(Demand(other, "equal", one, why))
        elif isinstance(one, Dim) and isinstance(other, Dim):
            first, second = one.root(), other.root()
            if first is not second:
                kept, gone = (second, first) if second is self.batch.root() else (first, second)
                gone.same = kept

    def least(self, size: Size, number: int, why: str) -> None:
        """The size is at least so much."""
        if size is not None and not isinstance(size, int):
            self.found.setdefault(Demand(size, "least", number, why))

    def divisible(self, size: Size, number: int, why: str) -> None:
        """The size can be divided by the number."""
        if size is not None and not isinstance(size, int) and number > 1:
            self.found.setdefault(Demand(size, "divisible", number, why))

    def whole(self, share: Size, why: str) -> None:
        """A division leaves no rest."""
        if isinstance(share, Share):
            self.found.setdefault(Demand(share, "whole", 1, why))

    def reasons(self) -> dict[Dim, str]:
        """The node that fixes each size that one fixes, by what stands for the size."""
        found: dict[Dim, str] = {}
        for one in self.found:
            for dim in dims_in(one.size) if one.kind == "equal" else ():
                found.setdefault(dim, one.why)
        return found

    def solve(self, batch: int, free: int) -> Sizes:
        """Sizes for the unknown ones that meet every demand that can be met: ``batch`` for what all inputs share, and
        for the rest ``free`` or the next larger size that will do."""
        chosen: Sizes = {self.batch.root(): batch}
        wanted = [(one, dims_in(one.size)) for one in self.found]
        for one, _ in wanted:
            if one.kind == "equal" and isinstance(one.size, Dim):
                chosen[one.size.root()] = one.number
        for one, within in wanted:
            if one.kind == "equal" and within <= {self.batch.root()} and one.met(chosen) is False:
                self._search(within, chosen, [one], 1)
        for one, within in wanted:
            left = within - chosen.keys()
            if one.kind == "equal" and left:
                self._search(left, chosen, [one], 1)
        about: dict[Dim, list[Demand]] = {}
        for one, within in wanted:
            for dim in within:
                about.setdefault(dim, []).append(one)
        for dim in {dim.root(): None for dim in self.dims}:
            if dim not in chosen:
                self._search({dim}, chosen, about.get(dim, []), free)
        return chosen

    def fixed(self, chosen: Sizes) -> Sizes:
        """Of chosen sizes those that a demand is about, and the batch."""
        told = {dim for one in self.found for dim in dims_in(one.size)} | {self.batch.root()}
        return {dim: size for dim, size in chosen.items() if dim in told}

    def _search(self, dims: set[Dim], chosen: Sizes, demands: list[Demand], start: int) -> None:
        """Chooses one size for all of ``dims``: the first from ``start`` on that meets the demands, else ``start``."""
        before = {dim: chosen[dim] for dim in dims if dim in chosen}
        for number in range(start, MAX_SIZE if demands else start + 1):
            chosen.update(dict.fromkeys(dims, number))
            if all(one.met(chosen) is not False for one in demands):
                return
        for dim in dims:
            chosen[dim] = before.get(dim, max(start, 1))
