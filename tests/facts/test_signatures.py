"""Signatures in a report."""

from __future__ import annotations

import pytest

from tests.models import each_model, model_of, report_of, signature_of


@each_model
def test_tensors_are_those_of_the_file(name: str) -> None:
    for ours, theirs in zip(report_of(name).meta_graphs, model_of(name).meta_graphs, strict=True):
        assert [signature.key for signature in ours.signatures] == [signature.key for signature in theirs.signatures]
        for found, stored in zip(ours.signatures, theirs.signatures, strict=True):
            assert found.method_name == stored.method_name
            for side, other in ((found.inputs, stored.inputs), (found.outputs, stored.outputs)):
                assert [(t.name, t.dtype, t.shape, t.tensor_name) for t in side] == [
                    (t.name, t.dtype, t.shape, t.tensor_name) for t in other
                ]


#: model, signature -> names of the Python arguments behind it
ARGUMENTS = [
    ("module_one_signature", "serving_default", ["x"]),
    ("module_several_signatures", "serving_default", ["features", "temperature"]),
    ("unused_signature_input", "serving_default", None),
    ("tf1_frozen", "serving_default", []),
    ("estimator_linear", "predict", []),
]


@pytest.mark.parametrize(("name", "key", "arguments"), ARGUMENTS)
def test_python_arguments(name: str, key: str, arguments: list[str] | None) -> None:
    found = signature_of(name, key)
    if arguments is None:
        arguments = [info.name for info in found.inputs]
    assert sorted(argument.name for argument in found.arguments) == sorted(arguments)


@each_model
def test_a_signature_of_tensorflow_2_is_backed_by_its_wrapper(name: str) -> None:
    for graph, stored in zip(report_of(name).meta_graphs, model_of(name).meta_graphs, strict=True):
        roles = {function.name: function.role for function in graph.functions}
        for signature in graph.signatures:
            if stored.objects is not None and signature.inputs:
                assert roles.get(signature.backed_by) == "signature"
            assert not signature.key.startswith("__saved_model")


def test_a_tensorflow_1_signature_is_backed_by_nothing() -> None:
    assert signature_of("tf1_frozen", "serving_default").backed_by == ""


@pytest.mark.parametrize(
    ("name", "encoding", "roles"),
    [
        ("sparse_signature", "sparse", ["indices", "values", "dense_shape"]),
        ("composite_signature", "ragged", ["0", "1"]),
    ],
)
def test_encoded_tensors_carry_their_components(name: str, encoding: str, roles: list[str]) -> None:
    tensors = [info for info in signature_of(name, "serving_default").inputs if info.encoding != "dense"]
    assert tensors
    for info in tensors:
        assert (info.encoding, info.tensor_name) == (encoding, "")
        assert [component.role for component in info.components] == roles
        assert all(component.tensor_name for component in info.components)
