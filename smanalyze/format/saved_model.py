"""saved_model.pb and saved_model.pbtxt.

Source: tensorflow/core/protobuf/{saved_model,meta_graph}.proto; the names of collections and special signatures are
those of tensorflow/cc/saved_model/constants.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from smanalyze.format.graph_def import GraphView
from smanalyze.format.node_columns import text_of
from smanalyze.format.object_graph import parse_object_graph
from smanalyze.format.schema import message_class
from smanalyze.format.structured_value import SPEC_CLASSES
from smanalyze.format.tensor_shape import shape_of
from smanalyze.format.tensor_text import tensor_text
from smanalyze.model.dtypes import dtype_name
from smanalyze.model.record import record
from smanalyze.model.saved_model import AssetFile, Collection, MetaGraph, SaverDef, Signature, VariableDef
from smanalyze.model.tensors import Component, TensorInfo

if TYPE_CHECKING:
    from smanalyze.format.salvage import Loss

INIT_SIGNATURE = "__saved_model_init_op"
TRAIN_SIGNATURE = "__saved_model_train_op"
_ASSETS_COLLECTION = "saved_model_assets"
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")
_TRAIN_COLLECTION = "saved_model_train_op"

MAX_META_GRAPHS = 1000
"""A model has one for each set of tags, a handful. An empty one is two bytes, and a thousand bytes here."""


@record
class ParsedSavedModel:
    """What the file holds: the schema version, its MetaGraphs, and what was lost on the way."""

    schema_version: int
    meta_graphs: tuple[MetaGraph, ...]
    losses: tuple[Loss, ...] = ()


def parse_saved_model(data: bytes | memoryview) -> ParsedSavedModel:
    """A binary SavedModel. Damaged parts are left out and listed in ``losses``; never raises for bad content."""
    cls = message_class("tensorflow.SavedModel")
    losses: tuple[Loss, ...] = ()
    try:
        message = cls.FromString(data)
    except DecodeError:
        from smanalyze.format.salvage import salvage

        message, losses = salvage(data, "tensorflow.SavedModel")
    return of_message(message, losses)


def of_message(message: Any, losses: tuple[Loss, ...] = ()) -> ParsedSavedModel:
    """What a tensorflow.SavedModel message says; more than MAX_META_GRAPHS are a loss."""
    number = len(message.meta_graphs)
    if number > MAX_META_GRAPHS:
        from smanalyze.format.salvage import Loss

        reason = f"has {number} elements, of which {MAX_META_GRAPHS} are read"
        losses += (Loss(0, "SavedModel.meta_graphs", reason),)
    return ParsedSavedModel(message.saved_model_schema_version, parse_meta_graphs(message), losses)


def parse_meta_graphs(message: Any) -> tuple[MetaGraph, ...]:
    """The MetaGraphs of a tensorflow.SavedModel message, in file order; the first MAX_META_GRAPHS of them."""
    return tuple(_meta_graph(i, meta_graph) for i, meta_graph in enumerate(message.meta_graphs[:MAX_META_GRAPHS]))


def _meta_graph(index: int, message: Any) -> MetaGraph:
    info = message.meta_info_def
    signatures = {key: _signature(key, message.signature_def[key]) for key in sorted(message.signature_def)}
    special = tuple(signatures.pop(key) for key in (INIT_SIGNATURE, TRAIN_SIGNATURE) if key in signatures)
    collections = {name: _collection(name, message.collection_def[name]) for name in sorted(message.collection_def)}
    aliases = info.function_aliases
    return MetaGraph(
        index=index,
        tags=tuple(dict.fromkeys(info.tags)),
        tensorflow_version=info.tensorflow_version,
        tensorflow_git_version=info.tensorflow_git_version,
        meta_graph_version=info.meta_graph_version,
        stripped_default_attrs=info.stripped_default_attrs,
        graph=GraphView(message.graph_def),
        signatures=tuple(signatures.values()),
        special_signatures=special,
        assets=_assets(message),
        objects=parse_object_graph(message.object_graph_def) if message.HasField("object_graph_def") else None,
        saver=_saver(message),
        collections=tuple(collections.values()),
        variable_defs=_variable_defs(message),
        function_aliases=tuple((name, aliases[name]) for name in sorted(aliases)),
        init_op=_special_op(special, INIT_SIGNATURE, collections, _INIT_COLLECTIONS),
        train_op=_special_op(special, TRAIN_SIGNATURE, collections, (_TRAIN_COLLECTION,)),
    )


def _special_op(
    special: tuple[Signature, ...], key: str, collections: dict[str, Collection], names: tuple[str, ...]
) -> str | None:
    for signature in special:
        if signature.key == key and signature.outputs:
            return signature.outputs[0].tensor_name
    for name in names:
        if name in collections and collections[name].values:
            return collections[name].values[0]
    return None


def _signature(key: str, message: Any) -> Signature:
    defaults = message.defaults
    inputs = tuple(
        tensor_info(name, message.inputs[name], tensor_text(defaults[name]) if name in defaults else None)
        for name in sorted(message.inputs)
    )
    outputs = tuple(tensor_info(name, message.outputs[name]) for name in sorted(message.outputs))
    return Signature(key, message.method_name, inputs, outputs)


def tensor_info(name: str, message: Any, default: str | None = None) -> TensorInfo:
    """One TensorInfo. Of an encoded tensor ``tensor_name`` is "" and the components carry the names."""
    dtype, shape = dtype_name(message.dtype), shape_of(message.tensor_shape)
    encoding = message.WhichOneof("encoding")
    if encoding == "coo_sparse":
        return TensorInfo(
            name, dtype, message.dtype, shape, "", "sparse", _sparse_components(message, dtype), default=default
        )
    if encoding == "composite_tensor":
        return _composite(name, message, default)
    return TensorInfo(name, dtype, message.dtype, shape, message.name, default=default)


def _sparse_components(message: Any, dtype: str) -> tuple[Component, ...]:
    sparse = message.coo_sparse
    rank = None if message.tensor_shape.unknown_rank else len(message.tensor_shape.dim)
    return (
        Component("indices", sparse.indices_tensor_name, "int64", (None, rank)),
        Component("values", sparse.values_tensor_name, dtype, (None,)),
        Component("dense_shape", sparse.dense_shape_tensor_name, "int64", (rank,)),
    )


def _composite(name: str, message: Any, default: str | None) -> TensorInfo:
    spec = message.composite_tensor.type_spec
    spec_name = (spec.type_spec_class_name or SPEC_CLASSES.get(spec.type_spec_class, "")).rsplit(".", 1)[-1]
    encoding = {1: "sparse", 3: "ragged"}.get(spec.type_spec_class, "composite")
    components = tuple(
        Component(str(i), part.name, dtype_name(part.dtype), shape_of(part.tensor_shape))
        for i, part in enumerate(message.composite_tensor.components)
    )
    return TensorInfo(
        name, dtype_name(message.dtype), message.dtype, shape_of(message.tensor_shape), "", encoding,  # type: ignore[arg-type]
        components, spec_name or None, default,
    )  # fmt: skip


def _saver(message: Any) -> SaverDef | None:
    if not message.HasField("saver_def"):
        return None
    saver = message.saver_def
    return SaverDef(saver.filename_tensor_name, saver.save_tensor_name, saver.restore_op_name)


def _assets(message: Any) -> tuple[AssetFile, ...]:
    found = {
        (asset.filename, asset.tensor_info.name): AssetFile(asset.filename, asset.tensor_info.name, "asset_file_def")
        for asset in message.asset_file_def
    }
    order = list(found.values())  # an object's asset_file_def_index counts in this order
    if _ASSETS_COLLECTION in message.collection_def:
        for packed in message.collection_def[_ASSETS_COLLECTION].any_list.value:
            asset = _unpacked_asset(packed)
            if asset is not None and (asset.filename, asset.tensor_name) not in found:
                found[asset.filename, asset.tensor_name] = asset
                order.append(asset)
    return tuple(order)


def _unpacked_asset(packed: Any) -> AssetFile | None:
    try:
        asset = message_class("tensorflow.AssetFileDef").FromString(packed.value)
    except DecodeError:
        return None
    return AssetFile(asset.filename, asset.tensor_info.name, "saved_model_assets")


def _collection(name: str, message: Any) -> Collection:
    kind = message.WhichOneof("kind")
    if kind is None:
        return Collection(name, "empty", ())
    values = getattr(message, kind).value
    if kind == "any_list":
        texts = tuple(value.type_url.rsplit("/", 1)[-1] for value in values)
    elif kind == "bytes_list":
        texts = tuple(text_of(value[:256]) for value in values)
    else:
        texts = tuple(str(value) for value in values)
    return Collection(name, kind, texts)


def _variable_defs(message: Any) -> tuple[VariableDef, ...]:
    """VariableDefs of every collection that holds some, each variable once, in order of first mention."""
    cls = message_class("tensorflow.VariableDef")
    parsed: dict[str, Any] = {}
    named_in: dict[str, list[str]] = {}
    for collection in sorted(message.collection_def):
        if not collection.endswith("variables"):
            continue
        for data in message.collection_def[collection].bytes_list.value:
            try:
                variable = cls.FromString(data)
            except DecodeError:
                continue
            parsed.setdefault(variable.variable_name, variable)
            named_in.setdefault(variable.variable_name, []).append(collection)
    return tuple(_variable_def(variable, tuple(named_in[name])) for name, variable in parsed.items())


def _variable_def(message: Any, collections: tuple[str, ...]) -> VariableDef:
    part = message.save_slice_info_def
    return VariableDef(
        message.variable_name,
        message.initializer_name,
        message.snapshot_name,
        # Before TF 1.14 the field did not exist; then the collection says it.
        message.trainable or "trainable_variables" in collections,
        message.is_resource,
        collections,
        part.full_name,
        tuple(part.full_shape),
        tuple(part.var_offset),
    )


def is_graph_def(data: bytes | memoryview) -> bool:
    """Whether the bytes are a GraphDef with nodes (a frozen graph), which is often named like a SavedModel."""
    try:
        message = message_class("tensorflow.GraphDef").FromString(data)
    except DecodeError:
        return False
    return bool(message.node) and all(node.op for node in message.node[:10])
