"""One attempt of a job: from the vCPUs it got to its end, with whatever the fault plan does to it."""

from __future__ import annotations

import json
import logging
import os
import re
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from miniwdl_aws_local_cloud.batch.jobs import Status, now_ms
from miniwdl_aws_local_cloud.batch.machine import instance_arn
from miniwdl_aws_local_cloud.batch.runner import ESSENTIAL_EXITED, Ended, Launch, StartError
from miniwdl_aws_local_cloud.door.faults import Fault, FaultKind, FaultPlan

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from miniwdl_aws_local_cloud.batch.jobs import Job, JobSpec
    from miniwdl_aws_local_cloud.batch.runner import Execution, Runner
    from miniwdl_aws_local_cloud.logs.capture import LogSink, LogWriter

__all__ = ["TIMED_OUT", "Attempt", "AttemptContext", "Outcome", "without_mounts"]

logger = logging.getLogger(__name__)

TIMED_OUT = "Job attempt duration exceeded timeout"
LOG_GROUP = "/aws/batch/job"
LOOK_PERIOD = 0.05
"""Seconds between two looks whether the file is there for which a fault waits."""
KILLED = 137
"""Exit code after SIGKILL."""


@dataclass(frozen=True)
class AttemptContext:
    """What all attempts share."""

    loop: asyncio.AbstractEventLoop
    runner: Runner
    logs: LogSink
    faults: FaultPlan
    stop_timeout: float


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended."""

    detail: dict[str, Any]
    """Its entry of the job's ``attempts``."""
    succeeded: bool
    status_reason: str
    """The job's own, which may tell less than the attempt's."""
    final: bool
    """Never to be tried again: it was stopped, or timed out."""


@dataclass(frozen=True)
class _Verdict:
    """What will be said of an attempt, whatever its container does."""

    status_reason: str
    attempt_reason: str | None = None
    exit_code: int | None = None
    exit_code_known: bool = True
    """Whether the container's own exit code is told."""
    reason: str | None = None
    final: bool = False


class Attempt:
    """Runs in the thread of the event loop."""

    def __init__(self, context: AttemptContext, job: Job, done: Callable[[Job, Outcome], None]) -> None:
        """
        Prepare, but don't begin.

        :param done: called once, at the end.
        """
        self._context = context
        self._job = job
        self._done = done
        self._number = job.attempt
        self._task_id = uuid.uuid4().hex
        self._container: dict[str, Any] = {"networkInterfaces": []}
        self._started_at: int | None = None
        self._execution: Execution | None = None
        self._log: LogWriter | None = None
        self._verdict: _Verdict | None = None
        self._timers: list[asyncio.TimerHandle] = []

    def begin(self) -> None:
        """Start the container, unless the fault plan has something in between."""
        self._job.change(status=Status.STARTING, statusReason=None)
        failure = self._fault(FaultKind.START_FAILURE)
        if failure:
            self._failed(StartError(failure.text))
            return
        slow = self._fault(FaultKind.SLOW_START)
        if slow:
            self._later(slow.seconds, self._launch)
        else:
            self._launch()

    def stop(self, reason: str) -> None:
        """End it on a user's behalf."""
        self._end_with(_Verdict(reason, final=True))

    def kill(self) -> None:
        """End it at once, because the cloud goes down."""
        if self._execution is not None:
            self._execution.kill()

    def _fault(self, *kinds: FaultKind) -> Fault | None:
        spec = self._job.spec
        return self._context.faults.for_job(kinds, spec.name, spec.queue, self._number)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._timers.append(self._context.loop.call_later(seconds, action))

    def _launch(self) -> None:
        spec = self._job.spec
        launch = Launch(
            spec=without_mounts(spec) if self._fault(FaultKind.MOUNT_MISSING) else spec,
            task_id=self._task_id,
            environment={
                "AWS_BATCH_JOB_ID": self._job.id,
                "AWS_BATCH_JOB_ATTEMPT": str(self._number),
                "AWS_BATCH_CE_NAME": spec.environment_name,
                "AWS_BATCH_JQ_NAME": spec.queue,
                **self._job.array_environment,
            },
            started=self._started,
            failed=self._failed,
            output=self._output,
            ended=self._ended,
        )
        try:
            self._execution = self._context.runner.start(launch)
        except StartError as exc:
            self._failed(exc)
        except OSError as exc:
            logger.exception("job %s could not be started", self._job.id)
            self._failed(StartError(None, status_reason=f"the local cloud could not start the job: {exc}"))

    def _started(self) -> None:
        spec = self._job.spec
        stream = spec.log_stream(self._task_id)
        self._log = self._context.logs.open(spec.log_options.get("awslogs-group", LOG_GROUP), stream)
        self._started_at = now_ms()
        cluster = f"{self._job.arn.rpartition(':')[0].replace(':batch:', ':ecs:')}"
        self._container.update(
            containerInstanceArn=instance_arn(cluster, spec.cluster),
            taskArn=f"{cluster}:task/{spec.cluster}/{self._task_id}",
            logStreamName=stream,
        )
        self._job.change(
            container={**self._container, "exitCode": None, "reason": None},
            status=Status.RUNNING,
            startedAt=self._started_at,
        )
        early = self._fault(FaultKind.TIMEOUT)
        timeout = early.seconds if early else spec.timeout
        if timeout is not None:
            self._later(timeout, lambda: self._end_with(_Verdict(TIMED_OUT, final=True)))
        strike = self._fault(FaultKind.HOST_LOST, FaultKind.OUT_OF_MEMORY, FaultKind.KILL)
        if strike:
            self._later(strike.seconds, lambda: self._strike(strike))

    def _output(self, chunk: bytes) -> None:
        if self._log is not None:
            self._log.write(chunk)

    def _end_with(self, verdict: _Verdict) -> None:
        if self._verdict is not None:
            return
        self._verdict = verdict
        if self._execution is not None:
            self._execution.stop(self._context.stop_timeout)
        else:
            self._finish(Ended(None), succeeded=False)

    def _strike(self, fault: Fault) -> None:
        if fault.after and not os.path.exists(fault.after):  # noqa: PTH110 - asked again and again
            self._later(LOOK_PERIOD, lambda: self._strike(fault))
            return
        if self._verdict is None:
            self._verdict = _verdict_of(fault)
        self.kill()

    def _failed(self, error: StartError) -> None:
        self._finish(Ended(None, error.reason, error.status_reason), succeeded=False)

    def _ended(self, ended: Ended) -> None:
        if self._verdict is None:
            fault = self._fault(FaultKind.NO_EXIT_CODE, FaultKind.CONFLICTING_EXIT)
            if fault:
                self._verdict = _verdict_of(fault)
        self._finish(ended, succeeded=ended.exit_code == 0)

    def _finish(self, ended: Ended, *, succeeded: bool) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._log is not None:
            self._log.close()
        verdict = self._verdict or _Verdict(ended.status_reason)
        code = ended.exit_code if verdict.exit_code_known else verdict.exit_code
        container = {**self._container, "exitCode": code, "reason": verdict.reason or ended.reason}
        detail = {
            "container": {key: value for key, value in container.items() if value is not None},
            "stoppedAt": now_ms(),
            "statusReason": verdict.attempt_reason or verdict.status_reason,
        }
        if self._started_at is not None:
            detail["startedAt"] = self._started_at
        self._done(
            self._job, Outcome(detail, succeeded and self._verdict is None, verdict.status_reason, verdict.final)
        )


def without_mounts(spec: JobSpec) -> JobSpec:
    """Give the job as it is on a host that has empty folders where file systems should be mounted."""
    hosts = [volume.get("host") or {} for volume in spec.container.get("volumes") or ()]
    paths = sorted(host["sourcePath"] for host in hosts if host.get("sourcePath"))
    text = json.dumps(spec.container)
    for path in paths:
        if not any(path.startswith(f"{other}/") for other in paths):
            text = re.sub(re.escape(path) + r'(?=[/"])', f"{path}.not-mounted", text)
    return replace(spec, container=json.loads(text))


def _verdict_of(fault: Fault) -> _Verdict:
    if fault.kind is FaultKind.HOST_LOST:
        known = ESSENTIAL_EXITED if fault.only_in_attempt else fault.text
        return _Verdict(known, attempt_reason=fault.text, exit_code=fault.exit_code, exit_code_known=False)
    if fault.kind is FaultKind.OUT_OF_MEMORY:
        return _Verdict(ESSENTIAL_EXITED, exit_code=KILLED, exit_code_known=False, reason=fault.text)
    if fault.kind is FaultKind.KILL:
        return _Verdict(ESSENTIAL_EXITED, exit_code=KILLED, exit_code_known=False, reason=fault.reason)
    if fault.kind is FaultKind.NO_EXIT_CODE:
        return _Verdict(fault.reason or ESSENTIAL_EXITED, exit_code_known=False)
    return _Verdict(fault.reason or ESSENTIAL_EXITED, exit_code=fault.exit_code or 1, exit_code_known=False)
