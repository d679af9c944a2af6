"""saved_model.pb: what of a SavedModel message becomes what of the model."""

from __future__ import annotations

import pytest

from smanalyze.format.saved_model import MAX_META_GRAPHS, is_graph_def, parse_saved_model
from smanalyze.model.saved_model import MetaGraph
from smanalyze.model.tensors import Component, TensorInfo

from .protos import proto


def parsed(text: str) -> MetaGraph:
    """The one MetaGraph of that text."""
    message = proto("SavedModel", f"saved_model_schema_version: 1 meta_graphs {{ {text} }}")
    result = parse_saved_model(message.SerializeToString())
    assert (result.schema_version, result.losses) == (1, ())
    (meta_graph,) = result.meta_graphs
    return meta_graph


def test_an_empty_message_has_no_meta_graph() -> None:
    assert parse_saved_model(b"\x08\x01").meta_graphs == ()


def test_meta_graphs_without_end() -> None:
    """Each is two bytes here, and would take a thousand in memory."""
    result = parse_saved_model(b"\x12\0" * (MAX_META_GRAPHS + 5))
    assert len(result.meta_graphs) == MAX_META_GRAPHS
    (loss,) = result.losses
    assert loss.text() == "SavedModel.meta_graphs has 1005 elements, of which 1000 are read."
    assert parse_saved_model(b"\x12\0" * MAX_META_GRAPHS).losses == ()


def test_who_wrote_it() -> None:
    graph = parsed(
        'meta_info_def { meta_graph_version: "v" tags: "serve" tags: "gpu" tags: "serve" tensorflow_version: "1.15.0" '
        'tensorflow_git_version: "g" stripped_default_attrs: true '
        'function_aliases { key: "f_2" value: "alias" } function_aliases { key: "f_1" value: "alias" } }'
    )
    assert graph.tags == ("serve", "gpu"), "each tag once, in file order"
    assert (graph.tensorflow_version, graph.tensorflow_git_version) == ("1.15.0", "g")
    assert graph.meta_graph_version == "v"
    assert graph.stripped_default_attrs
    assert graph.function_aliases == (("f_1", "alias"), ("f_2", "alias"))


def test_signatures_and_their_tensors_are_sorted_by_key() -> None:
    info = "{ name: 't:0' dtype: DT_FLOAT tensor_shape {} }"
    graph = parsed(
        f'signature_def {{ key: "b" value {{ inputs {{ key: "y" value {info} }} '
        f'inputs {{ key: "x" value {info} }} }} }}'
        'signature_def { key: "a" value { method_name: "m" } }'
    )
    assert [signature.key for signature in graph.signatures] == ["a", "b"]
    assert [info.name for info in graph.signatures[1].inputs] == ["x", "y"]
    assert graph.signatures[0].method_name == "m"


TENSORS = [
    (
        'name: "x:0" dtype: DT_FLOAT tensor_shape { dim { size: -1 } dim { size: 3 } }',
        TensorInfo("k", "float32", 1, (None, 3), "x:0"),
    ),
    ('name: "x:0" dtype: DT_STRING tensor_shape {}', TensorInfo("k", "string", 7, (), "x:0")),
    (
        'name: "x:0" dtype: DT_INT32_REF tensor_shape { unknown_rank: true }',
        TensorInfo("k", "int32_ref", 103, None, "x:0"),
    ),
    ('name: "NoOp"', TensorInfo("k", "invalid", 0, (), "NoOp")),
    (
        'coo_sparse { values_tensor_name: "v:0" indices_tensor_name: "i:0" dense_shape_tensor_name: "s:0" } '
        "dtype: DT_INT64 tensor_shape { dim { size: -1 } dim { size: 9 } }",
        TensorInfo(
            "k", "int64", 9, (None, 9), "", "sparse",
            (
                Component("indices", "i:0", "int64", (None, 2)),
                Component("values", "v:0", "int64", (None,)),
                Component("dense_shape", "s:0", "int64", (2,)),
            ),
        ),
    ),
    (
        'coo_sparse { values_tensor_name: "v:0" } dtype: DT_INT64 tensor_shape { unknown_rank: true }',
        TensorInfo(
            "k", "int64", 9, None, "", "sparse",
            (
                Component("indices", "", "int64", (None, None)),
                Component("values", "v:0", "int64", (None,)),
                Component("dense_shape", "", "int64", (None,)),
            ),
        ),
    ),
    (
        'composite_tensor { type_spec { type_spec_class: RAGGED_TENSOR_SPEC } components { name: "f:0" '
        'dtype: DT_FLOAT tensor_shape { dim { size: -1 } } } components { name: "r:0" dtype: DT_INT64 '
        "tensor_shape { dim { size: -1 } } } } dtype: DT_FLOAT tensor_shape { unknown_rank: true }",
        TensorInfo(
            "k", "float32", 1, None, "", "ragged",
            (Component("0", "f:0", "float32", (None,)), Component("1", "r:0", "int64", (None,))),
            "RaggedTensorSpec",
        ),
    ),
    (
        'composite_tensor { type_spec { type_spec_class: EXTENSION_TYPE_SPEC type_spec_class_name: "acme.MaskSpec" } }',
        TensorInfo("k", "invalid", 0, (), "", "composite", (), "MaskSpec"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TENSORS)
def test_tensor_info(text: str, expected: TensorInfo) -> None:
    graph = parsed(f'signature_def {{ key: "s" value {{ inputs {{ key: "k" value {{ {text} }} }} }} }}')
    assert graph.signatures[0].inputs == (expected,)


def test_a_default_belongs_to_its_input() -> None:
    graph = parsed(
        'signature_def { key: "s" value { inputs { key: "a" value {} } inputs { key: "b" value {} } '
        'defaults { key: "b" value { dtype: DT_INT32 tensor_shape {} int_val: 4 } } '
        'defaults { key: "nobody" value { dtype: DT_INT32 } } } }'
    )
    assert [info.default for info in graph.signatures[0].inputs] == [None, "4"]


NOOP = "value { outputs { key: 'x' value { name: '%s' } } }"
OPS = [
    # text, init op, train op, keys of signatures left
    (f"signature_def {{ key: '__saved_model_init_op' {NOOP % 'init'} }}", "init", None, []),
    (f"signature_def {{ key: '__saved_model_train_op' {NOOP % 'train'} }}", None, "train", []),
    ("collection_def { key: 'saved_model_main_op' value { node_list { value: 'main' } } }", "main", None, []),
    ("collection_def { key: 'legacy_init_op' value { node_list { value: 'old' } } }", "old", None, []),
    ("collection_def { key: 'saved_model_train_op' value { node_list { value: 't' } } }", None, "t", []),
    (
        "collection_def { key: 'legacy_init_op' value { node_list { value: 'old' } } }"
        "collection_def { key: 'saved_model_main_op' value { node_list { value: 'main' } } }",
        "main", None, [],
    ),
    (
        f"signature_def {{ key: '__saved_model_init_op' {NOOP % 'init'} }}"
        "collection_def { key: 'saved_model_main_op' value { node_list { value: 'main' } } }",
        "init", None, [],
    ),
    ("collection_def { key: 'legacy_init_op' value { node_list {} } }", None, None, []),
    (f"signature_def {{ key: 'init_op' {NOOP % 'x'} }}", None, None, ["init_op"]),
    ("signature_def { key: '__saved_model_init_op' value {} }", None, None, []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "init", "train", "keys"), OPS)
def test_init_and_train_ops_are_no_signatures(text: str, init: str | None, train: str | None, keys: list[str]) -> None:
    graph = parsed(text)
    assert (graph.init_op, graph.train_op) == (init, train)
    assert [signature.key for signature in graph.signatures] == keys


def test_an_asset_in_both_places_is_one() -> None:
    asset = proto("AssetFileDef", 'tensor_info { name: "p:0" } filename: "vocab.txt"')
    other = proto("AssetFileDef", 'tensor_info { name: "q:0" } filename: "other.txt"')
    message = proto("SavedModel", "meta_graphs {}")
    graph = message.meta_graphs[0]
    graph.asset_file_def.append(asset)
    values = graph.collection_def["saved_model_assets"].any_list.value
    for packed in (asset, other):
        values.add(type_url="type.googleapis.com/tensorflow.AssetFileDef", value=packed.SerializeToString())
    values.add(type_url="x", value=b"\xff")
    (found,) = parse_saved_model(message.SerializeToString()).meta_graphs
    assert [(a.filename, a.tensor_name, a.declared_in) for a in found.assets] == [
        ("vocab.txt", "p:0", "asset_file_def"),
        ("other.txt", "q:0", "saved_model_assets"),
    ]


def test_variable_defs_of_all_collections_once() -> None:
    message = proto("SavedModel", "meta_graphs {}")
    collections = message.meta_graphs[0].collection_def
    w = proto("VariableDef", 'variable_name: "w:0" initializer_name: "w/Assign" is_resource: true')
    step = proto("VariableDef", 'variable_name: "step:0"')
    collections["variables"].bytes_list.value.extend([w.SerializeToString(), step.SerializeToString(), b"\xff"])
    collections["trainable_variables"].bytes_list.value.append(w.SerializeToString())
    collections["losses"].bytes_list.value.append(step.SerializeToString())
    (graph,) = parse_saved_model(message.SerializeToString()).meta_graphs
    found = {variable.variable_name: variable for variable in graph.variable_defs}
    assert sorted(found) == ["step:0", "w:0"]
    assert found["w:0"].collections == ("trainable_variables", "variables")
    # The field itself is newer than the collection: TF 1.13 and older do not write it.
    assert found["w:0"].trainable
    assert not found["step:0"].trainable
    assert found["w:0"].is_resource


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        ("node_list { value: 'a' value: 'b' }", "node_list", ("a", "b")),
        ("int64_list { value: 7 }", "int64_list", ("7",)),
        ("float_list { value: 0.5 }", "float_list", ("0.5",)),
        (r"bytes_list { value: '\377a' }", "bytes_list", (r"\xffa",)),
        ("any_list { value { type_url: 'type.googleapis.com/acme.T' } }", "any_list", ("acme.T",)),
        ("", "empty", ()),
    ],
)
def test_collections(text: str, kind: str, values: tuple[str, ...]) -> None:
    (collection,) = parsed(f"collection_def {{ key: 'c' value {{ {text} }} }}").collections
    assert (collection.name, collection.kind, collection.values) == ("c", kind, values)


def test_objects_are_absent_or_there() -> None:
    assert parsed("").objects is None, "TF1"
    objects = parsed("object_graph_def {}").objects
    assert objects is not None
    assert objects.nodes == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("node { name: 'a' op: 'NoOp' }", True), ("", False), ("node { name: 'a' }", False), ("library {}", False)],
)
def test_a_graph_def_is_known(text: str, expected: bool) -> None:
    assert is_graph_def(proto("GraphDef", text).SerializeToString()) == expected


def test_a_saved_model_is_no_graph_def() -> None:
    assert not is_graph_def(proto("SavedModel", "saved_model_schema_version: 1 meta_graphs {}").SerializeToString())
    assert not is_graph_def(b"\xff\xff")
