"""What a run of the worker saw, as records: all that the comparison with a report needs, and nothing else."""

from __future__ import annotations

from smanalyze.model.record import record
from smanalyze.model.tensors import Shape
from smanalyze.report.verify import Again, Death, Environment, Probe, Run


@record
class TensorSeen:
    """One tensor that goes in or out of a loaded signature."""

    name: str
    dtype: str
    shape: Shape


@record
class SignatureSeen:
    """One signature of the loaded object."""

    key: str
    inputs: tuple[TensorSeen, ...]
    outputs: tuple[TensorSeen, ...]


@record
class TraceSeen:
    """One concrete function: its arguments and what it returns as TensorFlow prints them."""

    texts: tuple[str, ...]
    returns: str
    captures: int


@record
class ObjectSeen:
    """What stands at a path of the loaded object. ``kind`` is ``variable``, ``function``, ``asset``, ``resource``,
    ``other``, or ``error`` where nothing does."""

    path: str
    kind: str
    error: str = ""
    name: str = ""
    dtype: str = ""
    shape: Shape = None
    trainable: bool | None = None
    traces: tuple[TraceSeen, ...] = ()
    file: str = ""


@record
class ValueSeen:
    """The masked CRC-32C of a variable's bytes, and the one of the checkpoint's ("" where there is none, or it was not
    asked for)."""

    path: str
    crc32c: str
    stored: str
    error: str


@record
class TableSeen:
    """One lookup table: the dtypes with which its content could be read, its size, and what its asset says of it (None
    where it has none). ``strange`` are keys that the asset does not have."""

    path: str
    key_dtype: str
    value_dtype: str
    size: int
    lines: int | None
    strange: tuple[str, ...]
    error: str


@record
class LoadSeen:
    """One MetaGraph. ``outcome`` is ``ok`` or how the loading ended, ``message`` then says more. ``by_path``: objects
    are known by their paths, else (TF1) variables by their names."""

    tags: tuple[str, ...]
    outcome: str
    message: str
    by_path: bool
    signatures: tuple[SignatureSeen, ...] = ()
    objects: tuple[ObjectSeen, ...] = ()
    values: tuple[ValueSeen, ...] = ()
    tables: tuple[TableSeen, ...] = ()


@record
class HashSeen:
    """One field of the fingerprint: as stored, as TensorFlow computes it, as we do ("" where one does not), and the
    releases that compute it so."""

    name: str
    stored: str
    computed: str
    ours: str
    algorithm: str


@record
class RowsSeen:
    """Whether the rows of a larger batch are those of a smaller one: the largest difference, relative."""

    tags: tuple[str, ...]
    signature: str
    output: str
    difference: float


@record
class VariedSeen:
    """A call of which some ``inputs`` had other values than in the first: which outputs were ``different``."""

    tags: tuple[str, ...]
    signature: str
    inputs: tuple[str, ...]
    outcome: str
    different: tuple[str, ...]


@record
class NotRun:
    """A signature that was not run, and why. ``refused``: because of a risk."""

    tags: tuple[str, ...]
    signature: str
    reason: str
    refused: bool


@record
class Observed:
    """Everything that was seen of one model. ``complete``: every MetaGraph was to be loaded. ``written`` are files
    that the model made or changed, ``unchanged`` tells of the user's own."""

    environment: Environment
    complete: bool
    loads: tuple[LoadSeen, ...]
    runs: tuple[Run, ...]
    not_run: tuple[NotRun, ...]
    rows: tuple[RowsSeen, ...]
    deaths: tuple[Death, ...]
    fingerprint: tuple[HashSeen, ...]
    fingerprint_error: str
    unregistered: tuple[str, ...]
    written: tuple[str, ...]
    unchanged: bool
    again: tuple[Again, ...] = ()
    probes: tuple[Probe, ...] = ()
    varied: tuple[VariedSeen, ...] = ()
