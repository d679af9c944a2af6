"""Ways to change the variables of an object graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.checks.helpers import Change


def variables(message: Any, *names: str) -> Iterator[Any]:
    """The nodes of the variables of these names."""
    for node in message.meta_graphs[0].object_graph_def.nodes:
        if node.HasField("variable") and node.variable.name in names:
            yield node


def drop(*names: str) -> Change:
    """Makes them objects without a value; their data stays in the checkpoint."""

    def change(message: Any) -> None:
        for node in variables(message, *names):
            node.user_object.identifier = "_generic_user_object"

    return change


def rename(**names: str) -> Change:
    """Gives variables other names; ``__`` stands for a slash in the old one."""

    def change(message: Any) -> None:
        for old, new in names.items():
            for node in variables(message, old.replace("__", "/")):
                node.variable.name = new

    return change


def fields(*names: str, **values: Any) -> Change:
    """Sets fields of the SavedVariables."""

    def change(message: Any) -> None:
        for node in variables(message, *names):
            for field, value in values.items():
                setattr(node.variable, field, value)

    return change


def replicas(*names: str) -> Change:
    """Adds a replica on another device."""

    def change(message: Any) -> None:
        for node in variables(message, *names):
            for number in range(2):
                device = f"/job:localhost/replica:0/task:0/device:CPU:{number}"
                node.variable.experimental_distributed_variable_components.add(
                    name=f"{node.variable.name}/{number}", device=device
                )

    return change
