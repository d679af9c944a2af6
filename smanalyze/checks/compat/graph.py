"""The graph as a whole: what loading runs, what is baked in, how large it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smanalyze.checks.body_words import (
    body_lines,
    capital,
    delta_text,
    function_name,
    is_told,
    ops_text,
)
from smanalyze.checks.change import Changed, change
from smanalyze.checks.changes import MetaGraphChange, TwoModels
from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.risk_words import TOLD_IDLE
from smanalyze.checks.rule import NOTE, WARNING
from smanalyze.facts.function_names import stem_of
from smanalyze.report.changes import TensorPair
from smanalyze.report.findings import Location
from smanalyze.report.program_changes import ConstantChange, StringConstant

AREA = "program"

COST_PERCENT = 20
"""How much larger the larger model is, in parameters, from which it is told."""


@change("graph-init-changed", serving=WARNING, python=WARNING, keras=WARNING, security=WARNING)
def init_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """Loading the model runs something else.

    Why: the init op and what fills tables run before any request, with the rights of the server; where they fail, the
    model does not load.
    Fix: check that each new step at load was meant, and that what it reads is there.
    """
    if not meta_graph.in_both or not meta_graph.pair.init_changed or not is_told(meta_graph):
        return
    added, removed = meta_graph.pair.init_ops
    delta = delta_text(added, removed)
    message = f"Loading the model runs something else{f': {delta}' if delta else ''}."
    changed = [body for body in meta_graph.pair.functions if body.role == "initializer" and not body.echo_of]
    if changed and not added and not removed and all(body.only_devices for body in changed):
        return  # told by node-device-changed
    if not changed and not added and not removed and any(one.same is False for one in meta_graph.models.changes.assets):
        return  # told by asset-content-changed
    lines = [
        f"{capital(function_name(body.stem))} changed: {line}"
        for body in changed
        for line in body_lines(body, body.nodes)
    ]
    lines += [
        f"{row.op}: {_SET_AT_LOAD if row.risk_class == 'state' else row.reason}"
        for row in meta_graph.pair.risks if row.loaded[1] > row.loaded[0]
    ]  # fmt: skip
    if not lines:
        lines = [text for text in (f"+ {ops_text(added)}", f"- {ops_text(removed)}") if text[2:]]
    subject = meta_graph.subject(*(row.op for row in added), *(row.op for row in removed), *(b.stem for b in changed))
    yield Changed(
        meta_graph.place(function=changed[0].new if changed else None), message, subject,
        ops_text(removed) if added else "", ops_text(added) if removed else "",
        listed(dict.fromkeys(lines)) or ("the same ops, on other values",),
    )  # fmt: skip


_SET_AT_LOAD = "sets a variable or fills a table while the model is loaded, over what the checkpoint may have for it"


@change("graph-idle-changed", serving=NOTE, python=NOTE, keras=NOTE, security=NOTE)
def idle_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """The graph differs in what no signature, function or initializer uses.

    Why: it is in nodes that only training used (a session can still run them by name), in those that save and restore,
    or in control edges that order nothing. What the model offers computes what it did.
    Fix: nothing, if it was meant; export only what is served.
    """
    pair = meta_graph.pair
    if pair.same_program or meta_graph.models.same("program") is not False or not is_told(meta_graph):
        return
    told = (
        pair.functions
        or pair.function_rows
        or pair.init_changed
        or any(row.risk_class in TOLD_IDLE for row in pair.risks)
    )
    if told or not meta_graph.in_both or _is_explained(meta_graph):
        return
    more, less = ([row for row in pair.ops if row.new > row.old], [row for row in pair.ops if row.old > row.new])
    lines = [f"{row.op}: {row.old:,} → {row.new:,}" for row in (*less, *more)]
    message = "The graph differs in what nothing offered computes: what nothing runs, saving, or mere edges of control."
    sides = [", ".join(row.op for row in rows[:5]) for rows in (less, more)]
    yield Changed(meta_graph.place(), message, meta_graph.subject(), sides[0], sides[1],
                  listed(lines) or ("as many nodes of every op, with other attrs or edges",))  # fmt: skip


def _is_explained(meta_graph: MetaGraphChange) -> bool:
    """Whether signatures, functions of the object tree or variables differ, which the program is made of, too."""
    pair, models = meta_graph.pair, meta_graph.models
    signatures = any(
        one.old is None or one.new is None or one.old.key != one.new.key or _renames((*one.inputs, *one.outputs))
        for one in pair.signatures
    )
    callables = any(
        one.old is None or one.new is None or any(trace.old is None or trace.new is None for trace in one.traces)
        for one in pair.callables
    )
    variables = any(
        one.old is None
        or one.new is None
        or (one.old.name, one.old.dtype, one.old.shape) != (one.new.name, one.new.dtype, one.new.shape)
        for one in models.changes.variables
    )
    return signatures or callables or variables or models.same("objects") is False


def _renames(tensors: tuple[TensorPair, ...]) -> bool:
    """Whether inputs or outputs came, went, or have other names."""
    return any(one.old is None or one.new is None or one.old.name != one.new.name for one in tensors)


# Constants ------------------------------------------------------------------------------------------------------------


@change("const-blob-changed", serving=NOTE, python=NOTE, keras=NOTE, security=WARNING)
def blob_changed(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """A large constant was added, removed, or holds something else.

    Why: a constant of a mebibyte and more is data in the graph: weights that no checksum of the checkpoint covers, or
    anything else. It makes the file large, and is not seen among the variables.
    Fix: keep such values in variables or assets; know where they come from.
    """
    rows = meta_graph.pair.constants if is_told(meta_graph) else ()
    if not rows:
        return
    size = sum(row.new_size for row in rows)
    names = named(list(dict.fromkeys(row.node for row in rows)))
    message = f"{count_of(len(rows), 'large constant')} changed ({size:,} bytes in the new model): {names}."
    sides = [", ".join(text for row in rows[:3] if (text := getattr(row, side))) for side in ("old", "new")]
    place = meta_graph.place(function=rows[0].function or None, node=rows[0].node)
    reach = tuple(dict.fromkeys(key for row in rows for key in row.reach))
    subject = meta_graph.subject(*sorted(f"{stem_of(row.function)} {row.node}" for row in rows)[:20])
    yield Changed(place, message, subject, sides[0], sides[1], listed(map(_blob_line, rows)), reach)


def _blob_line(row: ConstantChange) -> str:
    where = f"in {stem_of(row.function)}" if row.function else "in the main graph"
    if not row.new:
        return f"removed: {row.node} {where}: {row.old}, {row.old_size:,} bytes"
    if not row.old:
        return f"added: {row.node} {where}: {row.new}, {row.new_size:,} bytes"
    return f"other values: {row.node} {where}: {row.new}, {row.new_size:,} bytes"


_SHAPES = (
    ("address", re.compile(r"[a-z][a-z0-9+.-]{1,15}://[^\s/]", re.IGNORECASE)),
    ("path", re.compile(r"(/|~/|\.\./|[A-Za-z]:[\\/]|\\\\)[\w.~$@%+-]+([\\/][\w.~$@%+ -]+)*[\\/]?$")),
    (
        "shell",
        re.compile(r"#!|(^|[;&|`(\s])(bash|sh|zsh|curl|wget|nc|chmod|sudo|powershell|cmd\.exe|rm)\s+[-/\w~$]|\$\("),
    ),
    (
        "script",
        re.compile(r"^\s*(import|from)\s+\w+|__import__|\b(eval|exec|compile|system|popen)\s*\(|<script", re.MULTILINE),
    ),
)
"""What a string looks like, the first that fits: it is where something is, or what something runs."""

_MAX_TEXT = 120


def _shape(text: str) -> str:
    return next((name for name, pattern in _SHAPES if pattern.search(text) and _fits(name, pattern, text)), "")


def _fits(name: str, pattern: re.Pattern[str], text: str) -> bool:
    """Addresses and paths are the whole text, or its beginning; code may stand anywhere."""
    return name in ("shell", "script") or pattern.match(text) is not None


@change("const-string-suspicious", serving=NOTE, python=NOTE, keras=NOTE, security=WARNING)
def string_suspicious(meta_graph: MetaGraphChange) -> Iterator[Changed]:
    """A new constant string looks like a path, an address, or code.

    Why: it is the kind of text with which an op opens a file, calls another machine or runs something; it may also tell
    of the author's machine. Computing on numbers needs none.
    Fix: look at what takes the string; take it out if nothing should.
    """
    rows = (
        [(row, shape) for row in meta_graph.pair.strings if (shape := _shape(row.text))] if is_told(meta_graph) else []
    )
    if not rows:
        return
    first = rows[0][0]
    texts = [_shown(row.text) for row, _ in rows]
    kinds = " or ".join(dict.fromkeys(_WORDS[shape] for _, shape in rows))
    verb = "looks" if len(rows) == 1 else "look"
    message = f"{count_of(len(rows), 'new constant string')} {verb} like {kinds}: {named(texts)}."
    place = meta_graph.place(function=first.function or None, node=first.node)
    reach = tuple(dict.fromkeys(key for row, _ in rows for key in row.reach))
    subject = meta_graph.subject(*sorted(texts)[:20])
    yield Changed(place, message, subject, "", texts[0], listed(_string_line(row, shape) for row, shape in rows), reach)


_WORDS = {"address": "an address", "path": "a path", "shell": "a shell command", "script": "code"}


def _string_line(row: StringConstant, shape: str) -> str:
    where = f"of {stem_of(row.function)}" if row.function else "of the main graph"
    return f"{shape}: {_shown(row.text)} in the node {row.node} {where}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…")


# Cost -----------------------------------------------------------------------------------------------------------------


@change("cost-changed", serving=WARNING, python=NOTE, keras=NOTE)
def cost_changed(models: TwoModels) -> Iterator[Changed]:
    """The model is much larger or smaller.

    Why: with the parameters change the memory that a replica needs, the time it takes to load, and most often the time
    of an answer.
    Fix: measure memory and latency before the new model takes the traffic.
    """
    old, new = models.old.summary.parameters, models.new.summary.parameters
    if not old.total or not new.total or not models.graphs_are_whole:
        return
    grown = new.total > old.total
    percent = (max(old.total, new.total) / min(old.total, new.total) - 1) * 100
    if percent > COST_PERCENT:
        nodes = models.old.summary.counts.nodes, models.new.summary.counts.nodes
        lines = (f"parameters: {old.total:,} → {new.total:,}", f"bytes of parameters: {old.bytes:,} → {new.bytes:,}",
                 f"nodes of the graph: {nodes[0]:,} → {nodes[1]:,}")  # fmt: skip
        much = f"{percent:.0f} % more than" if grown else f"{(1 - new.total / old.total) * 100:.0f} % less than"
        message = f"The model has {new.total:,} parameters, {much} the {old.total:,} it had."
        yield Changed(Location(), message, (), f"{old.total:,}", f"{new.total:,}", lines)
