"""What templates may ask for: text made safe, numbers in words, lengths of bars. Nothing that changes what is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from smanalyze.render import against_words, audit_words, diff_part_words, diff_words, scan_words, verify_words
from smanalyze.render.html_proofs import proof_text, proof_title, proof_tone
from smanalyze.render.html_treemap import HEIGHT, tiles
from smanalyze.render.units import bytes_text, count_text, percent_text, plural, shape_text, shapes_text, short_count
from smanalyze.render.visible import shorten, visible, visible_lines
from smanalyze.render.words import LAYER_SOURCES, PRODUCER_EVIDENCE, graph_unread, layers_trainable_text, release_needs
from smanalyze.report.changes import WeightDelta
from smanalyze.report.diff import DiffFinding
from smanalyze.report.findings import count_by_severity

PROSE_LIMIT = 2_000
CODE_LIMIT = 12_000
DEEPEST = 8
"""Indents that the page's style knows; what stands deeper is drawn no deeper."""

_CODE = re.compile(r"`([^`\n]+)`")


def finalize(value: Any) -> Any:
    """Every ``{{ … }}`` passes here: text becomes visible and short, a number readable; anything else is a mistake."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return visible(shorten(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return count_text(value)
    raise TypeError(f"a template writes a {type(value).__name__}, which has no words of its own")


def prose(text: str) -> Markup:
    """Sentences, with `code` in backticks set as code."""
    safe = escape(visible(shorten(text, PROSE_LIMIT)))
    return Markup(_CODE.sub(r"<code>\1</code>", str(safe)))


def code(text: str) -> Markup:
    """Lines of code for a ``pre``."""
    return escape(visible_lines(shorten(text, CODE_LIMIT)))


def number(value: int) -> Markup:
    """A number for the script that sorts, without separators."""
    return Markup(int(value))


def real(value: float | None) -> Markup:
    """The same for any number; "" for none, which sorts last."""
    return Markup("" if value is None else repr(float(value)))


def share(delta: WeightDelta) -> Markup:
    """How much of a variable changed, for the script that sorts."""
    return real(diff_part_words.share_number(delta))


def by_severity(findings: tuple[Any, ...]) -> tuple[tuple[str, int], ...]:
    """(severity, number), worst first; of a diff what is the worst for anybody, as its findings are drawn."""
    if findings and isinstance(findings[0], DiffFinding):
        return diff_words.counted(findings)
    return count_by_severity(findings)


def layer_source(source: str) -> str:
    """Where the layers were told from."""
    return LAYER_SOURCES.get(source, source)


def producer_evidence(evidence: str) -> str:
    """How the TensorFlow release is known."""
    return PRODUCER_EVIDENCE.get(evidence, evidence)


def words(values: Iterable[str]) -> str:
    """A few words in one line."""
    return ", ".join(values)


def depth(value: int) -> Markup:
    """The class of an indent."""
    return Markup(f"d{min(max(int(value), 0), DEEPEST)}")


def bar(part: int, whole: int) -> Markup:
    """The length of a bar. Below half a percent there is none: a column of specks says less than an empty one."""
    share = min(part / whole, 1.0) if whole > 0 else 0.0
    return Markup(f"{share:.1%}" if share >= 0.005 else "0%")


def largest(rows: Sequence[Any], field: str) -> int:
    """The scale of a column of bars."""
    return max((getattr(row, field) for row in rows), default=0)


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of a bar made of several."""

    x: Markup
    width: Markup
    tone: Markup
    row: Any


def segments(rows: Sequence[Any], field: str) -> tuple[Segment, ...]:
    """Rows as the pieces of one bar, in their order."""
    whole = sum(getattr(row, field) for row in rows) or 1
    made: list[Segment] = []
    before = 0
    for place, row in enumerate(rows):
        part = getattr(row, field)
        x, width = Markup(f"{before / whole:.2%}"), Markup(f"{part / whole:.2%}")
        made.append(Segment(x, width, Markup(f"tone-{place % 8}"), row))
        before += part
    return tuple(made)


FILTERS: dict[str, Callable[..., Any]] = {
    "prose": prose, "code": code, "number": number, "words": words, "depth": depth, "bar": bar, "largest": largest,
    "segments": segments, "tiles": tiles, "bytes": bytes_text, "short": short_count,
    "percent": percent_text, "plural": plural,
    "release_needs": release_needs, "layer_source": layer_source, "producer_evidence": producer_evidence,
    "layers_trainable": layers_trainable_text, "shape": shape_text, "shapes": shapes_text,
    "by_severity": by_severity,
    "title": audit_words.title_text, "verdict_style": audit_words.badge,
    "fingerprint_line": audit_words.fingerprint_text, "status_words": audit_words.status_text,
    "field_badge": audit_words.field_badge, "singleprints": audit_words.singleprints,
    "field_words": audit_words.field_text, "checkpoint_line": audit_words.checkpoint_text,
    "place": audit_words.place_text, "covered": audit_words.covered_text, "state": audit_words.state_text,
    "legend": audit_words.legend, "waste_kind": audit_words.waste_kind, "needed": audit_words.needed_text,
    "weight_status": audit_words.weight_status, "telling": audit_words.telling, "key": audit_words.key_text,
    "figure": audit_words.figure_text, "spark": audit_words.spark_text, "oddities": audit_words.oddities_text,
    "key_lines": audit_words.key_lines, "contents_line": audit_words.contents_text,
    "role": audit_words.role_text, "role_total": audit_words.total_text, "owner": audit_words.owner_text,
    "graph_unread": graph_unread, "spaced": audit_words.spaced, "total": len,
    "both_names": diff_words.title_text, "side": diff_words.side_text, "verdict_words": diff_words.verdict_text,
    "diff_badge": diff_words.verdict_badge, "audience_rows": diff_words.audience_rows,
    "audience_words": diff_words.audience_text, "audience_badge": diff_words.audience_badge,
    "hash_rows": diff_words.hash_rows, "hash_mark": diff_words.hash_mark, "hash_word": diff_words.hash_word,
    "hash_badge": diff_words.hash_badge, "told_to": diff_words.told_to, "sureness": diff_words.confidence_text,
    "normalised_line": diff_words.normalised_text, "mark": diff_part_words.mark_of,
    "status_badge": diff_part_words.status_badge, "signature_counts": diff_part_words.signature_counts,
    "signature_key": diff_part_words.signature_key, "signature_name": diff_part_words.signature_name,
    "tensor_name": diff_part_words.tensor_name, "function_name": diff_part_words.function_name,
    "bodies_line": diff_part_words.bodies_text, "root_bodies": diff_part_words.root_bodies,
    "ops_line": diff_part_words.ops_text, "nodes_line": diff_part_words.nodes_text,
    "equal_line": diff_part_words.equal_text, "untold": diff_part_words.untold_text,
    "node_word": diff_part_words.node_word, "weight_name": diff_part_words.weight_name,
    "weight_word": diff_part_words.weight_word, "share_words": diff_part_words.share_text, "share_number": share,
    "real": real, "digits": diff_part_words.figure, "cosine": diff_part_words.cosine_text,
    "moved": diff_part_words.moved_text, "weight_oddities": diff_part_words.oddities_text,
    "has_figures": diff_part_words.has_figures, "layer_line": diff_part_words.layer_text,
    "file_word": diff_part_words.file_word,
    "scan_title": scan_words.title_text, "scan_badge": scan_words.badge, "act": scan_words.act_text,
    "times": scan_words.when_text, "operand_lines": scan_words.operand_lines, "caller": scan_words.caller_text,
    "steps": scan_words.steps, "accepted": scan_words.allowed_text, "evidence": scan_words.evidence_lines,
    "proof_text": proof_text, "proof_tone": proof_tone, "proof_title": proof_title,
    "level_tone": against_words.level_tone, "gate_line": against_words.gate_text,
    "lone_lines": against_words.lone_lines, "signature_lines": against_words.signature_lines,
    "output_lines": against_words.output_lines, "cause_line": against_words.cause_text,
    "probes_line": against_words.probes_text, "milliseconds": against_words.milliseconds_text,
    "tags_line": against_words.tags_text,
    "verdict_tone": verify_words.verdict_tone, "environment": verify_words.environment_text,
}  # fmt: skip
"""Beside jinja2's own."""

PICTURE_HEIGHT = int(HEIGHT)
