"""The edge to AWS Batch: the client, and its errors as sentences. Imports boto3."""

from __future__ import annotations

import os
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
)

from miniwdl_aws_core.aws.surprises import NOT_AWS, in_words, is_page, lacks_credentials
from miniwdl_aws_core.batch.lookup import ids_of, look_for, named
from miniwdl_aws_hooks.errors import ConfigurationError, MiniwdlAwsError
from miniwdl_aws_submit_cli.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_batch import BatchClient

__all__ = ["Batch", "connect", "translated"]

MAX_DESCRIBE = 100
"""Job ids in one DescribeJobs request."""

API_ATTEMPTS = 8
"""Attempts of one request; more than botocore's three, since accounts with many runs are throttled now and then."""

MAX_UNANSWERED = 3
"""Submissions without an answer after which a user should know: each is looked for a quarter of a minute."""

LONGEST_PAUSE = 10.0
"""Seconds between two attempts to submit a job."""

CONNECT_TIMEOUT = 10
"""Seconds; botocore's minute, taken eight times, would look like a hang."""

_CREDENTIALS_HINT = "`aws configure` or `aws sso login` sets them up; AWS_PROFILE chooses among several"

_EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_TRANSIENT = frozenset(
    {
        "InternalError",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServerException",
        "ServiceUnavailable",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """
    Turn whatever is raised inside the block into our errors, a name that an answer lacks included.

    :param action: what was being done, an infinitive: ``submit the job``.
    :raises ConfigurationError: when the region or a profile is missing.
    :raises RefusedError: whatever else, with ``retryable`` saying whether the same request may succeed later.
    """
    try:
        yield
    except MiniwdlAwsError:
        raise
    except Exception as exc:
        raise _translate(action, exc) from exc


def _translate(action: str, exc: Exception) -> MiniwdlAwsError:
    if isinstance(exc, NoRegionError):
        return ConfigurationError(
            "no AWS region is configured", hint="set AWS_DEFAULT_REGION, or `aws configure set region REGION`"
        )
    if isinstance(exc, ProfileNotFound):
        return ConfigurationError(str(exc), hint="AWS_PROFILE names a profile of ~/.aws/config")
    if isinstance(exc, (NoCredentialsError, PartialCredentialsError)):
        return RefusedError(f"can't {action}: no AWS credentials were found", hint=_CREDENTIALS_HINT)
    if isinstance(exc, EndpointConnectionError):
        return RefusedError(
            f"can't {action}: {exc.kwargs.get('endpoint_url', 'AWS')} can't be reached",
            hint="check the network, and AWS_DEFAULT_REGION or AWS_ENDPOINT_URL if set",
            retryable=True,
        )
    if "Token" in type(exc).__name__ and isinstance(exc, BotoCoreError):
        return RefusedError(f"can't {action}: {str(exc).rstrip('.')}", retryable=False)
    if isinstance(exc, CredentialRetrievalError) or lacks_credentials(exc):
        return RefusedError(
            f"can't {action}: no AWS credentials could be had ({in_words(exc)})", hint=_CREDENTIALS_HINT, retryable=True
        )
    if isinstance(exc, ClientError):
        return _refused(action, exc)
    if isinstance(exc, ParamValidationError):
        return RefusedError(f"can't {action}: {str(exc).rstrip('.')}", retryable=False)
    if isinstance(exc, BotoCoreError):
        # The rest is network trouble, of which the text says enough.
        error = RefusedError(f"can't {action}: {str(exc).rstrip('.')}", retryable=True)
        error.ambiguous = not isinstance(exc, (ConnectTimeoutError, ProxyConnectionError))
        return error
    return _unusable(action, in_words(exc))


def _unusable(action: str, what: str) -> RefusedError:
    error = RefusedError(f"can't {action}: no usable answer ({what})", hint=NOT_AWS, retryable=True)
    error.ambiguous = True
    return error


def _refused(action: str, exc: ClientError) -> RefusedError:
    detail = exc.response.get("Error", {})
    code, message = str(detail.get("Code", "")), str(detail.get("Message", "")).strip().rstrip(".")
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code.isdigit():
        # AWS gives its errors names; a bare status, with a page for its text, is somebody else's.
        return _unusable(action, f"HTTP status {code}")
    if code in _EXPIRED:
        return RefusedError(
            f"can't {action}: AWS does not accept the credentials ({message or code})",
            hint=_CREDENTIALS_HINT,
            retryable=False,
        )
    if code in _DENIED:
        return RefusedError(
            f"can't {action}: permission is missing ({message or code})",
            hint=f"the IAM user or role needs batch:{exc.operation_name}",
            retryable=False,
        )
    error = RefusedError(f"can't {action}: {message or code}", retryable=code in _TRANSIENT or status >= 500)
    error.ambiguous = status >= 500
    return error


def _whole(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Copy an item of an answer that has what it must have; raises ``KeyError`` otherwise."""
    for name in names:
        _ = item[name]
    return dict(item)


def connect() -> Batch:
    """Make the client from the AWS configuration of this machine."""
    config = Config(connect_timeout=CONNECT_TIMEOUT, retries={"mode": "standard", "max_attempts": API_ATTEMPTS})
    if "AWS_MAX_ATTEMPTS" in os.environ:
        config = Config(connect_timeout=CONNECT_TIMEOUT)
    with translated("connect to AWS Batch"):
        session = boto3.Session()
        if not session.region_name:  # an empty variable hides the configuration file, and botocore takes it for a name
            raise NoRegionError
        client: BatchClient = session.client("batch", config=config)
        # botocore would send SubmitJob again whether or not AWS has acted on it.
        submitter: BatchClient = session.client("batch", config=config.merge(Config(retries={"total_max_attempts": 1})))
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

    def queues(self) -> list[dict[str, Any]]:
        """Describe all job queues of the account; there are at most 50, tags included."""
        with translated("look up the job queues"):
            pages = self._client.get_paginator("describe_job_queues").paginate()
            return [_whole(queue, "jobQueueName", "jobQueueArn") for page in pages for queue in page["jobQueues"]]

    def ensure_definition(self, definition: dict[str, Any]) -> str:
        """Find the newest active definition of that name, whose name is its content, or register it; return its ARN."""
        with translated("look up the job definition"):
            found = self._client.describe_job_definitions(
                jobDefinitionName=definition["jobDefinitionName"], status="ACTIVE"
            )["jobDefinitions"]
            if found:
                return max(found, key=lambda item: item["revision"])["jobDefinitionArn"]
        with translated("register the workflow job's definition"):
            return self._client.register_job_definition(**definition)["jobDefinitionArn"]

    def submit(self, request: dict[str, Any], tell: Callable[[str], None] = lambda _text: None) -> str:
        """
        Submit a job, once: where there is no answer, it is looked for before it is submitted again.

        :param request: whose ``jobName`` no other job has.
        :param tell: hears why it takes longer.
        :return: its id.
        """
        attempt = unanswered = 0
        while True:
            attempt += 1
            try:
                with translated("submit the workflow job"):
                    return self._submitter.submit_job(**request)["jobId"]
            except RefusedError as exc:
                if exc.ambiguous:
                    unanswered += 1
                    tell(f"{exc.message}; looking whether AWS Batch took the job")
                    if found := self._taken(request):
                        return found
                if not exc.retryable or attempt >= API_ATTEMPTS or unanswered >= MAX_UNANSWERED:
                    if unanswered:
                        taken = "AWS Batch may have taken the job all the same: see `miniwdl-aws list`"
                        exc.hint = f"{exc.hint}; {taken}" if exc.hint else taken
                    raise
            self._sleep(min(LONGEST_PAUSE, 0.5 * 2**attempt) * (0.5 + random.random() / 2))  # noqa: S311 - a jitter

    def twins(self, name: str, queue: str) -> list[str]:
        """Ids of the jobs of a name, the oldest first: more than one when a submission got no answer."""
        return ids_of(name, self.list_jobs(queue, filters=named(name)))

    def _taken(self, request: Mapping[str, Any]) -> str | None:
        name, queue = request["jobName"], request["jobQueue"]

        def pause(seconds: float) -> bool:
            self._sleep(seconds)
            return False

        return next(iter(look_for(name, lambda: self.list_jobs(queue, filters=named(name)), pause)), None)

    def describe(self, job_ids: list[str]) -> dict[str, dict[str, Any]]:
        """Describe jobs by id; one that AWS doesn't know, or not yet, is absent from the answer."""
        with translated("look up the job"):
            found: dict[str, dict[str, Any]] = {}
            for start in range(0, len(job_ids), MAX_DESCRIBE):
                jobs = self._client.describe_jobs(jobs=job_ids[start : start + MAX_DESCRIBE])["jobs"]
                found.update((job["jobId"], _whole(job, "jobName", "status")) for job in jobs)
            return found

    def list_jobs(
        self, queue: str, *, status: str | None = None, filters: list[dict[str, Any]] | None = None
    ) -> Iterator[dict[str, Any]]:
        """List jobs of a queue, of one status or those that a filter selects."""
        selection: dict[str, Any] = {"jobStatus": status} if status else {"filters": filters}
        with translated("list the jobs of the queue"):
            for page in self._client.get_paginator("list_jobs").paginate(jobQueue=queue, **selection):
                yield from (_whole(job, "jobId", "jobName", "status", "createdAt") for job in page["jobSummaryList"])

    def queue_front(self, queue: str) -> list[str]:
        """Ids of the first RUNNABLE jobs of a queue, at most 100, in the order in which they will start."""
        with translated("look at the front of the queue"):
            snapshot = self._client.get_job_queue_snapshot(jobQueue=queue)
            jobs = snapshot.get("frontOfQueue", {}).get("jobs", [])
            return [job["jobArn"].rpartition("/")[2] for job in jobs]

    def terminate(self, job_id: str, reason: str) -> None:
        """Stop a job at whatever state it is in."""
        with translated("stop the job"):
            answer: Mapping[str, Any] = self._client.terminate_job(jobId=job_id, reason=reason)
            if is_page(answer):
                raise _unusable("stop the job", "a page")
