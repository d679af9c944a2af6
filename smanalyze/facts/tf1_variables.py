"""Variables of a graph without objects (TF1): from its variable nodes, its VariableDefs and its saver.

Source: tensorflow/python/training/saver.py. A checkpoint key stands in the ``tensor_names`` of RestoreV2; output i of
that node feeds the Assign of the variable.
"""

from __future__ import annotations

from smanalyze.graph.body import BodyIndex
from smanalyze.graph.keys import VARIABLE_OPS
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.record import record
from smanalyze.model.saved_model import MetaGraph, VariableDef
from smanalyze.model.tensors import Shape

_ASSIGN = ("Assign", "AssignVariableOp")
_METRICS = "metric_variables"
_RESTORE = ("RestoreV2", "RestoreSlice", "Restore")


@record
class GraphVariable:
    """One variable node: number, name, checkpoint key, which slice of it (``10,4:0,5:-``), and its VariableDef."""

    number: int
    name: str
    dtype: str
    shape: Shape
    device: str
    key: str
    slice_spec: str
    definition: VariableDef | None


def build_graph_variables(graph: ModelGraph) -> tuple[GraphVariable, ...]:
    """All variable nodes of the main graph, in file order."""
    main = graph.library.main
    restored = _restored_keys(main)
    definitions = {d.variable_name.partition(":")[0]: d for d in graph.meta_graph.variable_defs}
    found = []
    for number, op in enumerate(main.ops):
        if op not in VARIABLE_OPS:
            continue
        node = main.node(number)
        key, spec = restored.get(number, ("", ""))
        if not key:  # not restored by this graph's saver, but perhaps stored under its own name
            key = node.attr_string("shared_name") or node.name if op == "VarHandleOp" else node.name
        dtype = (node.attr_type("dtype") or "invalid").removesuffix("_ref")
        shape, definition = node.attr_shape("shape"), definitions.get(node.name)
        found.append(GraphVariable(number, node.name, dtype, shape, node.device, key, spec, definition))
    return tuple(found)


def metric_names(meta_graph: MetaGraph) -> frozenset[str]:
    """Names of the variables that metrics keep their sums in: the collection ``metric_variables``
    (tensorflow/python/ops/metrics_impl.py, metric_variable)."""
    listed = (c.values for c in meta_graph.collections if c.name == _METRICS and c.kind == "node_list")
    names = [name for values in listed for name in values]
    names += [one.variable_name for one in meta_graph.variable_defs if _METRICS in one.collections]
    return frozenset(name.partition(":")[0] for name in names)


def _restored_keys(main: BodyIndex) -> dict[int, tuple[str, str]]:
    """(checkpoint key, slice) by the number of the variable node that is restored from it."""
    if not any(op in main.op_counts for op in _RESTORE):
        return {}
    found: dict[int, tuple[str, str]] = {}
    names: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for number, op in enumerate(main.ops):
        if op not in _ASSIGN:
            continue
        inputs = main.data_inputs(number)
        if len(inputs) < 2:
            continue
        target, source = main.origin(inputs[0]), _restore_source(main, inputs[1])
        if target is None or target < 0 or source is None:
            continue
        restore, output = source
        keys, slices = names.setdefault(restore, _restore_names(main, restore))
        if output < len(keys):
            found[target] = (keys[output], slices[output] if output < len(slices) else "")
    return found


def _restore_source(main: BodyIndex, reference: str) -> tuple[int, int] | None:
    """(number of the restore node, its output) that a value comes from, through Identity and the like."""
    for _ in range(8):
        number = main.producer(reference)
        if number is None or number < 0:
            return None
        if main.ops[number] in _RESTORE:
            tail = reference.rpartition(":")[2]
            return number, int(tail) if ":" in reference and tail.isdecimal() else 0
        inputs = main.data_inputs(number)
        if main.ops[number] not in ("Identity", "Reshape", "Cast") or not inputs:
            return None
        reference = inputs[0]
    return None


def _restore_names(main: BodyIndex, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    inputs = main.data_inputs(number)
    return _const_strings(main, inputs, 1), _const_strings(main, inputs, 2)


def _const_strings(main: BodyIndex, inputs: list[str], position: int) -> tuple[str, ...]:
    number = main.producer(inputs[position]) if position < len(inputs) else None
    if number is None or number < 0 or main.ops[number] != "Const":
        return ()
    tensor = main.node(number).attr_tensor("value")
    return tuple(text.decode("utf-8", "backslashreplace") for text in tensor.strings) if tensor else ()
