"""Signatures as a whole: what is there to call, and what becomes of requests to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.api.diff import diff
from smanalyze.load import load
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    check_case,
    edited,
    every,
    mirrored,
    models,
    one,
    pair,
    params,
    same,
)
from tests.checks.compat.signature_edits import KEY, MODEL, copy_key, drop_key, key, method, tensor
from tests.checks.helpers import Change

SEVERAL = "module_several_signatures"
PREDICT, CLASSIFY = "tensorflow/serving/predict", "tensorflow/serving/classify"


def new(*edits: Change, name: str = MODEL) -> Maker:
    return edited(name, new=edits)


def other_function(message: Any) -> None:
    """Lets the signature's wrapper call a function of another name and body."""
    library = message.meta_graphs[0].graph_def.library
    inner = next(f for f in library.function if f.signature.name.startswith("__inference___call__"))
    other = library.function.add()
    other.CopyFrom(inner)
    other.signature.name = "__inference_other_1"
    next(node for node in other.node_def if node.op == "AddV2").op = "Sub"
    wrapper = next(f for f in library.function if "signature_wrapper" in f.signature.name)
    for node in wrapper.node_def:
        if "f" in node.attr:
            node.attr["f"].func.name = other.signature.name


def constant(message: Any) -> None:
    """Lets the output be a constant."""
    graph = message.meta_graphs[0].graph_def
    node = graph.node.add(name="constant", op="Const")
    node.attr["dtype"].type = 1
    node.attr["value"].tensor.dtype = 1
    node.attr["value"].tensor.float_val.append(1.0)
    message.meta_graphs[0].signature_def[KEY].outputs["y"].name = "constant:0"


RENAMED = new(key(KEY, "serve"))
ADDED = new(copy_key(KEY, "again"))
EXTRA_OUT = 'name: "StatefulPartitionedCall:0" dtype: DT_FLOAT tensor_shape { dim { size: -1 } dim { size: 2 } }'
EXTRA_IN = 'name: "serving_default_x:0" dtype: DT_FLOAT tensor_shape { dim { size: -1 } dim { size: 3 } }'
CONSTANT = new(constant)

TABLE = {
    "sig-removed": Cases(
        {"one of several": new(drop_key("embed"), name=SEVERAL), "real": pair("change_signature_removed")},
        {"the default": new(drop_key(KEY)), "renamed": RENAMED, "new": ADDED},
    ),
    "sig-default-removed": Cases(
        {"gone": new(drop_key(KEY))}, {"renamed": RENAMED, "another": new(drop_key("embed"), name=SEVERAL)}
    ),
    "sig-renamed": Cases(
        {"the default": RENAMED, "real": pair("change_signature_renamed")},
        {"one more": ADDED, "another body": new(key(KEY, "serve"), other_function)},
    ),
    "sig-added": Cases(
        {"a copy": ADDED, "real": pair("change_signature_added")}, {"renamed": RENAMED, "gone": mirrored(ADDED)}
    ),
    "sig-method-name-changed": Cases(
        {"classify": new(method(CLASSIFY)), "none": new(method(""))}, {"the same": new(method(PREDICT))}
    ),
    "sig-target-changed": Cases(
        {"another function": new(other_function)}, {"same function": RENAMED, "other body": pair("change_constant")}
    ),
    "sig-input-arity-flip": Cases(
        {"one to two": new(tensor("inputs", "extra", EXTRA_IN)), "real": pair("change_input_added")},
        {"none": same(MODEL), "two to three": new(tensor("inputs", "extra", EXTRA_IN), name=SEVERAL)},
    ),
    "sig-output-arity-flip": Cases(
        {"one to two": new(tensor("outputs", "extra", EXTRA_OUT)), "real": pair("change_output_added")},
        {"two to three": new(tensor("outputs", "extra", EXTRA_OUT), name=SEVERAL)},
    ),
    "sig-input-unused": Cases({"a constant output": CONSTANT}, {"used": RENAMED, "used again": mirrored(CONSTANT)}),
    "sig-input-used": Cases({"used again": mirrored(CONSTANT)}, {"a constant output": CONSTANT}),
    "sig-output-constant": Cases(
        {"a constant": CONSTANT}, {"always was": same("constant_output"), "no longer": mirrored(CONSTANT)}
    ),
    "sig-output-no-longer-constant": Cases({"no longer": mirrored(CONSTANT)}, {"a constant": CONSTANT}),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_a_rule_fires_where_it_must_and_nowhere_else(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_classify_and_regress_insist_on_their_method_names(tmp_path: Path) -> None:
    assert one(new(method(CLASSIFY)), tmp_path / "1", "sig-method-name-changed").severities.serving == "error"
    assert one(new(method("acme")), tmp_path / "2", "sig-method-name-changed").severities.serving == "warning"


def test_what_is_gone_takes_its_inputs_with_it(tmp_path: Path) -> None:
    """One root, one finding: nothing is said of the tensors of a signature that is gone or new."""
    rules = {finding.rule for finding in every(new(drop_key("embed"), name=SEVERAL), tmp_path)}
    assert "sig-removed" in rules
    assert not any(rule.startswith(("sig-input", "sig-output")) for rule in rules)


def test_a_graph_that_was_not_read_has_lost_nothing(tmp_path: Path) -> None:
    old, broken = models(MODEL, MODEL)(tmp_path)
    target = tmp_path / "broken"
    target.mkdir()
    (target / "saved_model.pb").write_bytes((broken / "saved_model.pb").read_bytes()[:4000])
    report = diff(load(old), load(target))
    assert not {finding.rule for finding in report.findings} & TABLE.keys()
    assert "meta-graph-unreadable" in {finding.rule for finding in report.findings}
    assert report.verdict == "breaking"


def test_a_declared_rename_is_a_note(tmp_path: Path) -> None:
    old, renamed = new(key(KEY, "serve"), other_function)(tmp_path)
    report = diff(load(old), load(renamed), renames=[f"signature:{KEY}=serve"])
    (finding,) = [one for one in report.findings if one.rule == "sig-renamed"]
    assert finding.severity == "note"
    assert report.unused_renames == ()
