"""Phrases in plain text, for the terminal page and the Markdown page alike. Nothing is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from smanalyze.render.units import bytes_text, count_text, plural, shapes_text, short_count
from smanalyze.report.document import CanonicalHashes, MetaGraphReport, ModelSummary, Parameters, Warmup
from smanalyze.report.sections import AssetRow, Callable, CheckpointReport, Layer, LayerTable, OpReport, VariableRow
from smanalyze.report.tensors import Argument, Reach, Tensor

Item = TypeVar("Item")

PRESENCE = {"present": "present", "absent": "absent", "not-fetched": "not fetched", "not-read": "not read"}

LAYER_SOURCES = {
    "keras_metadata": "from keras_metadata.pb",
    "object_metadata": "from the object graph's Keras metadata",
    "object_graph": "told from the object graph; there is no Keras metadata",
    "name_scopes": "told from name scopes; there are no layer objects",
    "none": "no layers found",
}

HIDDEN = "see --format json or html"


def cut(items: Sequence[Item], limit: int) -> tuple[Sequence[Item], int]:
    """The first of them, and how many are left. A list longer by one is kept: saying so would take the same line."""
    return (items, 0) if len(items) <= limit + 1 else (items[:limit], len(items) - limit)


def badge_class(style: str) -> str:
    """The class of a badge on a page: the name of a severity, or ``fine`` and ``plain`` for what is good or dim."""
    return {"good": "fine", "dim": "plain"}.get(style, style)


def joined(names: Sequence[str], limit: int) -> str:
    """The first names, and how many more there are."""
    shown, hidden = cut(names, limit)
    return ", ".join([*shown, *([f"… {hidden:,} more"] if hidden else [])])


def more_text(hidden: int, one: str, many: str = "") -> str:
    """What a list left out, and where it can be seen."""
    return f"… {plural(hidden, 'more ' + one, 'more ' + (many or one + 's'))}; {HIDDEN}"


def tags_text(tags: tuple[str, ...]) -> str:
    """The tags of one MetaGraph."""
    return ", ".join(tags) or "(no tags)"


def tensorflow_text(model: ModelSummary) -> str:
    """The release, and how it is known where the model does not say it itself."""
    version = model.tensorflow_version or model.producer.version or "unknown"
    guessed = model.producer.evidence == "graph_def_producer"
    return f"{version} (told from the graph's producer number)" if guessed else version


def size_text(model: ModelSummary) -> str:
    """All of it, then its parts."""
    parts = [f"{part.part} {bytes_text(part.bytes)}" for part in model.sizes if part.bytes]
    return f"{bytes_text(model.size_bytes)}: {', '.join(parts)}" if parts else bytes_text(model.size_bytes)


def missing_text(model: ModelSummary) -> str:
    """The parts that are elsewhere or broken."""
    missing = [part for part in model.sizes if part.presence in ("not-fetched", "not-read")]
    return ", ".join(f"{part.part} {PRESENCE[part.presence]}" for part in missing)


def graph_unread(model: ModelSummary) -> bool:
    """Whether nothing of the graph was read: what only a graph says is not known then, and not none."""
    return not model.counts.meta_graphs and any(p.part == "graph" and p.presence == "not-read" for p in model.sizes)


def parameters_text(model: ModelSummary) -> str:
    """How many, how many of them train, how big."""
    numbers = model.parameters
    if not numbers.total and graph_unread(model):
        return "not known"
    if not (numbers.total or numbers.stored):
        return "none"
    trainable = f"{count_text(numbers.trainable)} trainable" if numbers.trainable_known else "trainable unknown"
    return f"{count_text(numbers.total)} ({trainable}), {bytes_text(numbers.bytes)}"


def stored_text(numbers: Parameters) -> str:
    """What the checkpoint holds, with what is in it besides the parameters."""
    if not numbers.stored:
        return ""
    parts = (
        (numbers.optimizer, "of optimizer state"),
        (numbers.other_state, "of other state"),
        (numbers.copies, "in copies"),
    )
    said = ", ".join(f"{count_text(number)} {word}" for number, word in parts if number)
    whole = f"{plural(numbers.stored, 'element')}, {bytes_text(numbers.stored_bytes)}"
    return f"{whole}; {said}" if said else whole


def found_text(model: ModelSummary) -> str:
    """How the path given led to this model; empty when it is the path itself."""
    words = {
        "serving_base": "a folder of versions; this is {chosen}",
        "nested": "below the path given, in {chosen}",
        "file": "a lone file, {chosen}",
    }
    if model.found not in words:
        return ""
    others = f"; other versions: {joined(model.other_versions, 8)}" if model.other_versions else ""
    return words[model.found].replace("{chosen}", model.chosen) + others


def init_ops_text(graphs: tuple[MetaGraphReport, ...]) -> str:
    """The ops that run at load and in training; they are no signatures."""
    named = [(word, op) for graph in graphs for word, op in (("", graph.init_op), ("train ", graph.train_op)) if op]
    return "; ".join(dict.fromkeys(f"{word}{op}" for word, op in named))


def contents_text(model: ModelSummary) -> str:
    """What there is of each kind."""
    counts = model.counts
    numbers = (
        (counts.meta_graphs, "MetaGraph"), (counts.signatures, "signature"), (counts.callables, "callable"),
        (counts.concrete_functions, "concrete function"), (counts.library_functions, "library function"),
        (counts.nodes, "node"), (counts.objects, "object"), (counts.variables, "variable"), (counts.tables, "table"),
        (counts.assets, "asset"),
    )  # fmt: skip
    return ", ".join(plural(number, word) for number, word in numbers if number)


def warmup_text(record: Warmup) -> str:
    """Records that are alike, in one phrase."""
    to = f" to {record.signature_name}" if record.signature_name else ""
    inputs = f" ({joined(record.inputs, 6)})" if record.inputs else ""
    return f"{plural(record.records, record.kind + ' record')}{to}{inputs}"


def dtype_text(tensor: Tensor) -> str:
    """``float32``, ``sparse int64``, ``RaggedTensorSpec string``."""
    kind = {"dense": "", "composite": tensor.type_spec or "composite"}.get(tensor.encoding, tensor.encoding)
    return f"{kind} {tensor.dtype}".strip()


def runs_text(reach: Reach) -> str:
    """What a call runs."""
    words = [plural(reach.nodes, "node")]
    if reach.functions:
        words.append(plural(reach.functions, "function"))
    if reach.variables:
        parameters = "parameter" if reach.parameters == 1 else "parameters"
        words.append(f"{plural(len(reach.variables), 'variable')} ({short_count(reach.parameters)} {parameters})")
    return ", ".join(words)


def argument_text(argument: Argument) -> str:
    """``training: bool = False``."""
    default = "" if argument.default is None else f" = {argument.default}"
    named = ": ".join(filter(None, (argument.name, argument.text)))
    return f"{named}{default}"


_LITERALS = frozenset({"none", "bool", "int", "float", "str"})


def spec_arguments(one: Callable) -> tuple[Argument, ...]:
    """The arguments that tensors come in by. Where the traces differ, the first one shows what they are like."""
    told = one.arguments
    if one.traces and not any(argument.text for argument in told):
        told = one.traces[0].arguments
    return tuple(argument for argument in told if argument.text and argument.value.kind not in _LITERALS)


def layer_shapes_text(layer: Layer, limit: int) -> str:
    """The first output shapes, and how many more there are."""
    shown, hidden = cut(layer.output_shapes, limit)
    more = f" … {hidden:,} more" if hidden else ""
    return f"{shapes_text(tuple(shown))}{more}"


def layer_trainable_text(layer: Layer) -> str:
    """``yes``, ``no``, empty where nothing says so, or how many of its parameters train."""
    if layer.trainable and layer.trainable_parameters != layer.parameters:
        return count_text(layer.trainable_parameters)
    return {True: "yes", False: "no", None: ""}[layer.trainable]


def role_text(variable: VariableRow) -> str:
    """What a variable is for; a weight says whether it trains."""
    if variable.role == "weight" and variable.trainable is not None:
        return "weight" if variable.trainable else "weight, frozen"
    return variable.role


def layers_trainable_text(table: LayerTable) -> str:
    """How many of the parameters train; "" where nothing says it."""
    if table.parameters and all(layer.trainable is None for layer in table.rows):
        return ""
    return f", {count_text(table.trainable_parameters)} trainable"


PRODUCER_EVIDENCE = {
    "meta_info_def": "as the model says",
    "graph_def_producer": "told from the graph's producer number",
    "": "",
}


def checkpoint_text(checkpoint: CheckpointReport) -> str:
    """The tensor bundle in one line."""
    words = [plural(checkpoint.tensors, "stored tensor"), bytes_text(checkpoint.bytes)]
    words.append(plural(len(checkpoint.shards), "shard"))
    words.append(f"{checkpoint.endianness} endian" if checkpoint.endianness not in ("", "little") else "")
    words.append("compressed index" if checkpoint.compressed_blocks else "")
    return ", ".join(filter(None, words))


def asset_state_text(asset: AssetRow, model: ModelSummary) -> str:
    """What is wrong with an asset; empty where nothing is. Only the graph declares assets."""
    presence = "" if asset.presence == "present" else PRESENCE[asset.presence]
    return ", ".join(filter(None, (presence, "" if asset.declared_in or graph_unread(model) else "undeclared")))


def ops_text(ops: OpReport) -> str:
    """How many nodes of how many ops, and where they are."""
    where = f"{count_text(ops.in_main_graph)} in the main graph, {count_text(ops.in_functions)} in functions"
    return f"{plural(ops.total, 'node')} of {plural(ops.distinct, 'op')}: {where}"


def release_needs(ops: OpReport) -> list[tuple[str, tuple[str, ...]]]:
    """(sentence, ops that decide it): the TensorFlow that knows all ops, since every loader asks for all of them, and
    what the signatures alone would need if that is less."""
    if not ops.first_release:
        return []
    if not ops.needs:
        whose = "Its other ops" if ops.unregistered else "Its ops"
        return [(f"{whose} are known to any TensorFlow from {ops.first_release} on, and perhaps older", ())]
    found = [(f"To load it: TensorFlow {ops.first_release} or newer", ops.needs)]
    if ops.signature_release and ops.signature_release != ops.first_release:
        found.append((f"What the signatures run is older: TensorFlow {ops.signature_release}", ops.signature_needs))
    return found


def hashes_text(hashes: CanonicalHashes | None) -> str:
    """The canonical hashes, each with what it is of; what could not be hashed is said."""
    if hashes is None:
        return ""
    names = ("interface", "objects", "program", "weights", "assets")
    return ", ".join(f"{name} {getattr(hashes, name) or '(not known)'}" for name in names)
