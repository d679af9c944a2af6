"""Phrases about two models that were run side by side, for the terminal and the HTML page alike. Nothing is escaped
here."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal

from smanalyze.render.units import percent_text, plural
from smanalyze.report.against import (
    GATES,
    AgainstReport,
    FirstDifference,
    OutputAgainst,
    ProbeFed,
    SignatureAgainst,
    Swap,
)

LEVEL_STYLES = {
    "bitwise": "good", "within noise": "good", "within tolerance": "warning", "different": "error",
    "incomparable": "error",
}  # fmt: skip

_SHAPES = 3


def level_tone(level: str | None) -> str:
    """The class of its badge."""
    style = LEVEL_STYLES[level] if level is not None else "warning"
    return {"good": "fine"}.get(style, style)


def milliseconds_text(value: float) -> str:
    """``12.3 ms``."""
    return f"{value:,.1f} ms"


def number_text(value: float, *, up: bool = False) -> str:
    """``0.00123``, ``1.2e-07``, ``0``: three significant digits; ``up``: of a number that is not smaller."""
    exact = Decimal(repr(value))
    if up and exact:
        value = float(exact.quantize(Decimal((0, (1,), exact.adjusted() - 2)), ROUND_CEILING))
    return f"{value:.3g}"


def gate_text(report: AgainstReport) -> str:
    """What the gate says, and what a diff says of the files."""
    diff = f"A diff of both says {report.static}."
    if report.level is None:
        return f"The gate `{report.gate}` has nothing to decide about. {diff}"
    lost = report.only_old and report.level not in GATES[report.gate] and not report.passed
    why = f", for {', '.join(report.only_old)} {'is' if len(report.only_old) == 1 else 'are'} gone" if lost else ""
    return f"It {'passes' if report.passed else 'fails'} the gate `{report.gate}`{why}. {diff}"


def level_text(row: SignatureAgainst) -> str:
    """The level; ``not compared`` where there is none."""
    return row.level or "not compared"


def tags_text(row: SignatureAgainst, report: AgainstReport) -> str:
    """The tags of its MetaGraph, where there are several."""
    return ",".join(row.tags) if len({one.tags for one in report.signatures}) > 1 else ""


def cause_text(row: SignatureAgainst) -> str:
    """``weights and graph``."""
    return " and ".join(row.cause)


def probes_text(row: SignatureAgainst) -> str:
    """``4 sets``; of whose values."""
    return plural(len(row.probes), "set") if row.probes else ""


def output_lines(row: OutputAgainst) -> Iterator[str]:
    """What is to be said of an output that is not the same."""
    if row.reason:
        yield _sentence(row.reason)
    if row.worst is not None:
        place = f"{list(row.worst.index)} of set {row.worst.probe + 1}"
        yield f"At {place} it was {row.worst.old}, and is {row.worst.new}."
    odd = row.tolerance is not None and row.worst is not None and row.needed_rtol is None
    if odd and not row.max_abs:
        # The measures are those of numbers that are finite in both.
        yield from ["Elsewhere both are the same."] if row.cosine is not None else []
    elif row.max_abs is not None:
        yield ", ".join(_measures(row)) + "."
    if row.tolerance is not None:
        said = f"Tolerance: rtol {number_text(row.tolerance.rtol)}, atol {number_text(row.tolerance.atol)}"
        needed = "; no rtol passes" if odd else ""
        if row.needed_rtol is not None:
            needed = f"; the smallest rtol that passes is {number_text(row.needed_rtol, up=True)}"
        yield f"{said}{needed}."
    if row.noise is not None:
        yield (
            f"Noise: run again, the old model differs from itself by up to {number_text(row.noise)}."
            if row.noise
            else "Noise: none; the old model gives the same again, in another process and with other threads."
        )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}" + ("" if text[-1] in ".…" else ".")


def _measures(row: OutputAgainst) -> Iterator[str]:
    assert row.max_abs is not None
    where = " where both are finite" if row.needed_rtol is None and row.tolerance is not None else ""
    yield f"Difference{where}: at most {number_text(row.max_abs)}"
    if row.mean_abs is not None:
        yield f"{number_text(row.mean_abs)} on average"
    if row.p99_abs is not None:
        yield f"{number_text(row.p99_abs)} for 99 % of the elements"
    if row.max_rel is not None:
        yield f"relative {number_text(row.max_rel)}"
    if row.ulp is not None:
        yield plural(row.ulp, "ulp", "ulp")
    if row.cosine is not None:
        yield f"cosine {row.cosine:.6f}"
    if row.argmax is not None:
        yield f"the largest stands in the same place in {percent_text(row.argmax)} of the rows"


def swap_text(swap: Swap) -> str:
    """What came of the old model with parts of the new one."""
    parts = " and ".join(swap.parts)
    if swap.failed:
        return f"The old model cannot take the new {parts}: {swap.failed}."
    if not swap.moved:
        return f"With the new {parts} the old model gives what it gave before."
    far = f", by up to {number_text(swap.max_abs)}" if swap.max_abs else ""
    said = {
        "bitwise": "gives what the new one gives, bit by bit",
        "within noise": "is within noise of the new one",
        "within tolerance": f"is within tolerance of the new one{far}",
    }
    return f"With the new {parts} the old model {said.get(str(swap.level), f'still differs from the new one{far}')}."


def first_text(first: FirstDifference) -> str:
    """Where both part."""
    path = "".join(f"{node} → " for node in first.path)
    reads = f", which reads {', '.join(first.reads)}" if first.reads else ""
    by = f", by up to {number_text(first.max_abs)}" if first.max_abs else ""
    far = by or (", in its shape or dtype" if first.level == "incomparable" else "")
    fed = f" It takes {'; '.join(first.fed_by)}." if first.fed_by else ""
    was = f" (it was {first.old_node})" if first.old_node != first.node else ""
    beyond = " beyond tolerance" if first.level == "different" else ""
    return f"The first node to differ{beyond} is {path}{first.node} ({first.op}){was}{reads}{far}.{fed}"


def signature_lines(row: SignatureAgainst, summary: str = "") -> Iterator[str]:
    """What is to be said of a pair of signatures beside its outputs, and beside what the summary says."""
    if row.reason and row.reason.rstrip(".") not in summary:
        yield _sentence(row.reason)
    yield from map(_sentence, row.notes)
    for one in row.one_sided:
        yield f"The {one.side} model does not take {fed_text(one.fed)}: {one.message}"
    if row.first is not None:
        yield first_text(row.first)
    if row.first_reason:
        yield _sentence(row.first_reason)
    yield from map(swap_text, row.swaps)


def fed_text(fed: ProbeFed) -> str:
    """``plain (seed 1; x [16, 3])``: which values, and the shapes of the first of them."""
    shapes = [f"{name} {list(shape or ())}" for name, shape in fed.shapes[:_SHAPES]]
    more = ["…"] if len(fed.shapes) > _SHAPES else []
    told = f"; {', '.join([*shapes, *more])}" if shapes else ""
    return f"{fed.trial.partition(', batch ')[0]} (seed {fed.seed}{told})"


def lone_lines(report: AgainstReport) -> Iterator[str]:
    """Signatures of one side only, and declared renames of nothing."""
    for names, side in ((report.only_old, "old"), (report.only_new, "new")):
        if names:
            yield f"Only the {side} model has {', '.join(names)}."
    for rename in report.unused:
        yield f"--rename {rename}: there is nothing of that name on one of the sides."
