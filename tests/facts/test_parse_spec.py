"""The features that a signature parses: found through calls, and told as the parsing node has them."""

from __future__ import annotations

import json

from smanalyze.facts.parse_spec import ExampleInput, Feature, ParseSpecs, example_features
from smanalyze.graph.model_graph import ModelGraph
from tests.graph.made import call, func, function, graph_text, meta_graph, node
from tests.models import NAMES, graph_of

STRING = "type: DT_STRING"


def strings(name: str, *values: str) -> str:
    """A Const of strings."""
    texts = " ".join(f"string_val: {json.dumps(value)}" for value in values)
    tensor = f"tensor {{ dtype: DT_STRING tensor_shape {{ dim {{ size: {len(values)} }} }} {texts} }}"
    return node(name, "Const", dtype=STRING, value=tensor)


def floats(name: str, *sizes: int) -> str:
    """A Const of zeros."""
    shape = " ".join(f"dim {{ size: {size} }}" for size in sizes)
    return node(name, "Const", dtype="type: DT_FLOAT", value=f"tensor {{ dtype: DT_FLOAT tensor_shape {{ {shape} }} }}")


def shapes(*all_sizes: tuple[int, ...]) -> str:
    """The text of a list of shapes."""
    texts = (" ".join(f"dim {{ size: {size} }}" for size in sizes) for sizes in all_sizes)
    return "list { " + " ".join(f"shape {{ {text} }}" for text in texts) + " }"


def made(nodes: list[str], *functions: str, inputs: str = "examples=x:0", output: str = "y:0") -> ModelGraph:
    pairs = (pair.split("=") for pair in inputs.split())
    sent = " ".join(
        f"inputs {{ key: '{key}' value {{ name: '{name}' dtype: DT_STRING tensor_shape {{ unknown_rank: true }} }} }}"
        for key, name in pairs
    )
    text = f"signature_def {{ key: 's' value {{ {sent} outputs {{ key: 'y' value {{ name: '{output}' }} }} }} }}"
    return ModelGraph(meta_graph(graph_text(nodes, *functions), text))


def found(graph: ModelGraph) -> tuple[ExampleInput, ...]:
    return ParseSpecs(graph).inputs(graph.meta_graph.signatures[0])


KEYS = [strings("none"), strings("sparse", "words"), strings("dense", "pixels", "label"), strings("ragged", "steps")]
DEFAULTS = [floats("required", 0), floats("one", 1)]
V2_ATTRS = {
    "Tdense": "list { type: DT_FLOAT type: DT_FLOAT }",
    "sparse_types": "list { type: DT_STRING }",
    "ragged_value_types": "list { type: DT_INT64 }",
    "dense_shapes": shapes((28, 28), (1,)),
}
V2_FEATURES = (
    Feature("label", "float32", "dense", (1,), True),
    Feature("pixels", "float32", "dense", (28, 28), False),
    Feature("steps", "int64", "ragged", None, True),
    Feature("words", "string", "sparse", None, True),
)


def v2(serialized: str, port: str = "", **more: str) -> str:
    references = [f"{name}{port}" for name in ("none", "sparse", "dense", "ragged", "required", "one")]
    return node("y", "ParseExampleV2", serialized, *references, **{**V2_ATTRS, **more})


def test_the_main_graph() -> None:
    graph = made([node("x", "Placeholder"), *KEYS, *DEFAULTS, v2("x")])
    assert found(graph) == (ExampleInput("examples", V2_FEATURES),)
    assert example_features(graph, graph.meta_graph.signatures[0]) == V2_FEATURES


def test_through_calls_by_position() -> None:
    body = [*KEYS, *DEFAULTS, v2("b", ":output:0")]
    graph = made(
        [node("x", "Placeholder"), node("z", "Placeholder"), call("y", "outer", "z", "x")],
        function("outer", "p q", [node("i", "Identity", "q"), call("c", "inner", "i:output:0", "p")], r="c:output:0"),
        function("inner", "b a", body, r="y:dense_values:0"),
        inputs="examples=x:0 other=z:0",
    )
    assert found(graph) == (ExampleInput("examples", V2_FEATURES),)


def test_the_older_op_has_a_constant_for_each_key() -> None:
    parse = node(
        "y", "ParseExample", "x", "none", "k0", "k1", "k2", "required", "reshaped",
        Nsparse="i: 1", Ndense="i: 2", Tdense="list { type: DT_FLOAT type: DT_FLOAT }",
        sparse_types="list { type: DT_INT64 }", dense_shapes=shapes((784,), ()),
    )  # fmt: skip
    keys = [strings("k0", "ids"), strings("k1", "image"), strings("k2", "weight")]
    reshaped = node("reshaped", "Reshape", "one", "shape")
    graph = made([node("x", "Placeholder"), KEYS[0], *keys, *DEFAULTS, reshaped, parse])
    assert example_features(graph, graph.meta_graph.signatures[0]) == (
        Feature("ids", "int64", "sparse", None, True),
        Feature("image", "float32", "dense", (784,), False),
        Feature("weight", "float32", "dense", (), True),
    )


def test_one_example_at_a_time_in_a_loop() -> None:
    """ParseSingleExample has its keys in attrs; map_fn hands it the rows of a list."""
    parse = node(
        "p", "ParseSingleExample", "item:item:0", "d:output:0", dense_keys='list { s: "a" }', sparse_keys="list {}",
        Tdense="list { type: DT_FLOAT }", dense_shapes=shapes((-1, 3)),
    )  # fmt: skip
    item = node("item", "TensorListGetItem", "rows", "i")
    graph = made(
        [
            node("x", "Placeholder"), node("zero", "Const"), node("rows", "TensorListFromTensor", "x"),
            node("y", "While", "zero", "rows", cond=func("cond"), body=func("body")),
        ],
        function("cond", "i rows", [], r="i"),
        function("body", "i rows", [floats("d", 0), item, parse], r="p:dense_values:0"),
    )  # fmt: skip
    assert example_features(graph, graph.meta_graph.signatures[0]) == (
        Feature("a", "float32", "dense", (None, 3), True),  # of any length: may be missing
    )


def test_a_signature_that_is_fed_behind_the_parser_takes_no_examples() -> None:
    nodes = [node("x", "Placeholder"), *KEYS, *DEFAULTS, v2("x"), node("z", "Identity", "y:3")]
    assert found(made(nodes, inputs="pixels=y:3", output="z:0")) == ()
    # and so does one whose outputs do not need it
    assert found(made([*nodes, node("w", "Identity", "x")], output="w:0")) == ()


def test_without_shapes_the_default_tells() -> None:
    graph = made([node("x", "Placeholder"), *KEYS, *DEFAULTS, v2("x", dense_shapes="list {}")])
    dense = [feature for feature in found(graph)[0].features if feature.kind == "dense"]
    assert [(feature.name, feature.shape) for feature in dense] == [("label", (1,)), ("pixels", None)]


def test_keys_that_are_no_constants() -> None:
    nodes = [node("x", "Placeholder"), *(node(n, "Placeholder") for n in ("none", "sparse", "dense", "ragged"))]
    assert found(made([*nodes, *DEFAULTS, v2("x")])) == (ExampleInput("examples", ()),)


def test_damaged_nodes_parse_nothing() -> None:
    for parse in (
        node("y", "ParseExampleV2"),
        node("y", "ParseExample", "x", Nsparse="i: 4611686018427387904", Ndense="i: -7"),
        node("y", "ParseSingleExample", "x"),
        node("y", "ParseExampleV2", "x", "y", "y", "y", "y", **V2_ATTRS),
    ):
        assert example_features(made([node("x", "Placeholder"), parse]), made([]).meta_graph.signatures[0]) == ()


def test_of_the_fixtures_only_the_estimator_parses() -> None:
    parsing = {}
    for name in NAMES:
        for signature in graph_of(name).meta_graph.signatures:
            if features := example_features(graph_of(name), signature):
                parsing[name, signature.key] = [(f.name, f.dtype, f.kind, f.shape, f.has_default) for f in features]
    assert set(parsing) == {
        ("estimator_linear", key) for key in ("classification", "predict", "regression", "serving_default")
    }
    assert set(map(tuple, parsing.values())) == {
        (("age", "float32", "dense", (1,), False), ("city", "string", "sparse", None, True))
    }
