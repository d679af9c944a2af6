"""What fingerprint.pb says of two models, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from smanalyze.format.schema import message_class
from smanalyze.report.diff import Severities
from tests.checks.compat.helpers import (
    Cases,
    Maker,
    check_case,
    edited,
    mirrored,
    one,
    pair,
    params,
    same,
    with_files,
)
from tests.checks.compat.program_edits import in_function, op
from tests.checks.helpers import TESTDATA

MODULE, CALL = "module_one_signature", "__inference___call__"
FILE = "fingerprint.pb"
EDITED = edited(MODULE, new=[in_function(CALL, op("add", "Sub"))])


def fingerprint(**fields: object) -> bytes:
    """The fingerprint of the model with other fields."""
    message = message_class("tensorflow.FingerprintDef").FromString((TESTDATA / "models" / MODULE / FILE).read_bytes())
    for name, value in fields.items():
        setattr(message, name, value)
    return bytes(message.SerializeToString())


GONE = with_files(same(MODULE), new={FILE: None})
RECOMPUTED = with_files(EDITED, new={FILE: fingerprint(saved_model_checksum=77)})
OTHER_INDEX = with_files(
    same(MODULE),
    new={"variables/variables.index": (TESTDATA / "models" / "warmup/variables/variables.index").read_bytes()},
)

TABLE: dict[str, Cases] = {
    "fp-mismatch": Cases(
        fires={"graph": EDITED, "back": mirrored(EDITED), "one uuid": RECOMPUTED, "index": OTHER_INDEX},
        silent={
            "two exports": pair("noise_module_twice"),
            "weights": pair("change_weights_nudged"),
            "no fingerprint": with_files(EDITED, new={FILE: None}),
            "another export": with_files(EDITED, new={FILE: fingerprint(saved_model_checksum=77, uuid="another")}),
        },
    ),
    "fp-blind": Cases(
        fires={
            "constant": pair("change_constant"),
            "read": pair("change_read_file"),
            "gelu": pair("change_relu_to_gelu"),
        },
        silent={
            "interface": pair("change_input_added"),
            "weights": pair("change_weights_nudged"),
            "noise": pair("noise_keras3_processes"),
            "none": with_files(EDITED, old={FILE: None}, new={FILE: None}),
        },
    ),
    "fp-removed": Cases(fires={"file": GONE}, silent={"came": mirrored(GONE), "both": EDITED}),
    "fp-added": Cases(fires={"file": mirrored(GONE)}, silent={"gone": GONE, "both": EDITED}),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)


def test_the_edited_side_is_named(tmp_path: Path) -> None:
    finding = one(EDITED, tmp_path / "a", "fp-mismatch")
    assert any(line.startswith("the new model was edited: its graph file has the hash ") for line in finding.evidence)
    assert finding.severities == Severities("warning", "note", "note", "error")
    back = one(mirrored(EDITED), tmp_path / "b", "fp-mismatch")
    assert "the new model is as it was exported, so that the old one was edited" in back.evidence


def test_blindness_says_what_is_equal(tmp_path: Path) -> None:
    finding = one(pair("change_constant"), tmp_path, "fp-blind")
    assert finding.evidence[0].endswith("checkpoint_hash, singleprint")
    assert finding.severities == Severities(python="note", security="note")
