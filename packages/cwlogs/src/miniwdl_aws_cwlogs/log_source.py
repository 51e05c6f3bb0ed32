"""The edge to AWS: the requests, and what their errors mean here. Imports botocore once it makes a client."""

from __future__ import annotations

import os
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from miniwdl_aws_core.aws.errors import Case, ErrorFamily, translated, unusable
from miniwdl_aws_core.aws.rate import SelfTuningRate
from miniwdl_aws_core.aws.session import connect, region_in
from miniwdl_aws_core.batch.job import Job
from miniwdl_aws_cwlogs.configuration import CwlogsOptions
from miniwdl_aws_cwlogs.errors import (
    LogAccessError,
    StreamMissingError,
    ThrottledError,
    TokenRefusedError,
    UnreachableError,
)
from miniwdl_aws_cwlogs.stream import Page
from miniwdl_aws_hooks import EnvironSettings, LogEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_batch import BatchClient
    from mypy_boto3_logs import CloudWatchLogsClient

__all__ = ["JobSource", "LogSource", "shared_budget", "shared_source"]

_OURS = ErrorFamily(
    refused=LogAccessError,
    trouble=UnreachableError,
    throttled=ThrottledError,
    cases=(
        Case("ResourceNotFoundException", StreamMissingError),
        Case("InvalidParameterException", TokenRefusedError, says="token"),
    ),
)
_asking = partial(translated, family=_OURS)


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
        return cls(connect("logs", region, profile=profile, attempts=1, family=_OURS))

    def retention(self, group: str) -> int | None:
        """
        Look up for how many days a log group keeps events.

        :return: ``None`` for ever.
        """
        with _asking(f"look up log group {group}"):
            found = self._client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            return next((item.get("retentionInDays") for item in found if item["logGroupName"] == group), None)

    def get(self, group: str, stream: str, *, token: str | None, start_time: int | None) -> Page:
        """Read the page after a token, or the first one, from its oldest event on."""
        position: dict[str, Any] = {}
        if token is not None:
            position["nextToken"] = token
        if start_time is not None:
            position["startTime"] = start_time
        with _asking(f"read log stream {stream} of group {group}"):
            answer = self._client.get_log_events(
                logGroupName=group, logStreamName=stream, startFromHead=True, **position
            )
            events = [LogEvent(int(event["timestamp"]), event["message"], stream) for event in answer["events"]]
            return Page(events, answer["nextForwardToken"])

    def filter(self, group: str, streams: Sequence[str], *, token: str | None, start_time: int) -> Page:
        """Read a page of the events of at most a hundred streams, by time."""
        position: dict[str, Any] = {} if token is None else {"nextToken": token}
        with _asking(f"read {len(streams)} log streams of group {group} at once"):
            answer = self._client.filter_log_events(
                logGroupName=group, logStreamNames=list(streams), startTime=start_time, **position
            )
            found = answer["events"]
            events = [LogEvent(int(event["timestamp"]), event["message"], event["logStreamName"]) for event in found]
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
        """
        Make a client; nothing is sent yet.

        It makes two attempts per request: lines wait for the answer, and whoever watches jobs asks again by itself.
        """
        return cls(connect("batch", region, profile=profile, attempts=2, family=_OURS))

    def describe(self, job_ids: Sequence[str]) -> Sequence[Job]:
        """At most 100 jobs; those that Batch does not know are absent."""
        with _asking("ask AWS Batch about the job"):
            jobs = self._client.describe_jobs(jobs=list(job_ids))["jobs"]
            missing = {name for job in jobs for name in ("jobId", "status") if name not in job}
            if missing:
                raise unusable("ask AWS Batch about the job", f"a job lacks {', '.join(sorted(missing))}", _OURS)
            return list(map(Job.of, jobs))


def shared_source(region: str | None = None) -> LogSource:
    """
    Log service of this process: who shares it can share requests, too.

    :param region: where jobs log to another one than that of this process.
    """
    return _source_for(
        region or region_in(os.environ),
        tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))),
    )


@lru_cache(maxsize=8)
def _source_for(region: str | None, _settings: tuple[tuple[str, str], ...]) -> LogSource:
    """Source that was made for these settings of the environment, which botocore reads."""
    return LogSource.connect(region)


@lru_cache(maxsize=1)
def shared_budget() -> SelfTuningRate:
    """Budget of this process, which everything that follows logs shares: requests a second."""
    return SelfTuningRate(CwlogsOptions(EnvironSettings()).request_rate)
