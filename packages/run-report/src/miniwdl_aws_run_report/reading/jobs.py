"""
Reads a run out of what AWS Batch tells of its jobs: of one under way, whose files a laptop does not see. Pure.

AWS Batch knows when jobs were submitted, started and stopped, what they asked for, and why they ended; not what they
used, nor which calls the call cache answered.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from miniwdl_aws_core.batch.attempts import lost_hosts
from miniwdl_aws_core.batch.run_end import RunEnd
from miniwdl_aws_core.batch.tags import TaskTags
from miniwdl_aws_core.terminal import plain
from miniwdl_aws_run_report.model import Call, Failure, Run, State, Try, TryEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miniwdl_aws_core.batch.job import Job

__all__ = ["run_from_jobs"]

_NO_MEMORY = "OutOfMemory"


def run_from_jobs(name: str, job: Job, tasks: Iterable[Job], *, now: float) -> Run:
    """
    Make a run.

    :param job: the workflow job.
    :param tasks: those of its tasks, the oldest first.
    :param now: seconds since the epoch.
    """
    by_call: dict[str, list[tuple[TaskTags, Job]]] = defaultdict(list)
    run_dir = ""
    for task in tasks:
        if tags := TaskTags.read(task.tags):
            by_call[tags.call].append((tags, task))
            run_dir = tags.run_dir
    end = RunEnd.read(job.tags)
    state = State.RUNNING if not job.ended else State.SUCCEEDED if job.status == "SUCCEEDED" else State.FAILED
    reason = end.why or job.reason or "it failed"
    return Run(
        name=plain(run_dir or name),
        target=plain(name),
        state=state,
        calls=tuple(_call(path, found) for path, found in by_call.items()),
        began=_seconds(job.started_at or job.created_at),
        ended=_seconds(job.stopped_at),
        failure=Failure(plain(reason), exit_code=job.exit_code) if state is State.FAILED else None,
        directory=plain(end.run_dir),
        folder=plain(end.results),
        job_id=job.job_id,
        notes=("AWS Batch alone was asked: it knows neither cached calls, nor what tasks used, nor the outputs",),
        read_at=now,
    )


def _call(path: str, found: Sequence[tuple[TaskTags, Job]]) -> Call:
    tries = tuple(_try(place, job) for place, (_, job) in enumerate(found, start=1))
    latest = found[-1][1]
    if not latest.ended:
        state = State.RUNNING if latest.status == "RUNNING" else State.WAITING
    else:
        state = State.SUCCEEDED if latest.status == "SUCCEEDED" else State.FAILED
    ended = tries[-1].stopped if latest.ended else None
    message = plain(latest.reason) if state is State.FAILED else ""
    return Call(plain(path), plain(found[0][0].task), state, tries, tries[0].created, ended, message)


def _try(number: int, job: Job) -> Try:
    stream = job.stream
    return Try(
        number=number,
        end=_end(job),
        created=_seconds(job.created_at),
        started=_seconds(job.started_at),
        stopped=_seconds(job.stopped_at),
        exit_code=job.exit_code,
        reason=plain(job.reason),
        job_id=job.job_id,
        queue=plain(job.queue),
        log_group=plain(stream.group) if stream else "",
        log_stream=plain(stream.name) if stream else "",
        image=plain(job.image),
        vcpus=_number(job.resources.get("VCPU")),
        memory=int(_number(job.resources.get("MEMORY")) or 0) or None,
        gpus=int(_number(job.resources.get("GPU")) or 0) or None,
        host=plain(job.container_instance_arn or ""),
    )


def _end(job: Job) -> TryEnd:
    if not job.ended:
        return TryEnd.UNDER_WAY
    if job.status == "SUCCEEDED":
        return TryEnd.SUCCEEDED
    if job.was_stopped:
        return TryEnd.STOPPED
    if lost_hosts(job):
        return TryEnd.HOST_LOST
    return TryEnd.OUT_OF_MEMORY if _NO_MEMORY in job.container_reason else TryEnd.FAILED


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _seconds(milliseconds: int | None) -> float | None:
    return milliseconds / 1000 if milliseconds else None
