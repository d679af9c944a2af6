"""``smanalyze show``: saved_model_cli's flags, and its lines."""

from __future__ import annotations

import re

import pytest

from tests.conftest import TESTDATA
from tests.models import BROKEN, GOOD

from .helpers import Command, sentences

MODEL = GOOD / "module_several_signatures"
SEVERAL = GOOD / "tf1_builder_multi_metagraph"

TAG_SETS = "The given SavedModel contains the following tag-sets:\n'serve'\n"
KEYS = (
    "The given SavedModel MetaGraphDef contains SignatureDefs with the following keys:\n"
    'SignatureDef key: "__saved_model_init_op"\nSignatureDef key: "embed"\nSignatureDef key: "parse"\n'
    'SignatureDef key: "serving_default"\n'
)
EMBED = """\
The given SavedModel SignatureDef contains the following input(s):
  inputs['features'] tensor_info:
      dtype: DT_FLOAT
      shape: (-1, 4)
      name: embed_features:0
The given SavedModel SignatureDef contains the following output(s):
  outputs['embedding'] tensor_info:
      dtype: DT_FLOAT
      shape: (-1, 2)
      name: StatefulPartitionedCall:0
Method name is: tensorflow/serving/predict
"""


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], TAG_SETS),
        (["--tag-set", "serve"], KEYS),
        (["--tag_set", "serve"], KEYS),
        (["--tag-set", "serve", "--signature-def", "embed"], EMBED),
        (["--tag_set", "serve", "--signature_def", "embed"], EMBED),
        (["--signature-def", "embed"], EMBED),
    ],
)
def test_flags_of_saved_model_cli(arguments: list[str], text: str, cli: Command) -> None:
    assert cli("show", MODEL, *arguments) == (0, text, "")
    assert cli("show", "--dir", MODEL, *arguments) == (0, text, "")


@pytest.mark.parametrize("flag", ["--list-ops", "--list_ops"])
def test_ops_with_numbers(flag: str, cli: Command) -> None:
    out = cli("show", MODEL, "--tag-set", "serve", flag).out
    first, *rest = out.splitlines()
    assert first.startswith("The MetaGraph with tag set ['serve'] contains the following ops: {'AssignVariableOp', ")
    counted = {op: int(count) for count, op in (line.split() for line in rest)}
    assert set(counted) == set(re.findall(r"'([^']+)'", first.partition("ops: ")[2]))
    assert list(counted) == sorted(counted)
    assert cli("show", MODEL, flag).out == out, "with one MetaGraph there is nothing to choose"


def test_several_meta_graphs(cli: Command) -> None:
    out = cli("show", SEVERAL).out
    assert out.splitlines()[1:] == ["'serve'", "'gpu, serve'", "'train'"]
    for arguments in (["--list-ops"], ["--signature-def", "predict"]):
        said = cli("show", SEVERAL, *arguments)
        assert said.out == out + "Choose one with --tag-set.\n"
    assert "embedding" not in cli("show", SEVERAL, "--tag-set", "gpu,serve").out
    assert cli("show", SEVERAL, "--tag-set", "serve,gpu", "--signature-def", "predict").code == 0
    assert cli("show", SEVERAL, "--all").out.count("MetaGraphDef with tag-set:") == 3


REFUSED = [
    ([], "Give one SavedModel"),
    (["--dir", MODEL, MODEL], "Give one SavedModel"),
    ([MODEL, "--tag-set", "train"], "Tag-sets in this model: serve."),
    (
        [MODEL, "--tag-set", "serve", "--signature-def", "nothing"],
        "Signatures: __saved_model_init_op, embed, parse, serv",
    ),
    ([SEVERAL / "nothing"], "no such file"),
    ([BROKEN / "no_meta_graphs"], "There is no MetaGraph to show."),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED)
def test_refusals(arguments: list[object], words: str, cli: Command) -> None:
    said = cli("show", *arguments)
    assert (said.code, said.out) == (2, "")
    assert words in sentences(said.err)[-1]


def test_what_led_to_the_model_is_a_remark(cli: Command) -> None:
    said = cli("show", GOOD / "serving_versions")
    assert said.err == "smanalyze: serving_versions holds numbered versions; this is the newest, 3; also there: 1.\n"
    assert cli("show", "-q", GOOD / "serving_versions").err == ""


def test_a_damaged_graph_is_shown_as_far_as_it_goes(cli: Command) -> None:
    said = cli("show", BROKEN / "truncated_pb", "--all")
    assert said.code == 0
    assert "contains the following ops: {'Const', " in said.out
    assert "too early" in sentences(said.err)[0]


def test_the_checkpoint_is_not_asked(cli: Command) -> None:
    for name in ("truncated_index", "missing_shard", "no_variables_folder"):
        said = cli("show", BROKEN / name, "--all")
        assert (said.code, said.err) == (0, "")


@pytest.mark.parametrize(
    "name", [path.name.removesuffix(".show.txt") for path in sorted((TESTDATA / "oracle").glob("*.show.txt"))]
)
def test_signature_lines_are_those_of_saved_model_cli(name: str, cli: Command) -> None:
    """Word for word and in the same order; names with control characters apart."""
    if name == "hostile_names":
        return
    text = (TESTDATA / "oracle" / f"{name}.show.txt").read_text(encoding="utf-8")
    theirs = [
        line for line in text.split("Concrete Functions:")[0].splitlines() if line.strip() and " ops: " not in line
    ]
    ours = iter(cli("show", GOOD / name.replace("--", "/"), "--all").out.splitlines())
    assert [line for line in theirs if line not in ours] == []
    assert len(theirs) >= 2
