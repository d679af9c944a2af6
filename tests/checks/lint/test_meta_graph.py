"""Rules about MetaGraphs as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from smanalyze.checks.lint.meta_graph import _VERSION
from tests.checks.helpers import Cases, Change, Maker, broken, check_case, edited, good, params, signature

BASE = "module_one_signature"


def double_meta_graph(message: Any) -> None:
    message.meta_graphs.add().CopyFrom(message.meta_graphs[0])


def lose_init_op(message: Any) -> None:
    next(iter(signature(message, "__saved_model_init_op").outputs.values())).name = "nowhere"


def version(text: str) -> Change:
    """Sets the TensorFlow version."""

    def change(message: Any) -> None:
        message.meta_graphs[0].meta_info_def.tensorflow_version = text

    return change


TABLE = {
    "no-meta-graph": Cases(
        {"schema_version_only": broken("no_meta_graphs")}, {"one": good(BASE), "empty_file": broken("empty_pb")}
    ),
    "repeated-tags": Cases(
        {"twice": edited("tf1_frozen", double_meta_graph)}, {"several": good("tf1_builder_multi_metagraph")}
    ),
    "missing-init-op": Cases(
        {"renamed": edited(BASE, lose_init_op)},
        {"there": good("tables_and_assets"), "collection": good("tf1_builder_multi_metagraph"),
         "none": good("tf1_frozen")},
    ),
    "odd-version": Cases(
        {"head": edited("tf1_frozen", version("0.12.head"))},
        {"release": good("tf1_frozen"), "none": edited("tf1_frozen", version("")),
         "object_based": edited(BASE, version("0.12.head"))},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


@pytest.mark.parametrize(
    "text", ["1.15.0", "2.0.0-rc1", "2.9.0-dev20220227", "2.0.0-beta1", "1.0.post2", "2.3.4+nv20.12"]
)
def test_versions_that_python_parses(text: str) -> None:
    assert _VERSION.fullmatch(text)


@pytest.mark.parametrize("text", ["0.12.head", "2.1.1-dlenv_tfe", "unknown", "2..1"])
def test_versions_that_python_refuses(text: str) -> None:
    assert not _VERSION.fullmatch(text)
