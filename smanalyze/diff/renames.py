"""Renames that the user declares: ``signature:old=new``, ``input:``, ``output:``, ``variable:``, ``function:``."""

from __future__ import annotations

from collections.abc import Iterable

from smanalyze.errors import UsageError

KINDS = ("signature", "input", "output", "variable", "function")


class Renames:
    """The declared renames, and which of them were of use."""

    def __init__(self, declared: Iterable[str] = ()) -> None:
        self._new: dict[tuple[str, str], str] = {}
        self._used: set[tuple[str, str]] = set()
        for text in declared:
            kind, colon, names = text.partition(":")
            old, equals, new = names.partition("=")
            if kind not in KINDS or not colon or not equals or not old or not new:
                raise UsageError(f"--rename takes KIND:OLD=NEW, with KIND one of {', '.join(KINDS)}; not {text!r}.")
            self._new[kind, old] = new

    def pairs(self, kind: str, old: Iterable[str], new: Iterable[str]) -> list[tuple[str, str]]:
        """(old, new) names of one kind that were declared, and are there on both sides."""
        there = set(new)
        found = [(name, self._new[kind, name]) for name in old if self._new.get((kind, name)) in there]
        self._used.update((kind, name) for name, _ in found)
        return found

    def unused(self) -> tuple[str, ...]:
        """The declarations that nothing was found for."""
        return tuple(f"{k}:{old}={new}" for (k, old), new in self._new.items() if (k, old) not in self._used)
