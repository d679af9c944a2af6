"""What ``smanalyze show`` prints: the facts of saved_model_cli's ``show``, and a little more.

Named tuples, because ``show`` is measured in milliseconds and a dataclass takes one to define.
"""

from __future__ import annotations

from typing import NamedTuple

from smanalyze.model.tensors import Component, Shape


class ShownTensor(NamedTuple):
    """A signature's tensor with the enum spelling of its dtype (``DT_FLOAT``)."""

    key: str
    dtype_enum: str
    shape: Shape
    tensor_name: str
    encoding: str
    components: tuple[Component, ...] = ()
    type_spec: str | None = None
    default: str | None = None


class ShownSignature(NamedTuple):
    """One SignatureDef; ``special`` marks ``__saved_model_init_op`` and its like, which no client calls."""

    key: str
    method_name: str
    inputs: tuple[ShownTensor, ...]
    outputs: tuple[ShownTensor, ...]
    special: bool


class ShownArgument(NamedTuple):
    """One argument as saved_model_cli words it: a spec (``text``) or a literal (``text`` with ``type_name``)."""

    name: str | None
    text: str
    type_name: str | None


class ShownTrace(NamedTuple):
    """One option of a function."""

    positional: tuple[ShownArgument, ...]
    named: tuple[ShownArgument, ...]
    returns: str


class ShownFunction(NamedTuple):
    """A function by its path from the root; ``at_root`` ones are those that saved_model_cli lists too."""

    path: str
    at_root: bool
    traces: tuple[ShownTrace, ...]


class ShownMetaGraph(NamedTuple):
    """One MetaGraph; ``ops`` are (name, how often) sorted by name, of the main graph and the whole library."""

    tags: tuple[str, ...]
    signatures: tuple[ShownSignature, ...]
    functions: tuple[ShownFunction, ...]
    ops: tuple[tuple[str, int], ...]


class Shown(NamedTuple):
    """All of it. ``found`` is a sentence when the path led elsewhere than to itself, else ""."""

    path_name: str
    found: str
    meta_graphs: tuple[ShownMetaGraph, ...]
    warnings: tuple[str, ...]
