"""What this distribution answers to the hooks. Heavy imports stay inside the functions: every ``--help`` loads this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniwdl_aws_hooks import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniwdl_aws_hooks import Check, FollowRequest, JobChange, LogEvent, PreflightContext


@hookimpl(trylast=True)  # it claims every log
def miniwdl_aws_follow_logs(request: FollowRequest) -> Iterator[LogEvent]:
    """Read the stream from CloudWatch Logs, with requests and a budget that all streams of the process share."""
    from miniwdl_aws_cwlogs.answers.multiplex import multiplexer
    from miniwdl_aws_cwlogs.asking.turns import Followed
    from miniwdl_aws_cwlogs.log_source import shared_source
    from miniwdl_aws_cwlogs.stream import LogStream

    stream = LogStream(shared_source(request.region), request.group, request.stream, start_time=request.start_time)
    return multiplexer().follow(
        lambda reader: Followed(stream, request.job_ended, request.end_marker, request.grace, reader)
    )


@hookimpl
def miniwdl_aws_job_changed(change: JobChange) -> None:
    """Note the job's log stream in the task's run directory as soon as it is known."""
    from miniwdl_aws_cwlogs.answers.stream_notes import note_stream

    note_stream(change)


@hookimpl
def miniwdl_aws_preflight(context: PreflightContext) -> Sequence[Check]:
    """Check that the log group of Batch jobs may be read, and say for how long it keeps events."""
    from miniwdl_aws_core.options.shared import AwsOptions
    from miniwdl_aws_cwlogs.answers.preflight import check_log_group
    from miniwdl_aws_cwlogs.log_source import LogSource

    source = LogSource.connect(AwsOptions(context.settings).region)
    return [check_log_group(source, source.retention)]
