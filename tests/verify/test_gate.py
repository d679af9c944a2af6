"""What may not run unless it is permitted, and by which way it would."""

from __future__ import annotations

import pytest

import smanalyze
from smanalyze.api.scan import scan
from smanalyze.errors import UsageError
from smanalyze.report.verify import RefusedPart, VerifyReport
from smanalyze.verify.gate import permitted_classes, refusals, refused_call, refuses_load
from smanalyze.verify.verify import verify
from tests.conftest import TESTDATA
from tests.models import NAMES, model_of


def refused(place: str, *permitted: str) -> tuple[RefusedPart, ...]:
    """What is refused of a model below testdata."""
    return refusals(scan(smanalyze.load(TESTDATA / place)), frozenset(permitted))


def test_what_acts_while_loading_refuses_the_model() -> None:
    (part,) = refused("verify/init_write")
    assert refuses_load([part])
    assert (part.permit, part.path[0]) == ("file-write", "_initialize of table")
    assert refused("verify/init_write", "file-write") == ()


@pytest.mark.parametrize(
    ("place", "permit"),
    [("verify/py_function", "host-code"), ("models/file_writer_in_branch", "file-write"),
     ("models/custom_op", "unknown-code")],
)  # fmt: skip
def test_what_acts_when_called_refuses_the_signature(place: str, permit: str) -> None:
    parts = refused(place)
    assert [(part.where.signature, part.permit) for part in parts] == [("serving_default", permit)]
    assert not refuses_load(parts)
    assert refused(place, permit) == ()


def test_a_function_of_the_tree_is_refused_as_a_signature_is() -> None:
    found = scan(smanalyze.load(TESTDATA / "models" / "file_writer_in_branch"))
    for key, path in (("serving_default", None), (None, "__call__")):
        (part,) = refused_call(found, frozenset(), key, path)
        assert (part.where.signature, part.where.object_path, part.permit) == (key, path, "file-write")
        assert refused_call(found, frozenset({"file-write"}), key, path) == []
    assert refused_call(found, frozenset(), None, "another") == []
    assert refused_call(found, frozenset(), "another", None) == []


def test_libraries_permit_what_they_bring() -> None:
    assert permitted_classes(frozenset({"network"}), ()) == {"network"}
    assert permitted_classes(frozenset(), ("ops.so",)) == {"unknown-code", "library-code"}
    with pytest.raises(UsageError, match="no risk class 'all'"):
        permitted_classes(frozenset({"all"}), ())


def test_no_other_model_is_refused() -> None:
    found = [name for name in NAMES if refusals(scan(model_of(name)), frozenset())]
    assert found == ["custom_op", "file_writer_in_branch"]


def test_an_unknown_class_is_an_error() -> None:
    with pytest.raises(UsageError, match="no risk class 'everything'"):
        verify(model_of("module_one_signature"), permit=frozenset({"everything"}))


def test_a_refused_model_is_never_given_to_tensorflow() -> None:
    """No child is started: there is no environment to tell of."""
    report: VerifyReport = verify(smanalyze.load(TESTDATA / "verify" / "init_write"), python="/bin/false")
    assert (report.verdict, report.environment, report.runs) == ("REFUSED", None, ())
    assert report.summary.startswith("Not loaded: WriteFile writes a file")
