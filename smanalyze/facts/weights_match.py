"""Pairs the tensors of a file with those of a model: by their bytes first, then by their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from smanalyze.facts.weights_content import Content
from smanalyze.facts.weights_names import Named, best_links, exact_links, without_doubles
from smanalyze.report.audit import WeightsMatch

_Key = tuple[object, ...]


class Side(NamedTuple):
    """The tensors of one side; ``keys`` are equal where the content is, None where it is not known."""

    tensors: list[Named]
    contents: list[Content]
    keys: list[_Key | None]


class Outcome(NamedTuple):
    """The rows, in the order of the file and then of the model; numbers of tensors that decide the verdict.

    ``settled`` are ambiguous rows of content that both sides have equally often. ``agreeing`` are tensors that are the
    same on both sides, ``telling`` those of them that are not one number over and over. ``unknown`` could not be read.
    """

    rows: tuple[WeightsMatch, ...]
    settled: int
    agreeing: int
    telling: int
    unknown: int


def match_tensors(file: Side, model: Side) -> Outcome:
    """One row for each tensor of the file, and one for each of the model that none of them is."""
    return _Matcher(file, model).run()


class _Matcher:
    def __init__(self, file: Side, model: Side) -> None:
        self.file = file._replace(tensors=without_doubles(file.tensors))
        self.model = model._replace(tensors=without_doubles(model.tensors))
        self.exact = exact_links(self.file.tensors, self.model.tensors)
        self.exact_back = {m: f for f, m in self.exact.items()}
        self.rows: dict[int, WeightsMatch] = {}
        self.left = set(range(len(file.tensors)))
        self.right = set(range(len(model.tensors)))
        self.open: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())
        self.settled = self.agreeing = self.telling = self.unknown = 0

    def run(self) -> Outcome:
        classes = self._classes()
        for key in classes:
            self._same_names(*classes[key])
        self.open = frozenset(self.left), frozenset(self.right)
        for key in classes:
            self._same_bytes(*self._still(*classes[key]))
        self._by_name()
        self._alone()
        rest = tuple(
            self._row(None, m, "only-in-model", "", "The file has no tensor for it.") for m in sorted(self.right)
        )
        rows = tuple(self.rows[number] for number in sorted(self.rows)) + rest
        return Outcome(rows, self.settled, self.agreeing, self.telling, self.unknown)

    def _classes(self) -> dict[_Key, tuple[list[int], list[int]]]:
        """Numbers of both sides by content, of contents that both have."""
        found: dict[_Key, tuple[list[int], list[int]]] = {}
        for side, keys in enumerate((self.file.keys, self.model.keys)):
            for number, key in enumerate(keys):
                if key is not None:
                    found.setdefault(key, ([], []))[side].append(number)
        return {key: ends for key, ends in found.items() if ends[0] and ends[1]}

    def _still(self, files: list[int], models: list[int]) -> tuple[list[int], list[int]]:
        return [f for f in files if f in self.left], [m for m in models if m in self.right]

    # The same bytes -------------------------------------------------------------------------------------------------

    def _same_names(self, files: list[int], models: list[int]) -> None:
        for f in files:
            if self.exact.get(f) in models:
                self._same(f, self.exact[f], "")

    def _same_bytes(self, files: list[int], models: list[int]) -> None:
        """What is left of one content: a lone pair, pairs that names tell apart, or an ambiguity."""
        if len(files) == len(models) == 1:
            self._lone_pair(files[0], models[0])
            return
        # A whole name says more than bytes that several have: such a tensor is its namesake, changed.
        files = [f for f in files if self.exact.get(f) not in self.right]
        models = [m for m in models if self.exact_back.get(m) not in self.left]
        for f, m in best_links(self.file.tensors, self.model.tensors, files, models).items():
            self._same(f, m, "")
        files, models = [f for f in files if f in self.left], [m for m in models if m in self.right]
        surplus = len(files) - len(models)
        if surplus > 0 and models:
            # Some of them are another tensor of the model, with other bytes there: those whose name says so.
            others = [m for m in self.right if m not in models]
            elsewhere = best_links(self.file.tensors, self.model.tensors, files, others)
            if len(elsewhere) == surplus:
                files = [f for f in files if f not in elsewhere]
        self._ambiguous(files, models)

    def _lone_pair(self, f: int, m: int) -> None:
        named, namesake = self.exact.get(f), self.exact_back.get(m)
        others = [self.model.tensors[named].name] if named is not None and named in self.open[1] else []
        if not others and namesake is not None and namesake in self.open[0]:
            others = [self.file.tensors[namesake].name]
        if not others:
            self._same(f, m, "")
            return
        message = f"It has the bytes of {self.model.tensors[m].name}, but the name of another ({others[0]})."
        self._take(f, m, "ambiguous", "content", message)

    def _ambiguous(self, files: list[int], models: list[int]) -> None:
        if not files or not models:
            return
        told = f"{len(files)} tensors of the file and {len(models)} of the model hold these bytes"
        if len(files) == len(models):
            message = f"{told}; which is which cannot be told, and makes no difference."
            for f, m in zip(files, models, strict=True):
                self._agree(f)
                self.settled += 1
                self._take(f, m, "ambiguous", "content", message)
            return
        for number, f in enumerate(files):
            partner = models[number] if number < len(models) else None
            self._take(f, partner, "ambiguous", "content", f"{told}; which is which cannot be told.")

    # Other bytes ----------------------------------------------------------------------------------------------------

    def _by_name(self) -> None:
        for f, m in self.exact.items():
            if f in self.left and m in self.right:
                self._differs(f, m, "name")
        tensors = self.file.tensors, self.model.tensors
        for kind in self._kinds():
            for f, m in best_links(*tensors, *self._of_kind(kind)).items():
                self._differs(f, m, "name")
        for f, m in best_links(*tensors, sorted(self.left), sorted(self.right)).items():
            self._differs(f, m, "name")
        for kind in self._kinds():
            files, models = self._of_kind(kind)
            if len(files) == len(models) == 1:
                self._differs(files[0], models[0], "shape")

    def _kinds(self) -> list[tuple[str, tuple[int, ...]]]:
        tensors = (self.file.tensors[f] for f in sorted(self.left))
        return list(dict.fromkeys((tensor.entry.dtype, tensor.entry.shape) for tensor in tensors))

    def _of_kind(self, kind: tuple[str, tuple[int, ...]]) -> tuple[list[int], list[int]]:
        def of(numbers: Iterable[int], tensors: list[Named]) -> list[int]:
            return [n for n in sorted(numbers) if (tensors[n].entry.dtype, tensors[n].entry.shape) == kind]

        return of(self.left, self.file.tensors), of(self.right, self.model.tensors)

    def _differs(self, f: int, m: int, matched_by: str) -> None:
        one, other = self.file.tensors[f].entry, self.model.tensors[m].entry
        if (one.dtype, one.shape) != (other.dtype, other.shape):
            message = f"The file has {_kind(one.dtype, one.shape)}, the model {_kind(other.dtype, other.shape)}."
        elif self.file.keys[f] is None or self.model.keys[m] is None:
            reason = self.file.contents[f].reason or self.model.contents[m].reason or "there is nothing to compare"
            self.unknown += 1
            self._take(f, m, "ambiguous", matched_by, f"The values cannot be compared: {reason}.")
            return
        else:
            message = "The values differ."
        if matched_by == "shape":
            message += " No name links the two; each is the only one of this dtype and shape that is left."
        self._take(f, m, "differs", matched_by, message)

    def _alone(self) -> None:
        for f in sorted(self.left):
            self.rows[f] = self._row(f, None, "only-in-file", "", "The model has no tensor for it.")

    # Rows -----------------------------------------------------------------------------------------------------------

    def _same(self, f: int, m: int, message: str) -> None:
        self._agree(f)
        self._take(f, m, "same", "content", message)

    def _agree(self, f: int) -> None:
        self.agreeing += 1
        self.telling += not self.file.contents[f].plain

    def _take(self, f: int, m: int | None, status: str, matched_by: str, message: str) -> None:
        self.rows[f] = self._row(f, m, status, matched_by, message)
        self.left.discard(f)
        if m is not None:
            self.right.discard(m)

    def _row(self, f: int | None, m: int | None, status: str, matched_by: str, message: str) -> WeightsMatch:
        model = None if m is None else self.model.tensors[m]
        name = self.file.tensors[f].name if f is not None else model.name if model is not None else ""
        return WeightsMatch(name, model.entry.key if model is not None else "", status, matched_by, message)


def _kind(dtype: str, shape: tuple[int, ...]) -> str:
    return f"{dtype} [{', '.join(map(str, shape))}]"
