"""Every fixture has a recipe, every recipe makes its fixtures, and none leaks the machine it was made on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.conftest import TESTDATA

RECIPES = sorted(path for path in (TESTDATA / "recipes").glob("*.py") if not path.name.startswith("_"))
MAX_BYTES = 10_000_000
MAX_PAIRS_BYTES = 2_500_000
MAX_SCAN_BYTES = 700_000
FOLDERS = ("models", "broken", "weights", "pairs", "scan", "verify")


def _constant(recipe: Path, name: str) -> object:
    for node in ast.parse(recipe.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return ast.literal_eval(node.value)
    return None


def _folder(recipe: Path) -> str:
    kind = recipe.stem.partition("_")[0]
    return kind if kind in FOLDERS else "models"


def _made(folder: str) -> list[str]:
    recipes = [recipe for recipe in RECIPES if _folder(recipe) == folder]
    return sorted(model for recipe in recipes for model in _constant(recipe, "MODELS") or ())  # type: ignore[attr-defined]


def _present(folder: str) -> list[str]:
    return sorted(path.name for path in (TESTDATA / folder).iterdir() if path.is_dir())


def test_every_model_has_one_recipe_and_every_recipe_its_models() -> None:
    for folder in FOLDERS:
        assert _made(folder) == _present(folder)


def test_every_fixture_is_described() -> None:
    for folder in FOLDERS:
        page = TESTDATA / ("" if folder == "models" else folder) / "README.md"
        rows = re.findall(r"^\| (\w+) \|", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert sorted(set(rows) - {"model", "folder", "name", "what"}) == _present(folder)


def test_every_pair_has_two_sides_and_noise_is_in_their_bytes() -> None:
    for name in _present("pairs"):
        folder = TESTDATA / "pairs" / name
        assert sorted(side.name for side in folder.iterdir()) == ["new", "old"]
        old, new = ((folder / side / "saved_model.pb").read_bytes() for side in ("old", "new"))
        assert old != new or not name.startswith("noise_"), name


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_what_was_observed_is_of_each_model() -> None:
    assert sorted(path.stem for path in (TESTDATA / "observed").iterdir()) == _present("models")


def test_fixtures_are_small() -> None:
    assert _bytes_below(TESTDATA) < MAX_BYTES
    assert _bytes_below(TESTDATA / "pairs") < MAX_PAIRS_BYTES
    assert _bytes_below(TESTDATA / "scan") < MAX_SCAN_BYTES


def test_no_fixture_names_the_machine_it_was_made_on() -> None:
    """Only the made-up /home/author may stand in them."""
    for path in TESTDATA.rglob("*"):
        if path.is_file() and "recipes" not in path.parts:
            leaks = re.findall(rb"/(?:root|tmp|Users|home/(?!author\b)\w+)/[\w./-]+", path.read_bytes())
            assert not leaks, f"{path.name}: {leaks[:3]}"
