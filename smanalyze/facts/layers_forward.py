"""Where a model's forward pass stands: the body whose nodes do the work of its main signature.

In TensorFlow 2 a signature calls a wrapper function that calls the user's function; both only hand tensors on. Such
wrappers are opened, so that what is left is the body with the layers in it. In TensorFlow 1 it is the part of the main
graph that the signature needs.
"""

from __future__ import annotations

from collections.abc import Iterable

from smanalyze.facts.tf1_variables import metric_names
from smanalyze.graph.body import PLAIN_CALLS, BodyIndex, Call, argument_mapping
from smanalyze.graph.keys import tensor_names
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.model.objects import SavedObject
from smanalyze.model.record import record
from smanalyze.model.saved_model import MetaGraph
from smanalyze.model.tensors import Shape

DEFAULT_SIGNATURE = "serving_default"
_HANDS_ON = frozenset({"Identity", "IdentityN", "NoOp"})
_MAX_WRAPPERS = 32
"""Real wrappers are two or three deep; the limit ends a chain made to be endless."""


@record
class Weight:
    """A variable: its key in the graph, name, number of elements (0 for an unknown shape) and whether it is trained."""

    key: Key
    name: str
    dtype: str
    elements: int
    trainable: bool | None


@record
class Forward:
    """The body of the forward pass.

    ``source`` names the signature or function it was found through, ``function`` the body ("" for the main graph),
    ``within`` the nodes that count (None: all), ``weights`` the variables by the reference the body uses for them,
    ``outputs`` the references it returns.
    """

    source: str
    function: str
    index: BodyIndex
    within: frozenset[int] | None
    weights: dict[str, Weight]
    outputs: tuple[str, ...]

    @property
    def numbers(self) -> Iterable[int]:
        """Numbers of the nodes that count, in file order."""
        return range(len(self.index.names)) if self.within is None else sorted(n for n in self.within if n >= 0)


def count_elements(shape: Shape) -> int:
    """Product of the sizes; 0 where one of them, or the rank, is unknown."""
    if shape is None:
        return 0
    total = 1
    for size in shape:
        total *= size or 0
    return total


def object_weight(node: SavedObject) -> Weight | None:
    """The weight an object stands for; None if it is no variable."""
    variable = node.variable
    if variable is None:
        return None
    elements = count_elements(variable.shape)
    return Weight(Key("variable", node.id), variable.name, variable.dtype, elements, variable.trainable)


class Weights:
    """The weights of one MetaGraph by key; the sums that TF1's metrics keep are none."""

    def __init__(self, meta_graph: MetaGraph, graph: ModelGraph) -> None:
        self._nodes = meta_graph.objects.nodes if meta_graph.objects else ()
        self._index = graph.library.main
        collections = {collection.name for collection in meta_graph.collections}
        self._metrics = metric_names(meta_graph)
        self._trained: set[str] | None = None
        if "trainable_variables" in collections:
            chosen = (v for v in meta_graph.variable_defs if "trainable_variables" in v.collections)
            self._trained = {variable.variable_name.partition(":")[0] for variable in chosen}

    def of(self, key: Key | None) -> Weight | None:
        """The weight behind a key of kind variable, else None."""
        if key is None or key.kind != "variable":
            return None
        if isinstance(key.id, int):
            return object_weight(self._nodes[key.id])
        number = self._index.at.get(key.id)
        if number is None or number < 0 or key.id in self._metrics:
            return None
        node = self._index.node(number)
        trainable = None if self._trained is None else key.id in self._trained
        dtype = (node.attr_type("dtype") or "").removesuffix("_ref")
        return Weight(key, key.id, dtype, count_elements(node.attr_shape("shape")), trainable)


def find_forward(meta_graph: MetaGraph, graph: ModelGraph) -> Forward | None:
    """The forward pass behind ``serving_default``, else behind the signature (with none: the function) that runs the
    most nodes; None where nothing can be called."""
    signature = _main_signature(meta_graph, graph)
    start = _of_signature(meta_graph, graph, signature) if signature is not None else _of_function(meta_graph, graph)
    return _unwrap(graph, start) if start else None


def _main_signature(meta_graph: MetaGraph, graph: ModelGraph) -> str | None:
    keys = [signature.key for signature in meta_graph.signatures]
    if not keys or DEFAULT_SIGNATURE in keys:
        return DEFAULT_SIGNATURE if keys else None

    def weight(key: str) -> tuple[bool, int]:  # a signature that writes variables trains, or keeps state
        start = Key("signature", key)
        return not graph.touched(start, "writes", "variable"), graph.op_counts(start).total()

    return max(keys, key=weight)


def _of_signature(meta_graph: MetaGraph, graph: ModelGraph, key: str) -> Forward:
    signature = next(signature for signature in meta_graph.signatures if signature.key == key)
    index = graph.library.main
    within = graph.main_slice(key)
    lookup = Weights(meta_graph, graph)
    found = ((number, lookup.of(graph.main_resource(number))) for number in within if number >= 0)
    weights = {index.names[number]: weight for number, weight in found if weight}
    return Forward(
        f"signature {key}", "", index, within, weights, tuple(dict.fromkeys(tensor_names(signature.outputs)))
    )


def _of_function(meta_graph: MetaGraph, graph: ModelGraph) -> Forward | None:
    """The root's own forward function, else the largest function that an object holds."""
    objects = meta_graph.objects
    if objects is None or not objects.nodes:
        return None
    functions = graph.library.functions
    bound = {concrete.name: concrete.bound_inputs for concrete in objects.concrete_functions}
    root = dict(objects.nodes[0].children)
    for name in ("_default_save_signature", "__call__", "call"):
        node = objects.nodes[root[name]] if 0 <= root.get(name, -1) < len(objects.nodes) else None
        traces = [trace for trace in (node.function.traces if node and node.function else ()) if trace in functions]
        if traces:
            return _function_forward(meta_graph, graph, min(traces, key=lambda t: functions[t].node_count), bound)
    held = dict.fromkeys(t for node in objects.nodes if node.kind == "function" and node.function
                         for t in node.function.traces if t in functions)  # fmt: skip
    if not held:
        return None
    return _function_forward(meta_graph, graph, max(held, key=lambda t: functions[t].node_count), bound)


def _function_forward(
    meta_graph: MetaGraph, graph: ModelGraph, name: str, bound: dict[str, tuple[int, ...]]
) -> Forward:
    index = graph.library.index(name)
    lookup = Weights(meta_graph, graph)
    captured = bound.get(name, ())
    arguments = index.arguments[len(index.arguments) - len(captured) :] if captured else ()
    found = ((argument, lookup.of(graph.key_of(i))) for argument, i in zip(arguments, captured, strict=False))
    weights = {argument: weight for argument, weight in found if weight}
    outputs = tuple(dict.fromkeys(graph.library.functions[name].returns.values()))
    return Forward(f"function {name}", name, index, None, weights, outputs)


def _unwrap(graph: ModelGraph, forward: Forward) -> Forward:
    """The innermost body that does more than calling one function."""
    seen = {forward.function}
    for _ in range(_MAX_WRAPPERS):
        call = _only_call(forward)
        if call is None or call.function in seen or call.function not in graph.library.functions:
            return forward
        seen.add(call.function)
        inner = graph.library.index(call.function)
        weights: dict[str, Weight] = {}
        for reference, argument in argument_mapping(forward.index, call, len(inner.arguments)):
            weight = _weight_behind(forward, reference)
            if weight and argument >= 0:
                weights[inner.arguments[argument]] = weight
        outputs = tuple(dict.fromkeys(graph.library.functions[call.function].returns.values()))
        forward = Forward(forward.source, call.function, inner, None, weights, outputs)
    return forward


def _weight_behind(forward: Forward, reference: str) -> Weight | None:
    name = reference.partition(":")[0]
    if name in forward.weights:
        return forward.weights[name]
    origin = forward.index.origin(reference)
    if origin is None:
        return None
    arguments = forward.index.arguments
    return forward.weights.get(arguments[-1 - origin] if origin < 0 else forward.index.names[origin])


def _only_call(forward: Forward) -> Call | None:
    """The one call of a body that does nothing else: every other node hands on, or has no data inputs."""
    index = forward.index
    within = forward.within
    calls = [call for call in index.calls if within is None or call.node in within]
    if len(calls) != 1 or calls[0].op not in PLAIN_CALLS:
        return None
    return None if any(_works(index, number, calls[0].node) for number in forward.numbers) else calls[0]


def _works(index: BodyIndex, number: int, call: int) -> bool:
    return number != call and index.ops[number] not in _HANDS_ON and bool(index.data_inputs(number))
