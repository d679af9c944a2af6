# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Graphs and sessions: SavedModels as TF1 programs write them, without an object graph."""

from _common import drop_empty_directories, fresh, source_files
from _tf import tf

MODELS = ("tf1_builder_multi_metagraph", "tf1_partitioned_variables", "tf1_frozen", "tf1_queue", "tf1_pbtxt")

v1 = tf.compat.v1


def signature(method: str, inputs: dict, outputs: dict):
    info = v1.saved_model.build_tensor_info
    return v1.saved_model.build_signature_def(
        {key: info(tensor) for key, tensor in inputs.items()},
        {key: info(tensor) for key, tensor in outputs.items()},
        method,
    )


def predict_signature(inputs: dict, outputs: dict) -> dict:
    return {"serving_default": signature(v1.saved_model.PREDICT_METHOD_NAME, inputs, outputs)}


def build_classifier(training: bool):
    """Words in, classes out: a vocabulary table over an asset, a linear layer, and in training a step counter."""
    vocabulary = tf.constant("vocab.txt", name="vocabulary_file")
    v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, vocabulary)
    table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            vocabulary, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        ),
        default_value=-1,
        name="vocabulary",
    )
    words = v1.placeholder(tf.string, [None], name="words")
    embedding = v1.get_variable("embedding", [4, 3], initializer=v1.ones_initializer(), use_resource=False)
    kernel = v1.get_variable("kernel", [3, 2], initializer=v1.ones_initializer(), use_resource=True)
    hidden = tf.gather(embedding, table.lookup(words) + 1)
    scores = tf.nn.softmax(tf.matmul(hidden, kernel), name="scores")
    classes = tf.gather(tf.constant(["no", "yes"]), tf.argmax(scores, axis=1), name="classes")
    if training:
        v1.assign_add(v1.train.get_or_create_global_step(), 1, name="train_step")
    else:
        v1.train.get_or_create_global_step()
    method = v1.saved_model
    return {
        "serving_default": signature(method.CLASSIFY_METHOD_NAME, {"inputs": words}, {"classes": classes}),
        "regression": signature(method.REGRESS_METHOD_NAME, {"inputs": words}, {"outputs": scores[:, 1]}),
        "predict": signature(method.PREDICT_METHOD_NAME, {"words": words}, {"scores": scores, "classes": classes}),
    }


def multi_metagraph() -> None:
    """MetaGraphs {train}, {serve} and {serve, gpu} over one checkpoint."""
    path = fresh("tf1_builder_multi_metagraph")
    builder = v1.saved_model.Builder(path)
    with source_files({"vocab.txt": b"good\nbad\n"}):
        for tags in (["train"], ["serve"], ["serve", "gpu"]):
            with tf.Graph().as_default(), v1.Session() as session:
                signatures = build_classifier(training=tags == ["train"])
                session.run([v1.global_variables_initializer(), v1.tables_initializer()])
                parts = {
                    "signature_def_map": {} if tags == ["train"] else signatures,
                    "assets_collection": v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
                    "main_op": v1.tables_initializer(),
                    "strip_default_attrs": True,
                }
                if tags == ["train"]:
                    builder.add_meta_graph_and_variables(session, tags, **parts)
                else:
                    builder.add_meta_graph(tags, **parts)
        builder.save()
    drop_empty_directories(path)


def save_one(name: str, signatures: dict, as_text: bool = False, variables: bool = True) -> None:
    """The current graph as the only MetaGraph of the model `name`."""
    path = fresh(name)
    builder = v1.saved_model.Builder(path)
    with v1.Session() as session:
        if variables:
            session.run(v1.global_variables_initializer())
        builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures, strip_default_attrs=True)
    builder.save(as_text=as_text)
    drop_empty_directories(path)


def partitioned_variables() -> None:
    with tf.Graph().as_default():
        ids = v1.placeholder(tf.int32, [None], name="ids")
        with v1.variable_scope("part", partitioner=v1.fixed_size_partitioner(3)):
            embedding = v1.get_variable("embedding", initializer=tf.reshape(tf.range(20.0), [10, 2]))
        rows = tf.nn.embedding_lookup(tf.convert_to_tensor(embedding), ids, name="rows")
        save_one("tf1_partitioned_variables", predict_signature({"ids": ids}, {"rows": rows}))


def frozen() -> None:
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        kernel = tf.constant([[1.0], [2.0], [3.0]], name="kernel")
        y = tf.add(tf.matmul(x, kernel), tf.constant([0.5], name="bias"), name="y")
        save_one("tf1_frozen", predict_signature({"x": x}, {"y": y}), variables=False)


def queue() -> None:
    """Reference variables, a queue and TF1 control flow (Switch, Merge, Enter, Exit), all long out of use."""
    with tf.Graph().as_default():
        v1.disable_control_flow_v2()
        x = v1.placeholder(tf.float32, [], name="x")
        total = v1.get_variable("total", initializer=1.0, use_resource=False)
        fifo = v1.FIFOQueue(4, [tf.float32], shapes=[[]], name="fifo")
        with tf.control_dependencies([fifo.enqueue(x)]):
            item = fifo.dequeue()
        chosen = v1.cond(item > 0.0, lambda: item * 2.0, lambda: -item)
        _, y = v1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y + chosen), (tf.constant(0), total))
        save_one("tf1_queue", predict_signature({"x": x}, {"y": tf.identity(y, name="y")}))


def pbtxt() -> None:
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        bias = v1.get_variable("bias", initializer=[1.0, 2.0], use_resource=True)
        save_one("tf1_pbtxt", predict_signature({"x": x}, {"y": tf.add(x, bias, name="y")}), as_text=True)


def main() -> None:
    v1.set_random_seed(0)
    multi_metagraph()
    partitioned_variables()
    frozen()
    pbtxt()
    queue()


if __name__ == "__main__":
    main()
