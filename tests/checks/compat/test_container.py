"""The file and its MetaGraphs: what has to load before anything can be called."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from smanalyze.load import load
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    check_case,
    edited,
    mirrored,
    models,
    one,
    params,
    report,
    same,
    with_files,
)
from tests.checks.helpers import TESTDATA, Change

MODEL = "module_one_signature"
TF1 = "tf1_builder_multi_metagraph"


def new(*edits: Change, name: str = MODEL) -> Maker:
    return edited(name, new=edits)


def drop_last(message: Any) -> None:
    del message.meta_graphs[-1]


def tags(*names: str) -> Change:
    def change(message: Any) -> None:
        message.meta_graphs[0].meta_info_def.tags[:] = names

    return change


def info(**fields: Any) -> Change:
    def change(message: Any) -> None:
        for key, value in fields.items():
            setattr(message.meta_graphs[0].meta_info_def, key, value)

    return change


def version(**fields: int) -> Change:
    def change(message: Any) -> None:
        for key, value in fields.items():
            setattr(message.meta_graphs[0].graph_def.versions, key, value)

    return change


def bad_consumer(message: Any) -> None:
    message.meta_graphs[0].graph_def.versions.bad_consumers.append(1999)


def alias(name: str) -> Change:
    def change(message: Any) -> None:
        function = message.meta_graphs[0].graph_def.library.function[0].signature.name
        message.meta_graphs[0].meta_info_def.function_aliases[function] = name

    return change


def collection(name: str) -> Change:
    def change(message: Any) -> None:
        message.meta_graphs[0].collection_def[name].node_list.value.append("x")

    return change


def no_objects(message: Any) -> None:
    message.meta_graphs[0].ClearField("object_graph_def")


def op_added(message: Any) -> None:
    message.meta_graphs[0].graph_def.node.add(name="acme", op="NoOp")


CUT = (TESTDATA / "models" / MODEL / "saved_model.pb").read_bytes()[:4000]
DAMAGED = with_files(same(MODEL), new={"saved_model.pb": CUT})
FEWER = edited(TF1, new=[drop_last])

TABLE = {
    "meta-tagset-removed": Cases({"gone": FEWER}, {"more": mirrored(FEWER), "not read": DAMAGED}),
    "meta-tagset-added": Cases({"more": mirrored(FEWER)}, {"gone": FEWER}),
    "meta-tags-changed": Cases(
        {"gpu": new(tags("serve", "gpu"))}, {"order": edited(MODEL, old=[tags("a", "b")], new=[tags("b", "a")])}
    ),
    "meta-objectgraph-removed": Cases(
        {"gone": new(no_objects)}, {"back": mirrored(new(no_objects)), "never": same(TF1)}
    ),
    "meta-objectgraph-added": Cases({"back": mirrored(new(no_objects))}, {"gone": new(no_objects)}),
    "meta-container-changed": Cases({"text": models(MODEL, "module_pbtxt")}, {"same form": same("module_pbtxt")}),
    "meta-graph-unreadable": Cases({"cut off": DAMAGED}, {"the old one": mirrored(DAMAGED), "whole": same(MODEL)}),
    "meta-graph-readable": Cases({"the old one": mirrored(DAMAGED)}, {"the new one": DAMAGED}),
    "meta-min-consumer-raised": Cases(
        {"raised": new(version(min_consumer=99_999))}, {"lowered": mirrored(new(version(min_consumer=99_999)))}
    ),
    "meta-bad-consumers-changed": Cases({"one more": new(bad_consumer)}, {"none": same(MODEL)}),
    "meta-producer-raised": Cases(
        {"another release": new(info(tensorflow_version="2.99.0"), op_added)},
        {"nothing else": new(info(tensorflow_version="2.99.0")), "the same": new(op_added)},
    ),
    "meta-only-version-strings": Cases(
        {"nothing else": new(info(tensorflow_version="2.99.0"))},
        {"another op": new(info(tensorflow_version="2.99.0"), op_added), "the same": same(MODEL)},
    ),
    "meta-stripped-defaults-lost": Cases(
        {"lost": edited(MODEL, old=[info(stripped_default_attrs=True)], new=[info(stripped_default_attrs=False)])},
        {"gained": edited(MODEL, old=[info(stripped_default_attrs=False)], new=[info(stripped_default_attrs=True)])},
    ),
    "meta-stripped-defaults-gained": Cases(
        {"gained": edited(MODEL, old=[info(stripped_default_attrs=False)], new=[info(stripped_default_attrs=True)])},
        {"lost": edited(MODEL, old=[info(stripped_default_attrs=True)], new=[info(stripped_default_attrs=False)])},
    ),
    "meta-collections-changed": Cases(
        {"one more": new(collection("losses")), "gone": mirrored(new(collection("losses")))},
        {"variables": new(collection("trainable_variables")), "the same": same(TF1)},
    ),
    "meta-function-aliases-changed": Cases(
        {"one more": new(alias("acme")), "other": edited(MODEL, old=[alias("acme")], new=[alias("emca")])},
        {"the same": edited(MODEL, old=[alias("acme")], new=[alias("acme")])},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_a_rule_fires_where_it_must_and_nowhere_else(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_the_runtime_decides_how_bad_a_newer_graph_version_is(tmp_path: Path) -> None:
    for version_needed, runtime, severity in (
        (1_800, "", "note"), (1_800, "2.15", "error"), (1_800, "2.21", "note"), (9_999, "", "warning"),
    ):  # fmt: skip
        folder = tmp_path / f"{version_needed}{runtime}"
        folder.mkdir()
        sides = new(version(min_consumer=version_needed))(folder)
        found = [one for one in report(sides, runtime_tf=runtime).findings if one.rule == "meta-min-consumer-raised"]
        assert [one.severities.serving for one in found] == [severity], runtime


def test_a_second_graph_without_objects_breaks_loading_without_tags(tmp_path: Path) -> None:
    finding = one(mirrored(FEWER), tmp_path, "meta-tagset-added")
    graphs = len(load(TESTDATA / "models" / TF1).meta_graphs)
    assert finding.severities.python == ("error" if graphs == 2 else "warning")


def test_every_subject_is_frozen() -> None:
    from smanalyze.checks import changes

    for value in vars(changes).values():
        if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == changes.__name__:
            assert value.__dataclass_params__.frozen, value  # type: ignore[attr-defined]
