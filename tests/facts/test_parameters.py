"""Numbers of parameters, against those that TensorFlow and Keras give for the models the recipes make."""

from __future__ import annotations

import pytest

from smanalyze.facts.stored import build_stored_keys
from tests.models import each_model, model_of, report_of

#: model -> total, trainable, optimizer, metrics and generators, copies; and how the numbers come about.
NUMBERS = {
    # kernel 3 x 2, bias 2
    "module_one_signature": (8, 8, 0, 0, 0),
    # kernel 4 x 2, bound by two of three signatures, counted once
    "module_several_signatures": (8, 8, 0, 0, 0),
    # no signature: offset 3 and factor 1, bound by functions
    "module_no_signature": (4, 4, 0, 0, 0),
    # Dense(4) of 2 + 3 inputs: 5 * 4 + 4; BatchNormalization(4): 4 * 4, half of it trainable; Dense(1): 4 + 1.
    # model.summary(): 45 parameters, 37 trainable. Adam: iteration, learning rate, and m and v of each of the 37.
    # Two metrics (loss, mae) of total and count.
    "keras2_functional": (45, 37, 2 + 2 * 37, 4, 0),
    # Dense(2) of 3 inputs, Dense(1): 3 * 2 + 2 + 2 + 1; no function binds them
    "keras2_sequential_save_traces_false": (11, 11, 0, 0, 0),
    # Shift: 3; Dense(1): 3 + 1
    "keras2_custom_layer_lambda": (7, 7, 0, 0, 0),
    # Dense(1): 3 + 1; legacy Adam: iter, beta_1, beta_2, decay, learning_rate, and slots m and v
    "keras2_legacy_optimizer_slots": (4, 4, 5 + 2 * 4, 4, 0),
    # Conv2D(4, 3): 9 * 4 + 4; BatchNormalization(4): 16, half trainable; Dense(3): 4 * 3 + 3. All 71 stored twice;
    # the dropout's seed has two numbers. model.summary(): 71 parameters, 63 trainable.
    "keras3_export": (71, 63, 0, 2, 71),
    # Dense(3) of 4: 15; Dense(1) of 3: 4. Adam: iteration, learning rate, momentum and velocity of the 19.
    "keras3_saved_model": (19, 19, 2 + 2 * 19, 0, 0),
    # kernel 3 x 2; Adam: iteration, learning rate, two slots
    "optimizer_checkpoint": (6, 6, 2 + 2 * 6, 0, 0),
    # kernel 3 x 2 trainable, mean 3 not; the save counter is stored but bound by nothing
    "reusable_hub": (9, 6, 0, 0, 0),
    # age 1, city 3, bias 1; global_step is stored beside them
    "estimator_linear": (5, 5, 0, 0, 0),
    # embedding 4 x 3, kernel 3 x 2: once, though three MetaGraphs have them
    "tf1_builder_multi_metagraph": (18, 18, 0, 0, 0),
    # 10 x 2 in three partitions
    "tf1_partitioned_variables": (20, 20, 0, 0, 0),
    # 6 x 4, 4 x 4 and a scalar, whole and cut
    "sharded_checkpoint": (41, 41, 0, 0, 0),
    "sharded_slices": (41, 41, 0, 0, 0),
    # one replica counts, not two
    "mirrored_expand": (2, 2, 0, 0, 0),
    "mirrored_none": (2, 2, 0, 0, 0),
    "mirrored_save_devices": (2, 2, 0, 0, 0),
    # the used one is a scalar; 100 elements are bound by nothing
    "unused_variable": (1, 1, 0, 0, 0),
    "tf1_frozen": (0, 0, 0, 0, 0),
    # A table's rows are no parameters.
    "tables_and_assets": (0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name: str) -> None:
    found = report_of(name).model.parameters
    assert (found.total, found.trainable, found.optimizer, found.other_state, found.copies) == NUMBERS[name]
    assert found.trainable_known


@each_model
def test_stored_is_what_the_index_holds(name: str) -> None:
    """Of entries other than strings that belong to no variable (the object graph, a table's keys)."""
    model = model_of(name)
    claimed = set()
    for graph in model.meta_graphs:
        if graph.objects is not None:
            from smanalyze.facts.objects import object_paths

            paths = object_paths(graph.objects)
            stored = build_stored_keys(paths, model.checkpoint, model.checkpoint_objects)
            claimed |= {key for node in graph.objects.nodes if node.variable for key in stored.keys.get(node.id, ())}
    counted = [entry for entry in model.checkpoint.entries if entry.dtype != "string" or entry.key in claimed]
    assert report_of(name).model.parameters.stored == sum(entry.elements for entry in counted)


@each_model
def test_parts_are_no_more_than_the_whole(name: str) -> None:
    found = report_of(name).model.parameters
    assert 0 <= found.trainable <= found.total
    assert found.total <= found.stored or report_of(name).checkpoint.presence != "present"
    assert found.bytes <= found.stored_bytes or report_of(name).checkpoint.presence != "present"


def test_what_reach_counts_is_the_total() -> None:
    """With one signature, its parameters are the model's."""
    for name in NUMBERS:
        graphs = report_of(name).meta_graphs
        if sum(len(graph.signatures) for graph in graphs) == 1:
            assert graphs[0].signatures[0].reach.parameters == report_of(name).model.parameters.total, name
