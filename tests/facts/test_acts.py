"""What starts an act, by which way, and what was not followed."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from smanalyze.api.scan import scan
from smanalyze.facts.acts import Acts
from smanalyze.facts.names import Names
from smanalyze.load import load
from smanalyze.report.scan import Act, ScanFinding
from tests.checks.helpers import add_const, edited, function, good, graph, node, with_files
from tests.graph.made import call, func, model_graph, signature
from tests.graph.made import function as made_function
from tests.graph.made import node as made_node

MODULE, PARTITIONED = "module_one_signature", "tf1_partitioned_variables"


def acts_of(nodes: list[str], *rest: str, functions: tuple[str, ...] = ()) -> list[Act]:
    found = model_graph(nodes, *rest, functions=functions)
    return [act for act in Acts(found, Names(found)).every if act.op == "WriteFile"]


def findings(name: str, tmp_path: Path, *changes: Any) -> tuple[ScanFinding, ...]:
    return scan(load(edited(name, *changes)(tmp_path))).findings


SERVED = signature("serve", {"x": "x:0"}, {"y": "y:0"})
X = made_node("x", "Placeholder")
WRITES = made_function("writes", "t", [made_node("w", "WriteFile", "t", "t")], y="t")

WAYS = {
    "called": ([X, call("y", "writes", "x")], ("signature:serve",)),
    "branch": ([X, made_node("y", "If", "x", "x", then_branch=func("writes"), else_branch=func("other"))],
               ("signature:serve",)),
    "beside": ([X, made_node("y", "Identity", "x"), call("z", "writes", "x")], ("never",)),
    "waited_for": ([X, call("z", "writes", "x"), made_node("y", "Identity", "x", "^z")], ("signature:serve",)),
    "chosen": ([X, call("y", "alike", "x")], ("signature:serve",)),
    "dead_stateless": ([X, call("y", "idle", "x")], ("never",)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("op", "attr", "risk_class"),
    [
        ("PrintV2", 's: "file://{}"', "file-write"), ("DebugIdentity", 'list {{ s: "grpc://{}" }}', "network"),
        ("DebugIdentity", 'list {{ s: "file://{}" }}', "file-write"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/tmp/x", "/tmp/" + "x" * 400, r"/tmp/\n"])
def test_what_an_attr_decides_is_told_of_long_and_unprintable_ones(
    op: str, attr: str, risk_class: str, path: str
) -> None:
    """They are cut for people alone."""
    name = "output_stream" if op == "PrintV2" else "debug_urls"
    found = model_graph([X, made_node("y", op, "x", **{name: attr.format(path)})], SERVED)
    assert risk_class in {act.risk_class for act in Acts(found, Names(found)).every}


@pytest.mark.parametrize("name", WAYS)
def test_when(name: str) -> None:
    nodes, when = WAYS[name]
    implements = ' attr { key: "api_implements" value { s: "one" } }'
    writes = WRITES[:-1] + (implements if name == "chosen" else "") + "}"
    alike = made_function("alike", "t", [], y="t")[:-1] + implements + "}"
    idle = made_function("idle", "t", [call("dead", "writes", "t")], y="t")
    found = acts_of(nodes, SERVED, functions=(writes, made_function("other", "t", [], y="t"), alike, idle))
    assert [act.when for act in found] == [when]


def test_what_only_makes_an_input_does_not_run() -> None:
    """A signature may be fed in the middle of the graph; what stands before that is cut off."""
    nodes = [
        X,
        made_node("w", "WriteFile", "x", "x"),
        made_node("f", "Identity", "x", "^w"),
        made_node("y", "Neg", "f"),
    ]
    found = acts_of(nodes, signature("serve", {"f": "f:0"}, {"y": "y:0"}))
    assert [act.when for act in found] == [("never",)]


def test_the_way_is_the_shortest() -> None:
    outer = made_function("outer", "t", [call("in", "writes", "t")], y="t")
    (act,) = acts_of([X, call("a", "outer", "x"), call("y", "writes", "a")], SERVED, functions=(WRITES, outer))
    assert act.path == ("signature serve", "node y", "function writes", "node w")


def test_a_way_through_very_many_functions_takes_little_room() -> None:
    """The steps so far, listed for each function, took gigabytes."""
    count = 4000
    chain = [
        made_function(f"f{k}", "t", [call("in", f"f{k + 1}" if k < count - 1 else "writes", "t")], y="in")
        for k in range(count)
    ]
    graph = model_graph([X, call("y", "f0", "x")], SERVED, functions=(*chain, WRITES))
    acts = Acts(graph, Names(graph))
    acts.operands.flow.callers  # noqa: B018  (what both searches need)
    tracemalloc.start()
    (act,) = acts.every
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(act.path) == 2 * count + 4
    assert most < 40_000_000


def test_functions_that_very_many_objects_offer_are_cut_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the functions below was told every start: as many words as objects times functions."""
    monkeypatch.setattr("smanalyze.facts.acts.MAX_STEPS", 100)
    children = " ".join(f'children {{ node_id: {k + 1} local_name: "f{k}" }}' for k in range(200))
    offered = 'nodes { function { concrete_functions: "writes" } }' * 200
    graph = model_graph(
        [X], f"object_graph_def {{ nodes {{ user_object {{}} {children} }} {offered} }}", functions=(WRITES,)
    )
    acts = Acts(graph, Names(graph))
    assert [act.when for act in acts.every] == [("unknown",)]
    assert acts.is_cut


def saved_on_restore(*path: bytes) -> Any:
    """The restore op waits for a node that saves: to a place of its own, or over what is restored."""

    def change(message: Any) -> None:
        body, saver = graph(message), message.meta_graphs[0].saver_def
        if path:
            add_const(body, "place", path[0])
        place = "place" if path else saver.filename_tensor_name.partition(":")[0]
        body.node.add(name="kept", op="SaveV2", input=[place, place, place])
        node(body, saver.restore_op_name).input.append("^kept")

    return change


@pytest.mark.parametrize("path", [(), (b"relative",), (b"/tmp/x",)])
def test_a_checkpoint_that_loading_writes_is_an_error(path: tuple[bytes, ...], tmp_path: Path) -> None:
    (one,) = (f for f in findings(PARTITIONED, tmp_path, saved_on_restore(*path)) if f.severity == "error")
    assert (one.rule, one.op, one.when) == ("saves-elsewhere", "SaveV2", ("load", "saver"))


def _rename(objects: Any, call: Any) -> None:
    call.local_name = "_trackable_children"


def _name_below_itself(objects: Any, call: Any) -> None:
    objects.nodes[call.node_id].children.add(local_name="_trackable_children", node_id=call.node_id)


def _save_the_root(objects: Any, call: Any) -> None:
    saving = objects.nodes[0].saveable_objects["any"]
    saving.save_function = saving.restore_function = call.node_id


def _initialize_outside_the_tree(objects: Any, call: Any) -> None:
    made = objects.nodes.add()
    made.resource.SetInParent()
    made.children.add(local_name="_initialize", node_id=call.node_id)


def _create_a_dependent(objects: Any, call: Any) -> None:
    made = objects.nodes.add()
    made.resource.SetInParent()
    made.dependencies.add(local_name="_create_resource", node_id=call.node_id)


def _initialize_a_table_by_its_name(objects: Any, call: Any) -> None:
    made = objects.nodes.add(registered_name="tf.StaticHashTable")
    made.user_object.SetInParent()
    made.children.add(local_name="_initialize", node_id=call.node_id)
    objects.nodes[0].children.add(local_name="made", node_id=len(objects.nodes) - 1)


@pytest.mark.parametrize(
    "hangs",
    [
        _rename, _name_below_itself, _save_the_root, _initialize_outside_the_tree, _create_a_dependent,
        _initialize_a_table_by_its_name,
    ],
)  # fmt: skip
def test_a_function_that_the_loader_calls_runs_at_load(hangs: Any, tmp_path: Path) -> None:
    """TensorFlow 2.21 ran each while it loaded the model, wherever else in the tree the function hangs."""

    def change(message: Any) -> None:
        body, objects = function(message, "__inference___call__"), message.meta_graphs[0].object_graph_def
        body.node_def.add(name="w", op="WriteFile", input=[body.signature.input_arg[0].name] * 2)
        body.control_ret["w"] = "w"
        hangs(objects, next(child for child in objects.nodes[0].children if child.local_name == "__call__"))

    (one,) = (f for f in findings(MODULE, tmp_path, change) if f.op == "WriteFile")
    assert "load" in one.when


def test_two_nodes_of_one_name_are_told(tmp_path: Path) -> None:
    report = scan(load(edited("tf1_frozen", lambda m: graph(m).node.add(name="kernel", op="Const"))(tmp_path)))
    assert (report.verdict, report.unknown[0].what) == ("unknown-code", "nodes of one name")


def test_an_asset_behind_a_link_is_no_file_of_the_models(tmp_path: Path) -> None:
    model = with_files(good("tables_and_assets"), {})(tmp_path)
    (tmp_path / "secret").write_text("secret")
    (model / "assets" / "greeting.txt").unlink()
    (model / "assets" / "greeting.txt").symlink_to(tmp_path / "secret")
    (one,) = (f for f in scan(load(model)).findings if f.op == "ReadFile")
    assert (one.rule, one.severity) == ("reads-file", "error")


def test_an_accepted_act_is_another_once_it_runs(tmp_path: Path) -> None:
    ids = []
    for waits, folder in ((False, "never"), (True, "called")):

        def change(message: Any, waits: bool = waits) -> None:
            add_const(graph(message), "text", b"log")
            graph(message).node.add(name="w", op="WriteFile", input=["text", "text"])
            if waits:
                node(graph(message), "y").input.append("^w")

        (tmp_path / folder).mkdir()
        ids += [f.id for f in findings("tf1_frozen", tmp_path / folder, change) if f.op == "WriteFile"]
    assert len(ids) == len(set(ids)) == 2
