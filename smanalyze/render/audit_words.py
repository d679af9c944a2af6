"""Phrases of an audit, for the terminal, the Markdown and the HTML page alike. Nothing is escaped here."""

from __future__ import annotations

from collections.abc import Sequence

from smanalyze.render.units import bytes_text, count_text, percent_text, plural
from smanalyze.render.words import PRESENCE, badge_class
from smanalyze.report.audit import (
    AuditReport,
    CheckFailure,
    CheckpointAudit,
    Contents,
    FileAudit,
    FingerprintAudit,
    FingerprintField,
    KeyComparison,
    RoleTotal,
    TensorStatistics,
    WasteRow,
    WeightRow,
    WeightsMatch,
)  # fmt: skip

VERDICT_STYLES = {
    "damaged": "error", "incomplete": "warning", "modified": "error", "no-fingerprint": "note", "intact": "good",
}  # fmt: skip
"""Names of severities, "good" besides; pages have a colour for each."""

STATUS = {"matches": "matches", "differs": "differs", "not-computable": "not computable"}
_STATUS_STYLES = {"matches": "good", "differs": "error", "not-computable": "warning"}

STATES = {
    "": "", "damaged": "damaged", "not-fetched": "not fetched", "changed": "changed", "added": "added",
    "not-declared": "not declared", "stray": "no part of a SavedModel", "not-read": "not read",
}  # fmt: skip
"""What is said of a file; others are said as they are."""

NOTHING_STORED = "nothing to compare with"
"""What is said of a hash that was computed where none was stored."""

_WHOLE_FILE = "the whole file"

COVERS = {
    "crc32c": "every tensor, and every block of the index",
    "record_crc32c": "every record",
    "crc32": "every file in the archive",
    "riegeli": "the header of every chunk, and its data where that is at most 256 KiB",
    "manifest": _WHOLE_FILE,
    "model.sig": _WHOLE_FILE,
}
"""How much of a file a checksum sees that is no hash of the fingerprint; those say it themselves."""

_COMPARED = "recomputed_hashes"
"""What sees that the fingerprint itself was changed."""

_WHOLE = "saved_model_checksum"

PARTS = ("graph_def_program_hash", "signature_def_hash", "saved_object_graph_hash")
"""Hashes of parts of the graph file."""

WASTE = {
    "copy": "stored twice", "unbound": "no function binds it", "optimizer": "optimizer state", "ema": "EMA shadow",
    "constant": "baked constant", "equal": "equal bytes",
}  # fmt: skip

WEIGHTS = {
    "same": "same", "differs": "differs", "only-in-file": "only in the file", "only-in-model": "only in the model",
    "ambiguous": "ambiguous",
}  # fmt: skip

ROLES = {
    "weight": "weights", "optimizer": "optimizer state", "metric": "metrics", "generator": "random generators",
    "bookkeeping": "bookkeeping",
}  # fmt: skip
"""What tensors of a weights file are for."""

NOT_SEEN = "A change of these would not be noticed"


def key_lines(keys: KeyComparison | None) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(what is odd about them, checkpoint keys or places) of what index, graph and object graph do not agree on.
    What is stored and used by nothing is told as waste."""
    if keys is None:
        return ()
    ranges = tuple(f"{one.file}, {bytes_text(one.size)} at byte {one.offset:,}" for one in keys.uncovered)
    lines = (
        ("Listed, not stored", tuple(map(key_text, keys.absent))),
        ("Nothing claims", tuple(map(key_text, keys.unclaimed))),
        ("In no tensor", ranges),
    )
    return tuple(line for line in lines if line[1])


def title_text(report: AuditReport) -> str:
    """The name of the model, and which version of it."""
    return f"{report.path_name} (version {report.version})" if report.version else report.path_name


def badge(verdict: str) -> str:
    """The class of a verdict's badge on a page."""
    return badge_class(VERDICT_STYLES[verdict])


def fingerprint_text(fingerprint: FingerprintAudit) -> str:
    """What there is of a fingerprint, in one line."""
    if fingerprint.presence != "present":
        return f"fingerprint.pb is {PRESENCE[fingerprint.presence]}"
    producer = "unknown" if fingerprint.producer is None else str(fingerprint.producer)
    uuid = f", uuid {fingerprint.uuid}" if fingerprint.uuid else ", no uuid"
    return f"producer {producer}{uuid}"


def _is_alone(field: FingerprintField) -> bool:
    return field.status == "not-computable" and bool(field.recomputed) and not field.stored


def status_text(field: FingerprintField) -> str:
    """Whether a hash is the one that was stored."""
    return NOTHING_STORED if _is_alone(field) else STATUS[field.status]


def status_style(field: FingerprintField) -> str:
    """``good``, ``error``, ``warning``, or ``dim`` where nothing is wrong and nothing proven."""
    return "dim" if _is_alone(field) else _STATUS_STYLES[field.status]


def field_badge(field: FingerprintField) -> str:
    """The same as the class of a badge on a page."""
    return badge_class(status_style(field))


def field_text(field: FingerprintField) -> str:
    """What is to be said of a hash that does not match."""
    if field.status == "not-computable" and not _is_alone(field):
        return field.reason
    return f"the model has {field.recomputed}" if field.status != "matches" else ""


def singleprints(fingerprint: FingerprintAudit) -> tuple[tuple[str, str], ...]:
    """(how it is known, singleprint): the one of the model, and the stored one where it is another or the only one."""
    stored, recomputed = fingerprint.stored_singleprint, fingerprint.recomputed_singleprint
    lines = (("recomputed", recomputed), ("stored", stored if stored != recomputed else ""))
    return tuple(line for line in lines if line[1])


def checkpoint_text(checkpoint: CheckpointAudit) -> str:
    """What of the checkpoint was checked, in one line."""
    if checkpoint.presence != "present":
        return "There is no checkpoint." if checkpoint.presence == "absent" else (
            f"The checkpoint is {PRESENCE[checkpoint.presence]}."
        )  # fmt: skip
    words = f"{plural(checkpoint.tensors, 'tensor')}, {bytes_text(checkpoint.bytes)}"
    if not checkpoint.index_blocks:
        return f"{words}; without checksums to compare with."
    return f"{words}; {checked_text(checkpoint)}; {plural(checkpoint.index_blocks, 'block')} of the index."


def checked_text(checkpoint: CheckpointAudit) -> str:
    """How many bytes were compared with their checksums."""
    if checkpoint.not_checked:
        return f"{bytes_text(checkpoint.checked)} checked, {bytes_text(checkpoint.not_checked)} not here"
    return "all checked" if checkpoint.checked >= checkpoint.bytes else f"{bytes_text(checkpoint.checked)} checked"


def checkpoint_title(report: AuditReport) -> str:
    """What holds the tensors; "" where a file is not meant to hold any."""
    if report.contents is None or report.kind == "checkpoint":
        return "Checkpoint"
    return "" if report.checkpoint.presence == "absent" else "Stored tensors"


def contents_text(contents: Contents) -> str:
    """The model that a file of weights is of, in one line; "" where it does not say."""
    words = [
        " ".join(filter(None, (contents.class_name, contents.model_name))),
        "" if contents.layers is None else plural(contents.layers, "layer"),
        f"Keras {contents.keras_version}" if contents.keras_version else "",
    ]
    return ", ".join(filter(None, words))


def role_text(role: str) -> str:
    """What tensors are for."""
    return ROLES.get(role, role)


def total_text(total: RoleTotal) -> str:
    """All tensors of one role."""
    counts = f"{plural(total.tensors, 'tensor')}, {plural(total.elements, 'element')}"
    return f"{counts}, {bytes_text(total.size)}"


def owner_text(row: WeightRow) -> str:
    """The variable's name as the file states it, else its layer's."""
    return row.name or row.layer


def place_text(failure: CheckFailure) -> str:
    """``variables/… at byte 12, 4 bytes``."""
    place = failure.file if failure.offset is None else f"{failure.file} at byte {count_text(failure.offset)}"
    return place if failure.size is None else f"{place}, {plural(failure.size, 'byte')}"


def covered_text(row: FileAudit) -> str:
    """The hashes that would notice a change; ``nothing`` where there is none, and "" where damage was noticed without
    one."""
    names = row.covered_by
    parts = [name for name in names if name in PARTS]
    if _WHOLE in names and len(parts) > 1:  # each of them stands in the fingerprint's table
        names = (*(name for name in names if name not in PARTS), f"{len(parts)} hashes of its parts")
    return ", ".join(names) or ("" if row.status == "damaged" else "nothing")


def state_text(row: FileAudit) -> str:
    """What is wrong with a file, "" for nothing."""
    return STATES.get(row.status, row.status)


def legend(report: AuditReport) -> tuple[tuple[str, str], ...]:
    """(hash, how much it sees) of those that cover one of the files."""
    fields = report.fingerprint.fields
    known = [(field.name, "; ".join(map(_seen_text, field.covers))) for field in fields]
    compared = sum(bool(field.stored) and field.status != "not-computable" for field in fields)
    hashes = "its hashes" if compared == len(fields) else f"{compared} of its {len(fields)} hashes"
    known += [(_COMPARED, f"{hashes}, not its uuid"), *COVERS.items()]
    used = {name for row in report.files for name in row.covered_by}
    return tuple((name, words) for name, words in known if name in used)


def _seen_text(cover: str) -> str:
    """``saved_model.pb: signatures of …`` without the file, which stands in the table of files."""
    return cover.partition(": ")[2] or _WHOLE_FILE


def waste_kind(row: WasteRow) -> str:
    """Why the bytes are not needed, in a few words."""
    return WASTE.get(row.kind, row.kind)


def weight_status(row: WeightsMatch) -> str:
    """What became of one tensor of the weights file."""
    return WEIGHTS.get(row.status, row.status)


def telling(rows: Sequence[WeightsMatch]) -> tuple[WeightsMatch, ...]:
    """The tensors that are not the same."""
    return tuple(row for row in rows if row.status != "same")


def spaced(word: str) -> str:
    """``not-read`` as ``not read``."""
    return word.replace("-", " ")


def needed_text(report: AuditReport) -> str:
    """What an export would need of the checkpoint, "" where it is all of it."""
    stored = report.checkpoint.bytes
    if report.needed_bytes >= stored:
        return ""
    share = percent_text(report.needed_bytes / stored)
    return f"An export would need {bytes_text(report.needed_bytes)} of the {bytes_text(stored)} stored ({share})."


def key_text(key: str) -> str:
    """A checkpoint key without the ending that nearly all have."""
    return key.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE") or key


def figure_text(value: float | None) -> str:
    """A figure of a tensor with four significant digits; "" where there is none."""
    return "" if value is None else f"{value:.4g}"


_LEVELS = "▁▂▃▄▅▆▇█"


def spark_text(row: TensorStatistics) -> str:
    """The histogram as a row of columns; a bin that holds anything is seen."""
    if row.histogram is None or row.constant:
        return ""
    most = max(row.histogram.counts, default=0)
    if not most:
        return ""
    levels = len(_LEVELS) - 1
    heights = (-(-count * levels // most) for count in row.histogram.counts)
    return "".join(
        _LEVELS[height] if count else " " for height, count in zip(heights, row.histogram.counts, strict=True)
    )


def oddities_text(row: TensorStatistics) -> str:
    """What is odd about the values."""
    words = [
        f"{count_text(row.nan)} NaN" if row.nan else "",
        f"{count_text(row.infinite)} infinite" if row.infinite else "",
        "all zero" if row.all_zero else "constant" if row.constant else "",
    ]
    return ", ".join(filter(None, words))
