"""Every object in a Keras configuration, found without recursion, and a quick look whether there is any to find."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from smanalyze.facts.keras_words import APPLICATIONS, BUILTINS, GADGETS, KERAS_PACKAGES, PATH_FIELDS, SYMBOLS
from smanalyze.model.record import record

MAX_CHARACTERS: Final = 64 << 20
MAX_VALUES: Final = 10_000_000
"""Values of one configuration that are looked at; the largest public models have some hundred thousand."""

_CALLED: Final = frozenset({"Lambda", "__lambda__", "TFOpLambda", "TensorFlowOpLayer", "ClassMethod", *GADGETS})
_SYMBOL_MODULES: Final = tuple(start for start, _, _ in SYMBOLS)
_PATHS: Final = frozenset(field for field, _ in PATH_FIELDS.values())
_PAIR: Final = re.compile(rf'"(class_name|config|module|registered_name|{"|".join(sorted(_PATHS))})"\s*:\s*"([^"\\]*)')


def may_act(text: str) -> bool:
    """Whether a JSON text holds anything to be found. Letters may be spelled as numbers: such a text always may."""
    if "\\u" in text or '"lambda"' in text:
        return True
    return any(_may(key, value) for key, value in set(_PAIR.findall(text)))


def _may(key: str, value: str) -> bool:
    if key == "class_name":
        return value in _CALLED or ">" in value
    if key == "module":
        known = value == "builtins" or package(value) in KERAS_PACKAGES
        return not known or is_application(value) or f"{public_name(value)}.".startswith(_SYMBOL_MODULES)
    if key == "registered_name":
        return value != "function"
    if key == "config":
        return value in BUILTINS or value.rpartition(".")[2] in GADGETS or "." in value or ">" in value
    return True


def package(module: str) -> str:
    """The first part of a module's name."""
    return module.partition(".")[0]


_Chain = tuple[str, Any] | None
"""A path from its end: the last part, and the path before it. A tuple for each of many values would grow with depth."""


def public_name(name: str) -> str:
    """A name in TensorFlow's or Keras's packages as it stands behind ``tf.``."""
    return name.removeprefix("tensorflow.").replace("tf_keras.", "keras.", 1)


def is_application(module: str) -> bool:
    """Whether a module holds functions that build whole models."""
    return f"{public_name(module)}.".startswith(f"{APPLICATIONS}.")


@record
class KerasObject:
    """An object in a configuration: a JSON object with a ``class_name``. ``owner`` is the innermost object around it
    (or itself) that has a name, as layers do, and ``layer`` its name; ``place`` says where it stands in the object
    around it."""

    value: dict[str, Any]
    owner: dict[str, Any]
    layer: str
    place: str
    chain: _Chain

    @property
    def steps(self) -> tuple[str, ...]:
        """What leads to it from the outermost object."""
        return _listed(self.chain)

    @property
    def class_name(self) -> str:
        """The name of its class."""
        return str(self.value["class_name"])

    @property
    def config(self) -> dict[str, Any]:
        """Its own configuration; {} where that is no JSON object."""
        config = self.value.get("config")
        return config if isinstance(config, dict) else {}


class TooLarge(Exception):  # noqa: N818  (it never leaves facts)
    """There are more values than are looked at."""


def read_json(text: str) -> Any:
    """The configuration. Raises ValueError with what is wrong: it is no JSON, nests too deep, or is too large."""
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"It is longer than {MAX_CHARACTERS:,} characters.")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("It nests too deep.") from error
    except ValueError as error:
        raise ValueError(f"It is no JSON: {error}.") from error


def objects(value: Any) -> Iterator[KerasObject]:
    """Every JSON object with a class_name, whatever it lies in, outermost first. Raises TooLarge."""
    nothing: dict[str, Any] = {}
    stack: list[tuple[Any, _Chain, _Chain, dict[str, Any], str]] = []
    if _is_open(value):
        stack.append((value, None, None, nothing, ""))
    left = MAX_VALUES
    while stack:
        current, steps, keys, owner, layer = stack.pop()
        if isinstance(current, dict):
            if isinstance(current.get("class_name"), str):
                name = _name(current)
                if name or not owner:
                    owner, layer = current, name
                place = ".".join(_listed(keys))
                steps, keys = (_step(current, place, name), steps), None
                yield KerasObject(current, owner, layer, place, steps)
            below: list[tuple[Any, _Chain, _Chain, dict[str, Any], str]] = [
                (child, steps, (key, keys), owner, layer) for key, child in current.items() if _is_open(child)
            ]
        else:
            below = [(child, steps, keys, owner, layer) for child in current if _is_open(child)]
        left -= len(current)
        if left < 0:
            raise TooLarge(f"It holds more than {MAX_VALUES:,} values.")
        stack.extend(reversed(below))


def _is_open(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _name(value: dict[str, Any]) -> str:
    config = value.get("config")
    named = (config.get("name") if isinstance(config, dict) else None, value.get("name"))
    return next((name for name in named if isinstance(name, str) and name), "")


def _listed(chain: _Chain) -> tuple[str, ...]:
    found = []
    while chain is not None:
        last, chain = chain
        found.append(last)
    return tuple(reversed(found))


def _step(value: dict[str, Any], place: str, name: str) -> str:
    """What a person would call the object: a layer's class and name; else where it stands in the one around it."""
    return f"{value['class_name']} {name}" if name else place or str(value["class_name"])


def texts_below(value: Any, limit: int) -> tuple[str, ...]:
    """The first texts anywhere in a value, in order."""
    found: dict[str, None] = {}
    stack = [value]
    while stack and len(found) < limit:
        current = stack.pop()
        if isinstance(current, str):
            found[current] = None
        elif isinstance(current, dict):
            stack.extend(reversed(list(current.values())))
        elif isinstance(current, list):
            stack.extend(reversed(current))
    return tuple(found)
