"""Values to call the signatures of a model with: from the first source that has some, in the order file, warm-up
requests, MLflow's input example, defaults of the signature, and what can be made from what consumes the inputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from smanalyze.errors import FormatError, UsageError
from smanalyze.facts.names import Names
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.inputs.composites import input_slots
from smanalyze.inputs.consumers import Wanted, find_wanted
from smanalyze.inputs.defaults import default_arrays, with_defaults
from smanalyze.inputs.given_json import ANY, BARE, Named
from smanalyze.inputs.given_trial import fits_names, given_trial
from smanalyze.inputs.make_strings import MAX_STRINGS
from smanalyze.inputs.make_values import MAX_NUMBERS
from smanalyze.inputs.records import Origin, SignatureInputs, Slot, Trial, Trials
from smanalyze.inputs.synthesize import synthesized
from smanalyze.inputs.tables import Tables
from smanalyze.load import WARMUP
from smanalyze.model.dtypes import PLAIN_TYPES, dtype_number, numpy_dtype
from smanalyze.model.saved_model import MetaGraph, SavedModel, Signature, select_meta_graphs

if TYPE_CHECKING:
    from smanalyze.format.prediction_log import Request

UNFED = frozenset({"resource", "variant"})
"""Handles, which nothing outside a program can make."""


def plan_inputs(
    model: SavedModel,
    *,
    tags: tuple[str, ...] | None = None,
    signatures: tuple[str, ...] | None = None,
    seed: int = 0,
    given: str | None = None,
) -> tuple[SignatureInputs, ...]:
    """What to call each signature with, in the model's order; ``signatures`` chooses some, ``tags`` one MetaGraph.

    Nothing is made before its trials are asked for; the same seed makes the same bytes. ``given`` is the path of a .npz
    or JSON file. Raises UsageError for tags or signatures that are not there, and for a file that does not fit.
    """
    chosen = select_meta_graphs(model, tags) if tags is not None else model
    if signatures is not None:
        known = [one.key for meta_graph in chosen.meta_graphs for one in meta_graph.signatures]
        for key in signatures:
            if key not in known:
                there = ", ".join(dict.fromkeys(known)) or "none"
                raise UsageError(f"There is no signature {key!r}. Signatures: {there}.")
    planner = _Planner(chosen, seed)
    wanted = [
        (meta_graph, signature)
        for meta_graph in chosen.meta_graphs
        for signature in meta_graph.signatures
        if signatures is None or signature.key in signatures
    ]
    every = [signature for meta_graph in chosen.meta_graphs for signature in meta_graph.signatures]
    files = _from_file(given, [signature for _, signature in wanted], every, signatures is not None)
    return tuple(
        planner.plan(meta_graph, signature, file) for (meta_graph, signature), file in zip(wanted, files, strict=True)
    )


class _Planner:
    """Finds the source for each signature of one model. What they have in common is read when the first asks for it."""

    def __init__(self, model: SavedModel, seed: int) -> None:
        self.model = model
        self.seed = seed
        self._tables: dict[int, Tables] = {}

    def plan(self, meta_graph: MetaGraph, signature: Signature, file: Trial | None) -> SignatureInputs:
        """The source that has values, and its trials; what can be made comes after all but a given file."""
        slots = slots_of(signature)
        tags, key = meta_graph.tags, signature.key
        reason = next(filter(None, map(_unfed, slots)), "")
        if reason:
            return SignatureInputs(tags, key, "synthesized", (), reason)
        if file is not None:
            return SignatureInputs(tags, key, "file", (replace(file, origin="file"),))
        kept: list[Wanted] = []
        ready: dict[Origin, tuple[Trial, ...]] = {}

        def trials() -> Iterator[Trial]:
            yield from ready.get(source, ())
            if not kept:
                kept.append(find_wanted(self._tables_of(meta_graph), signature))
            yield from with_defaults(synthesized(kept[0], self.seed), signature)

        source: Origin = "synthesized"
        for source, found in self._stored(signature, slots):
            ready[source] = tuple(replace(trial, origin=source) for trial in found)
            if found:
                break
        else:
            source = "synthesized"
        return SignatureInputs(tags, key, source, Trials(trials))

    def _tables_of(self, meta_graph: MetaGraph) -> Tables:
        if id(meta_graph) not in self._tables:
            graph = ModelGraph(meta_graph)
            self._tables[id(meta_graph)] = Tables(self.model, graph, Names(graph))
        return self._tables[id(meta_graph)]

    @cached_property
    def _example(self) -> Named | None:
        """MLflow's input example; None where there is none that can be read."""
        from smanalyze.inputs.given_json import json_given

        text = self.model.input_example() if self.model.input_example is not None else None
        if text is None:
            return None
        try:
            (values,) = json_given(text).values()
        except (ValueError, RecursionError):
            return None
        return values

    @cached_property
    def _requests(self) -> tuple[Request, ...]:
        """The warm-up requests."""
        from smanalyze.format.prediction_log import requests

        return requests(self.model.read_file(WARMUP) if self.model.read_file is not None else b"", file=WARMUP)

    def _stored(self, signature: Signature, slots: tuple[Slot, ...]) -> Iterator[tuple[Origin, tuple[Trial, ...]]]:
        """The sources that the model itself has, each with the trials that fit."""
        if any(one.signature_name in (signature.key, "") for one in self.model.warmup):
            yield "warmup", self._warmup(signature, slots)
        if self._example is not None:
            why = "MLflow's input example"
            yield "mlflow", tuple(_fitting(why, signature, slots, self._example, why))
        if slots and all(info.default is not None for info in signature.inputs):
            defaults = default_arrays(signature)
            if len(defaults) == len(slots):
                yield "defaults", (given_trial("defaults", signature.key, slots, {}, defaults, ""),)

    def _warmup(self, signature: Signature, slots: tuple[Slot, ...]) -> tuple[Trial, ...]:
        found = []
        for number, request in enumerate(self._requests):
            if (request.signature_name or "serving_default") != signature.key:
                continue
            values: Named = dict(request.tensors)
            if request.kind == "session_run":
                values = {slot.keyword: values[slot.tensor_name] for slot in slots if slot.tensor_name in values}
            elif request.kind != "predict":
                values = {BARE: list(request.examples)}
            found += _fitting(
                f"warm-up request {number + 1}", signature, slots, values, f"record {number + 1} of {WARMUP}"
            )
        return tuple(found)


def _unfed(slot: Slot) -> str:
    """Why there is nothing to feed to a slot; "" where there is."""
    if slot.dtype in UNFED:
        return f"Its input {slot.keyword!r} is a handle, which nothing outside the model can make."
    if not dtype_number(slot.dtype):
        return f"Its input {slot.keyword!r} declares no dtype that is known."
    if slot.dtype not in ("string", *PLAIN_TYPES):
        try:
            numpy_dtype(slot.dtype)
        except FormatError as error:
            return error.message
    elements = prod(1 if size is None else max(size, 0) for size in slot.shape or ())
    too_many = elements > (MAX_STRINGS if slot.dtype == "string" else MAX_NUMBERS)
    return f"Its input {slot.keyword!r} has {elements:,} elements, which are too many." if too_many else ""


def slots_of(signature: Signature) -> tuple[Slot, ...]:
    """The dense tensors that a signature takes."""
    return tuple(slot for info in signature.inputs for slot in input_slots(info))


def _fitting(name: str, signature: Signature, slots: tuple[Slot, ...], values: Named, why: str) -> list[Trial]:
    """The trial, where the values fit what the signature declares; a stale request or example is passed over."""
    try:
        return [given_trial(name, signature.key, slots, values, default_arrays(signature), why)]
    except UsageError:
        return []


# A given file -------------------------------------------------------------------------------------------------------


def _from_file(path: str | None, wanted: list[Signature], every: list[Signature], chosen: bool) -> list[Trial | None]:
    """For each wanted signature the trial that the file has values for; ``every`` are all that it may name.

    Raises UsageError where it fits none, or where one that was chosen, or that the file names, does not fit.
    """
    if path is None:
        return [None] * len(wanted)
    from smanalyze.inputs.given import read_given

    values = _by_signature(read_given(path), every)
    known = dict.fromkeys(signature.key for signature in every)
    unknown = next((key for key in values if key != ANY and key not in known), None)
    if unknown is not None:
        there = ", ".join(known) or "none"
        raise UsageError(f"There is no signature {unknown!r}. Signatures: {there}.", file=path)
    only = chosen or len(known) == 1
    found = [_trial_of(path, signature, values, only) for signature in wanted]
    if not any(found) and ANY not in values:
        keys, there = (", ".join(map(repr, one)) for one in ([s.key for s in wanted], values))
        raise UsageError(f"The file has values for {there or 'no signature'}, and none for {keys}.", file=path)
    if not any(found):
        inputs = "; ".join(f"{s.key}: {', '.join(slot.keyword for slot in slots_of(s))}" for s in wanted)
        raise UsageError(f"The names in the file are those of no signature. Inputs by signature: {inputs}.", file=path)
    return found


def _trial_of(path: str, signature: Signature, values: dict[str, Named], only: bool) -> Trial | None:
    """The trial of one signature; ``only``: values that name no signature are for it."""
    slots, defaults = slots_of(signature), default_arrays(signature)
    own = values.get(signature.key)
    if own is None and ANY in values and (only or fits_names(slots, values[ANY], frozenset(defaults))):
        own = values[ANY]
    if own is None:
        return None
    try:
        return given_trial("given", signature.key, slots, own, defaults, f"given in {path}")
    except UsageError as error:
        raise UsageError(error.message, file=path) from error


def _by_signature(values: dict[str, Named], signatures: list[Signature]) -> dict[str, Named]:
    """Values by signature, where their names tell: below a signature's key, or after it and a slash."""
    flat: Any = values.get(ANY)
    if flat is None or set(flat) == {BARE}:
        return values
    keys = sorted((signature.key for signature in signatures), key=len, reverse=True)
    if flat and all(name in keys and isinstance(value, dict) and set(value) != {"b64"} for name, value in flat.items()):
        return dict(flat)
    inputs = {slot.keyword for signature in signatures for slot in slots_of(signature)}
    found: dict[str, Named] = {}
    for name, value in flat.items():
        key = next((key for key in keys if name.startswith(f"{key}/")), None)
        if key is None or name in inputs:
            return values
        found.setdefault(key, {})[name.removeprefix(f"{key}/")] = value
    return found or values
