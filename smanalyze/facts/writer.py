"""What wrote a model, and the evidence that says so.

Detectors stand in one table, the most specific first; the first with evidence names the writer. The order matters
because tools build on each other: a converter rewrites what an exporter wrote, a decision forest is a Keras 2 model,
and a Keras 2 model is an object-based SavedModel. Nothing is concluded from the name of a folder, variable or layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from smanalyze.facts.layers_metadata import LAYER_KINDS, KerasMetadata, text
from smanalyze.facts.writer_traces import Traces
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.model.saved_model import SavedModel
from smanalyze.report.document import Writer

UNKNOWN = "TensorFlow (unknown tool)"

Detector = Callable[[Traces], Writer | None]


def name_writer(model: SavedModel, graphs: tuple[ModelGraph, ...] = ()) -> Writer:
    """The tool that wrote the model. ``graphs``, where they are made already, save a pass over all nodes."""
    traces = Traces(model, graphs)
    unread = model.graph_unread
    other = Writer("unknown tool", ("The graph could not be read.",)) if unread else Writer(UNKNOWN, ())
    return next(filter(None, (detect(traces) for detect in DETECTORS)), other)


def _writer(name: str, *evidence: str) -> Writer | None:
    """The writer if there is evidence; "" is none."""
    given = tuple(sentence for sentence in evidence if sentence)
    return Writer(name, given) if given else None


def _ops(traces: Traces, *beginnings: str) -> str:
    found = traces.ops_like(*beginnings)
    more = f" and {len(found) - 4} more" if len(found) > 4 else ""
    return f"It has the ops {', '.join(found[:4])}{more}." if found else ""


def _holds(traces: Traces, *children: str) -> str:
    """The sentence that the root object holds all these children; "" if one is missing."""
    return f"The root object holds {', '.join(children)}." if traces.root.issuperset(children) else ""


# Converters and compilers, which rewrite what another tool wrote ----------------------------------------------------


def tensorrt(traces: Traces) -> Writer | None:
    """TrtGraphConverterV2 tracks its engines as ``trt_engine_resources``, also where it converted nothing
    (tensorflow/python/compiler/tensorrt/trt_convert.py)."""
    evidence = _holds(traces, "trt_engine_resources"), _ops(traces, "TRTEngineOp", "InitializeTRTResource")
    return _writer("TF-TRT (TensorRT converter)", *evidence)


def neuron(traces: Traces) -> Writer | None:
    """AWS Neuron keeps the compiled model as ``aws_neuron_function``."""
    return _writer("AWS Neuron compiler", _holds(traces, "aws_neuron_function"), _ops(traces, "NeuronOp"))


def tpu(traces: Traces) -> Writer | None:
    """A model rewritten for TPU serving has a MetaGraph with the tag ``tpu``, or TPU ops."""
    tag = "A MetaGraph has the tag tpu." if "tpu" in traces.tags else ""
    return _writer("TensorFlow export for TPU", tag, _ops(traces, "TPUPartitionedCall", "TPUReplicate"))


def onnx_tf(traces: Traces) -> Writer | None:
    """onnx-tf's module holds the function ``gen_tensor_dict`` (onnx_tf/backend_tf_module.py)."""
    return _writer("onnx-tf (from an ONNX model)", _holds(traces, "gen_tensor_dict"))


def jax(traces: Traces) -> Writer | None:
    """jax2tf lowers to XlaCallModule, or names its functions (jax/experimental/jax2tf/jax2tf.py)."""
    named = next((name for name in traces.functions if name.startswith(("jax2tf_", "__inference_jax2tf_"))), "")
    return _writer(
        "JAX (jax2tf)", _ops(traces, "XlaCallModule"), f"A function is called {named[:60]}." if named else ""
    )


# Libraries on top of Keras, Estimator or tf.Module -------------------------------------------------------------------


def decision_forests(traces: Traces) -> Writer | None:
    """Inference needs a model resource of TF-DF; YDF's export uses the same ops."""
    return _writer("TensorFlow Decision Forests or YDF", _ops(traces, "SimpleMLCreateModel", "SimpleMLLoadModel"))


def transform(traces: Traces) -> Writer | None:
    """The transform_fn of TensorFlow Transform: TF1's tag and signature, or TF2's module
    (tensorflow_transform/saved/saved_transform_io{,_v2}.py)."""
    first = "transform" in traces.tags and "transform_signature" in traces.signatures
    second = _holds(traces, "created_variables", "resources", "initializers", "assets", "transform_fn")
    tag = "Its tag is transform and its signature transform_signature." if first else ""
    return _writer("TensorFlow Transform (transform_fn)", tag, second)


def model_analysis(traces: Traces) -> Writer | None:
    """An EvalSavedModel carries TFMA's version in a collection (tensorflow_model_analysis/eval_saved_model)."""
    name = "evaluation_only/metadata/tfma_version"
    if name not in traces.collections:
        return None
    return _writer("TensorFlow Model Analysis (EvalSavedModel)", f"{name} is {traces.collection_value(name)}.")


def agents(traces: Traces) -> Writer | None:
    """PolicySaver exports these functions, and describes them in policy_specs.pbtxt (tf_agents/policies)."""
    specs = "There is a file policy_specs.pbtxt." if "policy_specs.pbtxt" in traces.files else ""
    return _writer("TF-Agents (PolicySaver)", _holds(traces, "action", "get_initial_state", "get_train_step"), specs)


def hub_module(traces: Traces) -> Writer | None:
    """hub.Module of TF1 writes tfhub_module.pb beside a graph without objects (tensorflow_hub/native_module.py)."""
    if traces.model.tfhub_module is None or traces.objects or not traces.model.meta_graphs:
        return None
    return _writer("TF-Hub (hub.Module of TF1)", "There is a tfhub_module.pb, and the model has no object graph.")


def object_detection(traces: Traces) -> Writer | None:
    """The Object Detection API's exporters give these outputs after its own postprocessing."""
    wanted = {"detection_boxes", "detection_classes", "detection_scores", "num_detections"}
    own = any("BatchMultiClassNonMaxSuppression" in scope for scope in traces.main_scopes)
    if not own or not traces.outputs.issuperset(wanted):
        return None
    return _writer(
        "TensorFlow Object Detection API",
        "Its outputs are detection_boxes, detection_classes, detection_scores and num_detections, from the scope "
        "BatchMultiClassNonMaxSuppression.",
    )


def tensor2tensor(traces: Traces) -> Writer | None:
    """Tensor2Tensor makes its embeddings in scopes such as ``symbol_modality_8164_128``."""
    found = sorted(scope for scope in traces.main_scopes if re.fullmatch(r"symbol_modality_\d+_\d+", scope))
    return _writer("Tensor2Tensor", f"Nodes stand in the scope {found[0]}." if found else "")


def nmt(traces: Traces) -> Writer | None:
    """tensorflow/nmt makes its model in the scope ``dynamic_seq2seq``."""
    found = "dynamic_seq2seq" in traces.main_scopes
    return _writer("TensorFlow NMT (seq2seq)", "Nodes stand in the scope dynamic_seq2seq." if found else "")


# Keras ---------------------------------------------------------------------------------------------------------------


def keras_export(traces: Traces) -> Writer | None:
    """ExportArchive's own attributes (keras/src/export/saved_model.py; Keras 2 had it from 2.13)."""
    evidence = _holds(traces, "_all_variables", "_misc_assets", "trainable_variables", "non_trainable_variables")
    old = (0, 0) < traces.release < (2, 16)
    written = f"TensorFlow {traces.tensorflow_version} came with Keras {2 if old else 3}." if evidence else ""
    return _writer(f"Keras {2 if old else 3} (model.export)", evidence, written if traces.release > (0, 0) else "")


def keras3_saved(traces: Traces) -> Writer | None:
    """A Keras 3 layer tracks these lists and dicts (keras/src/layers/layer.py, operation.py)."""
    marks = {"_inbound_nodes", "_outbound_nodes", "_losses_override"}
    if traces.root.issuperset(marks):
        return _writer("Keras 3 (tf.saved_model.save)", _holds(traces, *sorted(marks)))
    if any(marks <= dict(node.children).keys() for node in traces.objects):
        return _writer("tf.saved_model.save (holds Keras 3 layers)", f"Objects hold {', '.join(sorted(marks))}.")
    return None


def keras2(traces: Traces) -> Writer | None:
    """Keras 2 marks its objects ``_tf_keras_*``; model.save adds metadata, tf.saved_model.save has none since 2.5."""
    for meta_graph in traces.model.meta_graphs:
        metadata = KerasMetadata(traces.model, meta_graph)
        root = metadata.kinds.get(0, "")
        if root in LAYER_KINDS:
            return _keras2_model(traces, metadata, root)
    if any(node.identifier in LAYER_KINDS for node in traces.objects):
        return _writer("tf.saved_model.save (holds Keras 2 layers)", "Objects below the root are Keras 2 layers.")
    if traces.model.keras_metadata_presence != "absent":
        return _writer("Keras 2 (model.save)", "There is a keras_metadata.pb.")
    return None


def _keras2_model(traces: Traces, metadata: KerasMetadata, root: str) -> Writer | None:
    version = text(metadata.of(0).get("keras_version"))
    how = "tf.saved_model.save"
    if traces.model.keras_metadata_presence != "absent":
        how = "model.save"
    elif metadata.source:
        how = "model.save or tf.saved_model.save"
    package = "tf_keras" if traces.release >= (2, 16) else "Keras"
    return _writer(
        f"{package} {version or 2} ({how})",
        f"The root object is a {root}.",
        f"Its metadata names Keras {version}." if version else "",
        "There is a keras_metadata.pb." if how == "model.save" else "",
    )


# TensorFlow itself ---------------------------------------------------------------------------------------------------


def reusable(traces: Traces) -> Writer | None:
    """A module made for TF-Hub: its marker file, or the whole interface of a Reusable SavedModel."""
    if not traces.objects:
        return None
    marker = "There is a tfhub_module.pb." if traces.model.tfhub_module is not None else ""
    interface = _holds(traces, "__call__", "variables", "trainable_variables", "regularization_losses")
    return _writer("tf.saved_model.save (reusable SavedModel, for TF-Hub)", interface, marker)


def resaved_tf1(traces: Traces) -> Writer | None:
    """What tf.saved_model.load returns for a TF1 model holds these (tensorflow/python/saved_model/load_v1_in_v2.py)."""
    return _writer("tf.saved_model.save (of a loaded TF1 model)", _holds(traces, "initializer", "asset_paths"))


def object_based(traces: Traces) -> Writer | None:
    """Only tf.saved_model.save, and what calls it, writes an object graph."""
    count = len(traces.objects)
    return _writer("tf.saved_model.save", f"It has an object graph of {count} objects, none of Keras." if count else "")


def estimator(traces: Traces) -> Writer | None:
    """Names that tf.estimator gives itself: its parsing receiver's placeholder, its canned heads' scope."""
    names = set(traces.main_names)
    receiver = "The node input_example_tensor feeds serialized examples." if "input_example_tensor" in names else ""
    head = "Nodes of a canned head stand in head/predictions." if {"head", "predictions"} <= traces.main_scopes else ""
    return _writer("Estimator", receiver, head) if "global_step" in traces.collections else None


def tf1_builder(traces: Traces) -> Writer | None:
    """What is left without an object graph: SavedModelBuilder, which simple_save and Estimator call too."""
    version = traces.tensorflow_version
    graph = "There is no object graph"
    if {"variables", "trainable_variables"} & traces.collections:
        return _writer("TF1 SavedModelBuilder (or simple_save)", f"{graph}, and variables are listed in collections.")
    return _writer(
        "TF1 SavedModelBuilder (or simple_save)", f"{graph}; TensorFlow {version} wrote it." if version else ""
    )


DETECTORS: tuple[Detector, ...] = (
    tensorrt, neuron, tpu, onnx_tf, jax,
    decision_forests, transform, model_analysis, agents, hub_module, object_detection, tensor2tensor, nmt,
    keras_export, keras3_saved, keras2,
    reusable, resaved_tf1, object_based,
    estimator, tf1_builder,
)  # fmt: skip
"""In order: converters, libraries, Keras, tf.saved_model.save, TF1."""
