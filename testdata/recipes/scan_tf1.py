# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Where a TF1 graph can hide what it does: ops that run at load, queues, initializers, nodes that nothing fetches."""

from _common import drop_empty_directories, fresh, source_files
from _scan import PROOF, SECRET
from _tf import read_saved_model, tf, write_saved_model
from tensorflow.core.protobuf import queue_runner_pb2

MODELS = (
    "tf1_main_op",
    "tf1_main_op_collection",
    "tf1_legacy_init_op",
    "tf1_queue_runner",
    "tf1_unfetched",
    "tf1_control_input",
    "tf1_init_from_checkpoint",
    "tf1_switch",
    "tf1_function_attr",
    "tf1_restore_op",
    "tf1_second_meta_graph",
)

v1 = tf.compat.v1


def doubled():
    """The signature of all of them: y = 2 x."""
    x = v1.placeholder(tf.float32, [], name="x")
    return x, tf.multiply(x, 2.0, name="y")


def save_graph(name: str, x, y, main_op=None, before=(), **parts) -> str:
    """The current graph as the only MetaGraph of the model `name`."""
    path = fresh(name)
    info = v1.saved_model.build_tensor_info
    signature = v1.saved_model.build_signature_def({"x": info(x)}, {"y": info(y)}, v1.saved_model.PREDICT_METHOD_NAME)
    builder = v1.saved_model.Builder(path)
    with v1.Session() as session:
        session.run(before)
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": signature}, main_op=main_op, strip_default_attrs=True, **parts
        )
    builder.save()
    drop_empty_directories(path)
    return path


def main_op() -> None:
    with tf.Graph().as_default():
        x, y = doubled()
        write = tf.io.write_file(PROOF, "written at load", name="install")
        save_graph("tf1_main_op", x, y, main_op=tf.group(write, v1.tables_initializer(), name="main_op"))


def main_op_collection() -> None:
    """As TensorFlow before 1.13 kept it: in a collection, with no signature of its own."""
    with tf.Graph().as_default():
        x, y = doubled()
        write = tf.io.write_file(PROOF, "written at load", name="install")
        path = save_graph("tf1_main_op_collection", x, y)
    add_collection(path, "saved_model_main_op", write.name)


def legacy_init_op() -> None:
    with tf.Graph().as_default():
        x, y = doubled()
        write = tf.io.write_file(PROOF, "written at load", name="install")
        path = save_graph("tf1_legacy_init_op", x, y)
    add_collection(path, "legacy_init_op", write.name)


def add_collection(path: str, name: str, node: str) -> None:
    saved_model = read_saved_model(path)
    saved_model.meta_graphs[0].collection_def[name].node_list.value.append(node)
    write_saved_model(path, saved_model)


def queue_runner() -> None:
    """The signature takes from a queue what a QueueRunner reads from a file and puts in, when somebody starts it."""
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [], name="x")
        fifo = v1.FIFOQueue(4, [tf.string], shapes=[[]], name="fifo")
        with tf.control_dependencies([tf.io.write_file(PROOF, "written by a runner", name="log")]):
            enqueue = fifo.enqueue(tf.io.read_file(SECRET, name="feed"), name="enqueue")
        y = tf.add(tf.cast(tf.strings.length(fifo.dequeue()), tf.float32), x, name="y")
        path = save_graph("tf1_queue_runner", x, y)
        runner = queue_runner_pb2.QueueRunnerDef(
            queue_name=fifo.name, enqueue_op_name=[enqueue.name], close_op_name=fifo.close().name,
            cancel_op_name=fifo.close(cancel_pending_enqueues=True).name)
        again = v1.train.export_meta_graph().graph_def
    saved_model = read_saved_model(path)
    meta_graph = saved_model.meta_graphs[0]
    known = {node.name for node in meta_graph.graph_def.node}
    meta_graph.graph_def.node.extend(node for node in again.node if node.name not in known)
    meta_graph.collection_def["queue_runners"].bytes_list.value.append(runner.SerializeToString(deterministic=True))
    write_saved_model(path, saved_model)


def unfetched() -> None:
    """A write that no signature and no initializer needs."""
    with tf.Graph().as_default():
        x, y = doubled()
        tf.io.write_file(PROOF, "written by nobody", name="forgotten")
        save_graph("tf1_unfetched", x, y)


def control_input() -> None:
    """A write that the output waits for and takes nothing from."""
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [], name="x")
        with tf.control_dependencies([tf.io.write_file(PROOF, "written", name="log")]):
            y = tf.multiply(x, 2.0, name="y")
        save_graph("tf1_control_input", x, y)


def init_from_checkpoint() -> None:
    """A variable whose initializer restores it from the author's checkpoint; a SavedModel's loader never runs that."""
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [], name="x")
        kernel = v1.get_variable(
            "kernel", use_resource=True, initializer=lambda *_, **__: tf.raw_ops.RestoreV2(
                prefix="/home/author/bert/bert_model.ckpt", tensor_names=["kernel"], shape_and_slices=[""],
                dtypes=[tf.float32])[0], shape=[], validate_shape=False)
        y = tf.multiply(x, kernel, name="y")
        save_graph("tf1_init_from_checkpoint", x, y, before=kernel.assign(2.0).op)


def switch() -> None:
    """The control flow of TF1: a write behind a Switch, which its control input makes conditional."""
    with tf.Graph().as_default():
        v1.disable_control_flow_v2()
        x = v1.placeholder(tf.float32, [], name="x")

        def writing():
            with tf.control_dependencies([tf.io.write_file(PROOF, "written")]):
                return x * 2.0

        y = tf.identity(v1.cond(x > 0.0, writing, lambda: -x), name="y")
        v1.get_default_graph().clear_collection("cond_context")  # what it holds has another order on every run
        save_graph("tf1_switch", x, y)


def function_attr() -> None:
    """The function that is called leaves open which one it calls itself; the caller says it, in an attr of the name that
    it calls. tf.saved_model.load does not know that; sessions, and so servers, do."""
    scalar = tf.TensorSpec([], tf.float32)

    def traced(body, name):
        body.__name__ = name
        return tf.function(body, input_signature=[scalar], autograph=False).get_concrete_function()

    def writing(v):
        with tf.control_dependencies([tf.io.write_file(PROOF, "written")]):
            return tf.identity(v)

    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [], name="x")
        doubling = traced(lambda v: v * 2.0, "doubling")
        calling = traced(lambda v: doubling(v), "calling")
        traced(writing, "writing").add_to_graph()
        path = save_graph("tf1_function_attr", x, tf.identity(calling(x), name="y"))
    saved_model = read_saved_model(path)
    graph = saved_model.meta_graphs[0].graph_def
    functions = {function.signature.name.split("_")[-2]: function for function in graph.library.function}
    called = functions["calling"]
    called.signature.attr.add(name="g", type="func")
    called.signature.is_stateful = True
    for node in (*called.node_def, *graph.node):
        if "f" in node.attr:
            node.op = "StatefulPartitionedCall"
    (inner,) = [node for node in called.node_def if "f" in node.attr]
    inner.attr["f"].Clear()
    inner.attr["f"].placeholder = "g"
    (outer,) = [node for node in graph.node if "f" in node.attr]
    outer.attr["f"].func.attr["g"].func.name = functions["writing"].signature.name
    write_saved_model(path, saved_model)


def restore_op() -> None:
    """A write that the restore op waits for: every loader restores."""
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [], name="x")
        factor = v1.get_variable("factor", initializer=2.0, use_resource=True)
        write = tf.io.write_file(PROOF, "written while restoring", name="install")
        path = save_graph("tf1_restore_op", x, tf.multiply(x, factor, name="y"), before=factor.initializer)
    saved_model = read_saved_model(path)
    meta_graph = saved_model.meta_graphs[0]
    name = meta_graph.saver_def.restore_op_name
    (restore,) = [node for node in meta_graph.graph_def.node if node.name == name]
    restore.input.append(f"^{write.name}")
    write_saved_model(path, saved_model)


def second_meta_graph() -> None:
    """Of two MetaGraphs the one for serving is innocent."""
    with tf.Graph().as_default():
        x, y = doubled()
        path = save_graph("tf1_second_meta_graph", x, y)
    saved_model = read_saved_model(path)
    with tf.Graph().as_default():
        x, y = doubled()
        with tf.control_dependencies([tf.io.write_file(PROOF, "written")]):
            tf.identity(y, name="logged")
        other = saved_model.meta_graphs.add()
        other.CopyFrom(saved_model.meta_graphs[0])
        other.graph_def.CopyFrom(v1.get_default_graph().as_graph_def())
    other.meta_info_def.tags[:] = ["train"]
    other.signature_def["serving_default"].outputs["y"].name = "logged:0"
    write_saved_model(path, saved_model)


def main() -> None:
    v1.set_random_seed(0)
    with source_files({}):
        main_op()
        main_op_collection()
        legacy_init_op()
        queue_runner()
        unfetched()
        control_input()
        init_from_checkpoint()
        switch()
        function_attr()
        restore_op()
        second_meta_graph()


if __name__ == "__main__":
    main()
