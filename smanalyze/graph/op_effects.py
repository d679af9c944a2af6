"""What an op does to state outside its tensors, and whether it draws on chance or on the clock.

An op's signature says whether it takes a handle (a ``resource`` or a reference), not what it does with it. The tables
here do. They are about ops that TensorFlow registers: the caller passes what the registry says of the handles, so that
``ApplyPacking`` of another library is not taken for an optimizer's update. The words, as the caller of a signature sees
them:

* ``read``: what is stored decides the outputs, and stays as it was;
* ``write``: what is stored changes, and nothing of the old content comes out. An optimizer's update and ``AssignAdd``
  are writes; so are initializing, closing and deleting;
* ``read-write``: old content comes out and the store changes: taking from a queue, advancing an iterator;
* ``create``: no handle goes in, one comes out. The op makes the thing or finds it by name; filling it is a ``write``.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import Final, Literal

from smanalyze.model.record import record

StateEffect = Literal["read", "write", "read-write", "create"]
Row = tuple[str, StateEffect | Literal[""]]


@record
class StateUse:
    """What an op does to stored state: the effect, and the kind of thing that holds the state."""

    effect: StateEffect
    kind: str  # "variable", "table", "queue", "tensor-array" …: a word of the tables below

    @property
    def lasting(self) -> bool:
        """False for state that TensorFlow drops when the run ends: a stack, a TensorArray, a temporary variable."""
        return self.kind not in _ONE_RUN


_ONE_RUN: Final = frozenset({"stack", "tensor-array", "temporary-variable"})

# Rows of (kind, effect, ops). A plain name always counts; a pattern only for ops that take a handle, because families
# share names with ops that do not ("ScatterNd" has no state, "ScatterNdAdd" has). "" as effect: takes a handle and yet
# neither looks at nor changes what is behind it.
_ROWS: Final[tuple[tuple[str, StateEffect | Literal[""], str], ...]] = (
    ("variable", "read", "ReadVariableOp ReadVariableXlaSplitND _ReadVariablesOp ResourceGather ResourceGatherNd"),
    ("variable", "read", "VariableShape VarIsInitializedOp IsVariableInitialized"),
    ("variable", "write", "Assign AssignAdd AssignSub AssignVariableOp AssignAddVariableOp AssignSubVariableOp"),
    ("variable", "write", "AssignVariableXlaConcatND StridedSliceAssign ResourceStridedSliceAssign"),
    ("variable", "write", "Scatter* ResourceScatter*"),
    ("variable", "write", "Apply* SparseApply* ResourceApply* ResourceSparseApply*"),
    # The embedding weights that word2vec trains; the weights of SdcaOptimizer; the layout of weights on the device.
    ("variable", "write", "NegTrain SdcaShrinkL1 TPUReshardVariables"),
    ("variable", "read-write", "CountUpTo ResourceCountUpTo"),
    # tf.random.Generator keeps its state in a variable: each draw reads and advances it, a skip only advances it.
    ("variable", "read-write", "RngReadAndSkip StatefulRandomBinomial StatefulStandardNormal StatefulStandardNormalV2"),
    ("variable", "read-write", "StatefulTruncatedNormal StatefulUniform StatefulUniformFullInt StatefulUniformInt"),
    ("variable", "write", "RngSkip"),
    # A compiled function with the variables it is given; what it does with each is in the function, not in the op.
    ("variable", "read-write", "XlaLaunch _XlaRun _TPUReplicate TPUExecuteAndUpdateVariables"),
    ("variable", "read", "_XlaCompile"),
    ("temporary-variable", "read-write", "DestroyTemporaryVariable"),
    # A reference is passed on; DisableCopyOnRead changes how a later read copies, not what it gives.
    ("variable", "", "RefEnter RefExit RefIdentity RefMerge RefNextIteration RefSelect RefSwitch"),
    ("variable", "", "DebugGradientRefIdentity DisableCopyOnRead"),
    ("resource", "", "IsResourceHandleRefCounting MakeWeakResourceHandle"),
    ("resource", "write", "DestroyResourceOp"),
    ("table", "read", "LookupTableFind LookupTableFindV2 LookupTableSize LookupTableSizeV2"),
    ("table", "read", "LookupTableExport LookupTableExportV2"),
    ("table", "write", "LookupTableInsert LookupTableInsertV2 LookupTableImport LookupTableImportV2"),
    ("table", "write", "LookupTableRemoveV2 InitializeTable*"),
    ("queue", "write", "QueueEnqueue* QueueClose QueueCloseV2"),
    ("queue", "read-write", "QueueDequeue*"),
    ("queue", "read", "QueueSize QueueSizeV2 QueueIsClosed QueueIsClosedV2"),
    # A read moves the reader and takes file names from a queue.
    ("reader", "read-write", "ReaderRead ReaderReadV2 ReaderReadUpTo ReaderReadUpToV2"),
    ("reader", "read", "ReaderNum* ReaderSerializeState ReaderSerializeStateV2"),
    ("reader", "write", "ReaderReset ReaderResetV2 ReaderRestoreState ReaderRestoreStateV2"),
    ("barrier", "write", "BarrierInsertMany BarrierClose"),
    ("barrier", "read-write", "BarrierTakeMany"),
    ("barrier", "read", "BarrierReadySize BarrierIncompleteSize"),
    ("accumulator", "write", "*AccumulatorApplyGradient *AccumulatorSetGlobalStep"),
    ("accumulator", "read-write", "*AccumulatorTakeGradient"),
    ("accumulator", "read", "*AccumulatorNumAccumulated"),
    ("stack", "write", "StackPush StackPushV2 StackClose StackCloseV2"),
    ("stack", "read-write", "StackPop StackPopV2"),
    # Reading may clear what it read (clear_after_read, the default). The V2 ops carry their handle in a string.
    ("tensor-array", "write", "TensorArrayWrite TensorArrayWriteV2 TensorArrayWriteV3 TensorArrayScatter"),
    ("tensor-array", "write", "TensorArrayScatterV2 TensorArrayScatterV3 TensorArraySplit TensorArraySplitV2"),
    ("tensor-array", "write", "TensorArraySplitV3 TensorArrayUnpack TensorArrayClose"),
    ("tensor-array", "write", "TensorArrayCloseV2 TensorArrayCloseV3"),
    ("tensor-array", "read-write", "TensorArrayRead TensorArrayReadV2 TensorArrayReadV3 TensorArrayGather"),
    ("tensor-array", "read-write", "TensorArrayGatherV2 TensorArrayGatherV3 TensorArrayConcat TensorArrayConcatV2"),
    ("tensor-array", "read-write", "TensorArrayConcatV3 TensorArrayPack"),
    ("tensor-array", "read", "TensorArraySize TensorArraySizeV2 TensorArraySizeV3"),
    # The array of gradients that belongs to an array.
    ("tensor-array", "create", "TensorArrayGrad TensorArrayGradV2 TensorArrayGradV3 TensorArrayGradWithShape"),
    ("tensor-array", "create", "TensorArrayV2"),
    ("iterator", "read-write", "IteratorGetNext* MultiDeviceIteratorGetNextFromShard"),
    ("iterator", "write", "MakeIterator MultiDeviceIteratorInit DeserializeIterator"),
    ("iterator", "write", "DeleteIterator DeleteMultiDeviceIterator"),
    ("iterator", "read", "SerializeIterator IteratorGetModelProto"),
    ("iterator", "", "IteratorToStringHandle MultiDeviceIteratorToStringHandle"),
    ("iterator", "", "IteratorGetDevice ExperimentalIteratorGetDevice"),
    # A dataset that keeps something beside itself: iterating it is what reads and changes the store.
    ("dataset-memory", "read-write", "CacheDatasetV2 ShuffleDatasetV2 ShuffleDatasetV3 ShuffleAndRepeatDatasetV2"),
    ("dataset-memory", "read-write", "GlobalShuffleDataset RandomDatasetV2 DataServiceDataset DataServiceDatasetV*"),
    ("dataset-memory", "write", "DeleteMemoryCache DeleteSeedGenerator DeleteRandomSeedGenerator"),
    ("dataset-memory", "write", "ExperimentalIndexedDatasetMaterialize"),
    ("dataset-memory", "read", "ExperimentalIndexedDatasetGet"),
    ("thread-pool", "", "ThreadPoolDataset ExperimentalThreadPoolDataset"),
    ("dataset-statistics", "write", "SetStatsAggregatorDataset ExperimentalSetStatsAggregatorDataset"),
    ("dataset-statistics", "write", "StatsAggregatorSetSummaryWriter"),
    ("dataset-statistics", "read", "StatsAggregatorSummary ExperimentalStatsAggregatorSummary"),
    ("summary-writer", "write", "CreateSummaryFileWriter CreateSummaryDbWriter FlushSummaryWriter CloseSummaryWriter"),
    ("summary-writer", "write", "ImportEvent Write*Summary"),
    ("mutex", "write", "MutexLock"),
    ("boosted-trees", "write", "BoostedTreesCreate* BoostedTreesDeserializeEnsemble BoostedTreesUpdateEnsemble*"),
    ("boosted-trees", "write", "BoostedTreesQuantileStreamResourceAddSummaries"),
    ("boosted-trees", "write", "BoostedTreesQuantileStreamResourceDeserialize BoostedTreesQuantileStreamResourceFlush"),
    ("boosted-trees", "read-write", "BoostedTreesCenterBias BoostedTreesFlushQuantileSummaries"),
    ("boosted-trees", "read", "BoostedTreesPredict BoostedTreesTrainingPredict BoostedTreesExampleDebugOutputs"),
    ("boosted-trees", "read", "BoostedTreesGetEnsembleStates BoostedTreesSerializeEnsemble IsBoostedTrees*"),
    ("boosted-trees", "read", "BoostedTreesQuantileStreamResourceGetBucketBoundaries"),
    ("tensor-forest", "write", "TensorForestCreateTreeVariable TensorForestTreeDeserialize"),
    ("tensor-forest", "read", "TensorForestTreeIsInitializedOp TensorForestTreePredict"),
    ("tensor-forest", "read", "TensorForestTreeSerialize TensorForestTreeSize"),
    ("rpc", "create", "RpcCall"),
    ("rpc", "write", "RpcServerStart RpcServerRegister DeleteRpcFutureResource"),
    ("rpc", "read", "RpcCheckStatus RpcGetValue"),
    # The handle is a token that orders the exchange, or the group that takes part: nothing is kept in it.
    ("collective", "", "CollectiveGatherV2 CollectiveReduceV2 CollectiveReduceV3 CollectiveReduceScatterV2"),
    ("collective", "", "CollectiveAllToAllV2 CollectiveAllToAllV3"),
    # State that is found by an attr or by a string, not through a handle.
    ("staging-area", "write", "Stage StageClear MapStage MapClear OrderedMapStage OrderedMapClear"),
    ("staging-area", "read-write", "Unstage MapUnstage MapUnstageNoKey OrderedMapUnstage OrderedMapUnstageNoKey"),
    ("staging-area", "read", "StagePeek StageSize MapPeek MapSize MapIncompleteSize"),
    ("staging-area", "read", "OrderedMapPeek OrderedMapSize OrderedMapIncompleteSize"),
    ("sparse-tensors-map", "write", "AddSparseToTensorsMap AddManySparseToTensorsMap"),
    ("sparse-tensors-map", "read-write", "TakeManySparseFromTensorsMap"),
    ("session", "create", "GetSessionHandle"),
    ("session", "read", "GetSessionTensor"),
    ("session", "write", "DeleteSessionTensor"),
    # Ops that only TensorFlow's own tests use.
    ("test", "", "FakeQueue RefIn RefInputFloatInput RefInputFloatInputIntOutput RefInputIntInput TwoRefsIn"),
    ("test", "read", "ResourceInitializedOp ResourceUsingOp"),
    ("test", "write", "ResourceCreateOp"),
)

# The kind of what an op creates, by its name; the first that fits.
_CREATED: Final = (
    ("temporary-variable", "TemporaryVariable"),
    ("variable", "VarHandleOp _VarHandlesOp _XlaAotOnlyVarHandleOp Variable VariableV2"),
    ("table", "*HashTable*"),
    ("queue", "*Queue *QueueV2"),
    ("reader", "*Reader *ReaderV2"),
    ("barrier", "Barrier"),
    ("accumulator", "*Accumulator"),
    ("stack", "Stack StackV2"),
    ("tensor-array", "TensorArray*"),
    ("dataset-memory", "*MemoryCache *SeedGenerator *IterationCounter *IndexDatasetHandle"),
    ("iterator", "*Iterator* OneShotIterator"),
    ("dataset-statistics", "*StatsAggregatorHandle*"),
    ("thread-pool", "*ThreadPoolHandle"),
    ("summary-writer", "SummaryWriter"),
    ("mutex", "MutexV2"),
    ("boosted-trees", "BoostedTrees*"),
    ("tensor-forest", "TensorForest*"),
    ("rpc", "RpcClient RpcServer"),
    ("collective", "CollectiveInitializeCommunicator"),
    ("session", "GetSessionHandleV2"),
    ("test", "RefOut RefOutput RefOutputFloatOutput StubResourceHandleOp"),
)

# Different each time by design. Seeds in attrs make a sequence of runs repeatable, not one run like the next. The
# Stateless* ops, whose seed is an input, are not here; CudnnRNN* is not, whose dropout is 0 unless a model trains.
_RANDOM_OPS: Final = """
    RandomUniform RandomUniformInt RandomStandardNormal TruncatedNormal ParameterizedTruncatedNormal RandomGamma
    RandomPoisson RandomPoissonV2 RandomShuffle RandomCrop Multinomial RiscRandomUniform NonDeterministicInts
    StatefulStandardNormal StatefulStandardNormalV2 StatefulTruncatedNormal StatefulUniform StatefulUniformFullInt
    StatefulUniformInt StatefulRandomBinomial RngReadAndSkip SampleDistortedBoundingBox SampleDistortedBoundingBoxV2
    FixedUnigramCandidateSampler LearnedUnigramCandidateSampler LogUniformCandidateSampler UniformCandidateSampler
    ThreadUnsafeUnigramCandidateSampler Skipgram NegTrain FractionalAvgPool FractionalMaxPool
    RandomShuffleQueue RandomShuffleQueueV2 RandomDataset RandomDatasetV2 ExperimentalRandomDataset SamplingDataset
    ShuffleDataset ShuffleDatasetV2 ShuffleDatasetV3 ShuffleAndRepeatDataset ShuffleAndRepeatDatasetV2
    GlobalShuffleDataset AnonymousSeedGenerator AnonymousRandomSeedGenerator
"""
_RANDOM: Final = frozenset(_RANDOM_OPS.split())


def is_random(op: str) -> bool:
    """Whether the op's outputs differ from run to run by design (``RandomUniform``, not ``StatelessRandomUniform``)."""
    return op in _RANDOM


def is_time_dependent(op: str) -> bool:
    """Whether the op's output depends on the clock."""
    return op == "Timestamp"


@cache
def _tables() -> tuple[dict[str, Row], tuple[tuple[str, Row], ...]]:
    """The rows as a table of names and a list of patterns."""
    words: list[tuple[str, Row]] = [(word, (kind, effect)) for kind, effect, ops in _ROWS for word in ops.split()]
    return {w: row for w, row in words if "*" not in w}, tuple((w, row) for w, row in words if "*" in w)


def state_row(op: str, takes: str, gives: str) -> Row | None:
    """The kind and the effect ("" for none) of a registered op; ``takes`` and ``gives`` name the handles it has.

    None: the op has nothing to do with state, or, where it takes a handle, the tables lack it.
    """
    names, patterns = _tables()
    if op in names:
        return names[op]
    if takes:
        return next((row for pattern, row in patterns if fnmatchcase(op, pattern)), None)
    if gives:
        fits = (kind for kind, words in _CREATED for word in words.split() if fnmatchcase(op, word))
        return next(fits, "resource"), "create"
    return None


def state_use(op: str, takes: str, gives: str) -> StateUse | None:
    """What a registered op does to state, or None where it does nothing to it."""
    row = state_row(op, takes, gives)
    if row is None:
        return None
    kind, effect = row
    return StateUse(effect, kind) if effect else None
