"""Other files in the folder of a model."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from smanalyze.report.diff import Severities
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    Sides,
    check_case,
    mirrored,
    one,
    pair,
    params,
    report,
    rules_of,
    same,
    with_files,
)
from tests.checks.helpers import TESTDATA

MODULE = "module_one_signature"
WARMUP = "assets.extra/tf_serving_warmup_requests"


def came(name: str, content: bytes = b"x") -> Maker:
    """A file that only the new model has."""
    return with_files(same(MODULE), new={name: content})


def differs(name: str, old: bytes = b"one", new: bytes = b"two") -> Maker:
    """A file that both models have, with other bytes."""
    return with_files(same(MODULE), old={name: old}, new={name: new})


def linked(*names: str) -> Maker:
    """Files of the new model are links to those of the old."""

    def make(folder: Path) -> Sides:
        sides = with_files(same(MODULE))(folder)
        for name in names:
            os.unlink(sides[1] / name)
            os.symlink(sides[0] / name, sides[1] / name)
        return sides

    return make


PICKLE = came("tokenizer.bin", pickle.dumps({"a": 1}))
LIBRARY = came("ops.so", b"\x7fELF\2\1\1")

TABLE: dict[str, Cases] = {
    "file-unexpected-added": Cases(
        fires={
            "file": came("notes.bin"),
            "readme": came("README.md"),
            "litter": came(".DS_Store"),
            "asset": came("assets/stray.txt"),
        },
        silent={
            "gone": mirrored(came("notes.bin")),
            "extra": came(WARMUP),
            "pickle": PICKLE,
            "fingerprint": pair("change_keras2_to_keras3"),
            "asset": pair("change_asset_line"),
            "debug": came("debug/saved_model_debug_info.pb", b""),
            "asset, and no graph that would declare it": with_files(
                same(MODULE), new={"assets/stray.txt": b"x", "saved_model.pb": b"\x0a\xff"}
            ),
        },
    ),
    "file-unexpected-removed": Cases(fires={"file": mirrored(came("notes.bin"))}, silent={"came": came("notes.bin")}),
    "file-runnable-added": Cases(
        fires={
            "pickle": PICKLE,
            "library": LIBRARY,
            "script": came("run.py", b"print()"),
            "shebang": came("run", b"#!/bin/sh\n"),
            "asset": came("assets/words.pkl"),
            "joblib": came("x.joblib"),
            "in place of a harmless one": differs("notes.bin", b"x", pickle.dumps([1])),
            "in assets.extra": came("assets.extra/run.sh", b"echo"),
        },
        silent={
            "gone": mirrored(LIBRARY),
            "text": came("notes.txt"),
            "same": differs("ops.so", b"\x7fELF", b"\x7fELF"),
            "text that begins so": came("notes", b"MZ is a name"),
            "graph": pair("change_relu_to_gelu"),
        },
    ),
    "file-runnable-removed": Cases(
        fires={"library": mirrored(LIBRARY), "harmless now": differs("notes.bin", pickle.dumps([1]), b"x")},
        silent={"came": LIBRARY, "text": mirrored(came("notes.txt"))},
    ),
    "file-became-symlink": Cases(
        fires={"fingerprint": linked("fingerprint.pb")},
        silent={
            "all": linked("fingerprint.pb", "saved_model.pb"),
            "gone": mirrored(linked("fingerprint.pb")),
            "file": came("notes.bin"),
        },
    ),
    "file-extra-added": Cases(
        fires={"warmup": came(WARMUP, b"")}, silent={"gone": mirrored(came(WARMUP, b"")), "file": came("notes.bin")}
    ),
    "file-extra-removed": Cases(fires={"warmup": mirrored(came(WARMUP, b""))}, silent={"came": came(WARMUP, b"")}),
    "file-changed": Cases(
        fires={"config": differs("assets.extra/saved_model_config.pb"), "readme": differs("README.md")},
        silent={
            "same": differs("README.md", b"x", b"x"),
            "graph": pair("change_constant"),
            "weights": pair("change_weights_nudged"),
            "pickle": differs("notes.bin", b"x", pickle.dumps([1])),
            "asset": pair("change_asset_line"),
        },
    ),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_a_pickle_is_an_error_for_security(tmp_path: Path) -> None:
    finding = one(PICKLE, tmp_path, "file-runnable-added")
    assert finding.message == "tokenizer.bin (a pickle) is new, or has other bytes."
    assert finding.severities == Severities("note", "warning", "warning", "error")


def test_what_people_add_is_a_note(tmp_path: Path) -> None:
    maker = with_files(same(MODULE), new={"README.md": b"x", "LICENSE": b"x", "notes.bin": b"x"})
    sides = maker(tmp_path)
    findings = [f for f in report(sides).findings if f.rule == "file-unexpected-added"]
    assert [(f.message, f.severities.security) for f in findings] == [
        ("1 new file is no part of a SavedModel: notes.bin.", "warning"),
        ("2 new files are no part of a SavedModel: LICENSE, README.md.", "note"),
    ]


def test_a_lone_file_says_nothing_of_the_folder(tmp_path: Path) -> None:
    old = TESTDATA / "models" / MODULE
    for sides in ((old, old / "saved_model.pb"), (old / "saved_model.pb", old)):
        assert rules_of(TABLE, report(sides).findings) == []
