"""
What ListJobs answers: which jobs of a queue, in which order, a page at a time. Pure.

Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.batch.jobs import STATES, Status
from miniwdl_aws_local_cloud.door.protocols import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from miniwdl_aws_local_cloud.batch.jobs import Job

__all__ = ["list_page"]

PAGE = 1000
FILTERED_PAGE = 100
"""Jobs of a page when a filter is used."""
_SHARE = "SHARE_IDENTIFIER"


def list_page(jobs: Sequence[Job], request: Mapping[str, Any]) -> dict[str, Any]:
    """
    Answer a ListJobs request.

    :param jobs: all of the queue, in the order of their submission.
    :raises ApiError: where AWS refuses it.
    """
    filters = request.get("filters") or []
    status = request.get("jobStatus")
    if status is not None and status not in STATES:
        raise ApiError("ClientException", f"there is no jobStatus {status}")
    if len(filters) > 1:
        raise ApiError("ClientException", "only one filter can be used at a time")
    if filters:
        matches = _filter(filters[0])
        found = [job for job in reversed(jobs) if matches(job)]
        if status and filters[0].get("name") == _SHARE:
            found = [job for job in found if job.status == status]
    else:
        found = [job for job in jobs if job.status == (status or Status.RUNNING)]
    begin = _number(request.get("nextToken") or 0, "nextToken")
    most = FILTERED_PAGE if filters else PAGE
    size = min(_number(request.get("maxResults") or most, "maxResults"), most)
    if size < 1 or begin < 0:
        raise ApiError("ClientException", "maxResults must be at least 1, and nextToken what an answer gave")
    answer: dict[str, Any] = {"jobSummaryList": [job.summary() for job in found[begin : begin + size]]}
    if begin + size < len(found):
        answer["nextToken"] = str(begin + size)
    return answer


def _filter(item: Mapping[str, Any]) -> Callable[[Job], bool]:
    """Make of a filter what tells whether a job passes it."""
    values: Sequence[str] = item.get("values") or ()
    name = item.get("name")
    if name == "JOB_NAME":
        names = [value.lower() for value in values]
        return lambda job: _any(names, job.spec.name.lower())
    if name == "JOB_DEFINITION":
        # By its ARN a definition is meant in one revision.
        return lambda job: job.detail["jobDefinition"] in values or _any(values, job.spec.definition_name)
    if name == _SHARE:
        return lambda job: job.detail.get("shareIdentifier") in values
    if name in {"BEFORE_CREATED_AT", "AFTER_CREATED_AT"}:
        times = [_number(value, f"the value of {name}") for value in values]
        if name == "BEFORE_CREATED_AT":
            return lambda job: any(job.detail["createdAt"] < time for time in times)
        return lambda job: any(job.detail["createdAt"] > time for time in times)
    raise ApiError("ClientException", f"unknown filter {name}")


def _any(patterns: Iterable[str], value: str) -> bool:
    """Whether one matches; an asterisk at its end stands for anything."""
    return any(value.startswith(item[:-1]) if item.endswith("*") else value == item for item in patterns)


def _number(text: Any, what: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ApiError("ClientException", f"{what} is no number: {text}") from None
