"""The schema of SARIF 2.1.0, which every log must follow."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

import jsonschema

from tests.conftest import ROOT

FILE = ROOT / "tests" / "vendor" / "sarif" / "sarif-2.1.0-rtm.5.json"
SHA256 = "2d99159ae54a3eea97f81781cff48780548657c35949f4b7f25e99a2ba4de4f8"


@cache
def _validator() -> jsonschema.Draft4Validator:
    data = FILE.read_bytes()
    assert hashlib.sha256(data).hexdigest() == SHA256, "it is not the published file"
    schema = json.loads(data)
    assert schema["$schema"] == "http://json-schema.org/draft-04/schema#"
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def validated(text: str) -> Any:
    """The log as JSON; fails where it does not follow the schema."""
    log = json.loads(text)
    _validator().validate(log)
    return log
