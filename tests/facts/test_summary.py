"""The first section of a report."""

from __future__ import annotations

import pytest

from smanalyze.facts.summary import build_producer
from tests.graph.made import meta_graph
from tests.models import each_model, folder_of, model_of, report_of

VERSIONS = [
    # MetaInfoDef's version, producer number, what is said, on what evidence
    ("2.15.1", 1645, "2.15.1", "meta_info_def"),
    ("", 0, "", ""),
    ("", 24, "1.2 to 1.5", "graph_def_producer"),
    ("", 27, "1.11 to 1.13", "graph_def_producer"),
    ("", 10**6, None, "graph_def_producer"),
    ("", 5, None, "graph_def_producer"),
]


@pytest.mark.parametrize(("version", "producer", "said", "evidence"), VERSIONS)
def test_who_wrote_it(version: str, producer: int, said: str | None, evidence: str) -> None:
    graph = meta_graph(
        f"versions {{ producer: {producer} min_consumer: 12 }}",
        f'meta_info_def {{ tensorflow_version: "{version}" tensorflow_git_version: "g" }}',
    )
    found = build_producer((graph,))
    assert (found.evidence, found.graph_def_producer, found.min_consumer) == (evidence, producer, 12)
    if said is None:
        assert found.version.startswith(("after ", "before "))
    else:
        assert found.version == said


def test_no_meta_graph_was_written_by_nobody() -> None:
    assert build_producer(()).version == ""


@each_model
def test_sizes_are_those_on_the_disk(name: str) -> None:
    found = report_of(name).model
    root = folder_of(name)
    if found.found in ("serving_base", "nested"):
        root = root / found.chosen
    files = [path for path in root.rglob("*") if path.is_file()]
    assert found.size_bytes == sum(path.stat().st_size for path in files)
    assert sum(part.bytes for part in found.sizes) == found.size_bytes
    assert sum(part.files for part in found.sizes) == len(files)


@each_model
def test_counts_are_lengths(name: str) -> None:
    report = report_of(name)
    counts, graphs = report.model.counts, report.meta_graphs
    assert counts.meta_graphs == len(graphs) == len(report.model.tags)
    assert counts.signatures == sum(len(graph.signatures) for graph in graphs)
    assert counts.callables == sum(len(graph.callables) for graph in graphs)
    assert counts.library_functions == sum(len(graph.functions) for graph in graphs)
    assert (counts.variables, counts.assets) == (len(report.variables), len(report.assets))
    assert counts.nodes == sum(graph.ops.total for graph in graphs)
    assert counts.objects == sum(len(graph.objects.nodes) for graph in model_of(name).meta_graphs if graph.objects)


HEADLINES = [
    ("module_one_signature", "serving_default(x) → y; 8 parameters"),
    ("nested_single", "; 1 parameter"),
    ("module_no_signature", "no signature, but functions that Python can call; 4 parameters"),
    ("module_several_signatures", "2 more signatures"),
    ("keras2_sequential_save_traces_false", "no signature; 11 parameters"),
]


@pytest.mark.parametrize(("name", "words"), HEADLINES)
def test_headlines(name: str, words: str) -> None:
    assert report_of(name).model.headline.endswith(words) or words in report_of(name).model.headline


def test_how_the_path_led_here() -> None:
    serving, nested = report_of("serving_versions").model, report_of("nested_single").model
    assert (serving.found, serving.chosen, serving.other_versions) == ("serving_base", "3", ("1",))
    assert (nested.found, nested.chosen) == ("nested", "download/model")
    assert serving.path_name == "serving_versions"


def test_warmup_and_debug_info() -> None:
    (row,) = report_of("warmup").model.warmup
    assert (row.kind, row.signature_name, row.inputs, row.records) == ("predict", "serving_default", ("x",), 2)
    assert report_of("debug_info").model.debug_files > 0


@pytest.mark.parametrize(
    ("name", "part", "presence"),
    [
        ("lfs_pointer_pb", "graph", "not-fetched"), ("truncated_pb", "graph", "present"),
        ("empty_pb", "graph", "not-read"),
        ("missing_shard", "variables", "not-fetched"), ("missing_index", "variables", "not-fetched"),
        ("truncated_index", "variables", "not-read"), ("no_variables_folder", "variables", "not-fetched"),
        ("module_one_signature", "variables", "present"),
    ],
)  # fmt: skip
def test_presence_of_parts(name: str, part: str, presence: str) -> None:
    (row,) = [row for row in report_of(name).model.sizes if row.part == part]
    assert row.presence == presence
