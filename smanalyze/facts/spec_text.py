"""How TensorFlow prints a spec or literal, from its structured value: ``TensorSpec(shape=(None,), dtype=tf.int32)``.

Source: the __repr__ methods of tensorflow/python/framework/{tensor,sparse_tensor}.py and ops/ragged/ragged_tensor.py.
"""

from __future__ import annotations

from collections.abc import Callable

from smanalyze.model.tensors import Shape, Structure

MAX_TEXT = 2000
"""Longer texts are cut: a hostile tree may nest the same thing thousands of times."""


def shape_text(shape: Shape) -> str:
    """``(None, 3)``, ``(2,)``, ``()``; ``<unknown>`` for unknown rank."""
    return "<unknown>" if shape is None else str(shape)


def spec_text(value: Structure) -> str:
    """One structured value as TensorFlow prints it, cut at MAX_TEXT characters."""
    text = _text(value)
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + " …"


def _text(value: Structure) -> str:
    writer = _WRITERS.get(value.kind)
    return writer(value) if writer else f"<{value.kind}>"


def _tensor(value: Structure) -> str:
    name = f", name={value.name!r}" if value.name else ", name=None"
    bounds = f", {value.value}" if value.kind == "bounded_tensor" else ""
    word = "BoundedTensorSpec" if bounds else "TensorSpec"
    return f"{word}(shape={shape_text(value.shape)}, dtype=tf.{value.dtype}{name}{bounds})"


def _shape(value: Structure) -> str:
    if value.shape is None:
        return "TensorShape(None)"
    return f"TensorShape({list(value.shape)})"


def _dict(value: Structure) -> str:
    return "{" + ", ".join(f"{item.key!r}: {_text(item)}" for item in value.items) + "}"


def _tuple(value: Structure) -> str:
    inner = ", ".join(map(_text, value.items))
    return f"({inner},)" if len(value.items) == 1 else f"({inner})"


def _named_tuple(value: Structure) -> str:
    return f"{value.name}(" + ", ".join(f"{item.key}={_text(item)}" for item in value.items) + ")"


def _type_spec(value: Structure) -> str:
    return f"{value.name}(" + ", ".join(map(_text, value.items)) + ")"


_WRITERS: dict[str, Callable[[Structure], str]] = {
    "none": lambda value: "None",
    "bool": lambda value: repr(value.value),
    "int": lambda value: repr(value.value),
    "float": lambda value: repr(value.value),
    "str": lambda value: repr(value.value),
    "tensor": _tensor,
    "bounded_tensor": _tensor,
    "list": lambda value: "[" + ", ".join(map(_text, value.items)) + "]",
    "tuple": _tuple,
    "dict": _dict,
    "named_tuple": _named_tuple,
    "type_spec": _type_spec,
    "dtype": lambda value: f"tf.{value.dtype}",
    "shape": _shape,
    "tensor_value": lambda value: str(value.value),
}


def tensors_in(value: Structure) -> list[Structure]:
    """The tensor specs of a tree, in the order in which TensorFlow flattens it."""
    found: list[Structure] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if item.kind in ("tensor", "bounded_tensor"):
            found.append(item)
        elif item.kind != "type_spec":
            stack.extend(reversed(item.items))
    return found


def natural_order(name: str) -> tuple[str, int]:
    """A sort key by which ``__inference_f_9`` comes before ``__inference_f_10``."""
    stem, _, tail = name.rpartition("_")
    return (stem, int(tail)) if tail.isdecimal() and len(tail) < 19 else (name, 0)


def split_signature(inputs: Structure | None) -> tuple[tuple[Structure, ...], tuple[Structure, ...]]:
    """(positional values, keyword values with their names as ``key``) of a canonicalized input signature."""
    if inputs is None or inputs.kind != "tuple" or len(inputs.items) != 2:
        return (), ()
    args, kwargs = inputs.items
    return args.items, kwargs.items
