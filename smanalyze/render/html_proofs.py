"""Which checks of a verification stand beside which claim of the page."""

from __future__ import annotations

from smanalyze.report.verify import Check, VerifyReport

Place = tuple[str, str, str]
"""The tags ("" for any), the kind of the place, and its name; of a tensor the signature's and its own."""

_MARKS = {"confirmed": "✓", "contradicted": "✗", "not tested": "○"}
_TONES = {"confirmed": "fine", "contradicted": "error", "not tested": "plain"}
_MOST = 20
"""Badges in one place; all MetaGraphs' checks of a variable stand together."""


class Proofs:
    """The checks of a verification by place; none where there is no verification."""

    def __init__(self, verified: VerifyReport | None) -> None:
        """Sorts them once, keeping their order."""
        self._checks: dict[Place, list[Check]] = {}
        for check in verified.checks if verified is not None else ():
            place = _place(check)
            if place is not None:
                self._checks.setdefault(place, []).append(check)

    def of(self, kind: str, name: str, tags: tuple[str, ...] = ()) -> tuple[Check, ...]:
        """The checks beside a variable, signature, tensor, callable, asset or table."""
        return tuple(self._checks.get((",".join(tags), kind, name), ())[:_MOST])


def _place(check: Check) -> Place | None:
    where = check.where
    tags = where.tag_set or ""
    if where.tensor is not None:
        return tags, "tensor", f"{where.signature} {where.tensor}"
    for kind, name in (("signature", where.signature), ("callable", where.function), ("table", where.object_path)):
        if name is not None:
            return tags, kind, name
    if where.variable is not None:
        return "", "variable", where.variable
    if where.file is not None:
        return "", "file", where.file
    return (tags, "graph", "") if where.tag_set is not None else None


def proof_text(check: Check) -> str:
    """``✓ V201``."""
    return f"{_MARKS[check.status]} {check.code}"


def proof_tone(check: Check) -> str:
    """The class of its badge."""
    return _TONES[check.status]


def proof_title(check: Check) -> str:
    """What the badge says when it is pointed at."""
    said = f"{check.claim}: {check.status}"
    if check.status == "contradicted":
        said += f". The report says {check.expected or 'nothing'}, TensorFlow has {check.actual or 'nothing'}"
    return f"{said}. {check.reason}" if check.reason else said
