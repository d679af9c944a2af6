"""The Python arguments of a traced function, from its canonicalized signature and its FunctionSpec."""

from __future__ import annotations

from smanalyze.facts.spec_text import spec_text, split_signature
from smanalyze.model.graph import Function
from smanalyze.model.objects import ConcreteFunction, FunctionSpec
from smanalyze.model.tensors import Structure
from smanalyze.report.tensors import Argument


def trace_arguments(concrete: ConcreteFunction, spec: FunctionSpec | None) -> tuple[Argument, ...]:
    """Positional arguments in order, then keyword ones; names are the spec's where it has them.

    An empty tuple also for a function whose canonicalized signature has not the usual form (wrapped TF1 functions).
    """
    positional, keywords = split_signature(concrete.inputs)
    names = spec.arg_names if spec else ()
    defaults = default_texts(spec) if spec else {}
    arguments = []
    for position, value in enumerate(positional):
        name = _positional_name(position, names, spec, value)
        arguments.append(Argument(name, spec_text(value), value, defaults.get(name)))
    for value in keywords:
        name = value.key or ""
        arguments.append(Argument(name, spec_text(value), value, defaults.get(name)))
    return tuple(arguments)


def wrapped_arguments(keywords: tuple[str, ...], function: Function | None) -> tuple[Argument, ...]:
    """Those of a wrapped function, which has no canonicalized signature: the keywords that the loader gives it, with
    the dtypes of the library function's first inputs (tensorflow/python/saved_model/function_deserialization.py,
    setup_bare_concrete_function)."""
    found = []
    for position, keyword in enumerate(keywords):
        if function is not None and position < len(function.argument_types):
            given = function.inputs[position]
            value = Structure("tensor", name=keyword, dtype=given.dtype, shape=given.shape)
            found.append(Argument(keyword, spec_text(value), value, None))
        else:
            found.append(Argument(keyword, "", Structure("unknown"), None))
    return tuple(found)


def _positional_name(position: int, names: tuple[str, ...], spec: FunctionSpec | None, value: Structure) -> str:
    if position < len(names):
        return names[position]
    if spec and spec.varargs:
        return f"*{spec.varargs}[{position - len(names)}]"
    return value.name or f"#{position + 1}"


def default_texts(spec: FunctionSpec) -> dict[str, str]:
    """Default values by argument name, as text: those of the last positional arguments and of keyword-only ones."""
    first = len(spec.arg_names) - len(spec.defaults)
    texts = {spec.arg_names[first + i]: spec_text(value) for i, value in enumerate(spec.defaults) if first + i >= 0}
    texts.update((value.key or "", spec_text(value)) for value in spec.kwonly_defaults)
    return texts


def spec_arguments(spec: FunctionSpec | None) -> tuple[Argument, ...]:
    """The arguments as the function was defined, with the specs of ``input_signature`` where it was given."""
    if spec is None:
        return ()
    defaults = default_texts(spec)
    given = spec.input_signature.items if spec.input_signature else ()
    unknown = Structure("unknown")
    arguments = []
    for position, name in enumerate(spec.arg_names):
        value = given[position] if position < len(given) else unknown
        arguments.append(Argument(name, spec_text(value) if position < len(given) else "", value, defaults.get(name)))
    if spec.varargs:
        arguments.append(Argument(f"*{spec.varargs}", "", unknown))
    arguments.extend(Argument(name, "", unknown, defaults.get(name)) for name in spec.kwonly)
    if spec.varkw:
        arguments.append(Argument(f"**{spec.varkw}", "", unknown))
    return tuple(arguments)
