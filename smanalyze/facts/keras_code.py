"""Code and dangerous references that Keras configurations bring along, wherever they hide.

They stand in keras_metadata.pb (TensorFlow 2.5 and later), in the ``metadata`` of the objects themselves (2.0 to 2.5; a
model may have both), in ``config.json`` of a Keras archive, in ``model_config`` and ``training_config`` of an HDF5
file, in architectures as JSON and YAML, and in such files that lie in a SavedModel's folder. Only Keras's own loaders
act on them; tf.saved_model.load never does. Nothing is decoded but JSON and base64.

A text that holds none of the names that could be found is not parsed (``keras_walk.may_act``): it brings nothing along,
whether it can be read or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from smanalyze.facts.keras_act import KerasAct, Payload
from smanalyze.facts.keras_judged import Judged, judge
from smanalyze.facts.keras_walk import TooLarge, may_act, objects, read_json
from smanalyze.facts.keras_yaml import judge_yaml
from smanalyze.facts.objects import ObjectPaths, object_paths
from smanalyze.model.record import record
from smanalyze.model.saved_model import SavedModel
from smanalyze.model.weights import KerasText, WeightsFile, WeightsKind
from smanalyze.report.findings import Location
from smanalyze.report.scan import Act, Operand

MAX_ACTS = 1_000
_MAX_STRINGS = 12

_LOADERS: dict[WeightsKind, str] = {
    "keras": "Keras refuses it unless safe_mode is False",
    "h5": "Keras 2 runs it unasked, and Keras 3 before 3.11.3 whatever safe_mode says (CVE-2025-9905)",
    "keras-json": "early Keras 2 runs it unasked, later releases where their safe mode is off",
    "keras-yaml": "TensorFlow up to 2.5 runs it unasked",
}


@record
class _Source:
    """A configuration: ``place`` and ``steps`` are asked for only when something is found."""

    text: str
    kind: WeightsKind
    place: Callable[[], Location]
    steps: Callable[[], tuple[str, ...]]
    in_metadata: bool = False


def keras_acts(model: SavedModel) -> tuple[KerasAct, ...]:
    """What the Keras configurations of a SavedModel, and of Keras files in its folder, bring along."""
    gathered = _Gathered()
    for source in _metadata(model):
        gathered.add(source)
    for file in model.files:
        found = model.keras_texts(file.path) if model.keras_texts else None
        if found is None:
            continue
        for text in found.texts:
            if found.kind != "keras-json" or _is_architecture(text.text):
                gathered.add(_file_source(file.path, text, found.kind))
        for problem in found.problems:
            gathered.lost(file.path, problem)
    return gathered.acts()


def weights_keras_acts(weights: WeightsFile) -> tuple[KerasAct, ...]:
    """What the configurations in a Keras file bring along; what of it could not be read stands in ``unreadable``."""
    gathered = _Gathered()
    path = weights.files[0].path if weights.files else weights.path_name
    for text in weights.texts:
        gathered.add(_file_source(path, text, weights.kind))
    return gathered.acts()


# Where configurations stand -------------------------------------------------------------------------------------------


def _metadata(model: SavedModel) -> Iterator[_Source]:
    """The metadata of a SavedModel's objects, in both places; those that cannot hold anything are left out."""
    several = len(model.meta_graphs) > 1
    for number, meta_graph in enumerate(model.meta_graphs):
        if meta_graph.objects is None:
            continue
        paths = _Paths(lambda objects=meta_graph.objects: object_paths(objects))  # type: ignore[misc]
        tags = ",".join(meta_graph.tags) if several else None
        held = [(node.id, node.metadata, "") for node in meta_graph.objects.nodes if node.metadata]
        if number == 0:  # Keras reads it beside the first MetaGraph
            held += [(node.object_id, node.metadata, "keras_metadata.pb") for node in model.keras_nodes]
        for object_id, text, file in held:
            if may_act(text):
                yield _object_source(text, object_id, file, tags, paths)
    if not model.meta_graphs or model.meta_graphs[0].objects is None:
        for node in model.keras_nodes:
            if may_act(node.metadata):
                yield _object_source(node.metadata, node.object_id, "keras_metadata.pb", None, None)


class _Paths:
    """Paths of a MetaGraph's objects, computed when first asked for."""

    def __init__(self, build: Callable[[], ObjectPaths]) -> None:
        self._build = build
        self._paths: ObjectPaths | None = None

    def get(self, object_id: int) -> ObjectPaths | None:
        """The paths, if there is such an object."""
        if self._paths is None:
            self._paths = self._build()
        return self._paths if 0 <= object_id < len(self._paths.graph.nodes) else None


def _object_source(text: str, object_id: int, file: str, tags: str | None, all_paths: _Paths | None) -> _Source:
    def place() -> Location:
        paths = all_paths.get(object_id) if all_paths else None
        path = paths.python_path(object_id) if paths else ""
        return Location(file=file or None, object_path=path or None, tag_set=tags)

    def steps() -> tuple[str, ...]:
        paths = all_paths.get(object_id) if all_paths else None
        return (file or "object graph", paths.expression(object_id) if paths else f"object {object_id}")

    return _Source(text, "keras-json", place, steps, in_metadata=True)


def _file_source(path: str, text: KerasText, kind: WeightsKind) -> _Source:
    steps = (path, text.place) if text.place else (path,)
    return _Source(text.text, kind, lambda: Location(file=path), lambda: steps)


def _is_architecture(text: str) -> bool:
    """Whether JSON that merely lies in the folder is Keras's: a class_name, and the config beside it."""
    if not may_act(text):
        return False
    try:
        value = read_json(text)
    except ValueError:
        return '"class_name"' in text and '"config"' in text
    return isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value


# What was found -------------------------------------------------------------------------------------------------------


class _Gathered:
    """Acts as they are found; the same thing met again is counted, by the name of the layer around it."""

    def __init__(self) -> None:
        self._acts: dict[tuple[Any, ...], KerasAct] = {}
        self._names: dict[tuple[Any, ...], dict[str, int]] = {}
        self._left_out = 0

    def add(self, source: _Source) -> None:
        """Everything in one configuration."""
        if source.kind == "keras-yaml" and not source.text.lstrip().startswith("{"):
            for judged in judge_yaml(source.text):
                self._found(source, judged, ())
            return
        if not may_act(source.text):
            return
        try:
            for place in objects(read_json(source.text)):
                for judged in judge(place):
                    self._found(source, judged, place.steps)
        except (ValueError, TooLarge) as error:
            self._found(source, Judged("unreadable", "configuration", "", "", "", str(error)), ())

    def lost(self, path: str, problem: str) -> None:
        """What of a file could not be read."""
        source = _file_source(path, KerasText("", ""), "keras-json")
        self._found(source, Judged("unreadable", "configuration", "", "", "", problem), ())

    def _found(self, source: _Source, judged: Judged, steps: tuple[str, ...]) -> None:
        if judged.kind == "custom-class" and source.in_metadata:
            return  # facts/reuse_keras.py tells of these
        where = source.place()
        code = judged.payload
        # The configuration of a model repeats those of its layers, which have metadata of their own as well.
        what = (code.sha256 or code.problem,) if code else (judged.name, judged.op, judged.reason, judged.operands)
        key = (where.file, where.tag_set, judged.kind, judged.field if code else "", *what)
        if key not in self._acts:
            if len(self._acts) >= MAX_ACTS:
                self._left_out += 1
                return
            self._acts[key] = _act(source, where, judged, steps)
        names = self._names.setdefault(key, {})
        names[judged.name] = names.get(judged.name, 0) + 1

    def acts(self) -> tuple[KerasAct, ...]:
        """All of them, in the order found."""
        counted = (
            replace(act, places=sum(names.values()), names=tuple(filter(None, names)))
            for act, names in zip(self._acts.values(), self._names.values(), strict=True)
        )
        found = tuple(replace(act, evidence=_evidence(act)) for act in counted)
        if self._left_out:
            judged = Judged("unreadable", "configuration", "", "", "", f"{self._left_out:,} more finds were left out.")
            source = _file_source("", KerasText("", ""), "keras-json")
            found = (*found, _act(source, Location(), judged, ()))
        return found


def _act(source: _Source, where: Location, judged: Judged, steps: tuple[str, ...]) -> KerasAct:
    path = (*source.steps(), *steps)
    if judged.field and path[-1:] != (judged.field,):
        path = (*path, judged.field)
    reason = judged.reason
    if judged.kind == "lambda-code":
        reason = f"{reason}; {'Keras 2 runs it unasked' if source.in_metadata else _LOADERS[source.kind]}"
    act = Act(
        op=judged.op,
        risk_class="keras-code",
        reason=reason,
        when=("keras-load",),
        path=path,
        operands=judged.operands or _code_operand(judged.payload),
        caller_controlled=False,
        nodes=0,
        functions=(),
    )
    return KerasAct(
        act, where, judged.kind, judged.name, judged.does, (), judged.payload, in_metadata=source.in_metadata
    )  # fmt: skip


def _code_operand(code: Payload | None) -> tuple[Operand, ...]:
    if code is None or code.problem:
        return ()
    return (Operand(f"{code.size} bytes, sha256 {code.sha256}", "constant"),)


def _evidence(act: KerasAct) -> tuple[str, ...]:
    lines = [" → ".join(act.act.path)]
    lines += [f"with {operand.text!r}" for operand in act.act.operands] if act.code is None else []
    if act.code is not None:
        lines += _code_lines(act.code)
    if act.places > 1:
        others = [name for name in act.names if name != act.name]
        of = f", of {', '.join(others[:10])}" if others else ""
        lines.append(f"the same in {act.places - 1:,} more place{'s' * (act.places > 2)}{of}")
    return tuple(lines)


def _code_lines(code: Payload) -> Iterator[str]:
    if code.problem:
        yield f"not decoded: {code.problem}"
        return
    yield f"{code.size:,} bytes, sha256 {code.sha256}"
    for label, words in (("names", code.telling), ("places and commands", code.places), ("other strings", code.names)):
        if words:
            more = f" and {len(words) - _MAX_STRINGS:,} more" if len(words) > _MAX_STRINGS else ""
            yield f"{label}: {', '.join(words[:_MAX_STRINGS])}{more}"
