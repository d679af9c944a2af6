"""Ways to change what Python and Keras see of a model: children of objects, arguments, results, metadata."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.checks.compat.helpers import Maker, Sides, with_files
from tests.checks.helpers import TESTDATA, Change
from tests.format.protos import proto

ARGUMENTS = "change_argument_default"
"""Its old side has `predict(x, training=False)`, traced for both values of `training`."""

MESSAGE = "keras.SavedMetadata"


def both(name: str) -> Maker:
    """The old side of a pair, twice."""
    path = TESTDATA / "pairs" / name / "old"
    return lambda folder: (path, path)


def objects(message: Any) -> Any:
    """The SavedObjectGraph of the first MetaGraph."""
    return message.meta_graphs[0].object_graph_def


def at(message: Any, *steps: str) -> Any:
    """The object that a path of child names leads to."""
    nodes = objects(message).nodes
    current = nodes[0]
    for step in steps:
        current = nodes[next(child.node_id for child in current.children if child.local_name == step)]
    return current


def each(*changes: Change) -> Change:
    """Several changes as one."""

    def change(message: Any) -> None:
        for one in changes:
            one(message)

    return change


# Children ------------------------------------------------------------------------------------------------------------


def drop_child(*steps: str) -> Change:
    """Takes the last step from the object before it."""

    def change(message: Any) -> None:
        children = at(message, *steps[:-1]).children
        del children[[child.local_name for child in children].index(steps[-1])]

    return change


def name_child(new: str, *steps: str, keep: bool = False) -> Change:
    """Gives the last step another name, or (keep) one more."""

    def change(message: Any) -> None:
        children = at(message, *steps[:-1]).children
        child = next(one for one in children if one.local_name == steps[-1])
        if keep:
            children.add(local_name=new, node_id=child.node_id)
        else:
            child.local_name = new

    return change


def edit(*steps: str, **fields: Any) -> Change:
    """Sets fields of the object's user_object; ``registered_name`` is the object's own, ``kind`` replaces it."""

    def change(message: Any) -> None:
        node = at(message, *steps)
        for name, value in fields.items():
            if name == "registered_name":
                node.registered_name = value
            elif name == "min_consumer":
                node.user_object.version.min_consumer = value
            elif name == "bad_consumer":
                node.user_object.version.bad_consumers.append(value)
            else:
                setattr(node.user_object, name, value)

    return change


def add_object(name: str, text: str, *steps: str) -> Change:
    """A new object (its SavedObject as text) below another one."""

    def change(message: Any) -> None:
        nodes = objects(message).nodes
        nodes.append(proto("SavedObject", text))
        at(message, *steps).children.add(local_name=name, node_id=len(nodes) - 1)

    return change


# Arguments and traces -------------------------------------------------------------------------------------------------


def value(text: str) -> Any:
    """A StructuredValue from its text."""
    return proto("StructuredValue", text)


def spec(message: Any, *steps: str) -> dict[str, Any]:
    """The fields of a function's FullArgSpec."""
    values = at(message, *steps).function.function_spec.fullargspec.named_tuple_value.values
    return {pair.key: pair.value for pair in values}


def traces(message: Any, *steps: str) -> list[Any]:
    """The SavedConcreteFunctions of a function, in order of their inputs."""
    names = at(message, *steps).function.concrete_functions
    found = [objects(message).concrete_functions[name] for name in names]
    return sorted(found, key=lambda one: str(one.canonicalized_input_signature))


def passed(trace: Any) -> Any:
    """The values that a trace takes by position."""
    return trace.canonicalized_input_signature.tuple_value.values[0].tuple_value.values


def _swap(items: Any) -> None:
    """The last two of a repeated field."""
    first, second = (type(one).FromString(one.SerializeToString()) for one in (items[-2], items[-1]))
    items[-2].CopyFrom(second)
    items[-1].CopyFrom(first)


def _put(items: Any, place: int, item: Any) -> None:
    """Inserts into a repeated field, which has no way to do so."""
    rest = list(items)[place:]
    kept = [type(one).FromString(one.SerializeToString()) for one in rest]
    del items[place:]
    items.extend([item, *kept])


def rename_argument(new: str, old: str, *steps: str) -> Change:
    """Another name in the definition."""

    def change(message: Any) -> None:
        for item in spec(message, *steps)["args"].list_value.values:
            item.string_value = new if item.string_value == old else item.string_value

    return change


def swap_arguments(*steps: str) -> Change:
    """The last two arguments change places, in the definition, with their defaults, and in the traces."""

    def change(message: Any) -> None:
        fields = spec(message, *steps)
        _swap(fields["args"].list_value.values)
        _swap(fields["defaults"].tuple_value.values)
        for trace in traces(message, *steps):
            _swap(passed(trace))

    return change


def drop_argument(name: str, *steps: str) -> Change:
    """Takes the last argument from the definition and from the traces."""

    def change(message: Any) -> None:
        fields = spec(message, *steps)
        assert fields["args"].list_value.values[-1].string_value == name
        del fields["args"].list_value.values[-1]
        del fields["defaults"].tuple_value.values[-1:]
        for trace in traces(message, *steps):
            del passed(trace)[-1]

    return change


def add_argument(name: str, taken: str, *steps: str, default: str | None = None, place: int | None = None) -> Change:
    """One more argument that the traces take as ``taken``; at the end of all unless a place is given."""

    def change(message: Any) -> None:
        fields = spec(message, *steps)
        args, defaults = fields["args"].list_value.values, fields["defaults"].tuple_value.values
        methods = len(args) - len(passed(traces(message, *steps)[0]))
        number = len(args) - methods if place is None else place
        _put(args, number + methods, value(f"string_value: {json.dumps(name)}"))
        if default is not None:
            first = len(args) - 1 - methods - len(defaults)
            _put(defaults, max(number - first, 0), value(default))
        for trace in traces(message, *steps):
            _put(passed(trace), number, value(taken))

    return change


def set_default(text: str | None, *steps: str) -> Change:
    """The default of the last argument; None: it has none."""

    def change(message: Any) -> None:
        defaults = spec(message, *steps)["defaults"].tuple_value.values
        if text is None:
            del defaults[:]
        elif len(defaults):
            defaults[-1].CopyFrom(value(text))
        else:
            defaults.append(value(text))

    return change


def keyword_only(*steps: str) -> Change:
    """The last argument by keyword alone, as its default was."""

    def change(message: Any) -> None:
        fields = spec(message, *steps)
        args, defaults = fields["args"].list_value.values, fields["defaults"].tuple_value.values
        name = args[-1].string_value
        fields["kwonlyargs"].list_value.values.append(value(f"string_value: {json.dumps(name)}"))
        fields["kwonlydefaults"].dict_value.fields[name].CopyFrom(defaults[-1])
        del args[-1], defaults[-1]
        for trace in traces(message, *steps):
            keywords = trace.canonicalized_input_signature.tuple_value.values[1].dict_value.fields
            keywords[name].CopyFrom(passed(trace)[-1])
            del passed(trace)[-1]

    return change


def drop_trace(number: int, *steps: str) -> Change:
    """One of a function's traces."""

    def change(message: Any) -> None:
        gone = traces(message, *steps)[number]
        names = at(message, *steps).function.concrete_functions
        concrete = objects(message).concrete_functions
        names.remove(next(name for name in names if concrete[name] == gone))

    return change


def drop_traces(*steps: str) -> Change:
    """All of a function's traces."""

    def change(message: Any) -> None:
        del at(message, *steps).function.concrete_functions[:]

    return change


def on_traces(change_one: Callable[[Any], None], *steps: str) -> Change:
    """A change of each trace of a function."""

    def change(message: Any) -> None:
        for trace in traces(message, *steps):
            change_one(trace)

    return change


def returns(text: str, *steps: str) -> Change:
    """Another result of all traces of a function."""
    return on_traces(lambda trace: trace.output_signature.CopyFrom(value(text)), *steps)


def tensor(*sizes: int, dtype: str = "DT_FLOAT") -> str:
    """The text of a StructuredValue that is a tensor; -1 stands for an unknown size."""
    shape = " ".join(f"dim {{ size: {size} }}" for size in sizes)
    return f"tensor_spec_value {{ shape {{ {shape} }} dtype: {dtype} }}"


def dictionary(**items: str) -> str:
    """The text of one that is a dict."""
    inner = " ".join(f"fields {{ key: {json.dumps(key)} value {{ {text} }} }}" for key, text in items.items())
    return f"dict_value {{ {inner} }}"


# Metadata of Keras ----------------------------------------------------------------------------------------------------

Said = dict[str, Any]


def with_metadata(maker: Maker, change: Callable[[dict[str, Said]], None], *, old: bool = False) -> Maker:
    """The new (or the old) side with its keras_metadata.pb changed: descriptions by the names of their layers."""

    def make(folder: Path) -> Sides:
        side = maker(folder)[0 if old else 1]
        content = changed_metadata((side / "keras_metadata.pb").read_bytes(), change)
        files: dict[str, bytes | None] = {"keras_metadata.pb": content}
        return with_files(maker, old=files if old else None, new=None if old else files)(folder)

    return make


def changed_metadata(content: bytes, change: Callable[[dict[str, Said]], None]) -> bytes:
    """The bytes of a keras_metadata.pb after a change of what it says."""
    message = proto(MESSAGE)
    message.ParseFromString(content)
    said = {json.loads(node.metadata)["name"]: json.loads(node.metadata) for node in message.nodes}
    names = list(said)
    change(said)
    for node, name in zip(list(message.nodes), names, strict=True):
        node.metadata = json.dumps(said[name])
    return bytes(message.SerializeToString())


def setting(layer: str, /, **settings: Any) -> Callable[[dict[str, Said]], None]:
    """Sets entries of a layer's configuration; Ellipsis takes one out."""

    def change(said: dict[str, Said]) -> None:
        for key, held in settings.items():
            if held is ...:
                del said[layer]["config"][key]
            else:
                said[layer]["config"][key] = held

    return change


def entry(layer: str, /, **entries: Any) -> Callable[[dict[str, Said]], None]:
    """Sets entries of a layer's description."""
    return lambda said: said[layer].update(entries)


def many(*changes: Callable[[dict[str, Said]], None]) -> Callable[[dict[str, Said]], None]:
    """Several changes of the metadata as one."""

    def change(said: dict[str, Said]) -> None:
        for one in changes:
            one(said)

    return change
