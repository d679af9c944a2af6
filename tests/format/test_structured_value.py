"""StructuredValue trees: one line for each kind that TensorFlow writes."""

from __future__ import annotations

import pytest

from smanalyze.facts.spec_text import spec_text
from smanalyze.format.structured_value import parse_structure
from smanalyze.model.tensors import Structure

from .protos import proto

SPEC = 'tensor_spec_value { name: "x" shape { dim { size: -1 } dim { size: 3 } } dtype: DT_FLOAT }'
TENSOR = Structure("tensor", None, "x", "float32", (None, 3))
PRINTED = "TensorSpec(shape=(None, 3), dtype=tf.float32, name='x')"

CASES = [
    ("none_value {}", Structure("none"), "None"),
    ("bool_value: true", Structure("bool", value=True), "True"),
    ("int64_value: -5", Structure("int", value=-5), "-5"),
    ("float64_value: 0.5", Structure("float", value=0.5), "0.5"),
    ('string_value: "a\\"b"', Structure("str", value='a"b'), "'a\"b'"),
    ("tensor_dtype_value: DT_HALF", Structure("dtype", dtype="float16"), "tf.float16"),
    ("tensor_shape_value { dim { size: 2 } }", Structure("shape", shape=(2,)), "TensorShape([2])"),
    ("tensor_shape_value { unknown_rank: true }", Structure("shape", shape=None), "TensorShape(None)"),
    (SPEC, TENSOR, PRINTED),
    (
        "tensor_spec_value { shape { unknown_rank: true } dtype: DT_STRING }",
        Structure("tensor", None, "", "string", None),
        "TensorSpec(shape=<unknown>, dtype=tf.string, name=None)",
    ),
    ("list_value { values { none_value {} } }", Structure("list", items=(Structure("none"),)), "[None]"),
    ("tuple_value { values { int64_value: 1 } }", Structure("tuple", items=(Structure("int", value=1),)), "(1,)"),
    ("tuple_value {}", Structure("tuple"), "()"),
    (
        'dict_value { fields { key: "b" value { int64_value: 2 } } fields { key: "a" value { int64_value: 1 } } }',
        Structure("dict", items=(Structure("int", "a", value=1), Structure("int", "b", value=2))),
        "{'a': 1, 'b': 2}",
    ),
    (
        'named_tuple_value { name: "Point" values { key: "y" value { int64_value: 2 } } '
        'values { key: "x" value { int64_value: 1 } } }',
        Structure("named_tuple", None, "Point", items=(Structure("int", "y", value=2), Structure("int", "x", value=1))),
        "Point(y=2, x=1)",
    ),
    ("", Structure("unknown"), "<unknown>"),
]


@pytest.mark.parametrize(("text", "expected", "printed"), CASES)
def test_table(text: str, expected: Structure, printed: str) -> None:
    parsed = parse_structure(proto("StructuredValue", text))
    assert parsed == expected
    assert spec_text(parsed) == printed


@pytest.mark.parametrize(
    ("number", "own_name", "name"),
    [
        (1, "", "SparseTensorSpec"),
        (3, "", "RaggedTensorSpec"),
        (10, "", "RowPartitionSpec"),
        (12, "my.package.module.MaskSpec", "MaskSpec"),
        (3, "RaggedTensorSpec", "RaggedTensorSpec"),
        (99, "", "TypeSpec class 99"),
    ],
)
def test_type_specs_have_the_name_of_their_class(number: int, own_name: str, name: str) -> None:
    message = proto("StructuredValue", "type_spec_value { type_state { tuple_value { values { int64_value: 1 } } } }")
    message.type_spec_value.type_spec_class = number
    message.type_spec_value.type_spec_class_name = own_name
    parsed = parse_structure(message)
    assert (parsed.name, parsed.value, parsed.items) == (name, number, (Structure("int", value=1),))


def test_bounds_are_told() -> None:
    parsed = parse_structure(
        proto(
            "StructuredValue",
            'bounded_tensor_spec_value { name: "t" shape {} dtype: DT_INT32 '
            "minimum { dtype: DT_INT32 tensor_shape {} int_val: 0 } "
            "maximum { dtype: DT_INT32 tensor_shape {} int_val: 9 } }",
        )
    )
    assert parsed.value == "minimum=0, maximum=9"
    assert spec_text(parsed).startswith("BoundedTensorSpec(")
