"""The parts of a report below the signatures: functions, layers, variables, assets, ops and reuse."""

from __future__ import annotations

from smanalyze.model.parts import Presence
from smanalyze.model.record import record
from smanalyze.model.tensors import Shape, Structure
from smanalyze.report.tensors import Argument, OpCount, Reach


@record
class Trace:
    """One concrete function behind a callable: its arguments, what it returns, how many captures it binds."""

    function: str
    arguments: tuple[Argument, ...]
    returns: str
    returns_value: Structure | None
    captures: int
    reach: Reach


@record
class Callable:
    """One function of the object tree. ``path`` is how Python reaches it from the loaded object (``encoder.__call__``,
    ``layers[2].call``); ``call`` is a line that shows such a call. ``internal`` marks functions that TensorFlow or
    Keras put there for themselves. ``arguments`` are those of the definition, or of the first trace where that says
    more."""

    path: str
    kind: str
    object_id: int
    internal: bool
    other_paths: tuple[str, ...]
    call: str
    arguments: tuple[Argument, ...]
    traces: tuple[Trace, ...]
    jit_compile: str


@record
class LibraryFunction:
    """One function of the library.

    ``role`` is ``signature``, ``callable``, ``saver``, ``initializer``, ``gradient``, ``called`` (only by other
    functions) or ``unreachable``. ``calls`` and ``called_by`` are function names; ``via`` the ops that call it.
    """

    name: str
    role: str
    nodes: int
    inputs: int
    outputs: int
    stateful: bool
    calls: tuple[str, ...]
    called_by: tuple[str, ...]
    via: tuple[str, ...]


@record
class Layer:
    """One row of the summary. ``path`` is its place (``encoder/dense_1``), ``depth`` how deep (0: top level).

    ``output_shapes`` has one shape per output, empty where unknown. ``parameters`` counts the elements of its own
    variables and those of its sublayers; shared variables count in each layer that uses them. ``trainable`` is None
    where nothing says so.
    """

    path: str
    name: str
    class_name: str
    depth: int
    output_shapes: tuple[Shape, ...]
    dtype: str
    parameters: int
    trainable_parameters: int
    trainable: bool | None
    variables: tuple[str, ...]
    nodes: int
    inbound: tuple[str, ...] = ()


@record
class LayerTable:
    """The layers of one MetaGraph. ``source`` is ``keras_metadata``, ``object_metadata``, ``object_graph``,
    ``name_scopes`` or ``none``; ``model_class`` and ``model_name`` as the metadata gives them;
    ``notes`` say in sentences what could not be told."""

    source: str
    model_class: str
    model_name: str
    rows: tuple[Layer, ...]
    parameters: int
    trainable_parameters: int
    notes: tuple[str, ...]


@record
class SliceRow:
    """One stored piece of a partitioned variable: ``extent`` as ``start:stop`` per dimension, ``shard`` its file."""

    extent: str
    shard: int
    offset: int
    size: int


@record
class VariableRow:
    """One variable (a stored tensor that no variable claims is listed by the checkpoint section).

    ``role`` is ``weight``, ``optimizer``, ``metric``, ``generator``, ``counter``, ``copy`` (a second stored copy of
    ``copy_of``), or ``unused``. ``size`` is in bytes, of one copy. ``trainable`` is None where nothing says so.
    ``used_by`` names signatures, or, with no signature, callables. ``slot_of`` names the variable an optimizer slot
    belongs to.
    """

    name: str
    checkpoint_keys: tuple[str, ...]
    object_paths: tuple[str, ...]
    dtype: str
    shape: Shape
    elements: int
    size: int
    presence: Presence
    shard: int | None
    trainable: bool | None
    role: str
    device: str
    distribution: tuple[str, ...]
    slices: tuple[SliceRow, ...]
    used_by: tuple[str, ...]
    used_by_functions: int
    written_by: tuple[str, ...]
    copy_of: str | None
    slot_of: str | None
    crc32c: str | None
    layer: str
    meta_graphs: tuple[int, ...]


@record
class StoredTensor:
    """A checkpoint entry that belongs to no variable: a table's content, a counter, the object graph itself."""

    key: str
    dtype: str
    shape: Shape
    size: int
    presence: Presence
    meaning: str


@record
class ShardRow:
    """One data file of the checkpoint: declared by the index header or not, bytes on disk and bytes needed."""

    file: str
    presence: Presence
    declared: bool
    size: int | None
    needed: int


@record
class CheckpointReport:
    """The tensor bundle behind the variables. ``tensors`` counts entries other than the object graph, and ``bytes`` is
    their size."""

    presence: Presence
    prefix: str
    tensors: int
    bytes: int
    endianness: str
    index_size: int
    compressed_blocks: int
    blocks: int
    shards: tuple[ShardRow, ...]
    other_entries: tuple[StoredTensor, ...]


@record
class AssetRow:
    """One file below assets/ or declared to be there. ``declared_in`` is "" for an undeclared file.

    ``initializes`` names the tables or functions that read it; ``used_by`` the signatures that need it.
    """

    filename: str
    size: int | None
    presence: Presence
    declared_in: str
    initializes: tuple[str, ...]
    used_by: tuple[str, ...]
    meta_graphs: tuple[int, ...]


@record
class TableRow:
    """One lookup table. ``content`` says where its rows come from (an asset, constants, the checkpoint)."""

    name: str
    op: str
    key_dtype: str
    value_dtype: str
    object_paths: tuple[str, ...]
    content: str
    assets: tuple[str, ...]
    used_by: tuple[str, ...]


@record
class UnregisteredOp:
    """An op that no TensorFlow release registers; ``library`` is the likely provider, "" where unknown."""

    op: str
    count: int
    library: str
    install: str
    reason: str
    where: tuple[str, ...]


@record
class DeviceCount:
    """Nodes that the user placed on a device."""

    device: str
    count: int


@record
class OpReport:
    """All ops of one MetaGraph: main graph and library together, most frequent first.

    ``first_release`` is the oldest TensorFlow release that registers all of them (unregistered ones apart), "" where
    there is none; ``needs`` names the ops that decide it, () where all are as old as the oldest release we know.
    ``signature_release`` and ``signature_needs`` say the same of what the signatures run, "" without signatures: a
    model often asks for a newer release only to be loaded with its own saver.
    """

    total: int
    distinct: int
    in_main_graph: int
    in_functions: int
    histogram: tuple[OpCount, ...]
    unregistered: tuple[UnregisteredOp, ...]
    devices: tuple[DeviceCount, ...]
    first_release: str
    needs: tuple[str, ...]
    signature_release: str
    signature_needs: tuple[str, ...]


@record
class ReuseAnswer:
    """What one way of loading gives. ``loader`` is the call; ``works`` is ``yes``, ``partly``, ``no`` or ``unknown``;
    ``says`` are plain sentences with the reason."""

    loader: str
    works: str
    says: tuple[str, ...]


@record
class ReuseReport:
    """Can the model be reused, fine-tuned, reloaded as a Keras model?"""

    optimizer: str
    loss: str
    metrics: tuple[str, ...]
    custom_classes: tuple[str, ...]
    save_traces: bool | None
    has_variables: bool
    has_trainable_variables: bool
    has_regularization_losses: bool
    training_argument: str
    gradients: str
    answers: tuple[ReuseAnswer, ...]
