"""The signatures and functions of the text report."""

from __future__ import annotations

from collections.abc import Sequence

from smanalyze.render.text_columns import Cell, Column, draw_table
from smanalyze.render.text_page import Page, Span, middle
from smanalyze.render.units import plural, shape_text
from smanalyze.render.words import argument_text, cut, dtype_text, joined, runs_text, spec_arguments, tags_text
from smanalyze.report.document import MetaGraphReport
from smanalyze.report.sections import Callable, LibraryFunction, Trace
from smanalyze.report.tensors import Reach, SignatureReport, Tensor

_TENSORS = 20
_SPEC = 300
_FACTS = 12
"""Where the text of a fact below a signature or function begins."""
_CODE = 4
"""How far code is indented."""

_TENSOR_COLUMNS = (
    Column("", style="dim"),
    Column("name", give="fold", style="name"),
    Column("dtype"),
    Column("shape", give="fold", floor=20),
    Column("tensor", give="below", style="dim"),
)


def graph_title(page: Page, graph: MetaGraphReport) -> None:
    """Which MetaGraph the lines below belong to."""
    page.flow([("MetaGraph", "dim"), (tags_text(graph.tags), "title")])


def draw_signatures(page: Page, graph: MetaGraphReport, limit: int, only: bool) -> None:
    """One block a signature: what goes in, what comes out, what runs."""
    shown, hidden = cut(graph.signatures, limit)
    for i, signature in enumerate(shown):
        if i:
            page.blank()
        _draw_signature(page, signature, only)
    page.more(hidden, "signature")
    if not graph.signatures:
        page.flow([("No signature: TensorFlow Serving has nothing to call here.", "")], 2)


def _draw_signature(page: Page, signature: SignatureReport, only: bool) -> None:
    method = f"({signature.method_name or 'no method name'})"
    backed = f"backed by {signature.backed_by}" if signature.backed_by and only else ""
    page.flow([(signature.key, "key"), (method, "dim"), (backed, "dim")], 2, 4)
    limit = 2000 if only else _TENSORS
    inputs, more_inputs = cut(signature.inputs, limit)
    outputs, more_outputs = cut(signature.outputs, limit)
    rows = _tensor_rows("in", inputs) + _tensor_rows("out", outputs)
    draw_table(page, _TENSOR_COLUMNS, rows, indent=4, head=False)
    page.more(more_inputs, "input", indent=4)
    page.more(more_outputs, "output", indent=4)
    if not signature.inputs:
        page.flow([("takes no input", "dim")], 4)
    if not signature.outputs:
        page.flow([("returns nothing", "dim")], 4)
    if only:
        for argument in signature.arguments:
            page.fact("python", (argument_text(argument), ""), indent=4, column=12)
    _draw_reach(page, signature.reach, only)
    if only:
        _draw_snippets(page, signature)


def _tensor_rows(word: str, tensors: Sequence[Tensor]) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for i, tensor in enumerate(tensors):
        first = "" if i else word
        rows.append((first, tensor.name, dtype_text(tensor), _shape(tensor), tensor.tensor_name))
        rows += [
            ("", ("  " + part.role, "dim"), part.dtype, shape_text(part.shape), part.tensor_name)
            for part in tensor.components
        ]
    return rows


def _shape(tensor: Tensor) -> str:
    shape = shape_text(tensor.shape)
    return shape if tensor.default is None else f"{shape} = {middle(tensor.default, 30)}"


def _draw_reach(page: Page, reach: Reach, only: bool) -> None:
    names = 100 if only else 4
    page.fact("runs", (runs_text(reach), ""), indent=4, column=_FACTS)
    facts: tuple[tuple[str, tuple[str, ...], str], ...] = (
        ("writes", reach.changes, "warning"),
        ("random", reach.random_ops, "warning"),
        ("custom", reach.unregistered_ops, "warning"),
        ("tables", reach.tables, ""),
        ("assets", reach.assets, ""),
    )
    for label, values, style in facts:
        page.fact(label, (joined(values, names), style), indent=4, column=_FACTS)
    if only:
        counted = [f"{op.op} {op.count:,}" for op in reach.ops]
        page.fact("ops", (joined(counted, 60), ""), indent=4, column=_FACTS)
        page.fact("calls", (joined(reach.function_names, 40), ""), indent=4, column=_FACTS)
        page.fact("weights", (joined(reach.variables, 100), ""), indent=4, column=_FACTS)


def _draw_snippets(page: Page, signature: SignatureReport) -> None:
    for snippet in signature.snippets:
        page.blank()
        page.flow([(snippet.title, "dim")], 4)
        page.code(snippet.code, _CODE)
        page.flow([(snippet.note, "dim")], 4, 6)


def draw_callables(page: Page, graph: MetaGraphReport, limit: int, only: bool) -> None:
    """The functions that Python can call on the loaded object."""
    shown, hidden = cut(graph.callables, limit)
    for one in shown:
        _draw_callable(page, one, only)
    page.more(hidden, "function")
    if not graph.callables:
        page.flow([("No function that Python can call on the loaded object.", "")], 2)


def _draw_callable(page: Page, one: Callable, only: bool) -> None:
    traces = plural(len(one.traces), "trace") if one.traces else "never traced"
    compiled: Span = (f"jit_compile={one.jit_compile}" if one.jit_compile else "", "dim")
    page.flow([(one.path, "key"), (f"({traces})", "dim"), (one.kind if only else "", "dim"), compiled], 2, 4)
    page.fact("call", (one.call, ""), indent=4, column=_FACTS)
    if only:
        page.fact("also at", (joined(one.other_paths, 40), "dim"), indent=4, column=_FACTS)
        for trace in one.traces:
            _draw_trace(page, trace)
        return
    for i, argument in enumerate(spec_arguments(one)):
        page.fact("" if i else "takes", (middle(argument_text(argument), _SPEC), ""), indent=4, column=_FACTS)
    if one.traces:
        page.fact("returns", (middle(one.traces[0].returns, _SPEC), ""), indent=4, column=_FACTS)


def _draw_trace(page: Page, trace: Trace) -> None:
    captures = f"{plural(trace.captures, 'capture')}" if trace.captures else "no captures"
    page.fact("trace", (trace.function, "name"), (f"({captures})", "dim"), indent=4, column=_FACTS)
    for i, argument in enumerate(trace.arguments):
        page.fact("" if i else "takes", (argument_text(argument), ""), indent=6, column=14)
    page.fact("returns", (trace.returns, ""), indent=6, column=14)
    page.fact("runs", (runs_text(trace.reach), ""), indent=6, column=14)


def draw_library(page: Page, functions: tuple[LibraryFunction, ...], limit: int) -> None:
    """The function library as a table."""
    if not functions:
        return
    page.blank()
    page.flow([("Function library:", "dim"), (plural(len(functions), "function"), "dim")], 2)
    columns = (
        Column("function", give="cut", floor=40, style="name"), Column("role"), Column("nodes", right=True),
        Column("in", right=True, drop=3), Column("out", right=True, drop=2), Column("state", drop=1),
        Column("calls", give="cut", floor=24, drop=4), Column("called by", give="cut", floor=24, drop=5),
    )  # fmt: skip
    shown, hidden = cut(functions, limit)
    rows = [
        (one.name, one.role, f"{one.nodes:,}", str(one.inputs), str(one.outputs), "stateful" if one.stateful else "",
         joined(one.calls, 2), joined(one.called_by, 2))
        for one in shown
    ]  # fmt: skip
    draw_table(page, columns, rows)
    page.more(hidden, "library function")
