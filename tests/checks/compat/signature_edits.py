"""Edits of the one signature of module_one_signature, which takes x (float32 [?, 3]) and gives y (float32 [?, 2])."""

from __future__ import annotations

from typing import Any

from tests.checks.helpers import Change
from tests.format.protos import proto

MODEL = "module_one_signature"
KEY = "serving_default"


def signature(message: Any, key: str = KEY) -> Any:
    """A SignatureDef of the first MetaGraph."""
    return message.meta_graphs[0].signature_def[key]


def tensor(side: str, name: str, text: str) -> Change:
    """Puts a TensorInfo, given as text, into ``inputs`` or ``outputs``."""

    def change(message: Any) -> None:
        getattr(signature(message), side)[name].CopyFrom(proto("TensorInfo", text))

    return change


def drop(side: str, name: str) -> Change:
    """Takes a TensorInfo out."""
    return lambda message: getattr(signature(message), side).pop(name)


def rename(side: str, old: str, new: str) -> Change:
    """Puts a TensorInfo under another name."""

    def change(message: Any) -> None:
        held = getattr(signature(message), side)
        held[new].CopyFrom(held[old])
        del held[old]

    return change


def shape(side: str, name: str, *sizes: int | None) -> Change:
    """Gives a TensorInfo a shape; no sizes: a scalar."""

    def change(message: Any) -> None:
        info = getattr(signature(message), side)[name]
        info.tensor_shape.Clear()
        info.tensor_shape.SetInParent()
        for size in sizes:
            info.tensor_shape.dim.add(size=-1 if size is None else size)

    return change


def unknown_rank(side: str, name: str) -> Change:
    """Gives a TensorInfo an unknown rank."""

    def change(message: Any) -> None:
        info = getattr(signature(message), side)[name]
        info.tensor_shape.Clear()
        info.tensor_shape.unknown_rank = True

    return change


def dtype(side: str, name: str, number: int) -> Change:
    """Gives a TensorInfo a dtype by its number: 1 float32, 2 float64, 7 string."""

    def change(message: Any) -> None:
        getattr(signature(message), side)[name].dtype = number

    return change


def default(name: str, text: str | None) -> Change:
    """Gives an input a default, the text of a TensorProto, or takes it away."""

    def change(message: Any) -> None:
        defaults = signature(message).defaults
        if text is None:
            del defaults[name]
        else:
            defaults[name].CopyFrom(proto("TensorProto", text))

    return change


def sparse(side: str, name: str) -> Change:
    """Encodes a TensorInfo as sparse."""

    def change(message: Any) -> None:
        info = getattr(signature(message), side)[name]
        plain = info.name
        info.ClearField("name")
        sparse_info = info.coo_sparse
        sparse_info.values_tensor_name = sparse_info.indices_tensor_name = plain
        sparse_info.dense_shape_tensor_name = plain

    return change


def method(name: str, key: str = KEY) -> Change:
    """Gives a signature a method name."""

    def change(message: Any) -> None:
        signature(message, key).method_name = name

    return change


def key(old: str, new: str) -> Change:
    """Puts a signature under another key."""

    def change(message: Any) -> None:
        held = message.meta_graphs[0].signature_def
        held[new].CopyFrom(held[old])
        del held[old]

    return change


def copy_key(old: str, new: str) -> Change:
    """Puts a signature under a second key."""

    def change(message: Any) -> None:
        held = message.meta_graphs[0].signature_def
        held[new].CopyFrom(held[old])

    return change


def drop_key(name: str) -> Change:
    """Takes a signature out."""
    return lambda message: message.meta_graphs[0].signature_def.pop(name)
