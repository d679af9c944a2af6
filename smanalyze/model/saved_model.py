"""A SavedModel as read: the value ``smanalyze.load`` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal

from smanalyze.errors import UsageError
from smanalyze.model.checkpoint import Checkpoint
from smanalyze.model.record import record

if TYPE_CHECKING:  # annotations only; a dataclass takes half a millisecond to make
    from smanalyze.model.checkpoint_objects import CheckpointObjects
    from smanalyze.model.fingerprints import FingerprintSource
    from smanalyze.model.graph import Graph
    from smanalyze.model.objects import ObjectGraph
    from smanalyze.model.parts import FileEntry, Presence, Unreadable
    from smanalyze.model.side_files import DebugInfo, Fingerprint, KerasNode, WarmupRecord
    from smanalyze.model.tensors import TensorInfo
    from smanalyze.model.variables import StoredValues
    from smanalyze.model.weights import KerasTexts


@record
class Signature:
    """One SignatureDef; inputs and outputs in order of their keys, as TensorFlow sorts them."""

    key: str
    method_name: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


@record
class AssetFile:
    """One declared asset: file name below ``assets/`` and the tensor that holds its path.

    ``declared_in`` is ``asset_file_def`` (TF2) or ``saved_model_assets`` (TF1 collection); an asset in both is listed
    once, as the former.
    """

    filename: str
    tensor_name: str
    declared_in: Literal["asset_file_def", "saved_model_assets"]


@record
class SaverDef:
    """What saves and restores (tensorflow/core/protobuf/saver.proto)."""

    filename_tensor: str
    save_tensor: str
    restore_op: str


@record
class VariableDef:
    """A VariableDef of a TF1 collection (tensorflow/core/framework/variable.proto).

    ``slice_full_shape`` and ``slice_offset`` are set for a partition.
    """

    variable_name: str
    initializer_name: str
    snapshot_name: str
    trainable: bool
    is_resource: bool
    collections: tuple[str, ...]
    slice_full_name: str = ""
    slice_full_shape: tuple[int, ...] = ()
    slice_offset: tuple[int, ...] = ()


@record
class Collection:
    """A TF1 collection: its name, the kind of list it is, and the text of each member (bytes: hex escapes)."""

    name: str
    kind: Literal["node_list", "bytes_list", "int64_list", "float_list", "any_list", "empty"]
    values: tuple[str, ...]


@record
class MetaGraph:
    """One MetaGraphDef. ``init_op`` is the op of ``__saved_model_init_op``, else of the TF1 main_op or
    legacy_init_op collection; ``train_op`` likewise. Neither is among ``signatures``."""

    index: int
    tags: tuple[str, ...]
    tensorflow_version: str
    tensorflow_git_version: str
    meta_graph_version: str
    stripped_default_attrs: bool
    graph: Graph = field(compare=False, repr=False)
    signatures: tuple[Signature, ...] = ()
    special_signatures: tuple[Signature, ...] = ()
    assets: tuple[AssetFile, ...] = ()
    objects: ObjectGraph | None = None
    saver: SaverDef | None = None
    collections: tuple[Collection, ...] = ()
    variable_defs: tuple[VariableDef, ...] = ()
    function_aliases: tuple[tuple[str, str], ...] = ()
    init_op: str | None = None
    train_op: str | None = None

    @property
    def has_variables(self) -> bool:
        """Whether something in it is restored from a checkpoint."""
        if self.objects is not None:
            return any(node.kind == "variable" for node in self.objects.nodes)
        return self.saver is not None or bool(self.variable_defs)


@record
class Found:
    """How the given path led to the model.

    ``given``: ``saved_model`` (the folder itself), ``serving_base`` (numbered versions; ``chosen`` is the newest,
    ``others`` the rest, newest first), ``nested`` (``chosen`` is the one SavedModel deeper down), ``file`` (a lone
    saved_model file).
    """

    given: Literal["saved_model", "serving_base", "nested", "file"]
    path_name: str
    chosen: str = ""
    others: tuple[str, ...] = ()


@record
class SavedModel:
    """Everything that could be read of one SavedModel, and (``unreadable``) what could not.

    ``read_file`` gives the bytes of one of ``files`` by its path, ``file_pieces`` the same a piece at a time (for files
    of any size); FormatError if it cannot be read. ``keras_texts`` gives the Keras configurations in one of ``files``,
    None where its name is not that of a Keras file; ``input_example`` the JSON that MLflow keeps beside the model.
    """

    found: Found
    file_kind: Literal["pb", "pbtxt", "cpb", "none"]
    schema_version: int
    pb_size: int
    meta_graphs: tuple[MetaGraph, ...] = ()
    checkpoint: Checkpoint = field(default_factory=lambda: Checkpoint("absent"))
    checkpoint_objects: CheckpointObjects | None = None
    fingerprint: Fingerprint | None = None
    fingerprint_presence: Presence = "absent"
    keras_nodes: tuple[KerasNode, ...] = ()
    keras_metadata_presence: Presence = "absent"
    warmup: tuple[WarmupRecord, ...] = ()
    debug_info: DebugInfo | None = None
    tfhub_module: str | None = None
    files: tuple[FileEntry, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    read_file: Callable[[str], bytes] | None = field(default=None, compare=False, repr=False)
    fingerprints: FingerprintSource | None = field(default=None, compare=False, repr=False)
    file_pieces: Callable[[str], Iterator[memoryview]] | None = field(default=None, compare=False, repr=False)
    keras_texts: Callable[[str], KerasTexts | None] | None = field(default=None, compare=False, repr=False)
    input_example: Callable[[], bytes | None] | None = field(default=None, compare=False, repr=False)

    @property
    def kind(self) -> str:
        """What the model is, in a word or two."""
        return {"pbtxt": "SavedModel (text form)", "cpb": "SavedModel (split)"}.get(self.file_kind, "SavedModel")

    @property
    def graph_unread(self) -> bool:
        """Whether some of the graph, or all, could not be read."""
        return any(lost.part == "graph" for lost in self.unreadable)

    @property
    def variables(self) -> StoredValues:
        """The stored values by checkpoint key and variable name, each read when asked for; see StoredValues. Made anew
        each time: keep it in a name where many are read."""
        from smanalyze.model.variables import StoredValues

        graphs = tuple(meta_graph.objects for meta_graph in self.meta_graphs)
        return StoredValues(self.checkpoint, self.checkpoint_objects, graphs)


def select_meta_graphs(model: SavedModel, tags: tuple[str, ...]) -> SavedModel:
    """The model with only the MetaGraph whose tag-set is exactly ``tags``; raises UsageError naming those there are."""
    wanted = tuple(sorted(set(tags)))
    chosen = tuple(m for m in model.meta_graphs if tuple(sorted(m.tags)) == wanted)
    if not chosen:
        there = "; ".join(",".join(meta_graph.tags) or "(no tags)" for meta_graph in model.meta_graphs) or "none"
        raise UsageError(f"No MetaGraph has the tag-set {','.join(wanted)!r}. Tag-sets in this model: {there}.")
    return replace(model, meta_graphs=chosen)
