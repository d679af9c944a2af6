"""Loading: what a damaged model still gives, that nothing is written, and that no bytes bring us down."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import smanalyze
from smanalyze import load as load_function
from smanalyze.errors import FormatError, NotASavedModelError, SmanalyzeError, UsageError
from smanalyze.facts.shown import build_shown
from smanalyze.model.saved_model import select_meta_graphs
from smanalyze.render.html import render_html
from smanalyze.render.json import render_json
from smanalyze.render.markdown import render_markdown
from smanalyze.render.show import render_all
from smanalyze.render.text import render_text
from tests.models import BROKEN, BROKEN_NAMES, GOOD, NAMES, digests, each_model, folder_of, model_of

PB, TEXT, INDEX = "saved_model.pb", "saved_model.pbtxt", "variables/variables.index"
SHARD = "variables/variables.data-00000-of-00001"
WHOLE = ()

#: model -> (what is Unreadable: code, file, presence; MetaGraphs, signatures, entries of the index, fingerprint).
LEFT = {
    "appledouble_litter": (WHOLE, 1, 1, 3, "present"),
    "asset_escapes": (WHOLE, 1, 2, 3, "present"),
    "checkpoint_other_model": (WHOLE, 1, 1, 2, "present"),
    "const_wrong_size": (WHOLE, 1, 1, 3, "present"),
    "dangling_function": (WHOLE, 1, 1, 3, "present"),
    "dangling_input": (WHOLE, 1, 1, 3, "present"),
    "duplicate_nodes": (WHOLE, 1, 1, 3, "present"),
    "empty_pb": ([("empty-file", PB, "not-read")], 0, 0, 3, "present"),
    "fingerprint_garbage": ([("corrupt", "fingerprint.pb", "not-read")], 1, 1, 3, "not-read"),
    "fingerprint_stale": (WHOLE, 1, 1, 3, "present"),
    "index_bad_crc": ([("corrupt", INDEX, "not-read")], 1, 1, 3, "present"),
    "index_bad_footer": ([("truncated", INDEX, "not-read")], 1, 1, 0, "present"),
    "index_hostile_header": (
        [
            ("limit", INDEX, "not-read"),
            ("missing", "variables/variables.data-00000-of-2147483647", "not-fetched"),
        ],
        1, 1, 1, "present",
    ),
    "index_hostile_sizes": ([("corrupt", INDEX, "not-read")] * 11, 1, 1, 7, "present"),
    "index_hostile_slices": (
        [("corrupt", INDEX, "not-read"), *[("missing", INDEX, "not-read")] * 4], 1, 1, 4, "present",
    ),
    "index_hostile_strings": ([("corrupt", INDEX, "not-read")], 1, 1, 3, "present"),
    "index_unsorted_keys": ([("corrupt", INDEX, "not-read")] * 2, 1, 1, 3, "present"),
    "keras_metadata_bad_json": (WHOLE, 1, 0, 5, "present"),
    "keras_metadata_garbage": ([("corrupt", "keras_metadata.pb", "not-read")], 1, 0, 5, "present"),
    "lfs_pointer_pb": ([("lfs-pointer", PB, "not-fetched")], 0, 0, 3, "present"),
    "lfs_pointer_variables": ([("lfs-pointer", INDEX, "not-fetched")], 1, 1, 0, "present"),
    "missing_asset": (WHOLE, 1, 2, 3, "present"),
    "missing_index": (WHOLE, 1, 1, 0, "present"),
    "missing_shard": ([("missing", SHARD, "not-fetched")], 1, 1, 3, "present"),
    "no_meta_graphs": (WHOLE, 0, 0, 3, "present"),
    "no_variables_folder": (WHOLE, 1, 1, 0, "present"),
    "node_cycle": (WHOLE, 1, 1, 3, "present"),
    "pb_deep_nesting": ([("corrupt", PB, "not-read")], 2, 1, 3, "absent"),
    "pb_hostile_object_graph": (WHOLE, 1, 1, 3, "present"),
    "pb_unknown_fields": (WHOLE, 1, 1, 3, "absent"),
    "pbtxt_is_binary": ([("wrong-kind", TEXT, "not-read")], 0, 0, 0, "absent"),
    "pbtxt_is_graphdef": ([("wrong-kind", TEXT, "not-read")], 0, 0, 0, "absent"),
    "pbtxt_is_label_map": ([("wrong-kind", TEXT, "not-read")], 0, 0, 0, "absent"),
    "recursive_function": (WHOLE, 1, 1, 3, "present"),
    "shard_bad_crc": (WHOLE, 1, 1, 3, "present"),
    "signature_dangling": (WHOLE, 1, 1, 3, "present"),
    "stale_shard": (WHOLE, 1, 1, 3, "present"),
    "truncated_index": ([("truncated", INDEX, "not-read")], 1, 1, 0, "present"),
    "truncated_pb": ([("truncated", PB, "not-read")], 1, 0, 3, "present"),
    "truncated_shard": ([("corrupt", SHARD, "not-read")], 1, 1, 3, "present"),
    "utf8_mangled_pb": ([("utf8-mangled", PB, "not-read")], 0, 0, 3, "present"),
}  # fmt: skip


def test_every_broken_model_is_in_the_table() -> None:
    assert sorted([*LEFT, "empty_folder"]) == BROKEN_NAMES


@pytest.mark.parametrize("name", LEFT)
def test_what_a_broken_model_still_gives(name: str) -> None:
    model = model_of(name)
    lost, meta_graphs, signatures, entries, fingerprint = LEFT[name]
    assert [(part.code, part.file, part.presence) for part in model.unreadable] == list(lost)
    assert len(model.meta_graphs) == meta_graphs
    assert sum(len(graph.signatures) for graph in model.meta_graphs) == signatures
    assert len(model.checkpoint.entries) == entries
    assert model.fingerprint_presence == fingerprint


def test_a_folder_without_a_model_is_refused() -> None:
    with pytest.raises(NotASavedModelError, match="Only hidden files"):
        load_function(BROKEN / "empty_folder")


@each_model
def test_a_good_model_loses_nothing(name: str) -> None:
    assert model_of(name).unreadable == ()


@pytest.mark.parametrize("name", LEFT)
def test_what_is_said_is_a_sentence_with_a_place(name: str) -> None:
    for part in model_of(name).unreadable:
        assert part.message[0].isupper() or part.message[0] == "'" or part.message[0].isdigit()
        assert part.message.endswith(".")
        assert not os.path.isabs(part.file or "")
        assert part.presence != "present"


#: What is told of a part is told as absent only where it never was: a pointer or a missing file is elsewhere.
PRESENCE = {
    "no_variables_folder": "not-fetched",
    "missing_index": "not-fetched",
    "lfs_pointer_variables": "not-fetched",
    "index_bad_footer": "not-read",
    "truncated_index": "not-read",
    "missing_shard": "present",
}


@pytest.mark.parametrize(("name", "presence"), PRESENCE.items())
def test_presence_of_the_checkpoint(name: str, presence: str) -> None:
    assert model_of(name).checkpoint.presence == presence


@pytest.mark.parametrize("path", ["variables/variables", "variables/variables-00000-of-00001", "saved_model_variables"])
def test_a_checkpoint_of_the_first_format_is_here_and_not_read(path: str, tmp_path: Path) -> None:
    folder = _without_index(tmp_path, {path: INDEX_BYTES})
    (lost,) = load_function(folder).unreadable
    assert (lost.code, lost.file, lost.presence) == ("old-format", path, "not-read")
    assert load_function(folder).checkpoint.presence == "not-read"


@pytest.mark.parametrize("path", ["variables/other.index", "assets/table", "variables/variables.data-00000-of-00001"])
def test_other_files_are_no_checkpoint_of_the_first_format(path: str, tmp_path: Path) -> None:
    content = INDEX_BYTES[:-1] if path.startswith("variables/variables") else INDEX_BYTES
    model = load_function(_without_index(tmp_path, {path: content}))
    assert model.unreadable == ()
    assert model.checkpoint.presence == "not-fetched"


INDEX_BYTES = (folder_of("module_one_signature") / "variables/variables.index").read_bytes()
"""A table; those of the first format are tables, too."""


def _without_index(folder: Path, files: dict[str, bytes]) -> Path:
    target = folder / "model"
    shutil.copytree(folder_of("module_one_signature"), target)
    (target / "variables/variables.index").unlink()
    for path, content in files.items():
        (target / path).parent.mkdir(exist_ok=True)
        (target / path).write_bytes(content)
    return target


def test_a_model_without_variables_lacks_no_checkpoint() -> None:
    assert model_of("tf1_frozen").checkpoint.presence == "absent"


# Nothing is written ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, *LEFT])
def test_nothing_is_written_into_the_model(name: str) -> None:
    before = digests(folder_of(name))
    model = load_function(folder_of(name))
    report = smanalyze.analyze(model)
    render_html(report)
    render_all(build_shown(model, ops=True, functions=True))
    for entry in model.checkpoint.entries[:3]:
        try:
            assert model.checkpoint.reader is not None
            model.checkpoint.reader.read(entry)
        except FormatError:
            continue
    assert digests(folder_of(name)) == before


# Ways to the same model --------------------------------------------------------------------------------------------


def _copy(tmp_path: Path, name: str, to: str = "model") -> Path:
    return Path(shutil.copytree(GOOD / name, tmp_path / to))


def test_a_path_may_be_text_or_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = GOOD / "module_one_signature"
    monkeypatch.chdir(folder)
    models = [load_function(path) for path in (folder, str(folder), f"{folder}/", ".", "../module_one_signature")]
    assert all(model == models[0] for model in models)


def test_a_lone_file_is_the_graph_alone(tmp_path: Path) -> None:
    folder = _copy(tmp_path, "module_one_signature")
    shutil.rmtree(folder / "variables")
    model = load_function(folder / PB)
    assert model.found.given == "file"
    assert [file.path for file in model.files] == [PB]
    assert model.meta_graphs == load_function(folder).meta_graphs
    assert model.checkpoint.presence == "not-fetched", "its variables are elsewhere, not absent"
    assert model.fingerprint_presence == "not-fetched", "nobody looked whether there is one"


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"


def test_a_declared_asset_may_be_a_pointer(tmp_path: Path) -> None:
    folder = _copy(tmp_path, "tables_and_assets")
    (folder / "assets" / "vocab.txt").write_bytes(POINTER)
    (folder / "assets" / "other.txt").write_bytes(POINTER)  # nothing declares it, so the model is whole without it
    (lost,) = load_function(folder).unreadable
    assert (lost.code, lost.part, lost.file, lost.presence) == (
        "lfs-pointer", "asset", "assets/vocab.txt", "not-fetched",
    )  # fmt: skip
    assert "git lfs pull" in lost.message
    (folder / "assets" / "vocab.txt").write_bytes(POINTER + b" " * 1024)  # too long for a pointer
    assert load_function(folder).unreadable == ()
    (folder / "assets" / "vocab.txt").write_bytes(b"")  # an empty vocabulary is one
    assert load_function(folder).unreadable == ()


def test_where_the_graph_is_not_read_any_asset_may_be_declared(tmp_path: Path) -> None:
    folder = _copy(tmp_path, "tables_and_assets")
    for file in (PB, "assets/vocab.txt", "assets/other.txt"):
        (folder / file).write_bytes(POINTER)
    lost = [(one.part, one.file) for one in load_function(folder).unreadable]
    assert lost == [("graph", PB), ("asset", "assets/other.txt"), ("asset", "assets/vocab.txt")]


def test_a_lone_file_does_not_list_what_lies_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may lie in a home folder."""
    from smanalyze.source.directory import Directory

    shutil.copy(GOOD / "tf1_frozen" / PB, tmp_path / "frozen.pb")
    monkeypatch.setattr(Directory, "files", lambda self: pytest.fail("the whole folder was listed"))
    assert load_function(tmp_path / "frozen.pb").meta_graphs


def test_a_file_with_its_variables_beside_it_is_the_folder() -> None:
    folder = GOOD / "module_one_signature"
    assert load_function(folder / PB).files == load_function(folder).files


def test_the_newest_version_is_taken_as_a_number(tmp_path: Path) -> None:
    for version in ("9", "10"):
        _copy(tmp_path, "module_one_signature", f"base/{version}")
    assert load_function(tmp_path / "base").found.chosen == "10"


def test_graph_only_leaves_the_rest_alone(tmp_path: Path) -> None:
    folder = _copy(tmp_path, "module_one_signature")
    (folder / INDEX).write_bytes(b"garbage")
    (folder / "fingerprint.pb").write_bytes(b"\xff")
    model = load_function(folder, graph_only=True)
    assert model.unreadable == ()
    assert len(model.meta_graphs) == 1


def test_pipes_inside_a_model_are_not_opened(tmp_path: Path) -> None:
    folder = _copy(tmp_path, "module_one_signature")
    for file in (INDEX, "fingerprint.pb"):
        (folder / file).unlink()
        os.mkfifo(folder / file)
    os.mkfifo(folder / "keras_metadata.pb")
    model = load_function(folder)
    assert model.checkpoint.presence == "not-fetched"
    assert model.fingerprint_presence == model.keras_metadata_presence == "absent"


def test_a_folder_in_the_place_of_a_small_file(tmp_path: Path) -> None:
    folder = _copy(tmp_path, "module_one_signature")
    (folder / "fingerprint.pb").unlink()
    (folder / "fingerprint.pb").mkdir()
    (folder / INDEX).unlink()
    (folder / INDEX).mkdir()
    assert load_function(folder).fingerprint_presence == "absent"


def test_linked_files_are_read(tmp_path: Path) -> None:
    """Caches (Hugging Face, DVC) keep files elsewhere and link to them."""
    folder = _copy(tmp_path, "module_one_signature")
    stored = tmp_path / "store"
    stored.mkdir()
    for number, file in enumerate((PB, INDEX, SHARD)):
        (folder / file).rename(stored / str(number))
        (folder / file).symlink_to(stored / str(number))
    model = load_function(folder)
    assert model.unreadable == ()
    assert len(model.checkpoint.entries) == 3
    assert {file.path for file in model.files if file.is_symlink} == {PB, INDEX, SHARD}


def test_names_that_are_no_utf8_reach_the_report(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    shutil.copytree(GOOD / "undeclared_asset", name)
    os.rename(os.fsencode(name) + b"/assets", os.fsencode(name) + b"/assets.extra")
    Path(name, "assets").mkdir()
    Path(os.fsdecode(os.fsencode(name) + b"/assets/\xff.txt")).touch()
    report = smanalyze.analyze(load_function(name))
    render_json([report]).encode("ascii")
    for text in (render_text(report, width=80, color=False), render_html(report), render_markdown(report)):
        text.encode("utf-8")


def test_a_split_model_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "saved_model.cpb").write_bytes(b"anything")
    model = load_function(tmp_path)
    assert [(part.code, part.file) for part in model.unreadable] == [("corrupt", "saved_model.cpb")]
    assert "Riegeli" in model.unreadable[0].message
    assert model.file_kind == "cpb"


def test_a_frozen_graph_of_the_wrong_name_is_named_as_such(tmp_path: Path) -> None:
    from smanalyze.format.schema import message_class

    graph = message_class("tensorflow.GraphDef")()
    for i in range(3):
        graph.node.add(name=f"n{i}", op="NoOp")
    (tmp_path / PB).write_bytes(graph.SerializeToString())
    (lost,) = load_function(tmp_path).unreadable
    assert (lost.code, lost.part) == ("wrong-kind", "graph")
    assert "GraphDef" in lost.message


def test_gzip_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / PB).write_bytes(b"\x1f\x8b\x08\x00rest")
    (lost,) = load_function(tmp_path).unreadable
    assert lost.code == "wrong-kind"
    assert "gzip" in lost.message


def test_tag_sets_are_sets() -> None:
    model = model_of("tf1_builder_multi_metagraph")
    assert [graph.tags for graph in model.meta_graphs] == [("train",), ("serve",), ("serve", "gpu")]
    for tags in (("serve", "gpu"), ("gpu", "serve"), ("gpu", "serve", "gpu")):
        assert [graph.index for graph in select_meta_graphs(model, tags).meta_graphs] == [2]
    for tags in (("gpu",), (), ("Serve",), ("serve", "tpu")):
        with pytest.raises(UsageError, match="Tag-sets in this model: train; serve; serve,gpu"):
            select_meta_graphs(model, tags)


# No bytes bring us down --------------------------------------------------------------------------------------------

SECONDS = 5.0
"""Of processor time: other programs may run."""


def _survives(folder: Path) -> None:
    """Loads, analyzes and renders; anything but our own errors, or a long time, is a failure."""
    start = time.process_time()
    try:
        model = load_function(folder)
        report = smanalyze.analyze(model)
        render_json([report])
        render_text(report, width=80, color=False)
        render_all(build_shown(model, ops=True, functions=True))
    except SmanalyzeError as error:
        assert error.message.endswith(".") or error.message  # said on purpose
    assert time.process_time() - start < SECONDS


@pytest.fixture(scope="module", params=["module_one_signature", "keras3_export"])
def victim(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A copy of a good model, and the bytes of its graph."""
    folder = tmp_path_factory.mktemp("victim") / request.param
    shutil.copytree(GOOD / request.param, folder)
    return folder, (folder / PB).read_bytes()


@settings(max_examples=100)
@given(cut=st.floats(0, 1))
@example(cut=0.0)
def test_any_truncation_is_survived(victim: tuple[Path, bytes], cut: float) -> None:
    folder, data = victim
    (folder / PB).write_bytes(data[: int(len(data) * cut)])
    _survives(folder)


@settings(max_examples=150)
@given(place=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255))
def test_any_flipped_byte_is_survived(victim: tuple[Path, bytes], place: float, bits: int) -> None:
    folder, data = victim
    damaged = bytearray(data)
    damaged[int(len(data) * place)] ^= bits
    (folder / PB).write_bytes(damaged)
    _survives(folder)


@settings(max_examples=25)
@given(place=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255), cut=st.booleans())
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("module_one_signature", INDEX),
        ("module_one_signature", SHARD),
        ("module_one_signature", "fingerprint.pb"),
        ("keras2_functional", "keras_metadata.pb"),
        ("warmup", "assets.extra/tf_serving_warmup_requests"),
        ("module_pbtxt", TEXT),
        ("debug_info", "debug/saved_model_debug_info.pb"),
    ],
)
def test_any_damage_beside_the_graph_is_survived(
    name: str, file: str, place: float, bits: int, cut: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "beside" / name
    if not folder.exists():
        shutil.copytree(GOOD / name, folder)
    data = bytearray((GOOD / name / file).read_bytes())
    position = int(len(data) * place)
    if cut:
        del data[position:]
    else:
        data[position] ^= bits
    (folder / file).write_bytes(data)
    _survives(folder)


@settings(max_examples=60)
@given(data=st.binary(max_size=300), file=st.sampled_from([PB, TEXT, INDEX, "fingerprint.pb", "keras_metadata.pb"]))
def test_any_bytes_at_all_are_survived(data: bytes, file: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "noise"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(GOOD / "module_one_signature", folder)
    if file == TEXT:
        (folder / PB).unlink()
    (folder / file).write_bytes(data)
    _survives(folder)
