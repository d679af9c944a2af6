"""What differs between two models, stated without judgement: matched pairs, and what is on one side only.

``old`` and ``new`` are the two sides everywhere; None stands for a side that has no such thing. ``stage`` says how the
two were matched (``key``, ``declared``, ``path``, ``name``, ``content`` …) and ``confidence`` how surely, from 0 to 1.
"""

from __future__ import annotations

from smanalyze.model.record import record
from smanalyze.model.tensors import Shape
from smanalyze.report.document import MetaGraphReport
from smanalyze.report.noise import Normalised
from smanalyze.report.program_changes import ConstantChange, FunctionRow, OpChange, RiskChange, StringConstant
from smanalyze.report.python_changes import (
    ArgumentPair,
    DescriptionPair,
    KerasPair,
    LayerPair,
    ListPair,
    ObjectPair,
    ReturnChange,
)
from smanalyze.report.sections import AssetRow, Callable, DeviceCount, Trace, VariableRow
from smanalyze.report.tensors import OpCount, SignatureReport, Tensor


@record
class TensorPair:
    """An input or output of a signature."""

    old: Tensor | None
    new: Tensor | None
    stage: str = "key"
    confidence: float = 1.0


@record
class InputRun:
    """Neighbours among inputs that are numbered by their places. ``same``: both sides are the same inputs, in another
    place; else the old ones went, and the new ones came."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    same: bool


@record
class SignaturePair:
    """A signature. ``same_program`` is whether both compute the same from the same inputs; ``dead_inputs`` and
    ``constant_outputs`` name, for each side, inputs that no output needs and outputs that need no input. ``shifted``
    are inputs that are numbered by their places and have other places now."""

    old: SignatureReport | None
    new: SignatureReport | None
    inputs: tuple[TensorPair, ...]
    outputs: tuple[TensorPair, ...]
    same_program: bool
    stage: str = "key"
    confidence: float = 1.0
    dead_inputs: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    constant_outputs: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    shifted: tuple[InputRun, ...] = ()


@record
class TracePair:
    """One trace of a function: the new one takes all that the old one takes, and more where it is ``wider``. ``takes``
    says what, in words; ``returns`` how the results differ; ``misses`` where the only new trace takes other things."""

    old: Trace | None
    new: Trace | None
    takes: str
    returns: tuple[ReturnChange, ...] = ()
    wider: bool = False
    misses: tuple[str, ...] = ()


@record
class CallablePair:
    """A function of the object tree, matched by its path.

    ``lost`` are its paths that lead to no function now, ``gained`` those that led to none. ``reordered`` names its
    arguments by position on both sides, where callers by position are hit. ``aside`` says why its changes are told
    elsewhere: ``list`` (its path counts places in a list), ``layer`` (inside a Keras model), ``object`` (what holds it
    is on one side only).
    """

    old: Callable | None
    new: Callable | None
    traces: tuple[TracePair, ...]
    stage: str = "path"
    confidence: float = 1.0
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    arguments: tuple[ArgumentPair, ...] = ()
    reordered: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    aside: str = ""


@record
class NodeChange:
    """One node of a changed body. ``kind`` is ``added``, ``removed``, ``attrs``, ``rewired`` (it takes its inputs from
    elsewhere), ``device`` (only where it runs), ``control`` (only what must run before it) or ``gradient`` (only its
    custom gradient); ``old`` and ``new`` say what it was and is, a value or an attr, "" on the side that has none."""

    kind: str
    name: str
    op: str
    old: str = ""
    new: str = ""


@record
class FunctionChange:
    """A body whose own nodes changed: a function of the library, or ("" as name) the main graph.

    ``nodes`` are the changed ones, at most some hundred; ``ops_added`` and ``ops_removed`` count all.
    ``devices``, ``controls`` and ``gradients`` count the nodes of these kinds. ``only_constants`` and ``only_attrs``:
    what else changed is nothing but that; ``only_devices``, ``only_controls``: there is nothing else at all (and, of
    controls, no node in the body changes any state). ``passing`` are nodes on one side alone that only hand a value on;
    they are counted where nothing else but those kinds changed, so that the same is computed.
    ``downstream`` counts nodes that are as they were and compute on what changed. ``reach`` names signatures and
    callables that run the body, ``served`` is whether a signature does, ``role`` is that of a LibraryFunction.

    One change shows in several bodies where Keras 2 writes a layer's nodes into those of the model, too, or a function
    was traced several times: ``echo_of`` then names the new function of the body that tells it, which has the names of
    the others as ``seen_in`` and their reach. ``calls_added`` and ``calls_removed`` say what is in functions that only
    one side calls.
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
    only_devices: bool = False
    only_controls: bool = False
    devices: int = 0
    controls: int = 0
    gradients: int = 0
    served: bool = False
    role: str = ""
    echo_of: str = ""
    seen_in: tuple[str, ...] = ()
    calls_added: tuple[str, ...] = ()
    calls_removed: tuple[str, ...] = ()
    passing: int = 0


@record
class WeightDelta:
    """How the values of a variable changed. ``changed`` of so many ``elements`` differ (0 and 0 where they cannot be
    told one by one: another shape); ``max_abs`` is the largest difference, ``relative`` the norm of the difference over
    the norm of the old values, ``cosine`` between the two, all over values that are finite on both sides; None where
    there is none. Complex numbers count as their two parts, but in ``elements`` and ``changed``. ``kind`` is
    ``rounding``, ``fine-tuned``, ``re-trained``, ``re-initialised``, ``degenerate`` or ``changed`` (no numbers, or no
    weight)."""

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
    """A variable. ``values`` is ``equal`` (by checksum, or because neither side stores any), ``changed``,
    ``not-fetched``, ``not-read``, ``not-compared`` or "" where one side has none. ``unread`` says why changed values
    have no ``delta``: ``budget``, ``missing`` (not at hand) or ``unreadable``, "" where they have, or nobody asked.
    ``label`` is its name without what an export counts. ``renamed``: its name is another, counters of an exporter
    apart. ``placement`` are (what, old, new) of device, replicas, synchronization and aggregation, those that
    changed."""

    old: VariableRow | None
    new: VariableRow | None
    values: str
    delta: WeightDelta | None = None
    stage: str = "name"
    confidence: float = 1.0
    unread: str = ""
    label: str = ""
    renamed: bool = False
    placement: tuple[tuple[str, str, str], ...] = ()


@record
class AssetPair:
    """An asset by its file name. ``same`` is None where the bytes are not known on both sides; ``lines`` are the counts
    of lines of a text file, None for other files; ``added`` and ``removed`` how many lines, wherever they stand (None:
    not compared), and ``samples`` some of them. ``rows`` are variables, with their number of rows, that fitted the old
    number of lines and do not fit the new; or tables, with the number of lines that they demand."""

    old: AssetRow | None
    new: AssetRow | None
    same: bool | None
    lines: tuple[int | None, int | None] = (None, None)
    rows: tuple[tuple[str, int], ...] = ()
    added: int | None = None
    removed: int | None = None
    samples: tuple[str, ...] = ()


@record
class FilePair:
    """A file of the model's folder by its path: sizes, and whether the bytes are equal (None: not compared).
    ``symlink``: it is one now; ``became_link``: and was none. ``kind`` of one that is new or has other bytes, and
    ``old_kind`` of what was there: ``executable``, ``script`` or ``pickle``, "" for what does not run."""

    path: str
    old: int | None
    new: int | None
    same: bool | None
    symlink: bool = False
    became_link: bool = False
    kind: str = ""
    old_kind: str = ""


@record
class MetaGraphPair:
    """A MetaGraph, matched by its tags. ``init_changed``: what runs at load is another program; ``init_ops`` are the
    ops that it runs more often, and less often, then; ``devices`` what nodes that run are tied to, on each side.
    ``functions_cut``: there were too many functions without a partner to look for one for all of them.
    ``descriptions``: in what the objects are written differently, () where their canonical hash is the same."""

    old: MetaGraphReport | None
    new: MetaGraphReport | None
    signatures: tuple[SignaturePair, ...] = ()
    callables: tuple[CallablePair, ...] = ()
    functions: tuple[FunctionChange, ...] = ()
    function_rows: tuple[FunctionRow, ...] = ()
    ops: tuple[OpChange, ...] = ()
    objects: tuple[ObjectPair, ...] = ()
    layers: tuple[LayerPair, ...] = ()
    lists: tuple[ListPair, ...] = ()
    keras: KerasPair = KerasPair()
    init_changed: bool = False
    init_ops: tuple[tuple[OpCount, ...], tuple[OpCount, ...]] = ((), ())
    devices: tuple[tuple[DeviceCount, ...], tuple[DeviceCount, ...]] = ((), ())
    functions_cut: bool = False
    risks: tuple[RiskChange, ...] = ()
    constants: tuple[ConstantChange, ...] = ()
    strings: tuple[StringConstant, ...] = ()
    same_program: bool = True
    stage: str = "tags"
    descriptions: tuple[DescriptionPair, ...] = ()


@record
class Changes:
    """All of it."""

    meta_graphs: tuple[MetaGraphPair, ...]
    variables: tuple[VariablePair, ...]
    assets: tuple[AssetPair, ...]
    files: tuple[FilePair, ...]
    normalised: Normalised
    not_compared: tuple[tuple[str, str], ...]
    unused_renames: tuple[str, ...] = ()


def shape_words(shape: Shape) -> str:
    """A shape as people write it: ``[?, 10]``; ``unknown rank``."""
    return (
        "unknown rank" if shape is None else "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
    )
