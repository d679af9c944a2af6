"""MetaGraphs from protobuf's text format."""

from __future__ import annotations

from typing import Any

from smanalyze.format.saved_model import parse_meta_graphs
from smanalyze.graph.library import Library
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import MetaGraph
from tests.format.protos import proto


def node(name: str, op: str, *inputs: str, **attrs: str) -> str:
    """The text of a NodeDef; an attr's text is that of its AttrValue."""
    fields = "".join(f' input: "{reference}"' for reference in inputs)
    fields += "".join(f' attr {{ key: "{key}" value {{ {text} }} }}' for key, text in attrs.items())
    return f'{{ name: "{name}" op: "{op}"{fields} }}'


def call(name: str, function: str, *inputs: str, op: str = "PartitionedCall") -> str:
    """The text of a node that calls a function."""
    return node(name, op, *inputs, f=func(function))


def func(name: str) -> str:
    """The text of an attr that names a function."""
    return f'func {{ name: "{name}" }}'


def funcs(*names: str) -> str:
    """The text of an attr that names several."""
    return "list { " + " ".join(func(name) for name in names) + " }"


def function(name: str, inputs: str, nodes: list[str], **returns: str) -> str:
    """The text of a FunctionDef; ``inputs`` are names, those that begin with ``h`` are handles."""
    args = "".join(
        f' input_arg {{ name: "{arg}" type: {"DT_RESOURCE" if arg.startswith("h") else "DT_FLOAT"} }}'
        for arg in inputs.split()
    )
    outs = "".join(f' output_arg {{ name: "{key}" type: DT_FLOAT }}' for key in returns)
    body = "".join(f" node_def {text}" for text in nodes)
    ret = "".join(f' ret {{ key: "{key}" value: "{value}" }}' for key, value in returns.items())
    return f'function {{ signature {{ name: "{name}"{args}{outs} }}{body}{ret} }}'


def graph_text(nodes: list[str], *functions: str) -> str:
    """The text of a GraphDef."""
    return " ".join([*(f"node {text}" for text in nodes), f"library {{ {' '.join(functions)} }}"])


def signature(key: str, inputs: dict[str, str], outputs: dict[str, str]) -> str:
    """The text of a SignatureDef with dense tensors."""
    texts = [
        f'{side} {{ key: "{name}" value {{ name: "{tensor}" dtype: DT_FLOAT tensor_shape {{}} }} }}'
        for side, tensors in (("inputs", inputs), ("outputs", outputs))
        for name, tensor in tensors.items()
    ]
    return f'signature_def {{ key: "{key}" value {{ {" ".join(texts)} }} }}'


def meta_graph(graph: str, *rest: str) -> MetaGraph:
    """A MetaGraph with that GraphDef and whatever else its text says."""
    message: Any = proto("SavedModel", f"meta_graphs {{ graph_def {{ {graph} }} {' '.join(rest)} }}")
    return parse_meta_graphs(message)[0]


def library_of(nodes: list[str], *functions: str) -> Library:
    """The library of a graph of those nodes and functions."""
    return Library(meta_graph(graph_text(nodes, *functions)))


def model_graph(nodes: list[str], *rest: str, functions: tuple[str, ...] = ()) -> ModelGraph:
    """The graph of a MetaGraph with signatures and objects."""
    return ModelGraph(meta_graph(graph_text(nodes, *functions), *rest))
