"""The diff as GitHub-flavoured Markdown, for a comment on a pull request: the answer above, its grounds folded."""

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
    node_word,
    nodes_text,
    oddities_text,
    ops_text,
    root_bodies,
    share_text,
    signature_counts,
    signature_name,
    telling_tensors,
    tensor_name,
    untold_tensors,
    untold_text,
    weight_name,
    weight_word,
)
from smanalyze.render.diff_words import (
    SECURITY_REVIEW,
    UNUSED_RENAMES,
    VERDICT_STYLES,
    audience_text,
    change_text,
    concerned,
    confidence_text,
    hash_groups,
    is_same,
    normalised_text,
    side_facts,
    side_text,
    verdict_text,
    version_text,
    weights_text,
)
from smanalyze.render.markdown import add_explanations
from smanalyze.render.markdown_escape import cell_code, cell_prose, code, codes, prose
from smanalyze.render.markdown_sheet import Sheet
from smanalyze.render.units import plural
from smanalyze.report.changes import FilePair, FunctionChange, NodeChange
from smanalyze.report.diff import (
    DiffFinding,
    DiffReport,
    LayerWeights,
    NotCompared,
    SignatureDiff,
    TensorDiff,
    WeightRow,
)
from smanalyze.report.evidence import cut_lines

_FINDINGS = 250
_FINDINGS_SHARE = 30_000
"""Characters of the table of findings: it is what the comment is for."""

_EXPLAINED = 40
_EVIDENCE = 6
_ROWS = 60
_NODES = 20
_WEIGHTS = 10
_NAMES = 12
_SIGNS = {"error": "❌", "warning": "⚠️", "note": "📝", "good": "✅"}


def render_diff_markdown(report: DiffReport) -> str:
    """The diff as Markdown of less than 60,000 characters; what does not fit is left out and said to be."""
    sheet = Sheet()
    sign = _SIGNS[VERDICT_STYLES[report.verdict]]
    security = f" · 🔒 {SECURITY_REVIEW}" if report.security_review else ""
    sheet.add(f"### SavedModel diff: {sign} {verdict_text(report)}{security}")
    sides = f"{code(side_text(report.old))} → {code(side_text(report.new))}"
    if is_same(report):
        sheet.add(f"{sides}: {prose(report.summary)}")
        return sheet.text()
    parts = [*(f"{names} {word}" for word, names in hash_groups(report)), weights_text(report)]
    sheet.add(" · ".join([sides, *map(prose, filter(None, parts))]))
    sheet.add(prose(report.summary))
    sheet.add(f"Next version: {prose(version_text(report))}")
    if report.findings:
        _add_findings(sheet, report.findings)
    _add_audiences(sheet, report)
    _add_signatures(sheet, report)
    _add_weights(sheet, report)
    _add_functions(sheet, report.functions)
    _add_rest(sheet, report)
    return sheet.text()


def _add_findings(sheet: Sheet, findings: tuple[DiffFinding, ...]) -> None:
    titles = ("For whom", "Finding", "Where", "Change")
    sheet.table(titles, findings, _finding_row, _FINDINGS, "finding", share=_FINDINGS_SHARE)
    add_explanations(sheet, findings, _explained, _EXPLAINED)


def _finding_row(finding: DiffFinding) -> tuple[str, ...]:
    worst, whom = finding.loudest, concerned(finding)
    sign = "🔒" if whom == "security" and worst == "error" else _SIGNS[worst]
    told = " ".join(filter(None, (cell_prose(finding.message), cell_prose(change_text(finding)))))
    return f"{sign} {whom}", cell_code(finding.rule), cell_prose(finding.where.text()), told


def _explained(finding: DiffFinding) -> str:
    """Of the first finding of a rule."""
    lines = [f"- Why: {prose(finding.why)}"] if finding.why else []
    lines += [f"- Fix: {prose(finding.fix)}"] if finding.fix else []
    told, hidden = cut_lines(finding.evidence, _EVIDENCE)
    lines += [f"- Evidence: {prose(line)}" for line in told]
    lines += [f"- … {plural(hidden, 'more line')}"] if hidden > 0 else []
    lines += [f"- Reach: {codes(finding.reach, _NAMES)}"] if finding.reach else []
    sure = confidence_text(finding)
    return "\n".join([f"{code(finding.rule)} {code(finding.id)}{f', {sure}' if sure else ''}", "", *lines])


def _add_audiences(sheet: Sheet, report: DiffReport) -> None:
    with sheet.details("For whom, and what was compared"):
        rows = [
            (audience, audience_text(row) + ("" if row.in_force else " (not judged for)"))
            for audience, row in report.audiences.rows()
        ]
        told = [(f"{word} hashes", names) for word, names in hash_groups(report)]
        sides = [("old", cell_prose(side_facts(report.old))), ("new", cell_prose(side_facts(report.new)))]
        sheet.facts([*rows, *told, *sides])


def _add_signatures(sheet: Sheet, report: DiffReport) -> None:
    changed = changed_signatures(report)
    if not changed:
        return
    with sheet.details("Signatures", signature_counts(report)):
        for one in changed[:_ROWS]:
            _add_signature(sheet, one)
        if len(changed) > _ROWS:
            sheet.add(f"… {plural(len(changed) - _ROWS, 'more signature')}")


def _add_signature(sheet: Sheet, one: SignatureDiff) -> None:
    same = ", same program" if one.same_program else ""
    sheet.add(f"{mark_of(one.status)} {code(signature_name(one))} {prose(one.status)}{same}".lstrip())
    sheet.table(("", "", "Name", "Before", "After"), telling_tensors(one), _tensor_row, _ROWS, "tensor")
    sheet.add(untold_tensors(one))


def _tensor_row(tensor: TensorDiff) -> tuple[str, ...]:
    how = "" if tensor.status == "equal" else f"{mark_of(tensor.status)} {cell_prose(tensor.status)}"
    return how, cell_prose(tensor.kind), cell_code(tensor_name(tensor)), cell_code(tensor.old), cell_code(tensor.new)


def _add_weights(sheet: Sheet, report: DiffReport) -> None:
    weights = report.weights
    if not weights.tensors:
        return
    changed = changed_weights(weights)
    shown = changed or weights.tensors
    title = f"top {_WEIGHTS} of {len(shown):,}" if len(shown) > _WEIGHTS + 1 else plural(len(shown), "variable")
    with sheet.details("Weights", title):
        titles = ("Variable", "Shape", "Change", ">Elements", ">max Δ", ">‖Δ‖/‖w‖", ">cos", "")
        sheet.table(titles, shown, _weight_row, _WEIGHTS, "variable")
        if len(changed) > _WEIGHTS:
            sheet.table(("Layer", "Changed"), weights.layers, _layer_row, _WEIGHTS, "layer")


def _weight_row(row: WeightRow) -> tuple[str, ...]:
    delta = row.delta
    largest, relative = (None, None) if delta is None else (delta.max_abs, delta.relative)
    return (
        cell_code(weight_name(row)), cell_code(f"{row.dtype} {row.shape}"), cell_prose(weight_word(row)),
        share_text(delta), figure(largest), figure(relative), cosine_text(delta), oddities_text(delta),
    )  # fmt: skip


def _layer_row(row: LayerWeights) -> tuple[str, ...]:
    return cell_code(row.layer) or "(no layer)", layer_text(row)


def _add_functions(sheet: Sheet, functions: tuple[FunctionChange, ...]) -> None:
    roots = root_bodies(functions)
    with sheet.details("Functions", bodies_text(functions)):
        sheet.table(("Function", "Ops", "Nodes", "Runs in"), roots, _function_row, _ROWS, "function")
        for function in [one for one in roots if is_small(one)][:_NODES]:
            sheet.add(f"In {code(function_name(function))}:")
            sheet.table(("Node", "", "Before", "After"), function.nodes, _node_row, _NODES, "node")
            sheet.add(untold_text(function))


def _function_row(function: FunctionChange) -> tuple[str, ...]:
    return (
        cell_code(function_name(function)), cell_prose(ops_text(function)), nodes_text(function),
        codes(function.reach, _NAMES),
    )  # fmt: skip


def _node_row(node: NodeChange) -> tuple[str, ...]:
    return cell_code(node.name), cell_prose(node_word(node.kind)), cell_code(node.old), cell_code(node.new)


def _add_rest(sheet: Sheet, report: DiffReport) -> None:
    with sheet.details("Files", plural(len(report.files), "file")):
        sheet.table(("", "File", "Size"), report.files, _file_row, _ROWS, "file")
    with sheet.details("Normalised", "differences that mean nothing"):
        sheet.add(normalised_text(report))
    if report.not_compared:
        sheet.add("#### Not compared")
        sheet.table(("Part", "Why"), report.not_compared, _part_row, _ROWS, "part")
    if report.unused_renames:
        sheet.add(f"{UNUSED_RENAMES}: {codes(report.unused_renames, _NAMES)}")


def _file_row(file: FilePair) -> tuple[str, ...]:
    word = file_word(file)
    return f"{mark_of(word)} {word}".strip(), cell_code(file.path), file_text(file)


def _part_row(part: NotCompared) -> tuple[str, ...]:
    return cell_prose(part.part), cell_prose(part.reason)
