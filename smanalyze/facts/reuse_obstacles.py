"""What keeps a SavedModel from loading, where the file alone proves it.

Each obstacle was seen with TensorFlow 2.21 on a model that has it; values and files that are damaged are no matter of
this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from smanalyze.facts.reuse_loaded import Loaded
from smanalyze.facts.reuse_refused import circle, incomplete_constants, invalid_names, missing_inputs
from smanalyze.graph.ops import provider, registered
from smanalyze.model.record import record
from smanalyze.model.tensors import Structure

REGISTERED_TYPE_SPEC = 12
"""TypeSpecProto.REGISTERED_TYPE_SPEC (tensorflow/core/protobuf/struct.proto)."""

_OWN_SPECS = frozenset({
    "BoundedTensorSpec", "NoneTensorSpec", "RaggedTensorSpec", "RowPartitionSpec", "SparseTensorSpec",
    "TensorArraySpec", "TensorSpec",
})  # fmt: skip
VERSION = re.compile(
    r"v?(\d+!)?\d+(\.\d+)*([-_.]?(alpha|beta|preview|pre|a|b|c|rc)[-_.]?\d*)?(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?"
    r"([-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    re.IGNORECASE,
)
"""PEP 440, as the package ``packaging`` reads versions."""

_PRESENCE = {"absent": "not there", "not-fetched": "not fetched", "not-read": "not readable"}
_REFERENCE_OPS = frozenset({"VariableV2", "Variable", "Assign", "AssignAdd", "AssignSub", "RefIdentity"})


@record
class Obstacle:
    """One obstacle: what it is, and whether the reader can get around it (by an import, another release …).

    ``keras3_only``: it is none for loaders that import tf_keras themselves."""

    says: str
    passable: bool
    keras3_only: bool = False


def find_obstacles(loaded: Loaded) -> tuple[Obstacle, ...]:
    """All obstacles to ``tf.saved_model.load``, the impassable first."""
    found = [*_refused(loaded), *_values(loaded), *_wrapped(loaded), *_ops(loaded), *_specs(loaded), *_slots(loaded)]
    return tuple(sorted(found, key=lambda obstacle: obstacle.passable))


def _refused(loaded: Loaded) -> Iterator[Obstacle]:
    """Nodes that cannot be made; the main graph is looked at by the TF1 loader alone."""
    library = loaded.graph.library
    if loaded.model.graph_unread:
        return
    turning = circle(library) if not loaded.is_tf1 else ()
    if turning:
        told = " → ".join((*turning[:4], *(["…"] if len(turning) > 4 else []), turning[0]))
        yield Obstacle(f"TensorFlow refuses functions that call one another in a circle: {told}.", False)
    for refused in (invalid_names(library), missing_inputs(library), incomplete_constants(library)):
        first = next((node for node in refused if node.function or loaded.is_tf1), None)
        if first:
            where = f"function {first.function}" if first.function else "the main graph"
            yield Obstacle(
                f"TensorFlow refuses a node of {where}: {first.node or 'a nameless one'} ({first.op}) {first.fault}.",
                False,
            )


def _values(loaded: Loaded) -> Iterator[Obstacle]:
    checkpoint = loaded.model.checkpoint
    stored = any(node.kind == "variable" for node in loaded.tree.nodes) or bool(loaded.bound)
    if not stored:
        return
    if checkpoint.presence != "present":
        yield Obstacle(f"The variables' values are {_PRESENCE[checkpoint.presence]}.", False)
        return
    lacking = [shard.file for shard in checkpoint.shards if shard.declared and shard.presence != "present"]
    if lacking:
        yield Obstacle(f"The variables' values are not all there: {lacking[0]} is missing or unreadable.", False)
        return
    objects = loaded.model.checkpoint_objects
    keys = {entry.key for entry in checkpoint.entries}
    for attribute in objects.attributes if objects else ():
        if attribute.key not in keys:
            yield Obstacle(f"The checkpoint has no value for the key {attribute.key}, which it lists itself.", False)
            return


def _ops(loaded: Loaded) -> Iterator[Obstacle]:
    library = loaded.graph.library
    unknown = sorted(op for op in library.op_counts if registered(op) is None and op not in library.functions)
    if not unknown:
        return
    known = next(filter(None, (provider(op) for op in unknown)), None)
    more = f" and {len(unknown) - 1} more ops" if len(unknown) > 1 else ""
    way = f"; {known.import_hint or known.library} brings it" if known else ""
    yield Obstacle(f"TensorFlow itself does not register {unknown[0]}{more}: import what does so first{way}.", True)


def _specs(loaded: Loaded) -> Iterator[Obstacle]:
    objects = loaded.meta_graph.objects
    roots = [s for c in objects.concrete_functions for s in (c.inputs, c.outputs)] if objects else []
    stack = [structure for structure in roots if structure]
    names: set[str] = set()
    while stack:
        structure: Structure = stack.pop()
        stack.extend(structure.items)
        if structure.kind == "type_spec" and structure.value == REGISTERED_TYPE_SPEC and structure.name:
            names.add(structure.name)
    foreign = sorted(names - _OWN_SPECS)
    if foreign:
        yield Obstacle(
            f"A function's arguments or results are a {foreign[0]}: import the package that has it first.", True
        )


def _slots(loaded: Loaded) -> Iterator[Obstacle]:
    holders = [node for node in loaded.tree.nodes if node.slot_variables and node.identifier == "optimizer"]
    if holders:
        yield Obstacle(
            "It holds the slot variables of a Keras 2 optimizer: TensorFlow 2.16 and later stops with "
            "\"'_UserObject' object has no attribute 'add_slot'\", unless tf_keras is imported first.",
            True,
            keras3_only=True,
        )


def _wrapped(loaded: Loaded) -> Iterator[Obstacle]:
    """Obstacles of the TF1 loader alone."""
    if not loaded.is_tf1:
        return
    version = loaded.meta_graph.tensorflow_version
    if version and not VERSION.fullmatch(version):
        yield Obstacle(
            f"TensorFlow 2.21 stops at the version {version!r} that the MetaGraph names (InvalidVersion).", False
        )
    main = loaded.graph.library.main
    for signature in loaded.meta_graph.signatures:
        fed = [info.tensor_name for info in signature.inputs if info.tensor_name]
        if len(set(fed)) < len(fed):
            yield Obstacle(
                f"Two inputs of the signature {signature.key} feed one tensor, which TensorFlow 2 refuses.", False
            )
            return
        for info in signature.outputs:
            number = main.producer(info.tensor_name) if info.tensor_name else None
            if number is not None and number >= 0 and main.ops[number] in _REFERENCE_OPS:
                where = f"The output {info.name} of the signature {signature.key}"
                yield Obstacle(f"{where} is a reference, which TensorFlow 2 refuses.", False)
                return
