"""Functions of two libraries: which is which, and where a change is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.api import diff as verb
from smanalyze.api.facts import gather_for_diff
from smanalyze.diff import likeness
from smanalyze.diff.compare import compare
from smanalyze.diff.likeness import Likest
from smanalyze.diff.renames import Renames
from smanalyze.diff.side import Side
from smanalyze.facts.function_names import PlainStems, is_generated, layer_of, stem_of
from smanalyze.load import load
from smanalyze.report.changes import Changes, FunctionChange
from tests.checks.compat.helpers import Maker, changed, edited, every, mirrored, models, pair
from tests.checks.compat.program_edits import copy_function, in_function, in_functions, op, rename_function
from tests.checks.helpers import TESTDATA, graph
from tests.pairs import NOISE_NAMES


def sides(maker: Maker, folder: Path) -> tuple[Side, Side]:
    """Both models of a made pair."""
    old, new = (verb._side(gather_for_diff(load(path))) for path in maker(folder))
    return old, new


def changes(maker: Maker, folder: Path, *renames: str) -> Changes:
    """The facts about a made pair."""
    return compare(*sides(maker, folder), Renames(renames))


def functions(maker: Maker, folder: Path) -> list[FunctionChange]:
    """The changed bodies of the first MetaGraph that tell themselves."""
    return [one for one in changes(maker, folder).meta_graphs[0].functions if not one.echo_of]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("__inference_predict_12", "predict"), ("__inference_conv2d_1_layer_call_fn_527", "conv2d_1_layer_call_fn"),
        ("__forward_call_3", "call"), ("model_lstm_while_body_77", "model_lstm_while_body"), ("plain", "plain"),
        ("tf_data_structured_function_wrapper_0bpVeayaTMM", "tf_data_structured_function_wrapper"),
        ("cond_true_588", "cond_true"), ("__inference_<lambda>_298", "<lambda>"),
    ],
)  # fmt: skip
def test_a_stem_is_what_somebody_named(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_layers_and_generated_names() -> None:
    assert layer_of("probs_layer_call_and_return_conditional_losses") == "probs"
    assert layer_of("predict") == ""
    assert is_generated("signature_wrapper_predict") and is_generated("while_body") and not is_generated("predict")


def test_counters_of_layers_are_ranks() -> None:
    one = PlainStems(["__inference_conv2d_layer_call_fn_1", "__inference_conv2d_1_layer_call_fn_2"])
    other = PlainStems(["__inference_conv2d_4_layer_call_fn_1", "__inference_conv2d_7_layer_call_fn_2"])
    assert one.of("__inference_conv2d_1_layer_call_fn_2") == other.of("__inference_conv2d_7_layer_call_fn_2")
    assert one.of("__inference_conv2d_layer_call_fn_1") == other.of("__inference_conv2d_4_layer_call_fn_1")


@pytest.mark.parametrize("name", NOISE_NAMES)
def test_noise_changes_no_body(name: str, tmp_path: Path) -> None:
    for found in changes(pair(name), tmp_path).meta_graphs:
        assert found.functions == () and found.function_rows == () and found.risks == ()
        assert not found.init_changed and found.strings == () and found.constants == ()


def test_the_lowest_function_tells(tmp_path: Path) -> None:
    """What calls it is as it was."""
    (one,) = functions(pair("change_constant"), tmp_path)
    assert one.stem == "predict" and one.only_constants and one.served
    assert one.reach == ("serving_default", "predict")


def test_a_layer_that_changed_in_every_copy_is_told_once(tmp_path: Path) -> None:
    edits = [in_functions("hidden_layer_call_and", op("Relu", "Tanh")),
             in_function("_wrapped_model", op("functional/hidden/Relu", "Tanh"))]  # fmt: skip
    (one,) = functions(edited("keras2_functional", new=edits), tmp_path)
    assert layer_of(one.stem) == "hidden"
    assert {stem_of(name) for name in one.seen_in} == {"_wrapped_model", one.stem}
    assert "serving_default" in one.reach


def test_two_layers_that_changed_are_two(tmp_path: Path) -> None:
    edits = [in_functions("hidden_layer_call_and", op("Relu", "Tanh")),
             in_function("_wrapped_model", op("functional/hidden/Relu", "Tanh")),
             in_functions("score_layer_call_and", op("BiasAdd", "AddV2")),
             in_function("_wrapped_model", op("functional/score/BiasAdd", "AddV2"))]  # fmt: skip
    found = functions(edited("keras2_functional", new=edits), tmp_path)
    assert sorted(layer_of(one.stem) for one in found) == ["hidden", "score"]
    assert all("serving_default" in one.reach for one in found)


def test_what_the_whole_model_alone_shows_is_its_own(tmp_path: Path) -> None:
    inlined = [op("functional/hidden/Relu", "Tanh"), op("functional/score/BiasAdd", "AddV2")]
    edits = [in_functions("hidden_layer_call_and", op("Relu", "Tanh")), in_function("_wrapped_model", *inlined)]
    found = functions(edited("keras2_functional", new=edits), tmp_path)
    assert sorted(one.stem for one in found) == ["_wrapped_model", "hidden_layer_call_and_return_conditional_losses"]


def test_nothing_is_taken_for_a_function_that_only_hands_on(tmp_path: Path) -> None:
    """Wrappers of a few nodes are alike by their ops, and mean nothing."""
    found = changes(pair("change_keras2_to_keras3"), tmp_path).meta_graphs[0]
    assert found.functions == ()
    assert all(row.echo_of for row in found.function_rows)


def test_a_changed_function_of_another_name_is_found_by_its_ops(tmp_path: Path) -> None:
    edits = [
        rename_function("__inference_embed_", "__inference_encode_1"),
        in_function("encode", op("l2_normalize/Maximum", "Minimum")),
    ]
    old, new = (side.programs[0] for side in sides(edited("module_several_signatures", new=edits), tmp_path))
    stems = PlainStems(old.library.functions), PlainStems(new.library.functions)
    search = Likest((old, new), stems)
    predict, embed, encode = "__inference_predict_232", "__inference_embed_257", "__inference_encode_1"
    assert search.pairs([embed], [encode]) == []  # of seven telling ops one is another
    assert search.pairs([predict, embed], [predict]) == [(predict, predict, 0.9)]
    assert Likest((old, old), (stems[0], stems[0])).pairs([embed], [embed]) == [(embed, embed, 0.9)]


def test_candidates_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "MAX_COMPARED", 0)
    old = TESTDATA / "models" / "unreachable_function"
    twins = [copy_function("deader", f"__inference_twin_{number}") for number in (2, 3)]
    edits = [*twins, in_function("twin_2", op("mul", "AddV2")), in_function("twin_3", op("mul", "Sub"))]
    maker = changed(lambda folder: (old, old), old=[copy_function("deader", "__inference_twin_1")], new=edits)
    found = changes(maker, tmp_path)
    assert any("made of" in reason for _, reason in found.not_compared)


def test_a_renamed_layer_is_one_row(tmp_path: Path) -> None:
    rows = changes(pair("change_layer_renamed"), tmp_path).meta_graphs[0].function_rows
    assert len(rows) == 1 and len(rows[0].members) == 3 and rows[0].stage == "content"


def test_what_a_changed_function_calls_follows_from_it(tmp_path: Path) -> None:
    (row,) = changes(pair("change_layer_inserted"), tmp_path).meta_graphs[0].function_rows
    assert stem_of(row.echo_of) == "blocks_layer_call_and_return_conditional_losses"
    assert len(row.members) == 3


def test_a_recursion_and_a_missing_callee_stop_nothing(tmp_path: Path) -> None:
    def recursive(message: object) -> None:
        for body in graph(message).library.function:
            for item in body.node_def:
                if item.op == "PartitionedCall":
                    item.attr["f"].func.name = body.signature.name

    def missing(message: object) -> None:
        for body in graph(message).library.function:
            for item in body.node_def:
                if item.op == "PartitionedCall":
                    item.attr["f"].func.name = "nowhere"

    for number, edit in enumerate((recursive, missing)):
        maker = edited("unreachable_function", new=[edit])
        found = changes(maker, tmp_path / str(number)).meta_graphs[0]
        assert found.functions


def test_captures_are_known_by_what_they_are(tmp_path: Path) -> None:
    """A variable more moves all places in the list of captures, and the paths `variables[3]` of Keras 3."""
    (one,) = functions(pair("change_layer_inserted_keras3"), tmp_path)
    assert (one.rewired, one.changed_nodes) == (1, 4)


def test_a_signature_that_hands_on_something_else_is_told_in_the_main_graph(tmp_path: Path) -> None:
    """No function changed; the node that the call takes is gone."""

    def dropped(message: object) -> None:
        nodes = graph(message).node
        nodes.remove(next(item for item in nodes if item.op == "VarHandleOp" and item.name == "scale"))

    (one,) = functions(edited("sharded_slices", new=[dropped]), tmp_path)
    assert (one.new, [(row.op, row.count) for row in one.ops_removed]) == ("", [("VarHandleOp", 1)])
    assert one.reach == ("serving_default",)


def tf1_model(folder: Path, op: str, *names: str) -> Path:
    """A graph of TensorFlow 1 that combines what its variables hold."""
    shape = "attr { key: 'dtype' value { type: DT_FLOAT } } attr { key: 'shape' value { shape { dim { size: 2 } } } }"
    nodes = [f"node {{ name: '{name}' op: 'VarHandleOp' {shape} }}" for name in names]
    nodes += [f"node {{ name: 'of_{name}' op: 'ReadVariableOp' input: '{name}' }}" for name in names]
    fed = " ".join(f"input: 'of_{name}'" for name in names)
    nodes.append(f"node {{ name: '{op}' op: '{op}' {fed} }}")
    signature = f"outputs {{ key: 'y' value {{ name: '{op}:0' dtype: DT_FLOAT }} }}"
    text = f"meta_graphs {{ meta_info_def {{ tags: 'serve' }} graph_def {{ {' '.join(nodes)} }} "
    folder.mkdir(parents=True)
    (folder / "saved_model.pbtxt").write_text(f"{text} signature_def {{ key: 's' value {{ {signature} }} }} }}")
    return folder


def test_the_nodes_of_renamed_variables_are_matched_as_the_variables_are(tmp_path: Path) -> None:
    """What they feed is another op in both models, so that nothing else tells which is which."""
    old, new = tf1_model(tmp_path / "old", "Sub", "a", "b"), tf1_model(tmp_path / "new", "Mul", "x", "y")
    renames = ("variable:a=y", "variable:b=x")
    told = {}
    for declared in ((), renames):
        found = changes(lambda folder: (old, new), tmp_path, *declared).meta_graphs[0].functions
        told[declared] = {row.op for one in found for row in (*one.ops_added, *one.ops_removed)}
    assert told[renames] == {"Sub", "Mul"}
    assert "VarHandleOp" in told[()]


def test_a_call_that_hands_on_less_than_its_callee_takes_is_told(tmp_path: Path) -> None:
    def drop_last_input(message: Any) -> None:
        for one in graph(message).node:
            if one.op == "StatefulPartitionedCall" and len(one.input) > 1:
                del one.input[-1]

    shorter = edited("module_several_signatures", new=[drop_last_input])
    for number, maker in enumerate((shorter, mirrored(shorter))):
        assert "fn-body-changed" in {one.rule for one in every(maker, tmp_path / str(number))}


def test_what_loading_runs_is_counted_once(tmp_path: Path) -> None:
    found = changes(models("module_one_signature", "tables_and_assets"), tmp_path).meta_graphs[0]
    counts = {row.op: row.count for row in found.init_ops[0]}
    assert (counts["HashTableV2"], counts["LookupTableImportV2"]) == (2, 1)
