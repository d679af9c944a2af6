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
from tests.format.riegeli_writer import split_file
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


def change_second_body(meta_graph: Any) -> None:
    meta_graph.graph_def.library.function[1].node_def.add(name="extra", op="NoOp")


def add_object(meta_graph: Any) -> None:
    meta_graph.object_graph_def.nodes[0].children.add(node_id=1, local_name="extra")


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


def cut_graph(folder: Path) -> None:
    (folder / "saved_model.pb").write_bytes((folder / "saved_model.pb").read_bytes()[:5000])


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
            "saved_model.pb was changed after export, or fingerprint.pb was: its checksum",
        ),
        (in_graph(change_program), "ddmmm", "differs", "its checksum and its program hash differ"),
        (in_graph(change_signature), "dmdmm", "differs", "its checksum and its signatures hash differ"),
        (other_index, "mmmmd", "differs", "that of other weights"),
        (both(in_graph(change_body), other_index), "dmmmd", "differs", "saved_model.pb and the weights are not those"),
        (without_index, "mmmmn", "matches", "4 of 5 hashes of the fingerprint are those of the model"),
        (both(cut_graph, without_index), "nnnnn", "not-read", "No hash"),
        (cut_graph, "nnnnm", "matches", "1 of 5 hashes of the fingerprint is that of the model"),
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
    assert "variables.index is not here; it was when" in audit.fields[4].reason
    assert (audit.fields[4].recomputed, audit.recomputed_singleprint) == ("", ""), "unknown is not 0"
    assert audit.stored_singleprint.count("/") == 3


def test_an_index_that_there_never_was_has_the_hash_that_tensorflow_gives_it(tmp_path: Path) -> None:
    assert audit_fingerprint(model_of("tf1_frozen")).recomputed_singleprint.endswith("/0")
    for name in ("tf1_frozen", BASE):  # beside a lone file nobody looked
        shutil.copy(GOOD / name / "saved_model.pb", tmp_path / f"{name}.pb")
        audit = audit_fingerprint(smanalyze.load(tmp_path / f"{name}.pb"))
        assert (audit.fields[4].recomputed, audit.recomputed_singleprint) == ("", "")
        assert audit.fields[4].reason == "variables/variables.index was not looked at."
    without = edited(tmp_path, both(without_index, lambda folder: (folder / "fingerprint.pb").unlink()))
    assert (without.fields[4].status, without.recomputed_singleprint) == ("not-computable", "")
    assert without.fields[4].reason == "variables/variables.index is not here."
    unread = edited(tmp_path / "cut", both(without_index, cut_graph))
    assert unread.fields[4].recomputed == "", "a graph that was not read does not tell"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (in_fingerprint(saved_model_checksum=1), "saved_model.pb was changed after export, or fingerprint.pb was: "),
        (in_fingerprint(checkpoint_hash=1), "is that of other weights, or was changed, or fingerprint.pb was: "),
        (
            in_fingerprint(saved_model_checksum=1, signature_def_hash=1),
            "saved_model.pb is not the file that was fingerprinted, or fingerprint.pb was changed: ",
        ),
        (
            in_fingerprint(saved_model_checksum=1, checkpoint_hash=1),
            "are not those that were fingerprinted, or fingerprint.pb was changed: ",
        ),
    ],
)
def test_the_fingerprint_itself_may_be_what_changed(change: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    assert words in edited(tmp_path, change).says[0]


def test_it_is_said_what_covers_the_index(tmp_path: Path) -> None:
    says = edited(tmp_path, both()).says
    assert says[-1].startswith("The fingerprint covers the index of the variables")
    assert not any(sentence.startswith("It ") for sentence in says)


def split(folder: Path) -> None:
    """The model as a split one, of two chunks, and no fingerprint."""
    message = message_class("tensorflow.SavedModel").FromString((folder / "saved_model.pb").read_bytes())
    function = message.meta_graphs[0].graph_def.library.function[0].SerializeToString(deterministic=True)
    message.meta_graphs[0].graph_def.library.function[0].Clear()
    chunked = message_class("tensorflow.proto_splitter.ChunkedMessage")(chunk_index=0)
    field = chunked.chunked_fields.add()
    for kind, number in (("field", 2), ("index", 0), ("field", 2), ("field", 2), ("field", 1), ("index", 0)):
        field.field_tag.add(**{kind: number})
    field.message.chunk_index = 1
    metadata = message_class("tensorflow.proto_splitter.ChunkMetadata")
    (folder / "saved_model.cpb").write_bytes(split_file([message.SerializeToString(), function], chunked, metadata))
    (folder / "saved_model.pb").unlink()
    (folder / "fingerprint.pb").unlink()


def add_asset(meta_graph: Any) -> None:
    meta_graph.asset_file_def.add(filename="x")


@pytest.mark.parametrize(
    ("change", "seen_by"),
    [
        (change_body, {"saved_model_checksum", "graph_def_program_hash"}),
        (change_second_body, {"graph_def_program_hash"}),
        (change_program, {"graph_def_program_hash"}),
        (change_signature, {"signature_def_hash"}),
        (add_object, {"saved_object_graph_hash"}),
        (add_asset, set()),
    ],
)
def test_what_the_hashes_of_a_split_model_cover(
    change: Callable[[Any], None], seen_by: set[str], tmp_path: Path
) -> None:
    """As ``covers`` says: bodies in the first chunk by the program hash, what is none of its parts by nothing."""
    before = edited(tmp_path / "before", split).fields
    after = edited(tmp_path / "after", both(in_graph(change), split)).fields
    assert {b.name for b, a in zip(before, after, strict=True) if b.recomputed != a.recomputed} == seen_by
    assert [field.covers for field in before] == [
        ("saved_model.cpb: every chunk but the first",),
        ("saved_model.cpb: graph of the first MetaGraph, function bodies included",),
        ("saved_model.cpb: signatures of the first MetaGraph",),
        ("saved_model.cpb: object graph of the first MetaGraph",),
        ("variables/variables.index",),
    ]


def test_what_the_hashes_of_old_releases_cover(tmp_path: Path) -> None:
    def edit(folder: Path) -> None:
        message = message_class("tensorflow.FingerprintDef").FromString((folder / "fingerprint.pb").read_bytes())
        message.version.producer = 0
        (folder / "fingerprint.pb").write_bytes(message.SerializeToString())

    checksum, _, signatures, *_ = edited(tmp_path, edit).fields
    assert checksum.covers == ("saved_model.pb: graph of the first MetaGraph, function bodies included",)
    assert signatures.covers == ("saved_model.pb: signatures of the first MetaGraph, without their keys",)


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
    assert (lone.presence, lone.verdict) == ("not-fetched", "not-read"), "nobody looked"
    assert "alone" in lone.says[0] and "not looked at" in lone.says[0]
    assert {field.reason for field in lone.fields[:4]} == {
        "fingerprint.pb was not looked at, so there is nothing to compare with."
    }
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
