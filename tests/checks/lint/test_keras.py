"""Rules about Keras 2's metadata."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.helpers import Cases, Maker, broken, check_case, good, params

TABLE = {
    "broken-keras-metadata": Cases(
        {"quotes": broken("keras_metadata_bad_json")},
        {"json": good("keras2_functional"), "not_parsed_at_all": broken("keras_metadata_garbage")},
    ),
    "traces-not-saved": Cases(
        {"false": good("keras2_sequential_save_traces_false")},
        {"true": good("keras2_functional"), "no_keras": good("module_no_signature"), "keras3": good("keras3_export")},
    ),
}


@pytest.mark.parametrize(("rule", "maker", "fires"), params(TABLE))
def test_case(rule: str, maker: Maker, fires: bool, tmp_path: Path) -> None:
    check_case(rule, maker, fires, tmp_path)
