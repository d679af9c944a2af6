# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Composite tensors: in functions, and in signatures as coo_sparse and composite_tensor."""

from _common import fresh
from _tf import save, seed, settle, tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.python.saved_model import nested_structure_coder

MODELS = ("ragged_and_sparse", "sparse_signature", "composite_signature")

v1 = tf.compat.v1


class RaggedAndSparse(tf.Module):
    """Ragged and sparse values go in and come out of functions; no signature can carry them."""

    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None], tf.int32)])
    def double(self, ragged):
        return ragged * 2

    @tf.function(input_signature=[tf.RaggedTensorSpec([None, None, None], tf.string, ragged_rank=2)])
    def flatten(self, words):
        return words.merge_dims(1, 2)

    @tf.function(input_signature=[tf.SparseTensorSpec([None, 4], tf.float32)])
    def transpose(self, sparse):
        return tf.sparse.transpose(sparse), tf.sparse.reduce_sum(sparse, axis=1)


def save_tf1(name: str, inputs, outputs) -> None:
    """One signature of hand-made TensorInfos, as TF1 programs wrote it."""
    path = fresh(name)
    builder = v1.saved_model.Builder(path)
    signature = v1.saved_model.build_signature_def(inputs, outputs, v1.saved_model.PREDICT_METHOD_NAME)
    with v1.Session() as session:
        builder.add_meta_graph_and_variables(
            session, [v1.saved_model.SERVING], signature_def_map={"serving_default": signature}
        )
    builder.save()
    settle(path)


def sparse_signature() -> None:
    with tf.Graph().as_default():
        sparse = v1.sparse_placeholder(tf.float32, shape=[None, 4], name="sparse")
        total = tf.sparse.reduce_sum(sparse, axis=1)
        total = tf.identity(total, name="total")
        info = v1.saved_model.build_tensor_info
        save_tf1("sparse_signature", {"sparse": info(sparse)}, {"total": info(total)})


def composite_signature() -> None:
    with tf.Graph().as_default():
        ragged = v1.ragged.placeholder(tf.int64, ragged_rank=1, name="ragged")
        total = tf.identity(tf.reduce_sum(ragged, axis=1), name="total")
        info = v1.saved_model.build_tensor_info
        composite = meta_graph_pb2.TensorInfo(dtype=tf.int64.as_datatype_enum)
        composite.tensor_shape.unknown_rank = True
        spec = nested_structure_coder.encode_structure(tf.type_spec_from_value(ragged))
        composite.composite_tensor.type_spec.CopyFrom(spec.type_spec_value)
        for component in (ragged.values, ragged.row_splits):
            composite.composite_tensor.components.append(info(component))
        save_tf1("composite_signature", {"ragged": composite}, {"total": info(total)})


def main() -> None:
    seed()
    save(RaggedAndSparse(), "ragged_and_sparse")
    sparse_signature()
    composite_signature()


if __name__ == "__main__":
    main()
