"""Rules about assets."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.checks.helpers import Cases, Maker, broken, check_case, edited, good, lone_file, one, params, with_files

BASE = "tables_and_assets"
VOCABULARY = "assets/vocab.txt"
OTHER_CASE: dict[str, bytes | None] = {VOCABULARY: None, "assets/Vocab.TXT": b"a\nb\n"}


def declare_another(message: Any) -> None:
    """An asset of whose path the graph knows nothing."""
    message.meta_graphs[0].asset_file_def.add(filename="readme.md").tensor_info.name = "nobody:0"


def cut_a_path(message: Any) -> None:
    message.meta_graphs[0].graph_def.node.add(name="folder", op="StaticRegexReplace", input=["asset_path_initializer"])


def never_used(message: Any) -> None:
    message.meta_graphs[0].asset_file_def.add(filename="vocab.txt").tensor_info.name = "x:0"
    message.meta_graphs[0].graph_def.node.add(name="path", op="Placeholder").attr["dtype"].type = 7
    message.meta_graphs[0].asset_file_def[0].tensor_info.name = "path:0"


UNUSED = with_files(edited("tf1_frozen", never_used), {VOCABULARY: b"a\n"})


def with_links(*paths: str, inside: bool = False, folder: bool = False) -> Maker:
    """A model some files of which are links; their content lies beside its folder, or in it."""

    def make(place: Path) -> Path:
        model = place / "model"
        shutil.copytree(good(BASE)(place), model)
        store = (model / "store") if inside else (place / "store")
        store.mkdir()
        for number, path in enumerate(paths):
            shutil.move(model / path, store / str(number))
            (model / path).symlink_to(store / str(number), target_is_directory=folder)
        return model

    return make


TABLE = {
    "link-leads-out": Cases(
        {"asset": with_links("assets/vocab.txt"), "folder": with_links("assets", folder=True)},
        {"inside": with_links("assets/vocab.txt", inside=True), "no_link": good(BASE),
         "store": with_links("assets/vocab.txt", "saved_model.pb")},
    ),
    "missing-asset": Cases(
        {"removed": broken("missing_asset"), "unread": edited("tf1_frozen", never_used)},
        {"there": good(BASE), "lone_file": lone_file(good(BASE)), "escapes": broken("asset_escapes"),
         "other_case": with_files(good(BASE), OTHER_CASE)},
    ),
    "asset-case-differs": Cases(
        {"upper": with_files(good(BASE), OTHER_CASE)},
        {"same": good(BASE), "removed": broken("missing_asset"), "japanese": good("names_japanese"),
         "both": with_files(good(BASE), {"assets/Vocab.TXT": b"a\n"})},
    ),
    "asset-escapes": Cases({"both": broken("asset_escapes")}, {"plain": good(BASE), "odd": good("hostile_names")}),
    "undeclared-asset": Cases(
        {"stray": good("undeclared_asset")},
        {"declared": good(BASE), "litter": with_files(good(BASE), {"assets/.DS_Store": b"x"}),
         "git": with_files(good(BASE), {"assets/.gitkeep": b""}), "other_case": with_files(good(BASE), OTHER_CASE),
         "cut": with_files(broken("truncated_pb"), {"assets/a.txt": b"x"})},
    ),
    "unused-asset": Cases(
        {"path_of_nothing": UNUSED,
         "object_based": with_files(edited(BASE, declare_another), {"assets/readme.md": b"x"})},
        {"table_and_file": good(BASE), "tf1": good("tf1_builder_multi_metagraph"), "missing": broken("missing_asset"),
         "folder": with_files(edited(BASE, declare_another, cut_a_path), {"assets/readme.md": b"x"})},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_a_missing_file_that_nothing_reads_is_a_warning(tmp_path: Path) -> None:
    assert one(edited("tf1_frozen", never_used), tmp_path, "missing-asset").severity == "warning"
    finding = one(broken("missing_asset"), tmp_path, "missing-asset")
    assert finding.severity == "error"
    assert "needed by the signature serving_default" in finding.evidence
