"""The ops of a MetaGraph."""

from __future__ import annotations

import pytest

from tests.models import each_model, model_of, report_of


@each_model
def test_the_histogram_is_of_every_node(name: str) -> None:
    for ours, theirs in zip(report_of(name).meta_graphs, model_of(name).meta_graphs, strict=True):
        bodies = [theirs.graph, *theirs.graph.functions.values()]
        ops = [node.op for body in bodies for node in body.nodes]
        assert {found.op: found.count for found in ours.ops.histogram} == {op: ops.count(op) for op in set(ops)}
        assert (ours.ops.total, ours.ops.distinct) == (len(ops), len(set(ops)))
        assert ours.ops.in_main_graph == len(list(theirs.graph.nodes))
        assert ours.ops.in_main_graph + ours.ops.in_functions == ours.ops.total


def test_ops_of_others_have_a_provider_where_one_is_known() -> None:
    ops = report_of("custom_op").meta_graphs[0].ops
    assert [(found.op, found.count, found.library) for found in ops.unregistered] == [
        ("AcmeFancyOp", 1, ""), ("SimpleMLInferenceOp", 1, "TensorFlow Decision Forests"),
    ]  # fmt: skip
    assert all(found.where for found in ops.unregistered)


@each_model
def test_no_other_fixture_has_ops_of_others(name: str) -> None:
    found = [op.op for graph in report_of(name).meta_graphs for op in graph.ops.unregistered]
    assert bool(found) == (name == "custom_op")


def test_devices_that_the_user_chose() -> None:
    devices = {found.device: found.count for found in report_of("device_placement").meta_graphs[0].ops.devices}
    assert devices["/device:GPU:0"] > 0
    assert devices["/job:worker/replica:0/task:1/device:CPU:0"] > 0


RELEASES = [
    # The saver of TF 2.21 writes DisableCopyOnRead (2.10); what is served is as old as TF 1.14.
    ("module_one_signature", "2.10", ("DisableCopyOnRead",), "1.14"),
    ("tf1_frozen", "1.14", (), "1.14"),
    ("module_no_signature", "2.10", ("DisableCopyOnRead",), ""),
]


@pytest.mark.parametrize(("name", "first", "needs", "served"), RELEASES)
def test_which_release_knows_all_ops(name: str, first: str, needs: tuple[str, ...], served: str) -> None:
    ops = report_of(name).meta_graphs[0].ops
    assert (ops.first_release, ops.needs, ops.signature_release) == (first, needs, served)
