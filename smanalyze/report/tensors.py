"""Tensors, structured arguments and signatures, as a report states them."""

from __future__ import annotations

from smanalyze.model.record import record
from smanalyze.model.tensors import Encoding, Shape, Structure

__all__ = [
    "Argument", "OpCount", "Reach", "Shape", "SignatureReport", "Snippet", "Structure", "Tensor", "TensorComponent",
]  # fmt: skip


@record
class TensorComponent:
    """One dense tensor of a sparse, ragged or composite one."""

    role: str
    tensor_name: str
    dtype: str
    shape: Shape


@record
class Tensor:
    """One input or output of a signature. ``tensor_name`` is "" where only the components have one.

    ``default`` is the text of the value TensorFlow Serving uses when the input is not sent; None: it must be sent.
    """

    name: str
    dtype: str
    shape: Shape
    encoding: Encoding
    tensor_name: str
    components: tuple[TensorComponent, ...] = ()
    type_spec: str | None = None
    default: str | None = None


@record
class Argument:
    """One argument of a Python call: ``text`` is how TensorFlow would print its spec, ``value`` the tree itself.

    ``default`` is the text of its default, None where it has none. ``tensors`` counts the tensors it flattens to.
    """

    name: str
    text: str
    value: Structure
    default: str | None = None


@record
class Snippet:
    """Ready code for one caller: ``language`` is ``python``, ``rest`` or ``cpp``; ``title`` says what it does.

    ``note`` tells what to mind, "" where there is nothing.
    """

    language: str
    title: str
    code: str
    note: str = ""


@record
class OpCount:
    """How many nodes have this op."""

    op: str
    count: int


@record
class Reach:
    """What runs when something is called, found by following the model's graph.

    ``functions`` counts the functions below the call; ``function_names`` names them. ``changes`` names what is
    written (variables, tables, other resources). ``parameters`` counts elements of the variables it binds.
    """

    nodes: int
    functions: int
    function_names: tuple[str, ...]
    ops: tuple[OpCount, ...]
    variables: tuple[str, ...]
    parameters: int
    tables: tuple[str, ...]
    assets: tuple[str, ...]
    changes: tuple[str, ...]
    random_ops: tuple[str, ...]
    unregistered_ops: tuple[str, ...]


@record
class SignatureReport:
    """One SignatureDef. ``arguments`` are the Python arguments behind its inputs, where the object graph has them;
    ``backed_by`` is the concrete function it calls, "" for a plain graph (TF1)."""

    key: str
    method_name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    arguments: tuple[Argument, ...]
    backed_by: str
    reach: Reach
    snippets: tuple[Snippet, ...]
