"""What an audit finds: bytes that are not those written, and a model that is not the one that was listed."""

from __future__ import annotations

from collections.abc import Iterator

from smanalyze.checks.evidence import count_of, listed, named
from smanalyze.checks.rule import ERROR, NOTE, WARNING, Found, rule
from smanalyze.checks.subject import OneAudit, OneManifest
from smanalyze.facts.verdict import NO_DAMAGE, graph_damage
from smanalyze.report.audit import CheckFailure
from smanalyze.report.findings import Location

_TOLD_BY_LENGTH = frozenset({"range"})
"""Kinds of failures of a data file that truncated-shard tells."""


@rule("tensor-corrupt", ERROR)
def tensor_corrupt(audit: OneAudit) -> Iterator[Found]:
    """Stored bytes are not those that were written.

    Why: the checksum that was stored with each tensor does not fit its bytes, or the bytes do not fit its dtype and
    shape. TensorFlow notices when it restores the tensor, and stops; where the bytes are read past its checks, wrong
    values are computed with.
    Fix: copy the file again from where the model was exported. What else it holds is listed as checked.
    """
    index = f"{audit.facts.checkpoint.prefix}.index"  # what it says of a tensor is no proof where it is damaged
    failures = [one for one in audit.checkpoint.failures if one.tensor and one.file != index]
    failures = [one for one in failures if one.kind not in _TOLD_BY_LENGTH | NO_DAMAGE]
    for file in dict.fromkeys(one.file for one in failures):
        mine = [one for one in failures if one.file == file]
        tensors = list(dict.fromkeys(one.tensor for one in mine))
        yield Found(
            Location(file=file, offset=mine[0].offset, variable=tensors[0] if len(tensors) == 1 else None),
            f"{count_of(len(tensors), 'tensor is', 'tensors are')} damaged: {named(tensors)}.",
            (file, *sorted(tensors)[:20]),
            listed(map(_line, mine)),
        )


def _line(one: CheckFailure) -> str:
    place = "" if one.offset is None else f" at byte {one.offset:,}"
    size = "" if one.size is None else f", {count_of(one.size, 'byte')}"
    return f"{one.tensor}{place}{size}: {one.message}"


@rule("graph-damaged", ERROR)
def graph_damaged(audit: OneAudit) -> Iterator[Found]:
    """The graph file does not parse as a whole.

    Why: most of it can be read, and somewhere, perhaps inside a function, bytes follow no rule of the format.
    TensorFlow reads all of the file at once, and stops.
    Fix: copy the file again, in binary form, from where the model was exported.
    """
    for sentence in graph_damage(audit.facts.model, audit.fingerprint):
        file = sentence.partition(":")[0]
        reasons = dict.fromkeys(f"{field.name}: {field.reason}" for field in audit.fingerprint.fields if field.reason)
        yield Found(Location(file=file), sentence, (file,), listed(reasons))


@rule("fingerprint-differs", ERROR)
def fingerprint_differs(audit: OneAudit) -> Iterator[Found]:
    """The fingerprint is not that of this model.

    Why: fingerprint.pb holds hashes of the model as it was exported, and those of the files here are others. TensorFlow
    never compares them, so the model loads all the same.
    Fix: find out who changed it and why; put the files of one export together, or export again.
    """
    fingerprint = audit.fingerprint
    if fingerprint.verdict == "differs":
        fields = [field for field in fingerprint.fields if field.status == "differs"]
        hashes = (f"{field.name}: stored {field.stored}, the model has {field.recomputed}" for field in fields)
        message = fingerprint.says[0].rstrip(".") if fingerprint.says else "The hashes of fingerprint.pb differ"
        yield Found(
            Location(file="fingerprint.pb"),
            f"{message}.",
            tuple(field.name for field in fields),
            listed([*hashes, *fingerprint.says[1:]]),
        )


@rule("no-fingerprint", NOTE)
def no_fingerprint(audit: OneAudit) -> Iterator[Found]:
    """There is no fingerprint to compare the model with.

    Why: TensorFlow writes fingerprint.pb since 2.11. Without it nothing tells whether saved_model.pb was changed after
    the export; the checksums of the tensors were compared all the same.
    Fix: write a manifest of the model you trust (`smanalyze audit --write-manifest`), and compare with it later.
    """
    compared = any(manifest.verdict == "matches" for manifest in audit.manifests)
    if audit.fingerprint.verdict == "absent" and not compared and not _is_weights(audit):
        evidence = audit.fingerprint.says or ("there is no fingerprint.pb",)
        yield Found(Location(), "The model has no fingerprint.pb.", (), listed(evidence))


def _is_weights(audit: OneAudit) -> bool:
    """Whether there is no model: weights alone never have a fingerprint."""
    return audit.facts.model.file_kind == "none"


@rule("lone-file", NOTE)
def lone_file(audit: OneAudit) -> Iterator[Found]:
    """Only the graph file was looked at.

    Why: a file was given instead of a folder. What lies beside it, fingerprint.pb, variables and assets, may be
    another model's, and was left alone.
    Fix: give the model's folder.
    """
    if audit.facts.model.found.given == "file" and not _is_weights(audit):
        message = "Only the graph file was looked at; fingerprint.pb, variables and assets were not."
        yield Found(Location(), message, (), listed(audit.fingerprint.says))


@rule("manifest-differs", ERROR)
def manifest_differs(manifest: OneManifest) -> Iterator[Found]:
    """The files are not those that were listed.

    Why: a manifest, or a signature of OpenSSF model-signing, lists every file with its digest, and the files here are
    others.
    Fix: fetch the model again from where the list was made; if the change is meant, make a new list.
    """
    report = manifest.report
    if report.verdict == "differs":
        groups = (("changed", report.changed), ("missing", report.missing), ("added", report.added))
        said = "; ".join(f"{word} {named(paths)}" for word, paths in groups if paths)
        first = next(paths[0] for _, paths in groups if paths)
        yield Found(
            Location(file=first),
            f"Against {report.file}: {said}.",
            (report.kind, *report.changed[:20], *report.missing[:20], *report.added[:20]),
            listed(f"{path}: {word}" for word, paths in groups for path in paths),
        )


@rule("signature-unreadable", WARNING)
def signature_unreadable(manifest: OneManifest) -> Iterator[Found]:
    """The signature beside the model cannot be read.

    Why: model.sig is where OpenSSF model-signing keeps the digests of the files, and this one holds none that could be
    compared.
    Fix: sign the model again, or remove the file if it is something else.
    """
    report = manifest.report
    if report.verdict == "not-read":
        yield Found(Location(file=report.file), f"{report.file} cannot be compared.", (), report.says)


@rule("weights-by-checksum", WARNING)
def weights_by_checksum(audit: OneAudit) -> Iterator[Found]:
    """Weights were compared by their checksums alone.

    Why: `--weights` named a file of weights, and values of it, or of the model, are not here or cannot be read. In
    their place the CRC-32C was compared that is stored with each tensor. It can be forged, and is no proof that the
    values are somewhere.
    Fix: fetch the data files that are missing, and compare again.
    """
    weights = audit.weights
    if weights is not None and weights.by_checksum:
        told = listed(weights.says[1:]) or weights.says[:1]
        yield Found(Location(), f"Against {weights.file}: {weights.says[0]}", (weights.kind,), told)


@rule("weights-differ", ERROR)
def weights_differ(audit: OneAudit) -> Iterator[Found]:
    """The weights of the model are not those of the file.

    Why: `--weights` named a file of weights that should be the ones inside the model, and some of them are others, or
    are on one side only. Where it could not be told, this is a warning.
    Fix: export the model again from these weights, or name the file it was made of.
    """
    weights = audit.weights
    if weights is not None and weights.verdict != "same":
        rows = [row for row in weights.rows if row.status not in ("same", "ambiguous")]
        said = weights.says[0] if weights.says else f"{count_of(weights.differing, 'tensor')} differ."
        yield Found(
            Location(),
            f"Against {weights.file}: {said}",
            (weights.kind, *sorted(row.name or row.key for row in rows)[:20]),
            listed([*weights.says[1:], *(f"{row.name or row.key}: {row.message or row.status}" for row in rows)])
            or (said,),
            WARNING if weights.verdict == "cannot-tell" else None,
        )
