"""Phrases for the facts behind a diff, in all its forms: signatures, functions, weights and files, side by side."""

from __future__ import annotations

from smanalyze.render.units import bytes_text, count_text, percent_text, plural
from smanalyze.render.words import badge_class
from smanalyze.report.changes import FilePair, FunctionChange, WeightDelta
from smanalyze.report.diff import DiffReport, LayerWeights, SignatureDiff, TensorDiff, WeightRow, WeightsDiff

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"

_MARKS = {
    "equal": "=", "changed": "~", "renamed": "~", "added": "+", "removed": MINUS,
    "attrs": "~", "rewired": "~", "device": "~", "control": "~", "gradient": "~",
    "see weights": "",
}  # fmt: skip

_STYLES = {
    "equal": "dim", "added": "good", "removed": "error", "not compared": "dim", "see weights": "dim",
}  # fmt: skip

_NODE_WORDS = {
    "attrs": "changed", "rewired": "fed by others", "device": "other device", "control": "other control inputs",
    "gradient": "other gradient",
}  # fmt: skip


def mark_of(status: str) -> str:
    """What stands before a row, so that colour is never the only signal."""
    return _MARKS.get(status, "?")


def style_of(status: str) -> str:
    """The style of such a row: the name of a severity, ``good`` or ``dim``."""
    return _STYLES.get(status, "warning")


def status_badge(status: str) -> str:
    """The class of such a row's badge on a page."""
    return badge_class(style_of(status))


def node_word(kind: str) -> str:
    """How a node changed."""
    return _NODE_WORDS.get(kind, kind)


# Signatures -----------------------------------------------------------------------------------------------------------


def changed_signatures(report: DiffReport) -> tuple[SignatureDiff, ...]:
    """Those that are not as they were."""
    return tuple(one for one in report.signatures if one.status != "equal")


def equal_signatures(report: DiffReport) -> tuple[SignatureDiff, ...]:
    """The others."""
    return tuple(one for one in report.signatures if one.status == "equal")


def signature_counts(report: DiffReport) -> str:
    """``2 changed, 1 equal``."""
    changed = len(changed_signatures(report))
    return f"{changed:,} changed, {len(report.signatures) - changed:,} equal"


def signature_key(one: SignatureDiff) -> str:
    """The key that names it: the old one where there are both."""
    return one.old_key or one.new_key


def signature_name(one: SignatureDiff) -> str:
    """Its key, or both."""
    return f"{one.old_key} → {one.new_key}" if one.status == "renamed" else signature_key(one)


ALL_TENSORS = 12
"""A signature with more shows those that changed, and how many did not."""


def telling_tensors(one: SignatureDiff) -> tuple[TensorDiff, ...]:
    """Its inputs and outputs; of many only those that changed."""
    changed = tuple(tensor for tensor in one.tensors if tensor.status != "equal")
    return one.tensors if len(one.tensors) <= ALL_TENSORS else changed


def untold_tensors(one: SignatureDiff) -> str:
    """How many equal ones are not among them; "" for none."""
    hidden = len(one.tensors) - len(telling_tensors(one))
    return f"{count_text(hidden)} equal" if hidden else ""


def tensor_name(tensor: TensorDiff) -> str:
    """Its name, or both."""
    renamed = tensor.status == "renamed"
    return f"{tensor.old_name} → {tensor.new_name}" if renamed else tensor.old_name or tensor.new_name


def tensor_text(tensor: TensorDiff) -> str:
    """What it is, or what it was and is."""
    differs = tensor.old and tensor.new and tensor.old != tensor.new
    return f"{tensor.old} → {tensor.new}" if differs else tensor.old or tensor.new


# Functions ------------------------------------------------------------------------------------------------------------


def root_bodies(functions: tuple[FunctionChange, ...]) -> tuple[FunctionChange, ...]:
    """Those that tell a change; others show the same again."""
    return tuple(one for one in functions if not one.echo_of)


def bodies_text(functions: tuple[FunctionChange, ...]) -> str:
    """``2 changed bodies; 3 more show the same``."""
    roots = len(root_bodies(functions))
    words = plural(roots, "changed body", "changed bodies")
    echoes = len(functions) - roots
    return f"{words}; {count_text(echoes)} more show the same" if echoes else words


def function_name(function: FunctionChange) -> str:
    """Its name without what an exporter counted."""
    return function.stem or "main graph"


def ops_text(function: FunctionChange) -> str:
    """What was removed, then what was added; without either, what changed instead."""
    gone = [f"{MINUS} {row.op}{_times(row.count)}" for row in function.ops_removed]
    told = "  ".join([*gone, *(f"+ {row.op}{_times(row.count)}" for row in function.ops_added)])
    if told:
        return told
    only = (
        (function.only_constants, "constants only"), (function.only_attrs, "attrs only"),
        (function.only_devices, "devices only"), (function.only_controls, "control inputs only"),
        (function.passing > 0, "same values"),
    )  # fmt: skip
    return next((words for holds, words in only if holds), "no op added or removed")


def is_small(function: FunctionChange) -> bool:
    """Whether its ops are as they were, so that its nodes have to tell what changed."""
    return not (function.ops_added or function.ops_removed)


def _times(count: int) -> str:
    return f" {TIMES}{count:,}" if count > 1 else ""


def nodes_text(function: FunctionChange) -> str:
    """How many nodes changed themselves, how many only compute on them, how many not even that."""
    words = plural(function.changed_nodes, "changed node")
    if function.rewired:
        words += f", {count_text(function.rewired)} of them fed by others"
    return f"{words}; {equal_text(function)}"


def equal_text(function: FunctionChange) -> str:
    """``31 equal nodes, 14 of them downstream of a change``."""
    words = plural(function.equal_nodes, "equal node")
    if function.downstream:
        words += f", {count_text(function.downstream)} of them downstream of a change"
    return words


def untold_text(function: FunctionChange) -> str:
    """Changed nodes that the report does not list; "" for none."""
    hidden = function.changed_nodes - len(function.nodes)
    return f"{plural(hidden, 'more changed node')}, counted and not listed" if hidden > 0 else ""


# Weights --------------------------------------------------------------------------------------------------------------


def changed_weights(weights: WeightsDiff) -> tuple[WeightRow, ...]:
    """Variables whose values changed."""
    return tuple(row for row in weights.tensors if row.status == "changed")


def has_figures(weights: WeightsDiff) -> bool:
    """Whether values were read, so that there is more to tell than that they differ."""
    return any(row.delta is not None for row in weights.tensors)


def weight_name(row: WeightRow) -> str:
    """Its name, or both."""
    return f"{row.old_name} → {row.name}" if row.old_name else row.name


def weight_word(row: WeightRow) -> str:
    """How the values changed, in a word; what is known where they were not compared."""
    if row.status != "changed":
        return row.status.replace("-", " ")
    return row.delta.kind if row.delta is not None else "changed, values not read"


def share_text(delta: WeightDelta | None) -> str:
    """How many of the elements changed."""
    return percent_text(delta.changed / delta.elements) if delta is not None and delta.elements else ""


def share_number(delta: WeightDelta) -> float | None:
    """The same for a script that sorts."""
    return delta.changed / delta.elements if delta.elements else None


def figure(value: float | None) -> str:
    """A number with three digits, "" for none."""
    return "" if value is None else f"{value:.3g}"


def cosine_text(delta: WeightDelta | None) -> str:
    """Near 1 with the digits that tell it from 1."""
    if delta is None or delta.cosine is None:
        return ""
    return f"{delta.cosine:.5g}" if abs(delta.cosine) > 0.99 else figure(delta.cosine)


def moved_text(old: float | None, new: float | None) -> str:
    """``0.12 → 0.13``; one number where they look alike."""
    before, after = figure(old), figure(new)
    return before if before == after else f"{before or '?'} → {after or '?'}"


def oddities_text(delta: WeightDelta | None) -> str:
    """What is wrong with the new values."""
    if delta is None:
        return ""
    odd = [
        f"NaN or infinite: {count_text(delta.old_nonfinite)} → {count_text(delta.new_nonfinite)}"
        if delta.new_nonfinite or delta.old_nonfinite else "",
        "all zero now" if delta.new_zero else "constant now" if delta.new_constant and not delta.old_constant else "",
    ]  # fmt: skip
    return ", ".join(filter(None, odd))


def layer_text(row: LayerWeights) -> str:
    """``2 of 3 changed, at most ‖Δ‖/‖w‖ 0.31``."""
    most = "" if row.relative is None else f", at most ‖Δ‖/‖w‖ {figure(row.relative)}"
    return f"{count_text(row.changed)} of {count_text(row.changed + row.equal)} changed{most}"


# Files ----------------------------------------------------------------------------------------------------------------


def file_word(file: FilePair) -> str:
    """What became of it."""
    if file.old is None or file.new is None:
        return "removed" if file.new is None else "added"
    if file.same is None:
        return "see weights" if file.path.startswith("variables/") and ".data-" in file.path else "not compared"
    return "changed"


def file_text(file: FilePair) -> str:
    """Its sizes."""
    sizes = [bytes_text(size) for size in (file.old, file.new) if size is not None]
    link = ", a symlink" if file.symlink else ""
    return " → ".join(dict.fromkeys(sizes)) + link
