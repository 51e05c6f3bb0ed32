"""Rules of AWS Batch for requests about jobs and queues that are there. Pure."""

from __future__ import annotations

from typing import Any

from miniwdl_aws_core.batch.limits import MAX_DESCRIBE, MAX_NAME, MAX_REASON, MAX_STOP
from miniwdl_aws_core.rules.checks import at_most, matches
from miniwdl_aws_core.rules.rule import Rule

__all__ = ["RULES"]

_API = "https://docs.aws.amazon.com/batch/latest/APIReference/API_"
_STOPPING = tuple(f"batch:{name}" for name in ("TerminateJob", "TerminateJobs", "CancelJob", "CancelJobs"))
_FILTERED_PAGE = 100


def _one_page(request: Any) -> bool:
    return "filters" not in request or request.get("maxResults", 1) <= _FILTERED_PAGE


RULES = (
    Rule(
        "batch-describe-jobs", ("batch:DescribeJobs",), ("jobs",), at_most(MAX_DESCRIBE),
        f"At most {MAX_DESCRIBE} jobs can be described at once.", _API + "DescribeJobs.html",
    ),
    Rule(
        "batch-describe-queues", ("batch:DescribeJobQueues",), ("jobQueues",), at_most(MAX_DESCRIBE),
        f"At most {MAX_DESCRIBE} job queues can be described at once.", _API + "DescribeJobQueues.html",
    ),
    Rule(
        "batch-describe-definitions", ("batch:DescribeJobDefinitions",), ("jobDefinitions",), at_most(MAX_DESCRIBE),
        f"At most {MAX_DESCRIBE} job definitions can be described at once.", _API + "DescribeJobDefinitions.html",
    ),
    Rule(
        "batch-stop-jobs", _STOPPING, ("jobs",), lambda jobs: 1 <= len(jobs) <= MAX_STOP,
        f"1 to {MAX_STOP} jobs can be stopped at once.", _API + "TerminateJobs.html",
    ),
    Rule(
        "batch-stop-reason", _STOPPING, ("reason",), lambda reason: 1 <= len(reason) <= MAX_REASON,
        f"The reason for which a job is stopped has 1 to {MAX_REASON} characters.", _API + "TerminateJob.html",
    ),
    Rule(
        "batch-one-filter", ("batch:ListJobs",), ("filters",), at_most(1),
        "ListJobs takes one filter.", _API + "ListJobs.html",
    ),
    Rule(
        "batch-filtered-page", ("batch:ListJobs",), ("",), _one_page,
        f"With a filter, ListJobs gives at most {_FILTERED_PAGE} jobs a page.", _API + "ListJobs.html",
    ),
    Rule(
        "batch-queue-name", ("batch:CreateJobQueue",), ("jobQueueName",),
        matches(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{MAX_NAME - 1}}}"),
        f"The name of a job queue has up to {MAX_NAME} letters, digits, hyphens and underscores.",
        _API + "CreateJobQueue.html",
    ),
)  # fmt: skip
