"""The verbs. The only place that knows in which order the steps of an analysis follow each other."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from smanalyze.checks.engine import catalogue, check_audit, check_model
from smanalyze.checks.subject import ModelFacts, OneAudit
from smanalyze.errors import FormatError, UsageError
from smanalyze.facts.assets import build_assets, build_tables
from smanalyze.facts.callables import build_callables
from smanalyze.facts.checkpoint import build_checkpoint
from smanalyze.facts.layers import build_layer_table
from smanalyze.facts.library import build_library
from smanalyze.facts.names import Names
from smanalyze.facts.op_report import build_ops
from smanalyze.facts.pictures import build_pictures
from smanalyze.facts.reuse import build_reuse
from smanalyze.facts.signatures import build_signatures
from smanalyze.facts.summary import build_summary
from smanalyze.facts.values import Values, find_values
from smanalyze.facts.variables import build_variables
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.manifest import Manifest
from smanalyze.model.saved_model import SavedModel
from smanalyze.model.weights import WeightsFile
from smanalyze.report.audit import AUDIT_SCHEMA_VERSION, AuditReport, ManifestAudit, WeightsAudit
from smanalyze.report.document import (
    SCHEMA_VERSION,
    SECTIONS,
    FingerprintReport,
    MetaGraphReport,
    NotRead,
    Report,
    only_sections,
)  # fmt: skip
from smanalyze.report.findings import RuleInfo
from smanalyze.report.sections import VariableRow

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes to do) while the bytes of a model are read."""


def analyze(model: SavedModel, *, sections: tuple[str, ...] = SECTIONS) -> Report:
    """Everything smanalyze can say about a loaded model.

    ``sections`` names the parts wanted (see ``report.document.SECTIONS``); the summary is always made. Raises
    UsageError for a name that is none. Reads no tensor values.
    """
    unknown = [name for name in sections if name not in SECTIONS]
    if unknown:
        raise UsageError(f"There is no section {unknown[0]!r}. Sections: {', '.join(SECTIONS)}.")
    facts = gather(model)
    findings = check_model(facts) if "findings" in sections else ()
    report = Report(
        schema_version=SCHEMA_VERSION,
        sections=tuple(name for name in SECTIONS if name in sections),
        model=facts.summary,
        meta_graphs=facts.meta_graphs,
        variables=facts.variables,
        checkpoint=facts.checkpoint,
        assets=facts.assets,
        fingerprint=_fingerprint(model),
        reuse=facts.reuse,
        pictures=build_pictures(facts.variables, tuple(graph.ops for graph in facts.meta_graphs)),
        findings=findings,
        not_read=_not_read(facts),
    )
    return report if set(sections) == set(SECTIONS) else only_sections(report)


def build_graphs(model: SavedModel) -> tuple[ModelGraph, ...]:
    """The typed graph of each MetaGraph: ``.nx`` is the networkx graph, its queries are methods, and ``body_graph()``
    gives the nodes of one function as a networkx graph."""
    return tuple(ModelGraph(meta_graph) for meta_graph in model.meta_graphs)


def gather(model: SavedModel) -> ModelFacts:
    """The facts that rules judge and reports show."""
    graphs = build_graphs(model)
    names = tuple(Names(graph) for graph in graphs)
    callables = tuple(build_callables(graph, name_table) for graph, name_table in zip(graphs, names, strict=True))
    variables = build_variables(model, graphs, names, callables)
    checkpoint = build_checkpoint(model, variables)
    assets = build_assets(model, graphs, names)
    path = "/".join(filter(None, (model.found.path_name, model.found.chosen)))
    meta_graphs = tuple(
        MetaGraphReport(
            tags=graph.meta_graph.tags,
            tensorflow_version=graph.meta_graph.tensorflow_version,
            init_op=graph.meta_graph.init_op,
            train_op=graph.meta_graph.train_op,
            signatures=build_signatures(graph, name_table, path, several=len(graphs) > 1),
            callables=functions,
            functions=build_library(graph, functions),
            layers=build_layer_table(model, graph.meta_graph, graph),
            tables=build_tables(graph, name_table),
            ops=build_ops(graph),
        )
        for graph, name_table, functions in zip(graphs, names, callables, strict=True)
    )
    summary = build_summary(model, graphs, meta_graphs, variables, checkpoint, assets)
    reuse = build_reuse(model, graphs)
    return ModelFacts(model, graphs, names, summary, meta_graphs, variables, checkpoint, assets, reuse)


def rules() -> tuple[RuleInfo, ...]:
    """The catalogue of rules, by id."""
    return catalogue()


def _fingerprint(model: SavedModel) -> FingerprintReport:
    stored = model.fingerprint
    if stored is None:
        return FingerprintReport(model.fingerprint_presence)
    return FingerprintReport(
        model.fingerprint_presence,
        str(stored.saved_model_checksum),
        str(stored.graph_def_program_hash),
        str(stored.signature_def_hash),
        str(stored.saved_object_graph_hash),
        str(stored.checkpoint_hash),
        stored.uuid,
        stored.producer,
    )


def _not_read(facts: ModelFacts) -> tuple[NotRead, ...]:
    lost = [NotRead(p.part, p.presence, p.message, p.file, p.offset) for p in facts.model.unreadable]
    if any(graph.is_cut for graph in facts.graphs):
        reason = "The model has so many signatures over so large a graph that what some of them reach was not followed."
        lost.append(NotRead("signatures", "not-read", reason, None, None))
    return tuple(lost)


def values(model: SavedModel, name: str) -> Values:
    """One variable, constant or asset by name, read now.

    Raises UsageError where no or more than one thing has the name, FormatError where its bytes cannot be read.
    """
    return find_values(model, name)


def audit(
    model: SavedModel,
    *,
    stats: bool = False,
    weights: str | None = None,
    manifest: str | None = None,
    digests: bool = False,
    progress: Progress | None = None,
) -> AuditReport:
    """Is the model whole, and is it the one it claims to be? Reads every byte that something can be compared with.

    ``stats`` adds figures of every stored tensor; ``weights`` and ``manifest`` are paths of files to compare with;
    ``digests`` adds the sha256 of every file. Raises UsageError or FormatError where one of those files is of no use.
    """
    from smanalyze.facts.coverage import build_coverage, uncovered_files
    from smanalyze.facts.fingerprint import audit_fingerprint
    from smanalyze.facts.integrity import audit_checkpoint
    from smanalyze.facts.manifest import compare_manifest, digest_files, listable, phases, unread_manifest
    from smanalyze.facts.verdict import judge
    from smanalyze.facts.waste import find_waste, needed_bytes

    lists = _manifests(model, manifest)
    first, second = phases(model, progress, digests or bool(lists))
    sums = digest_files(model, model.files, first) if digests or lists else {}
    compared: list[tuple[ManifestAudit, frozenset[str]]] = []
    own = {entry.path: sums[entry.path] for entry in listable(model) if entry.path in sums}
    for name, listed in lists:
        if isinstance(listed, Manifest):
            paths = frozenset(one.path for one in listed.files)
            compared.append((compare_manifest(listed, name, model, own), paths))
        else:
            compared.append((unread_manifest(name, listed), frozenset()))
    manifests = tuple(result for result, _ in compared)
    fingerprint = audit_fingerprint(model)
    checkpoint = audit_checkpoint(model, progress=second, stats=stats)
    facts = gather(model)
    waste = find_waste(model, facts.graphs, facts.variables)
    weights_audit = _compare_weights(model, weights, facts.variables)
    asked = digests or manifest is not None
    files = build_coverage(model, fingerprint, checkpoint, tuple(compared), sums if asked else None)
    verdict, summary = judge(model, fingerprint, checkpoint, manifests)
    return AuditReport(
        schema_version=AUDIT_SCHEMA_VERSION,
        path_name=facts.summary.path_name,
        kind=facts.summary.kind,
        version=model.found.chosen if model.found.given == "serving_base" else "",
        verdict=verdict,
        summary=summary,
        fingerprint=fingerprint,
        checkpoint=checkpoint,
        waste=waste,
        needed_bytes=needed_bytes(model, waste),
        files=files,
        uncovered=uncovered_files(files),
        weights=weights_audit,
        manifests=manifests,
        findings=check_audit(OneAudit(facts, fingerprint, checkpoint, manifests, weights_audit)),
        not_read=_not_read(facts),
    )


def audit_weights(
    weights: WeightsFile, *, stats: bool = False, digests: bool = False, progress: Progress | None = None
) -> AuditReport:
    """The same of a file of weights without a SavedModel: what it holds, and whether its bytes are those written, as
    far as it carries checksums. Never raises for what is in the file."""
    from smanalyze.facts.weights_file import audit_weights_file, weights_as_model

    report = audit_weights_file(weights, stats=stats, digests=digests, progress=progress)
    facts = gather(weights_as_model(weights))
    return replace(report, findings=check_audit(OneAudit(facts, report.fingerprint, report.checkpoint, (), None)))


def write_manifest(model: SavedModel, report: AuditReport) -> str:
    """An in-toto statement that lists every file of the model with its sha256, and its fingerprint. The same model
    gives the same text.

    ``report`` is the model's audit, made with ``digests``. Raises FormatError where a file could not be read: a list
    with a gap is worse than none.
    """
    from smanalyze.facts.manifest import listable, listed_files, manifest_predicate
    from smanalyze.facts.summary import build_producer
    from smanalyze.format.manifest import write_statement

    sums = {row.path: row.sha256 for row in report.files if row.sha256 is not None}
    paths = [entry.path for entry in listable(model)]
    for path in paths:
        if path not in sums:
            raise FormatError("The file cannot be read, so the manifest would have a gap.", file=path)
    version = build_producer(model.meta_graphs).version
    predicate = manifest_predicate(model, report.fingerprint, version)
    return write_statement(listed_files({path: sums[path] for path in paths}), predicate)


def _manifests(model: SavedModel, given: str | None) -> list[tuple[str, Manifest | str]]:
    """(what it is called, what it says or why it could not be read): the manifest given, and a signature beside the
    model."""
    from smanalyze.facts.manifest import SIGNATURE_FILE
    from smanalyze.format.manifest import parse_manifest
    from smanalyze.source.directory import Directory

    found: list[tuple[str, Manifest | str]] = []
    if given is not None:
        folder, name = os.path.split(given)
        try:
            found.append((name, parse_manifest(Directory(folder or ".").read(name), file=given)))
        except FormatError as error:
            raise FormatError(error.message, file=given) from error
    if model.found.given == "file":
        return found
    if any(entry.path == SIGNATURE_FILE for entry in model.files):
        found.append((SIGNATURE_FILE, _signature(model, SIGNATURE_FILE)))
    else:
        beside = _signature(model, f"../{SIGNATURE_FILE}")
        names = {model.found.path_name, model.found.chosen.rpartition("/")[2]}
        if isinstance(beside, Manifest) and beside.name in names:  # it speaks for this folder, not for a neighbour
            found.append((f"../{SIGNATURE_FILE}", beside))
    return found


def _signature(model: SavedModel, path: str) -> Manifest | str:
    """What a signature says, or a sentence that tells why it says nothing."""
    from smanalyze.format.limits import MAX_MANIFEST_BYTES
    from smanalyze.format.manifest import parse_manifest

    data = bytearray()
    try:
        for piece in model.file_pieces(path) if model.file_pieces else ():
            data += piece
            if len(data) > MAX_MANIFEST_BYTES:
                break
        return parse_manifest(bytes(data), file=path)
    except FormatError as error:
        return error.message


def _compare_weights(model: SavedModel, path: str | None, variables: tuple[VariableRow, ...]) -> WeightsAudit | None:
    if path is None:
        return None
    from smanalyze.facts.weights import compare_weights
    from smanalyze.load import load_weights_source

    found = load_weights_source(path)
    if found is None:
        raise UsageError("This is no checkpoint and no Keras file; there are no weights to compare with.", file=path)
    return compare_weights(model, found, variables)
