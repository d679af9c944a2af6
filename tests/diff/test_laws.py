"""What holds of every diff: nothing between a model and itself, everything mirrored, no field that nobody looks at."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import smanalyze
from smanalyze.api.diff import diff
from smanalyze.checks.compat_engine import all_change_rules
from smanalyze.model.bundle import BundleEntry, TensorSlice
from smanalyze.model.objects import ConcreteFunction, FunctionSpec, ObjectFunction, ObjectVariable, SavedObject
from smanalyze.model.saved_model import AssetFile, Collection, MetaGraph, SavedModel, Signature, VariableDef
from smanalyze.model.side_files import KerasNode
from smanalyze.model.tensors import Component, Structure, TensorInfo
from smanalyze.report.diff import AREAS, DiffReport
from tests.models import NAMES, corpus_models, each_model, folder_of, model_of
from tests.pairs import PAIR_NAMES, corpus_pairs, diff_of, each_noise, each_pair, sides_of

# Nothing between a model and itself -----------------------------------------------------------------------------------


@each_model
def test_a_model_is_identical_to_itself(name: str) -> None:
    _check_itself(diff(model_of(name), smanalyze.load(folder_of(name))))


@pytest.mark.parametrize("name", corpus_models())
def test_a_model_of_the_corpus_is_identical_to_itself(name: str, corpus: Path) -> None:
    model = smanalyze.load(corpus / name)
    _check_itself(diff(model, model))


def _check_itself(report: DiffReport) -> None:
    assert report.verdict == "identical"
    assert report.findings == ()
    assert not report.functions
    assert not report.files
    assert all(one.status == "equal" for one in report.signatures)
    assert report.weights.changed == 0
    assert report.version.bump == "none"
    assert not report.security_review


@each_noise
def test_two_exports_of_one_model_have_no_finding(name: str) -> None:
    report = diff_of(name)
    assert report.findings == ()
    # Automatic names of layers are names of arguments in Keras 2.
    assert report.verdict == ("metadata" if name == "noise_keras2_autonames" else "re-exported")
    assert not report.functions


@pytest.mark.parametrize("area", AREAS)
def test_one_area_alone_says_nothing_that_all_of_them_do_not(area: str) -> None:
    for name in PAIR_NAMES:
        alone = diff(*sides_of(name), areas=[area]).findings
        assert alone == tuple(finding for finding in diff_of(name).findings if finding.area == area), name


# Mirrors --------------------------------------------------------------------------------------------------------------

TURNED = {"added": "removed", "removed": "added"}


def _turned(report: DiffReport) -> Counter[tuple[object, ...]]:
    rows: Counter[tuple[object, ...]] = Counter()
    for one in report.signatures:
        rows["signature", one.old_key, one.new_key, one.status] += 1
        for tensor in one.tensors:
            rows["tensor", one.old_key or one.new_key, tensor.kind, tensor.old, tensor.new, tensor.status] += 1
    return rows


@each_pair
def test_mirrored_sides_mirror_every_change(name: str) -> None:
    old, new = sides_of(name)
    there, back = diff_of(name), diff(new, old)
    for pair, turned in zip(there.hashes.rows(), back.hashes.rows(), strict=True):
        assert (pair[1].old, pair[1].new, pair[1].equal) == (turned[1].new, turned[1].old, turned[1].equal)
    rows = Counter()
    for key, count in _turned(back).items():
        head, *rest, status = key
        middle = (rest[1], rest[0]) if head == "signature" else (*rest[:2], rest[3], rest[2])
        rows[(head, *middle, TURNED.get(str(status), status))] += count
    signatures = Counter({key: count for key, count in _turned(there).items() if key[0] == "signature"})
    assert signatures == Counter({key: count for key, count in rows.items() if key[0] == "signature"})
    assert (there.weights.changed, there.weights.equal) == (back.weights.changed, back.weights.equal)
    assert sum(f.changed_nodes > 0 for f in there.functions) == sum(f.changed_nodes > 0 for f in back.functions)


def _mirror(rule: str, known: set[str]) -> str | None:
    """The rule that says the same of the sides turned round, by its name; None where there is none."""
    words = [("removed", "added"), ("gained", "lost"), ("raised", "raised")]
    for one, other in [*words, *((b, a) for a, b in words)]:
        if rule.endswith(f"-{one}") and f"{rule.removesuffix(one)}{other}" in known:
            return f"{rule.removesuffix(one)}{other}"
    return rule if rule.endswith("-changed") and rule in known else None


@each_pair
def test_findings_whose_rule_has_a_mirror_are_mirrored(name: str) -> None:
    """What one side lost the other gained; a change is a change from either side."""
    known = {rule.id for rule in all_change_rules()}
    old, new = sides_of(name)
    there = Counter(finding.rule for finding in diff_of(name).findings)
    back = Counter(finding.rule for finding in diff(new, old).findings)
    for rule in there:
        mirror = _mirror(rule, known)
        if mirror is not None and rule not in ONE_WAY:
            assert back[mirror] >= 1, f"{rule} has no {mirror} from the other side"


ONE_WAY = {
    "sig-default-removed": "the key `serving_default` added is a sig-added",
    "sig-input-added": "an input with a default is another rule",
    "api-overload-added": "one that takes more takes what the old one did",
    "api-overload-removed": "the same from the other side",
}
"""Rules whose mirror is another one, and why."""


# Every hash is explained ----------------------------------------------------------------------------------------------

EXPLAINS = {
    "interface": ("sig-", "meta-tag", "meta-graph-"),
    "objects": (
        "api-", "keras-", "sig-", "meta-collections-changed", "meta-function-aliases-changed", "meta-objectgraph-",
        "meta-tag", "meta-graph-", "var-added", "var-removed", "var-renamed", "var-shape-changed", "var-dtype-changed",
        "var-trainable-changed", "var-distribution-changed", "var-state-",
    ),
    "program": (
        "fn-", "op-", "graph-", "node-", "const-", "sig-", "api-callable-", "api-overload-", "api-object-", "meta-tag",
        "meta-graph-", "meta-objectgraph-", "var-added", "var-removed", "var-renamed", "var-state-", "asset-",
    ),
    "weights": (
        "var-values-changed", "var-added", "var-removed", "var-renamed", "var-shape-changed", "var-dtype-changed",
        "var-data-", "var-state-", "var-duplicated", "var-deduplicated", "ckpt-", "keras-optimizer-state-",
    ),
    "assets": ("asset-", "file-", "warmup-"),
}  # fmt: skip
"""How the ids begin of the rules that tell why a canonical hash moved."""


def _check_explained(report: DiffReport) -> None:
    noise = report.normalised
    counted = {"objects": noise.layer_names + noise.variable_names, "weights": noise.variable_names}
    for name, pair in report.hashes.rows():
        if pair.equal is False and not counted.get(name):
            assert any(found.rule.startswith(EXPLAINS[name]) for found in report.findings), f"{name} moved in silence"
        elif pair.equal is None:
            assert report.not_compared, f"{name} is not known, and nothing says why"


@each_pair
def test_every_hash_that_moved_is_explained(name: str) -> None:
    _check_explained(diff_of(name))
    old, new = sides_of(name)
    _check_explained(diff(new, old))


@pytest.mark.parametrize(("before", "after"), corpus_pairs())
def test_every_hash_that_moved_in_the_corpus_is_explained(before: str, after: str, corpus: Path) -> None:
    old, new = (smanalyze.load(corpus / "public" / name) for name in (before, after))
    _check_explained(diff(old, new))
    _check_explained(diff(new, old))


# Every field is seen --------------------------------------------------------------------------------------------------

SOURCES = (
    "keras3_export", "keras2_functional", "tf1_builder_multi_metagraph", "tables_and_assets", "ragged_and_sparse",
    "sharded_slices", "nested_arguments", "keras2_legacy_optimizer_slots", "mirrored_expand", "composite_signature",
    "tf1_partitioned_variables", "optimizer_checkpoint",
)  # fmt: skip

RECORDS: tuple[type, ...] = (
    Signature, TensorInfo, Component, MetaGraph, AssetFile, VariableDef, Collection, SavedObject, ObjectVariable,
    ObjectFunction, FunctionSpec, ConcreteFunction, Structure, BundleEntry, TensorSlice, KerasNode,
)  # fmt: skip

UNSEEN = {
    ("Signature", "outputs"): "", ("TensorInfo", "dtype_number"): "the wire's number of `dtype`",
    ("TensorInfo", "tensor_name"): "a name in the graph: a Session's business, told in TF1 graphs only",
    ("Component", "tensor_name"): "the same",
    ("MetaGraph", "index"): "its place in the file", ("MetaGraph", "graph"): "see the laws of the program",
    ("MetaGraph", "tensorflow_version"): "told as a note where something else changed",
    ("MetaGraph", "tensorflow_git_version"): "which commit wrote it",
    ("MetaGraph", "meta_graph_version"): "free text that nobody reads",
    ("MetaGraph", "special_signatures"): "init and train op, which are fields of their own",
    ("MetaGraph", "saver"): "names of nodes; what they do is the program",
    ("MetaGraph", "init_op"): "a name; what it does is the program",
    ("MetaGraph", "train_op"): "the same",
    ("AssetFile", "tensor_name"): "a name in the graph", ("AssetFile", "declared_in"): "where it is declared",
    ("VariableDef", "initializer_name"): "a name in the graph", ("VariableDef", "snapshot_name"): "the same",
    ("VariableDef", "collections"): "the collections are listed by themselves",
    ("VariableDef", "slice_full_name"): "the name of a partition in its own file",
    ("VariableDef", "slice_full_shape"): "told by the shape of the variable",
    ("VariableDef", "slice_offset"): "the same",
    ("Collection", "values"): "serialised protos whose bytes differ from export to export; their number is looked at",
    ("SavedObject", "id"): "a number", ("SavedObject", "min_consumer"): "a range of versions of a class",
    ("SavedObject", "producer"): "the same", ("SavedObject", "bad_consumers"): "the same",
    ("SavedObject", "captured_function"): "a name", ("SavedObject", "constant"): "a name; its value is the program",
    ("SavedObject", "asset_index"): "a number", ("SavedObject", "function"): "see its own fields",
    ("SavedObject", "variable"): "see its own fields",
    ("SavedObject", "saving_functions"): "links of the loader; an act that comes to run at load by one is told",
    ("SavedObject", "dependencies"): "the same",
    ("ConcreteFunction", "name"): "a generated name", ("FunctionSpec", "is_method"): "`self` is left out of arguments",
    ("KerasNode", "object_id"): "a number", ("KerasNode", "path"): "where it hangs, which the objects say",
    ("BundleEntry", "key"): "generated; what it holds is known by its variable",
    ("BundleEntry", "shard"): "where the bytes lie", ("BundleEntry", "offset"): "where the bytes lie",
    ("TensorSlice", "shard"): "where the bytes lie", ("TensorSlice", "offset"): "where the bytes lie",
    ("TensorSlice", "size"): "follows from its shape", ("TensorSlice", "starts"): "its lengths go with it",
    ("TensorSlice", "lengths"): "its starts go with it",
}  # fmt: skip
"""Fields of the model that are no part of what it is, and why."""


def changed_value(value: Any) -> Any:
    """Another value of the same kind; None where none can be thought of."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + 1.0
    if isinstance(value, str):
        return f"{value}X"
    if isinstance(value, tuple) and value:
        return value[:-1]
    return None


def mutants(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, str], Any]]:
    """((class, field), the same with that field of one record changed) for everything below a value."""
    if type(value) in RECORDS:
        for field in dataclasses.fields(value):
            held = getattr(value, field.name)
            other = changed_value(held)
            if other is not None and field.compare:
                yield (type(value).__name__, field.name), dataclasses.replace(value, **{field.name: other})
            for name, mutant in mutants(held):
                yield name, dataclasses.replace(value, **{field.name: mutant})
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            if field.compare:
                for name, mutant in mutants(getattr(value, field.name)):
                    yield name, dataclasses.replace(value, **{field.name: mutant})
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            for name, mutant in mutants(item):
                yield name, (*value[:number], mutant, *value[number + 1 :])


def is_seen(old: SavedModel, new: SavedModel) -> bool:
    report = diff(old, new, weights="crc")
    hashes_moved = any(pair.equal is False for _, pair in report.hashes.rows())
    return hashes_moved or bool(report.findings) or any(one.status != "equal" for one in report.signatures)


PER_FIELD = 3
"""Records of each kind tried for one field: what one does not use another may."""


def test_every_field_changed_alone_is_seen() -> None:
    """Generated from the fields of the model, so that a new field cannot be forgotten."""
    tried: Counter[tuple[str, str]] = Counter()
    seen: set[tuple[str, str]] = set()
    for name in SOURCES:
        model = model_of(name)
        for field, mutant in mutants(model):
            if field in UNSEEN or field in seen or tried[field] >= PER_FIELD * len(SOURCES):
                continue
            tried[field] += 1
            if is_seen(model, mutant):
                seen.add(field)
    assert sorted(tried.keys() - seen) == []
    every = {(kind.__name__, field.name) for kind in RECORDS for field in dataclasses.fields(kind)}
    assert sorted(UNSEEN.keys() - every) == [], "a field that is gone"
    never = every - UNSEEN.keys() - tried.keys()
    assert sorted(never) == sorted(NOT_TRIED), "fields that no model here has a value for"


NOT_TRIED = {
    ("ConcreteFunction", "inputs"), ("ConcreteFunction", "outputs"), ("FunctionSpec", "input_signature"),
    ("ObjectFunction", "spec"), ("MetaGraph", "objects"),  # records, whose own fields are tried
    ("MetaGraph", "function_aliases"), ("TensorInfo", "default"),  # tests/checks/compat has models with some
}  # fmt: skip

assert set(PAIR_NAMES) and set(SOURCES) <= set(NAMES)
