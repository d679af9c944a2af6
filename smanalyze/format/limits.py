"""How much is read of one file before we stop and say so.

A limit is met only by damaged or hostile bytes, or by a model far beyond those that exist; what was read up to there
is kept, and the rest becomes an Unreadable with code ``limit``. Sizes are in bytes.
"""

from __future__ import annotations

#: A protobuf varint holds 64 bits, seven to a byte (protobuf encoding guide).
MAX_VARINT_BYTES = 10

#: A LevelDB table stores lengths as varint32 (tensorflow/core/lib/io/block_builder.cc).
MAX_VARINT32_BYTES = 5

#: ``variables.index``: 75 bytes a variable are usual, so this is over three million of them.
MAX_INDEX_BYTES = 256 << 20

#: Keys of one index. The largest public checkpoints have some ten thousand; each costs about 500 bytes of memory here.
MAX_ENTRIES = 2_000_000

#: One key. TensorFlow sets no limit; the longest seen is below 400. Prefix compression would otherwise let a few
#: bytes stand for megabytes.
MAX_KEY_BYTES = 16 << 10

#: Keys of one index that are not UTF-8, taken together; those of TensorFlow always are. Escaping takes half a
#: microsecond and up to sixteen bytes for each of theirs.
MAX_ESCAPED_KEY_BYTES = 1 << 20

#: Bytes that prefix compression may add to one index, keys taken together: 128 a key at MAX_ENTRIES.
MAX_SHARED_KEY_BYTES = 256 << 20

#: The same of a small index: so many at least, and so many for each byte of its blocks. An index of TensorFlow has
#: below one; 80 KB would otherwise stand for a gigabyte.
FREE_SHARED_KEY_BYTES = 1 << 20
MAX_SHARED_RATIO = 64

#: One BundleEntryProto. A slice takes about 20 bytes in it, so this allows 50 000 partitions.
MAX_ENTRY_BYTES = 1 << 20

#: Declared size of one compressed block. Writers close a block at 256 KiB; one huge entry may make it larger.
MAX_SNAPPY_BYTES = 64 << 20

#: ``%05d-of-%05d`` in the names of the data files (tensorflow/core/util/tensor_bundle/naming.cc) has room for this.
MAX_SHARDS = 99_999

#: TensorShape::MaxDimensions() (tensorflow/core/framework/tensor_shape.h).
MAX_RANK = 254

#: TensorShape counts elements in int64 (tensorflow/core/framework/tensor_shape.cc).
MAX_ELEMENTS = (1 << 63) - 1

#: Array that a few stored values may be expanded to: a TensorProto repeats its last value to fill any shape.
MAX_EXPANDED_BYTES = 1 << 30

#: The same of all tensors in the requests of one warm-up file, which are kept beside each other.
MAX_EXPANDED_WARMUP_BYTES = 1 << 28

#: Data files kept mapped at once; each map holds a file descriptor, and 1024 of those is a common limit.
MAX_OPEN_SHARDS = 64

#: Warm-up records. TensorFlow Serving refuses a file of more than 1000 (servables/tensorflow/saved_model_warmup.cc).
MAX_RECORDS = 10_000

#: Faults recorded of one file; the rest is counted. Nobody reads the second hundred.
MAX_FAULTS = 100

#: A git-LFS pointer is shorter than this (git-lfs docs/spec.md).
MAX_LFS_POINTER_BYTES = 1024

#: A manifest or a model-signing bundle: some 150 bytes a file, so this is over four hundred thousand files.
MAX_MANIFEST_BYTES = 64 << 20
