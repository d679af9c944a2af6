"""What two MetaGraphs compute: everything that differs between their functions, ops and constants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from smanalyze.diff.at_load import init_changed, init_ops
from smanalyze.diff.constants import constant_changes, new_strings
from smanalyze.diff.function_changes import function_changes
from smanalyze.diff.function_rows import function_rows
from smanalyze.diff.functions import FunctionMatch
from smanalyze.diff.main_graph import compare_main
from smanalyze.diff.ops import device_counts, op_changes, risk_changes
from smanalyze.diff.running import Running
from smanalyze.facts.program import Program
from smanalyze.report.changes import MetaGraphPair
from smanalyze.report.document import MetaGraphReport
from smanalyze.report.sections import Callable


def compare_programs(
    pair: MetaGraphPair,
    programs: tuple[Program, Program],
    declared: Iterable[tuple[str, str]],
    renamed: Mapping[bytes, bytes],
) -> tuple[MetaGraphPair, FunctionMatch]:
    """The pair with its functions, ops, constants and what runs at load; and how the functions were matched.

    ``declared`` are functions that the user says were renamed; ``renamed`` gives the old identity of a variable by its
    new one.
    """
    assert pair.old is not None and pair.new is not None
    old = _running(programs[0], pair.old, (one.old for one in pair.callables))
    new = _running(programs[1], pair.new, (one.new for one in pair.callables))
    match = FunctionMatch(programs, pair.signatures, pair.callables, declared, renamed)
    compare_main(match, pair.signatures)
    functions = function_changes(match, (old, new))
    at_load = any(one.role == "initializer" and not one.only_devices for one in functions)
    found = replace(
        pair,
        functions=functions,
        function_rows=function_rows(match, (old, new), pair.signatures, pair.callables),
        ops=op_changes(old, new),
        risks=risk_changes(old, new),
        constants=constant_changes(old, new),
        strings=new_strings(old, new),
        init_changed=at_load or init_changed(old, new),
        init_ops=init_ops(old, new),
        functions_cut=match.is_cut,
        devices=(device_counts(old), device_counts(new)),
    )
    return found, match


def lone_program(pair: MetaGraphPair, old: Program | None, new: Program | None) -> MetaGraphPair:
    """The pair of a MetaGraph that one side alone has, with its ops."""
    sides = [
        _running(program, report, report.callables) if program is not None and report is not None else None
        for program, report in ((old, pair.old), (new, pair.new))
    ]
    return replace(pair, ops=op_changes(*sides), risks=risk_changes(*sides))


def _running(program: Program, report: MetaGraphReport, offered: Iterable[Callable | None]) -> Running:
    return Running(program, [one for one in offered if one is not None], report.functions)
