"""A call as terminal text: how it ended in one line, then each output as numpy prints it."""

from __future__ import annotations

from smanalyze.render.text_page import Page
from smanalyze.render.verify_words import where_text
from smanalyze.render.visible import visible
from smanalyze.report.run import RunOutput, RunReport

_STYLES = {"ran": "good", "exception": "error", "not-loaded": "error", "crashed": "error", "refused": "warning"}

_SOURCES = {
    "warmup": "taken from the model's warm-up requests", "mlflow": "taken from MLflow's input example",
    "defaults": "the signature's defaults", "synthesized": "made from what consumes them",
}  # fmt: skip


def render_run_text(report: RunReport, *, width: int, color: bool) -> str:
    """The call. Lines of values are as long as numpy makes them."""
    page = Page(width, color)
    page.flow([(f"{report.path_name}:", "title"), (report.summary, _STYLES[report.status])])
    if not report.unchanged:
        page.flow([("The model's folder has changed!", "error")])
    for note in report.environment.notes if report.environment is not None else ():
        page.flow([(note, "warning")])
    if report.loader == "session":
        page.flow([("It ran in a session of TensorFlow 1.", ""), *((text, "dim") for text in report.remarks)])
    for part in report.refused:
        page.flow([(where_text(part.where) or "the whole model", "name"), (part.message, "")], 2, 4)
        page.flow([(" → ".join(part.path), "dim")], 4)
        page.flow([(f"--permit {part.permit} lets it run.", "")], 4)
    for death in report.deaths:
        for line in death.said.splitlines()[-3:]:
            page.flow([(line, "dim")], 2, 4)
    if report.source in _SOURCES or (report.status != "ran" and report.inputs):
        _draw_inputs(page, report)
    for output in report.outputs:
        page.blank()
        _draw_output(page, output)
    if report.status == "ran" and not report.outputs:
        page.flow([("It has no outputs.", "dim")])
    return page.text()


def _draw_inputs(page: Page, report: RunReport) -> None:
    page.blank()
    made = _SOURCES.get(report.source)
    page.flow([("Inputs" + (f", {made}: {report.trial}" if made else ""), "heading")])
    for one in report.inputs:
        sizes = ", ".join(map(str, one.shape))
        page.flow([(one.name, "name"), (f"{one.dtype} [{sizes}]" if one.dtype else "", "dim"), (one.values, "")], 2, 4)


def _draw_output(page: Page, output: RunOutput) -> None:
    sizes = ", ".join(map(str, output.shape))
    page.flow([(f"{output.name}:", "name"), (f"{output.dtype} [{sizes}]", "dim")])
    if output.text:
        page.code("\n".join(map(visible, output.text.split("\n"))), 0)
    if output.note:
        page.flow([(output.note, "warning")])
