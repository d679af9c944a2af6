"""The facts of ``show``. That its lines are saved_model_cli's is checked against the latter's own output."""

from __future__ import annotations

from smanalyze.facts.shown import build_shown
from tests.models import each_broken_model, each_model, model_of


@each_model
def test_everything_of_the_file_is_shown(name: str) -> None:
    model = model_of(name)
    shown = build_shown(model, ops=True, functions=True)
    graphs = {graph.tags: graph for graph in model.meta_graphs}
    assert [graph.tags for graph in shown.meta_graphs] == sorted(graphs)
    for graph in shown.meta_graphs:
        stored = graphs[graph.tags]
        keys = [signature.key for signature in (*stored.signatures, *stored.special_signatures)]
        assert [signature.key for signature in graph.signatures] == sorted(keys)
        assert {s.key for s in graph.signatures if s.special} == {s.key for s in stored.special_signatures}
        bodies = (stored.graph, *stored.graph.functions.values())
        assert sum(count for _, count in graph.ops) == sum(body.node_count for body in bodies)
        assert [op for op, _ in graph.ops] == sorted({op for op, _ in graph.ops})


@each_model
def test_ops_and_functions_only_where_asked(name: str) -> None:
    for graph in build_shown(model_of(name), ops=False, functions=False).meta_graphs:
        assert (graph.ops, graph.functions) == ((), ())


def test_functions_at_the_root_come_first() -> None:
    (graph,) = build_shown(model_of("module_no_signature"), ops=False, functions=True).meta_graphs
    assert [(function.path, function.at_root) for function in graph.functions] == [
        ("read_offset", True), ("shift", True), ("scale.times", False),
    ]  # fmt: skip


def test_what_led_here_is_said() -> None:
    assert build_shown(model_of("module_one_signature"), ops=False, functions=False).found == ""
    serving = build_shown(model_of("serving_versions"), ops=False, functions=False).found
    assert serving == "serving_versions holds numbered versions; this is the newest, 3; also there: 1."
    nested = build_shown(model_of("nested_single"), ops=False, functions=False).found
    assert nested == "nested_single holds one SavedModel, download/model."


@each_broken_model
def test_broken_graphs_are_shown_with_a_warning(name: str) -> None:
    if name == "empty_folder":
        return
    model = model_of(name)
    shown = build_shown(model, ops=True, functions=True)
    assert len(shown.warnings) == sum(lost.part == "graph" for lost in model.unreadable)
