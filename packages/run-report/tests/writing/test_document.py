from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from miniwdl_aws_run_report.errors import UnreadableError
from miniwdl_aws_run_report.writing.document import SCHEMA, VERSION, read_document, write_document

if TYPE_CHECKING:
    from miniwdl_aws_run_report.model import Run


@pytest.fixture(scope="session")
def schema() -> Any:
    return json.loads(SCHEMA.read_text())


def test_the_schema_is_one(schema: Any) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["version"]["const"] == VERSION


@pytest.mark.parametrize("name", ["large_run", "failed_run"])
def test_what_is_written_fits_the_schema_and_comes_back(request: pytest.FixtureRequest, schema: Any, name: str) -> None:
    run: Run = request.getfixturevalue(name)
    if name == "large_run":
        run = replace(run, calls=run.calls[:200])
    document = json.loads(json.dumps(write_document(run)))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []
    again = read_document(document, "report.json")
    sums = {"totals", "tasks", "advice"}  # of times before they were rounded
    written = json.loads(json.dumps(write_document(again)))
    assert {key: value for key, value in written.items() if key not in sums} == {
        key: value for key, value in document.items() if key not in sums
    }
    assert (again.name, again.failure, len(again.calls)) == (run.name, run.failure, len(run.calls))


def test_the_schema_knows_every_member(schema: Any, failed_run: Run) -> None:
    document = {**write_document(failed_run), "surprise": 1}
    assert not Draft202012Validator(schema).is_valid(document)


@pytest.mark.parametrize(
    "document", [{}, {"version": VERSION + 1}, {"version": "1"}, {"version": 1}, {"version": 1, "state": "odd"}]
)
def test_what_is_no_report(document: Any) -> None:
    with pytest.raises(UnreadableError, match=r"is no report|is not a report"):
        read_document(document, "report.json")
