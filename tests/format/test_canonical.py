"""The canonical form: what C++ would write, whoever wrote the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format.canonical import canonical
from smanalyze.format.schema import message_class
from tests.format.fingerprint_models import shuffled, wire
from tests.models import GOOD, each_model

NODE = "tensorflow.NodeDef"
texts = st.text(max_size=6)


def node(*attrs: tuple[str, int]) -> bytes:
    made = wire("NodeDef", name="n")
    for key, number in attrs:
        made.attr.add(key=key).value.i = number
    return bytes(made.SerializeToString())


@pytest.mark.parametrize(
    ("given_keys", "expected"),
    [
        (["b", "a"], ["a", "b"]),
        (["Tidx", "T", ""], ["", "T", "Tidx"]),  # a prefix comes before what it begins
        (["\U0001f600", "\uffee", "z"], ["z", "\uffee", "\U0001f600"]),  # as UTF-8, which UTF-16 sorts otherwise
    ],
)
def test_keys_ascend(given_keys: list[str], expected: list[str]) -> None:
    message = canonical(node(*((key, 1) for key in given_keys)), NODE)
    assert [entry.key for entry in message.attr] == expected


def test_integer_keys_ascend() -> None:
    """upb sorts them downwards."""
    name = "tensorflow.FunctionDef"
    data = message_class(name)(resource_arg_unique_id={9: 1, 10: 2, 2: 0}).SerializeToString(deterministic=True)
    message = canonical(data, name)
    assert [(entry.key, entry.value) for entry in message.resource_arg_unique_id] == [(2, 0), (9, 1), (10, 2)]


def test_of_equal_keys_the_last_stays() -> None:
    assert canonical(node(("a", 1), ("b", 2), ("a", 3)), NODE) == canonical(node(("b", 2), ("a", 3)), NODE)


def test_key_and_value_are_always_written() -> None:
    left_out = wire("NodeDef")
    left_out.attr.add()
    assert canonical(left_out.SerializeToString(), NODE).SerializeToString() == b"\x2a\x04\x0a\x00\x12\x00"
    aliases = wire("MetaGraphDef.MetaInfoDef")
    aliases.function_aliases.add()
    written = canonical(aliases.SerializeToString(), "tensorflow.MetaGraphDef.MetaInfoDef").SerializeToString()
    assert written.endswith(b"\x04\x0a\x00\x12\x00")


def test_unknown_fields_stay_at_the_end_but_not_in_entries() -> None:
    extra = b"\xc2\x3e\x03abc"
    message = wire("NodeDef", name="n")
    entry = message.attr.add(key="a")
    entry.value.i = 5
    plain = message.SerializeToString()
    entry.MergeFromString(extra)
    assert canonical(extra + message.SerializeToString(), NODE).SerializeToString() == plain + extra


@pytest.mark.parametrize("field", [2, 5])
def test_keys_that_are_not_utf8(field: int) -> None:
    """GraphDebugInfo is of syntax 2: its keys may be any bytes, and ascend as such. Of an entry only these two stay."""

    def entries(*contents: bytes) -> bytes:
        return b"".join(bytes((field << 3 | 2, len(content))) + content for content in contents)

    value = b"\x12\0" if field == 2 else b"\x11" + bytes(8)
    data = entries(b"\x0a\1\xff\x1a\1x", b"\x0a\1z", b"\x0a\1\xfe", b"\x0a\1\xff" + value)
    expected = entries(*(b"\x0a\1" + key + value for key in (b"z", b"\xfe", b"\xff")))
    assert canonical(data, "tensorflow.GraphDebugInfo").SerializeToString() == expected


def test_damaged_bytes() -> None:
    with pytest.raises(FormatError):
        canonical(b"\xff\xff")


@each_model
def test_it_is_the_same_model_whatever_the_order(name: str) -> None:
    for file in (GOOD / name).rglob("saved_model.pb"):
        data = file.read_bytes()
        written = canonical(data).SerializeToString()
        assert canonical(written).SerializeToString() == written
        assert canonical(shuffled(data, 1)).SerializeToString() == written
        cls = message_class("tensorflow.SavedModel")
        assert cls.FromString(written) == cls.FromString(data)


@given(st.dictionaries(texts, st.integers(0, 9)), st.randoms(use_true_random=False))
def test_any_order_of_entries(attrs: dict[str, int], chance: object) -> None:
    listed = list(attrs.items())
    chance.shuffle(listed)  # type: ignore[attr-defined]
    written = canonical(node(*listed), NODE).SerializeToString()
    assert written == canonical(node(*attrs.items()), NODE).SerializeToString()
    assert [entry.key for entry in canonical(written, NODE).attr] == sorted(attrs)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    try:
        written = canonical(data).SerializeToString()
    except FormatError:
        return
    assert canonical(written).SerializeToString() == written
