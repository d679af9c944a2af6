"""What starts the nodes of one MetaGraph: loading, a signature, a function of the object tree, saving and restoring.

What TensorFlow's loaders run by themselves: the init op of the graph, or, where there is none, the initializers of
tables and local variables (tensorflow/python/saved_model/loader_impl.py: get_init_op; load_v1_in_v2.py;
monitored_session.py: Scaffold.default_local_init_op), and the functions by which a resource is made, filled and ended
(tensorflow/python/saved_model/load.py: _setup_remaining_functions; python/trackable/resource.py). The functions that
save and restore an object of its own hang in no place of the tree as a rule (saved_object_graph.proto: SaveableObject).
Every object of the file is made, whether the tree leads to it or not, and an object of any kind is made a table where
its registered name says so (load.py: _generate_ordered_node_ids, _recreate; python/ops/lookup_ops.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from smanalyze.facts.names import Names
from smanalyze.facts.objects import function_holders
from smanalyze.graph.keys import PLACEHOLDERS
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.objects import SavedObject
from smanalyze.model.record import record
from smanalyze.model.saved_model import Signature

LOAD, SAVER, NEVER = "load", "saver", "never"
_RESOURCE = ("_create_resource", "_initialize", "_destroy_resource")
_HOOKS = frozenset({
    "_gather_saveables_for_checkpoint", "_maybe_initialize_trackable", "_trackable_children", "_serialize_to_tensors",
    "_restore_from_tensors", "_lookup_dependency", "_track_trackable", "_handle_deferred_dependencies",
    "_checkpoint_adapter", "_checkpoint_dependencies", "_deferred_dependencies", "_add_trackable_child",
    "_preload_simple_restoration", "_copy_trackable_to_cpu", "_name_based_restores",
})  # fmt: skip
"""Methods of TensorFlow's own objects that the loader calls; a function that hangs under such a name is in their place
(tensorflow/python/trackable/base.py)."""

_RESTORING, _SAVES = "restoring", "saving"
"""What TensorFlow's saver does with the main graph: labels of starts."""

_NEVER_UNFED = frozenset({"Placeholder", "PlaceholderV2"})
"""Ops that fail where nothing is fed to them."""

_SAVING = frozenset({"_traced_save", "_traced_restore", "save_fn", "restore_fn"})


@record
class Start:
    """One thing that runs nodes. ``when`` is a word of ``report.scan.Act``, ``label`` the first step of a path."""

    when: str
    label: str

    @property
    def order(self) -> tuple[int, str]:
        """Loading first, then signatures, then functions, then what saves and restores."""
        kind = self.when.partition(":")[0]
        return ((LOAD, "signature", "function", SAVER).index(kind), self.when)


class Starts:
    """The starts of one MetaGraph, by what they run first."""

    def __init__(self, graph: ModelGraph, names: Names) -> None:
        self._graph = graph
        self._paths = names.paths
        self._known: dict[str, tuple[Start, ...]] = {}

    @cached_property
    def main(self) -> tuple[tuple[Start, frozenset[int]], ...]:
        """(start, numbers of the nodes of the main graph that it runs)."""
        meta_graph, main = self._graph.meta_graph, self._graph.library.main
        found: list[tuple[Start, frozenset[int]]] = []

        def add(start: Start, references: list[str]) -> None:
            if references:
                found.append((start, frozenset(n for n in main.slice_before(references) if n >= 0)))

        if meta_graph.init_op:
            add(Start(LOAD, f"init op {meta_graph.init_op}"), [meta_graph.init_op])
        else:
            add(Start(LOAD, "initializers of tables and local variables"), list(self._initializers()))
        for signature in meta_graph.signatures:
            start = Start(f"signature:{signature.key}", f"signature {signature.key}")
            found.append((start, frozenset(n for n in self._graph.main_slice(signature.key) if n >= 0)))
        if meta_graph.train_op:
            add(Start("signature:__saved_model_train_op", "train op"), [meta_graph.train_op])
        if meta_graph.saver:
            saver = meta_graph.saver
            restore = [saver.restore_op] if saver.restore_op else []
            add(Start(LOAD, _RESTORING), restore)  # loaders run it (cc/saved_model/loader.cc: RunRestore)
            add(Start(SAVER, _RESTORING), restore)
            add(Start(SAVER, _SAVES), [saver.save_tensor] if saver.save_tensor else [])
        return tuple(found)

    def _initializers(self) -> Iterator[str]:
        meta_graph = self._graph.meta_graph
        for collection in meta_graph.collections:
            if collection.name == "table_initializer" and collection.kind == "node_list":
                yield from collection.values
        for variable in meta_graph.variable_defs:
            if "local_variables" in variable.collections and variable.initializer_name:
                yield variable.initializer_name

    def of(self, function: str) -> tuple[Start, ...] | None:
        """The starts of a function that one runs directly; None where no object of the tree offers it."""
        held = self._offered.get(function)
        if held is None:
            return None
        found = self._known.get(function)
        if found is None:
            starts = dict.fromkeys(start for number in held for start in self._starts_of(number))
            found = self._known[function] = tuple(sorted(starts, key=lambda one: one.order))
        return found

    def at_load(self) -> Iterator[str]:
        """The functions that the loader runs, of those that objects offer."""
        if self._paths is None:
            return
        names, nodes = self._paths.names, self._paths.graph.nodes
        for function, held in self._offered.items():
            if any(
                names[number] is None
                or number in self._saving
                or any(_makes(nodes[parent], name) or name in _HOOKS for parent, name in self._parents.get(number, ()))
                for number in held
            ):
                yield function

    @cached_property
    def _offered(self) -> dict[str, list[int]]:
        """The objects that hold each function."""
        found: dict[str, list[int]] = {}
        objects = self._graph.meta_graph.objects
        for node in objects.nodes if objects is not None else ():
            for trace in node.function.traces if node.function is not None else ():
                found.setdefault(trace, []).append(node.id)
        return found

    def _starts_of(self, number: int) -> Iterator[Start]:
        """How a function object is run, by where it hangs."""
        if self._paths is None:
            return
        names, nodes = self._paths.names, self._paths.graph.nodes
        if names[number] is None or number in self._saving:  # the loader calls them to learn what they save
            yield Start(LOAD, "an object's own function to save or restore it")
            yield Start(SAVER, "an object's own function to save or restore it")
        for parent, name in self._parents.get(number, ()):
            holder = nodes[parent]
            path = "an object outside the tree" if names[parent] is None else self._paths.python_path(parent)
            if _makes(holder, name):
                yield Start(LOAD, f"{name} of {path or 'the model'}")
            elif name in _HOOKS:
                yield Start(LOAD, f"{name} of {path or 'the model'}, which the loader calls")
            elif names[parent] is None or _is_trace(nodes[number], holder):
                continue
            elif holder.identifier == "signature_map":
                yield Start(f"signature:{name}", f"signature {name}")
            elif name in _SAVING:
                yield Start(SAVER, f"{name} of {path or 'the model'}")
            else:
                own = self._paths.python_path(number)
                yield Start(f"function:{own}", f"function {own}")

    @cached_property
    def _saving(self) -> frozenset[int]:
        """The objects that the loader calls to save and restore others, wherever they hang."""
        nodes = self._paths.graph.nodes if self._paths is not None else ()
        return frozenset(number for node in nodes for number in node.saving_functions)

    @cached_property
    def _parents(self) -> dict[int, list[tuple[int, str]]]:
        """(object, name) of what each function hangs under, or is made a resource with."""
        if self._paths is None:
            return {}
        found = function_holders(self._paths.graph)
        for node in self._paths.graph.nodes:
            for name, child in node.dependencies:
                if name in _RESOURCE and child in found:
                    found[child].append((node.id, name))
        return found

    @cached_property
    def fed(self) -> dict[int, tuple[str, str]]:
        """What a caller or loader gives to nodes of the main graph: number -> (origin, name)."""
        meta_graph, main = self._graph.meta_graph, self._graph.library.main
        found: dict[int, tuple[str, str]] = {}

        def add(reference: str, origin: str, name: str) -> None:
            number = main.producer(reference) if reference else None
            if number is not None and number >= 0:
                found.setdefault(number, (origin, name))

        for asset in meta_graph.assets:
            add(asset.tensor_name, "asset", asset.filename)
        if meta_graph.saver:
            add(meta_graph.saver.filename_tensor, "loader", "checkpoint")
        for signature in meta_graph.signatures:
            for name, reference in _inputs(signature):
                add(reference, "caller", name)
        return found

    @cached_property
    def unfed(self) -> frozenset[int]:
        """Nodes of ``fed`` that something runs without feeding them. The place of an asset is fed to what the loader
        runs; that of the checkpoint to saving and restoring; an input to its own signature.
        """
        main = self._graph.library.main
        given: dict[str, set[int]] = {"asset": set(), "loader": set(), "caller": set()}
        for number, (origin, _) in self.fed.items():
            if main.ops[number] not in _NEVER_UNFED:
                given[origin].add(number)
        own: dict[str, set[int | None]] = {}
        for signature in self._graph.meta_graph.signatures:
            numbers = {main.producer(reference) for _, reference in _inputs(signature)}
            # Of others the signature's nodes say whether it needs an output beside the one that is fed.
            own[f"signature:{signature.key}"] = {n for n in numbers if n is not None and main.ops[n] in PLACEHOLDERS}
        found: set[int] = set()
        for start, runs in self.main:
            found |= (given["caller"] & runs) - own.get(start.when, set())
            if start.when not in (LOAD, SAVER):
                found |= given["asset"] & runs
            if start.label not in (_RESTORING, _SAVES):
                found |= given["loader"] & runs
        return frozenset(found)


def _makes(holder: SavedObject, name: str) -> bool:
    """Whether the loader makes an object with its function of that name."""
    return name in _RESOURCE and bool(holder.kind == "resource" or holder.registered_name)


def _is_trace(node: SavedObject, holder: SavedObject) -> bool:
    """Whether a function is only one of the traces of the function that it hangs under."""
    if holder.function is None or node.function is None:
        return False
    return set(node.function.traces) <= set(holder.function.traces)


def _inputs(signature: Signature) -> Iterator[tuple[str, str]]:
    for tensor in signature.inputs:
        yield tensor.name, tensor.tensor_name
        for part in tensor.components:
            yield tensor.name, part.tensor_name
