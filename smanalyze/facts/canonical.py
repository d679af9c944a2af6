"""Five hashes of what a model is, whoever wrote it and how often: interface, objects, program, weights, assets.

Two exports of one model agree in all of them; whatever changes what a model does, holds or offers moves at least one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from smanalyze.errors import FormatError
from smanalyze.facts.identity import Identities, shape_text
from smanalyze.facts.program import Program
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.objects import ObjectGraph, SavedObject
from smanalyze.model.saved_model import SavedModel
from smanalyze.model.tensors import Structure, TensorInfo
from smanalyze.report.document import CanonicalHashes
from smanalyze.report.sections import AssetRow, CheckpointReport, VariableRow

_BOOKKEEPING = ("_CHECKPOINTABLE_OBJECT_GRAPH",)


def canonical_hashes(
    model: SavedModel,
    programs: tuple[Program, ...],
    variables: tuple[VariableRow, ...],
    checkpoint: CheckpointReport,
    assets: tuple[AssetRow, ...],
    kept: dict[int, list[tuple[str, str]]] | None = None,
) -> CanonicalHashes:
    """The hashes as 16 hex digits, "" where the part could not be read as a whole. Reads the assets, and no tensor.
    ``kept`` is given the ``object_lines`` of each MetaGraph, by its number, whose hash is told."""
    identities = tuple(program.one for program in programs)
    readable = bool(programs) and not model.graph_unread
    return CanonicalHashes(
        interface=digest(interface_text(one.graph) for one in identities) if readable else "",
        objects=digest(_objects(model, identities, kept)) if readable else "",
        program=digest(program.digest.hex() for program in programs) if readable else "",
        weights=weights_hash(model, identities, variables, checkpoint),
        assets=_assets(model, assets),
    )


def digest(parts: Iterable[str]) -> str:
    """16 hex digits of texts in no order."""
    text = "\0".join(sorted(parts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


# Interface ------------------------------------------------------------------------------------------------------------


def interface_text(graph: ModelGraph) -> str:
    """What callers of the signatures of one MetaGraph see."""
    lines = [",".join(sorted(graph.meta_graph.tags))]
    for one in graph.meta_graph.signatures:
        lines.append(repr((one.key, one.method_name)))
        lines += (
            f"{side} {tensor_text(tensor)}"
            for side, ends in (("in", one.inputs), ("out", one.outputs))
            for tensor in ends
        )
    return "\n".join(lines)


def tensor_text(tensor: TensorInfo) -> str:
    """One input or output without the name that the graph has for it."""
    parts = [(one.role, one.dtype, shape_text(one.shape)) for one in tensor.components]
    return repr(
        (tensor.name, tensor.dtype, shape_text(tensor.shape), tensor.encoding, tensor.type_spec, tensor.default, parts)
    )


# Objects --------------------------------------------------------------------------------------------------------------


def _objects(
    model: SavedModel, identities: tuple[Identities, ...], kept: dict[int, list[tuple[str, str]]] | None
) -> Iterable[str]:
    for number, one in enumerate(identities):
        lines = object_lines(model, one, number)
        if kept is not None:
            lines = kept[number] = list(lines)
        yield from (line for _, line in lines)


def object_lines(model: SavedModel, one: Identities, number: int) -> Iterable[tuple[str, str]]:
    """(kind, line) of all that Python finds in one MetaGraph: ``listed`` variable, ``collection``, ``aliases``; and of
    an object, which comes first in it, ``object`` itself, its ``keras`` metadata, a ``child``, a ``trace``, a ``slot``.
    A line is the MetaGraph's number, a space, and the repr of a tuple."""
    meta_graph = one.graph.meta_graph
    for d in meta_graph.variable_defs:
        yield "listed", f"{number} {('variable', d.variable_name, d.trainable, d.is_resource)!r}"
    for c in meta_graph.collections:
        yield "collection", f"{number} {('collection', c.name, c.kind, len(c.values))!r}"
    yield "aliases", f"{number} {('aliases', sorted(alias for _, alias in meta_graph.function_aliases))!r}"
    if meta_graph.objects is not None:
        yield from _lines_of_objects(model, one, meta_graph.objects, number)


def _lines_of_objects(model: SavedModel, one: Identities, objects: ObjectGraph, number: int) -> list[tuple[str, str]]:
    """Objects by path with their kinds and flags, what each function takes and returns."""
    lines: list[tuple[str, str]] = []
    concrete = {function.name: function for function in objects.concrete_functions}
    keys = [one.graph.key_of(node.id) for node in objects.nodes]
    # Parts of a tuple are the same in many lines.
    ids = [repr("" if key is None else f"{key.kind} {one.of(key)}") for key in keys]
    names: dict[str, str] = {}
    keras = {node.object_id: node for node in model.keras_nodes}
    texts = _Texts(one)
    for node in objects.nodes:
        own = f"{number} ({ids[node.id]},"
        lines.append(("object", f"{own} {texts.payload(node)})"))
        if node.id in keras or node.metadata:
            text = keras[node.id].metadata if node.id in keras else node.metadata
            lines.append(("keras", f"{own} 'keras', {one.auto.plain(text)!r})"))
        unordered = ids[node.id][:-1].endswith("_all_variables")
        for name, child in node.children:
            if 0 <= child < len(ids):
                called = names.get(name)
                if called is None:
                    called = names[name] = repr(one.auto.plain(name))
                called = _ANY if unordered and name.isdecimal() else called
                lines.append(("child", f"{own} {called}, {ids[child]})"))
        for trace in node.function.traces if node.function is not None else ():
            found = concrete.get(trace)
            if found is not None:
                lines.append(("trace", f"{own} {texts.told(found.inputs)}, {texts.told(found.outputs)})"))
        for original, slot, held in node.slot_variables:
            if 0 <= original < len(ids) and 0 <= held < len(ids):
                lines.append(("slot", f"{own} {ids[original]}, {slot!r}, {ids[held]})"))
    return lines


_ANY = repr("*")
"""The name of any child of a list that has no order."""


def _payload(node: SavedObject, texts: _Texts) -> tuple[object, ...]:
    variable, function = node.variable, node.function
    parts: tuple[object, ...] = (node.kind, node.identifier, node.registered_name, node.device, sorted(node.saveables))
    if variable is not None:
        flags = (variable.trainable, variable.device, variable.synchronization, variable.aggregation)
        parts += (
            variable.dtype,
            shape_text(variable.shape),
            flags,
            [texts.one.auto.plain(n) for n, _ in variable.components],
        )
    if function is not None:
        spec = function.spec
        parts += (function.argument_keywords, function.allowed_positional, len(function.traces))
        if spec is not None:
            defaults = tuple(texts.of(value) for value in (*spec.defaults, *spec.kwonly_defaults))
            given = texts.of(spec.input_signature)
            parts += (spec.arg_names, defaults, spec.varargs, spec.varkw, spec.kwonly, given, spec.jit_compile)
    return parts


class _Texts:
    """The texts of structured values, with the names of their tensors as every process has them. Functions share their
    records (``format.object_graph``), and a model lives as long as its hashes are made: so a record's id is a key."""

    def __init__(self, one: Identities) -> None:
        self.one = one
        self._known: dict[int, str] = {}
        self._told: dict[int, str] = {}
        self._payloads: dict[tuple[object, ...], str] = {}

    def payload(self, node: SavedObject) -> str:
        """What an object says of itself: the same for many."""
        if node.variable is not None:
            return repr(_payload(node, self))
        key: tuple[object, ...] = (node.kind, node.identifier, node.registered_name, node.device, node.saveables)
        function = node.function
        if function is not None:
            key += (function.argument_keywords, function.allowed_positional, len(function.traces), id(function.spec))
        found = self._payloads.get(key)
        if found is None:
            found = self._payloads[key] = repr(_payload(node, self))
        return found

    def told(self, value: Structure | None) -> str:
        """The repr of a text."""
        found = self._told.get(id(value))
        if found is None:
            found = self._told[id(value)] = repr(self.of(value))
        return found

    def of(self, value: Structure | None) -> str:
        if value is None:
            return "-"
        found = self._known.get(id(value))
        if found is None:
            plain = self.one.auto.plain
            name, key = (plain(text) if text else text for text in (value.name, value.key))
            inner = [self.of(item) for item in value.items]
            shape = "" if value.kind == "none" else shape_text(value.shape)
            found = repr((value.kind, key, name, value.dtype, shape, value.value, inner))
            self._known[id(value)] = found
        return found


# Weights and assets ---------------------------------------------------------------------------------------------------


def weights_hash(
    model: SavedModel,
    identities: tuple[Identities, ...],
    variables: tuple[VariableRow, ...],
    checkpoint: CheckpointReport,
) -> str:
    """The stored values by the names of their variables and their checksums; "" where the graph, which names them, or
    the index is not whole."""
    stored = model.checkpoint
    lost = any(one.part == "graph" or one.file == f"{stored.prefix}.index" for one in model.unreadable)
    if stored.presence not in ("present", "absent") or lost:
        return ""
    entries = {entry.key: entry for entry in stored.entries}
    labels = variable_labels(identities)
    lines = []
    for row in variables:
        entry = next((entries[key] for key in row.checkpoint_keys if key in entries), None)
        crcs = "" if entry is None else f"{entry.crc32c}{[(p.starts, p.lengths, p.crc32c) for p in entry.slices]}"
        size = 0 if entry is None else entry.size
        lines.append(repr((labels.get(row.name, row.name), row.dtype, shape_text(row.shape), size, crcs)))
    for other in checkpoint.other_entries:
        if other.key not in _BOOKKEEPING and other.key in entries:
            held = entries[other.key]
            lines.append(repr((other.key, held.dtype, held.shape, held.crc32c, [p.crc32c for p in held.slices])))
    return digest(lines)


def variable_labels(identities: tuple[Identities, ...]) -> dict[str, str]:
    """The name of a variable without its counter, by its name."""
    return {
        one.names.of(key): one.label(key)
        for one in identities for key in one.graph.edges if key.kind == "variable"
    }  # fmt: skip


def _assets(model: SavedModel, assets: tuple[AssetRow, ...]) -> str:
    lines = []
    wanted = [f"assets/{row.filename}" for row in assets]
    wanted += [entry.path for entry in model.files if entry.path.startswith("assets.extra/")]
    there = {entry.path for entry in model.files}
    for path in dict.fromkeys(wanted):
        content = file_digest(model, path) if path in there else "absent"
        if content is None:
            return ""
        lines.append(repr((path, content)))
    return digest(lines)


def file_digest(model: SavedModel, path: str) -> str | None:
    """The sha256 of a file, None where it cannot be read."""
    if model.file_pieces is None:
        return None
    found = hashlib.sha256()
    try:
        for piece in model.file_pieces(path):
            found.update(piece)
    except FormatError:
        return None
    return found.hexdigest()
