"""``show`` as text: the lines of saved_model_cli, word for word, and on lines of their own what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.render.visible import visible
from smanalyze.report.show import (
    Shown,
    ShownArgument,
    ShownFunction,
    ShownMetaGraph,
    ShownSignature,
    ShownTensor,
    ShownTrace,
)


def render_tag_sets(shown: Shown) -> str:
    """The tag-sets, one a line."""
    lines = ["The given SavedModel contains the following tag-sets:"]
    lines += [repr(", ".join(sorted(graph.tags))) for graph in shown.meta_graphs]
    return _joined(lines)


def render_signature_keys(graph: ShownMetaGraph) -> str:
    """The signature keys of one MetaGraph."""
    lines = ["The given SavedModel MetaGraphDef contains SignatureDefs with the following keys:"]
    lines += [f'SignatureDef key: "{visible(signature.key)}"' for signature in graph.signatures]
    return _joined(lines)


def render_signature(signature: ShownSignature) -> str:
    """One signature."""
    return _joined(_signature(signature, ""))


def render_ops(graph: ShownMetaGraph) -> str:
    """Every op of the main graph and of all functions, sorted, with how often it occurs."""
    return _joined(_ops(graph))


def render_all(shown: Shown) -> str:
    """Everything, as ``show --all``."""
    lines: list[str] = []
    for graph in shown.meta_graphs:
        tags = ", ".join(visible(tag) for tag in graph.tags)
        lines += ["", f"MetaGraphDef with tag-set: '{tags}' contains the following SignatureDefs:"]
        for signature in graph.signatures:
            lines += ["", f"signature_def['{visible(signature.key)}']:"]
            if signature.special:
                lines.append("  (run when the model is loaded; not a signature that clients call)")
            lines += _signature(signature, "  ")
        lines += _ops(graph)
    functions = [function for graph in shown.meta_graphs for function in graph.functions]
    if functions:
        lines += ["", "Concrete Functions:"]
        for function in functions:
            lines += [*_function(function), ""]
        lines.pop()
    return _joined(lines)


def _joined(lines: list[str] | Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _ops(graph: ShownMetaGraph) -> Iterator[str]:
    ops = "{" + ", ".join(repr(visible(op)) for op, _ in graph.ops) + "}" if graph.ops else "set()"
    yield f"The MetaGraph with tag set {[visible(tag) for tag in graph.tags]} contains the following ops: {ops}"
    for op, count in graph.ops:
        yield f"  {count:>7}  {visible(op)}"


def _signature(signature: ShownSignature, indent: str) -> Iterator[str]:
    yield f"{indent}The given SavedModel SignatureDef contains the following input(s):"
    for tensor in signature.inputs:
        yield from _tensor("inputs", tensor, indent)
    yield f"{indent}The given SavedModel SignatureDef contains the following output(s):"
    for tensor in signature.outputs:
        yield from _tensor("outputs", tensor, indent)
    yield f"{indent}Method name is: {visible(signature.method_name)}"


def _tensor(side: str, tensor: ShownTensor, indent: str) -> Iterator[str]:
    yield f"{indent}  {side}['{visible(tensor.key)}'] tensor_info:"
    indent += "      "
    yield f"{indent}dtype: {tensor.dtype_enum}"
    yield f"{indent}shape: {_shape(tensor.shape)}"
    yield f"{indent}name: {visible(tensor.tensor_name)}"
    if tensor.encoding != "dense":
        spec = f" ({visible(tensor.type_spec)})" if tensor.type_spec else ""
        yield f"{indent}encoding: {tensor.encoding}{spec}, fed by the tensors"
        for part in tensor.components:
            yield f"{indent}  {part.role}: {visible(part.tensor_name)}  {part.dtype} {_shape(part.shape)}"
    if tensor.default is not None:
        yield f"{indent}default: {visible(tensor.default)}"


def _shape(shape: tuple[int | None, ...] | None) -> str:
    if shape is None:
        return "unknown_rank"
    return "(" + ", ".join("-1" if size is None else str(size) for size in shape) + ")"


def _function(function: ShownFunction) -> Iterator[str]:
    yield f"  Function Name: '{visible(function.path)}'"
    for number, trace in enumerate(function.traces, 1):
        yield f"    Option #{number}"
        yield "      Callable with:"
        yield from _arguments(trace)
        if trace.returns:
            yield f"      Returns: {visible(trace.returns)}"


def _arguments(trace: ShownTrace) -> Iterator[str]:
    if not trace.positional and not trace.named:
        yield "        no arguments"
    for number, argument in enumerate(trace.positional, 1):
        yield f"        Argument #{number}"
        yield from _argument(argument, named=False)
    for number, argument in enumerate(trace.named, 1):
        yield f"        Named Argument #{number}"
        yield from _argument(argument, named=True)


def _argument(argument: ShownArgument, *, named: bool) -> Iterator[str]:
    text = visible(argument.text)
    if named:
        yield f"          {visible(argument.name or '')}"
    if argument.type_name is None:
        label = "" if named or argument.name is None else f"{visible(argument.name)}: "
        yield f"          {label}{text}"
    elif argument.type_name == "str" and not named:
        yield f"          {text}"
        yield "          DType: str"
    else:
        yield f"          DType: {visible(argument.type_name)}"
        yield f"          Value: {text!r}" if argument.type_name == "str" else f"          Value: {text}"
