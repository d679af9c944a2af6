"""The first verdict that applies, and its sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import smanalyze
from smanalyze.facts.verdict import judge
from smanalyze.report.audit import VERDICTS, CheckFailure, ManifestAudit
from tests.checks.helpers import Maker, broken, good, with_files
from tests.models import BROKEN_NAMES, NAMES, folder_of, model_of

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
SHARD = "variables/variables.data-00000-of-00001"


def audit(name: str) -> smanalyze.AuditReport:
    return smanalyze.audit(model_of(name))


def test_each_verdict_hides_those_after_it() -> None:
    """One model with everything wrong; what is wrong is mended one after the other."""
    report, model = audit("module_one_signature"), model_of("module_one_signature")
    manifest = ManifestAudit("list", "in-toto", "differs", ("saved_model.pb",), ("gone",), (), ())
    missing = CheckFailure("missing", "", SHARD, None, None, "The data file is missing.")
    wrong = CheckFailure("crc", "kernel", SHARD, 0, 4, "The checksum does not match.")
    both = replace(report.checkpoint, failures=(missing, wrong))
    none = replace(report.fingerprint, presence="absent", verdict="absent", fields=())
    only_changed = replace(manifest, missing=())
    told = (
        judge(model, none, both, (manifest,)),
        judge(model, none, report.checkpoint, (manifest,)),
        judge(model, none, report.checkpoint, (only_changed,)),
        judge(model, none, report.checkpoint, ()),
        judge(model, report.fingerprint, report.checkpoint, ()),
    )
    assert tuple(verdict for verdict, _ in told) == VERDICTS
    sentences = [sentence for _, sentence in told]
    assert sentences[0] == f"{SHARD}: the tensor kernel fails its check: The checksum does not match."
    assert sentences[1] == "gone is not there."
    assert sentences[2] == "saved_model.pb was changed since list was made."
    assert sentences[3].startswith("No fingerprint to compare the model with; all 3 stored tensors have the bytes")
    assert sentences[4].startswith("Every hash of the fingerprint agrees with the model; all 3 stored tensors")


def test_some_hashes_agree_and_one_agrees() -> None:
    report, model = audit("module_one_signature"), model_of("module_one_signature")
    unknown = [replace(field, status="not-computable") for field in report.fingerprint.fields]
    for count, words in (
        (1, "1 of 5 hashes of the fingerprint agrees with"),
        (4, "4 of 5 hashes of the fingerprint agree"),
    ):
        fields = (*report.fingerprint.fields[:count], *unknown[count:])
        told = judge(model, replace(report.fingerprint, fields=fields), report.checkpoint, ())
        assert told[1].startswith(words)


@pytest.mark.parametrize("name", NAMES)
def test_no_good_model_is_called_bad(name: str) -> None:
    assert audit(name).verdict in ("intact", "no-fingerprint")


@pytest.mark.parametrize("name", [name for name in BROKEN_NAMES if name != "empty_folder"])
def test_the_gate_agrees_with_the_verdict(name: str) -> None:
    """What is damaged or modified has an error, so that the exit code tells, too."""
    report = smanalyze.audit(smanalyze.load(folder_of(name)))
    if report.verdict in ("damaged", "modified"):
        assert any(finding.severity == "error" for finding in report.findings)
    assert report.summary.endswith(".") and "\n" not in report.summary
    assert str(folder_of(name).parent) not in repr(report)


@pytest.mark.parametrize(
    ("maker", "verdict", "words"),
    [
        (broken("missing_asset"), "incomplete", "assets/vocab.txt is not there."),
        (broken("asset_escapes"), "incomplete", "is outside of the model"),
        (broken("lfs_pointer_variables"), "incomplete", "git-LFS pointer"),
        (broken("no_variables_folder"), "incomplete", "index is missing"),
        (broken("truncated_shard"), "damaged", "3 tensors fail their checks."),
        (broken("index_bad_crc"), "damaged", "variables.index: the file fails its check: The data block's checksum"),
        (
            with_files(good("tables_and_assets"), {"assets/vocab.txt": POINTER}),
            "incomplete",
            "assets/vocab.txt: The file",
        ),
        (
            with_files(good("module_one_signature"), {"variables/variables.index": None}),
            "incomplete",
            "index is missing",
        ),
        (with_files(good("module_one_signature"), {"fingerprint.pb": None}), "no-fingerprint", "No fingerprint"),
        (good("tf1_frozen"), "no-fingerprint", "no variables to check"),
    ],
)
def test_the_sentence_says_why(maker: Maker, verdict: str, words: str, tmp_path: Path) -> None:
    report = smanalyze.audit(smanalyze.load(maker(tmp_path)))
    assert report.verdict == verdict
    assert words in report.summary
