"""
Finds a job whose submission got no answer.

SubmitJob has no token by which AWS would know a repeated request. So each job gets a name that no other job has, and
whoever gets no usable answer looks for the name before asking again. ListJobs lags behind SubmitJob by a time that AWS
does not tell; a job that is found too late is submitted twice, and told apart by the claim that the first one to begin
leaves on the file system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks.errors import MiniwdlAwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from miniwdl_aws_core.batch.job import Job

__all__ = ["PAUSES", "ids_of", "look_for", "named"]

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each look: AWS answers consistently after one or two, as seen by its users; and a half minute more."""


def named(name: str) -> list[dict[str, Any]]:
    """
    Write the filter of ListJobs for one name; with a filter, jobs of every status are listed.

    Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_ListJobs.html
    """
    return [{"name": "JOB_NAME", "values": [name]}]


def ids_of(name: str, jobs: Iterable[Job]) -> list[str]:
    """Pick the jobs of a name, the oldest first; the filter of ListJobs does not mind upper and lower case."""
    found = [job for job in jobs if job.name == name]
    return [job.job_id for job in sorted(found, key=lambda job: job.created_at)]


def look_for(name: str, list_jobs: Callable[[], Iterable[Job]], pause: Callable[[float], bool]) -> list[str]:
    """
    Look for jobs of a name, for as long as ListJobs may lag.

    :param list_jobs: when it fails, which says nothing about the job, the next look counts.
    :param pause: sleeps; True means that there is no time for more looks.
    :return: their ids, the oldest first; nothing when no look has found any.
    """
    for seconds in PAUSES:
        stopped = pause(seconds)
        try:
            found = ids_of(name, list_jobs())
        except MiniwdlAwsError:
            found = []
        if found or stopped:
            return found
    return []
