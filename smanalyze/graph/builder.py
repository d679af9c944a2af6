"""Builds the typed graph of one MetaGraph; ``model_graph`` says what its edges mean."""

from __future__ import annotations

from typing import Any

from smanalyze.graph.body import BodyIndex, output_position
from smanalyze.graph.edges import Edges
from smanalyze.graph.keys import FILE_INITIALIZERS, PLACEHOLDERS, TABLE_OPS, VARIABLE_OPS, Key, KeyKind, tensor_names
from smanalyze.graph.library import READ, WRITE, Library
from smanalyze.model.objects import SavedObject
from smanalyze.model.saved_model import MetaGraph, Signature

MAX_SLICED = 10_000_000
"""Nodes of all signatures' slices together. Real models stay a hundred times below; thousands of signatures over a
graph of thousands of nodes would take hours."""

_TABLE_CHILDREN = ("_create_resource", "_initialize")

_KINDS: dict[str, KeyKind] = {
    "variable": "variable", "asset": "asset", "constant": "constant", "captured_tensor": "constant",
}  # fmt: skip
"""The kinds of keys of objects; ``object`` is any other, and it takes a look to tell a table."""


class GraphBuilder:
    """The state of building one graph. Its result: ``keys`` of the objects by number, ``edges`` but for those that the
    object tree has (``object_edges``), ``main_resources`` (by node number in the main graph) and ``slices`` (main-graph
    nodes by signature key). ``is_cut``: some slices were left empty, see MAX_SLICED."""

    def __init__(self, meta_graph: MetaGraph, library: Library) -> None:
        self.meta_graph = meta_graph
        self.library = library
        self.edges = Edges()
        self.main_resources: dict[int, Key] = {}
        self.slices: dict[str, frozenset[int]] = {}
        self.is_cut = False
        self._sliced = 0
        self.keys = tuple(map(self._key_of, self._objects))
        self.edges.add_nodes(self.keys)
        self._add_functions()
        self._link_main_resources()
        self._add_entry_points()
        self._add_initializers()

    @property
    def _objects(self) -> tuple[SavedObject, ...]:
        return self.meta_graph.objects.nodes if self.meta_graph.objects else ()

    def _key_of(self, node: SavedObject) -> Key:
        if node.kind == "resource":
            return Key("table" if self._makes_table(node) else "resource", node.id)
        return Key(_KINDS.get(node.kind, "object"), node.id)

    def _makes_table(self, node: SavedObject) -> bool:
        if "table" in node.saveables:
            return True
        ids = dict(node.children)
        for name in _TABLE_CHILDREN:
            for trace in self._traces(ids.get(name)):
                if trace in self.library.functions and any(
                    op in TABLE_OPS or op.startswith(("InitializeTable", "LookupTable"))
                    for op in self.library.index(trace).op_counts
                ):
                    return True
        return False

    def _traces(self, object_id: int | None) -> tuple[str, ...]:
        if object_id is None or not 0 <= object_id < len(self._objects):
            return ()
        function = self._objects[object_id].function
        return function.traces if function else ()

    def object_edges(self) -> Edges:
        """The object tree: what contains what."""
        edges = Edges()
        edges.add_nodes(self.keys)
        for node, key in zip(self._objects, self.keys, strict=True):
            for name, child in node.children:
                if 0 <= child < len(self.keys):
                    edges.add(key, self.keys[child], "contains", name=name)
            for trace in node.function.traces if node.function else ():
                edges.add(key, Key("function", trace), "contains", name=trace)
        return edges

    def _add_functions(self) -> None:
        library = self.library
        self.edges.add_nodes(Key("function", name) for name in library.functions)
        for name in library.functions:
            for call in library.callees(name):
                self._add_call(Key("function", name), call.function, call.op, call.attr)
            gradient = library.gradient_functions.get(name)
            for target in filter(
                None, [gradient, *map(library.gradient_functions.get, library.index(name).gradient_ops)]
            ):
                self.edges.add(Key("function", name), Key("function", target), "gradient")
        for concrete in self.meta_graph.objects.concrete_functions if self.meta_graph.objects else ():
            self._add_captures(concrete.name, concrete.bound_inputs)

    def _add_call(self, caller: Key, function: str, op: str, attr: str) -> None:
        self.edges.add(caller, Key("function", function), "calls", op=op, attr=attr)

    def _add_captures(self, name: str, bound_inputs: tuple[int, ...]) -> None:
        function = Key("function", name)
        effects = self.library.effects(name)
        first = len(effects) - len(bound_inputs)
        captured: dict[Key, dict[str, Any]] = {}
        read: dict[Key, dict[str, Any]] = {}
        written: dict[Key, dict[str, Any]] = {}
        for position, object_id in enumerate(bound_inputs):
            if 0 <= object_id < len(self.keys):
                target = self.keys[object_id]
                captured[target] = {"position": position}
                bits = effects[first + position] if first >= 0 else 0
                if bits & READ:
                    read[target] = {}
                if bits & WRITE:
                    written[target] = {}
        self.edges.add_first(function, "captures", captured)
        self.edges.add_first(function, "reads", read)
        self.edges.add_first(function, "writes", written)

    def _add_effect(self, actor: Key, target: Key | None, bits: int) -> None:
        if target is None:
            return
        if bits & READ:
            self.edges.add(actor, target, "reads")
        if bits & WRITE:
            self.edges.add(actor, target, "writes")

    def _link_main_resources(self) -> None:
        """Finds what each variable or table node of the main graph stands for.

        A call node's last inputs are, in order, the bound inputs of the function it calls: that links the nodes to
        objects. Node names are made unique by a counter and say nothing. Nodes that nobody links (TF1) stand for
        themselves.
        """
        main = self.library.main
        bound = {
            concrete.name: concrete.bound_inputs
            for concrete in (self.meta_graph.objects.concrete_functions if self.meta_graph.objects else ())
        }
        for call in main.calls:
            objects = bound.get(call.function, ())
            inputs = main.data_inputs(call.node)
            if not objects or len(objects) > len(inputs):
                continue
            for reference, object_id in zip(inputs[len(inputs) - len(objects) :], objects, strict=True):
                origin = main.producer(reference)
                if origin is not None and 0 <= object_id < len(self.keys):
                    self.main_resources.setdefault(origin, self.keys[object_id])
        if self.meta_graph.objects is None:
            self._add_main_resources(main)
        else:
            self._trust_shared_names(main)

    def _trust_shared_names(self, main: BodyIndex) -> None:
        """TensorFlow writes a variable's name as ``shared_name`` of its node (resource_variable_ops.py,
        copy_to_graph_uninitialized). Where that is the name of another variable, the inputs of a call were exchanged:
        a session takes the node that is there, and so do we."""
        named: dict[str, list[Key]] = {}
        for node, key in zip(self._objects, self.keys, strict=True):
            if node.variable is not None:
                named.setdefault(node.variable.name, []).append(key)
        for number, key in self.main_resources.items():
            if number < 0 or key.kind != "variable" or main.ops[number] not in VARIABLE_OPS:
                continue
            others = named.get(main.node(number).attr_string("shared_name") or "", [])
            if len(others) == 1:
                self.main_resources[number] = others[0]

    def _add_main_resources(self, main: BodyIndex) -> None:
        """Variables, tables and assets of a graph without objects; a table is linked to the asset it is filled from."""
        for number, op in enumerate(main.ops):
            kind: KeyKind | None = "variable" if op in VARIABLE_OPS else "table" if op in TABLE_OPS else None
            if kind:
                self.main_resources[number] = Key(kind, main.names[number])
        for asset in self.meta_graph.assets:
            position = main.producer(asset.tensor_name) if asset.tensor_name else None
            if position is not None:
                self.main_resources[position] = Key("asset", asset.filename)
        self.edges.add_nodes(self.main_resources.values())
        for number, op in enumerate(main.ops if any(op in main.op_counts for op in FILE_INITIALIZERS) else ()):
            if op in FILE_INITIALIZERS:
                self._link_file_initializer(main, number)

    def _link_file_initializer(self, main: BodyIndex, number: int) -> None:
        inputs = main.data_inputs(number)
        origin = main.origin(inputs[0]) if len(inputs) >= 2 else None
        table = self.main_resources.get(origin) if origin is not None else None
        if table is None:
            return
        for before in main.slice_before(inputs[1:2]):
            asset = self.main_resources.get(before)
            if asset is not None and asset.kind == "asset":
                self.edges.add(asset, table, "initializes")

    def _add_entry_points(self) -> None:
        main = self.library.main
        for call in main.calls:
            self.library.effects(call.function)
        effects = self.library.node_effects(main)
        known: dict[tuple[tuple[str, ...], frozenset[tuple[int, int]]], frozenset[int]] = {}
        for signature in self.meta_graph.signatures:
            asked = tuple(tensor_names(signature.outputs)), self._fed_amid(signature)
            if asked not in known:
                known[asked] = self._slice(*asked)
            self.slices[signature.key] = known[asked]
            self._add_main_edges(Key("signature", signature.key), known[asked], effects)
        if self.meta_graph.init_op:
            init = self._slice((self.meta_graph.init_op,))
            self._add_main_edges(Key("init", self.meta_graph.init_op), init, effects)

    def _fed_amid(self, signature: Signature) -> frozenset[tuple[int, int]]:
        """The inputs of a signature that are no placeholders: (node, output). Whoever feeds them cuts off what makes
        them."""
        main = self.library.main
        ends = ((main.producer(one), output_position(one)) for one in tensor_names(signature.inputs))
        return frozenset(
            (number, output) for number, output in ends
            if number is not None and number >= 0 and main.ops[number] not in PLACEHOLDERS
        )  # fmt: skip

    def _slice(self, references: tuple[str, ...], fed: frozenset[tuple[int, int]] = frozenset()) -> frozenset[int]:
        """What the tensors need; nothing once all slices together would no longer be bounded by the file."""
        if self._sliced > MAX_SLICED:
            self.is_cut = True
            return frozenset()
        found = frozenset(self.library.main.slice_before(references, fed=fed))
        self._sliced += len(found)
        return found

    def _add_main_edges(self, key: Key, within: frozenset[int], effects: dict[int, dict[int, int]]) -> None:
        self.edges.add_nodes([key])
        main = self.library.main
        for number in sorted(within & main.calls_at.keys()):
            for call in main.calls_at[number]:
                self._add_call(key, call.function, call.op, call.attr)
        for number in sorted(within & effects.keys()):
            for origin, bits in effects[number].items():
                self._add_effect(key, self.main_resources.get(origin), bits)
        if self.meta_graph.objects is None:
            for number in sorted(within & self.main_resources.keys()):
                self.edges.add(key, self.main_resources[number], "captures")

    def _add_initializers(self) -> None:
        for node, key in zip(self._objects, self.keys, strict=True):
            if node.kind != "resource":
                continue
            for trace in self._traces(dict(node.children).get("_initialize")):
                function = Key("function", trace)
                self.edges.add(function, key, "initializes")
                for asset in self._captured_assets(function):
                    self.edges.add(asset, key, "initializes")
            initializer = dict(node.children).get("_initializer")
            for asset_id in self._asset_children(initializer):
                self.edges.add(Key("asset", asset_id), key, "initializes")

    def _asset_children(self, object_id: int | None) -> list[int]:
        if object_id is None or not 0 <= object_id < len(self._objects):
            return []
        children = (child for _, child in self._objects[object_id].children if 0 <= child < len(self._objects))
        return [child for child in children if self._objects[child].kind == "asset"]

    def _captured_assets(self, function: Key) -> list[Key]:
        return [end for end in self.edges.targets(function, "captures") if end.kind == "asset"]
