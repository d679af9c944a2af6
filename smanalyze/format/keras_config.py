"""What the architecture in a Keras file says: class, layers, version. Nothing in it is built or run.

Source: keras/src/saving/serialization_lib.py (JSON); tf.keras ``Model.to_yaml`` up to TensorFlow 2.5 (YAML).
"""

from __future__ import annotations

import json
import re
from typing import Any

from smanalyze.errors import FormatError
from smanalyze.model.weights import KerasConfig

MAX_YAML_LINES = 1_000_000

_YAML_KEY = re.compile(r"^( *)(- )?([A-Za-z_]\w*):(?: (.*))?$")


def parse_config(text: str, metadata: str = "", keras_version: str = "", backend: str = "") -> KerasConfig:
    """The architecture as JSON (``config.json``, ``to_json``, ``model_config``), with what stands beside it.

    Raises FormatError where it is no architecture.
    """
    config = _json(text)
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise FormatError("This is no Keras architecture; it names no class_name.")
    inner = config.get("config")
    beside = _json(metadata) if metadata else {}
    beside = beside if isinstance(beside, dict) else {}
    version = keras_version or _str(beside.get("keras_version")) or _str(config.get("keras_version"))
    name = inner.get("name") if isinstance(inner, dict) else ""
    return KerasConfig(
        config["class_name"], _str(name), _layers(inner), version, backend or _str(config.get("backend"))
    )


def is_config(text: str) -> bool:
    """Whether JSON is a Keras architecture: a class_name, and the config beside it."""
    try:
        config = _json(text)
    except FormatError:
        return False
    return isinstance(config, dict) and isinstance(config.get("class_name"), str) and "config" in config


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nests too deep" if isinstance(error, RecursionError) else "is no JSON"
        raise FormatError(f"The architecture {reason}.") from error


def _str(value: object) -> str:
    return value if isinstance(value, str) else ""


def _layers(config: object) -> tuple[tuple[str, str], ...]:
    layers = config.get("layers") if isinstance(config, dict) else config  # Keras 1: the config of Sequential is a list
    found = []
    for layer in layers if isinstance(layers, list) else []:
        if isinstance(layer, dict):
            inner = layer.get("config")
            name = _str(layer.get("name")) or (_str(inner.get("name")) if isinstance(inner, dict) else "")
            found.append((_str(layer.get("class_name")), name))
    return tuple(found)


def parse_yaml_config(text: str) -> KerasConfig | None:
    """The architecture as YAML in the block style that Keras wrote; None where the top level names no class_name and
    config. Only keys, indents and plain values are looked at; tags and anchors stay text."""
    top: dict[str, str] = {}
    layers: list[tuple[str, str]] = []
    name, section, item_indent = "", "", -1
    for line in text.splitlines()[:MAX_YAML_LINES]:
        match = _YAML_KEY.match(line)
        if match is None:
            continue
        indent, dash, key, value = len(match[1]), match[2], match[3], _plain(match[4])
        if indent == 0 and not dash:
            top[key] = value
            section = key
        elif (
            section == "config" and dash and (item_indent in (-1, indent)) and key in ("class_name", "module", "config")
        ):
            item_indent = indent
            layers.append((value if key == "class_name" else "", ""))
        elif section == "config" and item_indent >= 0 and indent == item_indent + 2 and layers:
            kind, label = layers[-1]
            layers[-1] = (value if key == "class_name" else kind, value if key == "name" else label)
        elif section == "config" and item_indent >= 0 and indent == item_indent + 4 and key == "name" and layers:
            layers[-1] = (layers[-1][0], layers[-1][1] or value)
        elif section == "config" and indent == 2 and key == "name":
            name = value
    if not top.get("class_name") or "config" not in top:
        return None
    return KerasConfig(top["class_name"], name, tuple(layers), top.get("keras_version", ""), top.get("backend", ""))


def _plain(value: str | None) -> str:
    value = (value or "").strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
