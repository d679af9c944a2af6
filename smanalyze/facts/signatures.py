"""The signatures of one MetaGraph: their tensors, the Python arguments behind them, what they reach."""

from __future__ import annotations

from smanalyze.facts.arguments import trace_arguments
from smanalyze.facts.names import Names
from smanalyze.facts.reach import build_reach
from smanalyze.facts.snippets import build_snippets
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.model.saved_model import Signature
from smanalyze.model.tensors import TensorInfo
from smanalyze.report.tensors import Argument, SignatureReport, Tensor, TensorComponent


def build_signatures(graph: ModelGraph, names: Names, path_name: str, *, several: bool) -> tuple[SignatureReport, ...]:
    """All signatures in order of their keys; init and train ops are none. ``several``: there are more MetaGraphs."""
    return tuple(_signature(graph, names, signature, path_name, several) for signature in graph.meta_graph.signatures)


def _signature(graph: ModelGraph, names: Names, signature: Signature, path_name: str, several: bool) -> SignatureReport:
    key = Key("signature", signature.key)
    backed_by, arguments = _python_side(graph, key)
    return SignatureReport(
        key=signature.key,
        method_name=signature.method_name,
        inputs=tuple(build_tensor(info) for info in signature.inputs),
        outputs=tuple(build_tensor(info) for info in signature.outputs),
        arguments=arguments,
        backed_by=backed_by,
        reach=build_reach(graph, names, key),
        snippets=build_snippets(signature, graph.meta_graph, path_name, several=several),
    )


def build_tensor(info: TensorInfo) -> Tensor:
    """A TensorInfo as the report words it."""
    components = tuple(TensorComponent(c.role, c.tensor_name, c.dtype, c.shape) for c in info.components)
    return Tensor(
        info.name, info.dtype, info.shape, info.encoding, info.tensor_name, components, info.type_spec, info.default
    )


def _python_side(graph: ModelGraph, key: Key) -> tuple[str, tuple[Argument, ...]]:
    """(function that the signature calls, arguments of the Python function behind it).

    TensorFlow wraps a function for its signature; the wrapper calls the function itself, whose own signature tells
    the arguments. Where nothing is wrapped (a trace used as it is) the called function tells them.
    """
    objects = graph.meta_graph.objects
    called = graph.targets(key, "calls", "function")
    if objects is None or not called:
        return (str(called[0].id) if called else ""), ()
    concrete = {function.name: function for function in objects.concrete_functions}
    specs = {
        trace: node.function.spec
        for node in objects.nodes
        if node.kind == "function" and node.function
        for trace in node.function.traces
    }
    wrapper = str(called[0].id)
    inner = [str(end.id) for end in graph.targets(called[0], "calls", "function") if str(end.id) in concrete]
    for name in [*inner[:1], wrapper]:
        if name in concrete:
            arguments = trace_arguments(concrete[name], specs.get(name))
            if arguments:
                return wrapper, arguments
    return wrapper, ()
