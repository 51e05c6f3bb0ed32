"""What this distribution answers to the hooks. Heavy imports stay inside the functions: every ``--help`` loads this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniwdl_aws_hooks import Check, FollowRequest, JobChange, LogEvent, PreflightContext


@hookimpl
def miniwdl_aws_follow_logs(request: FollowRequest) -> Iterator[LogEvent]:
    """Read the stream from CloudWatch Logs, within the budget that all streams of the process share."""
    from miniwdl_aws_cwlogs.client import LogSource, shared_budget
    from miniwdl_aws_cwlogs.follower import FixedStreams, Followed, Follower
    from miniwdl_aws_cwlogs.stream import LogStream

    stream = LogStream(LogSource.connect(), request.group, request.stream)
    followed = Followed(stream, job_ended=request.job_ended, end_marker=request.end_marker)
    return Follower(shared_budget()).events(FixedStreams([followed]))


@hookimpl
def miniwdl_aws_job_changed(change: JobChange) -> None:
    """Note the job's log stream in the task's run directory as soon as it is known."""
    from miniwdl_aws_cwlogs.stream_notes import note_stream

    note_stream(change)


@hookimpl
def miniwdl_aws_preflight(context: PreflightContext) -> Sequence[Check]:
    """Check that the log group of Batch jobs may be read."""
    from miniwdl_aws_cwlogs.client import LogSource
    from miniwdl_aws_cwlogs.preflight import check_log_group

    return [check_log_group(LogSource.connect(context.settings.get("aws", "region")))]
