"""The report: what one run of ``smanalyze report`` says about one model."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from smanalyze.model.parts import Presence
from smanalyze.model.record import record
from smanalyze.report.findings import Finding
from smanalyze.report.pictures import Pictures
from smanalyze.report.sections import (
    AssetRow,
    Callable,
    CheckpointReport,
    LayerTable,
    LibraryFunction,
    OpReport,
    ReuseReport,
    TableRow,
    VariableRow,
)  # fmt: skip
from smanalyze.report.tensors import SignatureReport

SCHEMA_VERSION = "1.0"

SECTIONS = ("model", "signatures", "functions", "layers", "variables", "assets", "ops", "findings", "reuse", "not_read")
"""The sections ``--only`` knows, in the order they are shown."""


@record
class PartSize:
    """Bytes and files of one part of the directory (``graph``, ``variables``, ``assets`` ...), on this disk."""

    part: str
    bytes: int
    files: int
    presence: Presence


@record
class Parameters:
    """Numbers of elements. ``total`` counts each variable once that a signature binds, else (no signature) that any
    function other than saver and initializers binds; ``stored`` what the checkpoint holds, copies included.
    Optimizer slots, metrics and generator state stand apart. ``bytes`` belong to ``total``.
    """

    total: int
    trainable: int
    stored: int
    bytes: int
    stored_bytes: int
    optimizer: int
    other_state: int
    copies: int
    trainable_known: bool


@record
class Counts:
    """How many of each there are, over all MetaGraphs."""

    meta_graphs: int
    signatures: int
    callables: int
    concrete_functions: int
    library_functions: int
    nodes: int
    objects: int
    variables: int
    tables: int
    assets: int


@record
class Writer:
    """What wrote the model, with the evidence that says so."""

    name: str
    evidence: tuple[str, ...]


@record
class Producer:
    """The TensorFlow release that wrote the model. ``evidence`` is ``meta_info_def``, ``graph_def_producer`` (then
    ``version`` may be a range of releases) or "" where nothing says so."""

    version: str
    evidence: str
    git_version: str
    graph_def_producer: int
    min_consumer: int


@record
class CanonicalHashes:
    """Five hashes that do not change when a model is only exported again, 16 hex digits each; "" for a part that could
    not be read.

    ``interface``: what callers of the signatures see; ``objects``: what Python finds in the loaded object; ``program``:
    what functions and graphs compute; ``weights``: the stored values, by their checksums; ``assets``: the files.
    """

    interface: str
    objects: str
    program: str
    weights: str
    assets: str


@record
class FingerprintReport:
    """fingerprint.pb as stored; hashes are decimal strings. Recomputing them is the audit's work."""

    presence: Presence
    saved_model_checksum: str = ""
    graph_def_program_hash: str = ""
    signature_def_hash: str = ""
    saved_object_graph_hash: str = ""
    checkpoint_hash: str = ""
    uuid: str = ""
    producer: int | None = None


@record
class Warmup:
    """One TF Serving warmup record, or several that are alike."""

    kind: str
    signature_name: str
    inputs: tuple[str, ...]
    records: int


@record
class ModelSummary:
    """What the model is. ``kind`` is ``SavedModel`` with the form of its file; ``chosen`` and ``other_versions`` tell
    how the path led here."""

    path_name: str
    kind: str
    found: Literal["saved_model", "serving_base", "nested", "file"]
    chosen: str
    other_versions: tuple[str, ...]
    tensorflow_version: str
    producer: Producer
    writer: Writer
    tags: tuple[tuple[str, ...], ...]
    size_bytes: int
    sizes: tuple[PartSize, ...]
    parameters: Parameters
    counts: Counts
    warmup: tuple[Warmup, ...]
    debug_files: int
    headline: str


@record
class MetaGraphReport:
    """One MetaGraphDef. ``init_op`` and ``train_op`` are no signatures and stand here."""

    tags: tuple[str, ...]
    tensorflow_version: str
    init_op: str | None
    train_op: str | None
    signatures: tuple[SignatureReport, ...]
    callables: tuple[Callable, ...]
    functions: tuple[LibraryFunction, ...]
    layers: LayerTable
    tables: tuple[TableRow, ...]
    ops: OpReport


@record
class NotRead:
    """A part that is missing from this report, and why."""

    part: str
    presence: Presence
    reason: str
    file: str | None
    offset: int | None


@record
class Report:
    """Everything. ``sections`` names the ones that were asked for; the others are left empty. ``hashes`` come with the
    section ``model``."""

    schema_version: str
    sections: tuple[str, ...]
    model: ModelSummary
    meta_graphs: tuple[MetaGraphReport, ...]
    variables: tuple[VariableRow, ...]
    checkpoint: CheckpointReport
    assets: tuple[AssetRow, ...]
    fingerprint: FingerprintReport
    reuse: ReuseReport
    pictures: Pictures
    findings: tuple[Finding, ...]
    not_read: tuple[NotRead, ...]
    hashes: CanonicalHashes | None = None


def only_sections(report: Report) -> Report:
    """The report with the sections that were not asked for left empty."""
    wanted = report.sections
    meta_graphs = []
    for graph in report.meta_graphs:
        if "signatures" not in wanted:
            graph = replace(graph, signatures=())
        if "functions" not in wanted:
            graph = replace(graph, callables=(), functions=())
        if "layers" not in wanted:
            graph = replace(graph, layers=replace(graph.layers, rows=()))
        if "assets" not in wanted:
            graph = replace(graph, tables=())
        if "ops" not in wanted:
            graph = replace(graph, ops=replace(graph.ops, histogram=(), unregistered=(), devices=()))
        meta_graphs.append(graph)
    return replace(
        report,
        meta_graphs=tuple(meta_graphs),
        variables=report.variables if "variables" in wanted else (),
        assets=report.assets if "assets" in wanted else (),
        not_read=report.not_read if "not_read" in wanted else (),
    )
