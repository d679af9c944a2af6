"""Signatures of both sides, matched by key, by declaration, or because one has the other's interface and program."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from smanalyze.diff.positional import shifted_inputs
from smanalyze.diff.renames import Renames
from smanalyze.diff.tensor_spec import spec_of
from smanalyze.facts.program import Program
from smanalyze.report.changes import SignaturePair, TensorPair
from smanalyze.report.tensors import SignatureReport, Tensor

SURE, LIKELY = 1.0, 0.7

Signatures = Sequence[SignatureReport]
SameOutput = Callable[[Tensor, Tensor], bool]


def match_signatures(
    old: Signatures, new: Signatures, programs: tuple[Program, Program], renames: Renames
) -> tuple[SignaturePair, ...]:
    """All signatures of one MetaGraph, in the order of the old side and then of the new."""
    there = {one.key: one for one in old}, {one.key: one for one in new}
    pairs: dict[str, tuple[str, str]] = {}
    for before, after in renames.pairs("signature", there[0], there[1]):
        pairs[before] = (after, "declared")
    taken = {after for after, _ in pairs.values()}
    for key in there[0]:
        if key in there[1] and key not in pairs and key not in taken:
            pairs[key] = (key, "key")
    taken = {after for after, _ in pairs.values()}
    left = [one for one in old if one.key not in pairs]
    for one in left:
        same = [other for other in new if other.key not in taken and _same_signature(one, other, programs)]
        alike = [other for other in left if _same_signature(other, one, (programs[0], programs[0]))]
        if len(same) == 1 and len(alike) == 1:
            pairs[one.key] = (same[0].key, "program")
            taken.add(same[0].key)
    found = [
        _pair(one, there[1][pairs[one.key][0]], pairs[one.key][1], programs, renames)
        if one.key in pairs
        else SignaturePair(one, None, (), (), False)
        for one in old
    ]
    found += [SignaturePair(None, one, (), (), False) for one in new if one.key not in taken]
    return tuple(found)


def _same_signature(one: SignatureReport, other: SignatureReport, programs: tuple[Program, Program]) -> bool:
    if [_spec(t) for t in (*one.inputs, *one.outputs)] != [_spec(t) for t in (*other.inputs, *other.outputs)]:
        return False
    return programs[0].signature(one.key) == programs[1].signature(other.key)


def _spec(tensor: Tensor) -> tuple[object, ...]:
    return tensor.name, *spec_of(tensor)


def _pair(
    one: SignatureReport, other: SignatureReport, stage: str, programs: tuple[Program, Program], renames: Renames
) -> SignaturePair:
    same = programs[0].signature(one.key) == programs[1].signature(other.key)

    def same_output(before: Tensor, after: Tensor) -> bool:
        return programs[0].tensor(before) == programs[1].tensor(after)

    unused = tuple(
        _dead_and_constant(program, key) for program, key in zip(programs, (one.key, other.key), strict=True)
    )
    inputs = match_tensors(one.inputs, other.inputs, "input", renames, None)
    return SignaturePair(
        old=one,
        new=other,
        inputs=inputs,
        outputs=match_tensors(one.outputs, other.outputs, "output", renames, same_output),
        same_program=same,
        stage=stage,
        dead_inputs=(unused[0][0], unused[1][0]),
        constant_outputs=(unused[0][1], unused[1][1]),
        shifted=shifted_inputs(inputs),
    )


def _dead_and_constant(program: Program, key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(inputs that no output needs, outputs that need no input)."""
    signature = next(one for one in program.graph.meta_graph.signatures if one.key == key)
    needs, used = program.dependencies.signature(signature)
    dead = tuple(tensor.name for tensor in signature.inputs if tensor.name not in used)
    return dead, tuple(name for name, names in needs.items() if not names) if signature.inputs else ()


def match_tensors(
    old: Sequence[Tensor], new: Sequence[Tensor], kind: str, renames: Renames, same: SameOutput | None
) -> tuple[TensorPair, ...]:
    """Inputs or outputs by name; those that are left by declaration, by what computes them (``same``), and the last
    one of each side by its dtype and shape."""
    there = {one.name: one for one in old}, {one.name: one for one in new}
    pairs: dict[str, tuple[str, str, float]] = {}
    for before, after in renames.pairs(kind, there[0], there[1]):
        pairs[before] = (after, "declared", SURE)
    for name in there[0]:
        if name in there[1] and name not in pairs and name not in {after for after, _, _ in pairs.values()}:
            pairs[name] = (name, "key", SURE)
    left, right = _left(there, pairs)
    if same is not None:
        for one in left:
            twins = [other for other in right if spec_of(one) == spec_of(other) and same(one, other)]
            if len(twins) == 1:
                pairs[one.name] = (twins[0].name, "program", SURE)
        left, right = _left(there, pairs)
    if len(left) == len(right) == 1 and spec_of(left[0]) == spec_of(right[0]):
        pairs[left[0].name] = (right[0].name, "leftover", LIKELY)
    found = []
    for name, one in there[0].items():
        after, stage, confidence = pairs.get(name, ("", "key", SURE))
        found.append(TensorPair(one, there[1].get(after), stage, confidence))
    taken = {after for after, _, _ in pairs.values()}
    return (*found, *(TensorPair(None, one) for name, one in there[1].items() if name not in taken))


def _left(
    there: tuple[dict[str, Tensor], dict[str, Tensor]], pairs: dict[str, tuple[str, str, float]]
) -> tuple[list[Tensor], list[Tensor]]:
    taken = {after for after, _, _ in pairs.values()}
    left = [one for name, one in there[0].items() if name not in pairs]
    return left, [one for name, one in there[1].items() if name not in taken]
