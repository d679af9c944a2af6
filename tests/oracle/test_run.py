"""`smanalyze run` gives what saved_model_cli gives; and what that cannot call, TensorFlow's own numbers confirm."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smanalyze
from smanalyze.cli.main import run
from smanalyze.verify.run import Ran
from tests.conftest import ROOT, TESTDATA
from tests.models import digests

from .helpers import has_tensorflow

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]"),
]

GOOD = TESTDATA / "models"

#: model, tags, key, --inputs, --input_exprs, --input_examples
CASES = [
    ("module_one_signature", "serve", "serving_default", "", "x=[[1, 2, 3], [4.5, -5, 6]]", ""),
    ("module_one_signature", "serve", "serving_default", "x=x.npy", "", ""),
    ("tables_and_assets", "serve", "serving_default", "", "words=['red', 'a,b', 'blue']", ""),
    ("keras3_export", "serve", "serve", "image=several.npz[image]", "", ""),
    ("estimator_linear", "serve", "predict", "", "",
     "examples=[{'age': [30.0], 'colour': ['red']}, {'age': [41.5], 'colour': [b'blue']}]"),
    ("tf1_builder_multi_metagraph", "serve,gpu", "predict", "", "words=[b'red', b'nothing']", ""),
    ("tf1_frozen", "serve", "serving_default", "", "x=[[1, 2, 3]]", ""),
    ("control_flow", "serve", "nested", "", "n=5", ""),
    ("names_japanese", "serve", "予測", "", "x=[1, 2]", ""),
    ("unknown_rank", "serve", "serving_default", "", "anything=[[[1.5]]];cube=[[[1, 2], [3, 4]]]", ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder in which all stand, and what saved_model_cli printed of each case."""
    folder = tmp_path_factory.mktemp("cli")
    np.save(folder / "x.npy", np.array([[0.5, 1.5, -2]], np.float32))
    np.savez(folder / "several.npz", image=np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1) / 64, other=np.ones(2))
    cases = [[str(GOOD / model), *rest, str(folder / f"theirs-{n}")] for n, (model, *rest) in enumerate(CASES)]
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    script = Path(__file__).with_name("cli_runs.py")
    done = subprocess.run(
        [sys.executable, str(script), "cases.json"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return folder, json.loads(done.stdout)


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_the_same_numbers_and_the_same_text(
    number: int, theirs: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, printed = theirs
    monkeypatch.chdir(folder)
    model, tags, key, inputs, exprs, examples = CASES[number]
    flags = [("--inputs", inputs), ("--input_exprs", exprs), ("--input_examples", examples)]
    given = [word for flag, text in flags if text for word in (flag, text)]
    before = digests(GOOD / model)
    code = run(["run", "--dir", str(GOOD / model), "--tag_set", tags, "--signature_def", key, *given, "-q",
                "--outdir", f"ours-{number}"])  # fmt: skip
    text = capsys.readouterr().out
    assert code == 0, text
    expected = {file.name: np.load(file, allow_pickle=True) for file in (folder / f"theirs-{number}").iterdir()}
    found = {file.name: np.load(file, allow_pickle=False) for file in (folder / f"ours-{number}").iterdir()}
    assert found.keys() == expected.keys()
    for name, array in found.items():
        other = expected[name]
        if other.dtype.kind in "OS":
            assert array.tolist() == other.tolist()
            continue
        assert (array.dtype, array.shape) == (other.dtype, other.shape)
        np.testing.assert_allclose(array, other, rtol=1e-6)
    for block in re.findall(
        r"^Result for output key .*?:\n(.*?)\n(?=Output )", printed[number], re.MULTILINE | re.DOTALL
    ):
        if "b'" not in block and "e-0" not in block:  # strings we show as text
            assert block in text
    assert digests(GOOD / model) == before


# What saved_model_cli cannot do ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of run_models.py."""
    folder = tmp_path_factory.mktemp("models")
    script = Path(__file__).with_name("run_models.py")
    subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True)
    return folder


Runs = Callable[..., Ran]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Runs a model. Its folder must stay as it is, and nothing may be left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def run_it(folder: Path, **options: Any) -> Ran:
        before = digests(folder)
        ran: Ran = smanalyze.run(smanalyze.load(folder), **options)
        assert digests(folder) == before
        assert ran.report.unchanged
        assert list(tmp_path.iterdir()) == []
        return ran

    return run_it


def plain(ran: Ran) -> dict[str, Any]:
    """The outputs as lists."""
    assert ran.report.status == "ran", ran.report.summary
    return {name: array.tolist() for name, array in ran.arrays.items()}


def test_a_signature_without_inputs(runs: Runs) -> None:
    ran = runs(GOOD / "tables_and_assets", signature="greet")
    assert plain(ran) == {"greeting": "Hello, 世界\n".encode()}
    assert (ran.report.source, ran.report.inputs) == ("none", ())
    assert runs(GOOD / "dtypes_all").arrays["string"].tolist()[3] == b"\x00\xff"


def test_a_default_is_taken_for_an_input_that_is_left_out(runs: Runs) -> None:
    ran = runs(GOOD / "module_several_signatures", inputs={"features": [[1, 2, 3, 4]]})
    assert [one.why for one in ran.report.inputs] == ["given", "the signature's default"]
    assert ran.report.status == "ran"


def test_sparse_and_ragged_inputs_of_tf1(runs: Runs) -> None:
    sparse = {"indices": [[0, 1], [1, 3]], "values": [2.5, 3], "dense_shape": [2, 4]}
    parts = {f"sparse_{name}": value for name, value in sparse.items()}
    for inputs in ({"sparse": sparse}, parts):
        assert plain(runs(GOOD / "sparse_signature", inputs=inputs)) == {"total": [2.5, 3.0]}
    for inputs in (
        {"ragged": [[1, 2], [], [3]]},
        {"ragged_component_0": [1, 2, 3], "ragged_component_1": [0, 2, 2, 3]},
    ):
        assert plain(runs(GOOD / "composite_signature", inputs=inputs)) == {"total": [3, 0, 3]}


def test_sparse_and_ragged_inputs_of_a_tf2_signature(made: Path, runs: Runs) -> None:
    expected = {
        "dense": [[0, 5, 0], [0, 0, 0]], "sums": [3, 3], "twice.splits_0": [0, 2, 3], "twice.values": [2, 4, 6],
    }  # fmt: skip
    whole = {"r": [[1, 2], [3]], "sp": {"indices": [[0, 1]], "values": [2.5], "dense_shape": [2, 3]}, "by": 2}
    flat = {"r": [1, 2, 3], "r_1": [0, 2, 3], "sp": [[0, 1]], "sp_1": [2.5], "sp_2": [2, 3], "by": 2}
    for inputs in (whole, flat):
        ran = runs(made / "composites", inputs=inputs)
        assert plain(ran) == expected
    assert [(one.output, one.role) for one in ran.report.outputs] == [
        ("dense", ""), ("sums", ""), ("twice", "values"), ("twice", "splits_0"),
    ]  # fmt: skip


def test_functions_with_composites(runs: Runs) -> None:
    folder = GOOD / "ragged_and_sparse"
    double = runs(folder, function="double", inputs={"ragged": [[1, 2], [3]]})
    assert plain(double) == {"output_0.values": [2, 4, 6], "output_0.splits_0": [0, 2, 3]}
    flat = runs(folder, function="flatten", inputs={"words": [[["a"], ["b", "c"]], []]})
    assert b"c" in next(iter(flat.arrays.values())).tolist()
    sparse = {"indices": [[0, 1]], "values": [2.5], "dense_shape": [2, 4]}
    assert plain(runs(folder, function="transpose", inputs={"sparse": sparse}))["output_0.indices"] == [[1, 0]]


@pytest.mark.parametrize(
    ("function", "inputs", "expected"),
    [
        ("layers[1].call", {"x": [1.5]}, {"output_0": [4.5]}),
        ("layers[1].call", {"x": [1.5], "training": True}, {"output_0": [45.0]}),
        ("layers[0].call", {"x": np.array([1], np.float32), "training": False}, {"output_0": [2.0]}),
        ("bare", {"x": [1]}, {"output_0": [20.0]}),
        ("shift", {"point": [1, 2], "by": 3}, {"x": 4.0, "y": 5.0}),
        ("shift", {"point": {"x": 1, "y": 2}, "by": 3}, {"x": 4.0, "y": 5.0}),
        ("count", {}, {"output_0": 1}),
        ("count", None, {"output_0": 1}),
    ],
)
def test_functions_of_objects(function: str, inputs: Any, expected: Any, made: Path, runs: Runs) -> None:
    assert plain(runs(made / "functions", function=function, inputs=inputs)) == expected


def test_functions_with_nested_and_variadic_arguments(runs: Runs) -> None:
    folder = GOOD / "nested_arguments"
    nested = {
        "features": {"a": 1, "b": {"deep": 2}}, "pair": (3, [4]), "points": [{"x": 5, "y": 6}, {"x": 7, "y": 8}],
    }  # fmt: skip
    assert runs(folder, function="structures", inputs=nested).report.status == "ran"
    variadic = {"xs": [1, 2], "left": 3, "right": 4}
    assert plain(runs(folder, function="variadic", inputs=variadic)) == {"output_0": 10.0}
    literal = {"x": [1, 2], "training": True, "bias": 1.5}
    assert runs(folder, function="literals", inputs=literal).report.status == "ran"


def test_what_only_a_session_loads(made: Path, runs: Runs) -> None:
    """tf.saved_model.load takes no reference variables; saved_model_cli runs such models, and so do we."""
    ran = runs(made / "refs", inputs={"by": 2})
    assert ran.report.loader == "session"
    assert "tf.saved_model.load cannot load the model" in ran.report.remarks[0]
    assert plain(ran) == {
        "count": 3.0, "sparse.indices": [[0], [2]], "sparse.values": [2.0, 2.0], "sparse.dense_shape": [3],
    }  # fmt: skip
    assert [one.dtype for one in ran.report.outputs] == ["float32", "int64", "float32", "int64"]


def test_dtypes_that_numpy_lacks(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert run(["run", str(made / "dtypes"), "--input-exprs", "x=[1, 2.5]", "--outdir", str(out)]) == 0
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "numpy has no bfloat16" in said.err
    files = {file.name: np.load(file, allow_pickle=False) for file in out.iterdir()}
    assert files["brain.npy"].view(np.uint16).tolist() == [0x3F80, 0x4020]
    assert files["half.npy"].tolist() == [1.0, 2.5]
    assert files["_out_side.npy"].tolist() == [b"1.000000", b"2.500000"]
    assert not (tmp_path / "side.npy").exists()


# How a call may end -------------------------------------------------------------------------------------------------


def test_an_exception_is_told_with_what_was_fed(runs: Runs) -> None:
    ran = runs(GOOD / "estimator_linear", inputs={"inputs": [b"no example"]})
    assert (ran.report.status, ran.arrays) == ("exception", {})
    assert "InvalidArgumentError" in ran.report.summary
    assert "Traceback" not in ran.report.summary
    assert ran.report.inputs[0].values == "'no example'"


@pytest.mark.parametrize(
    ("place", "status", "word"),
    [
        ("verify/endless_loop", "crashed", "timeout"),
        ("verify/memory_hog", "crashed", "out-of-memory"),
        ("verify/network", "crashed", "blocked-syscall"),
        ("broken/missing_shard", "not-loaded", "OpError"),
        ("broken/index_hostile_sizes", "crashed", "abort"),
        ("verify/init_write", "refused", "file-write"),
    ],
)
def test_each_end_has_its_name(place: str, status: str, word: str, runs: Runs) -> None:
    ran = runs(TESTDATA / place, timeout=6.0)
    assert (ran.report.status, ran.report.outputs) == (status, ())
    assert word in ran.report.summary


def test_a_risk_that_is_permitted_stays_in_the_sandbox(runs: Runs) -> None:
    ran = runs(GOOD / "file_writer_in_branch", inputs={"text": "a"}, permit=frozenset({"file-write"}))
    assert ran.report.status == "ran"
    assert not Path("log.txt").exists()


def test_values_are_made_where_none_are_given(runs: Runs) -> None:
    for name in ("estimator_linear", "warmup"):
        ran = runs(GOOD / name)
        assert ran.report.status == "ran"
        assert ran.report.source in ("synthesized", "warmup", "mlflow", "defaults")


def test_the_readme_shows_real_output(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```text\n\$ smanalyze (run [^\n]*)\n(.*?)```", text, re.DOTALL)
    assert blocks
    for command, shown in blocks:
        assert run(shlex.split(command)) == 0
        assert capsys.readouterr().out == shown
