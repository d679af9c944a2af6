"""The page in a browser: silent, reachable by keyboard, readable everywhere and by everyone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 740}
Visit = Callable[..., Any]


PAGES = [
    "full", "empty", "hollow", "hostile", "huge", "audit", "audit_hostile", "diff", "diff_same", "diff_hostile",
    "scan", "scan_clean", "scan_hostile",
]  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_fetched_and_nothing_complains(visit: Visit, files: dict[str, str], name: str) -> None:
    opened = visit(name, viewport=DESKTOP)
    assert opened.requests == [files[name]]
    assert opened.complaints == []


@pytest.mark.parametrize(
    ("name", "scheme", "size", "colours"),
    [
        ("full", "light", DESKTOP, True),
        ("full", "dark", DESKTOP, True),
        ("full", "light", PHONE, False),  # the same colours as on a desktop, and measuring them takes seconds
        ("hostile", "dark", PHONE, False),
        ("empty", "light", DESKTOP, True),
        ("audit", "light", DESKTOP, True),
        ("audit", "dark", PHONE, True),
        ("diff", "light", DESKTOP, True),
        ("diff", "dark", PHONE, True),
        ("diff_same", "light", PHONE, False),
        ("diff_hostile", "dark", PHONE, False),
        ("scan", "light", DESKTOP, True),
        ("scan", "dark", PHONE, True),
        ("scan_hostile", "light", PHONE, False),
    ],
)
def test_no_barrier(visit: Visit, name: str, scheme: str, size: dict[str, int], colours: bool) -> None:
    # So tall that no table scrolls: a control half scrolled away counts as too small.
    page = visit(name, viewport={**size, "height": 8000}, color_scheme=scheme).page
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert _barriers(page, {"color-contrast": {"enabled": colours}}) == []


def test_no_barrier_on_paper(visit: Visit) -> None:
    page = visit("full", viewport=DESKTOP, color_scheme="dark").page
    page.emulate_media(media="print")
    assert _barriers(page, {"target-size": {"enabled": False}}) == []  # nobody points at paper


def _barriers(page: Any, rules: dict[str, dict[str, bool]]) -> list[str]:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page, options={"runOnly": WCAG, "rules": rules, "resultTypes": ["violations"]}).response
    nodes = ((one["id"], node) for one in found["violations"] for node in one["nodes"])
    return [f"{rule}: {node['html'][:200]} {node['failureSummary']}" for rule, node in nodes]


@pytest.mark.parametrize("width", [360, 768, 1440, 2560])
@pytest.mark.parametrize(
    "name", ["full", "hostile", "audit", "audit_hostile", "diff", "diff_hostile", "scan", "scan_hostile"]
)
def test_the_page_never_scrolls_sideways(visit: Visit, name: str, width: int) -> None:
    page = visit(name, viewport={"width": width, "height": 900}).page
    for opened in ("false", "true"):
        page.evaluate(f"for (const one of document.querySelectorAll('details')) one.open = {opened}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_column_sorts_both_ways_and_back(visit: Visit) -> None:
    page = visit("full", viewport=DESKTOP).page
    table = page.locator("section[aria-labelledby=layers] table")
    head = table.locator("thead th", has_text="Parameters")
    original = _column(table, 4)
    numbers = sorted(int(text.replace(",", "")) for text in original)
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert [int(text.replace(",", "")) for text in _column(table, 4)] == numbers[::-1]
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert [int(text.replace(",", "")) for text in _column(table, 4)] == numbers
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "none"
    assert _column(table, 4) == original


def test_text_sorts_as_people_do(visit: Visit) -> None:
    page = visit("full", viewport=DESKTOP).page
    table = page.locator("section[aria-labelledby=ops] table[data-table]").last
    table.locator("thead th").first.get_by_role("button").click()
    names = _column(table, 0)
    assert names == sorted(names, key=str.lower)


def _column(table: Any, place: int) -> list[str]:
    texts: list[str] = table.evaluate(
        "(table, place) => [...table.tBodies[0].rows].map((row) => row.cells[place].textContent.trim())", place
    )
    return texts


def test_filtering(visit: Visit) -> None:
    page = visit("full", viewport=DESKTOP).page
    page.get_by_label("Filter Variables").fill("CONV5 kernel")
    rows = page.locator("section[aria-labelledby=variables] table").first.locator("tbody tr")
    shown = rows.filter(visible=True)
    assert shown.count() == 4
    assert page.get_by_text(f"4 of {rows.count()}").is_visible()
    page.evaluate("location.hash = '#variable:conv1/kernel'")  # a link to a row that is filtered away shows it
    page.wait_for_timeout(100)
    assert shown.count() == rows.count()


@pytest.mark.parametrize("scripts", [True, False])
def test_findings_for_one_audience(visit: Visit, scripts: bool) -> None:
    page = visit("diff", viewport=DESKTOP, java_script_enabled=scripts).page
    shown = page.locator(".finding").filter(visible=True)
    groups = page.locator(".group > h3").filter(visible=True)
    assert (shown.count(), groups.count()) == (4, 3)
    for audience, findings, heads in (("security", 2, 2), ("keras", 3, 3), ("serving", 4, 3), ("everybody", 4, 3)):
        page.get_by_role("radio", name=audience).check()
        assert (shown.count(), groups.count()) == (findings, heads)
    page.get_by_role("radio", name="security").check()
    page.emulate_media(media="print")  # paper has them all
    assert shown.count() == 4


def test_a_link_to_a_finding_shows_it_whoever_it_concerns(visit: Visit) -> None:
    page = visit("diff", viewport=DESKTOP).page
    page.get_by_role("radio", name="security").check()
    finding = page.locator("#f-000000000002")
    assert not finding.is_visible()
    page.evaluate("location.hash = '#f-000000000002'")
    assert finding.is_visible()
    page.get_by_role("link", name="Why").click()
    assert page.locator("#f-000000000001").is_visible() and not finding.is_visible()


def test_weights_sort_by_their_figures(visit: Visit) -> None:
    page = visit("diff", viewport=DESKTOP).page
    table = page.locator("section[aria-labelledby=weights] table")
    original = _column(table, 0)
    table.locator("thead th", has_text="max |Δ|").get_by_role("button").click()
    assert _column(table, 0)[0] == "top/kernel → head/kernel"
    table.locator("thead th", has_text="Elements").get_by_role("button").click()
    assert _column(table, 2) == ["200", "20", "5", "5"]
    assert original[-1] == "far/away"


def test_the_theme_follows_the_system_until_the_button_decides(visit: Visit) -> None:
    page = visit("full", viewport=DESKTOP, color_scheme="dark").page
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Light theme").click()
    light = page.evaluate(paper)
    assert light != dark
    page.reload()
    assert page.evaluate(paper) == light
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(paper) == dark


def test_copying_gives_the_code_and_a_refused_clipboard_selects_it(visit: Visit) -> None:
    page = visit("full", viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"]).page
    button = page.get_by_role("button", name="Copy").first
    button.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("import tensorflow as tf\n")
    opened = visit("full", viewport=DESKTOP)
    opened.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('refused')); }")
    opened.page.get_by_role("button", name="Copy").first.click()
    assert "import tensorflow" in opened.page.evaluate("getSelection().toString()")
    assert opened.complaints == []


def test_a_link_opens_what_is_folded(visit: Visit) -> None:
    page = visit("full", at="#callable:__call__", viewport=DESKTOP).page
    assert page.locator("[id='callable:__call__']").get_attribute("open") is not None
    page.get_by_role("button", name="Unfold all").click()
    assert page.locator("details:not([open])").count() == 0


def test_the_keyboard_reaches_the_report_first(visit: Visit) -> None:
    page = visit("full", viewport=DESKTOP).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_hostile_names_do_nothing(visit: Visit) -> None:
    opened = visit("hostile", viewport=DESKTOP)
    page = opened.page
    page.get_by_role("button", name="Unfold all").click()
    for field in page.locator("input").all():
        field.fill("script")
    assert "taken'" in page.title()  # spelled out, not done
    assert page.evaluate("document.scripts.length") == 1
    assert page.evaluate("document.images.length") == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert opened.complaints == []


def test_an_injected_script_is_refused(visit: Visit) -> None:
    opened = visit("full", viewport=DESKTOP)
    opened.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'taken'";
          document.body.append(script);
          const image = document.createElement("img");
          image.src = "http://example.invalid/x.png";
          document.body.append(image);
        }"""
    )
    opened.page.wait_for_timeout(100)
    assert opened.page.title() != "taken"
    assert len([text for text in opened.complaints if "Content Security Policy" in text]) == 2


def test_everything_is_there_without_scripts(visit: Visit) -> None:
    plain = visit("full", viewport=DESKTOP, java_script_enabled=False).page
    scripted = visit("full", viewport=DESKTOP).page
    for query in ("main section", "tbody tr", "main details", "main pre", "svg.tile"):
        assert plain.locator(query).count() == scripted.locator(query).count() > 0
    assert plain.get_by_role("button").count() == 0
    assert plain.locator("#variables").is_visible()


def test_paper_shows_everything_unfolded(visit: Visit) -> None:
    page = visit("full", viewport=DESKTOP).page
    folded = page.locator("details:not([open])").count()
    assert folded > 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator("nav.contents").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == folded
    assert page.pdf().startswith(b"%PDF")
