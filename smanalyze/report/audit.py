"""The audit: is the model whole, and is it the one it claims to be?"""

from __future__ import annotations

from typing import Literal

from smanalyze.model.parts import Presence
from smanalyze.model.record import record
from smanalyze.model.tensors import Shape
from smanalyze.report.document import CanonicalHashes, NotRead
from smanalyze.report.findings import Finding

AUDIT_SCHEMA_VERSION = "1.0"

Verdict = Literal["damaged", "incomplete", "modified", "no-fingerprint", "intact"]
VERDICTS: tuple[Verdict, ...] = ("damaged", "incomplete", "modified", "no-fingerprint", "intact")
"""The first that applies."""

FieldStatus = Literal["matches", "differs", "not-computable"]


@record
class FingerprintField:
    """One hash of fingerprint.pb. ``stored`` and ``recomputed`` are decimal strings, "" where there is none.

    ``algorithm`` says how it was computed (``TF 2.14 to 2.21``, ``TF 2.11``, ``split``); ``covers`` which files or
    parts it speaks for; ``reason`` why it is not computable, "" otherwise.
    """

    name: str
    status: FieldStatus
    stored: str
    recomputed: str
    algorithm: str
    covers: tuple[str, ...]
    reason: str = ""


@record
class FingerprintAudit:
    """fingerprint.pb against the model beside it. ``verdict`` is one word of ``matches``, ``differs``, ``absent``,
    ``not-read``; ``says`` are sentences that tell what it means."""

    presence: Presence
    producer: int | None
    uuid: str
    stored_singleprint: str
    recomputed_singleprint: str
    fields: tuple[FingerprintField, ...]
    verdict: str
    says: tuple[str, ...]


@record
class CheckFailure:
    """One fault: ``kind`` is ``crc``, ``range``, ``size``, ``missing``, ``format``, or ``limit`` for what was not
    looked at; ``tensor`` is a checkpoint key, or "" for a block of the index; offsets are in bytes of ``file``."""

    kind: str
    tensor: str
    file: str
    offset: int | None
    size: int | None
    message: str


@record
class Histogram:
    """Counts of finite values in equal bins from ``low`` to ``high``."""

    low: float
    high: float
    counts: tuple[int, ...]


@record
class TensorStatistics:
    """Figures of one stored tensor, over its finite values; None where it has none. ``sparsity`` is the share of exact
    zeros among all elements."""

    key: str
    dtype: str
    shape: Shape
    elements: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    sparsity: float | None
    nan: int
    infinite: int
    all_zero: bool
    constant: bool
    histogram: Histogram | None


@record
class CheckpointAudit:
    """Every byte of the bundle that can be checked. ``tensors`` and ``bytes`` are what the index lists, ``checked`` the
    bytes whose CRC was computed, ``not_checked`` those whose shard is not here, or which have no CRC: those of a Keras
    file, where ``index_blocks`` is 0. Otherwise that counts the blocks of the index whose CRC was computed: those with
    entries, the block that lists them, and the metaindex block."""

    presence: Presence
    tensors: int
    bytes: int
    checked: int
    not_checked: int
    index_blocks: int
    failures: tuple[CheckFailure, ...]
    statistics: tuple[TensorStatistics, ...] = ()


@record
class UncoveredRange:
    """Bytes of a shard that lie in no tensor: nothing reads them, and no checksum would notice a change."""

    file: str
    offset: int
    size: int


@record
class KeyComparison:
    """The keys of the index against the graph and the object graphs, and the data files against the header.

    ``absent`` are keys that the checkpoint's own object graph lists and the index lacks (an export writes such where a
    variable was never initialized); ``unclaimed`` those that neither a variable nor the object graph names; ``unused``
    those whose variable no signature and no function binds. ``missing_shards`` are declared and needed but not here;
    ``surplus_shards`` are here but not declared: stale, or of another save. Where the index is damaged there is nothing
    in ``absent``, in these two and in ``uncovered``.
    """

    absent: tuple[str, ...]
    unclaimed: tuple[str, ...]
    unused: tuple[str, ...]
    missing_shards: tuple[str, ...]
    surplus_shards: tuple[str, ...]
    uncovered: tuple[UncoveredRange, ...]


@record
class WasteRow:
    """Bytes that an export would not need: ``kind`` is ``copy``, ``unbound``, ``optimizer``, ``ema``, ``constant`` or
    ``equal`` (equal bytes, which alone prove nothing); ``share`` is of the stored bytes."""

    kind: str
    name: str
    bytes: int
    share: float
    reason: str


@record
class FileAudit:
    """One file: what covers it. ``covered_by`` names hashes (``saved_model_checksum``, ``checkpoint_hash``, ``crc32c``
    of the index, ``record_crc32c`` of a TFRecord file, ``crc32`` of an archive, ``riegeli`` of a split model's chunks,
    ``recomputed_hashes`` for the fingerprint itself, ``manifest``, ``model.sig``); () means that nothing would notice a
    change, but for one that made the file ``damaged``. ``sha256`` is filled on request. ``status`` is ``damaged``,
    ``not-fetched``, ``changed``, ``added``, ``not-declared``, ``not-read``, ``stray`` or "" for a file that is as it
    should be."""

    path: str
    size: int
    sha256: str | None
    covered_by: tuple[str, ...]
    status: str = ""


@record
class WeightsMatch:
    """One tensor of the weights file against the model: ``status`` is ``same``, ``differs``, ``only-in-file``,
    ``only-in-model`` or ``ambiguous``; ``matched_by`` is ``content`` or ``name``."""

    name: str
    key: str
    status: str
    matched_by: str
    message: str


@record
class WeightsAudit:
    """Whether the weights of a file are those in the model. ``same`` counts the weights that are, those among them that
    cannot be told apart too; ``by_checksum``: values of some are not at hand, so that their stored checksums were
    compared."""

    file: str
    kind: str
    verdict: str
    same: int
    differing: int
    rows: tuple[WeightsMatch, ...]
    says: tuple[str, ...]
    by_checksum: bool = False


@record
class ManifestAudit:
    """The model against a manifest or an OpenSSF signature: names of files that changed, are missing, or were added."""

    file: str
    kind: str
    verdict: str
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    says: tuple[str, ...]


@record
class WeightRow:
    """One tensor. ``key`` is its path in the file, ``name`` the variable's name where the file states it, ``layer`` its
    Keras layer's; ``role`` is ``weight``, ``optimizer``, ``metric``, ``generator`` or ``bookkeeping``; ``size`` is in
    bytes."""

    key: str
    name: str
    layer: str
    role: str
    dtype: str
    shape: Shape
    elements: int
    size: int


@record
class RoleTotal:
    """All tensors of one role; ``size`` in bytes."""

    role: str
    tensors: int
    elements: int
    size: int


@record
class Contents:
    """What a file of weights holds. ``layers`` is None where the file tells no architecture; ``class_name``,
    ``model_name`` and ``keras_version`` are "" where it does not say."""

    class_name: str
    model_name: str
    layers: int | None
    keras_version: str
    totals: tuple[RoleTotal, ...]
    tensors: tuple[WeightRow, ...]


@record
class AuditReport:
    """Everything the audit says of one model. ``summary`` is the one line; ``needed_bytes`` is what the checkpoint
    would hold without the waste that is proven; ``uncovered`` names files that could change unnoticed; ``contents`` is
    None for a SavedModel, ``keys`` where there is no checkpoint."""

    schema_version: str
    path_name: str
    kind: str
    version: str
    verdict: Verdict
    summary: str
    fingerprint: FingerprintAudit
    checkpoint: CheckpointAudit
    waste: tuple[WasteRow, ...]
    needed_bytes: int
    files: tuple[FileAudit, ...]
    uncovered: tuple[str, ...]
    weights: WeightsAudit | None
    manifests: tuple[ManifestAudit, ...]
    findings: tuple[Finding, ...]
    not_read: tuple[NotRead, ...]
    contents: Contents | None = None
    keys: KeyComparison | None = None
    hashes: CanonicalHashes | None = None
