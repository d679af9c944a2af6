"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "smanalyze"
SOURCES = sorted(PACKAGE.rglob("*.py"))


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)


def test_imports_flow_one_way() -> None:
    done = _run("-c", "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())")
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    done = _run("-m", "ruff", "check", "smanalyze", "tests", "tools")
    assert done.returncode == 0, done.stdout


def test_code_is_formatted() -> None:
    done = _run("-m", "ruff", "format", "--check", "smanalyze", "tests", "tools")
    assert done.returncode == 0, done.stdout


def test_types_hold() -> None:
    done = _run("-m", "mypy")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    """A file is a room: about 300 lines; a function about 40. The worker is one file whatever it does: another
    interpreter runs it, which has nothing else of ours."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= (500 if path.name == "worker.py" else 320)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{node.name} at line {node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_names_are_documented(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module has no docstring"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} at line {node.lineno}"


def test_help_imports_nothing_heavy() -> None:
    """`--help` must answer at once; what a command needs is imported when it runs."""
    code = (
        "import sys\n"
        "from smanalyze.cli.main import run\n"
        "run(['--help'])\n"
        "heavy = {'google.protobuf', 'networkx', 'numpy', 'rich', 'jinja2', 'typing', 'dataclasses', 'pathlib'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = _run("-c", code)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["show", "--all"], ["networkx", "numpy", "rich", "jinja2"]),
        (["report"], ["networkx", "numpy", "jinja2", "ml_dtypes"]),
        (["report", "--format", "json"], ["networkx", "numpy", "jinja2", "rich", "ml_dtypes"]),
        (["audit"], ["networkx", "numpy", "jinja2", "ml_dtypes"]),
        (["scan"], ["networkx", "numpy", "jinja2", "ml_dtypes"]),
        (["scan", "--format", "sarif"], ["networkx", "numpy", "jinja2", "ml_dtypes", "rich"]),
    ],
)
def test_commands_import_only_what_they_use(arguments: list[str], forbidden: list[str]) -> None:
    model = ROOT / "testdata" / "models" / "keras3_export"
    code = (
        "import sys\n"
        "from smanalyze.cli.main import run\n"
        f"run({[*arguments, str(model)]!r})\n"
        f"print(sorted(set({forbidden!r}) & set(sys.modules)), file=sys.stderr)\n"
    )
    done = _run("-c", code)
    assert done.stderr.strip() == "[]", done.stderr
