"""Reports as JSON and back."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from smanalyze.errors import FormatError
from smanalyze.report.document import Report
from smanalyze.report.schemas import NAMES, schema_text
from smanalyze.report.serialize import from_dict, json_schema, to_dict
from tests.models import BROKEN_NAMES, each_model, report_of

VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema_text("report")))


def _through_json(report: Report) -> Any:
    return json.loads(json.dumps(to_dict(report), ensure_ascii=True))


@each_model
def test_there_and_back(name: str) -> None:
    report = report_of(name)
    assert from_dict(Report, _through_json(report)) == report


@pytest.mark.parametrize("name", [name for name in BROKEN_NAMES if name != "empty_folder"])
def test_there_and_back_from_broken_models(name: str) -> None:
    report = report_of(name)
    document = _through_json(report)
    assert from_dict(Report, document) == report
    VALIDATOR.validate(document)


@each_model
def test_documents_follow_the_schema(name: str) -> None:
    VALIDATOR.validate(_through_json(report_of(name)))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document, lists by their first item."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def put(document: Any, path: tuple[Any, ...], change: Any) -> Any:
    """A copy of the document with the value at a place changed."""
    result = copy.deepcopy(document)
    at = result
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = change(at[path[-1]])
    return result


def first_of_each(value: Any) -> Any:
    """The document with one item left in each list (but for those whose length is fixed): quick to check."""
    if isinstance(value, dict):
        return {key: first_of_each(inner) for key, inner in value.items()}
    return [first_of_each(inner) for inner in value[:1]] if isinstance(value, list) else value


WHOLE = _through_json(report_of("keras2_functional"))
DOCUMENT = first_of_each(WHOLE)
PLACES = [path for path in places(DOCUMENT) if path]


def spelled(path: tuple[Any, ...]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def test_unknown_keys_are_left_out_everywhere() -> None:
    """A newer minor version may add some."""
    changed = copy.deepcopy(WHOLE)

    def add(value: Any) -> None:
        if isinstance(value, dict):
            for inner in list(value.values()):
                add(inner)
            value["from_the_future"] = {"deep": [1]}
        elif isinstance(value, list):
            for inner in value:
                add(inner)

    add(changed)
    assert from_dict(Report, changed) == report_of("keras2_functional")
    VALIDATOR.validate(changed)


@pytest.mark.parametrize("path", PLACES, ids=map(spelled, PLACES))
def test_errors_name_the_place(path: tuple[Any, ...]) -> None:
    """A value of another kind at any place of a document is refused, and the message says where."""
    changed = put(DOCUMENT, path, lambda value: {"no": 1} if not isinstance(value, dict) else [1])
    with pytest.raises(FormatError) as caught:
        from_dict(Report, changed)
    assert spelled(path) in caught.value.message
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(changed)


#: A Structure has defaults for what its kind does not use.
OPTIONAL = {"value", "returns_value"}
REQUIRED = [
    path
    for path in PLACES
    if path[-1] in ("model", "schema_version", "total", "key", "name", "op", "rows") and not OPTIONAL & {*path[:-1]}
]


@pytest.mark.parametrize("path", REQUIRED, ids=map(spelled, REQUIRED))
def test_what_lacks_is_named(path: tuple[Any, ...]) -> None:
    changed = put(DOCUMENT, path, lambda value: value)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    with pytest.raises(FormatError) as caught:
        from_dict(Report, changed)
    assert caught.value.message == f"{spelled(path[:-1])} lacks {path[-1]}"


@pytest.mark.parametrize("document", [None, [], "text", 3, True, {}])
def test_what_is_no_report(document: Any) -> None:
    with pytest.raises(FormatError):
        from_dict(Report, document)


def test_true_is_no_number_and_a_number_no_text() -> None:
    for key, wrong in (("size_bytes", True), ("size_bytes", 1.5), ("path_name", 1), ("headline", None)):
        with pytest.raises(FormatError, match=rf"\$\.model\.{key}"):
            from_dict(Report, put(DOCUMENT, ("model", key), lambda _, wrong=wrong: wrong))


def test_a_word_that_is_none_of_the_known() -> None:
    with pytest.raises(FormatError, match=r"\$\.checkpoint\.presence should be one of present, absent"):
        from_dict(Report, put(DOCUMENT, ("checkpoint", "presence"), lambda _: "lost"))


def test_only_what_a_report_may_hold_is_written() -> None:
    with pytest.raises(TypeError, match="a report cannot hold a dict"):
        to_dict({"a": 1})
    with pytest.raises(TypeError, match="a report cannot hold a set"):
        to_dict(({1},))


@pytest.mark.parametrize("name", NAMES)
def test_shipped_schemas_are_schemas(name: str) -> None:
    schema = json.loads(schema_text(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    for definition in schema["$defs"].values():
        assert definition["description"], "each class says what it is"


def test_schemas_are_closed_under_their_references() -> None:
    schema = json_schema(Report, "t")
    text = json.dumps(schema)
    for reference in {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}:
        assert reference in schema["$defs"]


def test_several_reports_follow_the_schema_too() -> None:
    VALIDATOR.validate({"schema_version": "1.0", "results": [DOCUMENT, DOCUMENT]})
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({"schema_version": "1.0", "results": [{}]})
