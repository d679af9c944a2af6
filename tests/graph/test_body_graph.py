"""One body as a networkx graph."""

from __future__ import annotations

import networkx as nx
import pytest

import smanalyze
from smanalyze.errors import UsageError
from smanalyze.graph.keys import tensor_names
from tests.conftest import TESTDATA

MODELS = sorted(path.name for path in (TESTDATA / "models").iterdir())


@pytest.mark.parametrize("name", MODELS)
def test_a_slice_is_what_networkx_finds_upstream(name: str) -> None:
    """Our linear passes and networkx's own algorithm agree on what each signature's outputs need."""
    for graph in smanalyze.build_graphs(smanalyze.load(TESTDATA / "models" / name)):
        body, index = graph.body_graph(), graph.library.main
        assert body.number_of_nodes() == len(set(index.names))
        for signature in graph.meta_graph.signatures:
            ours = {index.names[number] for number in graph.main_slice(signature.key)}
            ends = {name.partition(":")[0] for name in tensor_names(signature.outputs)}
            assert ours == ends.union(*(nx.ancestors(body, end) for end in ends))


def test_edges_know_their_ports() -> None:
    (graph,) = smanalyze.build_graphs(smanalyze.load(TESTDATA / "models" / "module_one_signature"))
    name = next(name for name in graph.library.functions if "signature_wrapper" in name)
    body = graph.body_graph(name)
    (call,) = [node for node, data in body.nodes(data=True) if data["op"] == "StatefulPartitionedCall"]
    assert [data["input"] for _, _, data in body.in_edges(call, data=True) if "input" in data] == [0, 1, 2]
    assert {body.nodes[start]["op"] for start, _ in body.in_edges(call)} == {"_Arg"}


def test_an_unknown_function_is_said() -> None:
    (graph,) = smanalyze.build_graphs(smanalyze.load(TESTDATA / "models" / "module_one_signature"))
    with pytest.raises(UsageError, match="no function 'f'"):
        graph.body_graph("f")
