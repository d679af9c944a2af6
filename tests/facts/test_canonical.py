"""The five hashes: the same for every export of a model, moved by every real change."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.api.facts import build_hashes, gather_files
from smanalyze.facts.identity import Identities
from smanalyze.facts.names import Names
from smanalyze.facts.program import Program
from smanalyze.format.saved_model import parse_meta_graphs
from smanalyze.format.schema import message_class
from smanalyze.graph.model_graph import ModelGraph
from smanalyze.report.document import CanonicalHashes
from tests.models import GOOD, NAMES, each_model, folder_of
from tests.pairs import CHANGE_NAMES, PAIRS, each_noise

NAMES_OF_HASHES = ("interface", "objects", "program", "weights", "assets")


def hashes(path: Path) -> CanonicalHashes:
    return build_hashes(gather_files(smanalyze.load(path)))


def letters(old: CanonicalHashes, new: CanonicalHashes) -> str:
    """The initials of the hashes that differ."""
    return "".join(name[0] for name in NAMES_OF_HASHES if getattr(old, name) != getattr(new, name))


def read(path: Path) -> Any:
    return message_class("tensorflow.SavedModel").FromString((path / "saved_model.pb").read_bytes())


def written(message: Any, source: Path, target: Path) -> Path:
    shutil.copytree(source, target, dirs_exist_ok=True)
    (target / "saved_model.pb").write_bytes(message.SerializeToString())
    return target


# The same model, written again ----------------------------------------------------------------------------------------


def renumber(message: Any, offset: int) -> None:
    """Other numbers at the ends of the names of functions, wherever the names stand."""
    for meta_graph in message.meta_graphs:
        library = meta_graph.graph_def.library
        names = {f.signature.name: re.sub(r"_(\d+)$", lambda m: f"_{int(m[1]) + offset}", f.signature.name)
                 for f in library.function}  # fmt: skip
        bodies = [meta_graph.graph_def.node, *(function.node_def for function in library.function)]
        for function in library.function:
            function.signature.name = names[function.signature.name]
        for node in (node for body in bodies for node in body):
            for value in node.attr.values():
                for called in [value.func] if value.HasField("func") else value.list.func:
                    called.name = names.get(called.name, called.name)
        for gradient in library.gradient:
            gradient.function_name = names.get(gradient.function_name, gradient.function_name)
            gradient.gradient_func = names.get(gradient.gradient_func, gradient.gradient_func)
        for registered in library.registered_gradients:
            registered.gradient_func = names.get(registered.gradient_func, registered.gradient_func)
        if meta_graph.HasField("object_graph_def"):  # to look is harmless, to assign would make one
            renumber_objects(meta_graph.object_graph_def, names)


def renumber_objects(objects: Any, names: dict[str, str]) -> None:
    """The same in the object graph."""
    for node in objects.nodes:
        if node.HasField("function"):
            traces = node.function.concrete_functions
            traces[:] = [names.get(name, name) for name in traces]
        elif node.HasField("bare_concrete_function"):
            bare = node.bare_concrete_function
            bare.concrete_function_name = names.get(bare.concrete_function_name, bare.concrete_function_name)
        elif node.HasField("captured_tensor"):
            captured = node.captured_tensor
            captured.concrete_function = names.get(captured.concrete_function, captured.concrete_function)
    concrete = [(names.get(k, k), v.SerializeToString()) for k, v in objects.concrete_functions.items()]
    objects.concrete_functions.clear()
    for name, data in concrete:
        objects.concrete_functions[name].MergeFromString(data)


def shuffle(message: Any, seed: int) -> None:
    """Nodes and functions in another order."""
    order = random.Random(seed)
    for meta_graph in message.meta_graphs:
        library = meta_graph.graph_def.library
        for repeated in [meta_graph.graph_def.node, library.function, *(f.node_def for f in library.function)]:
            items = [type(item).FromString(item.SerializeToString()) for item in repeated]
            order.shuffle(items)
            del repeated[:]
            repeated.extend(items)


def rename_nodes(message: Any) -> None:
    """Other node names in the bodies of functions."""
    for meta_graph in message.meta_graphs:
        for function in meta_graph.graph_def.library.function:
            names = {node.name: f"other/{node.name}" for node in function.node_def}

            def renamed(reference: str, names: dict[str, str] = names) -> str:
                control = reference[:1] if reference[:1] == "^" else ""
                name, colon, rest = reference.removeprefix("^").partition(":")
                return f"{control}{names.get(name, name)}{colon}{rest}"

            for node in function.node_def:
                node.name = names[node.name]
                node.input[:] = [renamed(reference) for reference in node.input]
            for key in list(function.ret):
                function.ret[key] = renamed(function.ret[key])
            for key in list(function.control_ret):
                function.control_ret[key] = renamed(function.control_ret[key])


@pytest.mark.parametrize("name", [name for name in NAMES if (GOOD / name / "saved_model.pb").exists()])
def test_what_an_export_counts_and_orders_moves_no_hash(name: str, tmp_path: Path) -> None:
    before = hashes(folder_of(name))
    for number, change in enumerate((lambda m: renumber(m, 37), lambda m: shuffle(m, 1), rename_nodes)):
        message = read(folder_of(name))
        change(message)
        again = hashes(written(message, folder_of(name), tmp_path / str(number)))
        assert letters(before, again) == "", f"change {number}"


@each_noise
def test_two_exports_have_the_same_hashes(name: str) -> None:
    moved = letters(hashes(PAIRS / name / "old"), hashes(PAIRS / name / "new"))
    # Keras 2 hands the automatic names of layers on to the arguments of functions.
    assert moved == ("o" if name == "noise_keras2_autonames" else "")


@each_model
def test_all_can_be_computed(name: str) -> None:
    found = hashes(folder_of(name))
    assert all(re.fullmatch(r"[0-9a-f]{16}", getattr(found, part)) for part in NAMES_OF_HASHES)


# Real changes ---------------------------------------------------------------------------------------------------------

MOVED = {
    "change_argument_default": "o", "change_asset_line": "a", "change_batch_fixed": "io", "change_constant": "p",
    "change_device": "p", "change_optimizer_dropped": "ow", "change_print_added": "p", "change_random_added": "p",
    "change_read_file": "p", "change_relu_to_gelu": "p", "change_signature_renamed": "iop", "change_trainable": "o",
    "change_variable_dtype": "opw", "change_variable_shape": "ow", "change_weights_nan": "w",
    "change_weights_nudged": "w", "change_weights_retrained": "w", "change_weights_zero": "w",
}  # fmt: skip
"""Initials of the hashes that a change of one thing moves, and no others."""


@pytest.mark.parametrize("name", CHANGE_NAMES)
def test_a_real_change_moves_the_hash_it_belongs_to(name: str) -> None:
    moved = letters(hashes(PAIRS / name / "old"), hashes(PAIRS / name / "new"))
    assert moved == MOVED[name] if name in MOVED else moved


def program_of(message: Any) -> bytes:
    """The program of the first MetaGraph of a message."""
    graph = ModelGraph(parse_meta_graphs(message)[0])
    one = Identities(graph, Names(graph))
    return Program(one).digest


def mutations(node: Any) -> Iterator[str]:
    """Changes one thing of a node, says what, and puts it back."""
    before = node.SerializeToString()
    data = [i for i, reference in enumerate(node.input) if not reference.startswith("^")]
    for what in ("op", "attr", "device", "input"):
        if what == "op":
            node.op += "X"
        elif what == "attr":
            node.attr["acme"].i = 3
        elif what == "device":
            node.device = "/device:ACME:0"
        elif data and node.op not in ("SaveV2", "RestoreV2"):  # what these are handed is the list of variables
            node.input[data[-1]] = "nowhere"
        else:
            continue
        yield what
        node.Clear()
        node.MergeFromString(before)


@pytest.mark.parametrize("name", ["module_one_signature", "tf1_queue", "unreachable_function"])
def test_any_change_of_any_node_moves_the_program(name: str) -> None:
    message = read(folder_of(name))
    before = program_of(message)
    graph = message.meta_graphs[0].graph_def
    for body in (graph.node, *(function.node_def for function in graph.library.function)):
        for node in body:
            for what in mutations(node):
                assert program_of(message) != before, f"{what} of {node.name} ({node.op})"
        added = body.add(name="acme/added", op="ReadFile")
        added.input.append("acme/path")
        assert program_of(message) != before, "a node that feeds nothing"
        del body[-1]
    assert program_of(message) == before
