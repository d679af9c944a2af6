"""What differs between two models, stated without judgement: matched pairs, and what is on one side only.

``old`` and ``new`` are the two sides everywhere; None stands for a side that has no such thing. ``stage`` says how the
two were matched (``key``, ``declared``, ``path``, ``name``, ``content`` …) and ``confidence`` how surely, from 0 to 1.
"""

from __future__ import annotations

from smanalyze.model.record import record
from smanalyze.model.tensors import Shape
from smanalyze.report.document import MetaGraphReport
from smanalyze.report.sections import AssetRow, Callable, Trace, VariableRow
from smanalyze.report.tensors import OpCount, SignatureReport, Tensor


@record
class TensorPair:
    """An input or output of a signature."""

    old: Tensor | None
    new: Tensor | None
    stage: str = "key"
    confidence: float = 1.0


@record
class SignaturePair:
    """A signature. ``same_program`` is whether both compute the same from the same inputs; ``dead_inputs`` and
    ``constant_outputs`` name, for each side, inputs that no output needs and outputs that need no input."""

    old: SignatureReport | None
    new: SignatureReport | None
    inputs: tuple[TensorPair, ...]
    outputs: tuple[TensorPair, ...]
    same_program: bool
    stage: str = "key"
    confidence: float = 1.0
    dead_inputs: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    constant_outputs: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


@record
class TracePair:
    """One trace of a function, matched by what it takes."""

    old: Trace | None
    new: Trace | None
    takes: str


@record
class CallablePair:
    """A function of the object tree, matched by its path."""

    old: Callable | None
    new: Callable | None
    traces: tuple[TracePair, ...]
    stage: str = "path"
    confidence: float = 1.0


@record
class NodeChange:
    """One node of a changed body. ``kind`` is ``added``, ``removed``, ``attrs`` or ``rewired``; ``old`` and ``new`` say
    what it was and is, a value or an attr, "" on the side that has none."""

    kind: str
    name: str
    op: str
    old: str = ""
    new: str = ""


@record
class FunctionChange:
    """A body whose own nodes changed: a function of the library, or ("" as name) the main graph.

    ``nodes`` are the changed ones, at most some hundred; ``ops_added`` and ``ops_removed`` count all.
    ``only_constants`` and ``only_attrs``: nothing else changed. ``downstream`` counts nodes that are as they were and
    compute on what changed. ``reach`` names signatures and callables that run the body.
    """

    old: str
    new: str
    stem: str
    stage: str
    confidence: float
    ops_added: tuple[OpCount, ...]
    ops_removed: tuple[OpCount, ...]
    nodes: tuple[NodeChange, ...]
    changed_nodes: int
    rewired: int
    downstream: int
    only_constants: bool
    only_attrs: bool
    reach: tuple[str, ...]
    equal_nodes: int = 0
    attributes: tuple[tuple[str, str, str], ...] = ()


@record
class FunctionRow:
    """A function that is on one side only, or has another name there."""

    old: str
    new: str
    nodes: int
    reachable: bool
    reach: tuple[str, ...] = ()


@record
class OpChange:
    """An op that one side has more of in a place: ``where`` names signatures, callables or functions."""

    op: str
    old: int
    new: int
    where: tuple[str, ...]
    functions: tuple[str, ...] = ()


@record
class ObjectRow:
    """An object of one MetaGraph's object tree by its path: ``kind`` and ``identifier`` as the model says."""

    path: str
    kind: str
    identifier: str
    registered_name: str
    version: str = ""


@record
class ObjectPair:
    """An object of the tree that is not a function or a variable."""

    old: ObjectRow | None
    new: ObjectRow | None
    stage: str = "path"


@record
class LayerFact:
    """A Keras layer as the metadata says: ``config`` is its canonical text."""

    path: str
    name: str
    class_name: str
    registered_name: str
    config: str
    has_lambda: bool = False


@record
class LayerPair:
    """A Keras layer of the metadata."""

    old: LayerFact | None
    new: LayerFact | None
    stage: str = "name"


@record
class WeightDelta:
    """How the values of a variable changed. ``changed`` elements differ; ``max_abs`` is the largest difference,
    ``relative`` the norm of the difference over the norm of the old values, ``cosine`` between the two; None where
    there is none. ``kind`` is ``rounding``, ``fine-tuned``, ``re-trained``, ``re-initialised``, ``degenerate`` or
    ``changed`` (no numbers)."""

    elements: int
    changed: int
    max_abs: float | None
    relative: float | None
    cosine: float | None
    old_mean: float | None
    new_mean: float | None
    old_std: float | None
    new_std: float | None
    old_nonfinite: int
    new_nonfinite: int
    new_zero: bool
    new_constant: bool
    old_constant: bool
    kind: str


@record
class VariablePair:
    """A variable. ``values`` is ``equal`` (by checksum), ``changed``, ``not-fetched``, ``not-compared`` or "" where one
    side has none."""

    old: VariableRow | None
    new: VariableRow | None
    values: str
    delta: WeightDelta | None = None
    stage: str = "name"
    confidence: float = 1.0


@record
class AssetPair:
    """An asset by its file name. ``same`` is None where the bytes are not known on both sides; ``lines`` are the counts
    of lines of a text file, None for other files."""

    old: AssetRow | None
    new: AssetRow | None
    same: bool | None
    lines: tuple[int | None, int | None] = (None, None)
    rows: tuple[tuple[str, int], ...] = ()


@record
class FilePair:
    """A file of the model's folder by its path: sizes, and whether the bytes are equal (None: not compared)."""

    path: str
    old: int | None
    new: int | None
    same: bool | None
    symlink: bool = False


@record
class MetaGraphPair:
    """A MetaGraph, matched by its tags."""

    old: MetaGraphReport | None
    new: MetaGraphReport | None
    signatures: tuple[SignaturePair, ...] = ()
    callables: tuple[CallablePair, ...] = ()
    functions: tuple[FunctionChange, ...] = ()
    function_rows: tuple[FunctionRow, ...] = ()
    ops: tuple[OpChange, ...] = ()
    objects: tuple[ObjectPair, ...] = ()
    layers: tuple[LayerPair, ...] = ()
    init_changed: bool = False
    same_program: bool = True
    stage: str = "tags"


@record
class Normalised:
    """Differences that mean nothing, and how many there are."""

    what: str
    count: int


@record
class Changes:
    """All of it."""

    meta_graphs: tuple[MetaGraphPair, ...]
    variables: tuple[VariablePair, ...]
    assets: tuple[AssetPair, ...]
    files: tuple[FilePair, ...]
    normalised: tuple[Normalised, ...]
    not_compared: tuple[tuple[str, str], ...]
    unused_renames: tuple[str, ...] = ()


def shape_words(shape: Shape) -> str:
    """A shape as people write it: ``[?, 10]``; ``unknown rank``."""
    return (
        "unknown rank" if shape is None else "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
    )
