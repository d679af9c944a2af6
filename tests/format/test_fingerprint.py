"""The five hashes: against what TensorFlow stored, what it computes, and laws."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smanalyze.format.fingerprint import number_of, recompute, strip_number
from smanalyze.format.schema import message_class
from smanalyze.format.small_files import parse_fingerprint
from smanalyze.model.fingerprints import HASH_NAMES, ComputedFingerprint
from tests.conftest import TESTDATA
from tests.format.fingerprint_models import (
    ask_tensorflow,
    edge_models,
    model,
    shuffled,
    with_attrs,
    with_call,
    with_constant,
    with_functions,
)  # fmt: skip
from tests.models import GOOD, corpus_models
from tests.oracle.helpers import has_tensorflow, model_directories, stored_answers

BASE = GOOD / "module_one_signature" / "saved_model.pb"
PLAIN = {name: folder for name, folder in model_directories().items() if (folder / "saved_model.pb").exists()}


def computed(folder: Path, producer: int | None = None) -> ComputedFingerprint:
    index = folder / "variables" / "variables.index"
    return recompute((folder / "saved_model.pb").read_bytes(), index.read_bytes() if index.exists() else None, producer)


def values(found: ComputedFingerprint) -> dict[str, int | None]:
    return {name: found.named(name)[0].value for name in HASH_NAMES}


def not_stored(folder: Path) -> dict[str, str]:
    """The hashes of a stored fingerprint that no algorithm of its producer gives."""
    stored = parse_fingerprint((folder / "fingerprint.pb").read_bytes(), file="fingerprint.pb")
    found = computed(folder, stored.producer)
    return {
        name: str([(answer.algorithm, answer.value, answer.reason) for answer in found.named(name)])
        for name in HASH_NAMES
        if all(answer.value != getattr(stored, name) for answer in found.named(name))
    }


@pytest.mark.parametrize("name", [name for name, folder in PLAIN.items() if (folder / "fingerprint.pb").exists()])
def test_equal_to_the_stored(name: str) -> None:
    assert not not_stored(PLAIN[name])


@pytest.mark.parametrize("name", PLAIN)
def test_equal_to_the_answers_of_tensorflow(name: str) -> None:
    """Also of models without a fingerprint."""
    answer = stored_answers(name)["fingerprint"]
    assert {field: str(value) for field, value in values(computed(PLAIN[name])).items()} == {
        field: answer[field] for field in HASH_NAMES
    }


def test_all_releases(corpus: Path) -> None:
    folders = sorted(file.parent for file in (corpus / "releases").rglob("fingerprint.pb"))
    assert len(folders) >= 20
    assert not {str(folder): faults for folder in folders if (faults := not_stored(folder))}


@pytest.mark.parametrize(
    ("release", "checksum", "signatures"),
    [
        ("2.11.1", "TF 2.11", "TF 2.11 to 2.13"),
        ("2.13.1", "TF 2.12 to 2.21", "TF 2.11 to 2.13"),
        ("2.14.1", "TF 2.12 to 2.21", "TF 2.14 to 2.21"),
        ("2.21.0", "TF 2.12 to 2.21", "TF 2.14 to 2.21"),
    ],
)
def test_the_release_says_which_algorithm_comes_first(
    corpus: Path, release: str, checksum: str, signatures: str
) -> None:
    folder = corpus / "releases" / release / "mod"
    producer = parse_fingerprint((folder / "fingerprint.pb").read_bytes(), file="").producer
    found = computed(folder, producer)
    assert found.named("saved_model_checksum")[0].algorithm == checksum
    assert found.named("signature_def_hash")[0].algorithm == signatures
    assert (len(found.named("signature_def_hash")) > 1) == (producer == 1)


def expected() -> dict[str, dict[str, Any]]:
    names = corpus_models()
    if not names:
        return {}
    listed = json.loads((Path(os.environ["SMANALYZE_CORPUS"]) / "expected.json").read_text(encoding="utf-8"))
    return {entry["name"]: entry["fingerprint"] for entry in listed if entry["fingerprint"]}


@pytest.mark.parametrize("name", expected())
def test_public_models(corpus: Path, name: str) -> None:
    """Equal to what TF 2.21 computes, and to what is stored, unless the producer's own algorithm says otherwise."""
    fingerprint = expected()[name]
    folder = corpus / "public" / name
    assert {field: str(value) for field, value in values(computed(folder)).items()} == fingerprint["recomputed"]
    differing = {field for field, same in fingerprint["match"].items() if not same}
    older = {"signature_def_hash"} if fingerprint["version"] == 1 else {"signature_def_hash", "saved_model_checksum"}
    modified = differing and not differing <= older
    assert bool(not_stored(folder)) == bool(modified)


# One rule at a time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "number", "stripped"),
    [
        ("__inference_f_12", 12, "__inference_f_"),
        ("f_007", 7, "f_00"),
        ("f_+5", 5, "f_+"),
        ("f_-3", -3, "f_"),
        ("f_ 8 ", 8, "f_ 8 "),
        ("12", 12, ""),
        ("f", None, "f"),
        ("f_", None, "f_"),
        ("f_1_a", None, "f_1_a"),
        ("f_٣", None, "f_٣"),
        ("f_1\0", None, "f_1\0"),
        ("f_9223372036854775807", (1 << 63) - 1, "f_"),
        ("f_9223372036854775808", None, "f_9223372036854775808"),
        ("f_" + "9" * 5000, None, "f_" + "9" * 5000),
        ("f_" + "0" * 5000, None, "f_" + "0" * 5000),
    ],
)
def test_numbers_of_functions(name: str, number: int | None, stripped: str) -> None:
    assert (number_of(name), strip_number(name)) == (number, stripped)


@pytest.mark.parametrize(
    ("made", "hash_name", "reason"),
    [
        (with_functions("f_1", "f"), "saved_object_graph_hash", "'f' has no number"),
        (with_functions("f_1", "g_1"), "saved_object_graph_hash", "'f_1' and 'g_1' have the same number"),
        (with_functions("f_01", "f_1"), "saved_object_graph_hash", "the same number"),
    ],
)
def test_what_tensorflow_leaves_undefined(made: Any, hash_name: Any, reason: str) -> None:
    (answer,) = recompute(made.SerializeToString(), None).named(hash_name)
    assert answer.value is None
    assert reason in answer.reason


@pytest.mark.parametrize(("op", "attr"), [("Const", "dtype"), ("PartitionedCall", "f")])
def test_attrs_that_tensorflow_reads_without_looking(op: str, attr: str) -> None:
    made = model()
    made.meta_graphs[0].graph_def.node.add(name="bad", op=op)
    (answer,) = recompute(made.SerializeToString(), None).named("graph_def_program_hash")
    assert answer.value is None
    assert f"{op} node 'bad' has no attr '{attr}'" in answer.reason


def test_no_meta_graph_and_no_index() -> None:
    found = recompute(b"\x08\x01", None)
    assert [answer.value is None for answer in found.hashes] == [False, True, True, True, False]
    assert found.named("checkpoint_hash")[0].value == 0


def test_a_file_that_does_not_parse() -> None:
    found = recompute(b"\xff\xff", b"index")
    assert [answer.value is None for answer in found.hashes] == [True] * 4 + [False]
    assert all(answer.reason for answer in found.hashes[:4])


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (with_call("f_1"), with_call("f_22"), True),
        (with_call("f_1"), with_call("g_1"), False),
        (with_call("f_1", config=b"x"), with_call("f_1", config=b"y"), True),
        (with_call("f_1", "XlaCall"), with_call("f_2", "XlaCall"), False),
        (with_constant(7, b"x"), with_constant(7, b"y"), True),
        (with_constant(1, b"x"), with_constant(1, b"y"), False),
        (with_attrs("a"), with_attrs("b"), False),
    ],
)
def test_what_the_program_hash_leaves_out(one: Any, other: Any, equal: bool) -> None:
    first, second = (values(recompute(made.SerializeToString(), None)) for made in (one, other))
    assert (first["graph_def_program_hash"] == second["graph_def_program_hash"]) is equal
    assert first["saved_model_checksum"] != second["saved_model_checksum"]


# Laws -----------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 1 << 30))
@settings(max_examples=25)
def test_the_order_of_map_entries_changes_nothing(seed: int) -> None:
    data = BASE.read_bytes()
    for producer in (0, 1, 4):
        assert recompute(shuffled(data, seed), b"", producer) == recompute(data, b"", producer)


@given(st.data())
@settings(max_examples=200)
def test_any_other_content_changes_the_checksum(draw: st.DataObject) -> None:
    """One byte flipped: other content, another checksum; the same content (true written as 3, say), the same one."""
    cls = message_class("tensorflow.SavedModel")
    data = bytearray(BASE.read_bytes())
    place = draw.draw(st.integers(0, len(data) - 1))
    data[place] ^= draw.draw(st.integers(1, 255))
    before, after = (recompute(d, None).named("saved_model_checksum")[0] for d in (BASE.read_bytes(), bytes(data)))
    if after.value is not None:
        same = cls.FromString(bytes(data)) == cls.FromString(BASE.read_bytes())
        assert (after.value == before.value) is same


@given(st.binary(max_size=300), st.sampled_from([None, 0, 1, 4, 77]))
def test_any_bytes(data: bytes, producer: int | None) -> None:
    found = recompute(data, data, producer)
    assert all((answer.value is None) == bool(answer.reason) for answer in found.hashes)


# TensorFlow itself ----------------------------------------------------------------------------------------------------


def corpus_directories() -> list[Path]:
    named = os.environ.get("SMANALYZE_CORPUS")
    return sorted(file.parent for file in Path(named).rglob("saved_model.pb")) if named else []


@pytest.mark.tensorflow
@pytest.mark.skipif(not has_tensorflow(), reason="TensorFlow is not installed: pip install smanalyze[verify]")
def test_equal_to_what_cpp_computes_now(tmp_path: Path) -> None:
    """On every model of testdata and of the corpus, the broken ones too, and on models made for one rule each."""
    for name, data in edge_models().items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").write_bytes(data)
    folders = [*tmp_path.iterdir(), *corpus_directories()]
    folders += [file.parent for file in TESTDATA.rglob("saved_model.pb")]
    unlike = {}
    for folder, answer in zip(folders, ask_tensorflow(folders), strict=True):
        found = values(computed(folder))
        if "fatal" in answer or "error" in answer:
            # TensorFlow gives up on the whole model, where we leave out what cannot be computed.
            if None not in found.values():
                unlike[str(folder)] = (found, answer)
        elif found != answer:
            unlike[str(folder)] = (found, answer)
    assert not unlike
