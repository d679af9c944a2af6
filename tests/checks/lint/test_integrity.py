"""Rules about what an audit computes."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import smanalyze
from smanalyze.report.findings import Finding
from tests.checks.helpers import TESTDATA, Cases, Maker, broken, flipped_index, good, lone_file, params, with_files

BASE = "module_one_signature"


def _flipped(name: str, file: str, at: int) -> Maker:
    """A good model with one bit turned over."""
    data = bytearray((TESTDATA / "models" / name / file).read_bytes())
    data[at] ^= 1
    return with_files(good(name), {file: bytes(data)})


def _listed(change: Callable[[Path], object] = lambda model: None, name: str = "tables_and_assets") -> Maker:
    """A model that is changed after a manifest of it was written beside its folder."""

    def make(folder: Path) -> Path:
        path = with_files(good(name), {})(folder)
        model = smanalyze.load(path)
        text = smanalyze.api.audit.write_manifest(model, smanalyze.audit(model, digests=True))
        (folder / "manifest.json").write_text(text)
        change(path)
        return path

    return make


def _signed(change: Callable[[Path], object] = lambda model: None) -> Maker:
    """A model that is changed after a signature with digests of pieces of its files was put into it."""

    def make(folder: Path) -> Path:
        path = with_files(good("tables_and_assets"), {})(folder)
        resources, root = [], hashlib.sha256()
        for file in sorted(one for one in path.rglob("*") if one.is_file()):
            data = file.read_bytes()
            for start in range(0, len(data), 1000):
                digest = hashlib.blake2b(data[start : start + 1000])
                name = f"{file.relative_to(path).as_posix()}:{start}:{min(start + 1000, len(data))}"
                resources.append({"name": name, "algorithm": "blake2b-sharded-1000", "digest": digest.hexdigest()})
                root.update(digest.digest())
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "model", "digest": {"sha256": root.hexdigest()}}],
            "predicateType": "https://model_signing/signature/v1.0",
            "predicate": {"serialization": {"method": "shards"}, "resources": resources},
        }
        (path / "model.sig").write_text(json.dumps(statement))
        change(path)
        return path

    return make


def _with_weights(name: str, data: bool = True) -> Maker:
    """A model, with a checkpoint beside its folder that it is compared with: without ``data`` an index alone."""

    def make(folder: Path) -> Path:
        path = with_files(good("keras2_functional"), {})(folder)
        shutil.copytree(TESTDATA / "models" / name / "variables", folder / "weights")
        if not data:
            (folder / "weights" / "variables.data-00000-of-00001").unlink()
        return path

    return make


#: The byte is the length of a shape inside an attr of a function's argument.
_LENGTH_IN_A_FUNCTION = 8688

TABLE = {
    "tensor-corrupt": Cases(
        {"crc": broken("shard_bad_crc"), "flipped": _flipped(BASE, "variables/variables.data-00000-of-00001", 0)},
        {"whole": good(BASE), "cut": broken("truncated_shard"), "missing": broken("missing_shard"),
         "checksum_of_a_damaged_index": flipped_index(49, 8), "lying_index": broken("index_hostile_sizes")},
    ),
    "lone-file": Cases({"alone": lone_file(good(BASE))}, {"folder": good(BASE), "no_fingerprint": good("tf1_frozen")}),
    "weights-by-checksum": Cases(
        {"missing_in_the_file": _with_weights("keras2_functional", data=False)},
        {"all_there": _with_weights("keras2_functional"), "others": _with_weights("keras3_export"),
         "not_asked": good(BASE)},
    ),
    "graph-damaged": Cases(
        {"in_a_function": _flipped(BASE, "saved_model.pb", _LENGTH_IN_A_FUNCTION)},
        {"whole": good(BASE), "told_elsewhere": broken("truncated_pb"), "text": good("module_pbtxt")},
    ),
    "fingerprint-differs": Cases(
        {"stale": broken("fingerprint_stale"), "other_weights": broken("checkpoint_other_model")},
        {"whole": good(BASE), "none": good("tf1_frozen"), "unreadable": broken("fingerprint_garbage")},
    ),
    "no-fingerprint": Cases(
        {"old": good("tf1_frozen"), "removed": with_files(good(BASE), {"fingerprint.pb": None}),
         "listed_and_changed": _listed(lambda model: (model / "evil.py").write_text(""), "tf1_frozen")},
        {"there": good(BASE), "unreadable": broken("fingerprint_garbage"), "not_looked_at": lone_file(good(BASE)),
         "listed": _listed(name="tf1_frozen")},
    ),
    "manifest-differs": Cases(
        {"changed": _listed(lambda model: (model / "assets" / "vocab.txt").write_text("x")),
         "missing": _listed(lambda model: (model / "assets" / "vocab.txt").unlink()),
         "added": _listed(lambda model: (model / "evil.py").write_text("")),
         "added_to_pieces": _signed(lambda model: (model / "evil.py").write_text("x")),
         "piece_changed": _signed(lambda model: (model / "assets" / "vocab.txt").write_text("x"))},
        {"same": _listed(), "none": good("tables_and_assets"), "pieces_same": _signed(),
         "empty_beside_pieces": _signed(lambda model: (model / "evil.py").write_text(""))},
    ),
    "signature-unreadable": Cases(
        {"garbage": with_files(good(BASE), {"model.sig": b"\xff"}),
         "empty": with_files(good(BASE), {"model.sig": b""})},
        {"none": good(BASE)},
    ),
    "weights-differ": Cases(
        {"others": _with_weights("keras3_export")},
        {"same": _with_weights("keras2_functional"), "not_asked": good(BASE)},
    ),
}  # fmt: skip


def audited(maker: Maker, folder: Path) -> tuple[Finding, ...]:
    path = maker(folder)
    manifest, weights = folder / "manifest.json", folder / "weights"
    report = smanalyze.audit(
        smanalyze.load(path),
        manifest=str(manifest) if manifest.exists() else None,
        weights=str(weights) if weights.exists() else None,
    )
    return report.findings


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    hits = [finding for finding in audited(maker, tmp_path) if finding.rule == rule]
    assert bool(hits) == fires, [finding.message for finding in hits]
    for finding in hits:
        assert finding.message.endswith(".") and 0 < len(finding.evidence) <= 20, finding


def test_in_an_audit_a_damaged_file_is_an_error_even_if_nobody_needs_it(tmp_path: Path) -> None:
    (finding,) = [f for f in audited(broken("fingerprint_garbage"), tmp_path) if f.rule == "unreadable-part"]
    assert finding.severity == "error"


def test_weights_that_rest_on_checksums_are_a_warning(tmp_path: Path) -> None:
    (finding,) = audited(_with_weights("keras2_functional", data=False), tmp_path)
    assert (finding.rule, finding.severity) == ("weights-by-checksum", "warning")
    assert "going by stored checksums" in finding.message


def test_a_lone_file_is_not_said_to_lack_anything(tmp_path: Path) -> None:
    findings = audited(lone_file(good(BASE)), tmp_path)
    (finding,) = [finding for finding in findings if finding.rule == "lone-file"]
    assert finding.severity == "note" and "give the model's folder" in finding.fix
    assert not any("has no" in finding.message for finding in findings)


def test_a_missing_fingerprint_is_no_gate(tmp_path: Path) -> None:
    assert {finding.severity for finding in audited(good("tf1_frozen"), tmp_path)} == {"note"}
