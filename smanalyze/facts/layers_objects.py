"""The object graph with its references checked, and the weights each object holds."""

from __future__ import annotations

from smanalyze.facts.layers_forward import Weight, object_weight
from smanalyze.model.objects import ObjectGraph, SavedObject

LISTS = frozenset({"trackable_list_wrapper", "trackable_tuple_wrapper", "trackable_dict_wrapper"})
_NOT_OWN = frozenset({
    "keras_api", "variables", "trainable_variables", "non_trainable_variables", "optimizer", "_optimizer", "signatures",
    "regularization_losses",
})  # fmt: skip


class ObjectTree:
    """The objects of one MetaGraph. Lists of weights are made once and shared, so that asking again costs nothing."""

    def __init__(self, graph: ObjectGraph | None) -> None:
        self.nodes: tuple[SavedObject, ...] = graph.nodes if graph else ()
        self._held: dict[int, tuple[Weight, ...]] = {}
        self._below: dict[int, tuple[Weight, ...]] = {}
        # Objects that a walk below one object may visit, over all walks: real models need far less.
        self._budget = 20 * len(self.nodes) + 1000

    def children(self, object_id: int | None) -> list[tuple[str, int]]:
        """(name, id) of the children that exist."""
        if object_id is None or not 0 <= object_id < len(self.nodes):
            return []
        count = len(self.nodes)
        return [(name, child) for name, child in self.nodes[object_id].children if 0 <= child < count]

    def child(self, object_id: int | None, name: str) -> int | None:
        """The child of that name."""
        return next((child for local, child in self.children(object_id) if local == name), None)

    def is_list(self, object_id: int) -> bool:
        """Whether the object is a tracked list, tuple or dict."""
        return self.nodes[object_id].identifier in LISTS

    def name_of(self, object_id: int) -> str:
        """A name for an object that has none of its own: that of its variables' scope, else its number."""
        names = {weight.name.rpartition("/")[0] for weight in self.held(object_id)} - {""}
        return names.pop().rpartition("/")[2] if len(names) == 1 else f"object {object_id}"

    def held(self, object_id: int) -> tuple[Weight, ...]:
        """The variables that are children of an object, each once."""
        known = self._held.get(object_id)
        if known is None:
            found = (object_weight(self.nodes[child]) for _, child in self.children(object_id))
            known = self._held[object_id] = tuple(dict.fromkeys(weight for weight in found if weight))
        return known

    def weights_of(self, object_id: int) -> tuple[Weight, ...]:
        """All variables of a Keras layer: its ``variables``, else all that it and the objects it holds have."""
        listed = self.child(object_id, "variables")
        return self.held(listed) if listed is not None else self._all_below(object_id)

    def trained_of(self, object_id: int) -> tuple[Weight, ...]:
        """The variables a Keras layer would train: its ``trainable_variables``, else those marked so."""
        listed = self.child(object_id, "trainable_variables")
        if listed is not None:
            return self.held(listed)
        return tuple(weight for weight in self.weights_of(object_id) if weight.trainable)

    def weights_of_all(self, objects: list[int]) -> tuple[Weight, ...]:
        """The variables of several objects, each once."""
        return tuple(dict.fromkeys(weight for object_id in objects for weight in self.weights_of(object_id)))

    def _all_below(self, object_id: int) -> tuple[Weight, ...]:
        known = self._below.get(object_id)
        if known is not None:
            return known
        found: dict[Weight, None] = {}
        seen = {object_id}
        queue = [object_id]
        for current in queue:
            self._budget -= 1
            if self._budget < 0:
                break
            found.update(dict.fromkeys(self.held(current)))
            for name, child in self.children(current):
                if child not in seen and name not in _NOT_OWN and self.nodes[child].kind == "user_object":
                    seen.add(child)
                    queue.append(child)
        known = self._below[object_id] = tuple(found)
        return known
