"""The object graph of a SavedModel."""

from __future__ import annotations

import pytest

from smanalyze.format.object_graph import parse_function_spec, parse_object_graph
from smanalyze.model.objects import ObjectFunction, ObjectVariable, SavedObject

from .protos import proto

OBJECTS = [
    ("", SavedObject(0, "unknown")),
    (
        'user_object { identifier: "_tf_keras_model" metadata: "{}" } children { node_id: 7 local_name: "b" } '
        'children { node_id: 3 local_name: "a" } registered_name: "Acme>Layer"',
        SavedObject(0, "user_object", (("b", 7), ("a", 3)), "_tf_keras_model", "{}", "Acme>Layer"),
    ),
    ("asset { asset_file_def_index: 2 }", SavedObject(0, "asset", asset_index=2)),
    ('constant { operation: "Const_1" }', SavedObject(0, "constant", constant="Const_1")),
    ('resource { device: "/cpu:0" }', SavedObject(0, "resource", device="/cpu:0")),
    (
        'captured_tensor { name: "t:0" concrete_function: "f" }',
        SavedObject(0, "captured_tensor", constant="t:0", captured_function="f"),
    ),
    (
        'variable { name: "w" dtype: DT_FLOAT shape { dim { size: 2 } } trainable: true synchronization: '
        "VARIABLE_SYNCHRONIZATION_ON_READ aggregation: VARIABLE_AGGREGATION_MEAN device: '/gpu:0' "
        "experimental_distributed_variable_components { name: 'w/replica_1' device: '/gpu:1' } }",
        SavedObject(
            0, "variable",
            variable=ObjectVariable(
                "w", "float32", (2,), True, "/gpu:0", "on_read", "mean", (("w/replica_1", "/gpu:1"),)
            ),
        ),
    ),
    (
        'function { concrete_functions: "b" concrete_functions: "a" }',
        SavedObject(0, "function", function=ObjectFunction(("b", "a"), None)),
    ),
    (
        'bare_concrete_function { concrete_function_name: "f" argument_keywords: "x" allowed_positional_arguments: 1 }',
        SavedObject(0, "bare_concrete_function", function=ObjectFunction(("f",), None, ("x",), 1)),
    ),
    ("bare_concrete_function {}", SavedObject(0, "bare_concrete_function", function=ObjectFunction((), None))),
    (
        "user_object {} slot_variables { original_variable_node_id: 1 slot_name: 'm' slot_variable_node_id: 2 } "
        "saveable_objects { key: 'z' value { save_function: 4 restore_function: 3 } } "
        "saveable_objects { key: 'table' value { save_function: 3 } } dependencies { local_name: 'd' node_id: 5 }",
        SavedObject(
            0, "user_object", slot_variables=((1, "m", 2),), saveables=("table", "z"), saving_functions=(0, 3, 4),
            dependencies=(("d", 5),),
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), OBJECTS)
def test_kinds_of_objects(text: str, expected: SavedObject) -> None:
    assert parse_object_graph(proto("SavedObjectGraph", f"nodes {{ {text} }}")).nodes == (expected,)


def test_ids_are_places_and_concrete_functions_are_sorted() -> None:
    graph = parse_object_graph(
        proto(
            "SavedObjectGraph",
            "nodes {} nodes {} concrete_functions { key: 'b' value { bound_inputs: 5 bound_inputs: -1 } } "
            "concrete_functions { key: 'a' value {} }",
        )
    )
    assert [node.id for node in graph.nodes] == [0, 1]
    assert [(function.name, function.bound_inputs) for function in graph.concrete_functions] == [
        ("a", ()), ("b", (5, -1)),
    ]  # fmt: skip


def _argspec(args: list[str], **fields: str) -> str:
    listed = " ".join(f'values {{ string_value: "{arg}" }}' for arg in args)
    pairs = {"args": f"list_value {{ {listed} }}", "varargs": "none_value {}", "varkw": "none_value {}", **fields}
    values = " ".join(f'values {{ key: "{key}" value {{ {text} }} }}' for key, text in pairs.items())
    return f'fullargspec {{ named_tuple_value {{ name: "FullArgSpec" {values} }} }}'


def test_a_function_spec() -> None:
    text = _argspec(
        ["self", "x", "training"],
        defaults="tuple_value { values { bool_value: false } }",
        varargs='string_value: "rest"',
        varkw='string_value: "named"',
        kwonlyargs='list_value { values { string_value: "bias" } }',
        kwonlydefaults='dict_value { fields { key: "bias" value { float64_value: 0 } } }',
    )
    spec = parse_function_spec(proto("FunctionSpec", f"{text} is_method: true jit_compile: ON"))
    assert spec.arg_names == ("x", "training")
    assert [value.value for value in spec.defaults] == [False]
    assert (spec.varargs, spec.varkw, spec.kwonly) == ("rest", "named", ("bias",))
    assert [(value.key, value.value) for value in spec.kwonly_defaults] == [("bias", 0.0)]
    assert (spec.jit_compile, spec.input_signature) == ("on", None)


@pytest.mark.parametrize(
    ("names", "is_method", "left"),
    [
        (["self", "x"], True, ("x",)),
        (["me", "x"], True, ("x",)),
        (["self", "x"], False, ("x",)),
        (["x", "self"], False, ("x", "self")),
        (["x"], False, ("x",)),
        ([], True, ()),
    ],
)
def test_a_method_is_called_without_its_self(names: list[str], is_method: bool, left: tuple[str, ...]) -> None:
    """As tensorflow/python/saved_model/function_deserialization.py makes non-methods of methods."""
    text = _argspec(names) + f" is_method: {str(is_method).lower()}"
    assert parse_function_spec(proto("FunctionSpec", text)).arg_names == left


@pytest.mark.parametrize(
    ("text", "given"),
    [("input_signature { none_value {} }", False), ("", False), ("input_signature { tuple_value {} }", True)],
)
def test_an_input_signature_of_none_is_none(text: str, given: bool) -> None:
    spec = parse_function_spec(proto("FunctionSpec", _argspec(["x"]) + text))
    assert (spec.input_signature is not None) == given


def test_an_empty_spec() -> None:
    spec = parse_function_spec(proto("FunctionSpec"))
    assert (spec.arg_names, spec.defaults, spec.varargs, spec.kwonly) == ((), (), None, ())
