"""What each way of loading gives, in sentences. ``works`` is ``partly`` where something has to be done first, or where
less comes back than was saved."""

from __future__ import annotations

from smanalyze.facts.fed_parts import fed_parts
from smanalyze.facts.reuse_loaded import Loaded, count_tensors, takes_one
from smanalyze.facts.reuse_obstacles import Obstacle, find_obstacles
from smanalyze.model.saved_model import Signature
from smanalyze.model.tensors import TensorInfo
from smanalyze.report.sections import ReuseAnswer

_MAX_NAMES = 6
"""Inputs named in a call; a reader needs its form."""


def build_answers(loaded: Loaded) -> tuple[ReuseAnswer, ...]:
    """One answer for each of the usual loaders."""
    obstacles = find_obstacles(loaded)
    others = tuple(obstacle for obstacle in obstacles if not obstacle.keras3_only)
    return (
        _tensorflow(loaded, obstacles),
        _tfsm_layer(loaded, obstacles),
        _keras3(),
        _load_model(loaded, others),
        _hub(loaded, others),
    )


def _answer(loader: str, works: str, says: list[str], obstacles: tuple[Obstacle, ...]) -> ReuseAnswer:
    """The answer, made worse by what keeps the model from loading at all."""
    final = tuple(obstacle.says for obstacle in obstacles if not obstacle.passable)
    if final:
        return ReuseAnswer(loader, "no", final)
    if obstacles and works == "yes":
        works = "partly"
    return ReuseAnswer(loader, works, (*(obstacle.says for obstacle in obstacles), *says))


def _tensorflow(loaded: Loaded, obstacles: tuple[Obstacle, ...]) -> ReuseAnswer:
    loader, works, says = "tf.saved_model.load(path)", "yes", []
    if len(loaded.graphs) > 1:
        loader = f"tf.saved_model.load(path, tags={list(loaded.meta_graph.tags)!r})"
        says.append("There are several MetaGraphs: tags chooses one.")
    if loaded.is_tf1:
        says.append("Without an object graph it is wrapped as a TF1 model: signatures, variables and prune().")
    signature = loaded.main_signature
    if loaded.called is not None:
        says.append("The loaded object can be called.")
    elif signature is not None:
        says.append(f"Call it as loaded.signatures[{signature.key!r}](…).")
    elif loaded.functions:
        says.append(f"There is no signature; call its functions, such as loaded.{loaded.functions[0]}(…).")
    else:
        works = "partly"
        says.append("Nothing at the root can be called: there is no signature and no function.")
    return _answer(loader, works, says, obstacles)


# Keras 3 ------------------------------------------------------------------------------------------------------------


def _tfsm_layer(loaded: Loaded, obstacles: tuple[Obstacle, ...]) -> ReuseAnswer:
    """TFSMLayer looks for an attribute of the loaded object first, then for a signature, and gives it one positional
    argument; a signature takes one only if it has exactly one input."""
    plain = "keras.layers.TFSMLayer(path)"
    if len(loaded.graphs) > 1:
        return ReuseAnswer(plain, "no", ("It cannot choose among several MetaGraphs: it passes no tags.",))
    endpoint, says = _endpoint(loaded)
    if not endpoint:
        return _answer(plain, "no", says, obstacles)
    if loaded.bound and all(weight in loaded.references for weight in loaded.bound):
        says.append("Its variables are TF1 references, so the layer has no weights.")
    return _answer(f"keras.layers.TFSMLayer(path, call_endpoint={endpoint!r})", "yes", says, obstacles)


def _endpoint(loaded: Loaded) -> tuple[str, list[str]]:
    """(the endpoint to name or "", sentences)."""
    served = loaded.function("serve")
    if served is not None and served.traces:
        return "serve", ["The default endpoint of model.export; it gives the output itself, signatures a dict."]
    signature = loaded.main_signature
    if signature is not None and loaded.function(signature.key) is None and count_tensors(signature) == 1:
        return signature.key, ["The layer gives a dict of outputs."]
    for name in (*([signature.key] if signature else []), "__call__", *loaded.functions):
        function = loaded.function(name)
        if function is not None and function.traces and takes_one(function):
            return name, [f"{name} is a function of the root."]
    for other in loaded.meta_graph.signatures:
        if count_tensors(other) == 1 and loaded.function(other.key) is None:
            return other.key, ["The layer gives a dict of outputs."]
    if signature is None:
        return "", ["There is no signature to name as call_endpoint, and no function at the root."]
    return "", [
        f"The layer passes one positional argument, but the signature {signature.key} takes {count_tensors(signature)} "
        "tensors: subclass TFSMLayer and pass them by name."
    ]


def _keras3() -> ReuseAnswer:
    return ReuseAnswer(
        "keras.models.load_model(path)",
        "no",
        ('Keras 3 loads .keras and .h5 files; it refuses every SavedModel with "File format not supported".',),
    )


# Keras 2 ------------------------------------------------------------------------------------------------------------


def _load_model(loaded: Loaded, obstacles: tuple[Obstacle, ...]) -> ReuseAnswer:
    keras = loaded.keras
    loader = "tf_keras.models.load_model(path)"
    reason = _no_keras_model(loaded)
    if reason:
        return ReuseAnswer(loader, "no", (reason,))
    works, says = "yes", ["It needs the package tf_keras, or TensorFlow 2.15 and earlier."]
    unknown = keras.unknown_compiled
    if unknown:
        loader = "tf_keras.models.load_model(path, compile=False)"
        says.append(f"With compile=True it needs {unknown[0]} in custom_objects.")
    if keras.custom_classes:
        works, sentence = _custom(loaded)
        says.append(sentence)
    if keras.from_config_only:
        works = "partly"
        says.append(f"{keras.from_config_only[0]} can only be restored from its class: register it.")
    if keras.lambdas:
        says.append(f"The Lambda layer {keras.lambdas[0]} is restored from Python bytecode, and runs it.")
    if keras.metadata.broken:
        works = "unknown"
        says.append("Some of the Keras metadata cannot be read.")
    return _answer(loader, works, says, obstacles)


def _no_keras_model(loaded: Loaded) -> str:
    """Why there is no Keras model to load; "" where there is one."""
    if loaded.is_tf1:
        return "There is no object graph; load_model stops with an IndexError."
    if not loaded.keras.layers:
        return "There is no Keras metadata: load_model gives what tf.saved_model.load does, which is no Keras model."
    if not loaded.keras.metadata.source:
        return "It was saved with tf.saved_model.save, without the metadata that load_model asks for."
    return ""


def _custom(loaded: Loaded) -> tuple[str, str]:
    names = ", ".join(loaded.keras.custom_classes[:5])
    if loaded.keras.save_traces:
        return "yes", (
            f"Without {names} in custom_objects these become objects that only have the traced functions; their own "
            "methods and config are lost."
        )
    return "partly", f"No call functions were saved: {names} must be registered or in custom_objects."


# TF-Hub -------------------------------------------------------------------------------------------------------------


def _hub(loaded: Loaded, obstacles: tuple[Obstacle, ...]) -> ReuseAnswer:
    if loaded.model.tfhub_module is not None:
        return _hub_marked(loaded, obstacles)
    if loaded.called is None:
        return _hub_signature(loaded, obstacles)
    if not takes_one(loaded.called):
        if loaded.main_signature is not None:
            return _hub_signature(loaded, obstacles)
        says = ["The layer passes one argument, which __call__ does not take, or not alone, and there is no signature."]
        return _answer("hub.KerasLayer(path)", "no", says, obstacles)
    if not loaded.bound:
        return _answer("hub.KerasLayer(path)", "yes", ["There are no weights to train."], obstacles)
    if not loaded.has_trainable_variables:
        says = ["The loaded object lists no trainable_variables, so the layer has no weights to train."]
        return _answer("hub.KerasLayer(path)", "partly", says, obstacles)
    says = ["It is a reusable SavedModel: __call__, variables and trainable_variables are there."]
    if not loaded.has_regularization_losses:
        says.append("There are no regularization losses to add.")
    if loaded.training_values is not None and len(loaded.training_values) == 1:
        says.append(loaded.training_argument)
    return _answer("hub.KerasLayer(path, trainable=True)", "yes", says, obstacles)


def _hub_marked(loaded: Loaded, obstacles: tuple[Obstacle, ...]) -> ReuseAnswer:
    """With a tfhub_module.pb, hub.load takes every model for TF1 Hub format and asks for the empty tag-set."""
    if not any(not graph.meta_graph.tags for graph in loaded.graphs):
        says = (
            "tfhub_module.pb makes tensorflow_hub take it for the TF1 Hub format and ask for a MetaGraph without tags, "
            "and there is none. Without that file it is loaded as a TF2 SavedModel.",
        )
        return ReuseAnswer("hub.KerasLayer(path)", "no", says)
    says_more = ["It is in TF1 Hub format: its signatures can be used, its weights cannot be trained."]
    keys = [signature.key for signature in loaded.meta_graph.signatures]
    loader = "hub.KerasLayer(path)" if "default" in keys or not keys else f"hub.KerasLayer(path, signature={keys[0]!r})"
    return _answer(loader, "partly", says_more, obstacles)


def _hub_signature(loaded: Loaded, obstacles: tuple[Obstacle, ...]) -> ReuseAnswer:
    signature = loaded.main_signature
    if signature is None:
        says = ["The loaded object cannot be called, and there is no signature."]
        return _answer("hub.KerasLayer(path)", "no", says, obstacles)
    reason = (
        "The loaded object cannot be called"
        if loaded.called is None
        else "The layer passes one argument, which __call__ does not take, or not alone"
    )
    says = [f"{reason}, so a signature has to be named; its weights cannot be trained then."]
    says += _hub_call(loaded, signature)
    tags = f", tags={list(loaded.meta_graph.tags)!r}" if len(loaded.graphs) > 1 else ""
    loader = f"hub.KerasLayer(path, signature={signature.key!r}, signature_outputs_as_dict=True{tags})"
    return _answer(loader, "partly", says, obstacles)


def _hub_call(loaded: Loaded, signature: Signature) -> list[str]:
    """How the layer is called with a signature: one tensor goes in by position, a dict by the names of arguments.

    A composite input of a TF1 model is taken apart: TensorFlow 2 names its tensors after it
    (tensorflow/python/saved_model/load_v1_in_v2.py, _extract_signatures)."""
    composite = any(info.components for info in signature.inputs)
    if count_tensors(signature) == 1 or (composite and not loaded.is_tf1):
        return []
    names = [name for info in signature.inputs for name in _tensor_names(info)]
    shown = ", ".join(f"{name!r}: …" for name in names[:_MAX_NAMES]) + (", …" if len(names) > _MAX_NAMES else "")
    parts = ", a composite input as the dense tensors it is made of" if composite else ""
    return [f"Call the layer with a dict, layer({{{shown}}}){parts}."]


def _tensor_names(info: TensorInfo) -> list[str]:
    """The arguments that one input of a TF1 signature becomes."""
    return [keyword for keyword, _ in fed_parts(info)] or [info.name]
