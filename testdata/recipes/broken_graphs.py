# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Well-formed protos that say what cannot be: dangling names, loops, numbers out of range."""

from _common import copy_model
from _tf import read_saved_model, write_saved_model

MODELS = (
    "asset_escapes",
    "const_wrong_size",
    "dangling_function",
    "dangling_input",
    "duplicate_nodes",
    "node_cycle",
    "pb_hostile_object_graph",
    "recursive_function",
    "signature_dangling",
)

GOOD = "module_one_signature"


def asset_escapes(meta_graph) -> None:
    meta_graph.asset_file_def[0].filename = "../../etc/passwd"
    meta_graph.asset_file_def[1].filename = "/etc/passwd"


def const_wrong_size(meta_graph) -> None:
    """A constant of 4 bytes that says it has 2**40 elements, and one with a negative dimension."""
    big, negative = (meta_graph.graph_def.node.add(name=name, op="Const") for name in ("big", "negative"))
    for node, size in ((big, 2**40), (negative, -3)):
        node.attr["dtype"].type = 1
        node.attr["value"].tensor.dtype = 1
        node.attr["value"].tensor.tensor_content = bytes(4)
        node.attr["value"].tensor.tensor_shape.dim.add(size=size)


def call_nodes(meta_graph):
    """The nodes of the graph that call a function."""
    return [node for node in meta_graph.graph_def.node if "PartitionedCall" in node.op]


def dangling_function(meta_graph) -> None:
    """The signature's call goes to a function that is not in the library."""
    call_nodes(meta_graph)[0].attr["f"].func.name = "__inference_gone_999"


def dangling_input(meta_graph) -> None:
    call_nodes(meta_graph)[0].input[0] = "no_such_node:0"


def duplicate_nodes(meta_graph) -> None:
    """One node twice in the graph, one function twice in the library."""
    graph = meta_graph.graph_def
    graph.node.add().CopyFrom(graph.node[0])
    graph.library.function.add().CopyFrom(graph.library.function[0])


def node_cycle(meta_graph) -> None:
    """Two nodes that feed each other, and one that feeds itself."""
    for name, source in (("chicken", "egg"), ("egg", "chicken"), ("ouroboros", "ouroboros")):
        node = meta_graph.graph_def.node.add(name=name, op="Identity", input=[source])
        node.attr["T"].type = 1


def hostile_object_graph(meta_graph) -> None:
    """Children out of range, a cycle, a child of two names, slots, captures and functions that point nowhere."""
    nodes = meta_graph.object_graph_def.nodes
    nodes[0].children.add(node_id=10**6, local_name="out_of_range")
    nodes[0].children.add(node_id=-1, local_name="negative")
    nodes[0].children.add(node_id=0, local_name="itself")
    nodes[0].children.add(node_id=1, local_name="other_name")
    nodes[1].children.add(node_id=0, local_name="parent")
    nodes[0].slot_variables.add(original_variable_node_id=999, slot_name="m", slot_variable_node_id=-5)
    for node in nodes:
        if node.HasField("function"):
            node.function.concrete_functions.append("__inference_gone_999")
    nodes.add()  # an object of no kind
    nodes.add().asset.asset_file_def_index = 42
    nodes.add().captured_tensor.concrete_function = "__inference_gone_999"
    nodes.add().bare_concrete_function.concrete_function_name = "__inference_gone_999"
    for concrete in meta_graph.object_graph_def.concrete_functions.values():
        concrete.bound_inputs.append(12345)


def recursive_function(meta_graph) -> None:
    """A function that calls itself, and two that call each other."""
    library = meta_graph.graph_def.library
    caller = next(f for f in library.function if "signature_wrapper" in f.signature.name)
    for name, callee in (("self", "self"), ("ping", "pong"), ("pong", "ping")):
        function = library.function.add()
        function.CopyFrom(caller)
        function.signature.name = f"__inference_{name}_900"
        for node in function.node_def:
            if "f" in node.attr:
                node.attr["f"].func.name = f"__inference_{callee}_900"
    call_nodes(meta_graph)[0].attr["f"].func.name = "__inference_self_900"


def signature_dangling(meta_graph) -> None:
    """An output of a node that is not there, one of an output index there is not, an input with no name."""
    signature = meta_graph.signature_def["serving_default"]
    output = next(iter(signature.outputs.values()))
    signature.outputs["gone"].CopyFrom(output)
    signature.outputs["gone"].name = "no_such_node:0"
    signature.outputs["index"].CopyFrom(output)
    signature.outputs["index"].name = output.name.split(":")[0] + ":77"
    signature.inputs["nameless"].dtype = 1


def main() -> None:
    for name, good, change in (
        ("asset_escapes", "tables_and_assets", asset_escapes),
        ("const_wrong_size", GOOD, const_wrong_size),
        ("dangling_function", GOOD, dangling_function),
        ("dangling_input", GOOD, dangling_input),
        ("duplicate_nodes", GOOD, duplicate_nodes),
        ("node_cycle", GOOD, node_cycle),
        ("pb_hostile_object_graph", GOOD, hostile_object_graph),
        ("recursive_function", GOOD, recursive_function),
        ("signature_dangling", GOOD, signature_dangling),
    ):
        path = copy_model(good, name)
        saved_model = read_saved_model(path)
        change(saved_model.meta_graphs[0])
        write_saved_model(path, saved_model)


if __name__ == "__main__":
    main()
