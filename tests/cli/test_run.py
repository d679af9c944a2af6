"""`smanalyze run` without TensorFlow: usage, refusals, files, and how an answer is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import jsonschema
import numpy as np
import pytest

from smanalyze.api.scan import scan
from smanalyze.errors import UsageError
from smanalyze.load import load
from smanalyze.report.findings import Location
from smanalyze.report.inputs import FedTensor
from smanalyze.report.run import RunOutput, RunReport
from smanalyze.report.schemas import schema_text
from smanalyze.report.serialize import from_dict, to_dict
from smanalyze.report.verify import Death, Environment
from smanalyze.verify import run as verb
from smanalyze.verify import sandbox, target
from smanalyze.verify.outputs import file_names, read_outputs, save_outputs, values_shown
from smanalyze.verify.run import Ran
from tests.conftest import TESTDATA
from tests.models import GOOD, digests

from .helpers import Command, sentences

MODEL = GOOD / "module_one_signature"
WORDS = GOOD / "tables_and_assets"
WRITES = TESTDATA / "verify" / "init_write"


def output(name: str, array: Any, dtype: str) -> RunOutput:
    """The row of one output."""
    from smanalyze.verify.outputs import listed

    values, encoding = listed(array)
    return RunOutput(name, name, "", dtype, array.shape, values_shown(array), values, encoding, "")


ARRAYS = {
    "y": np.array([[1.5, np.nan]], np.float32),
    "names": np.array([b"caf\xc3\xa9", b"\x1b[31m\xff"], object),
}
RAN = RunReport(
    schema_version="1.0", path_name="m", status="ran", summary="signature serving_default ran.", tags=("serve",),
    signature="serving_default", function=None, source="given", trial="",
    inputs=(FedTensor("x", "float32", (1,), "1", "an expression"),),
    outputs=(output("y", ARRAYS["y"], "float32"), output("names", ARRAYS["names"], "string")), milliseconds=1.5,
    environment=Environment("2.21.0", "3.11.7", "namespace", ()), permitted=(), unchanged=True, refused=(), deaths=(),
)  # fmt: skip
DIED = Death("call", Location(signature="serving_default"), "abort", "Check failed", "line one\nline two")
NOTHING: dict[str, Any] = {"outputs": (), "milliseconds": 0.0}
ANSWERS = {
    0: RAN,
    1: replace(RAN, status="exception", summary="signature k raised an exception: InvalidArgumentError: no", **NOTHING),
    2: replace(RAN, status="not-loaded", summary="The model could not be loaded: OpError: no", **NOTHING),
    4: replace(RAN, status="crashed", summary="The child died at call", deaths=(DIED,), **NOTHING),
    5: replace(RAN, status="refused", summary="signature k is not run because of a risk.", **NOTHING),
}


def answer(report: RunReport, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Lets the verb give this; what it was asked is put into the dict."""
    asked: dict[str, Any] = {}

    def run(model: object, **options: Any) -> Ran:
        asked.update(options)
        return Ran(report, ARRAYS if report.status == "ran" else {})

    monkeypatch.setattr(verb, "run", run)
    return asked


@pytest.mark.parametrize("code", ANSWERS)
def test_how_it_ended_is_the_exit_code(code: int, cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(ANSWERS[code], monkeypatch)
    said = cli("run", MODEL, "--input-exprs", "x=np.ones((1, 3))")
    assert (said.code, said.err) == (code, "")
    assert said.out.startswith("m: ")
    assert ANSWERS[code].summary.split(":")[0] in said.out


def test_text_shows_values_as_numpy_does(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(RAN, monkeypatch)
    said = cli("run", MODEL, "--input-exprs", "x=np.ones((1, 3))")
    assert said.out == (
        "m: signature serving_default ran.\n\ny: float32 [1, 2]\n[[1.5 nan]]\n\nnames: string [2]\n"
        "[b'café' b'\\x1b[31m\\xff']\n"
    )
    assert "\x1b" not in said.out


def test_json_is_the_record_and_follows_the_schema(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for report in ANSWERS.values():
        answer(report, monkeypatch)
        document = json.loads(cli("run", MODEL, "--input-exprs", "x=np.ones((1, 3))", "--format", "json").out)
        assert document == to_dict(report)
        assert from_dict(RunReport, document) == report
        jsonschema.Draft202012Validator(json.loads(schema_text("run"))).validate(document)
    values = [one["values"] for one in to_dict(RAN)["outputs"]]
    assert values == [[1.5, "nan"], ["Y2Fmw6k=", "G1szMW3/"]]


def test_render_draws_it_again(cli: Command, tmp_path: Path) -> None:
    from smanalyze.render.json import render_json

    (tmp_path / "run.json").write_text(render_json([RAN]), encoding="utf-8")
    said = cli("render", tmp_path / "run.json")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("m: signature serving_default ran.\n\ny: float32 [1, 2]\n")
    assert cli("render", tmp_path / "run.json", "--format", "html").code == 2


def test_values_by_flags_of_both_spellings(cli: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = answer(RAN, monkeypatch)
    np.save(tmp_path / "a.npy", np.zeros((1, 3), np.float32))
    said = cli("run", "--dir", MODEL, "--tag_set", "serve", "--signature_def", "serving_default",
               f"--inputs=x={tmp_path / 'a.npy'}", "--input_exprs", "x=[[1, 2, 3]]", "--input_exprs", "x=[[4, 5, 6]]",
               "--seed", 3)  # fmt: skip
    assert said.code == 0
    assert sentences(said.err) == ["smanalyze: the input 'x' is given more than once; that of --input-exprs is used."]
    assert (asked["inputs"]["x"].value, asked["seed"], asked["signature"]) == ([[4, 5, 6]], 3, "serving_default")


def test_without_values_it_says_that_they_are_made(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(replace(RAN, source="synthesized", trial="plain"), monkeypatch)
    said = cli("run", MODEL)
    assert asked["inputs"] is None
    assert "values were made" in said.err
    assert "Inputs, made from what consumes them: plain" in said.out
    assert "values were made" not in cli("run", MODEL, "--quiet").err


USAGE = [
    ([MODEL, "--signature-def", "x"], "There is no signature 'x'. Choose one with --signature-def: serving_default."),
    ([MODEL, "--signature-def", "x", "--function", "y"], "leave out --signature-def or --function"),
    ([MODEL, "--function", "y"], "There is no function 'y'. Functions: __call__."),
    ([MODEL, "--dir", MODEL], "Give one SavedModel"),
    ([], "Give one SavedModel"),
    ([MODEL, "--tag-set", "x"], "Tag-sets in this model: serve."),
    ([MODEL, "--input-exprs", "z=1"], "'z' is no input of it and there is no value for 'x'. It takes x: float32 ["),
    ([MODEL, "--input-exprs", "x=[[1, 2]]"], "the shape [1, 2] does not fit [?, 3]"),
    ([MODEL, "--input-exprs", "x=[['a', 'b', 'c']]"], "it holds strings where float32 is declared"),
    ([MODEL, "--input-exprs", "x=np.ones((1, 3), np.int32)"], "convert it with .astype('float32')"),
    ([MODEL, "--input-exprs", "x=open('f')"], "Input 'x': \"open('f')\", column 1: only functions of np"),
    ([MODEL, "--input-exprs", "x"], "NAME=VALUE"),
    ([MODEL, "--inputs", "x=missing.npy"], "missing.npy: The file cannot be read"),
    ([MODEL, "--inputs", "missing.npz"], "missing.npz"),
    ([MODEL, "--input-examples", "x=[{'a': [1]}]"], "it holds strings where float32 is declared"),
    ([MODEL, "--permit", "everything"], "no risk class 'everything'"),
    ([MODEL, "--python", "no-such-python"], "no interpreter no-such-python"),
    ([MODEL, "--load-library", "no-such-file.so"], "no such library"),
    ([MODEL, "--seed", "-1"], "The seed is a number from 0 on"),
    ([MODEL, "-o", MODEL / "run.json"], "Nothing is written into the model's own folder"),
    ([MODEL, "--outdir", MODEL / "out"], "Nothing is written into the model's own folder"),
    ([MODEL, "--outdir", MODEL], "Nothing is written into the model's own folder"),
    ([MODEL, "--outdir", MODEL / "saved_model.pb"], "Nothing is written into the model's own folder"),
    ([MODEL, "--outdir", __file__], "no folder to save outputs in"),
    ([WORDS, "--input-exprs", "words=[1]"], "it holds a number where string is declared"),
    ([WORDS, "--function", "ids._initialize"], "TensorFlow's own, and called by it alone. Functions: greet, look_up."),
    ([WORDS, "--function", "look_up"], "there is no value for 'words'. It takes (words=string [?])."),
    ([GOOD / "module_no_signature"], "no signatures. Its functions can be called with --function: read_offset, shift"),
    ([GOOD / "unknown_rank", "--input-exprs", "anything=1"], "no value for 'cube'. It takes anything: float32 of any"),
    ([GOOD / "nested_arguments", "--function", "literals", "--input-exprs", "x=[1]; training=3"],
     "'training' was traced for False, and is given 3. It takes one of (x=float32 [?], training=False"),
    ([GOOD / "ragged_and_sparse", "--function", "double", "--input-exprs", "ragged=[1, 2]"], "given as lists of rows"),
    ([GOOD / "sparse_signature", "--input-exprs", "sparse=[1]"], "may be given as sparse={'indices'"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), USAGE, ids=[" ".join(map(str, u[0][-2:])) for u in USAGE])
def test_what_cannot_be_asked_is_2(arguments: list[object], words: str, cli: Command) -> None:
    """No model is loaded for that, so no TensorFlow is needed."""
    said = cli("run", *arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    sentences(said.err)


def test_without_tensorflow_it_says_what_to_install(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.importlib.util, "find_spec", lambda name: None)
    said = cli("run", MODEL)
    assert (said.code, said.out) == (2, "")
    assert "pip install 'smanalyze[verify]'" in said.err


@pytest.mark.parametrize(
    ("arguments", "permit"),
    [
        ([WRITES], "file-write"),
        ([GOOD / "file_writer_in_branch", "--input-exprs", "text='a'"], "file-write"),
        ([GOOD / "file_writer_in_branch", "--function", "__call__", "--input-exprs", "text='a'"], "file-write"),
        ([GOOD / "custom_op"], "unknown-code"),
        ([TESTDATA / "verify" / "py_function"], "host-code"),
    ],
)
def test_what_acts_is_refused_and_never_loaded(arguments: list[object], permit: str, cli: Command) -> None:
    """No TensorFlow is needed to refuse, only an interpreter that would have been used."""
    said = cli("run", *arguments, "--python", "/bin/false")
    assert said.code == 5
    assert f"--permit {permit} lets it run." in said.out


def test_what_acts_in_another_meta_graph_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what runs when a signature of it is called, nor what runs while it is loaded."""
    model = load(TESTDATA / "scan" / "tf1_second_meta_graph")
    found = scan(model)
    loading = replace(found, findings=tuple(replace(one, when=("load",)) for one in found.findings))
    for scanned in (found, loading):
        monkeypatch.setattr(verb, "scan", lambda _, said=scanned: said)
        refused = [
            len(verb.refused_parts(model, target.find_target(model, tags, None, None), frozenset()))
            for tags in (("serve",), ("train",))
        ]
        assert refused == [0, 1]


# Files of outputs ---------------------------------------------------------------------------------------------------


def test_outputs_are_saved(cli: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer(RAN, monkeypatch)
    before = digests(MODEL)
    call = ("run", MODEL, "--input-exprs", "x=np.ones((1, 3))", "--outdir", tmp_path / "deep" / "out")
    said = cli(*call)
    assert said.code == 0
    assert [line.partition(" is saved")[0] for line in sentences(said.err)] == [
        "smanalyze: output y", "smanalyze: output names",
    ]  # fmt: skip
    folder = tmp_path / "deep" / "out"
    assert np.load(folder / "y.npy").tobytes() == ARRAYS["y"].tobytes()
    assert np.load(folder / "names.npy", allow_pickle=False).tolist() == ARRAYS["names"].tolist()
    assert digests(MODEL) == before
    assert cli(*call, "--overwrite").code == 0


def test_a_file_that_is_there_is_known_before_anything_runs(
    cli: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = answer(RAN, monkeypatch)
    (tmp_path / "y.npy").write_bytes(b"mine")
    call = ("run", MODEL, "--input-exprs", "x=np.ones((1, 3))", "--outdir", tmp_path)
    said = cli(*call)
    assert (said.code, said.out, asked) == (2, "", {})
    assert "y.npy: The file is there already; --overwrite replaces it." in said.err
    assert (tmp_path / "y.npy").read_bytes() == b"mine"
    assert cli(*call, "--overwrite").code == 0
    assert np.load(tmp_path / "y.npy").shape == (1, 2)


def test_an_output_that_nobody_foresaw_replaces_nothing(
    cli: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer(RAN, monkeypatch)
    (tmp_path / "names.npy").write_bytes(b"mine")
    said = cli("run", MODEL, "--input-exprs", "x=np.ones((1, 3))", "--outdir", tmp_path)
    assert said.code == 2
    assert "names.npy: The file is there already" in said.err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["names.npy"]


def test_outputs_that_nobody_foresaw_are_not_saved_in_the_model(
    cli: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a function returns is not always known; a folder was made in the model's, and the outputs put there."""
    asked = answer(RAN, monkeypatch)
    monkeypatch.setattr(target, "output_names", lambda _: ())
    model = copytree(MODEL, tmp_path / "model")
    said = cli("run", model, "--input-exprs", "x=np.ones((1, 3))", "--outdir", model / "new")
    assert (said.code, asked) == (2, {})
    assert "Nothing is written into the model's own folder" in said.err
    assert not (model / "new").exists()


def test_nothing_is_saved_where_it_did_not_run(cli: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer(ANSWERS[1], monkeypatch)
    assert cli("run", MODEL, "--input-exprs", "x=np.ones((1, 3))", "--outdir", tmp_path / "out").code == 1
    assert not (tmp_path / "out").exists()


def test_names_of_files_stay_in_the_folder() -> None:
    names = file_names(["y", "../y", "a/b", "a\\b", ".hidden", "", "A_B", "\x1b", "x" * 400, "r.values"])
    assert len({name.lower() for name in names.values()}) == len(names)
    for name in names.values():
        assert Path(name).name == name
        assert name.isprintable() and not name.startswith(".") and len(name) < 140
    assert (names["y"], names["r.values"]) == ("y.npy", "r.values.npy")


def test_names_of_files_are_no_longer_than_a_system_takes() -> None:
    """255 bytes, of which a letter may take four."""
    long = ["予測" * 100, "予測" * 101, "😀" * 90]
    files = file_names(long)
    assert len(set(files.values())) == 3
    assert max(len(file.encode()) for file in files.values()) < 140


def test_strings_of_which_one_is_long_are_not_blown_up(tmp_path: Path) -> None:
    array = np.array([b"x" * (1 << 20), *[b""] * (1 << 14)], object)
    with pytest.raises(UsageError, match=r"'y' cannot be saved: each string .* 17,180,917,760 bytes in all"):
        save_outputs({"z": np.ones(2), "y": array}, str(tmp_path / "out"), overwrite=True)
    assert not (tmp_path / "out").exists()


def test_what_a_model_tampered_with_is_no_crash(tmp_path: Path) -> None:
    """The files come from a process in which the model ran."""
    good = tmp_path / "good.npy"
    np.save(good, np.arange(3))
    (tmp_path / "bad.npy").write_bytes(b"\x93NUMPY nothing")
    head = "{'shape': ("
    (tmp_path / "open.npy").write_bytes(b"\x93NUMPY\1\0" + bytes([len(head), 0]) + head.encode())
    found = {"name": "y", "output": "y", "role": "", "dtype": "int64", "shape": [3], "size": 24, "raw": None}
    for change in ({"file": str(tmp_path / "bad.npy")}, {"file": str(tmp_path / "open.npy")}, {"file": "/nowhere.npy"},
                   {"file": str(good), "shape": [4]}, {"file": None, "raw": str(good), "dtype": "string"}):  # fmt: skip
        rows, arrays = read_outputs([{**found, **change}])
        assert (rows[0].note, arrays) == ("its values could not be read", {})
    rows, arrays = read_outputs([{**found, "file": None, "size": 1 << 40}])
    assert "its values are not shown: 1,099,511,627,776 bytes" in rows[0].note


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.array(2.5, np.float32), "2.5"),
        (np.array(b"a", object), "b'a'"),
        (np.array([b"x" * 500], object), "[b'" + "x" * 239 + "…' and 262 more characters]"),
        (np.zeros(2000, np.int8), "[0 0 0 ... 0 0 0]"),
        (np.zeros((0, 3), np.float32), "[]"),
        (np.zeros((2,) * 20, np.int8), "[0 0 0 ... 0 0 0]"),
        (np.array([[b"a\nb"]], object), "[[b'a\\nb']]"),
    ],
)
def test_values_are_shown_in_bounds(array: Any, text: str) -> None:
    assert values_shown(array) == text
