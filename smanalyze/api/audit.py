"""Is a model whole, and is it the one it claims to be?"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from smanalyze.api.facts import build_hashes, gather_files, not_read
from smanalyze.checks.engine import check_audit
from smanalyze.checks.subject import OneAudit
from smanalyze.errors import FormatError, UsageError
from smanalyze.facts.bundle_cover import compare_keys
from smanalyze.facts.coverage import build_coverage, uncovered_files
from smanalyze.facts.fingerprint import audit_fingerprint
from smanalyze.facts.integrity import audit_checkpoint
from smanalyze.facts.manifest import compare_manifest, listable, phases, read_files, unread_manifest
from smanalyze.facts.verdict import judge
from smanalyze.facts.waste import find_waste, needed_bytes
from smanalyze.model.manifest import Manifest
from smanalyze.model.saved_model import SavedModel
from smanalyze.model.weights import WeightsFile
from smanalyze.report.audit import AUDIT_SCHEMA_VERSION, AuditReport, ManifestAudit, WeightsAudit
from smanalyze.report.sections import VariableRow

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes to do) while the bytes of a model are read."""


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
    source = _weights_source(weights)
    lists = _manifests(model, manifest)
    first, second = phases(model, progress, digests or bool(lists))
    asked = digests or manifest is not None
    known = [listed for _, listed in lists if isinstance(listed, Manifest)]
    sums, same = read_files(model, model.files if digests or lists else (), known, first, all_sha256=asked)
    compared: list[tuple[ManifestAudit, frozenset[str]]] = []
    own = {entry.path: sums[entry.path] for entry in listable(model) if entry.path in sums}
    for name, listed in lists:
        if isinstance(listed, Manifest):
            paths = frozenset(one.path for one in listed.files)
            compared.append((compare_manifest(listed, name, model, own, same), paths))
        else:
            compared.append((unread_manifest(name, listed), frozenset()))
    manifests = tuple(result for result, _ in compared)
    fingerprint = audit_fingerprint(model)
    checkpoint = audit_checkpoint(model, progress=second, stats=stats)
    facts = gather_files(model)
    failed = frozenset(failure.tensor for failure in checkpoint.failures if failure.tensor)
    waste = find_waste(model, facts.graphs, facts.variables, failed)
    weights_audit = None if source is None else _compare_weights(model, source, facts.variables)
    files = build_coverage(model, fingerprint, checkpoint, tuple(compared), sums if asked else None)
    verdict, summary = judge(model, fingerprint, checkpoint, manifests)
    return AuditReport(
        schema_version=AUDIT_SCHEMA_VERSION,
        path_name=model.found.path_name,
        kind=model.kind,
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
        not_read=not_read(facts),
        keys=compare_keys(model, facts.variables) if model.checkpoint.presence == "present" else None,
        hashes=build_hashes(facts),
    )


def audit_weights(
    weights: WeightsFile, *, stats: bool = False, digests: bool = False, progress: Progress | None = None
) -> AuditReport:
    """The same of a file of weights without a SavedModel: what it holds, and whether its bytes are those written, as
    far as it carries checksums. Never raises for what is in the file."""
    from smanalyze.facts.weights_file import audit_weights_file, weights_as_model

    report = audit_weights_file(weights, stats=stats, digests=digests, progress=progress)
    facts = gather_files(weights_as_model(weights), weights=weights)
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


def _weights_source(path: str | None) -> WeightsFile | None:
    """The file of weights to compare with. Raises UsageError where it is none."""
    if path is None:
        return None
    from smanalyze.load import load_weights_source

    found = load_weights_source(path)
    if found is None:
        message = "This is no checkpoint and no Keras file; there are no weights to compare with."
        raise UsageError(message if os.path.exists(path) else "There is no such file.", file=path)
    return found


def _compare_weights(model: SavedModel, weights: WeightsFile, variables: tuple[VariableRow, ...]) -> WeightsAudit:
    from smanalyze.facts.weights import compare_weights

    return compare_weights(model, weights, variables)
