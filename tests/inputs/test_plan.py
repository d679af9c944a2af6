"""Which source is taken, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import process_time

import pytest

import smanalyze
from smanalyze.errors import UsageError
from smanalyze.inputs import synthesize
from smanalyze.inputs.consumers import Wanted
from smanalyze.inputs.records import SignatureInputs, Trial
from tests.conftest import ROOT
from tests.format.protos import proto
from tests.inputs.many_inputs import model_of_many
from tests.models import GOOD, digests, model_of


def only(name: str, **more: object) -> SignatureInputs:
    (one,) = smanalyze.plan_inputs(model_of(name), **more)  # type: ignore[arg-type]
    return one


def test_warm_up_requests_come_first() -> None:
    one = only("warmup")
    first, second, *rest = one.trials
    assert one.source == "warmup"
    assert [feed.array.tolist() for trial in (first, second) for feed in trial.feeds] == [
        [[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]]
    ]  # fmt: skip
    assert first.feeds[0].why == "record 1 of assets.extra/tf_serving_warmup_requests"
    assert first.with_batch(2).feeds[0].array.tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert rest[0].name == "plain"  # a stale request does not leave a signature without input


def test_an_example_of_mlflow(tmp_path: Path) -> None:
    shutil.copytree(GOOD / "module_one_signature", tmp_path / "data" / "model")
    (tmp_path / "MLmodel").write_text("saved_input_example_info:\n  artifact_path: example.json\n  type: ndarray\n")
    (tmp_path / "example.json").write_text('{"inputs": [[1, 2, 0.5]]}')
    model = smanalyze.load(tmp_path / "data" / "model")
    (one,) = smanalyze.plan_inputs(model)
    assert one.source == "mlflow"
    assert next(iter(one.trials)).feeds[0].array.tolist() == [[1.0, 2.0, 0.5]]
    for unfit in ("{ no JSON", '{"inputs": [[1, 2]]}', '{"inputs": {"y": 1}}', "[]", '{"inputs": [["a"]]}'):
        (tmp_path / "example.json").write_text(unfit)
        (one,) = smanalyze.plan_inputs(model)
        assert one.source == "synthesized"


@pytest.mark.parametrize(
    ("name", "reader"),
    [("warmup", "read_file"), ("tables_and_assets", "file_pieces"), ("module_several_signatures", "input_example")],
)
def test_each_file_is_read_once(name: str, reader: str) -> None:
    """However many signatures, trials and tables ask for what is in it."""
    model = model_of(name)
    read: list[tuple[object, ...]] = []

    def counted(*arguments: object) -> object:
        read.append(arguments)
        if reader == "input_example":
            return b"[]"
        return getattr(model_of(name), reader)(*arguments)

    (meta_graph, *others) = model.meta_graphs
    again = tuple(replace(one, key=f"{one.key}_{n}") for one in meta_graph.signatures for n in range(3))
    many = replace(meta_graph, signatures=(*meta_graph.signatures, *again))
    plans = smanalyze.plan_inputs(replace(model, meta_graphs=(many, *others), **{reader: counted}))
    for one in plans:
        assert list(islice(one.trials, 3))
        assert list(islice(one.trials, 3))
    assert len(read) == len(set(read)) >= 1


def test_defaults() -> None:
    plans = {one.key: one for one in smanalyze.plan_inputs(model_of("module_several_signatures"))}
    for trial in islice(plans["serving_default"].trials, 3):
        (temperature,) = [feed for feed in trial.feeds if feed.input == "temperature"]
        assert (temperature.array.tolist(), temperature.why) == (1.0, "the signature's default")


def test_tags_and_signatures() -> None:
    model = model_of("tf1_builder_multi_metagraph")
    every = [(one.tags, one.key) for one in smanalyze.plan_inputs(model)]
    assert every == [(m.tags, s.key) for m in model.meta_graphs for s in m.signatures]
    some = smanalyze.plan_inputs(model, tags=("gpu", "serve"))
    assert {one.tags for one in some} == {("gpu", "serve")} or {one.tags for one in some} == {("serve", "gpu")}
    with pytest.raises(UsageError, match="No MetaGraph has the tag-set"):
        smanalyze.plan_inputs(model, tags=("tpu",))
    with pytest.raises(UsageError, match=r"There is no signature 'nothing'\. Signatures: serving_default\."):
        smanalyze.plan_inputs(model_of("warmup"), signatures=("nothing",))


def test_a_handle_cannot_be_fed(tmp_path: Path) -> None:
    text = """
      saved_model_schema_version: 1
      meta_graphs { meta_info_def { tags: 'serve' } graph_def { node { name: 'x' op: 'Placeholder' } }
        signature_def { key: 's' value { inputs { key: 'x' value { name: 'x:0' dtype: DT_RESOURCE } } } }
        signature_def { key: 't' value { inputs { key: 'x' value { name: 'x:0' } } } } }"""
    (tmp_path / "saved_model.pb").write_bytes(proto("SavedModel", text).SerializeToString())
    plans = smanalyze.plan_inputs(smanalyze.load(tmp_path))
    assert {one.key: one.reason for one in plans} == {
        "s": "Its input 'x' is a handle, which nothing outside the model can make.",
        "t": "Its input 'x' declares no dtype that is known.",
    }
    assert [list(one.trials) for one in plans] == [[], []]


def test_what_decided_is_told() -> None:
    one = next(one for one in smanalyze.plan_inputs(model_of("tables_and_assets")) if one.key == "serving_default")
    first, second = islice(one.trials, 2)
    assert first.feeds[0].array.tolist()[-1] == b"smanalyze-unknown-word"
    assert set(second.feeds[0].array.tolist()) <= {b"red", b"green", b"blue"}
    assert first.feeds[0].why.startswith("keys of the table: LookupTableFindV2 ")


def test_what_decided_is_told_of_the_batch_that_was_chosen(tmp_path: Path) -> None:
    text = """
      saved_model_schema_version: 1
      meta_graphs { meta_info_def { tags: 'serve' }
        graph_def {
          node { name: 'x' op: 'Placeholder' attr { key: 'dtype' value { type: DT_FLOAT } } }
          node { name: 's' op: 'Const' attr { key: 'dtype' value { type: DT_INT32 } }
            attr { key: 'value' value { tensor { dtype: DT_INT32 tensor_shape { dim { size: 1 } } int_val: 12 } } } }
          node { name: 'y' op: 'Reshape' input: 'x' input: 's' } }
        signature_def { key: 'k' value {
          inputs { key: 'a' value { name: 'x:0' dtype: DT_FLOAT tensor_shape { dim { size: -1 } dim { size: -1 } } } }
          outputs { key: 'y' value { name: 'y:0' dtype: DT_FLOAT } } } } }"""
    (tmp_path / "saved_model.pb").write_bytes(proto("SavedModel", text).SerializeToString())
    (one,) = smanalyze.plan_inputs(smanalyze.load(tmp_path))
    trial = next(iter(one.trials))
    for batch in (2, 3, 4):
        (feed,) = trial.with_batch(batch).feeds
        assert feed.shape == (batch, 12 // batch)
        assert feed.why == f"size {batch}: Reshape y; size {12 // batch}: Reshape y"


def test_many_inputs_take_no_longer_than_they_must(tmp_path: Path) -> None:
    model = model_of_many(tmp_path, 600)
    start = process_time()
    (one,) = smanalyze.plan_inputs(model)
    trial = next(iter(one.trials))
    assert process_time() - start < 10  # it was a minute
    assert {(feed.shape, feed.why.partition(" y_")[0]) for feed in trial.feeds} == {((2, 7), "size 7: AddV2")}


def test_no_trial_is_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def counted(wanted: Wanted, rung: synthesize.Rung, seed: int) -> Trial | None:
        made.append(rung.name)
        return original(wanted, rung, seed)

    original = synthesize._trial
    monkeypatch.setattr(synthesize, "_trial", counted)
    names = [trial.name for trial in only("module_one_signature").trials]
    assert names[0] == "plain"  # there is nothing odd among floats
    assert len(names) > 2
    assert len(made) == len(set(made))


def test_planning_writes_nothing() -> None:
    before = digests(GOOD / "estimator_linear")
    for one in smanalyze.plan_inputs(smanalyze.load(GOOD / "estimator_linear")):
        assert list(islice(one.trials, 2))
    assert digests(GOOD / "estimator_linear") == before


def test_one_tensor_under_two_keys_has_one_value(tmp_path: Path) -> None:
    """And a signature may be fed behind a node of several outputs."""
    text = """
      saved_model_schema_version: 1
      meta_graphs { meta_info_def { tags: 'serve' }
        graph_def {
          node { name: 'x' op: 'Placeholder' attr { key: 'dtype' value { type: DT_FLOAT } } }
          node { name: 's' op: 'Split' input: 'x' input: 'x' attr { key: 'num_split' value { i: 2 } } }
          node { name: 'y' op: 'AddV2' input: 'x' input: 's:1' } }
        signature_def { key: 'k' value {
          inputs { key: 'a' value { name: 'x:0' dtype: DT_FLOAT tensor_shape { dim { size: 3 } } } }
          inputs { key: 'b' value { name: 'x:0' dtype: DT_FLOAT tensor_shape { dim { size: 3 } } } }
          inputs { key: 'c' value { name: 's:1' dtype: DT_FLOAT tensor_shape { dim { size: -1 } } } }
          outputs { key: 'y' value { name: 'y:0' dtype: DT_FLOAT } } } } }"""
    (tmp_path / "saved_model.pb").write_bytes(proto("SavedModel", text).SerializeToString())
    (one,) = smanalyze.plan_inputs(smanalyze.load(tmp_path))
    a, b, c = next(iter(one.trials)).feeds
    assert a.array.tolist() == b.array.tolist()
    assert (c.shape, c.why) == ((3,), "size 3: AddV2 y")


def test_planning_imports_no_numpy() -> None:
    """Values are made when they are asked for."""
    code = (
        "import sys, smanalyze\n"
        f"planned = smanalyze.plan_inputs(smanalyze.load({str(GOOD / 'estimator_linear')!r}))\n"
        "before = 'numpy' in sys.modules\n"
        "next(iter(planned[0].trials))\n"
        "print(before, 'numpy' in sys.modules, 'networkx' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout.split() == ["False", "True", "False"], done.stderr
