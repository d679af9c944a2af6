"""Nodes that TensorFlow refuses to make, and nodes whose work is not in the model."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.bodies import uncalled_by_name
from smanalyze.checks.evidence import count_of, listed, named, stable_name
from smanalyze.checks.refused import refused_evidence, refused_subject
from smanalyze.checks.rule import ERROR, WARNING, Found, rule
from smanalyze.checks.subject import OneMetaGraph
from smanalyze.facts.reuse_refused import invalid_names, missing_inputs

_HOST_CODE = frozenset({"EagerPyFunc", "PyFunc", "PyFuncStateless"})
"""Ops that call Python of their process by a token (tensorflow/python/ops/script_ops.py)."""


@rule("invalid-node-name", ERROR)
def invalid_node_name(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """A node has a name that TensorFlow does not allow.

    Why: TensorFlow refuses the graph or function ("Node name contains invalid characters"): a session the main graph,
    tf.saved_model.load every function. Names are letters, digits and `_ . - / >`, and begin with a letter, digit or
    dot. No export writes another; a tool or a hand did.
    Fix: rename the node, and every input that refers to it, or export the model again.
    """
    found = list(invalid_names(meta_graph.graph.library))
    if found and meta_graph.facts.graph_is_whole:
        yield Found(
            meta_graph.place(function=found[0].function or None, node=found[0].node or None),
            f"{count_of(len(found), 'node has a name', 'nodes have names')} that TensorFlow refuses.",
            refused_subject(meta_graph, found),
            refused_evidence(found),
        )


@rule("missing-input", ERROR)
def missing_input(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """A node has fewer inputs than its op takes.

    Why: TensorFlow refuses the graph or function ("NodeDef expected inputs ... do not match"). What every release's
    definition of the op asks for counts; inputs that are lists may be empty.
    Fix: give the node its inputs, or export the model again; a tool that removes nodes must rewire their users.
    """
    found = list(missing_inputs(meta_graph.graph.library))
    if found and meta_graph.facts.graph_is_whole:
        ops = sorted({item.op for item in found})
        yield Found(
            meta_graph.place(function=found[0].function or None, node=found[0].node or None),
            f"{count_of(len(found), 'node has', 'nodes have')} fewer inputs than {named(ops)} "
            f"{'takes' if len(ops) == 1 else 'take'}.",
            refused_subject(meta_graph, found),
            refused_evidence(found),
        )


@rule("host-code-op", WARNING)
def host_code_op(meta_graph: OneMetaGraph) -> Iterator[Found]:
    """A node calls Python code that is not in the model.

    Why: the node holds a token, and the function of that token lives in the process that exported the model. Elsewhere
    the call fails ("Could not find callback with key=pyfunc_0"), or runs whatever that process registered under the
    token; servers without Python cannot run it at all.
    Fix: write the function with TensorFlow's ops, or leave it out of what is exported.
    """
    library = meta_graph.graph.library
    dead = {row.name for row in meta_graph.report.functions if row.role == "unreachable"}
    dead -= uncalled_by_name(meta_graph.graph) if dead else set()
    found: list[tuple[str, str, str]] = []
    for function in ("", *(name for name in library.functions if name not in dead)):
        index = library.index(function) if function else library.main
        if _HOST_CODE & index.op_counts.keys():
            found += [(function, name, op) for name, op in zip(index.names, index.ops, strict=True) if op in _HOST_CODE]
    if found:
        function, node, _ = found[0]
        yield Found(
            meta_graph.place(function=function or None, node=node),
            f"{count_of(len(found), 'node calls', 'nodes call')} Python code of the exporting process "
            f"({named(sorted({op for _, _, op in found}))}).",
            (*meta_graph.identity, *sorted({f"{stable_name(f)}\t{n}" for f, n, _ in found})),
            listed(f"{op} {node} of {f or 'the main graph'}" for f, node, op in found),
        )
