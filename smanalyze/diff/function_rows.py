"""Functions that are on one side only, or have another name there."""

from __future__ import annotations

from collections.abc import Iterable

from smanalyze.diff.functions import FunctionMatch
from smanalyze.diff.likeness import telling_ops
from smanalyze.diff.running import Running
from smanalyze.facts.function_names import is_generated, layer_of, stem_of
from smanalyze.graph.model_graph import Key
from smanalyze.report.changes import CallablePair, SignaturePair
from smanalyze.report.program_changes import FunctionRow

_OF_OTHERS = frozenset({"saver", "initializer"})
"""Roles of functions that follow from variables, tables and assets."""


def function_rows(
    match: FunctionMatch,
    running: tuple[Running, Running],
    signatures: tuple[SignaturePair, ...],
    callables: tuple[CallablePair, ...],
) -> tuple[FunctionRow, ...]:
    """Functions on one side only, those that belong together in one row; and those with another name."""
    before, after = match.open()
    lone = _lone_roots(signatures, callables)
    return (
        *_Lone(match, running[0], before, lone[0], old=True).rows(),
        *_Lone(match, running[1], after, lone[1], old=False).rows(),
        *_renamed(match, running),
    )


def _lone_roots(
    signatures: tuple[SignaturePair, ...], callables: tuple[CallablePair, ...]
) -> tuple[dict[str, str], dict[str, str]]:
    """Functions behind signatures that one side alone has, and behind callables, with what they are behind: of those
    that have no partner, that is what tells them."""
    found: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for signature in signatures:
        if signature.old is None or signature.new is None:
            for side, one in enumerate((signature.old, signature.new)):
                for name in one.reach.function_names if one is not None else ():
                    found[side].setdefault(name, f"signature {one.key}" if one is not None else "")
    for pair in callables:
        for side, other in enumerate((pair.old, pair.new)):
            for trace in other.traces if other is not None else ():
                for name in trace.reach.function_names:
                    found[side].setdefault(name, f"function {other.path}" if other is not None else "")
    return found


class _Lone:
    """The functions of one side that have no partner."""

    def __init__(
        self, match: FunctionMatch, running: Running, names: list[str], behind: dict[str, str], *, old: bool
    ) -> None:
        self.match, self.running, self.behind, self.old = match, running, behind, old
        left_out = self._of_others()
        self.names = [name for name in names if name not in left_out]
        self._matched = set(match.pairs) if old else match.taken

    def _of_others(self) -> frozenset[str]:
        """Functions that only savers or loading run."""
        running = self.running
        roots = [Key("function", name) for name, role in running.roles.items() if role in _OF_OTHERS]
        below = running.loaded.union(running.program.graph.functions_below(roots))
        own = {name for name, role in running.roles.items() if role in ("callable", "signature", "gradient")}
        return frozenset(name for name in below - running.served - own if not running.of(name))

    def rows(self) -> Iterable[FunctionRow]:
        library = self.running.program.library
        for members in self._groups():
            first = min(
                members, key=lambda name: (not self.running.of(name), -library.functions[name].node_count, name)
            )
            reach = tuple(dict.fromkeys(key for name in members for key in self.running.of(name)))
            yield FunctionRow(
                old=first if self.old else "", new="" if self.old else first,
                nodes=sum(library.functions[name].node_count for name in members),
                reachable=any(name in self.running.functions for name in members), reach=reach,
                role=self.running.roles.get(first, ""), members=tuple(members), echo_of=self._cause(members),
            )  # fmt: skip

    def _groups(self) -> list[list[str]]:
        """Those that call each other, and those of one layer, together; what nothing runs is one group."""
        library, there = self.running.program.library, set(self.names)
        parent = {name: name for name in self.names}

        def root(name: str) -> str:
            while parent[name] != name:
                parent[name] = name = parent[parent[name]]
            return name

        stems: dict[str, str] = {}
        for name in self.names:
            stem = stem_of(name) if name in self.running.functions else ""
            twin = stems.setdefault(layer_of(stem) or stem, name)
            parent[root(name)] = root(twin)
            for call in library.index(name).calls:
                if call.function in there:
                    parent[root(call.function)] = root(name)
        groups: dict[str, list[str]] = {}
        for name in self.names:
            groups.setdefault(root(name), []).append(name)
        return [sorted(members) for members in groups.values()]

    def _cause(self, members: list[str]) -> str:
        """What the functions follow from: what calls them is on both sides, so that it changed; or what they are behind
        is on one side only."""
        graph = self.running.program.graph
        for name in members:
            for edge in ("calls", "gradient"):
                for caller in graph.sources(Key("function", name), edge):
                    if caller.kind == "function" and str(caller.id) in self._matched:
                        return str(caller.id)
                    if caller.kind == "signature":
                        return f"signature {caller.id}"
        return next((self.behind[name] for name in members if name in self.behind), "")


def _renamed(match: FunctionMatch, running: tuple[Running, Running]) -> Iterable[FunctionRow]:
    """Functions with another name: those that are the same, where nobody else is, and all that were declared. Layers of
    Keras 2 give their names to several functions, which stand in one row."""
    plain = match.plain
    groups: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for one, (other, stage, _) in match.pairs.items():
        stems = plain[0].stem(one), plain[1].stem(other)
        declared = stage == "declared" and one != other
        if not declared and (stems[0] == stems[1] or plain[0].of(one) == plain[1].of(other)):
            continue
        generated = any(map(is_generated, stems)) and not all(map(layer_of, stems))
        if not declared and (generated or not match.same_digest(one, other) or not _tells(match, one)):
            continue
        names = (layer_of(stems[0]) or one, layer_of(stems[1]) or other)
        groups.setdefault((*names, stage if declared else ""), []).append((one, other))
    for (_, _, stage), pairs in groups.items():
        reach = tuple(
            dict.fromkeys(key for one, other in pairs for key in (*running[1].of(other), *running[0].of(one)))
        )
        first = max(pairs, key=lambda pair: (bool(running[1].of(pair[1])), pair))
        nodes = sum(match.new.library.functions[other].node_count for _, other in pairs)
        runs = any(other in running[1].functions for _, other in pairs)
        members = tuple(sorted(other for _, other in pairs))
        role = running[1].roles.get(first[1], "")
        yield FunctionRow(first[0], first[1], nodes, runs, reach, role, members, "", stage or "content")


def _tells(match: FunctionMatch, name: str) -> bool:
    """Whether a body, or what it calls, computes anything: what only hands on is like many others."""
    library = match.old.library
    names = [name, *(call.function for call in library.index(name).calls if call.function in library.functions)]
    return any(telling_ops(match.old, each) for each in names)
