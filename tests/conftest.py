"""What all tests share: the fixtures' folders, the corpus, and ``--update-golden``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
TESTDATA = ROOT / "testdata"

# Machines that run tests are busy; a deadline per example would only make failures that nobody can reproduce.
settings.register_profile("smanalyze", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("smanalyze")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--update-golden`` rewrites the stored outputs; read the difference before you commit it."""
    parser.addoption("--update-golden", action="store_true", help="write the goldens instead of comparing with them")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether goldens are to be written."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of public models; skips where ``SMANALYZE_CORPUS`` is not set."""
    folder = os.environ.get("SMANALYZE_CORPUS")
    if not folder:
        pytest.skip("SMANALYZE_CORPUS is not set")
    return Path(folder)
