"""Laws of the op risk table, and what is known of single ops. TensorFlow's word is in test_op_risk_proofs.py."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from smanalyze.graph import op_risk, ops

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "smanalyze" / "graph" / "data" / "op_risk.json"
RECIPE = ROOT / "tools" / "make_op_risk.py"
GROUPS: list[dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))["groups"]
WORDS = sorted({word for group in GROUPS for word in group["ops"].split()})


def classes(op: str) -> list[str]:
    """The classes of an op's risks, each once."""
    return list(dict.fromkeys(risk.risk_class for risk in op_risk.risks(op)))


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_op_risk", RECIPE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rules(recipe: ModuleType) -> dict[str, Any]:
    return tomllib.loads(recipe.RULES.read_text(encoding="utf-8"))


# The recipe


def test_data_file_is_what_its_recipe_writes(recipe: ModuleType, tmp_path: Path) -> None:
    """From what is in the checkout alone; a new op in ops.json, or a new row of op_effects, shows up here."""
    assert recipe.main(["--check"]) == 0
    output = tmp_path / "op_risk.json"
    assert recipe.main(["--check", "--output", str(output)]) == 1
    assert recipe.main(["--output", str(output)]) == 0
    assert output.read_bytes() == DATA.read_bytes()


def test_recipe_runs_from_anywhere(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, RECIPE, "--check"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_recipe_refuses_an_op_that_nobody_judged(recipe: ModuleType, rules: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match=r"not judged: BrandNewOp$"):
        recipe.render(rules, [*ops.registered_ops(), "BrandNewOp"])


def test_recipe_refuses_an_op_that_is_judged_twice(recipe: ModuleType, rules: dict[str, Any]) -> None:
    harmless = [*rules["harmless"], {"reason": "", "ops": "ReadFile"}]
    with pytest.raises(SystemExit, match=r"judged twice: ReadFile$"):
        recipe.render(rules | {"harmless": harmless}, ops.registered_ops())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"ops": "NoSuchOp"}, "NoSuchOp: no release registers it"),
        ({"ops": "ReadFile", "library": True}, "ReadFile: TensorFlow registers it"),
        ({"ops": "NobodysOp", "library": True}, "NobodysOp: in no row of providers.toml"),
    ],
)
def test_recipe_refuses_a_name_that_is_nobodys(
    recipe: ModuleType, rules: dict[str, Any], row: dict[str, Any], message: str
) -> None:
    added = [*rules["risk"], {"class": "file-read", "reason": "reads", **row}]
    with pytest.raises(SystemExit, match=re.escape(message)):
        recipe.render(rules | {"risk": added}, ops.registered_ops())


# Laws


def test_every_class_has_a_meaning_and_an_op() -> None:
    assert {group["class"] for group in GROUPS} == set(op_risk.RISK_CLASSES)
    meanings = list(op_risk.RISK_CLASSES.values())
    assert all(meanings) and len(set(meanings)) == len(meanings)


def test_every_op_of_the_table_is_somebodys() -> None:
    nobodys = [op for op in WORDS if not ops.registered(op) and not ops.provider(op.replace("*", "X"))]
    assert nobodys == []


def test_risks_come_in_the_order_of_concern_and_once() -> None:
    order = list(op_risk.RISK_CLASSES)
    for op in WORDS:
        found = op_risk.risks(op.replace("*", "X"))
        places = [order.index(risk.risk_class) for risk in found]
        assert found and places == sorted(places), op
        assert len({(risk.risk_class, risk.operand) for risk in found}) == len(found), op


@pytest.mark.parametrize(
    "exclusive",
    [
        {"file-read", "dataset-file", "table-file", "file-map", "file-list", "saver"},  # one name for a read
        {"saver", "file-write"},
        {"host-code", "opaque"},
        {"network", "device"},
        {"output", "summary"},
        {"state", "run-state"},
    ],
    ids=lambda names: " ".join(sorted(names)),
)
def test_no_op_is_in_classes_that_exclude_each_other(exclusive: set[str]) -> None:
    assert [op for op in WORDS if len(exclusive & set(classes(op))) > 1] == []


def test_state_and_chance_are_those_of_op_effects() -> None:
    elsewhere = {"rpc", "summary-writer", "test"}  # network and output say more; tests only
    for op in ops.registered_ops():
        use = ops.state_use(op)
        changes = use is not None and use.effect in ("write", "read-write") and use.kind not in elsewhere
        changes = changes and op not in ("XlaLaunch", "_TPUReplicate")  # the function that they call says it
        expected = ("state" if use.lasting else "run-state") if use and changes else None
        assert {"state", "run-state"} & set(classes(op)) == ({expected} if expected else set()), op
        assert ("random" in classes(op)) == (ops.randomness(op) or ops.time_dependent(op)), op


def test_operands_are_addressed_and_there() -> None:
    for op in WORDS:
        for risk in op_risk.risks(op.replace("*", "X")):
            assert re.fullmatch(r"|input:\d|attr:\w+", risk.operand), op
            assert not risk.only_if or risk.attr or risk.input_index is not None, op
            if risk.input_index is not None and ops.registered(op):
                assert risk.input_index < ops.min_inputs(op), op


SOUNDS = re.compile(
    r"File|Path|Rpc|Service|Server|Debug|Summary|Print|Py|Host|Callback|Remote|Worker|Collective|Custom|Librar|Save"
    r"|Restore|Snapshot|Sql|LMDB|Big[QT]|Immut|Dump|Abort|Sleep|Infeed|Outfeed|Reader|RecordInput|CacheDataset|Send|Recv"
    r"|Nccl|Gcs|Heartbeat|Checkpoint|Mlir|FromGraph|Lite|Proto|Module"
)
SOUNDS_ONLY = """
BoostedTreesExampleDebugOutputs BoostedTreesMakeStatsSummary CollectiveAssignGroupV2 CustomAggregator
DeleteRpcFutureResource HostConst IdentityReader IdentityReaderV2 IteratorGetModelProto ReaderNumRecordsProduced
ReaderNumRecordsProducedV2 ReaderNumWorkUnitsCompleted ReaderNumWorkUnitsCompletedV2 ReaderSerializeState
ReaderSerializeStateV2 Snapshot SnapshotNestedDatasetReader SummaryWriter TpuHandleToProtoKey
XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdagradAndCsrInput
XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdagradMomentumAndCsrInput
XlaSparseDenseMatmulCustomCombinerOnTcGradWithAdamAndCsrInput
XlaSparseDenseMatmulCustomCombinerOnTcGradWithCsrInput XlaSparseDenseMatmulCustomCombinerOnTcGradWithFtrlAndCsrInput
XlaSparseDenseMatmulCustomCombinerOnTcGradWithSgdAndCsrInput XlaSparseDenseMatmulCustomCombinerOnTcWithCsrInput
_CopyFromGpuToHost _CopyFromHostToGpu _HostCast _TPUCompileMlirPlaceholderProgramKey
_XlaCompileMlirPlaceholderProgramKey
"""


def test_every_op_that_sounds_risky_is_decided() -> None:
    """By its name the op touches files, other machines, logs or code: it has a risk, or stands above."""
    sounding = {op for op in ops.registered_ops() if SOUNDS.search(op)}
    assert sorted(op for op in sounding if not op_risk.risks(op)) == sorted(SOUNDS_ONLY.split())


# Single ops


@pytest.mark.parametrize(
    ("risk_class", "listed"),
    [
        ("host-code", "PyFunc PyFuncStateless EagerPyFunc"),
        ("opaque", "XlaCallModule XlaCustomCall XlaCustomCallV2 MlirPassthroughOp DatasetFromGraph TRTEngineOp"),
        ("process", "Abort SleepOp FileSystemSetConfiguration GcsConfigureCredentials DecodeVideo"),
        ("network", "Rpc TryRpc RpcClient RpcServer RpcCall RemoteCall DataServiceDatasetV4 RegisterDatasetV2"),
        ("network", "CollectiveReduceV2 BigQueryReader HorovodAllreduce ReverbClient KafkaDataset DistributedSave"),
        ("file-write", "WriteFile SaveDatasetV2 DatasetToTFRecord SnapshotDatasetV2 DumpTensor"),
        ("file-write", "PrintV2 CacheDatasetV2 DebugIdentityV2 SqlDataset CalibrationStatisticsSaver DistributedSave"),
        ("file-read", "ReadFile LoadAndRemapMatrix GenerateVocabRemapping FixedUnigramCandidateSampler Skipgram"),
        ("file-read", "DecodeProtoV2 EncodeProto SimpleMLLoadModelFromPathWithHandle"),
        ("dataset-file", "TFRecordDataset TextLineDataset FixedLengthRecordDatasetV2 LoadDataset RecordInput"),
        ("dataset-file", "WholeFileReaderV2 TFRecordReader LMDBReader SqlDataset SnapshotDatasetV2 CacheDataset"),
        ("table-file", "InitializeTableFromTextFile InitializeTableFromTextFileV2"),
        ("file-map", "ImmutableConst"),
        ("file-list", "MatchingFiles MatchingFilesDataset ListSnapshotChunksDataset"),
        ("saver", "SaveV2 RestoreV2 MergeV2Checkpoints ShardedFilename Save Restore RestoreSlice DTensorRestoreV2"),
        ("output", "Print PrintV2 WriteScalarSummary ImportEvent"),
        ("summary", "ScalarSummary MergeSummary TensorSummaryV2"),
        ("debug", "DebugIdentity DebugIdentityV3 DebugNumericSummaryV2 Copy CopyHost"),
        ("device", "_Send _Recv Send _HostRecv InfeedDequeue OutfeedEnqueue CrossReplicaSum TPUPartitionedCall"),
        ("device", "ConfigureDistributedTPU EnqueueTPUEmbeddingSparseBatch LoadTPUEmbeddingADAMParameters"),
        ("state", "AssignVariableOp LookupTableInsertV2 QueueDequeueV2 IteratorGetNext BarrierInsertMany"),
        ("state", "InitializeTableV2 Assign ResourceApplyAdam Stage MutexLock"),
        ("run-state", "StackPushV2 TensorArrayWriteV3 DestroyTemporaryVariable"),
        ("random", "RandomUniform Multinomial StatefulUniform ShuffleDatasetV3 Timestamp"),
    ],
)  # fmt: skip
def test_ops_of_a_class(risk_class: str, listed: str) -> None:
    assert [op for op in listed.split() if risk_class not in classes(op)] == []


HARMLESS = """
MatMul Conv2D Placeholder Const VarHandleOp ReadVariableOp VariableV2 HashTableV2 LookupTableFindV2 DecodeJpeg
DecodePng DecodeRaw ParseTensor ParseExampleV2 Assert CheckNumerics If StatelessWhile PartitionedCall
StatefulPartitionedCall XlaLaunch MapDataset StatelessRandomUniform StringFormat NoOp IdentityReaderV2
GeneratorDataset TensorArrayV3 TPUReplicateMetadata FIFOQueueV2 SummaryWriter Snapshot EncodeAudio NoSuchOp
TFText>Utf8Binarize
"""


@pytest.mark.parametrize("op", HARMLESS.split())
def test_an_op_without_risk(op: str) -> None:
    assert op_risk.risks(op) == ()


@pytest.mark.parametrize(
    ("op", "risk_class", "operands"),
    [
        ("ReadFile", "file-read", ["input:0"]),
        ("WriteFile", "file-write", ["input:0"]),
        ("SaveV2", "saver", ["input:0"]),
        ("MergeV2Checkpoints", "saver", ["input:0", "input:1"]),
        ("MatchingFiles", "file-list", ["input:0"]),
        ("PrintV2", "output", ["attr:output_stream"]),
        ("PyFunc", "host-code", ["attr:token"]),
        ("SaveDatasetV2", "file-write", ["input:1"]),
        ("DistributedSave", "network", ["input:2"]),
        ("DistributedSave", "file-write", ["input:1"]),
        ("DataServiceDatasetV2", "network", ["input:2"]),
        ("InitializeTableFromTextFileV2", "table-file", ["input:1"]),
        ("ImmutableConst", "file-map", ["attr:memory_region_name"]),
        ("GenerateVocabRemapping", "file-read", ["input:0", "input:1"]),
        ("XlaCallModule", "opaque", ["attr:module"]),
        ("WholeFileReaderV2", "dataset-file", [""]),
        ("Print", "output", [""]),
    ],
)  # fmt: skip
def test_operand(op: str, risk_class: str, operands: list[str]) -> None:
    found = [risk for risk in op_risk.risks(op) if risk.risk_class == risk_class]
    assert [risk.operand for risk in found] == operands
    for risk in found:
        kind, _, where = risk.operand.partition(":")
        assert (risk.attr, risk.input_index) == (
            where if kind == "attr" else None,
            int(where) if kind == "input" else None,
        )


@pytest.mark.parametrize(
    ("op", "risk_class", "value", "applies"),
    [
        ("ReadFile", "file-read", "", True),
        ("PrintV2", "file-write", "file:///tmp/x", True),
        ("PrintV2", "file-write", "stderr", False),
        ("PrintV2", "file-write", "log(info)", False),
        ("CacheDatasetV2", "file-write", "", False),
        ("CacheDatasetV2", "file-write", "\n", True),
        ("DebugIdentityV3", "file-write", "FILE:///tmp", True),
        ("DebugIdentityV3", "file-write", "grpc://h:1", False),
        ("DebugIdentityV3", "network", "grpc://h:1", True),
        ("DecodeProtoV2", "file-read", "local://", False),
        ("DecodeProtoV2", "file-read", "bytes://abc", False),
        ("DecodeProtoV2", "file-read", "/tmp/descriptors", True),
        ("DecodeProtoV2", "file-read", "", False),
        ("FixedUnigramCandidateSampler", "file-read", "", False),
        ("FixedUnigramCandidateSampler", "file-read", "vocab.txt", True),
    ],
)  # fmt: skip
def test_a_risk_may_hang_on_the_operands_value(op: str, risk_class: str, value: str, applies: bool) -> None:
    (risk,) = (risk for risk in op_risk.risks(op) if risk.risk_class == risk_class)
    assert risk.applies_to(value) is applies
