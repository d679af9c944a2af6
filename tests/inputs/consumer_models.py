"""Small models, one for each demand that an op can make on its inputs: python consumer_models.py DIR CASE ... saves
each into DIR/CASE with TensorFlow."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tensorflow as tf

Spec = tf.TensorSpec
CASES: dict[str, Callable[[tf.Module, Path], Any]] = {}


def case(*specs: Any, **named: Any) -> Callable[[Any], Any]:
    """A model of one function of these inputs."""

    def add(function: Any) -> Any:
        def build(module: tf.Module, folder: Path) -> Any:
            made = function(module, folder) if function.__code__.co_varnames[:1] == ("m",) else function
            return tf.function(made, input_signature=list(specs), **named)

        CASES[function.__name__] = build
        return function

    return add


def weights(*shape: int) -> tf.Variable:
    """A variable of ones."""
    return tf.Variable(tf.ones(shape))


# Indices ------------------------------------------------------------------------------------------------------------


@case(Spec([None, None], tf.int32))
def embedding(m, _):
    m.table = weights(5, 3)
    return lambda ids: tf.nn.embedding_lookup(m.table, ids)


@case(Spec([None, None], tf.float32))
def embedding_of_floats(m, _):
    m.table = weights(3, 3)
    return lambda ids: tf.gather(m.table, tf.cast(ids, tf.int32))


@case(Spec([None, 4], tf.int64))
def embedding_of_shifted_ids(m, _):
    m.table = weights(4, 3)
    return lambda ids: tf.gather(m.table, ids - 3)


@case(Spec([None, None], tf.int64, "input_ids"), Spec([None, None], tf.int64, "input_mask"),
      Spec([None, None], tf.int64, "segment_ids"))  # fmt: skip
def bert_like(m, _):
    m.words, m.kinds, m.places = weights(30, 4), weights(2, 4), weights(12, 4)

    def call(input_ids, input_mask, segment_ids):
        length = tf.shape(input_ids)[1]
        found = tf.gather(m.words, input_ids) + tf.gather(m.kinds, segment_ids) + m.places[:length]
        return found * tf.cast(input_mask, tf.float32)[..., None]

    return call


@case(Spec([None], tf.int32))
def one_hot(x):
    hot = tf.one_hot(x, 5)
    tf.debugging.assert_equal(tf.reduce_sum(hot), tf.cast(tf.size(x), tf.float32))
    return hot


@case(Spec([None], tf.int32), Spec([None, 3], tf.float32))
def segment_sum(ids, data):
    return tf.math.segment_sum(data, ids)


@case(Spec([None], tf.int32), Spec([None, 3], tf.float32))
def unsorted_segment_sum(ids, data):
    return tf.math.unsorted_segment_sum(data, ids, 4)


@case(Spec([None, 2], tf.int32))
def gather_nd(m, _):
    m.grid = weights(3, 2)
    return lambda places: tf.gather_nd(tf.convert_to_tensor(m.grid), places)


@case(Spec([None, None, 3], tf.float32), Spec([None], tf.int32))
def reverse_sequence(x, lengths):
    return tf.reverse_sequence(x, lengths, seq_axis=1, batch_axis=0)


@case(Spec([None, 6], tf.float32), Spec([None], tf.int32))
def gather_of_an_input(x, places):
    return tf.gather(x, places, axis=1)


# Tables -------------------------------------------------------------------------------------------------------------


def vocabulary(folder: Path, text: str) -> str:
    """A file of a vocabulary."""
    path = folder / "vocabulary.txt"
    path.write_text(text, encoding="utf-8")
    return str(path)


@case(Spec([None], tf.string))
def words_of_a_file(m, folder):
    asset = vocabulary(folder, "red\ngreen\nblue\n")
    start = tf.lookup.TextFileInitializer(asset, tf.string, 0, tf.int64, 1) if False else (
        tf.lookup.TextFileInitializer(asset, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64,
                                      tf.lookup.TextFileIndex.LINE_NUMBER))  # fmt: skip
    m.table, m.rows = tf.lookup.StaticHashTable(start, -1), weights(3, 2)
    return lambda words: tf.gather(m.rows, m.table.lookup(words))


@case(Spec([None, 2], tf.string))
def words_of_a_column(m, folder):
    asset = vocabulary(folder, "0;a\n1;b\n2;c\n")
    start = tf.lookup.TextFileInitializer(asset, tf.string, 1, tf.int64, 0, delimiter=";")
    m.table, m.rows = tf.lookup.StaticHashTable(start, -1), weights(3, 2)
    return lambda words: tf.gather(m.rows, m.table.lookup(words))


@case(Spec([None], tf.int64))
def integers_of_constants(m, _):
    start = tf.lookup.KeyValueTensorInitializer(tf.constant([7, 70, 700], tf.int64), tf.constant([0, 1, 2], tf.int64))
    m.table, m.rows = tf.lookup.StaticHashTable(start, -1), weights(3, 2)
    return lambda keys: tf.gather(m.rows, m.table.lookup(keys))


@case(Spec([None], tf.string))
def words_of_a_text(m, _):
    start = tf.lookup.KeyValueTensorInitializer(["one", "two"], tf.constant([0, 1], tf.int64))
    m.table, m.rows = tf.lookup.StaticHashTable(start, -1), weights(2, 2)
    return lambda text: tf.gather(m.rows, m.table.lookup(tf.strings.split(text).flat_values))


@case(Spec([None], tf.string))
def words_of_a_saved_table(m, _):
    m.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    m.table.insert(["x", "y"], tf.constant([0, 1], tf.int64))
    m.rows = weights(2, 2)
    return lambda words: tf.gather(m.rows, m.table.lookup(words))


# Strings in formats -------------------------------------------------------------------------------------------------


@case(Spec([None], tf.string))
def examples(m, _):
    m.rows = weights(6, 2)
    features = {
        "id": tf.io.FixedLenFeature([2], tf.int64),
        "weight": tf.io.FixedLenFeature([], tf.float32, 1.0),
        "tags": tf.io.VarLenFeature(tf.string),
        "steps": tf.io.RaggedFeature(tf.int64),
        "series": tf.io.FixedLenSequenceFeature([3], tf.float32, allow_missing=True),
    }

    def call(serialized):
        found = tf.io.parse_example(serialized, features)
        steps = tf.gather(m.rows, found["steps"].flat_values)
        return {"ids": tf.gather(m.rows, found["id"]), "weight": found["weight"], "steps": steps,
                "tags": tf.sparse.to_dense(found["tags"], ""), "series": found["series"]}  # fmt: skip

    return call


@case(Spec([None], tf.string))
def examples_of_pictures(serialized):
    found = tf.io.parse_example(serialized, {"image": tf.io.FixedLenFeature([], tf.string)})

    def decoded(data):
        return tf.ensure_shape(tf.io.decode_jpeg(data, channels=3), [6, 5, 3])

    return tf.map_fn(decoded, found["image"], fn_output_signature=tf.uint8)


@case(Spec([], tf.string))
def one_example(serialized):
    return tf.io.parse_single_example(serialized, {"x": tf.io.FixedLenFeature([3], tf.float32)})["x"]


@case(Spec([None], tf.string))
def sequence_examples(serialized):
    context, lists, _ = tf.io.parse_sequence_example(
        serialized, {"label": tf.io.FixedLenFeature([], tf.int64)},
        {"frames": tf.io.FixedLenSequenceFeature([4], tf.float32)},
    )  # fmt: skip
    return {"label": context["label"], "frames": lists["frames"]}


@case(Spec([], tf.string))
def one_sequence_example(serialized):
    context, lists = tf.io.parse_single_sequence_example(
        serialized, {"label": tf.io.FixedLenFeature([], tf.int64)},
        {"words": tf.io.FixedLenSequenceFeature([], tf.string)},
    )  # fmt: skip
    return {"label": context["label"], "words": lists["words"]}


@case(Spec([None], tf.string))
def json_examples(text):
    return tf.io.parse_example(tf.io.decode_json_example(text), {"x": tf.io.FixedLenFeature([2], tf.float32)})["x"]


@case(Spec([None], tf.string))
def pictures_in_base64(text):
    def decoded(one):
        image = tf.io.decode_image(tf.io.decode_base64(one), channels=3, expand_animations=False)
        return tf.image.resize(image, [8, 8])

    return tf.map_fn(decoded, text, fn_output_signature=tf.float32)


for name, decode in {
    "png": tf.io.decode_png, "jpeg": tf.io.decode_jpeg, "gif": tf.io.decode_gif, "bmp": tf.io.decode_bmp,
    "webp": lambda data: tf.raw_ops.DecodeWebP(contents=data), "any": tf.io.decode_image,
    "cropped": lambda data: tf.io.decode_and_crop_jpeg(data, [20, 4, 8, 8]),
}.items():  # fmt: skip

    def _picture(data, decode=decode):
        return decode(data)

    CASES[f"picture_{name}"] = lambda m, f, made=_picture: tf.function(
        lambda data: made(data), input_signature=[Spec([], tf.string, "data")]
    )


@case(Spec([], tf.string))
def sound(data):
    return tf.signal.stft(tf.squeeze(tf.audio.decode_wav(data, desired_channels=1)[0], -1), 256, 128)


@case(Spec([None], tf.string))
def comma_separated(lines):
    return tf.io.decode_csv(lines, [[0], [0.0], [""], tf.constant([], tf.int64)])


@case(Spec([None], tf.string))
def numbers_as_text(m, _):
    m.rows = weights(3, 2)
    return lambda text: tf.gather(m.rows, tf.strings.to_number(text, tf.int32))


@case(Spec([None], tf.string))
def numbers_in_a_text(text):
    return tf.strings.to_number(tf.strings.split(text, "-").to_tensor("0"), tf.int32)


@case(Spec([None], tf.string))
def raw_bytes(m, _):
    m.kernel = weights(6, 2)
    return lambda data: tf.matmul(tf.io.decode_raw(data, tf.float32), m.kernel)


@case(Spec([None], tf.string))
def numbers_read_twice(m, _):
    m.table = weights(3, 2)
    return lambda text: (tf.strings.to_number(text), tf.gather(m.table, tf.strings.to_number(text, tf.int32)))


@case(Spec([None], tf.string))
def columns_read_twice(m, _):
    m.table = weights(3, 2)

    def call(lines):
        first = tf.io.decode_csv(lines, [[0.0], [0.0]], field_delim=";")
        (second,) = tf.io.decode_csv(lines, [[0]], field_delim=";", select_cols=[1])
        return first[0], tf.gather(m.table, second)

    return call


@case(Spec([None], tf.string))
def examples_read_twice(m, _):
    m.table = weights(3, 2)

    def call(serialized):
        loose = tf.io.parse_example(serialized, {"a": tf.io.VarLenFeature(tf.int64)})["a"]
        exact = tf.io.parse_example(serialized, {"a": tf.io.FixedLenFeature([4], tf.int64)})["a"]
        return tf.sparse.reduce_sum(loose), tf.gather(m.table, exact)

    return call


@case(Spec([], tf.string))
def a_picture_read_twice(data):
    picture = tf.io.decode_image(data, channels=3, expand_animations=False)
    return tf.io.extract_jpeg_shape(data), tf.reshape(tf.slice(picture, [0, 0, 0], [40, 30, 3]), [40, 30, 3])


@case(Spec([], tf.string))
def serialized_tensor(m, _):
    m.kernel = weights(6, 2)
    return lambda data: tf.matmul(tf.io.parse_tensor(data, tf.float32), m.kernel)


@case(Spec([None], tf.string))
def compressed(data):
    return tf.strings.length(tf.io.decode_compressed(data, "ZLIB"))


@case(Spec([None], tf.string))
def any_text(text):
    return tf.strings.to_hash_bucket_fast(tf.strings.lower(tf.strings.regex_replace(text, " ", "")), 10)


# Sizes --------------------------------------------------------------------------------------------------------------


@case(Spec([None, None], tf.float32))
def dense(m, _):
    m.kernel = weights(7, 2)
    return lambda x: tf.matmul(x, m.kernel)


@case(Spec(None, tf.float32))
def dense_of_unknown_rank(m, _):
    m.kernel = weights(7, 2)
    return lambda x: tf.nn.relu(tf.matmul(x, m.kernel))


@case(Spec([None, None, None], tf.float32))
def einsum(m, _):
    m.kernel = weights(5, 2, 3)
    return lambda x: tf.einsum("bsd,dhk->bshk", x, m.kernel)


@case(Spec([None, None, None], tf.float32))
def dense_on_three(m, _):
    m.kernel = weights(9, 2)
    return lambda x: tf.tensordot(x, m.kernel, 1)


@case(Spec([None, None, None, None], tf.float32))
def convolution(m, _):
    m.kernel, m.scale = weights(5, 5, 3, 4), weights(4)

    def call(image):
        found = tf.nn.conv2d(image / 255.0, m.kernel, 2, "VALID")
        found, *_ = tf.compat.v1.nn.fused_batch_norm(found, m.scale, m.scale, m.scale, m.scale, is_training=False)
        return found

    return call


@case(Spec([None, None, None, 1], tf.float32))
def convolution_then_dense(m, _):
    """28 x 28 becomes 7 x 7 x 4, and nothing but the kernel of the last layer says so."""
    m.kernel, m.last = weights(3, 3, 1, 4), weights(7 * 7 * 4, 2)

    def call(image):
        found = tf.nn.max_pool2d(tf.nn.conv2d(image, m.kernel, 2, "SAME"), 2, 2, "VALID")
        return tf.matmul(tf.reshape(found, [-1, 7 * 7 * 4]), m.last)

    return call


@case(Spec([None, None], tf.float32))
def sequence_convolution(m, _):
    m.kernel = weights(11, 1, 2)
    return lambda x: tf.nn.conv1d(x[..., None], m.kernel, 1, "VALID")


@case(Spec([None, None], tf.float32))
def reshaped(x):
    return tf.reshape(x, [-1, 4, 6])


@case(Spec([None, None], tf.float32))
def split_in_three(x):
    return tf.split(x, 3, axis=1)


@case(Spec([None, None], tf.float32))
def chosen_column(x):
    return x[:, 10] + x[:, -12]


@case(Spec([None, None], tf.float32), Spec([None, 9], tf.float32))
def added(x, y):
    return x + y


@case(Spec([None, None], tf.float32), Spec([None, None], tf.float32))
def joined(m, _):
    m.kernel = weights(13, 2)
    return lambda x, y: tf.matmul(tf.concat([tf.matmul(x, tf.ones([5, 4])), y], 1), m.kernel)


@case(Spec([None, None], tf.float32))
def ensured(x):
    return tf.ensure_shape(x, [None, 11])


@case(Spec([None, None], tf.float32))
def top_scores(x):
    return tf.math.top_k(x, 10).indices


@case(Spec([None, None], tf.float32))
def one_row_only(x):
    return tf.reshape(x, [1, 10])


@case(Spec([None, None, None, 3], tf.float32))
def large_enough_only(x):
    tf.debugging.assert_greater_equal(tf.shape(x)[1], 100)
    return tf.reduce_mean(x, [1, 2])


@case(Spec([None, None, 4], tf.float32))
def recurrent(m, _):
    m.kernel = weights(4 + 3, 3)

    def call(x):
        state = tf.zeros([tf.shape(x)[0], 3])
        for step in tf.range(tf.shape(x)[1]):
            state = tf.tanh(tf.matmul(tf.concat([x[:, step], state], 1), m.kernel))
        return state

    return call


@case(Spec([None, 3], tf.float32), Spec([], tf.bool))
def branches(m, _):
    m.kernel = weights(3, 2)
    return lambda x, training: tf.cond(training, lambda: tf.matmul(x, m.kernel), lambda: tf.ones([2, 2]))


@case(Spec([], tf.int32))
def batch_size(m, _):
    return lambda batch_size: tf.zeros([batch_size, 3])


# Composite tensors --------------------------------------------------------------------------------------------------


@case(tf.RaggedTensorSpec([None, None], tf.int32))
def ragged(m, _):
    m.rows = weights(4, 2)
    return lambda x: tf.reduce_sum(tf.gather(m.rows, x).to_tensor(), 1)


@case(tf.RaggedTensorSpec([None, None, None], tf.string))
def ragged_twice(x):
    return tf.strings.reduce_join(x.to_tensor(""), -1)


@case(tf.SparseTensorSpec([None, 5], tf.float32))
def sparse(m, _):
    m.kernel = weights(5, 2)
    return lambda x: tf.sparse.sparse_dense_matmul(x, m.kernel)


@case(tf.SparseTensorSpec([None, None], tf.int64))
def sparse_embedding(m, _):
    m.rows = weights(6, 2)
    return lambda ids: tf.nn.safe_embedding_lookup_sparse(m.rows, ids)


@case(Spec([None, 3], tf.bfloat16))
def short_floats(x):
    return x + x


@case(Spec(None, tf.float32))
def pooling_of_given_windows(m, _):
    m.kernel = weights(7 * 7 * 2, 3)

    def call(x):
        pooled = tf.raw_ops.MaxPoolV2(input=x, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="VALID")
        return tf.reshape(pooled, [-1, 7 * 7 * 2]) @ m.kernel

    return call


@case(Spec([None], tf.complex64))
def complex_numbers(x):
    return tf.math.abs(x)


def main() -> None:
    """Saves each case; `all` means every one."""
    target, *names = sys.argv[1:]
    for name in CASES if names == ["all"] else names:
        folder = Path(target) / name
        folder.mkdir(parents=True)
        module = tf.Module()
        module.call = CASES[name](module, folder)
        tf.saved_model.save(module, str(folder / "model"), signatures=_signature(module.call))


def _signature(function: Any) -> Any:
    concrete = function.get_concrete_function()
    outputs = tf.nest.flatten(concrete.structured_outputs, expand_composites=True)
    if isinstance(concrete.structured_outputs, dict | tf.Tensor):
        return concrete
    del outputs
    arguments = function.input_signature

    @tf.function(input_signature=arguments)
    def named(*inputs: Any) -> Any:
        flat = tf.nest.flatten(function(*inputs), expand_composites=True)
        return {f"output_{number}": value for number, value in enumerate(flat)}

    return named


if __name__ == "__main__":
    main()
