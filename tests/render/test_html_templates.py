"""Templates mark up; what they say was computed before, and is escaped after."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from smanalyze.render.html import SECTIONS, template_text
from smanalyze.render.html_filters import FILTERS

TEMPLATES = Path(__file__).parents[2] / "templates"
NAMES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.j2"))

COMPUTING = (
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg, nodes.Pos,
    nodes.Slice, nodes.List, nodes.Dict,
)  # fmt: skip
TESTS = {"none", "false", "true"}
METHODS = {"proofs", "cut", "claim", "href", "tree", "begin", "text"}
"""What may be asked of a page, and a location's own words."""


def _parsed(name: str) -> nodes.Template:
    return Environment(autoescape=True).parse(template_text(name))


def test_there_are_templates() -> None:
    assert {f"html/sections/{section}.html.j2" for section in SECTIONS} < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_does_not_compute(name: str) -> None:
    tree = _parsed(name)
    assert [type(node).__name__ for node in tree.find_all(COMPUTING)] == []
    assert {operand.op for operand in tree.find_all(nodes.Operand)} <= {"eq", "ne", "in"}
    assert {node.name for node in tree.find_all(nodes.Filter)} <= FILTERS.keys()
    assert {node.name for node in tree.find_all(nodes.Test)} <= TESTS


@pytest.mark.parametrize("name", NAMES)
def test_a_template_calls_macros_and_the_page_only(name: str) -> None:
    tree = _parsed(name)
    imported = {alias for node in tree.find_all(nodes.FromImport) for alias in node.names}
    known = imported | {node.name for node in tree.find_all(nodes.Macro)} | {"caller"}
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name):
            assert call.node.name in known
        else:
            assert isinstance(call.node, nodes.Getattr)
            assert call.node.attr in METHODS


@pytest.mark.parametrize("name", NAMES)
def test_a_template_imports_no_macro_it_does_not_use(name: str) -> None:
    tree = _parsed(name)
    imported = {alias for node in tree.find_all(nodes.FromImport) for alias in node.names}
    used = {node.name for node in tree.find_all(nodes.Name)}
    assert imported <= used


@pytest.mark.parametrize("name", NAMES)
def test_a_template_leaves_escaping_on_and_carries_no_style_or_handler(name: str) -> None:
    text = template_text(name)
    assert not re.search(r"autoescape|\|\s*safe|\bstyle=|\son\w+=|https?:(?!//www\.w3\.org/2000/svg)", text)


def test_style_and_script_can_stand_in_a_page() -> None:
    style, script = template_text("html/style.css"), template_text("html/script.js")
    assert "</" not in style
    assert "</" not in script
    assert "innerHTML" not in script
    assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttp|sendBeacon|eval\(", style + script)
    assert script.count("\n") < 220
