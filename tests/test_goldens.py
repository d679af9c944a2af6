"""Every model of testdata, and a dozen pairs, through every renderer: what somebody read and found right.

``pytest --update-golden`` writes them; nothing else does.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

import smanalyze
from smanalyze.api.inputs_written import choose_trial, inputs_report
from smanalyze.api.scan import scan
from smanalyze.render.audit_text import render_audit_text
from smanalyze.render.diff_html import render_diff_html
from smanalyze.render.diff_markdown import render_diff_markdown
from smanalyze.render.diff_text import render_diff_text
from smanalyze.render.html import render_html
from smanalyze.render.inputs_text import render_inputs_text
from smanalyze.render.json import render_json
from smanalyze.render.markdown import render_markdown
from smanalyze.render.scan_text import render_scan_text
from smanalyze.render.show import render_all
from smanalyze.render.text import render_text
from smanalyze.render.verify_text import render_verify_text
from smanalyze.report.audit import AuditReport
from smanalyze.report.document import Report
from smanalyze.report.scan import ScanReport
from smanalyze.report.schemas import NAMES, make_schema, schema_text
from smanalyze.report.verify import VerifyReport
from smanalyze.verify.answer import build_report
from smanalyze.verify.gate import refusals
from tests.conftest import ROOT, TESTDATA
from tests.pairs import diff_of
from tests.verify.observed import stored

GOLDEN = Path(__file__).parent / "golden"
MODELS = sorted(path.name for path in (TESTDATA / "models").iterdir())
SCHEMAS = ROOT / "smanalyze" / "report" / "schema"


def _bare(page: str) -> str:
    """A page without its style and script, which are the same on all of them and have tests of their own."""
    page = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", page, flags=re.DOTALL)
    return re.sub(r"sha256-[^']*", "sha256-", page)


def _show(report: Report) -> str:
    from smanalyze.facts.shown import build_shown

    model = smanalyze.load(TESTDATA / "models" / report.model.path_name, graph_only=True)
    return render_all(build_shown(model, ops=True, functions=True))


RENDERERS = {
    "txt": lambda report: render_text(report, width=80, color=False),
    "json": lambda report: render_json([report]),
    "md": render_markdown,
    "html": lambda report: _bare(render_html(report)),
    "show": _show,
}


AUDIT_RENDERERS = {
    "audit.txt": lambda audit: render_audit_text(audit, width=80, color=False),
    "audit.json": lambda audit: render_json([audit]),
}


SCAN_RENDERERS = {
    "scan.txt": lambda scan: render_scan_text(scan, width=80, color=False),
    "scan.json": lambda scan: render_json([scan]),
}

SCANS = (
    "absolute_path_constant", "custom_op", "debug_info", "file_writer_in_branch", "keras2_custom_layer_lambda",
    "keras3_export", "tables_and_assets", "tf1_queue", "undeclared_asset",
)  # fmt: skip
"""Of all models those that do something, and two that do not."""


DIFF_RENDERERS = {
    "diff.txt": lambda diff: render_diff_text(diff, width=80),
    "diff.md": render_diff_markdown,
    "diff.json": lambda diff: render_json([diff]),
    "diff.html": lambda diff: _bare(render_diff_html(diff)),
}

VERIFY_RENDERERS = {
    "verify.txt": lambda verified: render_verify_text(verified, width=80, color=False),
    "verify.json": lambda verified: render_json([verified]),
}

VERIFIED = [(name, "verify.txt") for name in MODELS] + [
    (name, "verify.json") for name in ("custom_op", "mutating_signature", "tables_and_assets")
]
"""The text says what the JSON says; three documents show its form."""

PAIRS = (
    "change_asset_line", "change_input_added", "change_keras2_to_keras3", "change_layer_inserted",
    "change_output_classes", "change_read_file", "change_relu_to_gelu", "change_signature_renamed", "change_trainable",
    "change_variable_shape", "change_weights_nan", "noise_keras3_processes",
)  # fmt: skip
"""Of all pairs those that show the most."""

DIFFS = [
    (name, ending) for name in PAIRS for ending in DIFF_RENDERERS
    if ending != "diff.html" or name in ("change_relu_to_gelu", "change_weights_nan", "noise_keras3_processes")
]  # fmt: skip
"""Pages are large, and draw what the others say: three of them are enough."""


INPUTS = ("estimator_linear", "module_several_signatures", "sparse_signature", "tables_and_assets", "unknown_rank",
          "warmup")  # fmt: skip
"""Models whose inputs are shown: each has values of another kind."""


def _inputs(name: str) -> str:
    model = smanalyze.load(TESTDATA / "models" / name)
    planned = smanalyze.plan_inputs(model)
    report = inputs_report(model, planned, [choose_trial(one) for one in planned], 0)
    return render_inputs_text(report, width=80)


@cache
def _report(name: str) -> Report:
    return smanalyze.analyze(smanalyze.load(TESTDATA / "models" / name))


@cache
def _audit(name: str) -> AuditReport:
    return smanalyze.audit(smanalyze.load(TESTDATA / "models" / name))


@cache
def _scan(name: str) -> ScanReport:
    return smanalyze.scan(smanalyze.load(TESTDATA / "models" / name))


def _verified(name: str) -> VerifyReport:
    """From what TensorFlow showed when testdata/observed was made."""
    report = _report(name)
    refused = refusals(scan(smanalyze.load(TESTDATA / "models" / name)), frozenset())
    return build_report(report, stored(name), refused, "quick", frozenset())


def _compare(made: str, file: str, update_golden: bool) -> None:
    golden = GOLDEN / file
    if update_golden:
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(made, encoding="utf-8", newline="\n")
    stored = golden.read_bytes().decode() if golden.exists() else ""
    assert made == stored, f"{golden.name} differs; if the new output is right: pytest --update-golden"


@pytest.mark.parametrize("ending", RENDERERS)
@pytest.mark.parametrize("name", MODELS)
def test_output_is_as_stored(name: str, ending: str, update_golden: bool) -> None:
    _compare(RENDERERS[ending](_report(name)), f"{name}.{ending}", update_golden)


@pytest.mark.parametrize("ending", AUDIT_RENDERERS)
@pytest.mark.parametrize("name", MODELS)
def test_audit_is_as_stored(name: str, ending: str, update_golden: bool) -> None:
    _compare(AUDIT_RENDERERS[ending](_audit(name)), f"{name}.{ending}", update_golden)


@pytest.mark.parametrize("ending", SCAN_RENDERERS)
@pytest.mark.parametrize("name", SCANS)
def test_scan_is_as_stored(name: str, ending: str, update_golden: bool) -> None:
    _compare(SCAN_RENDERERS[ending](_scan(name)), f"{name}.{ending}", update_golden)


@pytest.mark.parametrize(("name", "ending"), VERIFIED)
def test_verification_is_as_stored(name: str, ending: str, update_golden: bool) -> None:
    _compare(VERIFY_RENDERERS[ending](_verified(name)), f"{name}.{ending}", update_golden)


@pytest.mark.parametrize(("name", "ending"), DIFFS)
def test_diff_is_as_stored(name: str, ending: str, update_golden: bool) -> None:
    _compare(DIFF_RENDERERS[ending](diff_of(name)), f"{name}.{ending}", update_golden)


@pytest.mark.parametrize("name", INPUTS)
def test_inputs_are_as_stored(name: str, update_golden: bool) -> None:
    _compare(_inputs(name), f"{name}.inputs.txt", update_golden)


def test_no_golden_is_left_over() -> None:
    wanted = {f"{name}.{ending}" for name in MODELS for ending in (*RENDERERS, *AUDIT_RENDERERS)}
    wanted |= {f"{name}.{ending}" for name, ending in (*DIFFS, *VERIFIED)}
    wanted |= {f"{name}.{ending}" for name in SCANS for ending in SCAN_RENDERERS}
    wanted |= {f"{name}.inputs.txt" for name in INPUTS}
    assert {path.name for path in GOLDEN.iterdir()} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_shipped_schema_is_the_dataclasses_own(name: str, update_golden: bool) -> None:
    if update_golden:
        (SCHEMAS / f"{name}.schema.json").write_text(make_schema(name), encoding="utf-8", newline="\n")
    assert schema_text(name) == make_schema(name)
