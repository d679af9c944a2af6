"""What a fingerprint that fits, and one that does not, is said to mean."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.facts.fingerprint import audit_fingerprint
from smanalyze.format.schema import message_class
from smanalyze.report.audit import FingerprintAudit
from tests.models import GOOD, corpus_models, each_model, folder_of, model_of

BASE = "module_one_signature"


def edited(tmp_path: Path, change: Callable[[Path], None], name: str = BASE) -> FingerprintAudit:
    folder = tmp_path / name
    shutil.copytree(GOOD / name, folder)
    change(folder)
    return audit_fingerprint(smanalyze.load(folder))


def in_graph(change: Callable[[Any], None]) -> Callable[[Path], None]:
    """An edit of the first MetaGraph."""

    def edit(folder: Path) -> None:
        message = message_class("tensorflow.SavedModel").FromString((folder / "saved_model.pb").read_bytes())
        change(message.meta_graphs[0])
        (folder / "saved_model.pb").write_bytes(message.SerializeToString())

    return edit


def in_fingerprint(**fields: int) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        message = message_class("tensorflow.FingerprintDef").FromString((folder / "fingerprint.pb").read_bytes())
        for name, value in fields.items():
            setattr(message, name, value)
        (folder / "fingerprint.pb").write_bytes(message.SerializeToString())

    return edit


def change_body(meta_graph: Any) -> None:
    meta_graph.graph_def.library.function[0].node_def.add(name="extra", op="NoOp")


def change_program(meta_graph: Any) -> None:
    meta_graph.graph_def.node[0].name += "_1"


def change_signature(meta_graph: Any) -> None:
    meta_graph.signature_def["serving_default"].method_name += "x"


def other_index(folder: Path) -> None:
    (folder / "variables" / "variables.index").write_bytes(
        (GOOD / "keras3_export" / "variables" / "variables.index").read_bytes()
    )


def without_index(folder: Path) -> None:
    shutil.rmtree(folder / "variables")


def both(*edits: Callable[[Path], None]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        for one in edits:
            one(folder)

    return edit


def statuses(audit: FingerprintAudit) -> str:
    """One letter a hash: m, d or n."""
    return "".join(field.status[0] for field in audit.fields)


@pytest.mark.parametrize(
    ("change", "expected", "verdict", "first"),
    [
        (both(), "mmmmm", "matches", "All five hashes"),
        (
            in_graph(change_body),
            "dmmmm",
            "differs",
            "saved_model.pb was changed after export: its checksum",
        ),
        (in_graph(change_program), "ddmmm", "differs", "its checksum and its program hash differ"),
        (in_graph(change_signature), "dmdmm", "differs", "its checksum and its signatures hash differ"),
        (other_index, "mmmmd", "differs", "that of other weights"),
        (both(in_graph(change_body), other_index), "dmmmd", "differs", "saved_model.pb and the weights are not those"),
        (without_index, "mmmmn", "matches", "4 of 5 hashes"),
        (in_fingerprint(graph_def_program_hash=1), "mdmmm", "differs", "fingerprint.pb itself was changed"),
        (in_fingerprint(saved_model_checksum=1), "dmmmm", "differs", "saved_model.pb was changed after export"),
    ],
)
def test_what_it_means(tmp_path: Path, change: Callable[[Path], None], expected: str, verdict: str, first: str) -> None:
    audit = edited(tmp_path, change)
    assert statuses(audit) == expected
    assert audit.verdict == verdict
    assert first in audit.says[0]


def test_a_changed_body_leaves_the_singleprint_as_it_was(tmp_path: Path) -> None:
    audit = edited(tmp_path, in_graph(change_body))
    assert audit.recomputed_singleprint == audit.stored_singleprint
    assert any("do not cover function bodies" in text for text in audit.says)
    assert any("another export" in text for text in audit.says)


def test_a_program_hash_alone_does_not_mean_another_program(tmp_path: Path) -> None:
    audit = edited(tmp_path, in_graph(change_program))
    assert any("Keras 3" in text and "re-export" in text for text in audit.says)


def test_a_missing_index_is_named(tmp_path: Path) -> None:
    audit = edited(tmp_path, without_index)
    assert "variables.index is not here" in audit.fields[4].reason
    assert audit.recomputed_singleprint.endswith("/0")


def test_the_producer_of_a_split_model(tmp_path: Path) -> None:
    def edit(folder: Path) -> None:
        message = message_class("tensorflow.FingerprintDef").FromString((folder / "fingerprint.pb").read_bytes())
        message.version.producer = 2
        (folder / "fingerprint.pb").write_bytes(message.SerializeToString())

    audit = edited(tmp_path, edit)
    assert statuses(audit) == "nnnnm"
    assert "split model" in audit.fields[0].reason


def test_another_models_fingerprint() -> None:
    audit = audit_fingerprint(model_of("fingerprint_stale"))
    assert statuses(audit) == "ddddd"
    assert audit.says[0] == "The fingerprint belongs to another model: nothing matches."


def test_no_fingerprint() -> None:
    garbage = audit_fingerprint(model_of("fingerprint_garbage"))
    assert (garbage.presence, garbage.verdict) == ("not-read", "not-read")
    unknown = audit_fingerprint(model_of("pb_unknown_fields"))
    assert (unknown.presence, unknown.verdict) == ("absent", "absent")
    assert all(field.recomputed and field.status == "not-computable" for field in unknown.fields)


def test_unknown_fields_are_covered(tmp_path: Path) -> None:
    def edit(folder: Path) -> None:
        shutil.copy(folder_of("pb_unknown_fields") / "saved_model.pb", folder)

    assert statuses(edited(tmp_path, edit)) == "dmmmm"


def test_a_lone_file_and_a_graph_alone(tmp_path: Path) -> None:
    shutil.copy(GOOD / BASE / "saved_model.pb", tmp_path / "other.pb")
    lone = audit_fingerprint(smanalyze.load(tmp_path / "other.pb"))
    assert lone.verdict == "absent"
    assert "alone" in lone.says[0]
    graph = audit_fingerprint(smanalyze.load(GOOD / BASE, graph_only=True))
    assert {field.reason for field in graph.fields} == {"Only the graph was read, so no hash was computed."}


def test_the_text_form_has_the_hashes_of_the_binary() -> None:
    text, binary = (audit_fingerprint(model_of(name)) for name in ("module_pbtxt", BASE))
    assert [field.recomputed for field in text.fields[:4]]
    assert all(field.recomputed for field in text.fields)
    assert text.fields[0].covers == ("saved_model.pbtxt",)
    assert binary.fields[0].covers == ("saved_model.pb",)


@each_model
def test_no_good_model_is_called_modified(name: str) -> None:
    audit = audit_fingerprint(model_of(name))
    assert audit.verdict in ("matches", "absent")
    if audit.verdict == "matches":
        assert statuses(audit) == "mmmmm"
        assert audit.stored_singleprint == audit.recomputed_singleprint != ""


def test_no_release_is_called_modified(corpus: Path) -> None:
    folders = sorted({file.parent for file in (corpus / "releases").rglob("saved_model.pb")})
    audits = {folder.relative_to(corpus): audit_fingerprint(smanalyze.load(folder)) for folder in folders}
    assert {audit.verdict for audit in audits.values()} == {"matches", "absent"}
    old = [a for path, a in audits.items() if "2.11.1" in str(path) and a.verdict == "matches"]
    assert {audit.fields[0].algorithm for audit in old} == {"TF 2.11"}
    assert all("of the graph alone" in audit.says[1] for audit in old)


@pytest.mark.parametrize("name", corpus_models())
def test_public_models(corpus: Path, name: str) -> None:
    try:
        model = smanalyze.load(corpus / name)
    except smanalyze.NotASavedModelError:
        return
    audit = audit_fingerprint(model)
    assert audit.says and all(text.endswith(".") for text in audit.says)
