"""Arguments for a function of the object tree: the trace that fits what was given, and trees for the worker to build.

A tree is what ``verify/worker.py`` calls one, with Feeds where that has files.
"""

from __future__ import annotations

import re
from typing import Any

from smanalyze.errors import UsageError
from smanalyze.inputs.called import fitted, shape_text
from smanalyze.inputs.flags import Given
from smanalyze.inputs.given_json import Flat
from smanalyze.inputs.parts import has_length, ragged_parts, sparse_parts
from smanalyze.inputs.records import Feed
from smanalyze.model.record import record
from smanalyze.model.tensors import Shape, Structure
from smanalyze.report.sections import Callable, Trace
from smanalyze.report.tensors import Argument

Tree = dict[str, Any]

_LITERALS = ("none", "bool", "int", "float", "str")


@record
class Arguments:
    """What to call a function with. ``feeds`` are the tensors in it, ``literals`` (name, text) all else."""

    arguments: tuple[Tree, ...]
    keywords: dict[str, Tree]
    feeds: tuple[Feed, ...]
    literals: tuple[tuple[str, str], ...]


def function_arguments(function: Callable, given: dict[str, Given]) -> Arguments:
    """The arguments for the first trace that fits, one that takes integers as integers and floats as floats before one
    that takes them as the other. Raises UsageError that says why none does, and what each takes."""
    reasons: list[str] = []
    fitting: list[tuple[int, Arguments]] = []
    for trace in function.traces:
        builder = _Builder(function)
        try:
            built = builder.build(trace, given)
        except UsageError as error:
            reasons.append(error.message)
            continue
        fitting.append((builder.changed, built))
        if not builder.changed:
            break
    if fitting:
        return min(fitting, key=lambda pair: pair[0])[1]
    told = list(dict.fromkeys(_takes(trace) for trace in function.traces))
    if not told:
        raise UsageError(f"Function {function.path!r} was never traced, so that there is nothing to call.")
    form = "It takes" if len(told) == 1 else "It takes one of"
    raise UsageError(f"Function {function.path!r}: {_best(reasons)} {form} {'; or '.join(told[:8])}.")


def _best(reasons: list[str]) -> str:
    """Why the trace does not fit that comes nearest: one whose names and literals are right."""
    words = ("no value", "traced for", "no argument")
    return min(reasons, key=lambda text: next((n for n, word in enumerate(words, 1) if word in text), 0))


def _takes(trace: Trace) -> str:
    return "(" + ", ".join(f"{one.name.lstrip('*')}={_spec(one.value)}" for one in trace.arguments) + ")"


def _spec(value: Structure) -> str:
    if value.kind in ("tensor", "bounded_tensor"):
        return f"{value.dtype} {shape_text(value.shape)}"
    if value.kind in _LITERALS:
        return repr(value.value)
    if value.kind in ("dict", "named_tuple"):
        return "{" + ", ".join(f"{item.key!r}: {_spec(item)}" for item in value.items) + "}"
    if value.kind in ("list", "tuple"):
        return "[" + ", ".join(map(_spec, value.items)) + "]"
    if value.kind == "type_spec":
        return (
            f"{(value.name or '').removesuffix('TensorSpec').lower()} {_dtypes(value)[0]} {shape_text(_shape(value))}"
        )
    return f"<{value.kind}>"


class _Builder:
    """Builds the arguments of one trace. ``changed`` counts the integers that became floats, and the other way."""

    def __init__(self, function: Callable) -> None:
        self.changed = 0
        self._by_keyword = function.kind == "concrete function"
        self._feeds: list[Feed] = []
        self._literals: list[tuple[str, str]] = []

    def build(self, trace: Trace, given: dict[str, Given]) -> Arguments:
        """The arguments. Raises UsageError where the trace does not fit."""
        values = _spread(trace.arguments, given)
        known = {one.name for one in trace.arguments}
        unknown = [name for name in values if name not in known]
        if unknown:
            raise UsageError(f"{', '.join(map(repr, unknown))} is no argument of it.")
        for one in trace.arguments:  # first whether this is the trace that is meant
            if one.name in values and one.value.kind in _LITERALS:
                _check_literal(one.value, values[one.name], one.name)
        missing = [one.name for one in trace.arguments if one.name not in values and not self._optional(one)]
        if missing:
            raise UsageError(f"there is no value for {', '.join(map(repr, missing))}.")
        positional: list[Tree] = []
        keywords: dict[str, Tree] = {}
        for one in trace.arguments:
            value = values.get(one.name)
            if self._by_keyword and one.value.kind in _LITERALS:
                continue  # a concrete function has them inside
            if value is None:  # the default, which is what it is traced for
                value = Given(_plain(one.value), False, "the default")
            tree = self.tree(one.value, value, one.name)
            if one.value.key is not None or self._by_keyword:
                keywords[one.name] = tree
            else:
                positional.append(tree)
        return Arguments(tuple(positional), keywords, tuple(self._feeds), tuple(self._literals))

    def _optional(self, argument: Argument) -> bool:
        """Whether it may be left out: there is nothing in it, or its default is what it was traced for."""
        inside = self._by_keyword and argument.value.kind in _LITERALS
        empty = argument.value.kind in ("list", "tuple", "dict") and not argument.value.items
        return inside or empty or (argument.default is not None and argument.default == argument.text)

    def tree(self, spec: Structure, given: Given, name: str) -> Tree:
        """One value, or what is inside of it."""
        if spec.kind in ("tensor", "bounded_tensor"):
            return {"tensor": self._feed(given, spec.dtype or "", spec.shape, name)}
        if spec.kind in _LITERALS:
            return self._literal(spec, given, name)
        if spec.kind == "type_spec":
            return self._composite(spec, given, name)
        if spec.kind in ("list", "tuple"):
            items = given.value
            if not isinstance(items, list | tuple) or len(items) != len(spec.items):
                raise UsageError(f"{name!r} is a {spec.kind} of {len(spec.items)}.")
            pairs = enumerate(zip(spec.items, items, strict=True))
            return {spec.kind: [self.tree(inner, _inside(given, one), f"{name}[{n}]") for n, (inner, one) in pairs]}
        if spec.kind in ("dict", "named_tuple"):
            return self._mapping(spec, given, name)
        raise UsageError(f"{name!r} is a {spec.kind}, which cannot be given.")

    def _literal(self, spec: Structure, given: Given, name: str) -> Tree:
        _check_literal(spec, given, name)
        self._literals.append((name, repr(spec.value)))
        return {"literal": spec.value}

    def _mapping(self, spec: Structure, given: Given, name: str) -> Tree:
        keys = [item.key or "" for item in spec.items]
        values = given.value
        if spec.kind == "named_tuple" and isinstance(values, list | tuple) and len(values) == len(keys):
            values = dict(zip(keys, values, strict=True))
        if not isinstance(values, dict) or set(values) != set(keys):
            raise UsageError(f"{name!r} is a dict with the keys {', '.join(map(repr, keys))}.")
        trees = {key: self.tree(item, _inside(given, values[key]), f"{name}.{key}")
                 for key, item in zip(keys, spec.items, strict=True)}  # fmt: skip
        return {"dict": trees} if spec.kind == "dict" else {"named": [spec.name, trees]}

    def _composite(self, spec: Structure, given: Given, name: str) -> Tree:
        dtype, splits = _dtypes(spec)
        try:
            if spec.name == "SparseTensorSpec":
                if not isinstance(given.value, dict):
                    raise ValueError("a sparse tensor is given as a dict of indices, values and dense_shape")
                kind, parts, dtypes = "sparse", sparse_parts(given.value), ["int64", dtype, "int64"]
                roles = ["indices", "values", "dense_shape"]
            elif spec.name == "RaggedTensorSpec":
                levels = _levels(spec)
                kind, parts, dtypes = "ragged", ragged_parts(given.value, levels), [dtype, *[splits] * levels]
                roles = ["values", *(f"splits_{level}" for level in range(levels))]
            else:
                raise ValueError(f"values of a {spec.name} cannot be given")
        except ValueError as error:
            raise UsageError(f"{name!r}: {error}.") from error
        return {kind: [self._feed(Given(part, typed and given.typed, given.origin), one, None, f"{name}.{role}")
                       for (part, typed), one, role in zip(parts, dtypes, roles, strict=True)]}  # fmt: skip

    def _feed(self, given: Given, dtype: str, shape: Shape, name: str) -> Feed:
        array = fitted(given, dtype, shape, repr(name))
        self.changed += _kind_changes(given, dtype)
        self._feeds.append(Feed(name, name, "", dtype, tuple(array.shape), array, given.origin))
        return self._feeds[-1]


def _kind_changes(given: Given, dtype: str) -> bool:
    """Whether numbers of no dtype of their own are integers and become others, or become integers."""
    import numpy as np

    if given.typed or dtype in ("string", "bool") or isinstance(given.value, Flat):
        return False
    found = np.asarray(given.value)
    return bool(found.size) and found.dtype.kind in "iuf" and (found.dtype.kind == "f") == ("int" in dtype)


def _check_literal(spec: Structure, given: Given, name: str) -> None:
    """Raises UsageError where a literal is another than the function was traced for."""
    value = given.value
    if hasattr(value, "dtype") and not getattr(value, "ndim", 1):  # a truth or a number of numpy's
        value = value.item()
    if type(value) is not type(spec.value) or value != spec.value:
        raise UsageError(f"{name!r} was traced for {spec.value!r}, and is given {given.value!r}.")


def _inside(given: Given, value: Any) -> Given:
    return Given(value, given.typed, given.origin)


def _plain(value: Structure) -> Any:
    """A default as Python has it."""
    if value.kind in ("list", "tuple"):
        return [_plain(item) for item in value.items]
    return {item.key: _plain(item) for item in value.items} if value.kind == "dict" else value.value


def _spread(arguments: tuple[Argument, ...], given: dict[str, Given]) -> dict[str, Given]:
    """The values by the names of a trace: of ``*xs`` each is an argument of its own there, and given as a list."""
    found = dict(given)
    for one in arguments:
        match = re.fullmatch(r"\*(\w+)\[(\d+)\]", one.name)
        if match and match[1] in given:
            whole, number = given[match[1]], int(match[2])
            found.pop(match[1], None)
            count = sum(other.name.startswith(f"*{match[1]}[") for other in arguments)
            if not has_length(whole.value) or len(whole.value) != count:
                raise UsageError(f"{match[1]!r} is a list of {count}.")
            found[one.name] = _inside(whole, whole.value[number])
    return found


def _dtypes(spec: Structure) -> tuple[str, str]:
    """Of the values, and of the row splits."""
    named = [item.dtype or "" for item in spec.items if item.kind == "dtype"]
    return (named or [""])[0], named[1] if len(named) > 1 else "int64"


def _shape(spec: Structure) -> Shape:
    return next((item.shape for item in spec.items if item.kind == "shape"), None)


def _levels(spec: Structure) -> int:
    return next((int(item.value or 0) for item in spec.items if item.kind == "int"), 1)
