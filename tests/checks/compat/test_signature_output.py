"""Outputs of signatures: what a client that understood the answer meets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.compat.helpers import (
    Cases,
    Maker,
    check_case,
    edited,
    mirrored,
    one,
    pair,
    params,
    same,
)
from tests.checks.compat.signature_edits import MODEL, drop, dtype, rename, shape, sparse, tensor, unknown_rank
from tests.checks.helpers import Change

EXTRA = 'name: "StatefulPartitionedCall:0" dtype: DT_FLOAT tensor_shape { dim { size: -1 } dim { size: 2 } }'


def new(*edits: Change) -> Maker:
    return edited(MODEL, new=edits)


def strings(name: str) -> tuple[Change, ...]:
    return dtype("outputs", "y", 7), rename("outputs", "y", name)


def other_tensor(message: Any) -> None:
    """Another name for the node behind the first output of a TF1 graph."""
    signatures = message.meta_graphs[0].signature_def
    info = next(iter(signatures[sorted(signatures)[0]].outputs.values()))
    node = next(n for n in message.meta_graphs[0].graph_def.node if n.name == info.name.partition(":")[0])
    for other in message.meta_graphs[0].graph_def.node:
        other.input[:] = [ref.replace(node.name, "renamed/node") if ref.partition(":")[0] == node.name else ref
                          for ref in other.input]  # fmt: skip
    node.name = "renamed/node"
    info.name = "renamed/node:0"


ADDED = new(tensor("outputs", "extra", EXTRA))
RENAMED = new(rename("outputs", "y", "scores"))
CHANGED = new(shape("outputs", "y", None, 3))
OPENED = new(shape("outputs", "y", None, None))
FIXED = new(shape("outputs", "y", 1, 2))
BYTES = edited(MODEL, old=strings("text"), new=strings("text_bytes"))
SPARSE = new(sparse("outputs", "y"))

TABLE = {
    "sig-output-removed": Cases(
        {"one less": mirrored(ADDED), "all": new(drop("outputs", "y"))}, {"renamed": RENAMED, "one more": ADDED}
    ),
    "sig-output-added": Cases({"one more": ADDED, "real": pair("change_output_added")}, {"one less": mirrored(ADDED)}),
    "sig-output-renamed": Cases(
        {"same node": RENAMED, "real": pair("change_layer_renamed")},
        {"another dtype": new(rename("outputs", "y", "scores"), dtype("outputs", "scores", 2))},
    ),
    "sig-output-dtype-changed": Cases({"double": new(dtype("outputs", "y", 2))}, {"shape": CHANGED}),
    "sig-output-encoding-changed": Cases({"sparse": SPARSE, "dense": mirrored(SPARSE)}, {"shape": CHANGED}),
    "sig-output-rank-changed": Cases(
        {"one less": new(shape("outputs", "y", None))},
        {"a size": CHANGED, "unknown": new(unknown_rank("outputs", "y"))},
    ),
    "sig-output-dim-changed": Cases(
        {"two to three": CHANGED, "real": pair("change_output_classes")}, {"opened": OPENED, "the batch": FIXED}
    ),
    "sig-output-dim-widened": Cases(
        {"a size": OPENED, "the batch": mirrored(FIXED), "a rank": new(unknown_rank("outputs", "y"))},
        {"closed": mirrored(OPENED)},
    ),
    "sig-output-dim-narrowed": Cases(
        {"a size": mirrored(OPENED), "a rank": edited(MODEL, old=[unknown_rank("outputs", "y")])},
        {"opened": OPENED, "the batch": FIXED},
    ),
    "sig-output-batch-lost": Cases({"fixed": FIXED}, {"opened": mirrored(FIXED), "a class": CHANGED}),
    "sig-output-bytes-suffix-changed": Cases(
        {"gained": BYTES, "lost": mirrored(BYTES)}, {"no string": new(rename("outputs", "y", "y_bytes"))}
    ),
    "sig-tensor-name-changed": Cases(
        {"a TF1 graph": edited("tf1_queue", new=[other_tensor])},
        {"TensorFlow 2": pair("noise_keras3_processes"), "the same": same("tf1_queue")},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_a_rule_fires_where_it_must_and_nowhere_else(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_an_output_with_the_same_producer_is_the_same_for_sure(tmp_path: Path) -> None:
    finding = one(RENAMED, tmp_path, "sig-output-renamed")
    assert (finding.old, finding.new, finding.confidence) == ("y", "scores", 1.0)


def test_several_outputs_that_come_or_go_are_one_finding(tmp_path: Path) -> None:
    several = new(tensor("outputs", "extra", EXTRA), tensor("outputs", "more", EXTRA))
    come = one(several, tmp_path / "come", "sig-output-added")
    assert (come.message, come.where.tensor, come.new) == ("There are 2 new outputs: extra, more.", None, "extra, more")
    assert len(come.evidence) == 2
    gone = one(mirrored(several), tmp_path / "gone", "sig-output-removed")
    assert (gone.message, gone.old) == ("The outputs extra, more are gone.", "extra, more")
    single = one(ADDED, tmp_path / "one", "sig-output-added")
    assert single.where.tensor == "output extra"
