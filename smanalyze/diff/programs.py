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
    offered = ((one.old for one in pair.callables), (one.new for one in pair.callables))
    old, new = (
        Running(program, [one for one in side if one is not None], report.functions)
        for program, side, report in zip(programs, offered, (pair.old, pair.new), strict=True)
    )
    match = FunctionMatch(programs, pair.signatures, pair.callables, declared, renamed)
    compare_main(match, pair.signatures)
    found = replace(
        pair,
        functions=function_changes(match, (old, new)),
        function_rows=function_rows(match, (old, new), pair.signatures, pair.callables),
        ops=op_changes(old, new),
        risks=risk_changes(old, new),
        constants=constant_changes(old, new),
        strings=new_strings(old, new),
        init_changed=init_changed(old, new),
        init_ops=init_ops(old, new),
        devices=(device_counts(old), device_counts(new)),
    )
    return found, match
