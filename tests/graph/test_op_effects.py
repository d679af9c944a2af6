"""Laws of the tables that say what ops do to state, and which draw on chance."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from smanalyze.graph import op_effects, ops


def test_every_op_with_a_handle_is_classified() -> None:
    """A new release's ops show up here: add them to the rows of op_effects."""
    gaps = []
    for op in ops.registered_ops():
        known = ops.registered(op)
        assert known is not None
        row = op_effects.state_row(op, known.takes, known.gives)
        if (known.takes and row is None) or (known.gives and not known.takes and row == ("resource", "create")):
            gaps.append(op)
    assert gaps == []


def test_the_rows_name_ops_that_exist_and_fit_once() -> None:
    names, patterns = op_effects._tables()
    words = [word for _, _, listed in op_effects._ROWS for word in listed.split()]
    assert len(words) == len(set(words))
    assert [name for name in names if ops.registered(name) is None] == []
    takers = [op for op in ops.registered_ops() if (known := ops.registered(op)) and known.takes]
    fits = {op: [pattern for pattern, _ in patterns if fnmatchcase(op, pattern)] for op in takers}
    assert [op for op, found in fits.items() if len(found) + (op in names) > 1] == []
    assert {pattern for pattern, _ in patterns} == {pattern for found in fits.values() for pattern in found}


@pytest.mark.parametrize(
    ("effect", "listed"),
    [
        ("read", "ReadVariableOp ResourceGather LookupTableFindV2 QueueSizeV2 IsVariableInitialized"),
        (
            "write",
            "AssignVariableOp AssignAddVariableOp ResourceApplyAdam ResourceScatterAdd Assign ScatterUpdate ApplyAdam",
        ),
        (
            "write",
            "LookupTableInsertV2 LookupTableImport InitializeTableV2 InitializeTableFromTextFileV2 QueueEnqueueV2",
        ),
        ("write", "TensorArrayWriteV3 StackPushV2 Stage ResourceSparseApplyFtrlV2 ResourceAccumulatorApplyGradient"),
        ("read-write", "QueueDequeueV2 IteratorGetNext StackPopV2 StatefulUniform CountUpTo Unstage"),
        ("create", "VarHandleOp VariableV2 HashTableV2 MutableHashTable FIFOQueueV2 IteratorV2 TensorArrayV3"),
        (None, "MatMul ScatterNd RefIdentity TensorListPushBack If PartitionedCall RandomUniform ApplyPacking"),
    ],
)
def test_state_effect(effect: str | None, listed: str) -> None:
    assert {op: ops.state_effect(op) for op in listed.split()} == dict.fromkeys(listed.split(), effect)


def test_state_that_ends_with_the_run() -> None:
    kinds = {op: ops.state_use(op) for op in ("TensorArrayWriteV3", "StackPushV2", "AssignVariableOp", "HashTableV2")}
    assert {op: use and (use.kind, use.lasting) for op, use in kinds.items()} == {
        "TensorArrayWriteV3": ("tensor-array", False),
        "StackPushV2": ("stack", False),
        "AssignVariableOp": ("variable", True),
        "HashTableV2": ("table", True),
    }


# Chance and time

NOT_RANDOM = re.compile(
    r"Stateless.*|RandomGammaGrad|RandomIndexShuffle|SobolSample|AllCandidateSampler|RngSkip|StochasticCastToInt"
    r"|XlaRngBitGenerator|Delete.*SeedGenerator|DummySeedGenerator|ComputeAccidentalHits|CudnnRNN.*|SnapshotDataset.*"
    r"|(Load|Retrieve)TPUEmbeddingStochastic.*"
)


def test_every_op_that_sounds_random_is_decided() -> None:
    """By its name the op draws, shuffles or samples: it is random, or named here as one that is not."""
    sounds = re.compile(r"Random|Shuffl|Sampl|Multinomial|Rng|Stochastic|NonDeterministic|SeedGenerator|Skipgram")
    undecided = [
        op for op in ops.registered_ops() if sounds.search(op) and ops.randomness(op) == bool(NOT_RANDOM.fullmatch(op))
    ]
    assert undecided == []
    assert [op for op in op_effects._RANDOM if ops.registered(op) is None] == []


def test_chance_and_time() -> None:
    assert ops.randomness("RandomUniform")
    assert not ops.randomness("StatelessRandomUniform")
    assert ops.time_dependent("Timestamp")
    assert not ops.time_dependent("MatMul")
