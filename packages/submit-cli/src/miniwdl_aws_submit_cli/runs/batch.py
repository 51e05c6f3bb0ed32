"""The edge to AWS Batch: its requests, and what their errors mean here. Imports botocore once it makes a client."""

from __future__ import annotations

import random
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws import session
from miniwdl_aws_core.aws.backoff import Backoff
from miniwdl_aws_core.aws.codes import Kind
from miniwdl_aws_core.aws.errors import ErrorFamily, translated, unusable
from miniwdl_aws_core.aws.session import ATTEMPTS
from miniwdl_aws_core.aws.surprises import is_page
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_core.batch.limits import MAX_DESCRIBE
from miniwdl_aws_core.batch.lookup import ids_of, look_for, named
from miniwdl_aws_core.batch.registry import DefinitionRegistry
from miniwdl_aws_submit_cli.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_batch import BatchClient

    from miniwdl_aws_core.aws.rate import SelfTuningRate

__all__ = ["Batch", "connect"]


MAX_UNANSWERED = 3
"""Submissions without an answer after which a user should know: each is looked for a quarter of a minute."""

BACKOFF = Backoff(1.0, 10.0)
"""Pauses between two attempts to submit a job."""

_OURS = ErrorFamily(refused=RefusedError)
_asking = partial(translated, family=_OURS)


def _whole(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Copy an item of an answer that has what it must have; raises ``KeyError`` otherwise."""
    for name in names:
        _ = item[name]
    return dict(item)


def connect() -> Batch:
    """
    Make the clients from the AWS configuration of this machine.

    :raises RefusedError: when credentials can't be had.
    :raises NotConfiguredError: when the region or a profile is missing or wrong.
    """
    shared = session.open_session()
    client: BatchClient = session.connect("batch", session=shared, family=_OURS)
    # botocore would send SubmitJob again whether or not AWS has acted on it.
    submitter: BatchClient = session.connect("batch", session=shared, attempts=1, family=_OURS)
    return Batch(client, submitter)


class Batch:
    """The requests that a submission and the management of runs need, each with its errors translated."""

    def __init__(
        self, client: BatchClient, submitter: BatchClient | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """
        Talk through clients.

        :param submitter: sends each request once; the other one where that does so.
        """
        self._client = client
        self._submitter = submitter or client
        self._sleep = sleep

    @property
    def region(self) -> str:
        """Region of the client."""
        return self._client.meta.region_name

    @property
    def endpoint(self) -> str:
        """URL of whom the client asks."""
        return self._client.meta.endpoint_url

    def queues(self) -> list[dict[str, Any]]:
        """Describe all job queues of the account; there are at most 50, tags included."""
        with _asking("look up the job queues"):
            pages = self._client.get_paginator("describe_job_queues").paginate()
            return [_whole(queue, "jobQueueName", "jobQueueArn") for page in pages for queue in page["jobQueues"]]

    def ensure_definition(self, definition: dict[str, Any]) -> str:
        """Find the newest active definition of that name, whose name is its content, or register it; return its ARN."""
        return DefinitionRegistry(self._definitions, self._register).arn_of(definition)

    def _definitions(self, name: str) -> Sequence[Mapping[str, Any]]:
        with _asking("look up the job definition"):
            answer = self._client.describe_job_definitions(jobDefinitionName=name, status="ACTIVE")
            return [_whole(item, "jobDefinitionArn", "revision") for item in answer["jobDefinitions"]]

    def _register(self, definition: Mapping[str, Any]) -> str:
        with _asking("register the workflow job's definition"):
            return self._client.register_job_definition(**definition)["jobDefinitionArn"]

    def definitions(self) -> Iterator[dict[str, Any]]:
        """Describe all active job definitions of the account, tags included; AWS has no way to select some of them."""
        with _asking("look up the job definitions"):
            pages = self._client.get_paginator("describe_job_definitions").paginate(status="ACTIVE")
            for page in pages:
                yield from (_whole(item, "jobDefinitionArn", "jobDefinitionName") for item in page["jobDefinitions"])

    def deregister(self, arn: str) -> None:
        """Deregister a job definition."""
        self._send("deregister the job definition", lambda: self._client.deregister_job_definition(jobDefinition=arn))

    def submit(
        self,
        request: dict[str, Any],
        tell: Callable[[str], None] = lambda _text: None,
        rate: SelfTuningRate | None = None,
    ) -> str:
        """
        Submit a job, once: where there is no answer, it is looked for before it is submitted again.

        :param request: whose ``jobName`` no other job has.
        :param tell: hears why it takes longer.
        :param rate: of many submissions at once, which AWS may throttle.
        :return: its id.
        """
        attempt = unanswered = 0
        while True:
            attempt += 1
            try:
                return self._send_job(request, rate)
            except RefusedError as exc:
                if exc.ambiguous:
                    unanswered += 1
                    tell(f"{exc.message}; looking whether AWS Batch took the job")
                    if found := self._taken(request):
                        return found
                if not exc.retryable or attempt >= ATTEMPTS or unanswered >= MAX_UNANSWERED:
                    if unanswered:
                        taken = "AWS Batch may have taken the job all the same: see `miniwdl-aws list`"
                        exc.hint = f"{exc.hint}; {taken}" if exc.hint else taken
                    raise
            self._sleep(BACKOFF.pause(attempt, random.random()))  # noqa: S311 - a jitter

    def _send_job(self, request: dict[str, Any], rate: SelfTuningRate | None) -> str:
        if rate:
            rate.acquire()
        try:
            with _asking("submit the workflow job"):
                job_id = self._submitter.submit_job(**request)["jobId"]
        except RefusedError as exc:
            if rate and exc.kind is Kind.THROTTLED:
                rate.throttled()
            raise
        if rate:
            rate.succeeded()
        return job_id

    def twins(self, name: str, queue: str) -> list[str]:
        """Ids of the jobs of a name, the oldest first: more than one when a submission got no answer."""
        return ids_of(name, self.list_jobs(queue, filters=named(name)))

    def _taken(self, request: Mapping[str, Any]) -> str | None:
        name, queue = request["jobName"], request["jobQueue"]

        def pause(seconds: float) -> bool:
            self._sleep(seconds)
            return False

        return next(iter(look_for(name, lambda: self.list_jobs(queue, filters=named(name)), pause)), None)

    def describe(self, job_ids: list[str]) -> dict[str, Job]:
        """Describe jobs by id; one that AWS doesn't know, or not yet, is absent from the answer."""
        with _asking("look up the job"):
            found: dict[str, Job] = {}
            for start in range(0, len(job_ids), MAX_DESCRIBE):
                jobs = self._client.describe_jobs(jobs=job_ids[start : start + MAX_DESCRIBE])["jobs"]
                found.update((job["jobId"], Job.of(_whole(job, "jobName"))) for job in jobs)
            return found

    def list_jobs(
        self, queue: str, *, status: str | None = None, filters: list[dict[str, Any]] | None = None
    ) -> Iterator[Job]:
        """List jobs of a queue, of one status or those that a filter selects."""
        selection: dict[str, Any] = {"jobStatus": status} if status else {"filters": filters}
        with _asking("list the jobs of the queue"):
            for page in self._client.get_paginator("list_jobs").paginate(jobQueue=queue, **selection):
                yield from (Job.of(_whole(job, "jobName", "createdAt")) for job in page["jobSummaryList"])

    def queue_front(self, queue: str) -> list[str]:
        """Ids of the first RUNNABLE jobs of a queue, at most 100, in the order in which they will start."""
        with _asking("look at the front of the queue"):
            snapshot = self._client.get_job_queue_snapshot(jobQueue=queue)
            jobs = snapshot.get("frontOfQueue", {}).get("jobs", [])
            return [job["jobArn"].rpartition("/")[2] for job in jobs]

    def terminate(self, job_id: str, reason: str) -> None:
        """Stop a job at whatever state it is in."""
        self._send("stop the job", lambda: self._client.terminate_job(jobId=job_id, reason=reason))

    @staticmethod
    def _send(action: str, send: Callable[[], Mapping[str, Any]]) -> None:
        """Send what AWS answers without saying anything; a page in place of that is a proxy's."""
        with _asking(action):
            if is_page(send()):
                raise unusable(action, "a page", _OURS)
