"""What the metadata of Keras 2 says on both sides: layers, matched by their names, and code that it carries.

Names that Keras counts (``conv2d_3``) match by their ranks; settings are compared without what only a process or a
release of Keras writes: ids of shared objects, names, modules, what a layer was built for. Nothing is unmarshalled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from smanalyze.diff.side import Side
from smanalyze.facts.autonames import AutoNames
from smanalyze.facts.layers_keras import sublayers
from smanalyze.facts.layers_metadata import KerasMetadata, items, mapping, text
from smanalyze.facts.layers_objects import ObjectTree
from smanalyze.facts.reuse_keras import KerasFacts
from smanalyze.report.python_changes import KerasPair, LambdaPair, LayerFact, LayerPair

_NOT_SETTINGS = frozenset({
    "name", "layers", "input_layers", "output_layers", "batch_input_shape", "batch_shape", "build_config",
    "build_input_shape", "compile_config", "trainable",
})  # fmt: skip
"""Of a layer's configuration what is told elsewhere, or follows from the layers around it."""

_FUNCTIONS = ("function", "output_shape", "mask")
"""What a Lambda keeps as code or by name (keras/src/layers/core/lambda_layer.py, from_config); the key with ``_type``
says which: Keras unmarshals where it is ``lambda``."""

_OF_LAMBDA = frozenset({*_FUNCTIONS, *(f"{key}_type" for key in _FUNCTIONS)})
_MODULES = frozenset({"module", "output_shape_module", "mask_module"})
_ENVELOPE = frozenset({"class_name", "config", "module", "registered_name", "shared_object_id", "build_config",
                       "compile_config"})  # fmt: skip
_SAME_CLASS = {"Model": "Functional"}
"""Classes that a later release of Keras calls by another name."""

Told = tuple[frozenset[int], frozenset[int]]
"""Objects of each side that are told as objects of the tree."""

_encode = json.JSONEncoder(sort_keys=True).encode
_encode_word = lru_cache(maxsize=4096, typed=True)(_encode)
_WORDS = frozenset({str, bool, int, type(None)})
"""Of what most settings are: values that are the same where they are equal."""

LIKELY = 0.9
"""Confidence of a layer that was found by its class and settings."""


class KerasSide:
    """The Keras metadata of one MetaGraph. ``source`` is None where it is not known whether there is any."""

    def __init__(self, side: Side, number: int) -> None:
        meta_graph = side.graphs[number].meta_graph
        metadata = KerasMetadata(side.model, meta_graph)
        self.tree = ObjectTree(meta_graph.objects)
        model = side.model
        for number in metadata.kinds:
            metadata.of(number)
        told = model.keras_metadata_presence in ("present", "absent") and model.found.given != "file"
        known = (metadata.source or told) and not metadata.broken
        self.source: str | None = metadata.source if known else None
        facts = KerasFacts(metadata, self.tree)
        self.custom = tuple(sorted({*facts.custom_classes, *facts.unknown_compiled}))
        self.metadata = metadata
        texts = (*(node.metadata for node in model.keras_nodes), *(node.metadata for node in self.tree.nodes))
        self._may_hold_code = any("ambda" in one or "\\u" in one for one in texts)  # JSON may spell letters as \uXXXX
        self.version = text(facts.root.get("keras_version"))
        self.layers = tuple(self._layers())
        self.auto = AutoNames(fact.path for _, fact in self.layers)

    def _layers(self) -> Iterator[tuple[int, LayerFact]]:
        """(object, fact) of each layer once, those at the top first; the model around them, too."""
        seen: set[int] = set()
        ids = list(self.metadata.layers())
        for start in [*(number for number in ids if number == 0), *ids]:
            queue = [(start, "")] if start not in seen else []
            seen.add(start)
            for number, above in queue:
                said = self.metadata.of(number)
                if not said:
                    continue
                fact = _fact(said, above, self.tree.name_of(number))
                yield number, fact
                inside = "" if number == start and not above else f"{fact.path}/"
                for child in sublayers(self.metadata, self.tree, number):
                    if child not in seen:
                        seen.add(child)
                        queue.append((child, inside))

    def lambdas(self) -> dict[str, tuple[str, bool]]:
        """Digest of each Lambda's function by the name of the layer, and whether it is code. A model repeats what its
        layers say; where it says something else under one name, both count."""
        found: dict[str, set[tuple[str, bool]]] = {}
        for number in sorted(self.metadata.kinds) if self._may_hold_code else ():
            said = self.metadata.of(number)
            for name, digest, code in _lambdas(said):
                found.setdefault(self.auto.plain(name or text(said.get("name"))), set()).add((digest, code))
        return {
            name: (" ".join(sorted(digest for digest, _ in held)), any(code for _, code in held))
            for name, held in found.items()
        }


def _fact(said: dict[str, Any], above: str, otherwise: str) -> LayerFact:
    config = mapping(said.get("config"))
    class_name = text(said.get("class_name"))
    left_out = _NOT_SETTINGS | ({*_OF_LAMBDA, *_MODULES} if class_name == "Lambda" else frozenset())
    settings = [(key, _canonical(value)) for key, value in config.items() if key not in left_out]
    name = text(said.get("name")) or text(config.get("name")) or otherwise
    return LayerFact(
        path=above + name,
        name=name,
        class_name=_SAME_CLASS.get(class_name, class_name),
        registered_name=text(said.get("registered_name")),
        config=tuple(sorted(settings)),
    )


def _canonical(value: Any) -> str:
    return _encode_word(value) if type(value) in _WORDS else _encode(_plain(value))


def _plain(value: Any, depth: int = 0) -> Any:
    """A setting without what a process or a release of Keras writes around it; json.loads bounds the depth."""
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if not isinstance(value, dict) or depth > 100:
        return value
    if value.get("class_name") in ("__tuple__", "TensorShape") and isinstance(value.get("items"), list):
        return [_plain(item, depth + 1) for item in value["items"]]
    if "class_name" in value and isinstance(value.get("config"), dict):
        config = value["config"]
        if "Policy" in str(value["class_name"]) and isinstance(config.get("name"), str):
            return config["name"]
        inner = {key: _plain(item, depth + 1) for key, item in config.items() if key not in _NOT_SETTINGS}
        rest = {key: _plain(item, depth + 1) for key, item in value.items() if key not in _ENVELOPE | _NOT_SETTINGS}
        return {"class_name": value["class_name"], "config": {k: v for k, v in inner.items() if v is not None}, **rest}
    return {key: _plain(item, depth + 1) for key, item in value.items()}


# Lambdas --------------------------------------------------------------------------------------------------------------


def _lambdas(said: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """(name, digest, whether it is marshalled code) of each Lambda in a description, however deep."""
    stack: list[tuple[Any, str]] = [(said, "")]
    while stack:
        value, name = stack.pop()
        if isinstance(value, list):
            stack += [(item, name) for item in value]
        elif isinstance(value, dict):
            config = value.get("config")
            inner = text(mapping(config).get("name")) or name
            if value.get("class_name") == "Lambda" and isinstance(config, dict):
                held = {key: config[key] for key in _OF_LAMBDA if key in config}
                code = any(held.get(f"{key}_type") == "lambda" or _marshalled(held.get(key)) for key in _FUNCTIONS)
                yield inner or text(value.get("name")), _digest(held), code
            elif value.get("class_name") == "__lambda__":
                yield name, _digest(config), True
            stack += [(item, inner) for item in value.values()]


def _marshalled(function: Any) -> bool:
    """Whether it has the form that Keras gives to code: a tuple of base64, defaults and closure; for an output shape a
    tuple is the shape."""
    parts = items(function)
    return (bool(parts) and isinstance(parts[0], str)) or mapping(function).get("class_name") == "__lambda__"


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def keras_pair(old: KerasSide, new: KerasSide, endpoints: tuple[tuple[str, ...], tuple[str, ...]]) -> KerasPair:
    """What both sides say besides their layers."""
    lambdas = old.lambdas(), new.lambdas()
    pairs = []
    for name in dict.fromkeys((*lambdas[0], *lambdas[1])):
        before, after = lambdas[0].get(name), lambdas[1].get(name)
        if before != after:
            code = (after or before or ("", False))[1]
            pairs.append(LambdaPair(name, before[0] if before else None, after[0] if after else None, code))
    return KerasPair((old.source, new.source), tuple(pairs), (old.custom, new.custom), endpoints)


# Layers ---------------------------------------------------------------------------------------------------------------


def match_layers(old: KerasSide, new: KerasSide, told: Told = (frozenset(), frozenset())) -> tuple[LayerPair, ...]:
    """Layers by name, by name without its counter, then by class and settings in order; () where one side has no
    metadata. ``told`` are the objects, on each side, that are told as objects of the tree."""
    if not old.source or not new.source:
        return ()
    matcher = _Layers(old, new)
    matcher.stage("name", *[[fact.path for _, fact in side.layers] for side in (old, new)])
    matcher.stage("number", *[[side.auto.plain(fact.path) for _, fact in side.layers] for side in (old, new)])
    matcher.stage("config", *[[f"{fact.class_name}\0{fact.config}" for _, fact in side.layers] for side in (old, new)])
    pairs = [matcher.pair(*both, told) for both in matcher.found]
    left = [(n, fact) for place, (n, fact) in enumerate(old.layers) if place not in matcher.taken[0]]
    come = [(n, fact) for place, (n, fact) in enumerate(new.layers) if place not in matcher.taken[1]]
    pairs += [LayerPair(fact, None, told=n in told[0] or fact.class_name == "Lambda") for n, fact in left]
    return (*pairs, *(LayerPair(None, fact, told=n in told[1] or fact.class_name == "Lambda") for n, fact in come))


class _Layers:
    def __init__(self, old: KerasSide, new: KerasSide) -> None:
        self.sides = old, new
        self.found: list[tuple[int, int, str]] = []
        self.taken: tuple[set[int], set[int]] = (set(), set())

    def stage(self, name: str, old: list[str], new: list[str]) -> None:
        """Matches what has one key on both sides, the first with the first."""
        places: dict[str, list[int]] = {}
        for number in reversed(range(len(new))):
            if number not in self.taken[1]:
                places.setdefault(new[number], []).append(number)
        for number, key in enumerate(old):
            if number not in self.taken[0] and places.get(key):
                other = places[key].pop()
                self.found.append((number, other, name))
                self.taken[0].add(number)
                self.taken[1].add(other)

    def pair(self, before: int, after: int, stage: str, told: Told) -> LayerPair:
        (number, one), (twin, other) = self.sides[0].layers[before], self.sides[1].layers[after]
        confidence = LIKELY if stage == "config" else 1.0
        as_object = number in told[0] or twin in told[1]
        return LayerPair(one, other, stage, confidence, tuple(self._changed(one, other)), as_object)

    def _changed(self, one: LayerFact, other: LayerFact) -> Iterator[tuple[str, str, str]]:
        """The settings that differ. One that is on one side only counts where both were written by one release."""
        if one.class_name != other.class_name:
            yield "class", one.class_name, other.class_name
            return
        if one.registered_name and other.registered_name and one.registered_name != other.registered_name:
            yield "registered name", one.registered_name, other.registered_name
        before, after = dict(one.config), dict(other.config)
        release = self.sides[0].version == self.sides[1].version
        for key in sorted({*before, *after}):
            words = before.get(key, "null"), after.get(key, "null")
            if words[0] != words[1] and ((key in before and key in after) or release):
                yield key, *words
