"""Attrs as bytes: equal where they mean the same, different where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from smanalyze.format.attr_keys import attr_key, tensor_key
from smanalyze.format.node_columns import read_columns
from tests.format.protos import proto

_NUMBERS = {
    "float32": (1, "float_val"), "float64": (2, "double_val"), "int32": (3, "int_val"), "uint8": (4, "int_val"),
    "int16": (5, "int_val"), "int8": (6, "int_val"), "int64": (9, "int64_val"), "bool": (10, "bool_val"),
    "uint16": (17, "int_val"), "float16": (19, "half_val"), "uint32": (22, "uint32_val"), "uint64": (23, "uint64_val"),
}  # fmt: skip


def tensor(values: Any, *, listed: int | None) -> Any:
    """A TensorProto of the array: its bytes, or (``listed``) so many elements of its list."""
    number, field = _NUMBERS[str(values.dtype)]
    message = proto("TensorProto", f"dtype: {_NAMES[number]}")
    message.tensor_shape.SetInParent()
    for size in values.shape:
        message.tensor_shape.dim.add(size=size)
    if listed is None:
        message.tensor_content = values.tobytes()
        return message
    flat = values.reshape(-1)[:listed]
    held = flat.view(np.uint16).tolist() if field == "half_val" else flat.tolist()
    getattr(message, field).extend(held)
    return message


_NAMES = {
    1: "DT_FLOAT", 2: "DT_DOUBLE", 3: "DT_INT32", 4: "DT_UINT8", 5: "DT_INT16", 6: "DT_INT8", 9: "DT_INT64",
    10: "DT_BOOL", 17: "DT_UINT16", 19: "DT_HALF", 22: "DT_UINT32", 23: "DT_UINT64",
}  # fmt: skip

ARRAYS = st.sampled_from(sorted(_NUMBERS)).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=2, max_side=4), fill=st.nothing())
)


@given(ARRAYS)
def test_bytes_and_lists_of_a_constant_are_the_same(values: Any) -> None:
    assert tensor_key(tensor(values, listed=None)) == tensor_key(tensor(values, listed=values.size))


@given(st.sampled_from(sorted(_NUMBERS)), st.integers(2, 20))
def test_a_list_that_repeats_its_last_element_is_the_whole(dtype: str, size: int) -> None:
    values = np.ones(size, dtype)
    assert tensor_key(tensor(values, listed=1)) == tensor_key(tensor(values, listed=None))
    zeros = np.zeros(size, dtype)
    assert tensor_key(tensor(zeros, listed=0)) == tensor_key(tensor(zeros, listed=None))


@given(ARRAYS, ARRAYS)
def test_other_constants_are_others(one: Any, other: Any) -> None:
    same = one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    assert (tensor_key(tensor(one, listed=None)) == tensor_key(tensor(other, listed=None))) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("i: 1", "i: 2"), ("i: 1", "f: 1"), ("b: true", "b: false"), ("type: DT_FLOAT", "type: DT_HALF"),
        ('s: "SAME"', 's: "VALID"'), ("shape { dim { size: 1 } }", "shape { dim { size: -1 } }"),
        ("list { i: 1 i: 2 }", "list { i: 2 i: 1 }"), ("list { i: 1 }", "i: 1"),
        ("shape { unknown_rank: true }", "shape { }"),
        ('func { name: "f" attr { key: "T" value { type: DT_FLOAT } } }',
         'func { name: "f" attr { key: "T" value { type: DT_HALF } } }'),
        ('list { func { name: "f" } }', 'list { func { name: "f" } func { name: "f" } }'),
        ('tensor { dtype: DT_STRING string_val: "a" }', 'tensor { dtype: DT_STRING string_val: "b" }'),
        ("tensor { dtype: DT_FLOAT tensor_shape { dim { size: 2 } } float_val: 1 }",
         "tensor { dtype: DT_FLOAT tensor_shape { dim { size: 2 } } float_val: 1 float_val: 2 }"),
    ],
)  # fmt: skip
def test_other_attrs_are_others(one: str, other: str) -> None:
    assert attr_key(proto("AttrValue", one)) != attr_key(proto("AttrValue", other))


def test_functions_are_known_by_what_they_do_not_by_their_names() -> None:
    one, other = (proto("AttrValue", f'func {{ name: "{name}" }}') for name in ("f_1", "f_2"))
    assert attr_key(one) == attr_key(other)


NODES = """
  node {{
    name: "{0}" op: "C" device: "{1}"
    attr {{ key: "T" value {{ type: {2} }} }} attr {{ key: "_class" value {{ i: {3} }} }}
  }}
"""


def keys(*nodes: str) -> list[bytes]:
    return read_columns(proto("GraphDef", "".join(nodes)).node, frozenset({"noise"})).attr_keys


def test_a_column_tells_devices_and_attrs_and_no_noise() -> None:
    same = keys(NODES.format("a", "", "DT_FLOAT", 1), NODES.format("b", "", "DT_FLOAT", 2))
    assert same[0] == same[1]
    other = keys(
        NODES.format("a", "", "DT_FLOAT", 1),
        NODES.format("b", "/gpu:0", "DT_FLOAT", 1),
        NODES.format("c", "", "DT_HALF", 1),
    )
    assert len(set(other)) == 3
    text = 'node {{ name: "a" op: "C" attr {{ key: "{0}" value {{ i: 7 }} }} }}'
    quiet, loud = keys(text.format("noise")), keys(text.format("loud"))
    assert quiet == [b""]
    assert loud != [b""]
