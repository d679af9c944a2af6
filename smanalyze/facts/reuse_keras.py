"""What a Keras model was compiled with, and which classes its reader must know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smanalyze.facts.layers_metadata import KerasMetadata, items, mapping, text
from smanalyze.facts.layers_objects import ObjectTree
from smanalyze.facts.reuse_names import COMPILED, LAYERS

_WRAPPERS = ("MeanMetricWrapper", "SumOverBatchSizeMetricWrapper", "LossFunctionWrapper")
_OPTIMIZERS = ("optimizer", "experimentalOptimizer")
_MAX_NAMES = 50


class KerasFacts:
    """What one MetaGraph says of its Keras model; all empty where it has none."""

    def __init__(self, metadata: KerasMetadata, tree: ObjectTree) -> None:
        self.metadata = metadata
        self.tree = tree
        self.root = metadata.of(0) if 0 in metadata.kinds else {}
        self.layers = tuple(metadata.layers())
        self._config = mapping(self.root.get("training_config"))

    @property
    def optimizer(self) -> str:
        """Name of the optimizer, from the training config, else from the optimizer object's variables."""
        configured = mapping(self._config.get("optimizer_config"))
        return _last(text(configured.get("class_name"))) or self._optimizer_object()

    def _optimizer_object(self) -> str:
        for name in ("optimizer", "_optimizer"):
            child = self.tree.child(0, name)
            if child is None:
                continue
            scopes = {weight.name.partition("/")[0] for weight in self.tree.held(child) if "/" in weight.name}
            known = (
                self.tree.nodes[child].identifier in _OPTIMIZERS or self.tree.child(child, "_iterations") is not None
            )
            if known:
                return scopes.pop() if len(scopes) == 1 else "optimizer (kind not saved)"
        return ""

    @property
    def loss(self) -> str:
        """The loss, or the losses, by name."""
        return ", ".join(_names(self._config.get("loss")))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics by name: of the training config, else of the metric objects."""
        named = tuple(
            dict.fromkeys([*_names(self._config.get("metrics")), *_names(self._config.get("weighted_metrics"))])
        )
        if named:
            return named
        found = (text(self.metadata.of(number).get("name")) for number in self.metadata.metrics())
        return tuple(dict.fromkeys(name for name in found if name))[:_MAX_NAMES]

    @property
    def custom_classes(self) -> tuple[str, ...]:
        """Classes that Keras itself does not have, in order of name."""
        found = {text(self.metadata.of(number).get("class_name")) for number in self.layers} - LAYERS - COMPILED - {""}
        return tuple(sorted(found))

    @property
    def unknown_compiled(self) -> tuple[str, ...]:
        """Losses, metrics and the optimizer of the training config that Keras does not have."""
        fields = ("loss", "metrics", "weighted_metrics")
        found = [name for field in fields for name in _classes(self._config.get(field))]
        optimizer = text(mapping(self._config.get("optimizer_config")).get("class_name")).removeprefix("Custom>")
        return tuple(dict.fromkeys(name for name in (*found, optimizer) if name and name not in COMPILED))

    @property
    def lambdas(self) -> tuple[str, ...]:
        """Names of the Lambda layers, whose Python bytecode the metadata holds."""
        found = (self.metadata.of(number) for number in self.layers)
        return tuple(text(said.get("name")) for said in found if said.get("class_name") == "Lambda")

    @property
    def from_config_only(self) -> tuple[str, ...]:
        """Classes that Keras refuses to restore from the traces (``must_restore_from_config``), not built in."""
        found = (self.metadata.of(number) for number in self.layers)
        forced = {text(said.get("class_name")) for said in found if said.get("must_restore_from_config") is True}
        return tuple(sorted(forced - LAYERS - {""}))

    @property
    def save_traces(self) -> bool | None:
        """Whether the layers' call functions were saved; None where no layer is described."""
        if not self.layers:
            return None
        calls = ("__call__", "call_and_return_conditional_losses", "call_and_return_all_conditional_losses")
        return any(name in calls for number in self.layers for name, _ in self.tree.children(number))


def _last(name: str) -> str:
    return name.rpartition(">")[2]


def _names(value: Any) -> list[str]:
    """The names in a loss or metrics config, as people call them: of an object the function or name in its config."""
    found = []
    for entry in _entries(value):
        config = mapping(mapping(entry).get("config"))
        found.append(text(entry) or text(config.get("fn")) or text(config.get("name")) or entry["class_name"])
    return list(dict.fromkeys(found))[:_MAX_NAMES]


def _classes(value: Any) -> list[str]:
    """The names by which Keras looks them up: strings, classes, and functions inside its own wrappers."""
    found = []
    for entry in _entries(value):
        name = text(entry) or entry["class_name"]
        if name in _WRAPPERS:
            name = text(mapping(mapping(entry).get("config")).get("fn")) or name
        found.append(name)
    return found


def _entries(value: Any) -> Iterator[Any]:
    """Each loss or metric in a config: a string, or an object with a class_name."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, list) or items(current):
            stack.extend(reversed(items(current)))
        elif isinstance(current, dict):
            if text(current.get("class_name")) and current["class_name"] not in ("__tuple__", "TensorShape"):
                yield current
            else:
                stack.extend(reversed(list(current.values())))
