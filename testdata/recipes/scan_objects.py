# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Files touched by functions that only the object graph holds: no signature leads there."""

from _common import source_files
from _scan import PROOF, Doubler, write
from _tf import read_saved_model, save, seed, tf, write_saved_model

MODELS = (
    "write_in_object_function",
    "write_in_nested_function",
    "write_in_two_traces",
    "write_in_initialize",
    "write_in_create_resource",
    "write_in_destroy_resource",
    "write_in_gradient",
    "write_in_restore",
    "write_in_save",
    "write_unreachable",
    "write_in_concrete_function",
    "write_in_init_op",
)

SCALAR = tf.TensorSpec([], tf.float32, name="x")


class Writer(Doubler):
    @tf.function(input_signature=[SCALAR])
    def log(self, x):
        return write(x)


def nested() -> Doubler:
    module = Doubler()
    layer = tf.Module()
    layer.head = {"inner": Writer()}
    module.layers = [tf.Module(), layer]
    return module


class TwoTraces(Doubler):
    """Of the two traces of `run` only the one with quiet=False writes."""

    @tf.function
    def run(self, x, quiet=True):
        return x if quiet else write(x)


class Resource(tf.saved_model.experimental.TrackableResource):
    """A table that a process makes for itself; `place` says which of its functions writes a file."""

    def __init__(self, place):
        super().__init__()
        self.place = place

    def _create_resource(self):
        if self.place == "create":
            tf.io.write_file(PROOF, "created")
        return tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="scan")

    def _initialize(self):
        if self.place == "initialize":
            tf.io.write_file(PROOF, "initialized")

    def _destroy_resource(self):
        if self.place == "destroy":
            tf.io.write_file(PROOF, "destroyed")


class WithResource(tf.Module):
    def __init__(self, place):
        super().__init__()
        self.resource = Resource(place)

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, name="word")])
    def look_up(self, word):
        return {"id": tf.raw_ops.LookupTableFindV2(
            table_handle=self.resource.resource_handle, keys=word, default_value=tf.constant(-1, tf.int64))}


@tf.custom_gradient
def identity(x):
    """The gradient writes, not the forward pass."""
    return tf.identity(x), write


class Gradient(tf.Module):
    @tf.function(input_signature=[SCALAR])
    def __call__(self, x):
        return {"y": identity(x) * 2.0}


class Counter(tf.__internal__.tracking.AutoTrackable):
    """An object that says itself how it is saved and restored; `place` says which of both writes a file."""

    def __init__(self, place):
        self.place = place

    def _serialize_to_tensors(self):
        value = tf.constant(1.0)
        return {"count": write(value) if self.place == "save" else value}

    def _restore_from_tensors(self, tensors):
        if self.place == "restore":
            write(tensors["count"])


def with_counter(place: str) -> Doubler:
    module = Doubler()
    module.counter = Counter(place)
    return module


def unreachable() -> None:
    """A function in the library that nothing holds or calls: `log` of another model."""
    path = save(Writer(), "write_unreachable")
    library = read_saved_model(path).meta_graphs[0].graph_def.library
    (dead,) = [function for function in library.function if "_log_" in function.signature.name]
    module = Doubler()
    path = save(module, "write_unreachable", signatures=module.double)
    saved_model = read_saved_model(path)
    saved_model.meta_graphs[0].graph_def.library.function.add().CopyFrom(dead)
    write_saved_model(path, saved_model)


def init_op() -> None:
    """The init op of the main graph waits for a write that is in no function: sessions run it when they load."""
    module = Doubler()
    path = save(module, "write_in_init_op", signatures=module.double)
    with tf.Graph().as_default() as graph:
        write = tf.io.write_file(PROOF, "written at load", name="install")
    saved_model = read_saved_model(path)
    meta_graph = saved_model.meta_graphs[0]
    meta_graph.graph_def.node.extend(graph.as_graph_def().node)
    name = meta_graph.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"].name
    (node,) = [node for node in meta_graph.graph_def.node if node.name == name]
    node.input.append(f"^{write.name}")
    write_saved_model(path, saved_model)


def save_all() -> None:
    module = Writer()
    save(module, "write_in_object_function", signatures=module.double)
    module = nested()
    save(module, "write_in_nested_function", signatures=module.double)
    module = TwoTraces()
    module.run.get_concrete_function(SCALAR)
    module.run.get_concrete_function(SCALAR, quiet=False)
    save(module, "write_in_two_traces", signatures=module.double)
    for place in ("initialize", "create", "destroy"):
        module = WithResource(place)
        name = "write_in_initialize" if place == "initialize" else f"write_in_{place}_resource"
        save(module, name, signatures=module.look_up)
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=True)
    module = Gradient()
    save(module, "write_in_gradient", signatures=module.__call__, options=options)
    for place in ("restore", "save"):
        module = with_counter(place)
        save(module, f"write_in_{place}", signatures=module.double)
    unreachable()
    module = Doubler()
    module.log = tf.function(write, input_signature=[SCALAR]).get_concrete_function()
    save(module, "write_in_concrete_function", signatures=module.double)
    init_op()


def main() -> None:
    seed()
    with source_files({}):  # making them writes the files that they are about
        save_all()


if __name__ == "__main__":
    main()
