"""What rules about the Python and Keras surface share: what counts as theirs, and how findings are worded."""

from __future__ import annotations

from smanalyze.checks.changes import CallableChange, MetaGraphChange

ENDPOINT = "serve"
"""What ``TFSMLayer`` of Keras 3 calls unless it is told otherwise (keras/src/export/tfsm_layer.py)."""

METADATA = "keras_metadata.pb"

MAX_VALUE = 80
"""Characters of one setting, or of one list of arguments, that a message shows."""

MAX_LINE = 400
"""Characters of one line of evidence."""


def is_judged(callable_: CallableChange) -> bool:
    """Whether changes of a function are its own: not those of what holds it, of the layers inside a Keras model, or of
    places in a list; and whether both graphs were read to their ends."""
    return not callable_.pair.aside and callable_.meta_graph.models.graphs_are_whole


def endpoint_gone(meta_graph: MetaGraphChange) -> bool:
    """Whether ``serve`` was there, as a function or as a signature, and is neither now."""
    old, new = meta_graph.pair.keras.endpoints
    return ENDPOINT in old and ENDPOINT not in new


def endpoint_new(meta_graph: MetaGraphChange) -> bool:
    """The reverse."""
    old, new = meta_graph.pair.keras.endpoints
    return ENDPOINT in new and ENDPOINT not in old


def shortened(value: str, limit: int = MAX_VALUE) -> str:
    """A value cut to what a sentence bears, or a line."""
    return value if len(value) <= limit else value[: limit - 2] + " …"
