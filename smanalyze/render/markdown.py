"""The report as GitHub-flavoured Markdown, for a comment or a step summary: short above, folded below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from smanalyze.render.markdown_contents import (
    add_assets,
    add_functions,
    add_layers,
    add_ops,
    add_reuse,
    add_variables,
    of_graph,
)  # fmt: skip
from smanalyze.render.markdown_escape import cell_code, cell_prose, code, codes, fenced, prose
from smanalyze.render.markdown_sheet import Sheet
from smanalyze.render.units import count_text, plural, shape_text
from smanalyze.render.words import (
    PRESENCE,
    contents_text,
    dtype_text,
    found_text,
    hashes_text,
    init_ops_text,
    missing_text,
    parameters_text,
    runs_text,
    size_text,
    stored_text,
    tags_text,
    tensorflow_text,
    warmup_text,
)  # fmt: skip
from smanalyze.report.diff import DiffFinding
from smanalyze.report.document import MetaGraphReport, NotRead, Report
from smanalyze.report.evidence import cut_lines
from smanalyze.report.findings import Finding, count_by_severity
from smanalyze.report.scan import ScanFinding
from smanalyze.report.tensors import Reach, SignatureReport, Tensor

F = TypeVar("F", Finding, DiffFinding, ScanFinding)

_FINDINGS = 40
_EXPLAINED = 15
_SIGNATURES = 12
_TENSORS = 40
_EVIDENCE = 8
_COMPONENTS = 8

SIGNS = {"error": "❌ error", "warning": "⚠️ warning", "note": "📝 note"}

_LANGUAGES = {"python": "python", "rest": "sh", "cpp": "cpp"}


def render_markdown(report: Report) -> str:
    """The report as Markdown of less than 60,000 characters; what does not fit is left out and said to be."""
    sheet = Sheet()
    model = report.model
    sheet.add(f"# {code(model.path_name)}")
    if "model" in report.sections:
        _add_model(sheet, report)
    if "findings" in report.sections:
        add_findings(sheet, report.findings)
    if "signatures" in report.sections:
        sheet.add("## Signatures")
        for graph in report.meta_graphs:
            _add_signatures(sheet, graph, several=len(report.meta_graphs) > 1)
    _add_folded(sheet, report)
    if "not_read" in report.sections:
        add_not_read(sheet, report.not_read)
    return sheet.text()


def _add_model(sheet: Sheet, report: Report) -> None:
    model = report.model
    sheet.add(prose(model.headline))
    keys = tuple(signature.key for graph in report.meta_graphs for signature in graph.signatures)
    sheet.facts(
        (
            ("Kind", cell_prose(model.kind)),
            ("TensorFlow", cell_prose(tensorflow_text(model))),
            ("Written by", cell_prose(model.writer.name)),
            ("Size", cell_prose(size_text(model))),
            ("Parameters", cell_prose(parameters_text(model))),
            ("Incomplete", cell_prose(missing_text(model))),
            ("Signatures", codes(keys, 8)),
            ("Findings", _counts(report) if "findings" in report.sections else ""),
            ("Tags", cell_prose("; ".join(map(tags_text, model.tags)))),
        )
    )
    with sheet.details("More about the model"):
        _add_details(sheet, report)


def _add_details(sheet: Sheet, report: Report) -> None:
    model, fingerprint = report.model, report.fingerprint
    sheet.facts(
        (
            ("Found", cell_prose(found_text(model))),
            ("Init op", cell_code(init_ops_text(report.meta_graphs))),
            ("Contains", cell_prose(contents_text(model))),
            ("Stored", cell_prose(stored_text(model.parameters))),
            ("Warmup", cell_prose("; ".join(map(warmup_text, model.warmup)))),
            ("Debug info", plural(model.debug_files, "file") if model.debug_files else ""),
            ("Hashes", cell_prose(hashes_text(report.hashes))),
            ("Evidence", cell_prose(" ".join(model.writer.evidence))),
            ("Fingerprint", "" if fingerprint.presence == "present" else PRESENCE[fingerprint.presence]),
            ("Program hash", cell_code(fingerprint.graph_def_program_hash)),
            ("Signature hash", cell_code(fingerprint.signature_def_hash)),
            ("Object graph hash", cell_code(fingerprint.saved_object_graph_hash)),
            ("Checkpoint hash", cell_code(fingerprint.checkpoint_hash)),
            ("SavedModel checksum", cell_code(fingerprint.saved_model_checksum)),
            ("UUID", cell_code(fingerprint.uuid)),
        )
    )


def _counts(report: Report) -> str:
    counts = count_by_severity(report.findings)
    return ", ".join(plural(number, severity) for severity, number in counts) or "none"


def add_findings(sheet: Sheet, findings: tuple[Finding, ...]) -> None:
    """The findings in a table; why and how to fix are folded away."""
    sheet.add("## Findings")
    if not findings:
        sheet.add("None.")
    sheet.table(("Severity", "Rule", "Where", "Message"), findings, _finding_row, _FINDINGS, "finding")
    add_explanations(sheet, findings, _explained, _EXPLAINED)


def add_explanations(sheet: Sheet, findings: Sequence[F], explain: Callable[[F], str], most: int) -> None:
    """Why and how to fix, folded away: of the first finding of each rule."""
    first: dict[str, F] = {}
    for finding in findings:
        first.setdefault(finding.rule, finding)
    with sheet.details("Why, and how to fix"):
        for finding in list(first.values())[:most]:
            sheet.add(explain(finding))


def _finding_row(finding: Finding) -> tuple[str, ...]:
    where, message = cell_prose(finding.where.text()), cell_prose(finding.message)
    return SIGNS[finding.severity], cell_code(finding.rule), where, message


def _explained(finding: Finding) -> str:
    lines = [f"{code(finding.rule)}"]
    lines += [f"- Why: {prose(finding.why)}"] if finding.why else []
    lines += [f"- Fix: {prose(finding.fix)}"] if finding.fix else []
    told, hidden = cut_lines(finding.evidence, _EVIDENCE)
    lines += [f"- Evidence: {prose(line)}" for line in told]
    lines += [f"- … {hidden:,} more"] if hidden > 0 else []
    return "\n".join([lines[0], "", *lines[1:]]) if len(lines) > 1 else lines[0]


def _add_signatures(sheet: Sheet, graph: MetaGraphReport, several: bool) -> None:
    if several:
        sheet.add(f"Tags {prose(tags_text(graph.tags))}")
    if not graph.signatures:
        sheet.add("No signature: TensorFlow Serving has nothing to call here.")
    for signature in graph.signatures[:_SIGNATURES]:
        _add_signature(sheet, signature)
    hidden = graph.signatures[_SIGNATURES:]
    sheet.table(("More signatures", "Inputs", "Outputs"), hidden, _short_row, _TENSORS, "signature")


def _short_row(signature: SignatureReport) -> tuple[str, ...]:
    inputs = tuple(tensor.name for tensor in signature.inputs)
    outputs = tuple(tensor.name for tensor in signature.outputs)
    return cell_code(signature.key), codes(inputs, 6), codes(outputs, 6)


def _add_signature(sheet: Sheet, signature: SignatureReport) -> None:
    sheet.add(f"### {code(signature.key)}")
    sheet.add(f"{code(signature.method_name) or 'No method name'} runs {prose(runs_text(signature.reach))}.")
    tensors = [("in", tensor) for tensor in signature.inputs] + [("out", tensor) for tensor in signature.outputs]
    titles = ("", "Name", "dtype", "Shape", "Default", "Tensor")
    sheet.table(titles, tensors, _tensor_row, _TENSORS, "tensor")
    _add_reach(sheet, signature.reach)
    with sheet.details("Call it", ", ".join(dict.fromkeys(snippet.language for snippet in signature.snippets))):
        for snippet in signature.snippets:
            sheet.add(f"**{prose(snippet.title)}**")
            sheet.add(fenced(snippet.code, _LANGUAGES.get(snippet.language, "")))
            sheet.add(prose(snippet.note))


def _tensor_row(item: tuple[str, Tensor]) -> tuple[str, ...]:
    """One tensor; the parts of a sparse or ragged one stand in the same cells, line by line."""
    word, tensor = item
    default = "" if tensor.default is None else cell_code(tensor.default)
    parts = tensor.components[:_COMPONENTS]
    names = [cell_code(tensor.name), *(f"&emsp;{cell_prose(part.role)}" for part in parts)]
    dtypes = [dtype_text(tensor), *(part.dtype for part in parts)]
    shapes = [shape_text(tensor.shape), *(shape_text(part.shape) for part in parts)]
    tensors = [
        cell_code(tensor.tensor_name) or "&nbsp;" * bool(parts),
        *(cell_code(part.tensor_name) for part in parts),
    ]
    columns = (names, map(cell_prose, dtypes), map(cell_prose, shapes))
    return (word, *("<br>".join(lines) for lines in columns), default, "<br>".join(tensors))


def _add_reach(sheet: Sheet, reach: Reach) -> None:
    facts = (
        ("Writes", reach.changes), ("Random", reach.random_ops), ("Custom ops", reach.unregistered_ops),
        ("Tables", reach.tables), ("Assets", reach.assets),
    )  # fmt: skip
    sheet.add("\n".join(f"- {word}: {codes(names, 8)}" for word, names in facts if names))


def _add_folded(sheet: Sheet, report: Report) -> None:
    wanted = report.sections
    for graph in report.meta_graphs:
        if "functions" in wanted:
            add_functions(sheet, graph, of_graph("Functions", graph, report))
        if "layers" in wanted:
            add_layers(sheet, graph, of_graph("Layers", graph, report))
    if "variables" in wanted:
        add_variables(sheet, report)
    if "assets" in wanted:
        add_assets(sheet, report)
    if "ops" in wanted:
        for graph in report.meta_graphs:
            add_ops(sheet, graph.ops, of_graph("Ops", graph, report))
    if "reuse" in wanted:
        add_reuse(sheet, report.reuse)


def add_not_read(sheet: Sheet, parts: tuple[NotRead, ...]) -> None:
    """What is missing from this report; nothing where nothing is."""
    if not parts:
        return
    sheet.add("## Not read")
    sheet.table(("Part", "State", "Reason", "File", ">Byte"), parts, _not_read_row, _TENSORS, "part")


def _not_read_row(part: NotRead) -> tuple[str, ...]:
    byte = "" if part.offset is None else count_text(part.offset)
    state = PRESENCE[part.presence]
    return cell_code(part.part), state, cell_prose(part.reason), cell_code(part.file or ""), byte
