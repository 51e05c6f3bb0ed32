"""
The edge to AWS Batch: how its requests are repeated, and what its answers must have.

Requests are repeated here and not by botocore, which would also repeat a SubmitJob that may have been carried out.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniwdl_aws_batch_backend.process.admission import ADMISSION
from miniwdl_aws_core.aws import session
from miniwdl_aws_core.aws.backoff import Backoff
from miniwdl_aws_core.aws.errors import AwsError, Case, ErrorFamily, Kind, translated, unusable
from miniwdl_aws_core.aws.session import ATTEMPTS
from miniwdl_aws_core.aws.surprises import is_page
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.lookup import named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_batch import BatchClient

__all__ = ["BatchApi", "connect"]

CONCURRENCY = 32
"""Requests in flight at once, and connections kept."""

_OURS = ErrorFamily(
    cases=(Case("ParamValidationError", hint="see [aws] container_properties and plugins that add to jobs"),)
)


@dataclass(frozen=True)
class Request:
    """What is known of an operation."""

    action: str
    """What is attempted, completing "can't ..."."""
    member: str = ""
    """What an answer must have; of a proxy's page, botocore makes an empty one."""
    items: Sequence[str] = ()
    """What each item of it must have, where it is a list."""
    read: Callable[[Mapping[str, Any]], object] | None = None
    """What is made of each item, while an answer that can't be read can still be asked for again."""


_REQUESTS: Mapping[str, Request] = {
    "deregister_job_definition": Request("deregister the job definition"),
    "describe_compute_environments": Request("look up compute environments", "computeEnvironments"),
    "describe_job_definitions": Request(
        "look up the job definition", "jobDefinitions", ("jobDefinitionArn", "revision")
    ),
    "describe_job_queues": Request("look up the job queue", "jobQueues"),
    "describe_jobs": Request("look up jobs", "jobs", ("jobId", "status"), Job.of),
    "list_jobs": Request("list the jobs of the queue", "jobSummaryList", ("jobId", "status"), Job.of),
    "register_job_definition": Request("register the job definition", "jobDefinitionArn"),
    "submit_job": Request("submit the job", "jobId"),
    "terminate_job": Request("stop the job"),
    "terminate_jobs": Request("stop the jobs"),
}


def connect(region: str | None) -> BatchClient:
    """
    Make the client.

    :param region: from ``[aws] region``.
    """
    client: BatchClient = session.connect("batch", region, attempts=1, connections=CONCURRENCY, family=_OURS)
    return client


def _lacking(request: Request, answer: Mapping[str, Any]) -> str | None:
    """Name what an answer must have and lacks."""
    if not request.member:
        return "all but a page" if is_page(answer) else None
    if request.member not in answer:
        return request.member
    return next((name for name in request.items if any(name not in item for item in answer[request.member])), None)


class BatchApi:
    """AWS Batch with translated errors, repeated requests and a limit on those in flight."""

    BACKOFF = Backoff(0.5, 10.0)

    def __init__(
        self,
        client: Any,
        attempts: int = ATTEMPTS,
        *,
        sleep: Callable[[float], object] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """
        Talk through a client.

        :param client: botocore's, or a fake with its methods.
        :param attempts: how often a request is tried, unless the caller does that itself.
        """
        self._client = client
        self._attempts = attempts
        self._sleep = sleep
        self._jitter = jitter
        self._slots = threading.BoundedSemaphore(CONCURRENCY)

    def knows(self, operation: str) -> bool:
        """Whether the client has an operation: older versions of botocore lack newer ones."""
        return hasattr(self._client, operation)

    def call(self, operation: str, *, gives_way: bool = False, **request: Any) -> dict[str, Any]:
        """
        Send a request that does no harm when it is carried out twice.

        :param operation: method of the client, ``describe_jobs`` for instance.
        :param gives_way: don't send it again when it is throttled; the caller sends fewer then.
        :raises AwsError: when it was refused, or failed too often.
        """
        attempt = 1
        with ADMISSION.outside():
            while True:
                try:
                    return self.call_once(operation, **request)
                except AwsError as exc:
                    gone = gives_way and exc.kind is Kind.THROTTLED
                    if gone or not exc.retryable or attempt >= self._attempts:
                        raise
                    self._sleep(self.BACKOFF.pause(attempt, self._jitter()))
                    attempt += 1

    def call_once(self, operation: str, **request: Any) -> dict[str, Any]:
        """
        Send a request once.

        :raises AwsError: whatever happened, an answer without what the operation always tells included.
        """
        known = _REQUESTS.get(operation) or Request(f"ask AWS Batch: {operation}")
        send = getattr(self._client, operation)
        with ADMISSION.outside(), self._slots, translated(known.action, _OURS):
            answer: dict[str, Any] = send(**request)
            if missing := _lacking(known, answer):
                raise unusable(known.action, f"it lacks {missing}", _OURS)
            if known.read:
                answer = {**answer, known.member: [known.read(item) for item in answer[known.member]]}
        return answer

    def definitions(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Active job definitions of a name."""
        answer = self.call("describe_job_definitions", jobDefinitionName=name, status="ACTIVE")
        found: Sequence[Mapping[str, Any]] = answer["jobDefinitions"]
        return found

    def register(self, definition: Mapping[str, Any]) -> str:
        """Register a job definition; give its ARN."""
        return str(self.call("register_job_definition", **definition)["jobDefinitionArn"])

    def describe(self, job_ids: Sequence[str], *, gives_way: bool = False) -> Sequence[Job]:
        """At most 100 jobs; those unknown to AWS are absent."""
        found: Sequence[Job] = self.call("describe_jobs", gives_way=gives_way, jobs=list(job_ids))["jobs"]
        return found

    def named(self, queue: str, name: str) -> Sequence[Job]:
        """Jobs of that name in a queue, as far as ListJobs knows them yet."""
        found: Sequence[Job] = self.call("list_jobs", jobQueue=queue, filters=named(name))["jobSummaryList"]
        return found
