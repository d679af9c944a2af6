"""Ops by what they do to the strings that go through them."""

from __future__ import annotations

import re

FIRST = frozenset({
    "Identity", "Enter", "Exit", "Switch", "RefSwitch", "RefIdentity", "RefEnter", "NextIteration", "EnsureShape",
    "ExpandDims", "Squeeze", "Reshape", "Slice", "StridedSlice", "Gather", "GatherV2", "GatherNd", "Unpack", "Tile",
    "StopGradient", "Snapshot", "BroadcastTo", "RandomShuffle", "SplitV", "ReverseV2", "Transpose", "PreventGradient",
    "CheckNumerics", "Bitcast", "_Recv", "DeepCopy", "Where", "Print", "OptimizationBarrier", "Copy", "CopyHost",
    "DebugIdentity", "DebugIdentityV2", "DebugIdentityV3", "TensorListFromTensor", "TensorListStack",
    "TensorListGetItem", "ResourceGather",
})  # fmt: skip
EVERY = frozenset({"Pack", "ConcatV2", "Merge", "RefMerge", "ParallelConcat"})
STORED = {
    "VarHandleOp": "variable", "VariableV2": "variable", "Variable": "variable", "ReadVariableOp": "variable",
    "LookupTableFindV2": "table", "LookupTableFind": "table", "LookupTableExportV2": "table", "ReadFile": "file",
    "ReaderReadV2": "file", "ReaderRead": "file", "ReaderReadUpToV2": "file", "ReaderReadUpTo": "file",
    "QueueDequeueV2": "queue", "QueueDequeue": "queue", "QueueDequeueManyV2": "queue", "RestoreV2": "checkpoint",
    "MatchingFiles": "list of files",
}  # fmt: skip
"""Ops whose output is kept somewhere, with the word for that."""

SOURCES = {"TextLineDataset": "file", "TFRecordDataset": "file", "TFRecordDatasetV2": "file",
            "FixedLengthRecordDataset": "file", "FixedLengthRecordDatasetV2": "file", "CSVDataset": "file",
            "CSVDatasetV2": "file", "LMDBDataset": "file", "SqlDataset": "database", "ExperimentalCSVDataset": "file",
            "ExperimentalLMDBDataset": "file", "ExperimentalSqlDataset": "database", "LoadDataset": "file",
            "SnapshotDataset": "file", "SnapshotDatasetV2": "file"}  # fmt: skip
PLAIN = re.compile(r"[A-Za-z0-9_-]{4,}")
"""Patterns that are a plain name, long enough to stand nowhere else in a path."""

SAME_ELEMENTS = frozenset({
    "PrefetchDataset", "RepeatDataset", "BatchDataset", "BatchDatasetV2", "PaddedBatchDataset", "PaddedBatchDatasetV2",
    "ShuffleDataset", "ShuffleDatasetV2", "ShuffleDatasetV3", "ShuffleAndRepeatDataset", "ShuffleAndRepeatDatasetV2",
    "TakeDataset", "SkipDataset", "CacheDataset", "CacheDatasetV2", "OptionsDataset", "ModelDataset", "FilterDataset",
    "ParallelFilterDataset", "TakeWhileDataset", "ShardDataset", "UnbatchDataset", "OptimizeDataset",
    "OptimizeDatasetV2", "FinalizeDataset", "AssertNextDataset", "IgnoreErrorsDataset", "RebatchDataset",
    "RebatchDatasetV2", "WindowDataset", "ParallelBatchDataset", "PrivateThreadPoolDataset",
    "MaxIntraOpParallelismDataset",
})  # fmt: skip
"""Datasets whose elements hold what those of the first input do."""

ELEMENTS = frozenset({"TensorDataset", "TensorSliceDataset"})
MAPS = ("MapDataset", "ParallelMapDataset", "MapAndBatchDataset", "ParallelMapDatasetV2", "FlatMapDataset",
         "InterleaveDataset", "ParallelInterleaveDataset", "ParallelInterleaveDatasetV2",
         "ParallelInterleaveDatasetV3", "ParallelInterleaveDatasetV4")  # fmt: skip

MAPPED = frozenset({
    "MapDataset", "ParallelMapDataset", "ParallelMapDatasetV2", "FlatMapDataset", "InterleaveDataset",
    "ParallelInterleaveDataset", "ParallelInterleaveDatasetV2", "ParallelInterleaveDatasetV3",
    "ParallelInterleaveDatasetV4", "LegacyParallelInterleaveDatasetV2", "FilterDataset", "ParallelFilterDataset",
    "TakeWhileDataset", "MapAndBatchDataset", "ExperimentalMapDataset", "ExperimentalMapAndBatchDataset",
    "ExperimentalTakeWhileDataset", "ExperimentalParallelInterleaveDataset",
})  # fmt: skip
"""Datasets whose one function takes an element of the first input, and then ``other_arguments``."""
