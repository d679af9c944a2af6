"""A diff as text for a terminal: the answer first, then what it rests on."""

from __future__ import annotations

from smanalyze.render.diff_part_words import (
    bodies_text,
    changed_signatures,
    changed_weights,
    cosine_text,
    figure,
    file_text,
    file_word,
    function_name,
    is_small,
    layer_text,
    mark_of,
    moved_text,
    node_word,
    nodes_text,
    oddities_text,
    ops_text,
    root_bodies,
    share_text,
    signature_counts,
    signature_name,
    style_of,
    telling_tensors,
    tensor_name,
    tensor_text,
    untold_tensors,
    weight_name,
    weight_word,
)
from smanalyze.render.diff_words import (
    SECURITY_REVIEW,
    UNUSED_RENAMES,
    VERDICT_STYLES,
    audience_style,
    audience_text,
    change_text,
    concerned,
    confidence_text,
    hash_groups,
    is_same,
    normalised_text,
    side_facts,
    title_text,
    verdict_text,
    version_text,
)
from smanalyze.render.text_columns import Cell, Column, draw_table
from smanalyze.render.text_model import draw_each
from smanalyze.render.text_page import Page
from smanalyze.render.units import plural
from smanalyze.render.words import cut, joined
from smanalyze.report.changes import FunctionChange
from smanalyze.report.diff import DiffFinding, DiffReport, SignatureDiff, WeightRow, WeightsDiff
from smanalyze.report.evidence import cut_lines

_FINDINGS = 60
_WEIGHTS = 10
_LAYERS = 6
_NAMES = 6
_EVIDENCE = 8
_SIGNATURES = 15
_TENSORS = 30
_FUNCTIONS = 15
_NODES = 4
_FILES = 20


def render_diff_text(report: DiffReport, *, width: int = 80, color: bool = False) -> str:
    """The whole answer in lines of at most ``width`` cells; one line where the models are the same."""
    page = Page(width, color)
    style = VERDICT_STYLES[report.verdict]
    if is_same(report):
        page.flow([(f"{title_text(report)}:", "title"), (report.summary, style)])
        return page.text()
    word, _, whom = verdict_text(report).partition(" for ")
    security = [("·", "dim"), (SECURITY_REVIEW, "error")] if report.security_review else []
    page.flow([(title_text(report), "title")])
    page.flow([(word.upper(), style), (f"for {whom}" if whom else "", style), *security])
    page.flow([(report.summary, "")])
    page.blank()
    _draw_facts(page, report)
    if report.findings:
        _draw_findings(page, report.findings)
    if changed_signatures(report):
        _draw_signatures(page, report)
    if report.weights.tensors:
        _draw_weights(page, report.weights)
    if report.functions:
        _draw_functions(page, report.functions)
    _draw_rest(page, report)
    return page.text()


def _draw_facts(page: Page, report: DiffReport) -> None:
    for audience, row in report.audiences.rows():
        note = [] if row.in_force else [("(not judged for)", "dim")]
        page.fact(audience, (audience_text(row), audience_style(row) or "dim"), *note)
    for word, names in hash_groups(report):
        page.fact(word, (names, "warning" if word == "changed" else "dim"))
    page.fact("weights", (" ".join(report.weights.says), ""))
    page.fact("version", (version_text(report), ""))
    page.fact("old", (side_facts(report.old), "dim"))
    page.fact("new", (side_facts(report.new), "dim"))
    page.fact("normalised", (normalised_text(report), "dim"))


def _draw_findings(page: Page, findings: tuple[DiffFinding, ...]) -> None:
    page.heading("Findings", (plural(len(findings), "finding"), "dim"))
    draw_each(page, findings, _FINDINGS, _draw_finding)


def _draw_finding(page: Page, finding: DiffFinding, explain: bool) -> None:
    """Why and fix stand with the first finding of a rule."""
    worst = finding.loudest
    where = finding.where.text()
    title = [
        (finding.rule, "title"),
        ("·" if where else "", "dim"),
        (where, "name"),
        (f"[{concerned(finding)}]", "dim"),
        (f"id:{finding.id}", "dim"),
    ]
    page.flow(title, 2, 11, (worst, worst))
    page.flow([(finding.message, "")], 11)
    page.flow([(change_text(finding), "")], 11, 13)
    told, hidden = cut_lines(finding.evidence, _EVIDENCE)
    for line in told:
        page.flow([("·", "dim"), (line, "dim")], 11, 13)
    if hidden:
        page.flow([(f"… {plural(hidden, 'more line')}", "dim")], 13)
    if explain and worst != "note":
        page.fact("why", (finding.why, ""), indent=11, column=17)
    if explain:
        page.fact("fix", (finding.fix, ""), indent=11, column=17)
    page.fact("reach", (joined(finding.reach, _NAMES), "name"), indent=11, column=17)
    page.flow([(confidence_text(finding), "dim")], 11)


def _draw_signatures(page: Page, report: DiffReport) -> None:
    page.heading("Signatures", (signature_counts(report), "dim"))
    signatures, hidden = cut(changed_signatures(report), _SIGNATURES)
    for one in signatures:
        same = [("same program", "dim")] if one.same_program else []
        word = (f"({one.status})", style_of(one.status))
        page.flow([(mark_of(one.status), word[1]), (signature_name(one), "name"), word, *same], 2, 4)
        _draw_tensors(page, one)
    page.more(hidden, "signature")


def _draw_tensors(page: Page, one: SignatureDiff) -> None:
    shown, hidden = cut(telling_tensors(one), _TENSORS)
    columns = (Column(""), Column(""), Column("", give="fold"), Column("", give="fold", floor=20))
    rows = []
    for tensor in shown:
        style = style_of(tensor.status)
        mark = "" if tensor.status == "equal" else mark_of(tensor.status)
        cells = (mark, tensor.kind, tensor_name(tensor), tensor_text(tensor))
        rows.append([(text, style) for text in cells])
    if rows:
        draw_table(page, columns, rows, indent=4, head=False)
    page.more(hidden, "tensor", indent=4)
    page.flow([(untold_tensors(one), "dim")], 4)


def _draw_weights(page: Page, weights: WeightsDiff) -> None:
    """The largest changes; of what was not compared only how much it is, unless it is all there is."""
    changed = changed_weights(weights)
    page.heading("Weights", ("what is trained first, then the largest changes" if changed else "", "dim"))
    shown, hidden = cut(changed or weights.tensors, _WEIGHTS)
    columns = (
        Column("variable", give="fold", style="name", floor=16), Column("dtype", drop=4), Column("shape", drop=3),
        Column("change", give="fold", floor=14), Column("elements", right=True, drop=2),
        Column("max |Δ|", right=True, drop=1), Column("‖Δ‖/‖w‖", right=True), Column("cos", right=True),
        Column("mean", right=True, drop=6), Column("std", right=True, drop=5),
    )  # fmt: skip
    rows = [_weight_cells(row) for row in shown]
    draw_table(page, columns, rows)
    page.more(hidden, "variable")
    if hidden:
        layers, more = cut(weights.layers, _LAYERS)
        for layer in layers:
            page.flow([(layer.layer or "(no layer)", "name"), (layer_text(layer), "")], 2, 4)
        page.more(more, "layer")


def _weight_cells(row: WeightRow) -> tuple[Cell, ...]:
    delta, odd = row.delta, oddities_text(row.delta)
    change = (f"{weight_word(row)}, {odd}", "warning") if odd else weight_word(row)
    named = weight_name(row), row.dtype, row.shape, change
    if delta is None:
        return (*named, "", "", "", "", "", "")
    return (
        *named, share_text(delta), figure(delta.max_abs), figure(delta.relative), cosine_text(delta),
        moved_text(delta.old_mean, delta.new_mean), moved_text(delta.old_std, delta.new_std),
    )  # fmt: skip


def _draw_functions(page: Page, functions: tuple[FunctionChange, ...]) -> None:
    page.heading("Functions", (bodies_text(functions), "dim"))
    shown, hidden = cut(root_bodies(functions), _FUNCTIONS)
    for function in shown:
        page.flow([(mark_of("changed"), "warning"), (function_name(function), "name"), (ops_text(function), "")], 2, 4)
        page.flow([(nodes_text(function), "dim")], 4, 6)
        if is_small(function):
            _draw_nodes(page, function)
        page.fact("also in", (joined(function.seen_in, _NAMES), "name"), indent=4, column=12)
        page.fact("reach", (joined(function.reach, _NAMES), "name"), indent=4, column=12)
    page.more(hidden, "function")


def _draw_nodes(page: Page, function: FunctionChange) -> None:
    for node in function.nodes[:_NODES]:
        page.flow(
            [
                (f"{node.name}:", ""),
                (f"{node.old or '(none)'} → {node.new or '(none)'}", ""),
                (node_word(node.kind), "dim"),
            ],
            4,
            6,
        )


def _draw_rest(page: Page, report: DiffReport) -> None:
    if report.files:
        page.heading("Files")
        files, hidden = cut(report.files, _FILES)
        marked = [(file_word(file), file) for file in files]
        rows = [((mark_of(word), style_of(word)), file.path, word, file_text(file)) for word, file in marked]
        draw_table(page, (Column(""), Column("", give="fold"), Column(""), Column("", give="fold")), rows, head=False)
        page.more(hidden, "file")
    if report.not_compared:
        page.heading("Not compared")
        parts, hidden = cut(report.not_compared, _FILES)
        for part in parts:
            page.flow([(f"{part.part}:", "warning"), (part.reason, "")], 2, 4)
        page.more(hidden, "part")
    if report.unused_renames:
        page.heading(UNUSED_RENAMES)
        page.flow([(joined(report.unused_renames, _NAMES), "name")], 2)
