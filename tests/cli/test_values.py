"""``smanalyze values``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import smanalyze
from smanalyze.api.analyze import values
from tests.models import BROKEN, GOOD, digests

from .helpers import Command, sentences

DTYPES = GOOD / "dtypes_all"

PRINTED = [
    # model, name, remark, text
    (DTYPES, "float32", "variable float32/.ATTRIBUTES/VARIABLE_VALUE: float32 (3,)", "[-1.5   0.25  2.  ]\n"),
    (DTYPES, "bfloat16", "variable bfloat16/.ATTRIBUTES/VARIABLE_VALUE: bfloat16 (3,)", "[-1.5 0.25 2]\n"),
    (DTYPES, "scalar", "variable scalar/.ATTRIBUTES/VARIABLE_VALUE: int32 ()", "42\n"),
    (DTYPES, "bool", "variable bool/.ATTRIBUTES/VARIABLE_VALUE: bool (2,)", "[ True False]\n"),
    (DTYPES, "empty", "variable empty/.ATTRIBUTES/VARIABLE_VALUE: float32 (0, 3)", "[]\n"),
    (GOOD / "tables_and_assets", "vocab.txt", "asset vocab.txt: 15 bytes", "red\ngreen\nblue\n"),
    (GOOD / "tables_and_assets", "greeting.txt", "asset greeting.txt: 14 bytes", "Hello, 世界\n"),
    (GOOD / "sharded_slices", "scale", "variable scale/.ATTRIBUTES/VARIABLE_VALUE: float32 ()", "0.5\n"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "name", "remark", "text"), PRINTED, ids=[case[1] for case in PRINTED])
def test_printed(model: Path, name: str, remark: str, text: str, cli: Command) -> None:
    assert cli("values", model, name) == (0, text, f"smanalyze: {remark}\n")
    assert cli("values", "-q", model, name) == (0, text, "")


def test_strings_are_shown_as_bytes(cli: Command) -> None:
    out = cli("values", DTYPES, "string").out
    assert "b'text'" in out
    assert "\x00" not in out


def test_many_values_are_cut(cli: Command) -> None:
    model = smanalyze.load(GOOD / "big_constant")
    name = next(
        f"{function}/{node.name}"
        for function, body in model.meta_graphs[0].graph.functions.items()
        for node in body.nodes
        if node.op == "Const" and (node.attr_tensor("value") or (0, (), 0))[2] > 1000
    )
    said = cli("values", GOOD / "big_constant", name)
    assert said.code == 0
    assert "..." in said.out
    assert len(said.out) < 4000


@pytest.mark.parametrize(
    "name", ["float32", "float64", "int8", "uint64", "complex128", "bool", "special", "scalar", "empty"]
)
def test_what_is_saved_can_be_loaded(name: str, cli: Command, tmp_path: Path) -> None:
    target = tmp_path / "x.npy"
    said = cli("values", DTYPES, name, "-o", target)
    assert (said.code, said.out) == (0, "")
    assert "saved to" in said.err
    value = values(smanalyze.load(DTYPES), name).value
    loaded = np.load(target)
    assert loaded.dtype == value.dtype
    np.testing.assert_array_equal(loaded, value)


@pytest.mark.parametrize("name", ["bfloat16", "float8_e5m2", "float8_e4m3fn", "int4", "uint4"])
def test_types_that_numpy_cannot_load_are_saved_in_one_that_holds_all_their_values(
    name: str, cli: Command, tmp_path: Path
) -> None:
    assert cli("values", DTYPES, name, "-o", tmp_path / "x.npy").code == 0
    loaded = np.load(tmp_path / "x.npy", allow_pickle=False)
    value = values(smanalyze.load(DTYPES), name).value
    assert [float(number) for number in loaded] == [float(number) for number in value]
    assert loaded.dtype.name == {"int4": "int8", "uint4": "uint8"}.get(name, "float32")


def test_strings_are_saved_without_pickle(cli: Command, tmp_path: Path) -> None:
    assert cli("values", DTYPES, "string", "-o", tmp_path / "x.npy").code == 0
    loaded = np.load(tmp_path / "x.npy", allow_pickle=False)
    assert loaded.tolist() == [b"", b"text", "日本語".encode(), b"\x00\xff"]


def test_slices_are_saved_whole(cli: Command, tmp_path: Path) -> None:
    assert cli("values", GOOD / "sharded_slices", "kernel", "-o", tmp_path / "x.npy").code == 0
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), np.arange(24, dtype=np.float32).reshape(6, 4))


def test_an_asset_is_saved_as_it_is(cli: Command, tmp_path: Path) -> None:
    assert cli("values", GOOD / "tables_and_assets", "greeting.txt", "-o", tmp_path / "copy").code == 0
    assert (tmp_path / "copy").read_bytes() == (GOOD / "tables_and_assets" / "assets" / "greeting.txt").read_bytes()


REFUSED = [
    (DTYPES, "nothing", "Nothing is called 'nothing'"),
    (DTYPES, "float", "Near: bfloat16/.ATTRIBUTES/VARIABLE_VALUE"),
    (BROKEN / "missing_shard", "kernel", "variables/variables.data-00000-of-00001: The file cannot be read"),
    (BROKEN / "missing_index", "kernel", "no values for the variable 'kernel'"),
    (BROKEN / "asset_escapes", "../../etc/passwd", "Nothing is called"),
    (BROKEN / "empty_folder", "kernel", "Only hidden files"),
    (BROKEN / "index_hostile_sizes", "size_huge", "variables.data-00000-of-00001 at byte 0: size_huge: "),
    (BROKEN / "index_hostile_sizes", "proto_garbage", "Nothing is called 'proto_garbage'"),
    (BROKEN / "index_hostile_strings", "length_huge", "length_huge: "),
]


@pytest.mark.parametrize(("model", "name", "words"), REFUSED, ids=[f"{case[0].name}-{case[1]}" for case in REFUSED])
def test_refusals(model: Path, name: str, words: str, cli: Command, tmp_path: Path) -> None:
    said = cli("values", model, name, "-o", tmp_path / "x.npy")
    assert (said.code, said.out) == (2, "")
    (line,) = sentences(said.err)
    assert words in line
    assert not (tmp_path / "x.npy").exists()


def test_nothing_is_written_into_the_model(cli: Command) -> None:
    before = digests(DTYPES)
    said = cli("values", DTYPES, "scalar", "-o", DTYPES / "x.npy")
    assert said.code == 2
    assert "model's own folder" in said.err
    assert digests(DTYPES) == before


def test_a_file_that_cannot_be_written(cli: Command, tmp_path: Path) -> None:
    said = cli("values", DTYPES, "scalar", "-o", tmp_path / "no" / "x.npy")
    assert said.code == 2
    assert "cannot be written" in sentences(said.err)[0]


@pytest.mark.parametrize("flag", ["--tag-set", "--tag_set"])
def test_a_tag_set_chooses_where_constants_are_looked_for(flag: str, cli: Command) -> None:
    model = GOOD / "tf1_builder_multi_metagraph"
    assert cli("values", model, "kernel", flag, "serve").code == 0
    assert cli("values", model, "kernel", flag, "tpu").code == 2
