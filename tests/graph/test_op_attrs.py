"""Laws of the data that says which release knows which attr of an op, and known facts."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from smanalyze.graph import op_attrs, ops

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "smanalyze" / "graph" / "data"
RECIPE = ROOT / "tools" / "make_op_attrs.py"
DOCUMENT: dict[str, Any] = json.loads((DATA / "op_attrs.json").read_text(encoding="utf-8"))
LAST = ops.releases()[-1]


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_op_attrs", RECIPE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# The data


def test_data_file_is_what_its_recipe_writes(recipe: ModuleType) -> None:
    """Taking the file apart and writing it again changes nothing: sorted, one group a line, nothing by hand."""
    text = (DATA / "op_attrs.json").read_text(encoding="utf-8")
    assert recipe.render(*recipe.read_data(DATA / "op_attrs.json", DATA / "ops.json")) == text


def test_data_file_is_made_from_the_registries(recipe: ModuleType) -> None:
    folder = os.environ.get("SMANALYZE_CORPUS")
    registries = Path(folder or "") / ".." / "data" / "op_registry"
    if not folder or not registries.exists():
        pytest.skip("the registries are not beside the corpus")
    assert recipe.main([str(registries), "--check"]) == 0


@pytest.mark.tensorflow
def test_data_file_holds_every_attr_of_the_running_tensorflow() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    command = [sys.executable, str(RECIPE), "--from-tensorflow", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-500:]


def test_the_data_is_of_the_releases_of_the_ops() -> None:
    """Else run the recipe of one of the two files again."""
    assert tuple(DOCUMENT["releases"]) == ops.releases()
    listed = {op for name in ("first", "later", "without") for row in DOCUMENT[name] for op in row["ops"].split()}
    assert listed <= set(ops.registered_ops())


def test_each_attr_stands_once() -> None:
    rows = [
        (op, word.rstrip("="))
        for row in DOCUMENT["first"]
        for op in row["ops"].split()
        for word in row["attrs"].split()
    ]
    rows += [(op, row["attr"].rstrip("=")) for row in DOCUMENT["later"] for op in row["ops"].split()]
    assert len(rows) == len(set(rows))
    assert len({op for row in DOCUMENT["first"] for op in row["ops"].split()}) == sum(
        len(row["ops"].split()) for row in DOCUMENT["first"]
    )


def test_a_later_attr_is_later() -> None:
    for row in DOCUMENT["later"]:
        for op in row["ops"].split():
            known = ops.registered(op)
            assert known is not None and row["release"] in known.releases[1:], op


# What it answers


@pytest.mark.parametrize(
    ("op", "attr", "first", "default"),
    [
        ("MatMul", "T", "1.14.0", False),
        ("MatMul", "transpose_a", "1.14.0", True),
        ("MatMul", "grad_a", "2.16.2", True),
        ("Placeholder", "dtype", "1.14.0", False),
        ("Equal", "incompatible_shape_error", "1.15.0", True),
        ("ResourceGather", "batch_dims", "1.14.0", True),
        ("VarHandleOp", "debug_name", "2.15.1", True),
        ("BatchDatasetV2", "metadata", "2.7.4", True),
        ("XlaCallModule", "version", "2.12.1", False),  # the op is of 2.10
        ("XlaCallModule", "module", "2.10.1", False),
        ("StatelessRandomUniformV2", "Tshape", "2.4.4", True),
        ("CopyToMesh", "source_layout", "2.9.3", True),
    ],
)  # fmt: skip
def test_first_release_and_default(op: str, attr: str, first: str, default: bool) -> None:
    assert (op_attrs.attr_first_release(op, attr), op_attrs.attr_has_default(op, attr)) == (first, default)


@pytest.mark.parametrize(
    ("op", "attr"),
    [
        ("MatMul", "no_such_attr"), ("MatMul", "_output_shapes"), ("MatMul", ""), ("MatMul", "transpose_a="),
        ("MatMul", "T transpose_a="), ("NoOp", "T"), ("NoSuchOp", "T"), ("TRTEngineOp", "serialized_segment"), ("", ""),
    ],
)  # fmt: skip
def test_an_attr_that_no_release_has(op: str, attr: str) -> None:
    assert op_attrs.attr_releases(op, attr) == ()
    assert op_attrs.attr_first_release(op, attr) is None
    assert op_attrs.attr_has_default(op, attr) is None


def test_a_release_in_between_may_lack_an_attr() -> None:
    """1.15 was cut after 2.0."""
    known = ops.registered("EagerPyFunc")
    assert known is not None and "2.0.0" in known.releases
    assert op_attrs.attr_releases("EagerPyFunc", "is_async")[:2] == ("1.15.0", "2.1.4")
    assert "2.0.0" in op_attrs.attr_releases("EagerPyFunc", "token")


def test_an_attr_may_go_again() -> None:
    assert op_attrs.attr_releases("CustomAggregator", "initial_num_bins")[-1] == "2.16.2"
    assert op_attrs.attr_releases("CustomAggregator", "num_bins")[-1] == LAST


def test_first_release_of_an_op() -> None:
    assert op_attrs.op_first_release("MatMul") == "1.14.0"
    assert op_attrs.op_first_release("StatelessRandomUniformV2") == "2.4.4"
    assert op_attrs.op_first_release("NoSuchOp") is None


# The recipe


def registry(release: str, **ops_of: dict[str, bool]) -> dict[str, Any]:
    listed = {
        op: {"in": [], "out": [], "attr": [{"name": name, "default": value} for name, value in attrs.items()]}
        for op, attrs in ops_of.items()
    }
    return {"tensorflow": release, "graph_def_producer": 1, "ops": listed}


REGISTRIES = [
    registry("2.8.0", Stays={"T": False}, Grows={"T": False}, Shrinks={"T": False, "n": True}, Gone={"x": True}),
    registry("2.9.0", Stays={"T": False}, Grows={"T": False, "n": True}, Shrinks={"T": False}),
    registry("2.10.0", Stays={"T": False}, Grows={"T": False, "n": False}, Shrinks={"T": False}, New={}),
]


def test_recipe(recipe: ModuleType, tmp_path: Path) -> None:
    folder, output = tmp_path / "registries", tmp_path / "op_attrs.json"
    folder.mkdir()
    for document in REGISTRIES:
        (folder / f"{document['tensorflow']}.json").write_text(json.dumps(document))
    arguments = [str(folder), "--output", str(output)]
    assert recipe.main([*arguments, "--check"]) == 1
    assert recipe.main(arguments) == 0
    assert recipe.main([*arguments, "--check"]) == 0
    assert json.loads(output.read_text()) == {
        "releases": ["2.8.0", "2.9.0", "2.10.0"],
        "first": [
            {"attrs": "T n=", "ops": "Shrinks"},
            {"attrs": "T", "ops": "Grows Stays"},
            {"attrs": "x=", "ops": "Gone"},
        ],
        "later": [{"release": "2.9.0", "attr": "n=", "ops": "Grows"}],
        "without": [{"attr": "n", "releases": ["2.9.0", "2.10.0"], "ops": "Shrinks"}],
    }


def test_a_release_can_be_added_later(recipe: ModuleType, tmp_path: Path) -> None:
    """With ops.json made of all three, as it is when the new release's ops were added first."""
    made = sys.modules["make_op_registry"]
    producers: dict[str, int] = {}
    known: dict[str, Any] = {}
    for document in REGISTRIES:
        made.add(made._release(document), producers, known)
    (tmp_path / "ops.json").write_text(made.render(producers, known))
    seen: dict[str, Any] = {}
    for document in REGISTRIES[:2]:
        recipe.add(document["tensorflow"], recipe.attrs_of(document), seen)
    (tmp_path / "op_attrs.json").write_text(recipe.render(["2.8.0", "2.9.0"], seen))
    releases, again = recipe.read_data(tmp_path / "op_attrs.json", tmp_path / "ops.json")
    for target in (seen, again):
        recipe.add("2.10.0", recipe.attrs_of(REGISTRIES[2]), target)
    assert recipe.render([*releases, "2.10.0"], again) == recipe.render(["2.8.0", "2.9.0", "2.10.0"], seen)
