"""``@record``: a frozen, slotted dataclass that is quick to define.

``dataclass(frozen=True, slots=True)`` compiles half a dozen methods for each class, half a millisecond each time a
program starts. A report needs more than a hundred such classes, and would spend a fifth of its time on that. Here only
``__init__`` is compiled, for the first object of a class; the other methods are shared. The class is a dataclass in
every other respect: ``fields``, ``replace``, ``is_dataclass`` and defaults work, and type checkers see one.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, TypeVar

T = TypeVar("T")

_define = dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)


@typing.dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def record(cls: type[T]) -> type[T]:
    """The class, made a frozen dataclass with slots for its annotations; it must not inherit fields."""
    defined: Any = _define(cls)
    fields = dataclasses.fields(defined)
    names = tuple(field.name for field in fields)
    left_out = {*names, "__dict__", "__weakref__"}
    namespace = {name: value for name, value in vars(cls).items() if name not in left_out}
    compared = tuple(field.name for field in fields if field.compare)
    namespace.update(
        __slots__=names,
        __init__=_first,
        __setattr__=_refuse,
        __delattr__=_refuse,
        __repr__=_repr,
        __eq__=_eq,
        __hash__=_hash,
        __getstate__=_getstate,
        __setstate__=_setstate,
        _compared=compared,
    )
    kind: Any = type(cls)
    made = kind(cls.__name__, cls.__bases__, namespace)
    made.__qualname__ = cls.__qualname__
    return typing.cast("type[T]", made)


def _first(self: Any, *values: Any, **named: Any) -> None:
    kind = type(self)
    kind.__init__ = _initializer(kind)
    kind.__init__(self, *values, **named)


def _initializer(kind: Any) -> Any:
    """``__init__`` with a parameter for each field. Plain assignment would meet the refusal below, so each slot's own
    descriptor sets it, which is quicker than ``object.__setattr__``."""
    scope: dict[str, Any] = {"_unset": object()}
    parameters, body = [], []
    for field in dataclasses.fields(kind):
        value = field.name
        scope[f"_set_{value}"] = getattr(kind, value).__set__
        if field.default is not dataclasses.MISSING:
            scope[f"_default_{value}"] = field.default
            parameters.append(f"{value}=_default_{value}")
        elif field.default_factory is not dataclasses.MISSING:
            scope[f"_make_{value}"] = field.default_factory
            parameters.append(f"{value}=_unset")
            value = f"_make_{value}() if {value} is _unset else {value}"
        else:
            parameters.append(value)
        body.append(f" _set_{field.name}(self,{value})")
    exec(f"def __init__(self,{','.join(parameters)}):\n" + ("\n".join(body) or " pass"), scope)
    made = scope["__init__"]
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    return made


def _refuse(self: Any, name: str, value: Any = None) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r} of a {type(self).__name__}")


def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, name) for name in self._compared)


def _eq(self: Any, other: Any) -> Any:
    return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
