"""Ready code for calling a signature: Python, TensorFlow Serving's REST interface, C++."""

from __future__ import annotations

from smanalyze.facts.snippets_cpp import cpp_snippet
from smanalyze.facts.snippets_feeds import MAX_JSON_VALUES, Caller
from smanalyze.facts.snippets_python import python_snippet
from smanalyze.facts.snippets_rest import rest_snippet
from smanalyze.graph.library import Library
from smanalyze.graph.ops import provider, registered
from smanalyze.report.tensors import Snippet

__all__ = ["MAX_JSON_VALUES", "Caller", "build_snippets", "needed_imports"]


def build_snippets(caller: Caller) -> tuple[Snippet, ...]:
    """One snippet for each way to call the signature. Unknown sizes are 1; values are zeros to be replaced."""
    return (python_snippet(caller), rest_snippet(caller), cpp_snippet(caller))


def needed_imports(library: Library) -> tuple[str, ...]:
    """The statements that register the ops which TensorFlow does not, sorted.

    All ops of the MetaGraph count, not only what one signature reaches: TensorFlow loads it as a whole, and an op in
    an initializer or in another signature stops it just the same.
    """
    unknown = [op for op in library.op_counts if registered(op) is None and op not in library.functions]
    hints = {found.import_hint for op in unknown if (found := provider(op))}
    return tuple(sorted(hints - {"", "import tensorflow"}))
