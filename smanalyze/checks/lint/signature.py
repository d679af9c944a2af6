"""Signatures: whether their tensors exist, and whether inputs and outputs have to do with each other."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.output_flow import UNKNOWN
from smanalyze.checks.rule import ERROR, NOTE, WARNING, Found, rule
from smanalyze.checks.subject import OneModel, OneSignature
from smanalyze.checks.tuple_inputs import tuple_inputs
from smanalyze.graph.body import PLAIN_CALLS, BodyIndex
from smanalyze.graph.keys import PLACEHOLDERS
from smanalyze.graph.ops import randomness, registered, time_dependent
from smanalyze.report.findings import Location, Severity
from smanalyze.report.tensors import Tensor

_LOOPS = ("NextIteration", "RefNextIteration")
_ONE_OUTPUT = frozenset({"Const", "Identity", "VarHandleOp", "ReadVariableOp", *PLACEHOLDERS})


@rule("no-signature", WARNING)
def no_signature(model: OneModel) -> Iterator[Found]:
    """There is no signature.

    Why: TensorFlow Serving, C++, Java and saved_model_cli run call a model by its signatures.
    Fix: pass `signatures=` to tf.saved_model.save, or add them to the SavedModelBuilder.
    """
    facts = model.facts
    # A model saved without its traces cannot have one; that is told by a rule of its own.
    if any(graph.signatures for graph in facts.meta_graphs) or not facts.graph_is_whole:
        return
    if facts.reuse.save_traces is False:
        return
    paths = [c.path for graph in facts.meta_graphs for c in graph.callables if c.kind not in ("resource", "saver")]
    if paths:
        message = f"The model has no signature; only Python can call it, by {named(paths)}."
        evidence = listed(f"function {path}" for path in paths)
        yield Found(Location(), message, (), evidence, severity=NOTE)
    else:
        message = "The model has no signature and no function that can be called by name."
        tags = "; ".join(",".join(graph.tags) or "(no tags)" for graph in facts.meta_graphs)
        yield Found(Location(), message, (), (f"tag-sets: {tags}",))


def _names(tensor: Tensor) -> list[tuple[str, str]]:
    """(role, tensor name) of each tensor of an input or output; of a component without name nothing is said."""
    if tensor.encoding == "dense":
        return [("", tensor.tensor_name)]
    return [(part.role, part.tensor_name) for part in tensor.components if part.tensor_name]


@rule("missing-tensor", ERROR)
def missing_tensor(signature: OneSignature) -> Iterator[Found]:
    """A signature names a tensor that is not in the graph.

    Why: a session (TensorFlow Serving, C++, TF1) feeds and fetches by these names; each call of the signature fails.
    Fix: export the model again; a signature must be made with tensors of the graph that is saved.
    """
    if not signature.meta_graph.facts.graph_is_whole:
        return
    index = signature.meta_graph.graph.library.main
    sides = (("input", signature.report.inputs), ("output", signature.report.outputs))
    for side, tensors in sides:
        for tensor in tensors:
            for role, name in _names(tensor):
                fault = _tensor_fault(signature, index, name)
                if fault:
                    part = f" ({role})" if role else ""
                    yield Found(
                        signature.place(node=name.partition(":")[0] or None),
                        f"The {side} {tensor.name}{part} {fault}.",
                        (*signature.identity, side, tensor.name, role),
                        (f"{side} {tensor.name}{part}: {tensor.dtype}, tensor name {name!r}",),
                    )


def _tensor_fault(signature: OneSignature, index: BodyIndex, name: str) -> str:
    """What is wrong with a tensor name of the main graph; "" where nothing can be proven."""
    if not name:
        return "has no tensor name"
    number = index.producer(name)
    if number is None:
        return f"is the tensor {name}, and the graph has no such node"
    count = _output_count(signature, index, number)
    tail = name.rpartition(":")[2]
    if count is not None and ":" in name and tail.isdecimal() and int(tail) >= count:
        return f"is the tensor {name}, and that node has {count_of(count, 'output')}"
    return ""


def _output_count(signature: OneSignature, index: BodyIndex, number: int) -> int | None:
    """How many outputs a node has; None where its op does not tell."""
    op = index.ops[number]
    if op in _ONE_OUTPUT:
        return 1
    if op in PLAIN_CALLS:
        return len(index.node(number).attr_types("Tout"))
    function = signature.meta_graph.graph.library.functions.get(op)
    return len(function.outputs) if function is not None else None


@rule("input-dtype-mismatch", ERROR)
def input_dtype_mismatch(signature: OneSignature) -> Iterator[Found]:
    """A signature promises another dtype than its placeholder takes.

    Why: a caller who sends what the signature asks for is refused by the graph.
    Fix: export the model again; a signature's dtype must be that of the placeholder behind it.
    """
    index = signature.meta_graph.graph.library.main
    for tensor in signature.report.inputs:
        number = index.producer(tensor.tensor_name) if tensor.encoding == "dense" and tensor.tensor_name else None
        if number is None or number < 0 or index.ops[number] not in PLACEHOLDERS:
            continue
        dtype = index.node(number).attr_type("dtype")
        # A signature may leave the dtype out (old builders did); then it promises nothing.
        if dtype is not None and tensor.dtype not in (dtype, "invalid"):
            yield Found(
                signature.place(node=index.names[number]),
                f"The input {tensor.name} is declared as {tensor.dtype}, and its placeholder takes {dtype}.",
                (*signature.identity, tensor.name),
                (f"signature: {tensor.dtype}", f"node {index.names[number]} ({index.ops[number]}): {dtype}"),
            )


@rule("repeated-input", WARNING)
def repeated_input(signature: OneSignature) -> Iterator[Found]:
    """Two inputs of a signature are the same tensor.

    Why: tf.saved_model.load makes a function of a TF1 signature and refuses it ("appears more than once in the input
    list"); a session takes the value of one of the two.
    Fix: leave one of the names out of the signature.
    """
    if signature.meta_graph.graph.meta_graph.objects is not None:
        return  # there the function behind the signature is called, not the tensors
    names: dict[str, list[str]] = {}
    for tensor in signature.report.inputs:
        for _, name in _names(tensor):
            names.setdefault(name, []).append(tensor.name)
    repeated = {name: inputs for name, inputs in names.items() if name and len(inputs) > 1}
    if repeated:
        first = next(iter(repeated))
        yield Found(
            signature.place(node=first.partition(":")[0]),
            f"The inputs {named(repeated[first])} are one tensor: {first}.",
            (*signature.identity, *sorted(name for inputs in repeated.values() for name in inputs)),
            listed(f"{name}: {', '.join(inputs)}" for name, inputs in repeated.items()),
        )


@rule("reference-output", WARNING)
def reference_output(signature: OneSignature) -> Iterator[Found]:
    """An output is a reference to a variable.

    Why: tf.saved_model.load makes a function of a TF1 signature and refuses an output "of a reference type"; only
    sessions can run it.
    Fix: pass tf.identity of the value to the signature.
    """
    main = signature.meta_graph.graph.library.main
    if signature.meta_graph.graph.meta_graph.objects is not None:
        return
    for tensor in signature.report.outputs:
        number = main.producer(tensor.tensor_name) if tensor.tensor_name else None
        known = registered(main.ops[number]) if number is not None and number >= 0 else None
        # Of RefMerge and its like only the first output is the reference.
        if number is not None and known and known.gives == "ref" and tensor.tensor_name.endswith(":0"):
            yield Found(
                signature.place(node=main.names[number]),
                f"The output {tensor.name} comes from {main.ops[number]}, which gives a reference to a variable.",
                (*signature.identity, tensor.name),
                (f"{tensor.name}: {tensor.dtype}, tensor {tensor.tensor_name}",),
            )


@rule("unused-input", WARNING)
def unused_input(signature: OneSignature) -> Iterator[Found]:
    """Nothing depends on an input.

    Why: a caller must send it, and whatever is sent changes neither an output nor any state. Often the wrong tensor was
    wired to the signature, or the feature was dropped on the way. It is only noted where the input is one field of a
    named tuple whose other fields are used (the TimeStep of TF-Agents), and where the signature has no output at all.
    Fix: remove the input from the signature, or connect it.
    """
    graph = signature.meta_graph.graph
    main = graph.library.main
    fed = {t.name: main.producer(t.tensor_name) for t in signature.report.inputs if t.encoding == "dense"}
    within = graph.main_slice(signature.report.key)
    # A signature whose inputs are tensors inside the graph (an evaluation graph lists what can be fetched) says nothing
    # of what a caller must send; and where wiring is broken, that is told by another rule.
    if not all(_is_placeholder(main, number) for number in fed.values()) or not _is_wired(main, within):
        return
    _, used = signature.dependencies.signature(signature.definition)
    # What comes back through a TF1 loop is not followed by value, so there only the plain graph proves anything.
    looped = any(count.op in _LOOPS for count in signature.report.reach.ops)
    unused = [name for name, number in fed.items() if name not in used and not (looped and number in within)]
    if unused:
        yield Found(
            signature.place(node=_node_name(main, fed[unused[0]]) if len(unused) == 1 else None),
            f"No output and no state depends on the {'input' if len(unused) == 1 else 'inputs'} {named(unused)}.",
            (*signature.identity, *unused),
            listed(
                f"{name}: {'the functions called do not use it' if fed[name] in within else 'no output needs its node'}"
                for name in unused
            ),
            severity=_unused_severity(signature, set(unused)),
        )


def _unused_severity(signature: OneSignature, unused: set[str]) -> Severity:
    """A note where no wrong wiring can be behind it: a field of a value that the caller hands over whole, or an input
    of a signature that has no output to be wired to."""
    fields = tuple_inputs(signature.definition, signature.meta_graph.graph.meta_graph.objects)
    handed_over = unused <= fields and not fields <= unused
    return NOTE if handed_over or not signature.report.outputs else WARNING


def _is_placeholder(index: BodyIndex, number: int | None) -> bool:
    return number is not None and number >= 0 and index.ops[number] in PLACEHOLDERS


def _node_name(index: BodyIndex, number: int | None) -> str | None:
    return index.names[number] if number is not None and number >= 0 else None


def _is_wired(index: BodyIndex, within: frozenset[int]) -> bool:
    """Whether every input of these nodes comes from a node that is there."""
    producers, controls = index.producers, index.controls
    return not any(number >= 0 and (None in producers[number] or None in controls.get(number, ())) for number in within)


@rule("constant-output", NOTE)
def constant_output(signature: OneSignature) -> Iterator[Found]:
    """An output is the same for every input.

    Why: it is computed from constants alone: no input, variable, table, file or chance is behind it. That may be meant
    (a version, a list of labels), or a result that was folded away by mistake.
    Fix: leave it if it is meant; else look at which tensor the output is made from.
    """
    if not signature.report.inputs:
        return
    main = signature.meta_graph.graph.library.main
    depends, _ = signature.dependencies.signature(signature.definition)
    for tensor in signature.report.outputs:
        if depends.get(tensor.name):
            continue
        if tensor.encoding != "dense" or ":" not in tensor.tensor_name or tensor.dtype in ("invalid", "resource"):
            continue
        ops = signature.meta_graph.flow.behind(tensor.tensor_name)
        if ops and all(_is_pure(op) for op in ops):
            yield Found(
                signature.place(node=_node_name(main, main.producer(tensor.tensor_name))),
                f"The output {tensor.name} is computed from constants alone.",
                (*signature.identity, tensor.name),
                (f"{tensor.name}: {tensor.dtype}, tensor {tensor.tensor_name}", f"behind it: {named(sorted(ops), 8)}"),
            )


def _is_pure(op: str) -> bool:
    """Whether the op gives the same for the same inputs; false of placeholders, and of an op nobody registers."""
    known = registered(op)
    if known is None or known.stateful or known.takes or known.gives or op in PLACEHOLDERS:
        return False
    return not randomness(op) and not time_dependent(op)


@rule("random-output", NOTE)
def random_output(signature: OneSignature) -> Iterator[Found]:
    """Equal calls can give different outputs.

    Why: an op that draws on chance or on the clock lies on the way to the output. Tests and comparisons of two models
    must expect it; a dropout that should be off at serving shows here too.
    Fix: if it is not meant, export the function for inference (`training=False`), or use stateless random ops.
    """
    found: dict[str, list[str]] = {}
    if not any(randomness(count.op) or time_dependent(count.op) for count in signature.report.reach.ops):
        return
    for tensor in signature.report.outputs:
        for _, name in _names(tensor):
            ops = signature.meta_graph.flow.behind(name) if name else frozenset()
            chance = sorted(op for op in ops if op != UNKNOWN and (randomness(op) or time_dependent(op)))
            if chance:
                found[tensor.name] = chance
    if found:
        yield Found(
            signature.place(),
            f"The {'output' if len(found) == 1 else 'outputs'} {named(list(found))} can differ between equal calls.",
            (*signature.identity, *sorted(found)),
            listed(f"{name}: {', '.join(ops)}" for name, ops in found.items()),
        )


@rule("state-changed", NOTE)
def state_changed(signature: OneSignature) -> Iterator[Found]:
    """A signature changes the model's state.

    Why: a call writes variables or tables, so results can depend on earlier calls, and copies of a served model drift
    apart.
    Fix: if it is not meant, keep updates (metrics, counters, moving averages) out of the exported function.
    """
    changes = signature.report.reach.changes
    if changes:
        yield Found(
            signature.place(),
            f"A call writes {named(changes)}.",
            (*signature.identity, *changes),
            listed(f"writes {name}" for name in changes),
        )
