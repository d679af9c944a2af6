"""What the hashes of a fingerprint that match and that differ mean together, in sentences.

The program hash leaves out the function library and string constants
(tensorflow/core/graph/regularization/simple_delete.cc), the object graph hash is that of the concrete functions alone
(tensorflow/cc/saved_model/fingerprinting.cc). The same program exported twice may differ in the checksum, and in the
program hash where the names of top-level nodes carry counters (Keras 3, lookup tables).
"""

from __future__ import annotations

from smanalyze.model.saved_model import SavedModel
from smanalyze.report.audit import FingerprintField

_CHECKSUM, _PROGRAM, _CHECKPOINT = "saved_model_checksum", "graph_def_program_hash", "checkpoint_hash"
_PROGRAM_PARTS = {
    _PROGRAM: "program",
    "signature_def_hash": "signatures",
    "saved_object_graph_hash": "concrete functions",
}
_KNOWN_PRODUCERS = frozenset(range(6))

_OR_ITSELF = "or fingerprint.pb was"
"""Nothing tells which side of a difference was changed."""

_BLIND = (
    "The hashes of program, signatures and concrete functions do not cover function bodies, string constants or the "
    "objects (whether a variable is trainable, say); a change there leaves them equal."
)
_COUNTERS = (
    "The program hash covers the names of the top-level nodes, which carry counters in models of Keras 3 and in those "
    "with lookup tables: a mere re-export changes it too, so this alone does not mean that the program is another."
)
_FIRST_CHUNK = (
    "The checksum of a split model leaves out its first chunk; what of that is neither graph nor signatures nor "
    "objects of the first MetaGraph is covered by no hash."
)
_INDEX = "The fingerprint covers the index of the variables, their values through the checksums there, and no assets."
_REEXPORT = "A fingerprint left from another export of the same program looks the same."


def explain(model: SavedModel, fields: tuple[FingerprintField, ...], verdict: str) -> tuple[str, ...]:
    """Sentences, the first of which says the most."""
    if model.fingerprint is None:
        return _nothing_stored(model)
    matching = {field.name for field in fields if field.status == "matches"}
    differing = {field.name for field in fields if field.status == "differs"}
    if verdict == "differs":
        says = [*_differs(model, matching, differing)]
    elif verdict == "matches":
        says = [*_matches(model, len(fields), matching)]
    else:
        says = ["No hash of the fingerprint can be compared."]
    says += _reasons(fields)
    producer = model.fingerprint.producer
    if producer not in _KNOWN_PRODUCERS and differing:
        says.append(f"The fingerprint's producer is {producer}, which is newer than we know: it may hash differently.")
    return tuple(says)


def _nothing_stored(model: SavedModel) -> tuple[str, ...]:
    if model.found.given == "file":
        return ("The file was looked at alone; a fingerprint.pb beside it was not looked at.",)
    if model.fingerprint_presence == "not-fetched":
        return ("fingerprint.pb is not here, so nothing tells whether saved_model.pb was changed.",)
    if model.fingerprint_presence == "not-read":
        return ("fingerprint.pb cannot be read, so nothing tells whether saved_model.pb was changed.",)
    version = next((graph.tensorflow_version for graph in model.meta_graphs), "")
    if not version:
        return ("There is no fingerprint.pb, so nothing tells whether the graph file was changed.",)
    if _release(version) < (2, 11):
        return (f"There is no fingerprint.pb: TensorFlow writes one since 2.11, and this model is by {version}.",)
    return (
        f"There is no fingerprint.pb; in TensorFlow {version} tf.saved_model.save writes one, the TF1 builder none.",
    )


def _release(version: str) -> tuple[int, int]:
    parts = version.split(".")
    numbers = [int(part) if part.isdecimal() else 0 for part in (*parts[:2], "0", "0")]
    return numbers[0], numbers[1]


def _matches(model: SavedModel, count: int, matching: set[str]) -> list[str]:
    fingerprint = model.fingerprint
    if len(matching) == count:
        first = "All five hashes of the fingerprint are those of the model."
    else:
        those = "is that" if len(matching) == 1 else "are those"
        first = f"{len(matching)} of {count} hashes of the fingerprint {those} of the model, the rest is unknown."
    says = [first]
    if model.file_kind == "cpb" and _CHECKSUM in matching:
        says.append(_FIRST_CHUNK)
    elif fingerprint is not None and fingerprint.producer == 0 and _CHECKSUM in matching:
        says.append(
            "The checksum of TensorFlow 2.11 is that of the graph alone, function bodies included; the objects, the "
            "keys of signatures and further MetaGraphs are covered by nothing."
        )
    elif _CHECKSUM in matching:
        says.append("The checksum covers the whole graph file, function bodies included; the singleprint does not.")
    elif matching & set(_PROGRAM_PARTS):
        says.append(_BLIND)
    if _CHECKPOINT in matching and model.checkpoint.entries:
        says.append(_INDEX)
    return says


def _differs(model: SavedModel, matching: set[str], differing: set[str]) -> list[str]:
    file = f"saved_model.{model.file_kind}"
    parts = [word for name, word in _PROGRAM_PARTS.items() if name in differing]
    if not matching and _CHECKSUM in differing and len(differing) > 1:
        return ["The fingerprint belongs to another model: nothing matches."]
    if _CHECKSUM in differing:
        return _checksum_differs(file, parts, matching, differing)
    says = []
    if parts and _CHECKSUM in matching:
        says.append(_parts_alone(model, file, parts))
    elif parts:
        what = f"its {_hash_of(parts)} {_differ(parts)}"
        says.append(f"{file} is not the file that was fingerprinted, {_OR_ITSELF} changed: {what}.")
    if _CHECKPOINT in differing:
        rest = f", and {file} is the file that was fingerprinted" if _CHECKSUM in matching and not parts else ""
        says.append(f"The index is that of other weights, or was changed, {_OR_ITSELF}: its hash differs{rest}.")
    return says


def _parts_alone(model: SavedModel, file: str, parts: list[str]) -> str:
    """The checksum is right, but a part is not: a contradiction, unless the checksum is one that does not cover it."""
    fingerprint = model.fingerprint
    narrow = model.file_kind == "cpb" or (fingerprint is not None and fingerprint.producer == 0)
    if narrow:
        what = f"{_hash_of(parts)} {_differ(parts)}"
        return f"{file} was changed after export, {_OR_ITSELF}: its {what}, which the checksum does not cover here."
    return (
        f"fingerprint.pb itself was changed: its checksum is that of {file}, but no known release computes its "
        f"{_hash_of(parts)} for that file."
    )


def _checksum_differs(file: str, parts: list[str], matching: set[str], differing: set[str]) -> list[str]:
    equal = [word for name, word in _PROGRAM_PARTS.items() if name in matching]
    if parts:
        what = f"its checksum and its {_hash_of(parts)} differ"
        says = [f"{file} is not the file that was fingerprinted, {_OR_ITSELF} changed: {what}."]
        if parts == [_PROGRAM_PARTS[_PROGRAM]]:
            says.append(_COUNTERS)
        if _CHECKPOINT in matching:
            says.append("The index of the variables is the one that was fingerprinted.")
        elif _CHECKPOINT in differing:
            says.append("The index differs as well: other weights, or the same ones as another export stores them.")
        return says
    changed = f"{file} was changed after export, {_OR_ITSELF}: its checksum differs"
    if not equal:
        return [f"{changed}."]
    blind = [] if file.endswith(".cpb") else [_BLIND]
    if _CHECKPOINT in differing:
        return [
            f"{file} and the weights are not those that were fingerprinted, {_OR_ITSELF} changed: checksum and index "
            f"differ, but the {_hash_of(equal)} {_are(equal)} equal.",
            "So it may be another export of the same program with other weights.",
            *blind,
        ]
    return [f"{changed}, but the {_hash_of(equal)} {_are(equal)} equal.", *blind, _REEXPORT]


def _hash_of(words: list[str]) -> str:
    return f"{words[0]} hash" if len(words) == 1 else f"hashes of {_listed(words)}"


def _are(words: list[str]) -> str:
    return "is" if len(words) == 1 else "are"


def _differ(words: list[str]) -> str:
    return "differs" if len(words) == 1 else "differ"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _reasons(fields: tuple[FingerprintField, ...]) -> list[str]:
    """Why hashes are not computable, each reason once."""
    told: dict[str, list[str]] = {}
    for field in fields:
        if field.status == "not-computable":
            told.setdefault(field.reason, []).append(field.name)
    return [f"{_listed(names)} cannot be compared: {reason}" for reason, names in told.items()]
