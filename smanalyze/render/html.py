"""A report as one HTML file: no request to anywhere, readable without scripts, harmless whatever the model's names."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from smanalyze.render.html_filters import FILTERS, PICTURE_HEIGHT, finalize
from smanalyze.render.html_page import Page
from smanalyze.report.document import Report
from smanalyze.report.verify import VerifyReport

SECTIONS = ("model", "findings", "signatures", "functions", "layers", "variables", "assets", "ops", "reuse", "not_read")
"""In the order of the page. A template of the same name draws each."""

TITLES = {
    "model": "Overview", "findings": "Findings", "signatures": "Signatures", "functions": "Functions",
    "layers": "Layers", "variables": "Variables", "assets": "Assets and tables", "ops": "Ops", "reuse": "Reuse",
    "not_read": "Not read",
}  # fmt: skip


def render_html(report: Report, verified: VerifyReport | None = None) -> str:
    """The whole page as text, with a badge beside each claim that was verified. The same gives the same text."""
    return fill_page(
        "html/page.html.j2",
        report=report,
        page=Page(report, verified),
        verified=verified,
        pictures=report.pictures,
        sections=tuple(section for section in SECTIONS if section in report.sections),
        folder="html/sections/",
        titles=TITLES,
        picture_height=PICTURE_HEIGHT,
    )


def fill_page(template: str, **values: Any) -> str:
    """A page with our style and script in it, and the policy under which nothing else runs."""
    style, script = template_text("html/style.css"), template_text("html/script.js")
    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            style=Markup(style),
            script=Markup(script),
            policy=Markup(_policy(style, script)),
        )
    )


def template_text(name: str) -> str:
    """A file of templates/: inside an installed package, else beside the package in a checkout."""
    for place in (files("smanalyze") / "templates", Path(__file__).parents[2] / "templates"):
        file = place.joinpath(*name.split("/"))
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise FileNotFoundError(f"templates/{name}")


@cache  # compiling the templates takes longer than filling them, and they do not change while we run
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(template_text),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


def _policy(style: str, script: str) -> str:
    """A Content-Security-Policy under which nothing is fetched and nothing runs but our own style and script."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
