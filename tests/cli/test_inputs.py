"""``smanalyze inputs``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.models import GOOD, digests

from .helpers import Command, sentences

SEVERAL = GOOD / "module_several_signatures"


def test_what_would_be_fed_is_shown(cli: Command) -> None:
    said = cli("inputs", GOOD / "tables_and_assets", "--signature_def", "serving_default")
    assert (said.code, said.err) == (0, "")
    assert "'blue', 'green'" in said.out
    odd = cli("inputs", GOOD / "tables_and_assets", "--signature_def", "serving_default", "--trial", 1)
    assert "'blue', 'smanalyze-unknown-word'" in odd.out
    assert "keys of the table: LookupTableFindV2" in said.out


def test_endings_choose_the_format(cli: Command, tmp_path: Path) -> None:
    for name, form in (("x.npz", "npz"), ("x.json", "json"), ("x.sh", "curl"), ("x.txt", "text"),
                       ("tf_serving_warmup_requests", "warmup")):  # fmt: skip
        said = cli("inputs", SEVERAL, "--signature-def", "embed", "-o", tmp_path / name)
        assert (said.code, said.out) == (0, "")
        assert said.err == f"smanalyze: {form} saved to {tmp_path / name}\n"
    with np.load(tmp_path / "x.npz") as arrays:
        assert {name: arrays[name].shape for name in arrays.files} == {"features": (2, 4)}
    assert list(json.loads((tmp_path / "x.json").read_text())) == ["features"]
    assert cli("inputs", "-q", SEVERAL, "--signature-def", "embed", "-o", f"rest:{tmp_path / 'body'}") == (0, "", "")
    assert len(json.loads((tmp_path / "body").read_text())["instances"]) == 2


def test_a_dash_is_standard_output(cli: Command, tmp_path: Path) -> None:
    printed = cli("inputs", SEVERAL, "--signature-def", "embed", "--format", "rest").out
    for flags in (["-o", "rest:-"], ["--format", "rest", "-o", "-"], ["--format", "npz", "-o", "rest:-"]):
        assert cli("inputs", SEVERAL, "--signature-def", "embed", *flags) == (0, printed, "")
    assert "npz is no text" in cli("inputs", SEVERAL, "-o", "npz:-").err
    said = cli("inputs", SEVERAL, "--signature-def", "embed", "--format", "rest", "-o", tmp_path / "x.json")
    assert said.err == f"smanalyze: rest saved to {tmp_path / 'x.json'}\n"
    assert (tmp_path / "x.json").read_text() == printed


def test_a_shell_takes_the_command(cli: Command) -> None:
    said = cli("inputs", GOOD / "estimator_linear", "--signature-def", "predict", "--format", "curl")
    echo = f"curl() {{ printf '%s' \"$5\"; }}\n{said.out}"
    sent = subprocess.run(["sh", "-c", echo], capture_output=True, text=True, check=True).stdout
    assert json.loads(sent)["signature_name"] == "predict"


def test_seed_batch_and_trial(cli: Command) -> None:
    def features(*flags: object) -> list[list[float]]:
        said = cli("inputs", SEVERAL, "--signature-def", "embed", "--format", "json", *flags)
        return list(json.loads(said.out)["features"])

    assert features() == features("--seed", 0)
    assert features() != features("--seed", 1)
    assert [len(features("--batch", n)) for n in (1, 3)] == [1, 3]
    assert features("--trial", 3) == [[0.0] * 4] * 2


def test_where_the_values_are_from_is_told_of_each_trial(cli: Command) -> None:
    said = [cli("inputs", GOOD / "warmup", "--trial", n, "--batch", 3).out for n in (1, 3)]
    assert "from the model's warm-up requests: warm-up request 1, batch 3" in said[0]
    assert "made from what consumes them: plain" in said[1]


def test_values_are_read_back(cli: Command, tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    assert cli("inputs", SEVERAL, "-o", file).code == 0
    said = cli("inputs", SEVERAL, "--inputs", file)
    assert said.out.count("from the given file") == 3
    assert cli("inputs", SEVERAL, "--inputs", file, "-o", tmp_path / "y.npz").code == 0
    assert file.read_bytes() == (tmp_path / "y.npz").read_bytes()


REFUSED = [
    (["--signature-def", "nothing"], "There is no signature 'nothing'. Signatures: embed, parse, serving_default."),
    (["--format", "rest"], "rest holds one request"),
    (["--format", "npz"], "npz is no text; write it to a file with -o."),
    (["-o", "x.unknown"], "chooses no format"),
    (["-o", str(SEVERAL / "x.npz")], "Nothing is written into the model's own folder"),
    (["-o", str(SEVERAL / "assets.extra" / "tf_serving_warmup_requests")], "Nothing is written into the model's"),
    (["--inputs", "nowhere.npz"], "The file cannot be read"),
    (["--batch", "0"], "--trial and --batch from 1 on"),
    (["--batch", str(10**32)], "is too large for the signature 'embed'"),
    (["--trial", "900"], "has fewer than 900 trials"),
    (["--tag-set", "tpu"], "No MetaGraph has the tag-set"),
]  # fmt: skip


@pytest.mark.parametrize(("flags", "text"), REFUSED, ids=[" ".join(flags)[:40] for flags, _ in REFUSED])
def test_refused(flags: list[str], text: str, cli: Command) -> None:
    before = digests(SEVERAL)
    said = cli("inputs", SEVERAL, *flags)
    assert (said.code, said.out) == (2, "")
    (line,) = sentences(said.err)
    assert text in line
    assert digests(SEVERAL) == before


def test_a_given_batch_that_is_too_large_is_refused(cli: Command) -> None:
    """As of the rows of warm-up requests, which are repeated."""
    for batch in (10**9, 10**32):
        said = cli("inputs", GOOD / "warmup", "--batch", batch)
        assert (said.code, said.out) == (2, "")
        assert said.err == f"smanalyze: A batch of {batch:,} is too large for the signature 'serving_default'.\n"


def test_parts_of_encoded_inputs_have_no_request(cli: Command) -> None:
    said = cli("inputs", GOOD / "sparse_signature", "--format", "rest-columns")
    assert said.code == 2
    assert "is no dense tensor, which REST cannot carry" in said.err
    assert "sparse_dense_shape" in cli("inputs", GOOD / "sparse_signature").out


def test_help_has_examples(cli: Command) -> None:
    assert "smanalyze inputs MODEL --format curl" in cli("inputs", "--help").out


def test_hostile_names_stay_text(cli: Command) -> None:
    for form in ("text", "json", "curl"):
        said = cli("inputs", GOOD / "hostile_names", "--format", form)
        assert said.code in (0, 2)
        assert "\x1b" not in said.out + said.err
        assert "\u202e" not in said.out + said.err
