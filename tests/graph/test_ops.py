"""Laws of the op registry data and of the providers table."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from smanalyze.graph import ops

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "smanalyze" / "graph" / "data"
RECIPE = ROOT / "tools" / "make_op_registry.py"


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_op_registry", RECIPE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def providers() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads((DATA / "providers.toml").read_text(encoding="utf-8"))["provider"]
    return rows


def corpus(name: str) -> Path:
    """A file or folder beside the corpus; the test is skipped where there is none."""
    folder = os.environ.get("SMANALYZE_CORPUS")
    if not folder:
        pytest.skip("SMANALYZE_CORPUS is not set")
    path = Path(folder) / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the corpus")
    return path


def corpus_meta_graphs() -> list[dict[str, Any]]:
    models = json.loads(corpus("expected.json").read_text(encoding="utf-8"))
    return [meta_graph for model in models for meta_graph in model.get("meta_graphs") or ()]


# The registry data


def test_data_file_is_what_its_recipe_writes(recipe: ModuleType) -> None:
    """Taking the file apart and writing it again changes nothing: sorted, one group a line, nothing by hand."""
    text = (DATA / "ops.json").read_text(encoding="utf-8")
    assert recipe.render(*recipe.read_data(DATA / "ops.json")) == text


def test_data_file_is_made_from_the_registries(recipe: ModuleType) -> None:
    registries = corpus("../data/op_registry")
    assert recipe.main([str(registries), "--check"]) == 0


@pytest.mark.tensorflow
def test_data_file_holds_every_op_of_the_running_tensorflow() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    command = [sys.executable, str(RECIPE), "--from-tensorflow", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-500:]


def test_releases_stand_in_the_order_of_their_numbers() -> None:
    numbers = [tuple(map(int, name.split("."))) for name in ops.releases()]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)


def test_each_op_is_in_one_group_and_groups_are_sorted() -> None:
    groups = [group["ops"].split() for group in json.loads((DATA / "ops.json").read_text())["groups"]]
    assert all(group == sorted(group) for group in groups)
    names = [op for group in groups for op in group]
    assert len(names) == len(set(names)) == len(ops.registered_ops())


@pytest.mark.parametrize(
    ("op", "first", "last", "stateful", "takes", "gives"),
    [
        ("MatMul", "1.14.0", ops.releases()[-1], False, "", ""),
        ("ReadVariableOp", "1.14.0", ops.releases()[-1], True, "resource", ""),
        ("VarHandleOp", "1.14.0", ops.releases()[-1], True, "", "resource"),
        ("Assign", "1.14.0", ops.releases()[-1], False, "ref", "ref"),
        ("BigQueryReader", "1.14.0", "1.15.0", True, "", "ref"),
        ("StatelessRandomUniformV2", "2.4.4", ops.releases()[-1], False, "", ""),
    ],
)
def test_registration(op: str, first: str, last: str, stateful: bool, takes: str, gives: str) -> None:
    known = ops.registered(op)
    assert known is not None
    assert (known.first_release, known.last_release, known.stateful) == (first, last, stateful)
    assert (known.takes, known.gives) == (takes, gives)


def test_a_release_in_between_may_lack_an_op() -> None:
    """BlockLSTMV2 came with 1.15, which was cut after 2.0 and before 2.1."""
    known = ops.registered("BlockLSTMV2")
    assert known is not None
    assert known.releases[:2] == ("1.15.0", "2.1.4")


def test_an_op_of_others_is_not_registered() -> None:
    assert ops.registered("TRTEngineOp") is None
    assert ops.registered("") is None


@pytest.mark.parametrize(
    ("op", "least"),
    [
        ("ReadFile", 1), ("WriteFile", 2), ("StridedSlice", 4), ("Const", 0), ("NoSuchOp", 0),
        ("AddN", 0), ("IdentityN", 0), ("ConcatV2", 1),  # lists may be empty
        ("SaveV2", 3), ("If", 1),
        ("BoostedTreesUpdateEnsembleV2", 4),  # 5 before its inputs became lists
    ],
)  # fmt: skip
def test_inputs_that_every_release_asks_for(op: str, least: int) -> None:
    assert ops.min_inputs(op) == least


def test_the_smallest_number_of_inputs_counts(recipe: ModuleType) -> None:
    """Also where a release is added once more to a file in which an older release had fewer."""
    producers: dict[str, int] = {}
    seen: dict[str, Any] = {}
    for release, count in (("2.8.0", 1), ("2.9.0", 3), ("2.9.0", 2)):
        grown = recipe.Release(release, 1, {"Grown": recipe.Traits(False, "", "", count)})
        recipe.add(grown, producers, seen)
    assert '"inputs": 1' in recipe.render(producers, seen)


def test_producer_numbers() -> None:
    assert ops.producer_releases(1645) == ops.ProducerReleases(("2.15.1",), "2.14.1", "2.16.2")
    assert ops.producer_releases(175) == ops.ProducerReleases(("2.1.4", "2.2.3"), "1.15.0", "2.3.4")
    assert ops.producer_releases(27) == ops.ProducerReleases((), None, "1.14.0")
    assert ops.producer_releases(10**6) == ops.ProducerReleases((), ops.releases()[-1], None)


def test_producer_numbers_agree_with_the_corpus() -> None:
    """A model of a released TensorFlow bears a number that we say is of that release's minor version."""
    told = 0
    for meta_graph in corpus_meta_graphs():
        version = re.fullmatch(r"(\d+\.\d+)\.\d+", meta_graph.get("tf_version") or "")
        exact = ops.producer_releases(meta_graph.get("producer") or 0).exact
        if version and exact:
            assert version[1] in {name.rpartition(".")[0] for name in exact}
            told += 1
    assert told > 20


# The recipe


def registry(folder: Path, release: str, producer: int, **stateful: bool) -> None:
    listed = {op: {"in": [{"type": 20}], "out": [], "stateful": value} for op, value in stateful.items()}
    document = {"tensorflow": release, "graph_def_producer": producer, "ops": listed}
    (folder / f"{release}.json").write_text(json.dumps(document))


def test_recipe(recipe: ModuleType, tmp_path: Path) -> None:
    folder, output = tmp_path / "registries", tmp_path / "ops.json"
    folder.mkdir()
    registry(folder, "2.10.0", 3, Stays=True, Back=True)
    registry(folder, "2.9.0", 2, Stays=False)
    registry(folder, "2.8.0", 1, Stays=False, Back=True, Gone=True)
    arguments = [str(folder), "--output", str(output)]
    assert recipe.main([*arguments, "--check"]) == 1
    assert recipe.main(arguments) == 0
    assert recipe.main([*arguments, "--check"]) == 0
    assert json.loads(output.read_text()) == {
        "releases": ["2.8.0", "2.9.0", "2.10.0"],
        "producers": [1, 2, 3],
        "groups": [
            {"first": 0, "last": 0, "stateful": True, "takes": "resource", "inputs": 1, "ops": "Gone"},
            {"first": 0, "last": 2, "absent": [1], "stateful": True, "takes": "resource", "inputs": 1, "ops": "Back"},
            {"first": 0, "last": 2, "stateful": True, "takes": "resource", "inputs": 1, "ops": "Stays"},
        ],
    }


# Providers


def test_provider_rows_are_whole(providers: list[dict[str, Any]]) -> None:
    for row in providers:
        assert row.keys() <= {"library", "package", "import", "note", "evidence", "prefixes", "ops"}, row
        assert row["library"] and row["evidence"], row
        assert row.get("ops") or row.get("prefixes"), row
        assert row.get("ops", []) == sorted(set(row.get("ops", []))), row["library"]


def test_no_provider_shadows_an_op_of_tensorflow(providers: list[dict[str, Any]]) -> None:
    registered = set(ops.registered_ops())
    for row in providers:
        assert not registered & set(row.get("ops", ())), row["library"]
        shadowed = [op for op in registered if op.startswith(tuple(row.get("prefixes", ())))]
        assert not shadowed, row["library"]


def test_no_two_providers_claim_an_op(providers: list[dict[str, Any]]) -> None:
    names = [op for row in providers for op in row.get("ops", ())]
    prefixes = [prefix for row in providers for prefix in row.get("prefixes", ())]
    assert len(names) == len(set(names))
    assert not [name for name in names if name.startswith(tuple(prefixes))]
    assert not [(a, b) for a in prefixes for b in prefixes if a != b and a.startswith(b)]


@pytest.mark.parametrize(
    ("op", "library", "pattern"),
    [
        ("SentencepieceOp", "TensorFlow Text", "SentencepieceOp"),
        ("SentencepieceEncodeSparse", "SentencePiece for TensorFlow 1", "SentencepieceEncodeSparse"),
        ("TFText>Utf8Binarize", "TensorFlow Text", "TFText>*"),
        ("SimpleMLInferenceOpWithHandle", "TensorFlow Decision Forests", "SimpleML*"),
        ("TRTEngineOp", "TensorFlow with TensorRT (TF-TRT)", "TRTEngineOp"),
        ("BucketizeWithInputBoundaries", "TensorFlow 1 contrib.boosted_trees", "BucketizeWithInputBoundaries"),
    ],
)
def test_provider(op: str, library: str, pattern: str) -> None:
    found = ops.provider(op)
    assert found is not None
    assert (found.library, found.pattern) == (library, pattern)


def test_no_provider_for_an_op_of_tensorflow_or_of_nobody() -> None:
    assert ops.provider("MatMul") is None
    assert ops.provider("MyOwnOp") is None


def test_unregistered_ops_of_the_corpus() -> None:
    """What TensorFlow's protos call unregistered is so by our data, and for each we know who provides it."""
    found = {op for meta_graph in corpus_meta_graphs() for op in meta_graph.get("unregistered_ops") or ()}
    assert found
    assert not [op for op in sorted(found) if ops.registered(op)]
    provided = {op for op in found if ops.provider(op)}
    sys.stdout.write(f"{len(provided)} of {len(found)} unregistered ops of the corpus have a known provider\n")
    assert provided == found
