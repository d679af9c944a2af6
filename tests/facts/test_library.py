"""The function library: roles, and who calls whom."""

from __future__ import annotations

import pytest

from tests.models import each_broken_model, each_model, graph_of, model_of, report_of

#: model -> (part of the function's name, role)
ROLES = [
    ("module_one_signature", "signature_wrapper", "signature"),
    ("module_one_signature", "inference___call__", "callable"),
    ("module_one_signature", "traced_save", "saver"),
    ("module_one_signature", "traced_restore", "saver"),
    ("control_flow", "cond_true", "called"),
    ("control_flow", "while_body", "called"),
    ("control_flow", "branch0", "called"),
    ("tables_and_assets", "_initializer_", "initializer"),
    ("tables_and_assets", "_creator_", "initializer"),
    ("tables_and_assets", "_destroyer_", "initializer"),
    ("tables_and_assets", "inference_save_fn", "saver"),
    ("tables_and_assets", "inference_restore_fn", "saver"),
    ("custom_gradient", "internal_grad_fn", "gradient"),
    ("unreachable_function", "dead", "unreachable"),
    ("unreachable_function", "inference___call__", "callable"),
]


@pytest.mark.parametrize(("name", "part", "role"), ROLES)
def test_roles(name: str, part: str, role: str) -> None:
    found = [function for function in report_of(name).meta_graphs[0].functions if part in function.name]
    assert found
    assert {function.role for function in found} == {role}


@each_model
def test_only_one_fixture_has_unreachable_functions(name: str) -> None:
    dead = {f.name for graph in report_of(name).meta_graphs for f in graph.functions if f.role == "unreachable"}
    assert bool(dead) == (name == "unreachable_function")


@each_model
def test_calls_and_called_by_are_inverse(name: str) -> None:
    for graph in report_of(name).meta_graphs:
        names = {function.name for function in graph.functions}
        calls = {(function.name, callee) for function in graph.functions for callee in function.calls}
        called = {(caller, function.name) for function in graph.functions for caller in function.called_by}
        assert {(a, b) for a, b in calls if b in names} == called
        assert all(bool(function.via) or not function.called_by for function in graph.functions)


@each_model
def test_every_function_of_the_file_has_a_row(name: str) -> None:
    for ours, theirs in zip(report_of(name).meta_graphs, model_of(name).meta_graphs, strict=True):
        assert sorted(function.name for function in ours.functions) == sorted(theirs.graph.functions)
        for function in ours.functions:
            view = theirs.graph.functions[function.name]
            assert (function.nodes, function.inputs) == (len(list(view.nodes)), len(view.inputs))


@each_model
def test_what_a_signature_runs_is_not_unreachable(name: str) -> None:
    for graph in report_of(name).meta_graphs:
        dead = {function.name for function in graph.functions if function.role == "unreachable"}
        for signature in graph.signatures:
            assert not dead & set(signature.reach.function_names)


@each_broken_model
def test_broken_libraries_have_rows(name: str) -> None:
    if name != "empty_folder" and model_of(name).meta_graphs:
        assert len(report_of(name).meta_graphs[0].functions) == len(graph_of(name).library.functions)
