"""The edge to AWS: clients, requests, and one translation of what botocore raises."""

from __future__ import annotations

import os
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.exceptions
from botocore.config import Config

from miniwdl_aws_core.aws.rate import SelfTuningRate
from miniwdl_aws_core.aws.surprises import NOT_AWS, in_words, lacks_credentials
from miniwdl_aws_cwlogs.errors import (
    LogAccessError,
    StreamMissingError,
    ThrottledError,
    TokenRefusedError,
    UnreachableError,
)
from miniwdl_aws_cwlogs.stream import Page
from miniwdl_aws_hooks import ConfigurationError, EnvironSettings, LogEvent, MiniwdlAwsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_batch import BatchClient
    from mypy_boto3_logs import CloudWatchLogsClient

__all__ = ["JobSource", "LogSource", "shared_budget", "shared_source", "translate"]

DEFAULT_RATE = 5.0
"""Requests a second: half of the smallest quota that AWS documented for GetLogEvents (10 a second)."""

_THROTTLED = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
)
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "UnrecognizedClientException",
    }
)
_UNREACHABLE = (
    botocore.exceptions.HTTPClientError,
    botocore.exceptions.ConnectionError,
    botocore.exceptions.IncompleteReadError,
)
_NO_CREDENTIALS = (
    botocore.exceptions.NoCredentialsError,
    botocore.exceptions.PartialCredentialsError,
    botocore.exceptions.SSOError,
    botocore.exceptions.TokenRetrievalError,
)
_LOG_IN = "log in to AWS again, or name another profile: AWS_PROFILE, --profile"


def translate(exc: Exception, action: str) -> MiniwdlAwsError:
    """
    Say in this package's terms what a request raised.

    What is none of botocore's own exceptions may pass, as an outage does.

    :param action: what was attempted, completing "can't ...".
    """
    if isinstance(exc, botocore.exceptions.NoRegionError):
        return ConfigurationError(
            f"can't {action}: no AWS region is configured", hint="set AWS_DEFAULT_REGION, or give --region"
        )
    if isinstance(exc, botocore.exceptions.ProfileNotFound):
        return ConfigurationError(f"can't {action}: {exc}", hint="see `aws configure list-profiles`")
    if isinstance(exc, _NO_CREDENTIALS):
        return LogAccessError(f"can't {action}: {exc}", hint=_LOG_IN)
    if isinstance(exc, botocore.exceptions.CredentialRetrievalError) or lacks_credentials(exc):
        return UnreachableError(
            f"can't {action}: no AWS credentials could be had ({in_words(exc)})", hint=_LOG_IN, retryable=True
        )
    if isinstance(exc, botocore.exceptions.ClientError):
        return _translate_answer(exc, action)
    if isinstance(exc, _UNREACHABLE):
        return UnreachableError(
            f"can't {action}: {exc}", hint="check the network, the region and AWS_ENDPOINT_URL", retryable=True
        )
    if isinstance(exc, botocore.exceptions.BotoCoreError):
        return LogAccessError(f"can't {action}: {exc}")
    return _unusable(action, in_words(exc))


def _unusable(action: str, what: str) -> UnreachableError:
    return UnreachableError(f"can't {action}: no usable answer ({what})", hint=NOT_AWS, retryable=True)


@contextmanager
def translated(action: str) -> Iterator[None]:
    """
    Turn whatever is raised inside the block into this package's errors, a name that an answer lacks included.

    :param action: what is attempted, completing "can't ...".
    """
    try:
        yield
    except Exception as exc:
        raise translate(exc, action) from exc


def _translate_answer(exc: botocore.exceptions.ClientError, action: str) -> MiniwdlAwsError:
    error = exc.response.get("Error", {})
    code, message = str(error.get("Code", "")), error.get("Message", "") or str(exc)
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    info = {"code": code, "status": status}
    if code in _THROTTLED or status == 429:
        return ThrottledError(f"can't {action}: too many requests", more_info=info, retryable=True)
    if code.isdigit():
        # AWS gives its errors names; a bare status, with a page for its text, is somebody else's.
        return _unusable(action, f"HTTP status {code}")
    if code == "ResourceNotFoundException":
        return StreamMissingError(f"can't {action}: {message}", more_info=info)
    if code == "InvalidParameterException" and "token" in message.lower():
        return TokenRefusedError(f"can't {action}: {message}", more_info=info)
    if code in _CREDENTIALS:
        return LogAccessError(f"can't {action}: {message}", hint=_LOG_IN, more_info=info)
    if code.startswith("AccessDenied"):
        hint = f"allow {exc.operation_name} in the IAM policy of whoever asks"
        return LogAccessError(f"can't {action}: {message}", hint=hint, more_info=info)
    if status >= 500 or code == "ServiceUnavailableException":
        return UnreachableError(f"can't {action}: {code} {message}", more_info=info, retryable=True)
    return LogAccessError(f"can't {action}: {code}: {message}", more_info=info)


def _config(attempts: int) -> Config:
    return Config(retries={"total_max_attempts": attempts, "mode": "standard"}, connect_timeout=10, read_timeout=30)


def _session(region: str | None, profile: str | None) -> boto3.Session:
    with translated("use AWS"):
        return boto3.Session(region_name=region, profile_name=profile)


class LogSource:
    """GetLogEvents and FilterLogEvents."""

    def __init__(self, client: CloudWatchLogsClient) -> None:
        self._client = client

    @classmethod
    def connect(cls, region: str | None = None, profile: str | None = None) -> LogSource:
        """
        Make a client; nothing is sent yet.

        It makes one attempt per request: a throttled one must reach the budget, and the follower repeats the rest.
        """
        session = _session(region, profile)
        with translated("read CloudWatch Logs"):
            return cls(session.client("logs", config=_config(attempts=1)))

    def get(self, group: str, stream: str, *, token: str | None, start_time: int | None) -> Page:
        """Read the page after a token, or the first one, from its oldest event on."""
        position: dict[str, Any] = {}
        if token is not None:
            position["nextToken"] = token
        if start_time is not None:
            position["startTime"] = start_time
        with translated(f"read log stream {stream} of group {group}"):
            answer = self._client.get_log_events(
                logGroupName=group, logStreamName=stream, startFromHead=True, **position
            )
            events = [LogEvent(event["timestamp"], event["message"], stream) for event in answer["events"]]
            return Page(events, answer["nextForwardToken"])

    def filter(self, group: str, streams: Sequence[str], *, token: str | None, start_time: int) -> Page:
        """Read a page of the events of at most a hundred streams, by time."""
        position: dict[str, Any] = {} if token is None else {"nextToken": token}
        with translated(f"read {len(streams)} log streams of group {group} at once"):
            answer = self._client.filter_log_events(
                logGroupName=group, logStreamNames=list(streams), startTime=start_time, **position
            )
            found = answer["events"]
            events = [LogEvent(event["timestamp"], event["message"], event["logStreamName"]) for event in found]
            ids = [event["eventId"] for event in found]
            ingested = [event["ingestionTime"] for event in found]
            return Page(events, answer.get("nextToken"), _served(answer["ResponseMetadata"]), ids, ingested)


def _served(metadata: Mapping[str, Any]) -> int | None:
    """Time of an answer by the service's clock, which its header has in whole seconds."""
    try:
        return int(parsedate_to_datetime(metadata["HTTPHeaders"]["date"]).timestamp() * 1000)
    except (KeyError, ValueError):
        return None


class JobSource:
    """DescribeJobs."""

    def __init__(self, client: BatchClient) -> None:
        self._client = client

    @classmethod
    def connect(cls, region: str | None = None, profile: str | None = None) -> JobSource:
        """Make a client; nothing is sent yet."""
        session = _session(region, profile)
        with translated("ask AWS Batch"):
            return cls(session.client("batch", config=_config(attempts=5)))

    def describe(self, job_ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Details of at most 100 jobs, each with its id and its status; those that Batch does not know are absent."""
        with translated("ask AWS Batch about the job"):
            jobs = self._client.describe_jobs(jobs=list(job_ids))["jobs"]
            missing = {name for job in jobs for name in ("jobId", "status") if name not in job}
        if missing:
            raise _unusable("ask AWS Batch about the job", f"a job lacks {', '.join(sorted(missing))}")
        return jobs


def shared_source() -> LogSource:
    """Log service of this process: who shares it can share requests, too."""
    return _source_for(tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))))


@lru_cache(maxsize=1)
def _source_for(_settings: tuple[tuple[str, str], ...]) -> LogSource:
    """Source that was made for these settings of the environment, which boto3 reads."""
    return LogSource.connect()


@lru_cache(maxsize=1)
def shared_budget() -> SelfTuningRate:
    """Budget of this process, which everything that follows logs shares: requests a second."""
    return SelfTuningRate(configured_rate())


def configured_rate() -> float:
    """Requests a second by ``[cwlogs] request_rate`` (``MINIWDL__CWLOGS__REQUEST_RATE``)."""
    text = EnvironSettings().get("cwlogs", "request_rate")
    if text is None:
        return DEFAULT_RATE
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1000:
        raise ConfigurationError(
            f"[cwlogs] request_rate (MINIWDL__CWLOGS__REQUEST_RATE) must be a number of requests a second, not {text!r}"
        )
    return rate
