"""The object that ``tf.saved_model.load`` returns, as far as the file tells: what it has, and what can be trained.

Of several MetaGraphs the one for serving is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from smanalyze.facts.layers_forward import DEFAULT_SIGNATURE, Weight, Weights
from smanalyze.facts.layers_objects import ObjectTree
from smanalyze.facts.reuse_keras import KerasFacts
from smanalyze.graph.keys import VARIABLE_OPS
from smanalyze.graph.model_graph import Key, ModelGraph
from smanalyze.model.objects import FunctionSpec, ObjectFunction
from smanalyze.model.saved_model import SavedModel, Signature

DIFFERENTIABLE = frozenset({"bfloat16", "complex128", "complex64", "float16", "float32", "float64"})
"""Dtypes of variables that have gradients (tensorflow/python/eager/backprop_util.py, IsTrainable)."""


class Loaded:
    """The loaded object: its attributes, its ``__call__``, and the variables that what can be called binds."""

    def __init__(self, model: SavedModel, graphs: tuple[ModelGraph, ...], tree: ObjectTree, keras: KerasFacts) -> None:
        self.model = model
        self.graphs = graphs
        self.graph = serving_graph(graphs)
        self.meta_graph = self.graph.meta_graph
        self.tree = tree
        self.keras = keras

    @property
    def is_tf1(self) -> bool:
        """Whether there is no object graph, so that TensorFlow 2 wraps the graph as a TF1 model."""
        return not self.tree.nodes

    # What it has ------------------------------------------------------------------------------------------------

    def function(self, name: str) -> ObjectFunction | None:
        """The function that is an attribute of the root."""
        child = self.tree.child(0, name)
        return self.tree.nodes[child].function if child is not None else None

    @cached_property
    def called(self) -> ObjectFunction | None:
        """The root's ``__call__``, which makes the loaded object callable."""
        return self.function("__call__")

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """Names of the functions that are attributes of the root, traced at least once."""
        nodes = self.tree.nodes
        found = (
            (name, nodes[child].function) for name, child in self.tree.children(0) if nodes[child].kind == "function"
        )
        return tuple(name for name, function in found if function and function.traces)

    @cached_property
    def main_signature(self) -> Signature | None:
        """The signature to name in a call: ``serving_default``, else ``serve``, else the first."""
        by_key = {signature.key: signature for signature in self.meta_graph.signatures}
        first = next(iter(by_key.values()), None)
        return by_key.get(DEFAULT_SIGNATURE) or by_key.get("serve") or first

    def _list(self, name: str) -> list[int]:
        listed = self.tree.child(0, name)
        return [child for _, child in self.tree.children(listed)] if listed is not None else []

    @property
    def has_variables(self) -> bool:
        """Whether the attribute ``variables`` has something in it. A wrapped TF1 model lists there its resource
        variables, not those of references, which TensorFlow 2 cannot lift."""
        if self.is_tf1:
            return "VarHandleOp" in self.graph.library.main.op_counts and bool(self.meta_graph.variable_defs)
        return bool(self._list("variables"))

    @property
    def has_trainable_variables(self) -> bool:
        """The same of ``trainable_variables``; a wrapped TF1 model has no such attribute."""
        return bool(self._list("trainable_variables"))

    @property
    def has_regularization_losses(self) -> bool:
        """Whether ``regularization_losses`` lists functions."""
        return any(self.tree.nodes[child].kind == "function" for child in self._list("regularization_losses"))

    @cached_property
    def bound(self) -> tuple[Weight, ...]:
        """The variables that what can be called binds: the signatures, and the functions of the root."""
        held = filter(None, map(self.function, self.functions))
        traces = [Key("function", trace) for function in held for trace in function.traces]
        return tuple(dict.fromkeys((*self._signed, *self._bound_by(traces))))

    @cached_property
    def _signed(self) -> tuple[Weight, ...]:
        """The variables that the signatures bind."""
        return self._bound_by([Key("signature", signature.key) for signature in self.meta_graph.signatures])

    def _bound_by(self, starts: list[Key]) -> tuple[Weight, ...]:
        lookup = Weights(self.meta_graph, self.graph)
        names = self.graph.functions_below(starts)
        keys: dict[Key, None] = {}
        for actor in (*starts, *(Key("function", name) for name in names)):
            if actor in self.graph.edges:
                keys.update(dict.fromkeys(self.graph.targets(actor, "captures", "variable")))
        return tuple(weight for weight in map(lookup.of, keys) if weight)

    @cached_property
    def references(self) -> tuple[Weight, ...]:
        """The bound variables that are TF1 references, which TensorFlow 2 runs but cannot train."""
        main = self.graph.library.main
        kinds = VARIABLE_OPS - {"VarHandleOp"}
        found = (weight for weight in self.bound if isinstance(weight.key.id, str))
        return tuple(weight for weight in found if main.ops[main.at[str(weight.key.id)]] in kinds)

    # Training ---------------------------------------------------------------------------------------------------

    @cached_property
    def training_values(self) -> tuple[bool, ...] | None:
        """The values of ``training`` that ``__call__`` was traced for; None where it takes no such argument."""
        function = self.called
        spec = function.spec if function else None
        if function is None or spec is None or "training" not in (*spec.arg_names, *spec.kwonly):
            return None
        objects = self.meta_graph.objects
        inputs = {c.name: c.inputs for c in objects.concrete_functions} if objects else {}
        names = _arguments(spec)
        position = names.index("training") if "training" in names else -1
        found: set[bool] = set()
        for trace in function.traces:
            structure = inputs.get(trace)
            if structure is None or len(structure.items) != 2:
                continue
            given, named = structure.items[0].items, structure.items[1].items
            values = [item.value for item in named if item.key == "training"]
            values += [given[position].value] if 0 <= position < len(given) else []
            found.update(value for value in values if isinstance(value, bool))
        return tuple(sorted(found))

    @property
    def training_argument(self) -> str:
        """A sentence on the ``training`` argument of the root's ``__call__``; "" where there is no object graph."""
        if self.called is None:
            return "" if self.is_tf1 else "The loaded object cannot be called, so there is no training argument."
        values = self.training_values
        if values is None:
            return "__call__ takes no training argument: training and inference are the same."
        if len(values) == 2:
            return "__call__ takes training, and was traced for True and for False."
        return (
            f"__call__ takes training, but was traced for {values[0]} only." if values else "__call__ takes training."
        )

    @property
    def gradients(self) -> str:
        """What is certain about training the variables."""
        if not self.meta_graph.signatures and not self.functions:
            return "Nothing at the root can be called, so there is nothing to train through."
        if not self.bound:
            return (
                "Nothing to train: no signature and no function of the root binds a variable; weights, if any, are "
                "constants."
            )
        lifted = [weight for weight in self.bound if weight not in self.references]
        trained = [weight for weight in lifted if weight.trainable and weight.dtype in DIFFERENTIABLE]
        stuck = [weight for weight in lifted if weight.trainable and weight.dtype not in DIFFERENTIABLE]
        sentences = []
        if self.references:
            sentences.append(
                f"{self._some(self.references, 'a reference', 'references')} of TensorFlow 1, which TensorFlow 2 runs "
                f"but does not lift: no training reaches {'it' if len(self.references) == 1 else 'them'}."
            )
        if trained:
            sentences.append(
                f"{self._some(trained, 'trainable', 'trainable')}. TensorFlow derives gradients of "
                "restored functions anew, from the gradients of their ops."
            )
        elif not self.references:
            unknown = any(weight.trainable is None for weight in self.bound)
            sentences.append(
                "Nothing says which variables are trainable." if unknown else "No bound variable can be trained."
            )
        if stuck:
            dtypes = ", ".join(sorted({weight.dtype for weight in stuck}))
            sentences.append(f"{len(stuck)} marked as trainable have no gradients, for their dtype: {dtypes}.")
        if trained and self.meta_graph.signatures and not self._signed:
            sentences.append("Only functions of the root bind them: the signatures bind no variable.")
        if trained and self.unsaved_gradients:
            sentences.append(
                f"Custom gradients ({self.unsaved_gradients[0]}) were not saved: asking for one will likely fail."
            )
        return " ".join(sentences)

    def _some(self, chosen: Sequence[object], one: str, several: str) -> str:
        """``1 of 1 bound variable is trainable``, ``3 of 9 bound variables are trainable``."""
        verb = f"is {one}" if len(chosen) == 1 else f"are {several}"
        return f"{len(chosen)} of {len(self.bound)} bound variable{'s' * (len(self.bound) != 1)} {verb}"

    @cached_property
    def unsaved_gradients(self) -> tuple[str, ...]:
        """Custom gradients that what can be called uses, and for which no gradient function was saved."""
        library = self.graph.library
        starts = [Key("signature", signature.key) for signature in self.meta_graph.signatures]
        starts += [Key("function", name) for name in (self.called.traces if self.called else ())]
        used: set[str] = set()
        for name in self.graph.functions_below(starts):
            if name in library.functions:
                used |= {op for op in library.index(name).gradient_ops if op.startswith("CustomGradient-")}
        return tuple(sorted(used - set(library.gradient_functions)))


def serving_graph(graphs: tuple[ModelGraph, ...]) -> ModelGraph:
    """The MetaGraph with the one tag ``serve``; else the first with a signature; else the first."""
    tagged = (graph for graph in graphs if graph.meta_graph.tags == ("serve",))
    signed = (graph for graph in graphs if graph.meta_graph.signatures)
    return next(tagged, None) or next(signed, graphs[0])


def _arguments(spec: FunctionSpec) -> tuple[str, ...]:
    """The names a caller gives values for; a method's ``self`` is already left out of the traces' inputs."""
    return spec.arg_names[1:] if spec.arg_names[:1] == ("self",) else spec.arg_names


def takes_one(function: ObjectFunction) -> bool:
    """Whether the function can be called with one positional argument, as far as its spec says."""
    spec = function.spec
    if spec is None:
        return True
    names = _arguments(spec)
    needed = len(names) - len(spec.defaults)
    return needed <= 1 and (bool(names) or spec.varargs is not None)


def count_tensors(signature: Signature) -> int:
    """How many tensors a signature takes: a sparse or ragged input is several."""
    return sum(max(len(info.components), 1) for info in signature.inputs)
