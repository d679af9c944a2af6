"""The package as people get it: built, installed elsewhere, used without the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import smanalyze
from tests.conftest import ROOT, TESTDATA


def _run(*command: str | Path, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_from_sdist_works_without_the_checkout(tmp_path: Path) -> None:
    """sdist, then a wheel from it, in an environment of its own; templates and schemas must be inside."""
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns(".git", "__pycache__", "*.egg-info", ".*_cache", "tests", "testdata")
    shutil.copytree(ROOT, source, ignore=ignored)
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist", source, cwd=tmp_path)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    # The dependencies are those of the running environment; only smanalyze itself must come from the wheel.
    venv.create(tmp_path / "venv", system_site_packages=False, with_pip=False)
    folder = "Scripts" if os.name == "nt" else "bin"
    python = tmp_path / "venv" / folder / "python"
    shutil.unpack_archive(wheel, tmp_path / "installed", "zip")
    shutil.copytree(TESTDATA / "models" / "keras3_export", tmp_path / "model")
    paths = [str(tmp_path / "installed"), *(path for path in sys.path if "site-packages" in path)]
    code = (
        f"import sys; sys.path[:0] = {paths!r}\n"
        "import smanalyze\n"
        "from smanalyze.cli.main import run\n"
        "code = run(['report', 'model', '-o', 'page.html', '-o', 'report.json', '--fail-on', 'none'])\n"
        "run(['schema', 'report'])\n"
        "print(smanalyze.__file__, code)\n"
    )
    told = _run(python, "-c", code, cwd=tmp_path).splitlines()[-1]
    assert told == f"{tmp_path / 'installed' / 'smanalyze' / '__init__.py'} 0"
    assert "<h1" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == smanalyze.__version__
    assert f"## {smanalyze.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_public_names_are_sorted_and_there() -> None:
    assert smanalyze.__all__ == sorted(smanalyze.__all__)
    for name in smanalyze.__all__:
        assert getattr(smanalyze, name).__doc__


def test_public_verbs_are_not_hidden_by_their_modules() -> None:
    """``import smanalyze.load`` must not put the module in the place of the function."""
    code = (
        "import smanalyze, smanalyze.load, smanalyze.api; print(callable(smanalyze.load), callable(smanalyze.analyze))"
    )
    assert _run(sys.executable, "-c", code, cwd=ROOT) == "True True\n"
