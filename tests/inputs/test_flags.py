"""What is written behind --inputs, --input-exprs and --input-examples, and how it is fitted to what is declared."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smanalyze.errors import UsageError
from smanalyze.inputs.called import Whole, as_declared, called_trial, fitted, whole_of
from smanalyze.inputs.expressions import Random
from smanalyze.inputs.flags import Given, from_examples, from_expressions, from_files, read_array, split_pairs
from smanalyze.inputs.given_json import Flat
from smanalyze.inputs.parts import ragged_parts, sparse_parts
from smanalyze.inputs.records import Slot

PAIRS = [
    ("x=1", [("x", "1")]),
    ("x=1;y=2", [("x", "1"), ("y", "2")]),
    ("x=1; y=2 ;", [("x", "1"), ("y", "2 ")]),
    (";;x=1", [("x", "1")]),
    ("x='a;b';y=2", [("x", "'a;b'"), ("y", "2")]),
    ('x="a;\'b";y=2', [("x", '"a;\'b"'), ("y", "2")]),
    (r"x='a\';b';y=2", [("x", r"'a\';b'"), ("y", "2")]),
    ("x=['a;', {'b;': (1, 2)}];y=2", [("x", "['a;', {'b;': (1, 2)}]"), ("y", "2")]),
    ("x=f(a=1);y=1==2", [("x", "f(a=1)"), ("y", "1==2")]),
    ("it's=a.npy;y=b.npy", [("it's", "a.npy"), ("y", "b.npy")]),
    ("x=a[.npy;y=b.npy", [("x", "a[.npy"), ("y", "b.npy")]),
    ("", []),
]


@pytest.mark.parametrize(("text", "pairs"), PAIRS, ids=[text for text, _ in PAIRS])
def test_pairs(text: str, pairs: list[tuple[str, str]]) -> None:
    assert list(split_pairs(text, "--inputs")) == pairs


@pytest.mark.parametrize("text", ["x", "x=", "=1", "x=1;y"])
def test_what_is_no_pair(text: str) -> None:
    with pytest.raises(UsageError, match="NAME=VALUE"):
        list(split_pairs(text, "--input-exprs"))


# Files --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one file of each kind, which is the current one."""
    np.save(tmp_path / "a.npy", np.arange(3, dtype=np.float32))
    np.savez(tmp_path / "one.npz", left=np.ones(2))
    np.savez(tmp_path / "two.npz", left=np.ones(2), right=np.zeros(2))
    np.save(tmp_path / "objects.npy", np.array([1, "a", None], object), allow_pickle=True)
    np.savez(tmp_path / "objects.npz", x=np.array([1, None], object))
    (tmp_path / "p.pkl").write_bytes(pickle.dumps({"x": 1}))
    (tmp_path / "text.npy").write_text("1 2 3")
    (tmp_path / "cut.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-5])
    for name, head in (("open", "{'shape': ("), ("keys", "{[]: 1}"), (
        "large", f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**30},)}}")):  # fmt: skip
        (tmp_path / f"{name}.npy").write_bytes(b"\x93NUMPY\1\0" + bytes([len(head), 0]) + head.encode())
    (tmp_path / "all.json").write_text('{"x": [[1.5]], "names": ["a"]}')
    np.save(tmp_path / "odd[x].npy", np.ones(1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_are_read(files: Path) -> None:
    found = from_files(["x=a.npy;y=one.npz", "z=two.npz[right]; w=odd[x].npy"], "serving_default")
    assert {name: one.value.tolist() for name, one in found.items()} == {
        "x": [0, 1, 2], "y": [1, 1], "z": [0, 0], "w": [1],
    }  # fmt: skip
    assert all(one.typed for one in found.values())


def test_a_whole_file(files: Path) -> None:
    assert {name: one.value for name, one in from_files(["all.json"], "k").items()} == {"x": [[1.5]], "names": ["a"]}
    assert sorted(from_files(["two.npz"], "k")) == ["left", "right"]
    np.savez("several.npz", **{"a/x": np.ones(1), "b/x": np.zeros(1)})
    assert from_files(["several.npz"], "b")["x"].value.tolist() == [0]
    assert list(from_files(["several.npz"], "b")) == ["x"]
    Path("several.json").write_text('{"signatures": {"a": {"x": 1}, "b": {"x": 2}}}')
    assert from_files(["several.json"], "b")["x"].value == 2
    with pytest.raises(UsageError, match="no values for 'c'"):
        from_files(["several.json"], "c")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("two.npz", "choose one as two.npz[NAME]: left, right"),
        ("two.npz[middle]", "no array 'middle', but left, right"),
        ("objects.npy", "pickle"),
        ("objects.npz", "is no array"),
        ("p.pkl", "pickle, which could run code"),
        ("text.npy", "no .npy or .npz file"),
        ("cut.npy", "no sound .npy file"),
        ("missing.npy", "No such file"),
        ("open.npy", "EOF in multi-line statement"),
        ("large.npy", "no sound .npy file"),
        ("keys.npy", "no sound .npy file: unhashable"),
    ],
)
def test_files_that_cannot_be_read(place: str, words: str, files: Path) -> None:
    with pytest.raises(UsageError) as caught:
        from_files([f"x={place}"], "k")
    assert words in str(caught.value)


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return (Path(tmp_path / "ran").touch, ())

    for name, write in (("a.pkl", lambda f: pickle.dump(Evil(), f)), ("a.npy", lambda f: np.save(f, [Evil()]))):
        with open(tmp_path / name, "wb") as file:
            write(file)
        with pytest.raises(UsageError, match="pickle"):
            read_array(str(tmp_path / name), None)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("text", ["missing.npz", "nothing", "x"])
def test_a_whole_file_that_is_not_there(text: str, files: Path) -> None:
    with pytest.raises(UsageError):
        from_files([text], "k")


# Expressions and examples -------------------------------------------------------------------------------------------


def test_expressions_share_one_generator() -> None:
    found = from_expressions(["x=np.random.rand(2);y=np.random.rand(2)"], Random(3))
    state = np.random.RandomState(3)
    assert found["x"].value.tolist() == state.rand(2).tolist()
    assert found["y"].value.tolist() == state.rand(2).tolist()


def test_an_error_names_the_input() -> None:
    with pytest.raises(UsageError, match=r"Input 'y': 'np\.nothing\(\)', column 1"):
        from_expressions(["x=1;y=np.nothing()"], Random(0))


def test_examples_are_encoded_as_their_proto_says() -> None:
    """Example{features{feature{key: "i" value{int64_list{value: 1 value: -1}}}}} and so on, byte by byte."""
    text = "e=[{'i': [1, 2], 'f': [0.5], 's': ['é'], 'b': [b'\\xff']}, {'i': 3, 't': True}]"
    first, second = from_examples([text], Random(0))["e"].value
    assert second == bytes.fromhex("0a18 0a0a 0a0169 1205 1a03 0a0103 0a0a 0a0174 1205 1a03 0a0101")
    assert b"\x12\x08\x12\x06\x0a\x04\x00\x00\x00\x3f" in first  # packed floats
    assert "é".encode() in first and b"\xff" in first


@pytest.mark.parametrize(
    "text", ["e=1", "e=[1]", "e=[{'a': [1, 'b']}]", "e=[{'a': [[1]]}]", "e=[{1: [1]}]", "e=[{'a': None}]",
             "e=[{'a': [2 ** 64]}]"]
)  # fmt: skip
def test_what_is_no_example(text: str) -> None:
    with pytest.raises(UsageError, match="Input 'e'"):
        from_examples([text], Random(0))


# Fitting to what is declared ------------------------------------------------------------------------------------------


FITS = [
    ([1, 2], False, "float32", [1.0, 2.0]),
    (1.1, False, "float32", np.float32(1.1).item()),
    ([1.0, 2.0], False, "int64", [1, 2]),
    (np.ones(2), False, "float32", [1.0, 1.0]),
    (np.arange(2), False, "uint8", [0, 1]),
    ([True, False], False, "bool", [True, False]),
    (["a", "é"], False, "string", [b"a", "é".encode()]),
    (b"a", False, "string", b"a"),
    (("a", ("b", "c"))[1], False, "string", [b"b", b"c"]),
    ((1, 2), False, "float32", [1.0, 2.0]),
    (np.array(["a", "b"]), True, "string", [b"a", b"b"]),
    (np.array([b"a"]), True, "string", [b"a"]),
    ([1, 2], False, "complex64", [1 + 0j, 2 + 0j]),
    ([], False, "int32", []),
    ([float("nan"), float("inf")], False, "float16", None),
    (np.float32([1]), True, "float32", [1.0]),
    ([1, 2], False, "bfloat16", None),
    (2**63, False, "uint64", 2**63),
    (-(2**63), False, "int64", -(2**63)),
    (Flat([1, 2], (1, 2)), False, "float32", [[1.0, 2.0]]),
    (Flat(b"\0\0\x80\x3f", (1,)), False, "float32", [1.0]),
    (Flat(["a"], (2,)), False, "string", [b"a", b"a"]),
    ([np.ones(2), [3, 4]], False, "float32", [[1, 1], [3, 4]]),
]


@pytest.mark.parametrize(("value", "typed", "dtype", "expected"), FITS)
def test_values_that_fit(value: Any, typed: bool, dtype: str, expected: Any) -> None:
    from smanalyze.model.dtypes import numpy_dtype

    found = as_declared(Given(value, typed, ""), dtype)
    assert found.dtype == (np.dtype(object) if dtype == "string" else numpy_dtype(dtype))
    if expected is not None:
        assert found.tolist() == expected


MISFITS = [
    ([1.5], False, "int32", "do not fit into int32"),
    ([300], False, "uint8", "do not fit into uint8"),
    ([-1], False, "uint64", "do not fit into uint64"),
    ([2**63], False, "int64", "do not fit into int64"),
    ([2**24 + 1], False, "float32", "do not fit into float32"),
    ([2**53 + 1], False, "float64", "do not fit into float64"),
    ([1e300], False, "float32", "do not fit into float32"),
    ([float("nan")], False, "int64", "do not fit into int64"),
    ([257], False, "bfloat16", "do not fit into bfloat16"),
    ([1 + 1j], False, "float64", "complex"),
    ([True], False, "float32", "truths where float32"),
    ([1], False, "bool", "where bool is declared"),
    (["a"], False, "float32", "strings where float32"),
    ([1], False, "string", "number where string"),
    ([[1], [1, 2]], False, "float32", "inhomogeneous"),
    (np.ones(2), True, "float32", "float64 where float32 is declared; convert it with .astype('float32')"),
    (np.int32(1), True, "int64", "int32 where int64"),
    ([np.float32(1)], True, "float64", "float32 where float64"),
    (None, False, "float32", "null where float32"),
    ({"a": 1}, False, "float32", "an object where float32"),
    ([1, 2**70], False, "float32", "an integer of more than 64 bits where float32"),
    (["a" * 3 * 10**7, *[1] * 2 * 10**6], False, "float32", "Unable to allocate"),
    ([1], False, "resource", "resource"),
    ((), False, "resource", "resource"),
    ((2, 3), False, "string", "number where string"),
]


@pytest.mark.parametrize(("value", "typed", "dtype", "words"), MISFITS)
def test_values_that_do_not_fit(value: Any, typed: bool, dtype: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        fitted(Given(value, typed, ""), dtype, None, "here")
    assert caught.value.message.startswith("here: ")
    assert words in caught.value.message


def slot(name: str, dtype: str = "float32", shape: Any = (None,), *, of: str = "", role: str = "") -> Slot:
    """A slot of that name."""
    return Slot(of or name, name, f"{name}:0", dtype, shape, role)


def test_a_call_says_what_is_missing_and_what_each_takes() -> None:
    slots = (slot("x", shape=(None, 2)), slot("n", "int32", ()))
    given = {"x": Given([[1, 2]], False, "")}
    with pytest.raises(UsageError) as caught:
        called_trial("k", slots, (), given, {})
    assert "no value for 'n'. It takes x: float32 [?, 2]; n: int32 []." in caught.value.message
    trial = called_trial("k", slots, (), given, {"n": np.array(3, np.int32)})
    assert [feed.array.tolist() for feed in trial.feeds] == [[[1, 2]], 3]
    with pytest.raises(UsageError, match="'z' is no input of it"):
        called_trial("k", slots, (), {"z": Given(1, False, "")}, {})
    with pytest.raises(UsageError, match=r"input 'x': the shape \[2\] does not fit \[\?, 2\]"):
        called_trial("k", slots, (), {"x": Given([1, 2], False, ""), "n": Given(1, False, "")}, {})


# Sparse and ragged ----------------------------------------------------------------------------------------------------


def test_a_sparse_tensor_is_taken_apart() -> None:
    dtypes = {"indices": "int64", "values": "float32", "dense_shape": "int64"}
    slots = tuple(slot(f"s_{role}", dtype, None, of="s", role=role) for role, dtype in dtypes.items())
    whole = whole_of("sparse", slots)
    assert whole.name == "s"
    value = {"indices": [[0, 1], [1, 0]], "values": [1, 2], "dense_shape": [2, 2]}
    trial = called_trial("k", slots, (whole,), {"s": Given(value, False, "")}, {})
    assert [feed.array.tolist() for feed in trial.feeds] == [[[0, 1], [1, 0]], [1.0, 2.0], [2, 2]]
    parts = {f"s_{name}": Given(part, False, "") for name, part in value.items()}
    assert [feed.array.tolist() for feed in called_trial("k", slots, (whole,), parts, {}).feeds] == [
        feed.array.tolist() for feed in trial.feeds
    ]
    with pytest.raises(UsageError, match="make one sparse tensor, which may be given as s="):
        called_trial("k", slots, (whole,), {}, {})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"indices": [[0, 1]]}, "[2, 2] is wanted"),
        ({"indices": [[0], [1]]}, "[2, 2] is wanted"),
        ({"indices": [[0, 1], [2, 0]]}, "outside of dense_shape"),
        ({"indices": [[1, 0], [0, 1]]}, "in order"),
        ({"dense_shape": 4}, "list of sizes"),
        ({"indices": [["a", "b"], ["c", "d"]]}, "are integers"),
        ({"dense_shape": [2.5, 2]}, "are integers"),
        ({"shape": [2, 2]}, "'shape' is no part"),
    ],
)
def test_sparse_parts_must_fit(change: dict[str, Any], words: str) -> None:
    value = {"indices": [[0, 1], [1, 0]], "values": [1, 2], "dense_shape": [2, 2], **change}
    with pytest.raises(ValueError) as caught:
        sparse_parts(value)
    assert words in str(caught.value)
    with pytest.raises(ValueError, match="'values' is missing"):
        sparse_parts({"indices": [], "dense_shape": [2]})


def test_an_empty_sparse_tensor() -> None:
    indices, *_ = sparse_parts({"indices": [], "values": [], "dense_shape": [2, 3]})
    assert indices[0].shape == (0, 2)


@pytest.mark.parametrize(
    ("value", "levels", "expected"),
    [
        ([[1, 2], [], [3]], 1, ([1, 2, 3], [0, 2, 2, 3])),
        ([], 1, ([], [0])),
        ([[[1], []], [], [[2, 3]]], 2, ([1, 2, 3], [0, 2, 2, 3], [0, 1, 1, 3])),
        (["ab"], 1, None),
        ([1, 2], 1, None),
        ([[1], 2], 1, None),
        (5, 1, None),
    ],
)
def test_a_ragged_tensor_is_taken_apart(value: Any, levels: int, expected: Any) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="lists of rows"):
            ragged_parts(value, levels)
        return
    assert tuple(list(part) for part, _ in ragged_parts(value, levels)) == expected


def test_a_ragged_input_by_its_parts_or_as_a_whole() -> None:
    slots = (slot("r", "int64"), slot("r_1", "int64"))
    whole = whole_of("ragged", slots)
    assert whole == Whole("r", "ragged", slots)
    rows = called_trial("k", slots, (whole,), {"r": Given([[1, 2], [3]], False, "")}, {})
    parts = {"r": Given([1, 2, 3], False, ""), "r_1": Given([0, 2, 3], False, "")}
    flat = called_trial("k", slots, (whole,), parts, {})
    assert [feed.array.tolist() for feed in rows.feeds] == [feed.array.tolist() for feed in flat.feeds]
