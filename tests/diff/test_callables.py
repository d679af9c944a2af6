"""Functions, arguments, objects and layers of both sides, matched: the facts that the rules judge."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

import smanalyze
from smanalyze.api.facts import gather
from smanalyze.diff.callable_arguments import Defined, match_arguments, reordered
from smanalyze.diff.keras_layers import KerasSide, match_layers
from smanalyze.diff.objects import match_lists, match_objects
from smanalyze.diff.public_tree import PublicTree
from smanalyze.diff.traces import covers, match_traces, structure_words, takes
from smanalyze.facts.identity import Identities
from smanalyze.facts.names import Names
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.objects import ObjectGraph, SavedObject
from smanalyze.model.saved_model import SavedModel
from smanalyze.model.tensors import Shape, Structure
from smanalyze.report.python_changes import ArgumentPair
from smanalyze.report.sections import Trace
from smanalyze.report.tensors import Argument, Reach
from tests.conftest import TESTDATA

NO_REACH = Reach(0, 0, (), (), (), 0, (), (), (), (), ())


def tensor(*shape: int | None, dtype: str = "float32", name: str = "x", unknown: bool = False) -> Structure:
    sizes: Shape = None if unknown else shape
    return Structure("tensor", name=name, dtype=dtype, shape=sizes)


def flag(value: bool) -> Structure:
    return Structure("bool", value=value)


def held(kind: str, *items: Structure) -> Structure:
    return Structure(kind, items=items)  # type: ignore[arg-type]


def trace(function: str = "f", returns: Structure | None = None, **arguments: Structure) -> Trace:
    passed = tuple(Argument(name, "", value) for name, value in arguments.items())
    return Trace(function, passed, "", returns, 0, NO_REACH)


# What covers what -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [
        (tensor(None, 2), tensor(None, 2, name="other"), True),
        (tensor(None, 2), tensor(1, 2), True),
        (tensor(1, 2), tensor(None, 2), False),
        (tensor(unknown=True), tensor(1, 2), True),
        (tensor(1, 2), tensor(unknown=True), False),
        (tensor(None), tensor(None, 2), False),
        (tensor(2), tensor(2, dtype="float64"), False),
        (flag(True), flag(True), True),
        (flag(True), flag(False), False),
        (Structure("none"), tensor(2), False),
        (held("list", tensor(None)), held("list", tensor(3)), True),
        (held("list", tensor(None)), held("tuple", tensor(3)), False),
        (held("list", tensor(None)), held("list"), False),
        (
            held("dict", replace(tensor(None), key="a")),
            held("dict", replace(tensor(None), key="b")),
            False,
        ),
    ],
)
def test_one_spec_covers_another(wide: Structure, narrow: Structure, does: bool) -> None:
    assert covers(wide, narrow) is does


def test_structures_in_words() -> None:
    value = held("dict", replace(tensor(None, 3), key="a"), replace(held("tuple", flag(True)), key="b"))
    assert structure_words(value) == "{'a': float32 [?, 3], 'b': (True,)}"
    assert takes(trace(x=tensor(unknown=True), training=flag(False))) == "x=float32 unknown rank, training=False"


# Traces ---------------------------------------------------------------------------------------------------------------


def pairs_of(old: list[Trace], new: list[Trace], arguments: tuple[ArgumentPair, ...] = ()) -> list[tuple[str, str]]:
    return [
        (pair.old.function if pair.old else "", pair.new.function if pair.new else "")
        for pair in match_traces(tuple(old), tuple(new), arguments)
    ]


def test_traces_match_by_what_they_take_and_not_by_their_names() -> None:
    old = [trace("a", x=tensor(2)), trace("b", x=tensor(3))]
    new = [trace("c", x=tensor(3, name="y")), trace("d", x=tensor(2, name="z"))]
    assert pairs_of(old, new) == [("a", "d"), ("b", "c")]


def test_an_exact_trace_goes_before_a_wider_one() -> None:
    new = [trace("wide", x=tensor(unknown=True)), trace("same", x=tensor(2))]
    assert pairs_of([trace("a", x=tensor(2))], new) == [("a", "same"), ("", "wide")]


def test_two_traces_may_be_taken_over_by_one() -> None:
    old = [trace("a", x=tensor(2)), trace("b", x=tensor(3))]
    (first, second) = match_traces(tuple(old), (trace("c", x=tensor(None)),))
    assert first.wider and second.wider and first.new == second.new


def test_a_new_default_must_have_been_traced() -> None:
    added = ArgumentPair(None, Argument("n", "", Structure("int"), "1"), None, 1)
    one, two = (Structure("int", value=number) for number in (1, 2))
    old = [trace("a", x=tensor(2))]
    assert pairs_of(old, [trace("b", x=tensor(2), n=one)], (added,)) == [("a", "b")]
    assert pairs_of(old, [trace("b", x=tensor(2), n=two)], (added,)) == [("a", ""), ("", "b")]


def test_where_the_only_new_trace_takes_something_else() -> None:
    value = held("dict", replace(tensor(None, 3), key="a"), replace(tensor(None), key="b"))
    other = held("dict", replace(tensor(None, 4), key="a"), replace(tensor(None), key="b"))
    (gone, _) = match_traces((trace(x=value),), (trace(x=other),))
    assert gone.misses == ("x['a']: float32 [?, 3] → float32 [?, 4]",)


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        (tensor(None, 2), tensor(None, 2, name="other"), []),
        (tensor(None, 2), tensor(None, None), ["widened"]),
        (tensor(None, None), tensor(None, 2), ["narrowed"]),
        (tensor(None, 2), tensor(None, 3), ["spec"]),
        (tensor(2), held("list", tensor(2)), ["structure"]),
        (held("list", tensor(2)), held("list", tensor(2), tensor(2)), ["structure"]),
        (held("dict", replace(tensor(2), key="a")), held("dict", replace(tensor(3), key="a")), ["spec"]),
        (held("dict"), held("dict", replace(tensor(2), key="a")), ["keys"]),
        (held("dict", replace(tensor(2), key="a")), held("dict"), ["structure"]),
        (Structure("unknown"), tensor(2), []),
    ],
)
def test_how_results_differ(old: Structure, new: Structure, kinds: list[str]) -> None:
    (pair,) = match_traces((trace(returns=old),), (trace(returns=new),))
    assert [change.kind for change in pair.returns] == kinds


# Arguments ------------------------------------------------------------------------------------------------------------


def function(*names: str, keywords: tuple[str, ...] = (), traces: tuple[Trace, ...] = ()) -> Defined:
    """One of arguments such as ``x`` and ``training=False``."""
    every = [Argument(n, "", Structure("unknown"), d or None) for n, _, d in (w.partition("=") for w in names)]
    named = [Argument(n, "", Structure("unknown"), d or None) for n, _, d in (w.partition("=") for w in keywords)]
    return Defined(tuple(every), tuple(named), traces)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (function("x"), function("y"), [("x", "y", "position")]),
        (function("x", "a"), function("a", "x"), [("x", "x", "name"), ("a", "a", "name")]),
        (function("x", "training=False"), function("x", "mode=False"),
         [("x", "x", "name"), ("training", "", "name"), ("", "mode", "name")]),
        (function("x"), function("x", "n=1"), [("x", "x", "name"), ("", "n", "name")]),
        (function("x", "n"), function("x"), [("x", "x", "name"), ("n", "", "name")]),
        (None, function("x"), []),
    ],
)  # fmt: skip
def test_arguments_match_by_name_then_by_position(
    old: Defined | None, new: Defined | None, expected: list[tuple[str, str, str]]
) -> None:
    found = match_arguments(old, new)
    assert [(p.old.name if p.old else "", p.new.name if p.new else "", p.stage) for p in found] == expected


def test_an_argument_of_another_kind_is_another_argument() -> None:
    old = function("x", traces=(trace(x=tensor(2)),))
    assert match_arguments(old, function("y", traces=(trace(y=tensor(3)),)))[0].stage == "position"
    assert match_arguments(old, function("y", traces=(trace(y=flag(True)),)))[0].new is None


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        (function("x", "a", "b"), function("x", "b", "a"), True),
        (function("x", "a=1"), function("x", "n=1", "a=1"), True),
        (function("x", "a=1"), function("x", "a=1", "n=1"), False),
        (function("x", "a"), function("n", "x", "a"), False),
        (function("x", "a", "b"), function("x", "b"), False),
        (function("x", "a"), function("x", keywords=("a",)), False),
        (function("x"), function("y"), False),
    ],
)
def test_the_order_is_that_of_what_both_have(old: Defined, new: Defined, moved: bool) -> None:
    assert bool(reordered(old, new, match_arguments(old, new))[0]) is moved


# Objects --------------------------------------------------------------------------------------------------------------


def tree(*nodes: tuple[str, dict[str, int]]) -> PublicTree:
    """Objects by identifier (``f`` for a function, ``table`` for a resource) and children."""
    made = []
    for number, (identifier, children) in enumerate(nodes):
        kind = {"f": "bare_concrete_function", "table": "resource"}.get(identifier, "user_object")
        known = _function() if identifier == "f" else None
        made.append(SavedObject(number, kind, tuple(children.items()), identifier, function=known))  # type: ignore[arg-type]
    model = smanalyze.load(TESTDATA / "models" / "module_one_signature")
    graph = ModelGraph(replace(model.meta_graphs[0], objects=ObjectGraph(tuple(made), ()), signatures=()))
    return PublicTree(Identities(graph, Names(graph)))


@cache
def _function() -> object:
    model = smanalyze.load(TESTDATA / "models" / "module_one_signature")
    assert model.meta_graphs[0].objects is not None
    return next(node.function for node in model.meta_graphs[0].objects.nodes if node.function is not None)


ROOT, LIST, LAYER = "_generic_user_object", "trackable_list_wrapper", "_tf_keras_layer"


def test_paths_are_those_of_public_names() -> None:
    made = tree(
        (ROOT, {"enc": 1, "_hidden": 2, "layer-0": 3, "items": 4, "keras_api": 1}),
        (ROOT, {"__call__": 5}), (ROOT, {}), (LAYER, {}), (LIST, {"0": 1}), ("f", {}),
    )  # fmt: skip
    assert sorted(map(made.text, made.places)) == ["enc", "enc.__call__", "items", "items[0]"]
    assert made.function(("enc",)) == made.function(("enc", "__call__")) == 5
    assert made.function(("items", "0")) == 5 and made.function(("items",)) is None


def test_the_own_path_does_not_follow_the_order_of_the_file() -> None:
    for children in ({"b": 1, "a": 1}, {"a": 1, "b": 1}):
        assert tree((ROOT, children), (ROOT, {})).own[1] == ("a",)


def test_objects_in_a_circle_have_a_path() -> None:
    made = tree((ROOT, {"child": 1}), (ROOT, {"parent": 0, "self": 1}))
    assert made.own == {0: (), 1: ("child",)}
    assert list(made.below(("child",))) and made.find(("child", "parent", "child")) == 1


@pytest.mark.parametrize(
    ("steps", "word"), [(("m",), ""), (("m", "__call__"), ""), (("m", "d"), "layer"), (("items", "0"), "list")]
)
def test_what_stands_aside(steps: tuple[str, ...], word: str) -> None:
    made = tree(
        (ROOT, {"m": 1, "items": 4}), ("_tf_keras_model", {"d": 2, "__call__": 3}), (LAYER, {"__call__": 3}),
        ("f", {}), (LIST, {"0": 5}), (ROOT, {}),
    )  # fmt: skip
    assert made.aside(steps) == word


def test_only_the_top_of_what_is_gone_is_a_pair() -> None:
    old = tree((ROOT, {"enc": 1}), (ROOT, {"inner": 2, "table": 4}), (ROOT, {"__call__": 3}), ("f", {}), ("table", {}))
    (gone,) = [pair for pair in match_objects((old, tree((ROOT, {})))) if pair.new is None]
    assert gone.old is not None and gone.old.path == "enc"
    assert (gone.old.functions, gone.old.below) == (("enc.inner.__call__",), ("enc.table",))


def test_nothing_is_said_where_a_side_has_no_objects() -> None:
    sides = (tree((ROOT, {"t": 1}), ("table", {})), tree())
    assert match_objects(sides) == match_lists(sides) == ()


def test_twins_have_not_moved() -> None:
    """Which of two equal tables is the one under another name, nobody can tell."""
    old = tree((ROOT, {"a": 1, "b": 2}), ("table", {}), ("table", {}))
    new = tree((ROOT, {"c": 1, "d": 2}), ("table", {}), ("table", {}))
    assert not any(pair.stage == "content" for pair in match_objects((old, new)))
    one = tree((ROOT, {"a": 1}), ("table", {})), tree((ROOT, {"c": 1}), ("table", {}))
    assert [pair.stage for pair in match_objects(one)] == ["path", "content"]


# Layers of Keras ------------------------------------------------------------------------------------------------------


@cache
def _keras(name: str) -> KerasSide:
    return KerasSide(gather(_model(name)), 0)  # type: ignore[arg-type]


def _model(name: str) -> SavedModel:
    return smanalyze.load(TESTDATA / "pairs" / name)


def test_layers_have_the_names_of_those_around_them() -> None:
    paths = [fact.path for _, fact in _keras("change_layer_inserted/new").layers]
    assert paths == ["blocks", "block1", "block2", "inserted", "block3", "block4", "block5"]


def test_identical_blocks_do_not_slide() -> None:
    found = match_layers(_keras("change_layer_inserted/old"), _keras("change_layer_inserted/new"))
    assert all(pair.old.name == pair.new.name for pair in found if pair.old and pair.new)
    assert [pair.new.name for pair in found if pair.old is None and pair.new] == ["inserted"]
    assert not any(pair.changed for pair in found)


def test_counters_of_layers_mean_nothing() -> None:
    found = match_layers(_keras("noise_keras2_autonames/old"), _keras("noise_keras2_autonames/new"))
    assert {pair.stage for pair in found} == {"name", "number"}
    assert not any(pair.changed or pair.old is None or pair.new is None for pair in found)


def test_code_is_never_unmarshalled(monkeypatch: pytest.MonkeyPatch) -> None:
    import marshal

    def refuse(*_: object) -> None:
        raise AssertionError("unmarshalled")

    monkeypatch.setattr(marshal, "loads", refuse)
    sides = [KerasSide(gather(_model(f"change_keras2_lambda_added/{side}")), 0) for side in ("old", "new")]  # type: ignore[arg-type]
    assert [list(side.lambdas()) for side in sides] == [[], ["inserted"]]
