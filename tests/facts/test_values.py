"""One variable, constant or asset by its name."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from smanalyze.errors import FormatError, UsageError
from smanalyze.facts.values import find_values
from tests.models import each_model, model_of

NAMES = [
    # model, name, kind, key it has
    ("module_one_signature", "kernel", "variable", "kernel/.ATTRIBUTES/VARIABLE_VALUE"),
    ("module_one_signature", "kernel/.ATTRIBUTES/VARIABLE_VALUE", "variable", "kernel/.ATTRIBUTES/VARIABLE_VALUE"),
    ("keras2_functional", "hidden/kernel", "variable", "layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE"),
    ("module_no_signature", "scale.factor", "variable", "scale/factor/.ATTRIBUTES/VARIABLE_VALUE"),
    ("tf1_partitioned_variables", "part/embedding", "variable", "part/embedding"),
    ("names_japanese", "weight", "variable", "重み/.ATTRIBUTES/VARIABLE_VALUE"),
    ("tables_and_assets", "vocab.txt", "asset", "vocab.txt"),
    ("tables_and_assets", "assets/vocab.txt", "asset", "assets/vocab.txt"),
    ("undeclared_asset", "stray.txt", "asset", "stray.txt"),
    # stored twice, with the same bytes: one answer
    ("keras3_export", "conv/bias", "variable", "variables/1/.ATTRIBUTES/VARIABLE_VALUE"),
]


@pytest.mark.parametrize(("model", "name", "kind", "key"), NAMES)
def test_names(model: str, name: str, kind: str, key: str) -> None:
    found = find_values(model_of(model), name)
    assert (found.kind, found.name) == (kind, key) or (model == "keras3_export" and found.kind == kind)


def test_values_of_every_kind() -> None:
    model = model_of("dtypes_all")
    for dtype in ("float16", "float32", "float64", "bfloat16", "float8_e5m2", "float8_e4m3fn"):
        value = find_values(model, dtype).value
        assert value.dtype.name == dtype
        assert [float(x) for x in value] == [-1.5, 0.25, 2.0]
    for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        value = find_values(model, dtype).value
        assert value.tolist() == [np.iinfo(dtype).min, 1, np.iinfo(dtype).max]
    assert [int(x) for x in find_values(model, "int4").value] == [-8, 1, 7]
    assert [int(x) for x in find_values(model, "uint4").value] == [0, 1, 15]
    assert find_values(model, "complex64").value.tolist() == [1 + 2j, -3j]
    assert find_values(model, "bool").value.tolist() == [True, False]
    assert find_values(model, "string").value.tolist() == [b"", b"text", "日本語".encode(), b"\x00\xff"]
    special = find_values(model, "special").value.tolist()
    assert math.isnan(special[0])
    assert special[1:3] == [math.inf, -math.inf]
    assert math.copysign(1, special[3]) == -1
    assert find_values(model, "scalar").value.shape == ()
    assert find_values(model, "empty").value.shape == (0, 3)
    assert find_values(model, "rank_five").value.shape == (1, 2, 1, 2, 1)


@pytest.mark.parametrize("name", ["sharded_checkpoint", "sharded_slices"])
def test_slices_are_put_together(name: str) -> None:
    model = model_of(name)
    assert np.array_equal(find_values(model, "kernel").value, np.arange(24.0).reshape(6, 4))
    assert np.array_equal(find_values(model, "table").value, np.arange(16).reshape(4, 4))
    assert find_values(model, "scale").value == 0.5


def test_constants_of_the_main_graph_and_of_functions() -> None:
    model = model_of("big_constant")
    (graph,) = model.meta_graphs
    names = [
        (f"{function}/{node.name}", node.attr_tensor("value"))
        for function, body in graph.graph.functions.items()
        for node in body.nodes
        if node.op == "Const"
    ]
    names += [(node.name, node.attr_tensor("value")) for node in graph.graph.nodes if node.op == "Const"]
    assert names
    for name, tensor in names:
        found = find_values(model, name)
        assert tensor is not None
        assert (found.kind, found.value.shape) == ("constant", tensor.shape)
    assert max(find_values(model, name).value.size for name, _ in names) >= 12_000


REFUSED = [
    # model, name, error, words
    ("module_one_signature", "nothing_like_it", UsageError, "Nothing is called 'nothing_like_it'. `smanalyze report"),
    ("module_one_signature", "KERN", UsageError, "Near: kernel/.ATTRIBUTES/VARIABLE_VALUE"),
    ("missing_index", "kernel", UsageError, "no values for the variable 'kernel'"),
    ("checkpoint_other_model", "kernel", UsageError, "no values for the variable 'kernel'"),
    ("missing_shard", "kernel", FormatError, "cannot be read"),
    ("truncated_shard", "kernel", FormatError, "10 bytes"),
    ("const_wrong_size", "liar", UsageError, "Nothing is called"),
    ("asset_escapes", "../../etc/passwd", UsageError, "Nothing is called"),
    ("asset_escapes", "/etc/passwd", UsageError, "Nothing is called"),
    ("module_one_signature", "../saved_model.pb", UsageError, "Nothing is called"),
    ("module_one_signature", "", UsageError, "Nothing is called ''"),
]


@pytest.mark.parametrize(("model", "name", "error", "words"), REFUSED)
def test_what_cannot_be_given(model: str, name: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error) as caught:
        find_values(model_of(model), name)
    assert words in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_a_name_that_means_several_things_is_refused() -> None:
    """Two metrics are called `total`; stored with the same bytes they are one answer, else the keys are named."""
    model = model_of("keras2_functional")
    assert find_values(model, "total").value.shape == ()
    changed = tuple(
        replace(entry, crc32c=1) if entry.key.startswith("keras_api/metrics/1/total") else entry
        for entry in model.checkpoint.entries
    )
    with pytest.raises(
        UsageError, match="2 variables are called 'total'; give one of their checkpoint keys: keras_api"
    ):
        find_values(replace(model, checkpoint=replace(model.checkpoint, entries=changed)), "total")


def test_constants_that_lie_about_their_size_allocate_nothing() -> None:
    model = model_of("const_wrong_size")
    (graph,) = model.meta_graphs
    refused = 0
    for node in graph.graph.nodes:
        if node.op == "Const":
            try:
                assert find_values(model, node.name).value.nbytes < 1 << 20
            except FormatError:
                refused += 1
    assert refused == 2


@each_model
def test_every_checkpoint_key_has_a_value(name: str) -> None:
    model = model_of(name)
    for entry in model.checkpoint.entries:
        found = find_values(model, entry.key)
        assert found.value.shape == entry.shape
