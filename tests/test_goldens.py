"""Every model of testdata through every renderer, compared with what somebody read and found right.

``pytest --update-golden`` writes them; nothing else does.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

import smanalyze
from smanalyze.render.audit_text import render_audit_text
from smanalyze.render.html import render_html
from smanalyze.render.json import render_json
from smanalyze.render.markdown import render_markdown
from smanalyze.render.show import render_all
from smanalyze.render.text import render_text
from smanalyze.report.audit import AuditReport
from smanalyze.report.document import Report
from smanalyze.report.schemas import NAMES, make_schema, schema_text
from tests.conftest import ROOT, TESTDATA

GOLDEN = Path(__file__).parent / "golden"
MODELS = sorted(path.name for path in (TESTDATA / "models").iterdir())
SCHEMAS = ROOT / "smanalyze" / "report" / "schema"


def _html(report: Report) -> str:
    """The page without its style and script, which are the same on all of them and have tests of their own."""
    page = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", render_html(report), flags=re.DOTALL)
    return re.sub(r"sha256-[^']*", "sha256-", page)


def _show(report: Report) -> str:
    from smanalyze.facts.shown import build_shown

    model = smanalyze.load(TESTDATA / "models" / report.model.path_name, graph_only=True)
    return render_all(build_shown(model, ops=True, functions=True))


RENDERERS = {
    "txt": lambda report: render_text(report, width=80, color=False),
    "json": lambda report: render_json([report]),
    "md": render_markdown,
    "html": _html,
    "show": _show,
}


AUDIT_RENDERERS = {
    "audit.txt": lambda audit: render_audit_text(audit, width=80, color=False),
    "audit.json": lambda audit: render_json([audit]),
}


@cache
def _report(name: str) -> Report:
    return smanalyze.analyze(smanalyze.load(TESTDATA / "models" / name))


@cache
def _audit(name: str) -> AuditReport:
    return smanalyze.audit(smanalyze.load(TESTDATA / "models" / name))


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


def test_no_golden_is_left_over() -> None:
    wanted = {f"{name}.{ending}" for name in MODELS for ending in (*RENDERERS, *AUDIT_RENDERERS)}
    assert {path.name for path in GOLDEN.iterdir()} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_shipped_schema_is_the_dataclasses_own(name: str, update_golden: bool) -> None:
    if update_golden:
        (SCHEMAS / f"{name}.schema.json").write_text(make_schema(name), encoding="utf-8", newline="\n")
    assert schema_text(name) == make_schema(name)
