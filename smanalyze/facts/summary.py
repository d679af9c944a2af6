"""What the model is, in one look: producer, writer, sizes, counts."""

from __future__ import annotations

from collections import Counter

from smanalyze.facts.parameters import build_parameters
from smanalyze.facts.writer import name_writer
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.graph.ops import producer_releases
from smanalyze.model.parts import FileEntry, Presence
from smanalyze.model.saved_model import MetaGraph, SavedModel
from smanalyze.report.document import Counts, MetaGraphReport, ModelSummary, Parameters, PartSize, Producer, Warmup
from smanalyze.report.sections import AssetRow, CheckpointReport, VariableRow

MAX_NAMED = 4
"""Inputs and outputs that the headline names."""

_PARTS = ("graph", "variables", "assets", "assets.extra", "keras_metadata", "fingerprint", "debug", "other")


def build_summary(
    model: SavedModel,
    graphs: tuple[ModelGraph, ...],
    meta_graphs: tuple[MetaGraphReport, ...],
    variables: tuple[VariableRow, ...],
    checkpoint: CheckpointReport,
    assets: tuple[AssetRow, ...],
) -> ModelSummary:
    """The first section of a report."""
    parameters = build_parameters(variables, checkpoint, any(graph.signatures for graph in meta_graphs))
    producer = build_producer(model.meta_graphs)
    writer = name_writer(model, graphs)
    counts = _counts(model, meta_graphs, variables, assets)
    return ModelSummary(
        path_name=model.found.path_name,
        kind=model.kind,
        found=model.found.given,
        chosen=model.found.chosen,
        other_versions=model.found.others,
        tensorflow_version=producer.version,
        producer=producer,
        writer=writer,
        tags=tuple(graph.tags for graph in model.meta_graphs),
        size_bytes=sum(file.size for file in model.files),
        sizes=_sizes(model),
        parameters=parameters,
        counts=counts,
        warmup=_warmup(model),
        debug_files=len(model.debug_info.files) if model.debug_info else 0,
        headline=_headline(writer.name, meta_graphs, parameters),
    )


def build_producer(meta_graphs: tuple[MetaGraph, ...]) -> Producer:
    """The TensorFlow release that wrote the first MetaGraph; the others almost always agree.

    Without a version string the GraphDef's producer number tells the release, or between which two it lies.
    """
    if not meta_graphs:
        return Producer("", "", "", 0, 0)
    first = meta_graphs[0]
    number, needs = first.graph.producer, first.graph.min_consumer
    git = first.tensorflow_git_version
    if first.tensorflow_version:
        return Producer(first.tensorflow_version, "meta_info_def", git, number, needs)
    if number <= 0:
        return Producer("", "", git, number, needs)
    return Producer(_release_text(number), "graph_def_producer", git, number, needs)


def _release_text(number: int) -> str:
    """The releases that write a producer number, as far as it tells; patch releases share a number."""
    old = [release for release, first, last in _BEFORE_REGISTRIES if first <= number <= last]
    known = producer_releases(number)
    exact = [*old, *dict.fromkeys(_minor(release) for release in known.exact)]
    if exact:
        return exact[0] if len(exact) == 1 else f"{exact[0]} to {exact[-1]}"
    if known.after and known.before:
        return f"between {_minor(known.after)} and {_minor(known.before)}"
    if known.before:
        return f"before {_minor(known.before)}"
    return f"after {_minor(known.after)}" if known.after else ""


def _minor(release: str) -> str:
    return ".".join(release.split(".")[:2])


#: Producer numbers of releases older than the oldest op registry: (release, first number, last number), from
#: TF_GRAPH_DEF_VERSION in tensorflow/core/public/version.h and the models those releases wrote.
_BEFORE_REGISTRIES = (
    ("0.12", 19, 21), ("1.0", 21, 21), ("1.1", 21, 23), ("1.2", 22, 24), ("1.3", 24, 24), ("1.4", 24, 24),
    ("1.5", 24, 26), ("1.6", 26, 26), ("1.10", 26, 26), ("1.11", 27, 27), ("1.13", 27, 27),
)  # fmt: skip


def _counts(
    model: SavedModel,
    meta_graphs: tuple[MetaGraphReport, ...],
    variables: tuple[VariableRow, ...],
    assets: tuple[AssetRow, ...],
) -> Counts:
    graphs = model.meta_graphs
    return Counts(
        meta_graphs=len(graphs),
        signatures=sum(len(graph.signatures) for graph in graphs),
        callables=sum(len(graph.callables) for graph in meta_graphs),
        concrete_functions=sum(len(graph.objects.concrete_functions) for graph in graphs if graph.objects),
        library_functions=sum(len(graph.graph.functions) for graph in graphs),
        nodes=sum(graph.ops.total for graph in meta_graphs),
        objects=sum(len(graph.objects.nodes) for graph in graphs if graph.objects),
        variables=len(variables),
        tables=sum(len(graph.tables) for graph in meta_graphs),
        assets=len(assets),
    )


def _sizes(model: SavedModel) -> tuple[PartSize, ...]:
    size: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for file in model.files:
        part = _part(file)
        size[part] += file.size
        files[part] += 1
    presence: dict[str, Presence] = {"graph": "present" if model.meta_graphs else "not-read"}
    if any(lost.part == "graph" and lost.presence == "not-fetched" for lost in model.unreadable):
        presence["graph"] = "not-fetched"
    presence["variables"] = _variables_presence(model)
    if any(lost.part == "asset" and lost.presence == "not-fetched" for lost in model.unreadable):
        presence["assets"] = "not-fetched"
    rows = [PartSize(part, size[part], files[part], presence.get(part, "present")) for part in _PARTS]
    return tuple(row for row in rows if row.files or row.presence == "not-fetched")


def _variables_presence(model: SavedModel) -> Presence:
    missing = [
        shard for shard in model.checkpoint.shards if shard.declared and shard.presence != "present" and shard.needed
    ]
    return "not-fetched" if missing else model.checkpoint.presence


def _part(file: FileEntry) -> str:
    first, _, rest = file.path.partition("/")
    if rest:
        return first if first in ("variables", "assets", "assets.extra", "debug") else "other"
    if first.startswith("saved_model."):
        return "graph"
    return {"keras_metadata.pb": "keras_metadata", "fingerprint.pb": "fingerprint"}.get(first, "other")


def _warmup(model: SavedModel) -> tuple[Warmup, ...]:
    counted = Counter((record.kind, record.signature_name, record.inputs) for record in model.warmup)
    return tuple(Warmup(kind, name, inputs, count) for (kind, name, inputs), count in counted.items())


def _headline(writer: str, meta_graphs: tuple[MetaGraphReport, ...], parameters: Parameters) -> str:
    """One sentence: what it is, and with what it can be called."""
    words = [writer]
    signatures = [signature for graph in meta_graphs for signature in graph.signatures]
    if signatures:
        main = next((s for s in signatures if s.key == "serving_default"), signatures[0])
        inputs = ", ".join(tensor.name for tensor in main.inputs[:MAX_NAMED])
        outputs = ", ".join(tensor.name for tensor in main.outputs[:MAX_NAMED])
        words.append(f"{main.key}({inputs}{', …' * (len(main.inputs) > MAX_NAMED)}) → {outputs or 'nothing'}")
        if len(signatures) > 1:
            words.append(f"{len(signatures) - 1} more signature{'s' * (len(signatures) > 2)}")
    elif any(graph.callables for graph in meta_graphs):
        words.append("no signature, but functions that Python can call")
    elif meta_graphs:
        words.append("no signature")
    if parameters.total:
        words.append(f"{parameters.total:,} parameter{'s' * (parameters.total != 1)}")
    return "; ".join(words)
