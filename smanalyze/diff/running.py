"""What of one MetaGraph runs, and what runs it: signatures, callables, or loading alone."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from smanalyze.facts.acts import Acts
from smanalyze.facts.function_names import stem_of
from smanalyze.facts.program import Program
from smanalyze.graph.model_graph import Key
from smanalyze.report.sections import Callable, LibraryFunction

_ROOTS = frozenset({"signature", "callable", "initializer", "gradient"})


class Running:
    """The functions and main-graph nodes that run. ``roles`` are those of the library's functions."""

    def __init__(self, program: Program, callables: Iterable[Callable], functions: Iterable[LibraryFunction]) -> None:
        self.program = program
        self.roles = {row.name: row.role for row in functions}
        self._callables = tuple(callables)
        self._keys = [Key("signature", one.key) for one in program.graph.meta_graph.signatures]

    @cached_property
    def acts(self) -> Acts:
        """What ops of the MetaGraph work on."""
        return Acts(self.program.graph, self.program.one.names)

    @cached_property
    def _init(self) -> list[Key]:
        init = self.program.graph.meta_graph.init_op
        key = Key("init", init) if init else None
        return [key] if key is not None and key in self.program.graph.edges else []

    @cached_property
    def served(self) -> frozenset[str]:
        """Functions that signatures run."""
        return frozenset(self.program.graph.functions_below(self._keys))

    @cached_property
    def initializing(self) -> frozenset[str]:
        """Functions that the init op runs."""
        return frozenset(self.program.graph.functions_below(self._init))

    @cached_property
    def making(self) -> frozenset[str]:
        """Functions that Python runs as it loads the model, in place of the init op."""
        makers = [
            Key("function", name) for name, role in self.roles.items()
            if role == "initializer" and not stem_of(name).endswith("_destroyer")
        ]  # fmt: skip
        return frozenset(self.program.graph.functions_below(makers))

    @cached_property
    def saving(self) -> frozenset[str]:
        """Functions that the loader runs to learn what objects save."""
        called = [Key("function", name) for name in self.acts.starts.at_load()]
        return frozenset(self.program.graph.functions_below(called))

    @cached_property
    def loaded(self) -> frozenset[str]:
        """Functions that run when the model is loaded."""
        return self.initializing | self.making | self.saving

    @cached_property
    def functions(self) -> frozenset[str]:
        """Functions that anything runs: a signature, a function of the object tree, a gradient, or loading."""
        roots = [Key("function", name) for name, role in self.roles.items() if role in _ROOTS]
        return frozenset(self.program.graph.functions_below([*self._keys, *self._init, *roots]))

    @cached_property
    def main_served(self) -> frozenset[int]:
        """Nodes of the main graph that signatures need."""
        slices = (self.program.graph.main_slice(str(key.id)) for key in self._keys)
        return frozenset(number for numbers in slices for number in numbers if number >= 0)

    @cached_property
    def main_loaded(self) -> frozenset[int]:
        """Nodes of the main graph that run when the model is loaded."""
        init = self.program.graph.meta_graph.init_op
        return frozenset(self.program.library.main.slice_before([init])) if init else frozenset()

    @cached_property
    def main_running(self) -> frozenset[int]:
        """Nodes of the main graph that signatures or loading need."""
        return self.main_served | self.main_loaded

    @cached_property
    def main_nodes(self) -> dict[str, list[int]]:
        """The numbers of the main graph's nodes by op."""
        found: dict[str, list[int]] = {}
        for number, op in enumerate(self.program.library.main.ops):
            found.setdefault(op, []).append(number)
        return found

    @cached_property
    def _of(self) -> dict[str, dict[str, None]]:
        found: dict[str, dict[str, None]] = {}
        for key in self._keys:
            for name in self.program.graph.functions_below([key]):
                found.setdefault(name, {})[str(key.id)] = None
        for one in self._callables:
            for name in dict.fromkeys(name for trace in one.traces for name in trace.reach.function_names):
                found.setdefault(name, {})[one.path] = None
        return found

    @cached_property
    def _main_ops(self) -> list[tuple[str, frozenset[str]]]:
        main, graph = self.program.library.main, self.program.graph
        slices = ((str(key.id), graph.main_slice(str(key.id))) for key in self._keys)
        return [(key, frozenset(main.ops[number] for number in numbers if number >= 0)) for key, numbers in slices]

    def of(self, name: str) -> tuple[str, ...]:
        """Keys of signatures and paths of callables that run a function; "" is the main graph."""
        return tuple(self._of.get(name, ())) if name else tuple(str(key.id) for key in self._keys)

    def of_op(self, op: str, holders: Iterable[str]) -> tuple[str, ...]:
        """The same of the nodes of an op that are in the main graph and in some functions."""
        found = dict.fromkeys(key for key, ops in self._main_ops if op in ops)
        for name in holders:
            found.update(self._of.get(name, {}))
        return tuple(found)

    @cached_property
    def _holders(self) -> dict[str, list[str]]:
        library = self.program.library
        found: dict[str, list[str]] = {}
        for name in library.functions:
            for op in library.index(name).op_counts:
                found.setdefault(op, []).append(name)
        return found

    def holders(self, op: str) -> tuple[str, ...]:
        """Functions with nodes of an op."""
        return tuple(self._holders.get(op, ()))
