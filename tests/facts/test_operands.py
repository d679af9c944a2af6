"""Strings followed backwards: what an op works on, and who decides about it."""

from __future__ import annotations

import time

import pytest

from smanalyze.facts.names import Names
from smanalyze.facts.operand_values import operand_of
from smanalyze.facts.operands import Operands
from smanalyze.facts.starts import Starts
from tests.graph.made import call, func, function, model_graph, node, signature

TEXT = "type: DT_STRING"


def const(name: str, *texts: str) -> str:
    values = " ".join(f'string_val: "{text}"' for text in texts)
    shape = f"tensor_shape {{ dim {{ size: {len(texts)} }} }}" if len(texts) != 1 else "tensor_shape {}"
    return node(name, "Const", dtype=TEXT, value=f"tensor {{ dtype: DT_STRING {shape} {values} }}")


def number(name: str, value: int) -> str:
    return node(name, "Const", dtype="type: DT_INT32", value=f"tensor {{ dtype: DT_INT32 int_val: {value} }}")


def operands(nodes: list[str], *functions: str, of: str = "act", inputs: str = "x", body: str = "") -> list[str]:
    """``text (origin)`` of the first input of the node ``act``; the signature's inputs are Placeholders."""
    placeholders = [node(name, "Placeholder") for name in inputs.split()]
    served = signature("serve", {name: f"{name}:0" for name in inputs.split()}, {"y": "act:0"})
    graph = model_graph([*placeholders, *nodes], served, functions=functions)
    names = Names(graph)
    found = Operands(graph, names, Starts(graph, names))
    index = graph.library.index(body) if body else graph.library.main
    values = found.of(body, index.data_inputs(index.at[of])[0])
    return [f"{one.text} ({one.origin})" for one in (operand_of(value, is_path=True) for value in values)]


ACT = node("act", "ReadFile", "v")
A, B = const("a", "/etc/"), const("b", "passwd")

IN_MAIN = {
    "constant": ([const("v", "/etc/passwd")], ["/etc/passwd (constant)"]),
    "elements": ([const("v", "a", "b")], ["a (constant)", "b (constant)"]),
    "join": ([A, B, node("v", "StringJoin", "a", "b", separator='s: "-"')], ["/etc/-passwd (constant)"]),
    "plus": ([A, B, node("v", "AddV2", "a", "b", T=TEXT)], ["/etc/passwd (constant)"]),
    "pack": ([A, B, node("v", "Pack", "a", "b")], ["/etc/ (constant)", "passwd (constant)"]),
    "reduce_join": ([A, B, node("p", "Pack", "a", "b"), number("axis", 0), node("v", "ReduceJoin", "p", "axis")],
                    ["/etc/passwd (constant)"]),
    "format": ([B, node("v", "StringFormat", "b", "x", template='s: "/etc/{}-{}"', placeholder='s: "{}"')],
               ["/etc/passwd-{input x} (caller)"]),
    "base64": ([const("c", "L2V0Yy9wYXNzd2Q"), node("v", "DecodeBase64", "c")], ["/etc/passwd (constant)"]),
    "not_base64": ([const("c", "#"), node("v", "DecodeBase64", "c")], ["{DecodeBase64 of #} (computed)"]),
    "lower": ([const("c", "/ETC"), node("v", "StringLower", "c")], ["/etc (constant)"]),
    "choice": ([A, B, node("v", "SelectV2", "x", "a", "b")], ["/etc/ (constant)", "passwd (constant)"]),
    "input": ([node("v", "Identity", "x")], ["{input x} (caller)"]),
    "of_input": ([A, node("v", "StringJoin", "a", "x")], ["/etc/{input x} (caller)"]),
    "cut_from_input": ([node("v", "Substr", "x")], ["{Substr of {input x}} (caller)"]),
    "unknown_op": ([node("v", "Mystery", "x")], ["{Mystery of input x} (caller)"]),
    "size_of_input": ([node("s", "Shape", "x"), node("v", "AsString", "s")], ["{AsString of {Shape}} (computed)"]),
    "variable": ([node("h", "VarHandleOp"), node("v", "ReadVariableOp", "h")], ["{variable h} (stored)"]),
    "table": ([node("h", "HashTableV2"), A, node("v", "LookupTableFindV2", "h", "x", "a")], ["{table h} (stored)"]),
    "file": ([A, node("v", "ReadFile", "a")], ["{contents of a file} (stored)"]),
    "no_node": ([node("v", "Identity", "gone")], ["{a node that is not there} (computed)"]),
    "element_of_list": (
        [const("l", "a", "b"), number("n", 1), node("v", "StridedSlice", "l", "n", "n", "n", shrink_axis_mask="i: 1")],
        ["b (constant)"],
    ),
    "range_of_list": ([const("l", "a", "b"), number("one", 1), node("v", "StridedSlice", "l", "one", "one", "one")],
                      ["a (constant)", "b (constant)"]),
    "element_of_pack": ([A, B, node("p", "Pack", "a", "b"), number("one", 1), number("zero", 0),
                         node("v", "GatherV2", "p", "one", "zero")], ["passwd (constant)"]),
    "cut": ([A, number("one", 1), number("three", 3), node("v", "Substr", "a", "one", "three")], ["etc (constant)"]),
    "element_of_table": ([const("l", "a", "b"), number("n", 1), node("v", "GatherV2", "l", "n", "n")],
                         ["a (constant)", "b (constant)"]),
    "element_that_is_fed": ([const("l", "a", "b"), number("z", 0), node("v", "GatherV2", "l", "x", "z")],
                            ["a (constant)", "b (constant)"]),
    "cut_in_characters": ([A, number("n", 1), node("v", "Substr", "a", "n", "n", unit='s: "UTF8_CHAR"')],
                          ["{Substr of /etc/} (computed)"]),
    "many": ([const("l", *"abcdefghi", "/etc/passwd"), node("v", "Identity", "l")],
             ["/etc/passwd (constant)", *(f"{one} (constant)" for one in "abcdef"), "{one of 3 more} (computed)"]),
    "one_of_very_many": ([const("l", *["a"] * 5000, "/etc/x"), node("v", "Identity", "l")],
                         ["a (constant)", "/etc/x (constant)"]),
    "of_very_many_picked": ([const("l", *["a"] * 5000, "/etc/x"), number("n", 5000), number("z", 0),
                             node("v", "GatherV2", "l", "n", "z")], ["/etc/x (constant)"]),
    "not_shrunk": ([const("l", "a", "/b"), number("z", 0), number("n", 1), node(
        "v", "StridedSlice", "l", "z", "n", "n", shrink_axis_mask="i: 1", new_axis_mask="i: 1")],
        ["a (constant)", "/b (constant)"]),
    "all_of_them": ([const("l", "a", "/b"), number("z", 0), number("n", 1), node(
        "v", "StridedSlice", "l", "z", "n", "n", shrink_axis_mask="i: 1", ellipsis_mask="i: 1")],
        ["a (constant)", "/b (constant)"]),
    "joined_list": ([const("l", "a", "/b"), number("z", 0), node("v", "ReduceJoin", "l", "z")], ["a/b (constant)"]),
    "joined_rows": ([node("l", "Const", dtype=TEXT, value="tensor { dtype: DT_STRING tensor_shape { dim { size: 2 } "
                          "dim { size: 1 } } string_val: 'a' string_val: '/b' }"),
                     number("n", 1), node("v", "ReduceJoin", "l", "n")],
                    ["{ReduceJoin of a} (computed)", "{ReduceJoin of /b} (computed)"]),
    "joined_columns": ([A, B, node("p", "Pack", "a", "b"), number("n", 1), node("v", "ReduceJoin", "p", "n")],
                       ["{ReduceJoin of /etc/} (computed)", "{ReduceJoin of passwd} (computed)"]),
    "cut_of_bytes": ([const("c", r"\377/etc"), number("one", 1), number("n", 4), node("v", "Substr", "c", "one", "n")],
                     ["/etc (constant)"]),
    "bytes": ([const("v", r"/etc/\377")], [r"/etc/\xff (constant)"]),
    "cut_beyond": ([A, number("n", 9), node("v", "Substr", "a", "n", "n")], ["{Substr of /etc/} (computed)"]),
    "loop_of_itself": ([A, node("m", "Merge", "a", "n"), node("n", "NextIteration", "m"), node("v", "Exit", "m")],
                       ["/etc/ (constant)"]),
    "session_feeds": ([node("v", "Placeholder")], ["{fed to v} (caller)"]),
    "default": ([A, node("v", "PlaceholderWithDefault", "a")], ["/etc/ (constant)", "{fed to v} (caller)"]),
    "split": ([A, node("axis", "Const"), node("v", "Split", "axis", "a")], ["/etc/ (constant)"]),
    "regex": ([A, node("v", "StaticRegexReplace", "a", rewrite='s: "x"')],
              ["{StaticRegexReplace of /etc/} (computed)"]),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_MAIN)
def test_within_a_body(name: str) -> None:
    nodes, expected = IN_MAIN[name]
    assert operands([*nodes, ACT]) == expected


OTHER = signature("other", {"v": "v:0"}, {"z": "z:0"})
DEFAULT = [A, node("v", "PlaceholderWithDefault", "a")]
INIT = signature("__saved_model_init_op", {}, {"__saved_model_init_op": "act:0"})
UNFED = {
    "by_another_signature": ([const("v", "/etc/p")], [OTHER], ["{input v} (caller)", "/etc/p (constant)"]),
    "default_of_another": (DEFAULT, [OTHER], ["{input v} (caller)", "/etc/ (constant)", "{fed to v} (caller)"]),
    "output_beside": (
        [A, node("zero", "Const"), node("s", "Split", "zero", "a", num_split="i: 2"), node("v", "Identity", "s:1")],
        [signature("other", {"s": "s:0"}, {"z": "z:0"})], ["{input s} (caller)", "/etc/ (constant)"],
    ),
    "place_of_the_checkpoint": (
        [const("v", "/etc/p")], [INIT, 'saver_def { filename_tensor_name: "v:0" }'],
        ["{place of the checkpoint} (loader)", "/etc/p (constant)"],
    ),
    "asset_in_a_signature": (
        [A, node("v", "Identity", "a")],
        ['asset_file_def { filename: "f" tensor_info { name: "v:0" } }'], ["{asset f} (asset)", "/etc/ (constant)"],
    ),
    "own_input": (DEFAULT, [signature("serve", {"v": "v:0"}, {"y": "act:0"})], ["{input v} (caller)"]),
}  # fmt: skip


@pytest.mark.parametrize("name", UNFED)
def test_what_one_run_is_fed_another_computes(name: str) -> None:
    """Who marks a constant as an input of another signature, or as the place of the checkpoint, does not hide it."""
    nodes, texts, expected = UNFED[name]
    served = [] if name == "own_input" else [signature("serve", {}, {"y": "act:0"})]
    graph = model_graph([*nodes, ACT, node("z", "Identity", "v")], *served, *texts)
    names = Names(graph)
    values = Operands(graph, names, Starts(graph, names)).of("", "v:0")
    assert [f"{one.text} ({one.origin})" for one in (operand_of(v, is_path=True) for v in values)] == expected


def test_what_a_call_stores_is_the_callers() -> None:
    """Text that a signature assigns from its input and then reads is no text of the model."""
    nodes = [
        node("h", "VarHandleOp"), node("set", "AssignVariableOp", "h", "x"),
        node("v", "ReadVariableOp", "h", "^set"), ACT,
    ]  # fmt: skip
    assert operands(nodes) == ["{variable h, which a call changes} (caller)"]


SAME = function("same", "t", [node("i", "Identity", "t")], y="i:output:0")
READS = function("reads", "t", [node("read", "ReadFile", "t")], y="read:contents:0")
TAIL = function("tail", "t", [const("c", ".txt"), node("j", "StringJoin", "t", "c:output:0")], y="j:output:0")
TYPES = "list { type: DT_STRING }"
NO_TYPES = "list {}"

ACROSS = {
    "returned": ([A, call("v", "same", "a"), ACT], (SAME,), "", "act", ["/etc/ (constant)"]),
    "returned_joined": ([call("v", "tail", "x"), ACT], (TAIL,), "", "act", ["{input x}.txt (caller)"]),
    "handed": ([A, call("act", "reads", "a")], (READS,), "reads", "read", ["/etc/ (constant)"]),
    "handed_twice": (
        [A, call("act", "reads", "a"), call("other", "reads", "x")], (READS,), "reads", "read",
        ["/etc/ (constant)", "{input x} (caller)"],
    ),
    "branch": (
        [A, node("act", "If", "x", "a", then_branch=func("reads"), else_branch=func("same"))], (READS, SAME), "reads",
        "read", ["/etc/ (constant)"],
    ),
    "branches_return": (
        [A, node("v", "StatelessIf", "x", "a", then_branch=func("tail"), else_branch=func("same")), ACT], (TAIL, SAME),
        "", "act", ["/etc/.txt (constant)", "/etc/ (constant)"],
    ),
    "loop": (
        [A, node("act", "While", "a", cond=func("same"), body=func("reads"))], (READS, SAME), "reads", "read",
        ["/etc/ (constant)", "{contents of a file} (stored)", "{changed in a loop} (computed)"],
    ),
    "loop_returns": (
        [A, node("v", "While", "a", cond=func("same"), body=func("same")), ACT], (SAME,), "", "act",
        ["/etc/ (constant)"],
    ),
    "loop_that_grows": (
        [A, node("act", "While", "a", cond=func("same"), body=func("adds"))],
        (function("adds", "t", [node("read", "ReadFile", "t"), const("c", "x"),
                                node("j", "StringJoin", "t", "c:output:0")], y="j:output:0"), SAME), "adds",
        "read", ["/etc/ (constant)", "{?}x (computed)", "{changed in a loop} (computed)"],
    ),
    "rounds_of_an_op": (
        [A, node("l", "For", "x", "x", "x", "a", body=func("round"))],
        (function("round", "i t", [B, node("read", "ReadFile", "t"), node("o", "Identity", "b")], y="o:output:0"),),
        "round", "read", ["{input x} (caller)", "{Placeholder of input x} (caller)", "/etc/ (constant)",
                          "passwd (constant)", "{Const} (computed)"],
    ),
    "state_of_a_scan": (
        [A, node("d", "RangeDataset"), node("s", "ScanDataset", "d", "a", f=func("round"))],
        (function("round", "t i", [B, node("read", "ReadFile", "t"), node("o", "Identity", "b")], y="o:output:0"),),
        "round", "read", ["{RangeDataset} (computed)", "/etc/ (constant)", "passwd (constant)", "{Const} (computed)"],
    ),
    "element": (
        [A, node("d", "TensorSliceDataset", "a"), node("act", "MapDataset", "d", f=func("reads"), Targuments=NO_TYPES)],
        (READS,), "reads", "read", ["/etc/ (constant)"],
    ),
    "element_of_map": (
        [A, node("d", "TensorDataset", "a"), node("m", "MapDataset", "d", f=func("tail"), Targuments=NO_TYPES),
         node("p", "PrefetchDataset", "m"), node("act", "FilterDataset", "p", predicate=func("reads"),
                                                  Targuments=NO_TYPES)],
        (TAIL, READS), "reads", "read", ["/etc/.txt (constant)"],
    ),
    "state": (
        [A, B, node("d", "TensorDataset", "b"),
         node("act", "ReduceDataset", "d", "a", f=func("reads"), Targuments=NO_TYPES)],
        (READS,), "reads", "read", ["/etc/ (constant)", "passwd (constant)", "{TensorDataset} (computed)",
                                    "{Const} (computed)", "{contents of a file} (stored)"],
    ),
    "swapped": (
        [A, B, node("act", "While", "a", "b", cond=func("pair"), body=func("pair"))],
        (function("pair", "t u", [node("read", "ReadFile", "t")], y="u", z="t"),), "pair", "read",
        ["/etc/ (constant)", "passwd (constant)"],
    ),
    "other_argument": (
        [A, node("d", "RangeDataset"), node("act", "MapDataset", "d", "a", f=func("reads"), Targuments=TYPES)],
        (READS,), "reads", "read", ["/etc/ (constant)"],
    ),
    "map_defun": (
        [A, node("act", "MapDefun", "a", f=func("reads"), Targuments=TYPES)], (READS,), "reads", "read",
        ["/etc/ (constant)"],
    ),
    "defun_call": ([A, node("act", "reads", "a")], (READS,), "reads", "read", ["/etc/ (constant)"]),
    "nobody_calls": ([A, node("act", "NoOp", "a")], (READS,), "reads", "read",
                     ["{an argument that nothing gives} (computed)"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ACROSS)
def test_across_calls(name: str) -> None:
    nodes, functions, body, of, expected = ACROSS[name]
    assert sorted(operands(nodes, *functions, body=body, of=of)) == sorted(expected)


def test_long_chains_and_many_alternatives_end() -> None:
    chain = [const("n0", "x"), *(node(f"n{i}", "StringJoin", f"n{i - 1}", f"n{i - 1}") for i in range(1, 3000))]
    assert operands([*chain, node("act", "ReadFile", "n2999")])
    many = [const(f"c{i}", *(f"{i}-{k}" for k in range(20))) for i in range(20)]
    joined = node("v", "StringJoin", *(f"c{i}" for i in range(20)))
    assert 0 < len(operands([*many, joined, ACT])) <= 8


def test_a_long_text_joined_to_itself_is_not_put_together() -> None:
    """A text of a megabyte a thousand times over would take half a terabyte of copying."""
    join = node("v", "StringJoin", *["a"] * 1000)
    (found,) = operands([const("a", "/" + "a" * 1_000_000), join, ACT])
    assert found.startswith("/aaaa") and len(found) < 5000


def test_very_many_arguments_of_very_many_calls_take_time_by_their_number() -> None:
    """Every argument went through all inputs of all calls: 400 of each took 16 seconds, 1,000 minutes."""
    names = [f"a{k}" for k in range(500)]
    joins = [node("j", "StringJoin", *names), node("read", "ReadFile", "j:output:0")]
    calls = [node(f"c{k}", "PartitionedCall", *["a"] * 500, f=func("many")) for k in range(500)]
    started = time.process_time()
    many = function("many", " ".join(names), joins, y="read:contents:0")
    found = operands([A, *calls, node("act", "NoOp", "a")], many, of="read", body="many")
    assert found[0].startswith("/etc//etc/")
    assert time.process_time() - started < 15


def test_a_function_that_calls_itself() -> None:
    loops = function("loops", "t", [call("again", "loops", "t")], y="again:output:0")
    assert operands([A, call("v", "loops", "a"), ACT], loops) == []


@pytest.mark.parametrize(
    ("pieces", "inside"),
    [
        ([const("v", "/etc")], False), ([const("v", "C:\\\\x")], False), ([const("v", "gs://b")], False),
        ([const("v", "relative")], False), ([node("v", "Identity", "x")], None),
        ([A, node("v", "StringJoin", "a", "x")], False), ([A, node("v", "StringJoin", "x", "a")], None),
    ],
)  # fmt: skip
def test_whether_a_path_stays_inside(pieces: list[str], inside: bool | None) -> None:
    graph = model_graph([node("x", "Placeholder"), *pieces, ACT], signature("s", {"x": "x:0"}, {"y": "act:0"}))
    names = Names(graph)
    (value,) = Operands(graph, names, Starts(graph, names)).of("", "v")
    assert operand_of(value, is_path=True).inside_model is inside


@pytest.mark.parametrize(
    ("tail", "inside"),
    [
        ("", True),
        ("/sub/file", True),
        ("/../../etc/passwd", True),
        ("/..", True),
        ("/../../../etc/passwd", False),
        ("/../..", True),
        ("/../../..", False),
    ],
)
def test_what_is_joined_to_an_asset(tail: str, inside: bool | None) -> None:
    asset = 'asset_file_def { tensor_info { name: "asset:0" } filename: "v.txt" }'
    nodes = [node("asset", "Const"), const("t", tail), node("v", "StringJoin", "asset", "t"), ACT]
    graph = model_graph(nodes, asset)
    names = Names(graph)
    (value,) = Operands(graph, names, Starts(graph, names)).of("", "v")
    assert operand_of(value, is_path=True).origin == "asset"
    assert operand_of(value, is_path=True).inside_model is inside
