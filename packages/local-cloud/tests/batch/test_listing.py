from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from miniwdl_aws_local_cloud.batch.jobs import Job
from miniwdl_aws_local_cloud.batch.listing import list_page
from miniwdl_aws_local_cloud.door.protocols import ApiError

ARN = "arn:aws:batch:us-east-1:1:job-definition/"


def job(number: int, status: str = "RUNNING", name: str = "Job", definition: str = "align:1", **detail: Any) -> Job:
    spec: Any = SimpleNamespace(name=name, definition_name=definition.partition(":")[0])
    known = {"jobId": str(number), "createdAt": number, "status": status, "container": {}}
    return Job(spec, {**known, "jobDefinition": ARN + definition, **detail})


JOBS = [
    job(1, "FAILED", name="Sort-1"),
    job(2, name="sort-2", definition="align:2"),
    job(3, "SUCCEEDED", name="merge", definition="aligner:1", shareIdentifier="lab"),
    job(4, name="merge", shareIdentifier="lab"),
]


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["jobId"] for item in answer["jobSummaryList"]]


def by(name: str, *values: str, **request: Any) -> list[str]:
    return ids(list_page(JOBS, {"filters": [{"name": name, "values": list(values)}], **request}))


def test_by_state_and_running_by_default() -> None:
    assert ids(list_page(JOBS, {"jobStatus": "FAILED"})) == ["1"]
    assert ids(list_page(JOBS, {})) == ["2", "4"]


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("JOB_NAME", ["SORT-*"], ["2", "1"]),
        ("JOB_NAME", ["sort"], []),
        ("JOB_DEFINITION", ["align"], ["4", "2", "1"]),
        ("JOB_DEFINITION", ["align*"], ["4", "3", "2", "1"]),
        ("JOB_DEFINITION", [ARN + "align:2"], ["2"]),
        ("BEFORE_CREATED_AT", ["2"], ["1"]),
        ("AFTER_CREATED_AT", ["2"], ["4", "3"]),
        ("SHARE_IDENTIFIER", ["lab"], ["4", "3"]),
    ],
)
def test_a_filter_selects_jobs_of_any_state_and_the_newest_come_first(name, values, found) -> None:
    assert by(name, *values, jobStatus=None) == found


def test_a_state_counts_beside_a_share_and_no_other_filter() -> None:
    assert by("SHARE_IDENTIFIER", "lab", jobStatus="SUCCEEDED") == ["3"]
    assert by("JOB_NAME", "merge", jobStatus="SUCCEEDED") == ["4", "3"]


@pytest.mark.parametrize(("request_", "size"), [({"jobStatus": "RUNNING"}, 1000), ({"filters": [{}]}, 100)])
def test_pages_are_as_long_as_those_of_aws(request_, size) -> None:
    jobs = [job(number) for number in range(size + 5)]
    whole = {**request_, "maxResults": 5000}
    if "filters" in request_:
        whole["filters"] = [{"name": "JOB_NAME", "values": ["*"]}]
    first = list_page(jobs, whole)
    second = list_page(jobs, {**whole, "nextToken": first["nextToken"]})
    assert (len(ids(first)), len(ids(second))) == (size, 5)
    assert "nextToken" not in second


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"jobStatus": "ASLEEP"}, "no jobStatus ASLEEP"),
        ({"nextToken": "nonsense"}, "nextToken is no number"),
        ({"maxResults": -1}, "maxResults must be at least 1"),
        ({"filters": [{"name": "COLOUR", "values": ["red"]}]}, "unknown filter COLOUR"),
        ({"filters": [{"name": "AFTER_CREATED_AT", "values": ["noon"]}]}, "AFTER_CREATED_AT is no number"),
        ({"filters": [{"name": "JOB_NAME", "values": ["a"]}] * 2}, "only one filter"),
    ],
)
def test_refuses_what_aws_refuses(request_, words) -> None:
    with pytest.raises(ApiError, match=words) as caught:
        list_page(JOBS, request_)
    assert caught.value.code == "ClientException"
