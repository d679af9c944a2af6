# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0", "ml-dtypes"]
# ///
"""What a checkpoint can hold: every dtype, several shards, slices of one variable, an optimizer's state."""

from _tf import save, seed, tf

MODELS = ("dtypes_all", "sharded_checkpoint", "sharded_slices", "optimizer_checkpoint")

FLOATS = ("float16", "float32", "float64", "bfloat16", "float8_e5m2", "float8_e4m3fn")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


class AllDtypes(tf.Module):
    """A variable of every dtype that a variable can have, a scalar, two empty ones and one of rank 5."""

    def __init__(self):
        super().__init__(name="dtypes")
        for dtype in FLOATS:
            setattr(self, dtype, tf.Variable(tf.cast([-1.5, 0.25, 2.0], dtype), name=dtype))
        for dtype in INTEGERS:
            kind = tf.as_dtype(dtype)
            setattr(self, dtype, tf.Variable(tf.constant([kind.min, 1, kind.max], kind), name=dtype))
        self.int4 = tf.Variable(tf.cast([-8, 1, 7], tf.dtypes.experimental.int4), name="int4")
        self.uint4 = tf.Variable(tf.cast([0, 1, 15], tf.dtypes.experimental.uint4), name="uint4")
        self.complex64 = tf.Variable(tf.constant([1 + 2j, -3j], tf.complex64), name="complex64")
        self.complex128 = tf.Variable(tf.constant([1 + 2j, -3j], tf.complex128), name="complex128")
        self.bool = tf.Variable([True, False], name="bool")
        self.string = tf.Variable(["", "text", "日本語", b"\x00\xff"], name="string")
        self.special = tf.Variable([float("nan"), float("inf"), -float("inf"), -0.0], name="special")
        self.scalar = tf.Variable(42, name="scalar")
        self.empty = tf.Variable(tf.zeros([0, 3]), name="empty")
        self.empty_string = tf.Variable(tf.constant([], tf.string), name="empty_string")
        self.rank_five = tf.Variable(tf.zeros([1, 2, 1, 2, 1]), name="rank_five")

    @tf.function(input_signature=[])
    def read(self):
        return {"float32": self.float32 + 0.0, "string": tf.identity(self.string)}


class Shards(tf.Module):
    """Three variables: one of 96 bytes, one of 64, one scalar."""

    def __init__(self):
        super().__init__(name="shards")
        self.kernel = tf.Variable(tf.reshape(tf.range(24.0), [6, 4]), name="kernel")
        self.table = tf.Variable(tf.reshape(tf.range(16), [4, 4]), name="table")
        self.scale = tf.Variable(0.5, name="scale")

    @tf.function(input_signature=[tf.TensorSpec([None, 6], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": tf.matmul(x, self.kernel) * self.scale + tf.cast(self.table[0], tf.float32)}


class ShardEachTensor(tf.train.experimental.ShardingCallback):
    """Every tensor goes whole to a shard of its own."""

    description = "One shard a tensor."

    def __call__(self, shardable_tensors):
        return [{each.checkpoint_key: {each.slice_spec: each.tensor}} for each in shardable_tensors]


def save_sharded(name: str, policy: tf.train.experimental.ShardingCallback) -> None:
    module = Shards()
    options = tf.saved_model.SaveOptions(experimental_sharding_callback=policy)
    save(module, name, signatures=module.__call__, options=options)


class Optimized(tf.Module):
    """A linear layer with a Keras optimizer that has done one step; only `__call__` is served."""

    def __init__(self):
        super().__init__(name="optimized")
        self.kernel = tf.Variable(tf.ones([3, 2]), name="kernel")
        self.optimizer = tf.keras.optimizers.Adam(0.01)
        self.optimizer.apply_gradients([(tf.ones([3, 2]), self.kernel)])

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": tf.matmul(x, self.kernel)}


def main() -> None:
    seed()
    dtypes = AllDtypes()
    save(dtypes, "dtypes_all", signatures=dtypes.read)

    save_sharded("sharded_checkpoint", ShardEachTensor())
    save_sharded("sharded_slices", tf.train.experimental.MaxShardSizePolicy(max_shard_size=40))

    optimized = Optimized()
    save(optimized, "optimizer_checkpoint", signatures=optimized.__call__)


if __name__ == "__main__":
    main()
