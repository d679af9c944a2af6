"""The signatures of one MetaGraph: their tensors, the Python arguments behind them, what they reach."""

from __future__ import annotations

from dataclasses import replace

from smanalyze.facts.arguments import trace_arguments
from smanalyze.facts.names import Names
from smanalyze.facts.parse_spec import ParseSpecs
from smanalyze.facts.reach import build_reach
from smanalyze.facts.snippets import Caller, build_snippets, needed_imports
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.model.saved_model import Signature
from smanalyze.model.tensors import TensorInfo
from smanalyze.report.tensors import Argument, SignatureReport, Tensor, TensorComponent


def build_signatures(
    graph: ModelGraph, names: Names, path: str, *, several: bool, snippets: bool = True
) -> tuple[SignatureReport, ...]:
    """All signatures in order of keys; init and train ops are none. ``path`` of the folder that holds the model;
    ``several``: there are more MetaGraphs. Without ``snippets`` there is no ready code."""
    functions = _Functions(graph)
    plain = tuple(_signature(graph, names, functions, signature) for signature in graph.meta_graph.signatures)
    if not snippets:
        return plain
    specs, imports, tags = ParseSpecs(graph), needed_imports(graph.library), graph.meta_graph.tags
    callers = (Caller(one, tags, several, path, specs.inputs(one), imports) for one in graph.meta_graph.signatures)
    return tuple(replace(one, snippets=build_snippets(caller)) for one, caller in zip(plain, callers, strict=True))


class _Functions:
    """The concrete functions of a MetaGraph by name, and the FunctionSpecs of their Python functions."""

    def __init__(self, graph: ModelGraph) -> None:
        objects = graph.meta_graph.objects
        self.concrete = {f.name: f for f in objects.concrete_functions} if objects else {}
        self.specs = {
            trace: node.function.spec
            for node in (objects.nodes if objects else ())
            if node.kind == "function" and node.function
            for trace in node.function.traces
        }


def _signature(graph: ModelGraph, names: Names, functions: _Functions, signature: Signature) -> SignatureReport:
    key = Key("signature", signature.key)
    backed_by, arguments = _python_side(graph, functions, key)
    return SignatureReport(
        key=signature.key,
        method_name=signature.method_name,
        inputs=tuple(build_tensor(info) for info in signature.inputs),
        outputs=tuple(build_tensor(info) for info in signature.outputs),
        arguments=arguments,
        backed_by=backed_by,
        reach=build_reach(graph, names, key),
        snippets=(),
    )


def build_tensor(info: TensorInfo) -> Tensor:
    """A TensorInfo as the report words it."""
    components = tuple(TensorComponent(c.role, c.tensor_name, c.dtype, c.shape) for c in info.components)
    return Tensor(
        info.name, info.dtype, info.shape, info.encoding, info.tensor_name, components, info.type_spec, info.default
    )


def _python_side(graph: ModelGraph, functions: _Functions, key: Key) -> tuple[str, tuple[Argument, ...]]:
    """(function that the signature calls, arguments of the Python function behind it).

    TensorFlow wraps a function for its signature; the wrapper calls the function itself, whose own signature tells
    the arguments. Where nothing is wrapped (a trace used as it is) the called function tells them.
    """
    called = graph.targets(key, "calls", "function")
    if not called:
        return "", ()
    wrapper = str(called[0].id)
    ends = graph.targets(called[0], "calls", "function")
    inner = [str(end.id) for end in ends if str(end.id) in functions.concrete]
    for name in [*inner[:1], wrapper]:
        if name in functions.concrete:
            arguments = trace_arguments(functions.concrete[name], functions.specs.get(name))
            if arguments:
                return wrapper, arguments
    return wrapper, ()
