"""A chromium and pages to open in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smanalyze.render.audit_html import render_audit_html
from smanalyze.render.diff_html import render_diff_html
from smanalyze.render.html import render_html
from smanalyze.render.scan_html import render_scan_html
from tests.render import diff_sample, scan_sample
from tests.render.audit_sample import FULL, hostile
from tests.render.sample import HOSTILE, SAMPLES

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a chromium; without one the test is skipped, on a CI machine it fails."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        message = f"no chromium found (looked for {', '.join(NAMES)})"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """One browser for all tests."""
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The address of every sample's page."""
    folder = tmp_path_factory.mktemp("pages")
    for name, make in SAMPLES.items():
        (folder / f"{name}.html").write_text(render_html(make()), encoding="utf-8")
    for name, audit in {"audit": FULL, "audit_hostile": hostile(" ".join(HOSTILE))}.items():
        (folder / f"{name}.html").write_text(render_audit_html(audit), encoding="utf-8")
    diffs = {"diff": diff_sample.FULL, "diff_same": diff_sample.SAME,
             "diff_hostile": diff_sample.hostile(" ".join(HOSTILE))}  # fmt: skip
    for name, diff in diffs.items():
        (folder / f"{name}.html").write_text(render_diff_html(diff), encoding="utf-8")
    scans = {"scan": scan_sample.FULL, "scan_clean": scan_sample.CLEAN,
             "scan_hostile": scan_sample.hostile(" ".join(HOSTILE))}  # fmt: skip
    for name, scan in scans.items():
        (folder / f"{name}.html").write_text(render_scan_html(scan), encoding="utf-8")
    return {path.stem: path.as_uri() for path in folder.iterdir()}


class Opened:
    """A page, with everything it asked for and complained about."""

    def __init__(self, page: Any) -> None:
        """Listen before anything is loaded."""
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))


@pytest.fixture
def visit(browser: Any, files: dict[str, str]) -> Iterator[Callable[..., Opened]]:
    """Open the page of a sample; keywords are those of a browser context, ``at`` a fragment of its address."""
    contexts: list[Any] = []

    def open_page(name: str, at: str = "", **options: Any) -> Opened:
        contexts.append(browser.new_context(**options))
        opened = Opened(contexts[-1].new_page())
        opened.page.goto(files[name] + at)
        return opened

    yield open_page
    for context in contexts:
        context.close()
