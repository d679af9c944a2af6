"""What differs between two programs beside the bodies of functions: which functions, ops and constants there are."""

from __future__ import annotations

from smanalyze.model.record import record


@record
class FunctionRow:
    """A function that is on one side only, or has another name there; with it those that belong to it: that it calls,
    or that call it, and those of the same layer. ``members`` are the names of all of them, ``nodes`` those of all.

    ``role`` is that of a LibraryFunction; ``echo_of`` says what it follows from ("" for what stands by itself): a
    changed function, signature or callable. ``stage`` says how the two of another name were matched.
    """

    old: str
    new: str
    nodes: int
    reachable: bool
    reach: tuple[str, ...] = ()
    role: str = ""
    members: tuple[str, ...] = ()
    echo_of: str = ""
    stage: str = ""


@record
class OpChange:
    """An op that one side has more of in a place: ``where`` names signatures and callables, ``functions`` some of those
    that hold it there; ``running``: a signature, a function of the object tree or loading runs one of its nodes."""

    op: str
    old: int
    new: int
    where: tuple[str, ...]
    functions: tuple[str, ...] = ()
    running: bool = True


@record
class RiskChange:
    """Something that nodes of an op can do beside computing, and that one side can do more often: ``risk_class`` and
    ``reason`` as graph.op_risk has them.

    Numbers of nodes are (old, new): of ``every`` node, of those that are ``running``, those ``served`` by a signature,
    those ``loaded`` with the model. ``operands`` are paths, addresses or code that only the side with more works on;
    ``where`` and ``functions`` are as in OpChange; ``own``: these operands are assets of the model.
    """

    op: str
    risk_class: str
    reason: str
    every: tuple[int, int]
    running: tuple[int, int]
    served: tuple[int, int]
    loaded: tuple[int, int]
    operands: tuple[str, ...]
    where: tuple[str, ...]
    functions: tuple[str, ...]
    own: bool = False


@record
class ConstantChange:
    """A large constant that was added, removed, or holds another value: dtypes with shapes, and bytes."""

    function: str
    node: str
    old: str
    new: str
    old_size: int
    new_size: int
    reach: tuple[str, ...]


@record
class StringConstant:
    """A constant string that only the new model has, in something that runs; the first of several."""

    text: str
    function: str
    node: str
    reach: tuple[str, ...]
